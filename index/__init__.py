"""Where posts are searched and counted: one adapter of :class:`crm.ports.index.PostIndex` per technology."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from crm.errors import InvalidInputError
from crm.ports.index import PostIndex


def open_index(url: str) -> PostIndex:
    """The index behind `url`, chosen by its scheme: ``sqlite:///relative/path`` or ``sqlite:////absolute/path``.

    Raises InvalidInputError for a scheme that no adapter serves, StoreError for a file that can't be used.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite" or parts.netloc or len(parts.path) < 2:
        raise InvalidInputError(f"No index can be opened at {url!r}; write sqlite:/// and the path of a file.")
    from index.sqlite import SQLiteIndex

    return SQLiteIndex(Path(unquote(parts.path[1:])))
