"""Posts that another system hands over as JSON, one or a list at a time. It is asked nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from threading import Event

from collectors.errors import NormaliseError, UnusableDeliveryError
from collectors.json import options as said
from collectors.json.mapping import decoded, items_of
from collectors.json.normalise import to_post
from crm.ports.clock import Clock
from crm.ports.source import Batch, Job, Option, Problem, Rejected
from crm.ports.transport import Transport
from crm.words import Collected, CollectedEvent, Removed

MOST_POSTS = 500
DEFAULT = "cases"


class WebhookSource:
    """See :class:`crm.ports.source.Source` and :class:`crm.ports.source.Receiving`."""

    kind = "webhook"
    platform = ""
    options: tuple[Option, ...] = (said.PLATFORM, said.kept(DEFAULT), said.MAP, said.ITEMS, said.ZONE)

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return said.problems(options)

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:  # noqa: ARG002
        return iter(())

    def read(self, job: Job, body: bytes, now: datetime) -> Batch:
        rules = said.rules_of(job.options, "", DEFAULT)
        try:
            items = items_of(decoded(body), rules.paths)
        except NormaliseError as error:
            raise UnusableDeliveryError(str(error)) from error
        if len(items) > MOST_POSTS:
            raise UnusableDeliveryError(f"It holds {len(items)} posts; hand over at most {MOST_POSTS} at a time.")
        events: list[CollectedEvent] = []
        rejected: list[Rejected] = []
        for number, item in enumerate(items, 1):
            try:
                found = to_post(item, rules, now)
            except NormaliseError as error:
                rejected.append(error.at(f"item {number}"))
                continue
            if found.deleted:
                events.append(Removed(job.source, now, found.post.key, workspace=job.workspace))
            else:
                events.append(Collected(job.source, found.post, now, rules.origin, job.workspace))
        if rejected and not events:
            raise UnusableDeliveryError(f"Nothing in it can be used: {rejected[0].where}: {rejected[0].reason}")
        return Batch(tuple(events), "", tuple(rejected), idle=not events)
