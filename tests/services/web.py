"""A small web server whose answers a test writes down: any status, any bytes, any mischief."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Asked:
    """A request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What to answer. `cut` closes the connection: before the answer, or after its first `cut` bytes."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Web:
    """The running server and what it was asked."""

    url: str
    asked: list[Asked]

    @property
    def host(self) -> str:
        """``127.0.0.1:port``, to be permitted."""
        return self.url.removeprefix("http://")


@contextmanager
def web(handle: Callable[[Asked], Answer]) -> Iterator[Web]:
    """Serve `handle` on a free port of 127.0.0.1."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Asked(self.command, self.path, headers, body)
            asked.append(request)
            self.reply(handle(request))

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815

        def reply(self, answer: Answer) -> None:
            self.close_connection = True
            if answer.cut == 0:
                return
            self.send_response(answer.status)
            # Else a client may ask once more on a connection that is being closed.
            usual = {"Content-Length": str(len(answer.body)), "Connection": "close"}
            for name, value in (usual | dict(answer.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked may have heard enough
                self.wfile.write(answer.body[: answer.cut])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Web(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
