"""Credentials of a server, handed in by who reads the settings."""

from __future__ import annotations

from msgspec import Struct


class Login(Struct, frozen=True):
    """Credentials of a server: an API key, or a name and a password."""

    api_key: str = ""
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Login(…)"
