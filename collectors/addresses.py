"""Addresses that people fill in."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

WEB = ("http", "https")


def host_of(url: str) -> str:
    """The host of an address; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_address(url: str, schemes: Collection[str] = WEB) -> bool:
    """Whether `url` names a host in one of `schemes`."""
    return url.partition("://")[0].lower() in schemes and bool(host_of(url)) and not any(map(str.isspace, url))
