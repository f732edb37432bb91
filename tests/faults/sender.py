"""Another system that hands over posts to a webhook and does not give up, whatever becomes of its messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING

from fastapi import FastAPI

from crm.ports.clock import Clock
from crm.usecases.deliveries import Deliveries, signature_of
from dashboard import webhook
from tests.dashboard.client import Browser
from tests.faults.weather import Weather

if TYPE_CHECKING:
    from shenava.wiring import House

SOURCE, SECRET = "0000000000000000000webhook", "whsec_of-the-soak"
PAUSE = 0.05
"""Seconds between two messages."""
TWICE = 0.2
"""Of the messages that were taken and are sent once more."""
KEPT = 40
"""Messages from which the next one to be repeated is drawn."""


class Sender:
    """Sends what was said in messages of up to three posts, each until it hears that it was taken."""

    def __init__(self, random: Random, clock: Clock, weather: Weather) -> None:
        self._random, self._clock, self._weather = random, clock, weather
        self._said: list[tuple[int, dict[str, str]]] = []
        self._sent: list[tuple[str, bytes]] = []
        self._numbers = 0
        self.heard: dict[str, int] = {}

    def say(self, text: str) -> str:
        """Have something to send; gives the key of its post."""
        self._numbers += 1
        at = self._clock.now().isoformat()
        self._said.append((self._numbers, {"id": f"p{self._numbers}", "content": text, "createdAt": at}))
        return f"shop:p{self._numbers}"

    def run(self, house: House, stop: Event) -> None:
        """Send until `stop` is set."""
        app = FastAPI()
        app.include_router(webhook.router)
        deliveries = Deliveries(house.records, house.log, house.kinds, house.vault, house.clock, lambda: True)
        app.state.services = SimpleNamespace(deliveries=deliveries)
        browser = Browser(app)
        while not stop.wait(PAUSE):
            waiting = self._said[:3]
            if not waiting:
                continue
            delivery = f"d{waiting[0][0]}-{len(waiting)}"
            body = json.dumps([post for _, post in waiting]).encode()
            if self._hand_over(browser, delivery, body):
                del self._said[: len(waiting)]
                self._sent = [*self._sent, (delivery, body)][-KEPT:]
                if self._random.random() < TWICE:
                    self._hand_over(browser, *self._random.choice(self._sent))

    def _hand_over(self, browser: Browser, delivery: str, body: bytes) -> bool:
        """Whether the other side said that it has it, and that was heard."""
        with self._weather.lock:
            fault = self._weather.strikes()
        match fault:
            case "refused":
                return False  # it never left
            case "cut":
                self._hear(browser, delivery, body[: len(body) // 2], body)  # on its way, after it was signed
                return False
            case "truncated":
                half = body[: len(body) // 2]
                self._hear(browser, f"{delivery}-half", half, half)
                return False
        return self._hear(browser, delivery, body, body) == 202 and fault != "silent"

    def _hear(self, browser: Browser, delivery: str, body: bytes, signed: bytes) -> int:
        stamp = str(int(self._clock.now().timestamp()))
        said: Mapping[str, str] = {
            webhook.STAMP: stamp, webhook.SIGNATURE: signature_of(SECRET, stamp, signed), webhook.DELIVERY: delivery,
        }  # fmt: skip
        answer = browser.send("POST", f"{webhook.PREFIX}{SOURCE}", content=body, headers=said)
        what = "repeated" if answer.json().get("repeated") else str(answer.json().get("error", "taken"))
        self.heard[what] = self.heard.get(what, 0) + 1
        return answer.status_code
