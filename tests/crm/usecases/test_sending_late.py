"""A worker that was held up past half of its lease sends nothing: another may soon do so."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from crm.errors import AuthorisationError
from crm.policies.replies import LEASE
from crm.ports.responder import Account, SendOrder, Sent
from crm.records import replies
from crm.records.replies import Reply
from crm.usecases.sending import IN_TIME, PATIENCE, Sender
from crm.usecases.tokens import Tokens
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START, WORKSPACE, Office, actor, said
from tests.doubles.platform import MemoryPlatform
from tests.doubles.renewer import Renewer, keep, secret


def approved(office: Office) -> Reply:
    office.hear(said("p1"))
    one = office.replies.approve_and_send(actor(), case_id(office, "p1"), "reply", "Sorry!", "en")
    office.clock.advance(8)
    return one


def status(office: Office, reply: Reply) -> tuple[str, str | None]:
    with office.records.read() as tx:
        found = replies.get(tx, WORKSPACE, reply.id)
    return found.status, found.error_kind


def worker(office: Office, renewer: Renewer, platform: MemoryPlatform, name: str = "w1") -> Sender:
    tokens = Tokens(office.records, office.vault, office.clock, {"bluesky": renewer})
    return Sender(office.records, {"bluesky": platform}, tokens, office.clock, name, lambda: 0.0)


def test_a_token_that_somebody_else_renews_is_not_waited_for_past_the_lease(office: Office) -> None:
    reply, begun = approved(office), office.clock.now()
    keep(office, secret(0), renewing_until=begun + LEASE)
    worker(office, Renewer(), office.platform).step()
    assert office.clock.now() - begun <= PATIENCE + timedelta(seconds=1)
    assert (status(office, reply), office.platform.published) == (("approved", "BusyTokenError"), [])


def test_nothing_is_sent_after_half_of_the_lease(office: Office) -> None:
    reply, renewer = approved(office), Renewer()
    keep(office, secret(0))
    renewer.wait = lambda: office.clock.advance(IN_TIME.total_seconds())
    worker(office, renewer, office.platform).step()
    assert (status(office, reply), office.platform.published) == (("approved", "LateError"), [])
    renewer.wait = bool
    office.clock.advance(60)
    worker(office, renewer, office.platform, "w2").step()
    assert (status(office, reply)[0], len(office.platform.published)) == ("sent", 1)


class Refusing(MemoryPlatform):
    """Refuses the first token."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.seen: list[Account] = []

    def send(self, order: SendOrder) -> Sent:
        self.seen.append(order.account)
        if json.loads(order.account.secret)["access_token"] == "t0":
            raise AuthorisationError("The platform refuses this token.")
        return super().send(order)


def test_nor_is_it_sent_once_more_after_a_refusal(office: Office) -> None:
    reply, renewer, platform = approved(office), Renewer(), Refusing(START)
    keep(office, secret(0, 7200))
    renewer.wait = lambda: office.clock.advance(IN_TIME.total_seconds())
    worker(office, renewer, platform).step()
    assert (status(office, reply), len(platform.seen)) == (("approved", "LateError"), 1)
