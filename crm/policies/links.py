"""From the address of a post or a person to the keys that they may have here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_BLUESKY = re.compile(r"/profile/(?P<who>[^/]+)(?:/post/(?P<post>[^/]+))?/?")
_MASTODON = re.compile(r"/@(?P<who>[^/@]+)(?:@(?P<host>[^/]+))?(?:/(?P<post>\d+))?/?")


def is_link(text: str) -> bool:
    """Whether `text` is the address of a page."""
    return text.startswith(("https://", "http://"))


def keys_of(link: str, platforms: Iterable[str]) -> list[str]:
    """Keys of the post behind a page's address; on a platform of `platforms` an address may be the id itself."""
    found = [f"{platform}:{link}" for platform in platforms]
    parts = urlsplit(link)
    if (match := _BLUESKY.fullmatch(parts.path)) and match["post"] and match["who"].startswith("did:"):
        found.append(f"bluesky:at://{match['who']}/app.bsky.feed.post/{match['post']}")
    if (match := _MASTODON.fullmatch(parts.path)) and match["post"]:
        found.append(f"mastodon:https://{parts.netloc}/users/{match['who']}/statuses/{match['post']}")
    return found


def person_of(link: str) -> str:
    """The handle or the id of the person whose page, or the page of whose post, this is; empty where it tells none."""
    parts = urlsplit(link)
    if match := _BLUESKY.fullmatch(parts.path):
        return match["who"]
    if match := _MASTODON.fullmatch(parts.path):
        return f"{match['who']}@{match['host'] or parts.netloc}"
    return ""
