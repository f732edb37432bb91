"""A browser without a window: plain calls into the console's ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


class Browser:
    """Keeps cookies; sends the origin that a browser would send. Redirects are not followed."""

    def __init__(self, app: FastAPI, session: str = "", base: str = "http://localhost") -> None:
        self.app, self.base = app, base
        self.cookies = httpx.Cookies({"shenava_session": session} if session else {})

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        options["headers"] = {"Origin": self.base, **options.get("headers", {})}
        return self.send("POST", path, **options)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, options))

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as client:
            answer = await client.request(method, path, **options)
            self.cookies = client.cookies
            return answer

    def call(self, outputs: str, inputs: dict[str, Any], state: dict[str, Any] | None = None) -> httpx.Response:
        """Run the callback with this output string (as in ``/_dash-dependencies``); keys are ``id.prop``."""
        given = [_value(name, value) for name, value in inputs.items()]
        body = {
            "output": outputs,
            "outputs": _outputs(outputs),
            "inputs": given,
            "changedPropIds": list(inputs)[:1],
            "state": [_value(name, value) for name, value in (state or {}).items()],
        }
        return self.post("/_dash-update-component", json=body)


def _value(name: str, value: Any) -> dict[str, Any]:
    component, _, prop = name.rpartition(".")
    return {"id": component, "property": prop, "value": value}


def _outputs(outputs: str) -> Any:
    if not outputs.startswith(".."):
        component, _, prop = outputs.rpartition(".")
        return {"id": component, "property": prop}
    return [_outputs(one) for one in outputs.strip(".").split("...")]
