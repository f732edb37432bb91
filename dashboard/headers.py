"""The headers that every answer carries, and how long static files may be kept."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_YEAR = "public, max-age=31536000, immutable"


def content_policy(script_hashes: Sequence[str]) -> str:
    """The Content-Security-Policy: own files only, and the one inline script that starts Dash.

    Inline styles stay allowed because Mantine and Dash set them on elements.
    """
    scripts = " ".join(["'self'", *script_hashes])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class HeadersMiddleware:
    """Adds the security headers and cache rules to every answer."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self.fixed = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.fixed.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", _cache(scope))
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _cache(scope: Scope) -> str:
    path = scope["path"]
    if path.startswith("/assets/fonts/") or (path.startswith("/assets/") and b"m=" in scope["query_string"]):
        return _YEAR
    return "no-cache" if path.startswith(("/assets/", "/_dash-component-suites/")) else "no-store"
