"""What the server believes about a request: where it came from and for which host it was meant."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from dashboard.context import LANGUAGES, Language
from dashboard.settings import ConsoleSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def host_allowed(host: str, settings: ConsoleSettings) -> bool:
    """Whether the Host header names us: an address, localhost, or the public name.

    Any other name may be a foreign site whose name was pointed at this machine (DNS rebinding).
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    public = urlsplit(settings.public_url).hostname
    return name in {"localhost", public, settings.host} or _is_address(name)


def same_origin(headers: Headers, settings: ConsoleSettings) -> bool:
    """Whether an unsafe request was made by our own pages. Browsers always say; others must name our origin."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    try:
        origin = urlsplit(headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(origin) and origin in {headers.get("host"), urlsplit(settings.public_url).netloc}


def client_address(scope: Scope, headers: Headers, settings: ConsoleSettings) -> str:
    """The address that log-in limits count."""
    if settings.behind_proxy and (forwarded := headers.get("x-forwarded-for")):
        return forwarded.rpartition(",")[2].strip()
    client = scope.get("client")
    return client[0] if client else ""


def is_https(scope: Scope, headers: Headers, settings: ConsoleSettings) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy before us."""
    if settings.behind_proxy and (proto := headers.get("x-forwarded-proto")):
        return proto == "https"
    return scope.get("scheme") == "https" or settings.public_url.startswith("https:")


def preferred_language(cookie: str | None, accept: str) -> Language:
    """The language before log-in: the one chosen, else the first we speak in Accept-Language, else English."""
    wanted = [cookie or "", *(part.partition(";")[0].strip().partition("-")[0] for part in accept.split(","))]
    return next((language for name in wanted for language in LANGUAGES if language == name), "en")


def at_most(size: int, headers: Headers, receive: Receive, where: str) -> Receive:
    """`receive` that raises HTTPException 413 once a body is larger than `size` bytes, or says that it will be.

    `where` ends its sentence.
    """
    said = headers.get("content-length", "")
    left = -1 if said.isdecimal() and int(said) > size else size

    async def limited() -> Message:
        nonlocal left
        if left >= 0:
            message = await receive()
            left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"This is more than the {size // 1_000_000} MB that are taken {where}.")
        return message

    return limited


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
