"""The platforms of the soak: for each its stand-in, our account there, and how somebody says something on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

from collectors.hackernews import HackerNewsSource
from crm.ports.clock import Clock
from crm.ports.responder import Account
from tests.faults.stands import Platform, Serve, seconds
from tests.faults.strangers import bluesky, json, mastodon, profile, shop, youtube
from tests.faults.weather import Weather
from tests.services import reddit, telegram, x
from tests.services.hackernews import HackerNews
from tests.services.meta import NAME, TOKEN, Meta
from tests.services.web import Answer, Asked, Web, web


@contextmanager
def platforms(weather: Weather, clock: Clock) -> Iterator[list[Platform]]:
    """All of them, each on a port of its own, in the same weather."""
    with ExitStack() as stack:
        open_ = [
            _x, _reddit, _instagram, _facebook, _telegram, _bale, _hackernews, _feed, youtube, bluesky, mastodon, json,
            profile,
        ]  # fmt: skip

        def serve(handle: Callable[[Asked], Answer]) -> Web:
            return stack.enter_context(web(weather.over(handle)))

        yield [*(one(serve, clock) for one in open_), shop(weather, clock)]


def _x(serve: Serve, clock: Clock) -> Platform:
    server = x.X(clock.now, page=5, disorder=Random(1))
    running = serve(server.handle)

    def anew() -> None:
        server._used = 0
        server.asked.clear()

    options = {"account": "x", "search": "yes", "mentions": "yes", "every": "1"}
    account = Account("x", "azarbank", running.url, x.TOKEN)
    return Platform("x", options, running, lambda text: server.say(f"@azarbank {text}").key, account, anew=anew)


def _reddit(serve: Serve, clock: Clock) -> Platform:
    server = reddit.RedditStandIn(overlapping=2)
    running = serve(server.handle)
    thread = server.submit("Branches", "Where is one?", created_utc=float(seconds(clock)))

    def say(text: str) -> str:
        made = server.comment(text, thread, created_utc=float(seconds(clock)))
        return f"reddit:{made['data']['name']}"

    def anew() -> None:
        server.remaining = 600.0

    account = Account("reddit", reddit.ME, running.url, reddit.secret())
    return Platform("reddit", {"account": "reddit", "subreddits": "r/iran"}, running, say, account, anew=anew)


def _instagram(serve: Serve, clock: Clock) -> Platform:
    server = Meta(page_size=5)
    running = serve(server.handle)
    server.address = running.url
    media = server.show(seconds(clock), "New branch")
    account = Account("instagram", "azarbank", running.url, TOKEN)
    options = {"account": "instagram", "comments": "yes", "every": "1"}
    return Platform(
        "instagram", options, running, lambda text: f"instagram:{media}_{server.remark(seconds(clock), media, text)}",
        account,
    )  # fmt: skip


def _facebook(serve: Serve, clock: Clock) -> Platform:
    server = Meta(page_size=5)
    running = serve(server.handle)
    server.address = running.url
    post = server.post(seconds(clock), "New branch")
    account = Account("facebook", NAME, running.url, TOKEN)
    options = {"account": "facebook", "feed": "yes", "comments": "yes", "every": "1"}
    return Platform(
        "facebook", options, running, lambda text: f"facebook:{server.comment(seconds(clock), post, text)}", account
    )


def _telegram(serve: Serve, clock: Clock) -> Platform:
    return _bot("telegram", serve, clock)


def _bale(serve: Serve, clock: Clock) -> Platform:
    return _bot("bale", serve, clock)


def _bot(kind: str, serve: Serve, clock: Clock) -> Platform:
    server = telegram.BotApi(bale=kind == "bale")
    running = serve(server.handle)
    server.url = running.url

    def say(text: str) -> str:
        made = server.say(telegram.GROUP, text, date=seconds(clock))
        return f"{kind}:{telegram.GROUP['id']}/{made['message_id']}"

    account = Account(kind, "azarbank_bot", running.url, telegram.TOKEN)
    return Platform(kind, {"account": kind}, running, say, account, anew=server.asked.clear)


def _hackernews(serve: Serve, clock: Clock) -> Platform:
    server = HackerNews(doubled=True)
    running = serve(server.handle)
    source = HackerNewsSource(Random(1), f"{running.url}/api/v1/search_by_date", f"{running.url}/v0/item")
    return Platform(
        "hackernews", {"every": "1"}, running, lambda text: f"hackernews:{server.say(seconds(clock), text)}",
        source=source,
    )  # fmt: skip


def _feed(serve: Serve, clock: Clock) -> Platform:
    items: list[str] = []

    def handle(_asked: Asked) -> Answer:
        head = '<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://news.example/</link>'
        body = f"{head}{''.join(reversed(items))}</channel></rss>"
        return Answer(200, body.encode(), {"Content-Type": "application/rss+xml"})

    def say(text: str) -> str:
        address = f"https://news.example/{len(items)}"
        at = format_datetime(datetime.fromtimestamp(seconds(clock), UTC))
        items.append(
            f"<item><title>{text}</title><link>{address}</link><guid>{address}</guid><pubDate>{at}</pubDate></item>"
        )
        return f"rss:{address}"

    running = serve(handle)
    return Platform("feed", {"url": f"{running.url}/feed", "every": "1"}, running, say)
