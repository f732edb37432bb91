"""httpx behind the guard: checked addresses, an end to every wait, and answers of bounded size."""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from crm.ports.clock import Clock
from crm.ports.transport import BrokenConnectionError, Limits, UnreachableError, UnreadableAnswerError
from shenava.transport.addresses import Guard

CHUNK = 65_536
PACKED = {"gzip", "x-gzip", "deflate"}
NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout, httpcore.UnsupportedProtocol)
BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


@contextmanager
def network_errors(target: str) -> Iterator[None]:
    """Turn httpcore's errors into those of the port, by whether something may have been sent."""
    try:
        yield
    except NOT_SENT as error:
        raise UnreachableError(target, str(error) or type(error).__name__) from error
    except httpcore.LocalProtocolError as error:
        # its words, and its cause's, hold what we wanted to send: a header may be a secret
        raise BrokenConnectionError(target, type(error).__name__) from None
    except BROKEN as error:
        raise BrokenConnectionError(target, str(error) or type(error).__name__) from error


class Deadline:
    """The time that is left of `total` seconds."""

    def __init__(self, clock: Clock, total: float | None) -> None:
        self._clock = clock
        self._end = None if total is None else clock.monotonic() + total

    def shorten(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
        """`timeout`, or what is left if that is less; raises `late` when nothing is left."""
        if self._end is None:
            return timeout
        left = self._end - self._clock.monotonic()
        if left <= 0:
            raise late("it took longer than allowed in all")
        return left if timeout is None else min(timeout, left)


class Stream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline, so that an answer in drops can't hold us."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.shorten(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.shorten(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.shorten(timeout, httpcore.ConnectTimeout)
        return Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Backend(httpcore.NetworkBackend):
    """Connects to the addresses that the guard has checked, never to a name."""

    def __init__(self, guard: Guard, clock: Clock, limits: Limits) -> None:
        self._guard, self._clock, self._limits = guard, clock, limits
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        deadline = Deadline(self._clock, self._limits.total)
        *others, last = self._guard.addresses(host, port)
        for address in others:
            try:
                return self._connect(address, port, timeout, deadline, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port, timeout, deadline, socket_options)

    def _connect(
        self,
        address: str,
        port: int,
        timeout: float | None,
        deadline: Deadline,
        options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> Stream:
        left = deadline.shorten(timeout, httpcore.ConnectTimeout)
        return Stream(self._plain.connect_tcp(address, port, left, socket_options=options), deadline)


class GuardedHTTP(httpx.BaseTransport):
    """One request a connection: a kept one could die just as we write, and hide whether we were heard."""

    def __init__(self, guard: Guard, clock: Clock, limits: Limits, context: Callable[[], ssl.SSLContext]) -> None:
        self._guard, self._limits = guard, limits
        self._pool = httpcore.ConnectionPool(
            ssl_context=context(), max_keepalive_connections=0, network_backend=Backend(guard, clock, limits)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = f"{request.url.scheme}://{request.url.netloc.decode()}"
        if request.url.scheme not in ("http", "https"):
            self._guard.check(str(request.url))
        with network_errors(target):
            answer = self._pool.handle_request(_to_core(request))
        headers = httpx.Headers(answer.headers)
        encoding = headers.get("content-encoding", "identity").strip().lower()
        body = Body(answer, target, encoding, self._limits.size)
        if encoding in PACKED:
            del headers["content-encoding"]
            headers.pop("content-length", None)
        return httpx.Response(answer.status, headers=headers, stream=body, extensions=answer.extensions)

    def close(self) -> None:
        self._pool.close()


def _to_core(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
    )
    return httpcore.Request(
        request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
    )


class Body(httpx.SyncByteStream):
    """An answer as it is read: unpacked piece by piece, so that its size is known before it fills the memory."""

    def __init__(self, answer: httpcore.Response, target: str, encoding: str, size: int | None) -> None:
        self._answer, self._target, self._encoding, self._size = answer, target, encoding, size

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for chunk in self._unpacked():
            read += len(chunk)
            if self._size is not None and read > self._size:
                raise UnreadableAnswerError(self._target, f"it is larger than {self._size:,} bytes")
            yield chunk

    def _unpacked(self) -> Iterator[bytes]:
        with network_errors(self._target):
            if self._encoding in ("identity", ""):
                yield from self._answer.iter_stream()
            elif self._encoding in PACKED:
                yield from self._inflated()
            else:
                raise UnreadableAnswerError(self._target, f"it is packed with {self._encoding[:40]!r}")

    def _inflated(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        try:
            for part in self._answer.iter_stream():
                while part:
                    yield inflate.decompress(part, CHUNK)
                    part = inflate.unconsumed_tail
            yield inflate.flush()
        except zlib.error as error:
            raise UnreadableAnswerError(self._target, f"it can't be unpacked ({error})") from error

    def close(self) -> None:
        self._answer.close()
