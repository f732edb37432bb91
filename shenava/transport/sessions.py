"""requests on top of the guarded httpx client, for libraries that know nothing else."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from crm.ports.transport import Limits


def guarded_session(client: httpx.Client, limits: Limits) -> requests.Session:
    """A session whose every request goes through `client`, which is closed with it."""
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = client.headers["User-Agent"]
    session.max_redirects = client.max_redirects
    session.mount("http://", ClientAdapter(client, limits))
    session.mount("https://", ClientAdapter(client, limits))
    return session


class ClientAdapter(HTTPAdapter):  # type: ignore[misc]
    """Sends what requests has prepared through an httpx client."""

    def __init__(self, client: httpx.Client, limits: Limits) -> None:
        super().__init__()
        self._client, self._limits = client, limits

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002
        timeout: float | tuple[float | None, float | None] | None = None,
        **_: object,
    ) -> requests.Response:
        """See :meth:`requests.adapters.HTTPAdapter.send`; proxies and certificates are the client's."""
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        asked = self._client.build_request(
            request.method or "GET",
            request.url or "",
            headers=_headers(request.headers),
            content=request.body,
            timeout=httpx.Timeout(read or self._limits.read, connect=connect or self._limits.connect),
        )
        answer = self._client.send(asked, stream=True, follow_redirects=False)
        raw = HTTPResponse(
            body=Reader(answer),
            headers=HTTPHeaderDict(answer.headers.multi_items()),
            status=answer.status_code,
            reason=answer.reason_phrase,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, raw)

    def close(self) -> None:
        super().close()
        self._client.close()


def _headers(given: Mapping[str, Any]) -> dict[str, str]:
    """The request's own headers, without the packings that only requests could undo."""
    texts = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in given.items()}
    return texts | {"Accept-Encoding": "gzip"}


class Reader(io.RawIOBase):
    """The body of an answer as a file; a read returns what is there, so that streams don't stall."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self._chunks: Iterator[bytes] = answer.iter_raw()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    def close(self) -> None:
        self._answer.close()
        super().close()
