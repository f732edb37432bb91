"""The engines that a benchmark runs on: those that the settings name, in topics and indices of its own."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from crm.errors import InvalidInputError
from shenava.settings import Settings
from shenava.wiring import House


def house_on(folder: Path, *, stream: bool, index: bool) -> House:
    """An installation in `folder` with the named engines for stream and index, records in a file.

    Raises InvalidInputError where the settings name none.
    """
    named = Settings.load(data=folder)
    urls = {"stream_url": "", "index_url": "", "records_url": f"sqlite:///{folder / 'records.sqlite'}"}
    for name, wanted in (("stream_url", stream), ("index_url", index)):
        given = str(getattr(named, name))
        if wanted and not given:
            raise InvalidInputError(f"This benchmark needs an engine; name it in SHENAVA_{name.upper()}.")
        store = name.removesuffix("_url")
        urls[name] = _apart(given) if wanted else f"sqlite:///{folder / f'{store}.sqlite'}"
    return House(Settings.load(data=folder, **urls))


def _apart(url: str) -> str:
    """The same server with a prefix nobody else uses."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/') or '/shenava'}-bench-{secrets.token_hex(4)}"))
