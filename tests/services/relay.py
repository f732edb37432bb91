"""A relay in front of a server, which loses or replaces what a test names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

import httpx

from tests.services.web import Answer, Asked, Web, web

LOST = Answer(cut=0)
HOLD_SECONDS = 120.0


@dataclass
class Held:
    """An answer that is kept back: `reached` is set once the server carried the call out, `let_go` ends the wait."""

    reached: Event = field(default_factory=Event)
    let_go: Event = field(default_factory=Event)


@dataclass
class Relay:
    """Passes requests on; `asked` on `web` says which came in."""

    target: str
    client: httpx.Client
    web: Web = field(init=False)
    _replaced: dict[str, list[Answer]] = field(default_factory=dict)
    _lost: set[str] = field(default_factory=set)
    _held: dict[str, Held] = field(default_factory=dict)

    def instead(self, path: str, *answers: Answer) -> None:
        """The next calls of `path` get these answers and are not passed on."""
        self._replaced[path] = list(answers)

    def lose_answer(self, path: str) -> None:
        """Calls of `path` are passed on and carried out, but their answer never arrives."""
        self._lost.add(path)

    def hold_answer(self, path: str) -> Held:
        """The next call of `path` is passed on and carried out; its answer is kept back and then lost."""
        self._held[path] = Held()
        return self._held[path]

    def mend(self) -> None:
        """Pass everything on again."""
        self._replaced.clear()
        self._lost.clear()

    def calls(self, path: str) -> int:
        """How often `path` was called."""
        return sum(_path(asked) == path for asked in self.web.asked)

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        if waiting := self._replaced.get(_path(asked)):
            return waiting.pop(0)
        kept = {name: value for name, value in asked.headers.items() if name not in ("host", "accept-encoding")}
        answer = self.client.request(
            asked.method,
            self.target + asked.path,
            content=asked.body,
            headers=kept | {"accept-encoding": "identity"},
        )
        if held := self._held.pop(_path(asked), None):
            held.reached.set()
            held.let_go.wait(HOLD_SECONDS)
            return LOST
        if _path(asked) in self._lost:
            return LOST
        return Answer(
            answer.status_code, answer.content, {"Content-Type": answer.headers.get("content-type", "text/plain")}
        )


def _path(asked: Asked) -> str:
    return asked.path.partition("?")[0]


@contextmanager
def relay_to(target: str) -> Iterator[Relay]:
    """A relay on a free port of 127.0.0.1."""
    with httpx.Client(timeout=30.0, trust_env=False) as client:
        relay = Relay(target, client)
        with web(relay.handle) as relay.web:
            yield relay
