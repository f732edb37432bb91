"""What the console must be told about where it runs."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct


class ConsoleSettings(Struct, frozen=True):
    """`public_url` is the address that people type, when it is not ``http://host:port``.

    `behind_proxy` trusts the last ``X-Forwarded-For`` and ``X-Forwarded-Proto``. `setup_token` is asked
    for on the first visit when set. `uploads` is the folder for files given on the first visit.
    """

    host: str = "127.0.0.1"
    port: int = 8050
    public_url: str = ""
    behind_proxy: bool = False
    setup_token: str | None = None
    uploads: Path | None = None
