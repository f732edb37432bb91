"""A Jetstream of our own, to which a test says what happens on the network."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

COLLECTION = "app.bsky.feed.post"


@dataclass
class Jetstream:
    """Everybody who listens hears every message from their cursor on."""

    url: str = ""
    messages: list[dict[str, Any]] = field(default_factory=list)
    listeners: int = 0
    _news: Condition = field(default_factory=Condition)

    @property
    def host(self) -> str:
        """``127.0.0.1:port``, to be permitted."""
        return urlsplit(self.url).netloc

    def say(self, uri: str, cid: str, record: dict[str, Any]) -> None:
        """A post was published on the network: its uri, its cid and its record."""
        did, _, rkey = uri.removeprefix("at://").split("/")
        commit = {"operation": "create", "collection": COLLECTION, "rkey": rkey, "cid": cid, "record": record}
        with self._news:
            self.messages.append({"did": did, "time_us": time.time_ns() // 1000, "kind": "commit", "commit": commit})
            self._news.notify_all()

    def serve_one(self, connection: ServerConnection) -> None:
        """Tell one listener everything, until they or we leave."""
        assert connection.request
        asked = parse_qs(urlsplit(connection.request.path).query)
        since, at = int(asked.get("cursor", ["0"])[0]), 0
        self.listeners += 1
        try:
            while True:
                with self._news:
                    self._news.wait_for(lambda at=at: len(self.messages) > at, 0.2)
                    fresh, at = self.messages[at:], len(self.messages)
                for message in fresh:
                    if message["time_us"] >= since:
                        connection.send(json.dumps(message))
                connection.ping()
        except ConnectionClosed:
            self.listeners -= 1


@contextmanager
def jetstream() -> Iterator[Jetstream]:
    """The stand-in on a free port of 127.0.0.1."""
    stand = Jetstream()
    with serve(stand.serve_one, "127.0.0.1", 0) as server:
        stand.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield stand
        server.shutdown()
        thread.join()
