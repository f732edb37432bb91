"""What goes wrong between a platform and us, and a clock that lets a soak see hours in minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event, RLock
from time import monotonic

from tests.services.web import Answer, Asked

REFUSALS = (
    Answer(500, b"Internal Server Error"), Answer(502, b"<html>Bad Gateway</html>"), Answer(503, b""),
    Answer(429, b"{}", {"Retry-After": "2"}),
)  # fmt: skip


class HastyClock:
    """A clock that runs `speed` times as fast as the machine's."""

    def __init__(self, began: datetime, speed: float) -> None:
        self._began, self._speed, self._from = began.astimezone(UTC), speed, monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (monotonic() - self._from) * self._speed

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        return (until or Event()).wait(max(0.0, seconds) / self._speed)


@dataclass
class Weather:
    """Faults between a stand-in and whoever asks it, for a `share` (0 to 1) of all requests.

    Requests are answered one at a time, so that a stand-in may change under its `lock` meanwhile. `struck` counts
    the faults by their name.
    """

    random: Random
    share: float = 0.0
    lock: RLock = field(default_factory=RLock)
    struck: dict[str, int] = field(default_factory=dict)

    def over(self, handle: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        """`handle` with the faults in it: refused before it was asked, or spoilt on the way back."""

        def answer(asked: Asked) -> Answer:
            with self.lock:
                fault = self.strikes()
                if fault == "refused":
                    return self.random.choice(REFUSALS)
                return _spoilt(handle(asked), fault)

        return answer

    def strikes(self) -> str:
        """The name of the next fault, or nothing."""
        if self.random.random() >= self.share:
            return ""
        fault = self.random.choice(["refused", "silent", "cut", "truncated"])
        self.struck[fault] = self.struck.get(fault, 0) + 1
        return fault


def _spoilt(answer: Answer, fault: str) -> Answer:
    half = len(answer.body) // 2
    match fault:
        case "silent":
            return Answer(answer.status, answer.body, answer.headers, cut=0)
        case "cut":
            return Answer(answer.status, answer.body, answer.headers, cut=half)
        case "truncated":
            return Answer(answer.status, answer.body[:half], answer.headers)
    return answer
