"""Where the tests of the X collector play: the stand-in, accounts of ours and monitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Event
from typing import TYPE_CHECKING

import msgspec

from collectors.x import XSource
from crm.ports.responder import Account
from crm.ports.source import Job, Search
from crm.ports.transport import PAGE, Limits, Transport
from crm.query import parse
from tests.conformance.doubles import ManualClock
from tests.conformance.source import Heard, Stage, nobody
from tests.services.web import Web
from tests.services.x import KEYS, TOKEN, X, x_stand_in
from tests.services.x_openapi import Description

if TYPE_CHECKING:
    import httpx
    import requests

NOTHING_ELSE = {"search": "", "mentions": "", "replies": "", "own": "", "messages": ""}


class Pauses(ManualClock):
    """A clock that stops a run at one of its pauses between looks, instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._left, self._stop = 0, Event()

    def begin(self, number: int, stop: Event) -> None:
        """Stop at the `number`-th pause."""
        self._left, self._stop = number, stop

    def sleep(self, seconds: float, until: Event | None = None) -> bool:
        self._left -= 1
        if self._left == 0:
            self._stop.set()
        return super().sleep(seconds, until)


@dataclass
class Patient:
    """A transport that waits as long as the stage says."""

    inner: Transport
    patience: Limits

    def session(self, limits: Limits = PAGE) -> requests.Session:
        """See :class:`crm.ports.transport.Transport`."""
        return self.inner.session(self.patience if limits == PAGE else limits)

    def http(self, limits: Limits = PAGE) -> httpx.Client:
        """See :class:`crm.ports.transport.Transport`."""
        return self.inner.http(self.patience if limits == PAGE else limits)


@dataclass
class XStage(Stage):
    """A stage with accounts and monitors."""

    accounts: dict[str, Account] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    allowance: Callable[[str], int] = lambda _: 10_000
    clock: Pauses = field(default_factory=Pauses)
    patience: Limits = PAGE

    def transport(self) -> Transport:
        return Patient(super().transport(), self.patience)  # type: ignore[return-value]

    def job(self, cursor: str = "", **options: str) -> Job:
        job = super().job(cursor, **options)
        searches = tuple(Search(one, parse(text, now=self.clock.now())) for one, text in self.queries.items())
        account = self.accounts[job.options["account"]]
        return msgspec.structs.replace(job, account=account, searches=searches, allowance=self.allowance)

    def looks(self, number: int | str = 1, cursor: str = "", **options: str) -> Heard:
        """Everything of so many looks."""
        heard, stop = Heard(), Event()
        self.clock.begin(int(number), stop)
        with self.running(self.job(cursor, **options), stop) as batches:
            heard.batches.extend(batches)
        return heard


@contextmanager
def x_stage(description: Description) -> Iterator[tuple[XStage, X]]:
    """A stage with five posts for us, whose stand-in gives out three a page; every request must be as described."""
    away = nobody()
    bad = {
        "account": {"account": " "}, "search": NOTHING_ELSE, "since": {"since": "soon"}, "every": {"every": "0"},
        "days_again": {"days_again": "many"},
    }  # fmt: skip
    stage = XStage(XSource(Random(1)), {"account": "ours", "search": "yes", "mentions": "yes"}, [], bad)
    with x_stand_in(stage.clock.now, description) as (x, running):
        x.page = 3
        said = [x.say(f"@azarbank card {n}", ago=timedelta(hours=1) / n) for n in range(1, 6)]
        stage.expected = [said[n].key for n in (2, 3, 4, 0, 1)]
        stage.accounts = _accounts(running, away)
        stage.queries = {"cards": "card", "apps": "app OR بانک"}
        stage.hosts, stage.unreachable = (running.host, away), {"account": "away"}
        yield stage, x
        assert x.wrong == [], "\n".join(x.wrong)


def _accounts(running: Web, away: str) -> dict[str, Account]:
    ours = Account("x", "azarbank", running.url, TOKEN)
    return {
        "ours": ours,
        "away": msgspec.structs.replace(ours, base_url=f"http://{away}"),
        "keys": msgspec.structs.replace(ours, secret=KEYS),
        "empty": msgspec.structs.replace(ours, secret=" "),
        "odd": msgspec.structs.replace(ours, secret="two words"),
        "old": msgspec.structs.replace(ours, secret="expired"),
    }


def only(kind: str, **options: str) -> dict[str, str]:
    return NOTHING_ELSE | {kind: "yes"} | options
