"""A server that pretends to be Elasticsearch and says what it is told to say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from index.elasticsearch import parse_address
from index.elasticsearch.address import Address

Answer = tuple[int, object, dict[str, str]]
NOTHING_YET: Answer = (404, {"error": {"type": "resource_not_found_exception"}, "status": 404}, {})
FINE: Answer = (200, {}, {})
PREPARED = [NOTHING_YET, FINE, (200, [], {}), FINE]
"""What is asked before the first write: the template, twice; the months; a refresh."""


class Asked(NamedTuple):
    """A request, without its options."""

    what: str
    body: str


class Pretender:
    """Answers requests one after the other from a list, and remembers what was asked.

    `meanwhile` is called with the path before each answer.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.meanwhile: Callable[[str], None] = lambda _: None

    def respond(self, method: str, path: str, body: str) -> Answer:
        self.asked.append(Asked(f"{method} {path}", body))
        self.meanwhile(path)
        return self.answers.pop(0)

    @property
    def requests(self) -> list[str]:
        """Methods and paths of what was asked."""
        return [one.what for one in self.asked]


@contextmanager
def pretending(pretender: Pretender) -> Iterator[Address]:
    """Where it listens."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            status, said, headers = pretender.respond(self.command, self.path.partition("?")[0], body)
            raw = json.dumps(said).encode()
            self.send_response(status)
            known = {"content-type": "application/json", "x-elastic-product": "Elasticsearch", **headers}
            for name, value in {**known, "content-length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield parse_address(f"elasticsearch+http://someone:hunter2@127.0.0.1:{server.server_port}/shop")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
