"""A platform that sells posts, and says beforehand how many a query brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event

from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Batch, Job, Option, Problem
from crm.ports.transport import Transport
from crm.query.tree import Node
from crm.query.walk import render


class Market:
    """Foretells a hundred posts for each letter and mark of a query, to the account `nanmah` with its secret."""

    kind = platform = "market"
    options = (Option("account", "account", required=True),)

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return []

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        yield Batch((), job.cursor)

    def forecast(self, query: Node, options: Mapping[str, str], account: Account, transport: Transport) -> int | None:
        if options.get("closed"):
            return None
        assert (account.handle, account.secret) == ("nanmah", "hush")
        return 100 * len(render(query))
