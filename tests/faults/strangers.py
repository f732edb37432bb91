"""More platforms of the soak: videos, the servers of the Fediverse and of Bluesky, and systems that speak JSON."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from threading import Event
from typing import Any, cast

from collectors.instaloader import InstagramPublicSource
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Batch, Job
from crm.ports.transport import Transport
from tests.faults.sender import SECRET, SOURCE, Sender
from tests.faults.stands import Platform, Serve, seconds
from tests.faults.weather import Weather
from tests.services import mastodon_account
from tests.services.bluesky_view import PASSWORD, Sky
from tests.services.instagram_public import Detoured, Instagram, a_post
from tests.services.jsonapi import JsonServer
from tests.services.mastodon import TOKEN as MASTODON_TOKEN
from tests.services.web import Web
from tests.services.youtube import HANDLE, TOKEN, YouTube

NAME, STRANGER = "shop", "UC" + "v" * 22
_TOOT: dict[str, Any] = {
    "account": {"display_name": "Made Up", "url": "https://far.example/@x", "note": ""}, "reblog": None,
    "language": "fa", "sensitive": False, "spoiler_text": "",
}  # fmt: skip


def youtube(serve: Serve, clock: Clock) -> Platform:
    """By turns a video that a search finds, a comment below it, and one below a video of ours."""
    server = YouTube(page_size=5)
    running = serve(server.handle)
    server.address = running.url
    ours = server.show(seconds(clock), "New branch")

    def say(text: str) -> str:
        videos, turn = list(server.videos), (len(server.videos) + len(server.comments)) % 3
        if turn == 1:
            return f"youtube:{server.show(seconds(clock), 'A card', text, STRANGER)}"
        return f"youtube:{server.remark(seconds(clock), ours if turn else videos[-1], text)}"

    def anew() -> None:
        server.used = 0

    account = Account("youtube", HANDLE, running.url, TOKEN)
    # Hours of YouTube's day pass here in minutes: a day's searches must not run out in them, whenever the day began.
    options = {
        "account": "youtube", "comments": "yes", "search": "yes", "every": "1", "found_comments": "500",
        "searches": "1000",
    }  # fmt: skip
    return Platform("youtube", options, running, say, account, anew=anew)


def bluesky(serve: Serve, clock: Clock) -> Platform:
    """Every second post is said to us, the others are found by a search."""
    server = Sky(clock.now, page=5, disorder=Random(1))
    running = serve(server.handle)
    server.url = running.url

    def say(text: str) -> str:
        return server.say(f"@{server.us.handle} {text}" if len(server.posts) % 2 else text).key

    account = Account("bluesky", server.us.handle, running.url, PASSWORD)
    options = {"account": "bluesky", "search": "yes", "mentions": "yes", "every": "1"}
    return Platform("bluesky", options, running, say, account, anew=server.asked.clear)


def mastodon(serve: Serve, clock: Clock) -> Platform:
    """Every second post is said to our account, the others are found by a search."""
    server = mastodon_account.Server(_TOOT, clock.now, page=5, disorder=Random(1))
    running = serve(server.handle)

    def say(text: str) -> str:
        return server.say(f"@{mastodon_account.US} {text}" if len(server.toots) % 2 else text).key

    account = Account("mastodon", mastodon_account.US, running.url, MASTODON_TOKEN)
    options = {"account": "mastodon_account", "search": "yes", "mentions": "yes", "every": "1"}
    return Platform("mastodon_account", options, running, say, account, anew=server.asked.clear)


def json(serve: Serve, clock: Clock) -> Platform:
    """A forum that answers in JSON, three posts a page."""
    server = JsonServer()
    running = serve(server.handle)
    server.url = running.url

    def say(text: str) -> str:
        number = len(server.posts) + 1
        post = {"id": number, "content": text, "createdAt": clock.now().isoformat(), "permalink": f"/t/{number}"}
        server.posts.insert(0, post)
        return f"forum:{number}"

    options = {"url": f"{running.url}/posts", "platform": "forum", "every": "1"}
    return Platform("json", options, running, say, anew=server.asked.clear)


class _Detouring(InstagramPublicSource):
    """Looks at a stand-in where it would look at Instagram."""

    def __init__(self, random: Random, url: str) -> None:
        super().__init__(random)
        self._url = url

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        return super().collect(job, cast(Transport, Detoured(transport, self._url)), clock, stop)


def profile(serve: Serve, clock: Clock) -> Platform:
    """A public profile on Instagram."""
    server = Instagram({NAME: []})
    running = serve(server.handle)
    posts = server.profiles[NAME]

    def say(text: str) -> str:
        post = a_post(len(posts) + 1, NAME, taken_at=seconds(clock), caption={"text": text})
        posts.insert(0, post)
        return f"instagram:{post['pk']}"

    source = _Detouring(Random(1), running.url)
    options = {"unofficial": "yes", "profiles": NAME, "every": "5"}
    return Platform("instagram_public", options, running, say, source=source, anew=server.asked.clear)


def shop(weather: Weather, clock: Clock) -> Platform:
    """A system that hands over its posts signed."""
    sender = Sender(Random(1), clock, weather)
    options = {"platform": "shop", "kept": "cases"}
    nowhere = Web("", [])
    return Platform("webhook", options, nowhere, sender.say, work=sender.run, id=SOURCE, secret=SECRET)
