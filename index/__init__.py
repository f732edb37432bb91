"""Where posts are searched and counted: one adapter of :class:`crm.ports.index.PostIndex` per technology."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from crm.errors import InvalidInputError
from crm.ports.index import PostIndex, Upkeep
from index.login import Login

__all__ = ["Index", "Login", "open_index"]


class Index(PostIndex, Upkeep, Protocol):
    """What every adapter is."""


def open_index(url: str, login: Login | None = None) -> Index:
    """The index behind `url`, chosen by its scheme.

    ``sqlite:///relative/path`` or ``sqlite:////absolute/path`` is a file, and
    ``elasticsearch+http(s)://node:9200[,node:9200]/name`` the indices of that name on a cluster, with the options of
    :func:`index.elasticsearch.address.parse_address`; `login` are the credentials for it. No server is asked yet.

    Raises InvalidInputError for an URL that no adapter serves, StoreError for a file that can't be used.
    """
    parts = urlsplit(url)
    if parts.scheme in ("elasticsearch+http", "elasticsearch+https"):
        from index.elasticsearch import ElasticsearchIndex, connect, parse_address

        address = parse_address(url, login)
        return ElasticsearchIndex(connect(address), address)
    if parts.scheme != "sqlite" or parts.netloc or len(parts.path) < 2:
        raise InvalidInputError(
            f"No index can be opened at {_shown(url)!r}; write sqlite:/// and the path of a file,"
            " or elasticsearch+http://host:9200/ and a name."
        )
    from index.sqlite import SQLiteIndex

    return SQLiteIndex(Path(unquote(parts.path[1:])))


def _shown(url: str) -> str:
    before, at, rest = url.rpartition("@")
    return f"{before.partition('://')[0]}://…@{rest}" if at else url
