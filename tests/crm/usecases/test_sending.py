"""Every approved reply is published once, whatever dies in between, and doubt ends with a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError, StoreError
from crm.policies.replies import LEASE, MAX_ATTEMPTS, REMEMBERED, ReplyStateError
from crm.ports.responder import CantLookError, SendOrder, Sent, UnknownOutcomeError
from crm.records import outbox, replies, sources
from crm.records.replies import Reply
from crm.usecases.sending import Sender
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START, WORKSPACE, Office, actor, said
from tests.doubles.platform import Killed, MemoryPlatform

LENA = actor()


def worker(office: Office, name: str = "w1") -> Sender:
    return Sender(office.records, {"bluesky": office.platform}, office.tokens, office.clock, name, lambda: 0.0)


@pytest.fixture
def reply(office: Office) -> Reply:
    """One that is approved and due."""
    office.hear(said("p1"))
    approved = office.replies.approve_and_send(LENA, case_id(office, "p1"), "reply", "Sorry!", "en")
    office.clock.advance(8)
    return approved


def now_is(office: Office, reply: Reply) -> Reply:
    with office.records.read() as tx:
        return replies.get(tx, WORKSPACE, reply.id)


def lost() -> UnknownOutcomeError:
    return UnknownOutcomeError("bluesky", "the answer was lost")


def test_it_is_sent_with_the_accounts_secret_and_shown_in_the_thread(office: Office, reply: Reply) -> None:
    assert worker(office).step() == 1
    (order,) = office.platform.published
    assert (order.key, order.text, order.answer_to) == (reply.id, "Sorry!", "bluesky:p1")
    assert (order.account.secret, order.answer_to_url) == ("hush", "https://social.example/p1")
    sent = now_is(office, reply)
    assert (sent.status, sent.native_id, sent.sent_at) == ("sent", f"post-{reply.id}", office.platform.now)
    view = office.inbox.case(LENA, reply.case_id)
    assert (view.case.status, view.case.due_at, view.case.first_answer_at) == ("waiting", None, office.platform.now)
    (ours,) = [item for item in view.items if item.post and item.post.own]
    assert ours.writer
    assert ours.approver
    assert (ours.writer.name, ours.approver.name) == ("Lena", "Lena")
    assert [item for item in view.items if item.kind == "reply"] == []
    assert worker(office).step() == 0


def test_nothing_leaves_before_its_time(office: Office) -> None:
    office.hear(said("p1"))
    office.replies.approve_and_send(LENA, case_id(office, "p1"), "reply", "Sorry!")
    office.clock.advance(7)
    assert worker(office).step() == 0
    office.clock.advance(1)
    assert worker(office).step() == 1


def test_a_worker_killed_between_sending_and_marking_sends_once(office: Office, reply: Reply) -> None:
    office.platform.after = [Killed()]
    with pytest.raises(Killed):
        worker(office).step()
    assert now_is(office, reply).status == "sending"
    assert worker(office, "w2").step() == 0
    office.clock.advance(LEASE.total_seconds())
    assert worker(office, "w2").step() == 1
    assert len(office.platform.published) == 1
    assert office.platform.looked == 1
    assert now_is(office, reply).status == "sent"


def test_a_worker_killed_before_sending_sends_once(office: Office, reply: Reply) -> None:
    office.platform.before = [Killed()]
    with pytest.raises(Killed):
        worker(office).step()
    office.clock.advance(LEASE.total_seconds())
    worker(office, "w2").step()
    assert len(office.platform.published) == 1
    assert now_is(office, reply).status == "sent"


def test_two_workers_on_one_outbox_send_each_reply_once(office: Office) -> None:
    for number in range(8):
        office.hear(said(f"p{number}", who=f"did:{number}"))
        office.replies.approve_and_send(LENA, case_id(office, f"p{number}"), "reply", f"Answer {number}")
    office.clock.advance(8)
    office.platform.remembers = False
    start, handled = Barrier(2), []

    def run(name: str) -> None:
        sender = worker(office, name)
        start.wait()
        handled.append(sender.step())

    threads = [Thread(target=run, args=(name,)) for name in ("w1", "w2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(handled) == 8
    assert sorted(order.text for order in office.platform.published) == [f"Answer {number}" for number in range(8)]


def test_a_lost_answer_is_looked_up_and_not_sent_again(office: Office, reply: Reply) -> None:
    office.platform.after = [lost()]
    office.platform.remembers = False
    worker(office).step()
    assert now_is(office, reply).status == "sending"
    with pytest.raises(ReplyStateError):
        office.replies.cancel(LENA, reply.id)
    office.clock.advance(30)
    worker(office).step()
    assert (len(office.platform.published), now_is(office, reply).status) == (1, "sent")


def test_what_certainly_did_not_arrive_is_repeated_with_the_same_key(office: Office, reply: Reply) -> None:
    office.platform.before = [lost()]
    worker(office).step()
    office.clock.advance(30)
    worker(office).step()
    assert [order.key for order in office.platform.published] == [reply.id]


def test_after_the_platform_may_have_forgotten_the_key_a_person_decides(office: Office, reply: Reply) -> None:
    office.platform.before = [lost()]
    worker(office).step()
    office.clock.advance(REMEMBERED.total_seconds())
    worker(office).step()
    assert now_is(office, reply).status == "unknown"
    assert office.platform.published == []
    assert [one.reply.id for one in office.replies.pending(LENA)] == [reply.id]
    office.clock.advance(10 * LEASE.total_seconds())
    assert worker(office).step() == 0

    failed = office.replies.decide_unknown(LENA, reply.id, was_sent=False)
    assert failed.status == "failed"
    assert office.replies.approve(LENA, reply.id, failed.version).status == "approved"
    office.clock.advance(8)
    worker(office).step()
    assert office.platform.looked == 2
    assert [order.key for order in office.platform.published] == [reply.id]
    assert now_is(office, reply).status == "sent"


def test_where_nobody_but_a_person_can_look_their_word_is_enough_for_one_more_attempt(
    office: Office, reply: Reply
) -> None:
    office.platform.before, office.platform.on_look = [lost()], [CantLookError("Telegram") for _ in range(3)]
    worker(office).step()
    office.clock.advance(30)
    worker(office).step()
    assert now_is(office, reply).status == "unknown"
    failed = office.replies.decide_unknown(LENA, reply.id, was_sent=False)
    office.replies.approve(LENA, reply.id, failed.version)
    office.platform.before = [lost()]
    office.clock.advance(8)
    worker(office).step()
    office.clock.advance(30)
    worker(office).step()
    assert (now_is(office, reply).status, office.platform.published) == ("unknown", [])
    failed = office.replies.decide_unknown(LENA, reply.id, was_sent=False)
    office.replies.approve(LENA, reply.id, failed.version)
    office.clock.advance(8)
    worker(office).step()
    assert now_is(office, reply).status == "sent"
    assert [order.key for order in office.platform.published] == [reply.id]


def test_a_person_may_decide_that_it_was_sent(office: Office, reply: Reply) -> None:
    office.platform.before, office.platform.on_look = [lost()], [PermanentError("gone")]
    worker(office).step()
    office.clock.advance(30)
    worker(office).step()
    assert now_is(office, reply).status == "unknown"
    assert office.replies.decide_unknown(LENA, reply.id, was_sent=True).status == "sent"
    assert office.inbox.case(LENA, reply.case_id).case.status == "waiting"


def test_a_reply_that_is_approved_again_can_be_called_back(office: Office, reply: Reply) -> None:
    office.platform.before, office.platform.on_look = [lost()], [PermanentError("gone")]
    worker(office).step()
    office.clock.advance(30)
    worker(office).step()
    failed = office.replies.decide_unknown(LENA, reply.id, was_sent=False)
    office.replies.approve(LENA, reply.id, failed.version)
    assert office.replies.cancel(LENA, reply.id).status == "cancelled"
    office.clock.advance(600)
    assert worker(office).step() == 0
    assert office.platform.published == []
    with office.records.read() as tx:
        parcel = outbox.of_reply(tx, reply.id)
    assert parcel is not None
    assert (parcel.started, parcel.done_at is None) == (True, False)


def test_an_error_that_no_responder_may_raise_is_a_doubt_and_holds_up_nothing(office: Office, reply: Reply) -> None:
    office.hear(said("p2", who="did:omid"))
    other = office.replies.approve_and_send(LENA, case_id(office, "p2"), "reply", "Sorry, Omid!")
    office.clock.advance(8)
    office.platform.after = [KeyError("uri")]
    assert worker(office).step() == 2
    assert (now_is(office, reply).status, now_is(office, other).status) == ("sending", "sent")
    assert "KeyError" in (now_is(office, reply).error or "")
    office.clock.advance(30)
    worker(office).step()
    assert (len(office.platform.published), now_is(office, reply).status) == (2, "sent")


def test_an_error_that_no_responder_may_raise_ends_with_a_person(office: Office, reply: Reply) -> None:
    office.platform.before = [KeyError("uri")]
    office.platform.on_look = [AttributeError("feed") for _ in range(MAX_ATTEMPTS)]
    for _ in range(MAX_ATTEMPTS):
        assert worker(office).step() == 1
        office.clock.advance(600)
    assert now_is(office, reply).status == "unknown"
    assert worker(office).step() == 0


def test_a_full_disk_ends_the_worker(office: Office, reply: Reply) -> None:
    office.platform.before = [StoreError("The disk is full.")]
    with pytest.raises(StoreError):
        worker(office).step()
    assert now_is(office, reply).status == "sending"


class Slow(MemoryPlatform):
    """Lets `meanwhile` happen while it sends, and then fails with `error`."""

    def __init__(self, office: Office, meanwhile: Callable[[], object], error: ShenavaError) -> None:
        super().__init__(office.platform.now)
        self._meanwhile, self._error = meanwhile, error

    def send(self, order: SendOrder) -> Sent:
        del order
        self._meanwhile()
        raise self._error


@pytest.mark.parametrize("error", [RetryableError("busy"), PermanentError("refused"), lost()])
def test_who_lost_its_lease_changes_nothing(office: Office, reply: Reply, error: ShenavaError) -> None:
    office.platform.after, office.platform.remembers = [lost()], False

    def overtake() -> None:
        office.clock.advance(LEASE.total_seconds())
        assert worker(office, "w2").step() == 1

    slow = Slow(office, overtake, error)
    Sender(office.records, {"bluesky": slow}, office.tokens, office.clock, "w1", lambda: 0.0).step()
    assert now_is(office, reply).status == "sending"
    office.clock.advance(30)
    assert worker(office, "w3").step() == 1
    assert (len(office.platform.published), now_is(office, reply).status) == (1, "sent")


def test_a_lease_that_ran_out_unnoticed_is_still_held(office: Office, reply: Reply) -> None:
    slow = Slow(office, lambda: office.clock.advance(2 * LEASE.total_seconds()), PermanentError("refused"))
    Sender(office.records, {"bluesky": slow}, office.tokens, office.clock, "w1", lambda: 0.0).step()
    failed = now_is(office, reply)
    assert (failed.status, failed.error, failed.error_kind) == ("failed", "refused", "PermanentError")


@pytest.mark.parametrize("pause", [lambda: RetryableError("busy"), lambda: RateLimitedError("bluesky", 5)])
def test_a_busy_platform_is_asked_again_later(
    office: Office, reply: Reply, pause: Callable[[], RetryableError]
) -> None:  # fmt: skip
    office.platform.before = [pause(), pause()]
    sender = worker(office)
    sender.step()
    waiting = now_is(office, reply)
    assert waiting.status == "approved"
    assert waiting.error
    assert sender.step() == 0
    office.clock.advance(5)
    sender.step()
    office.clock.advance(10)
    sender.step()
    assert (len(office.platform.published), office.platform.looked) == (1, 0)
    assert (now_is(office, reply).status, now_is(office, reply).error) == ("sent", None)


def test_what_never_left_can_be_called_back_between_attempts(office: Office, reply: Reply) -> None:
    office.platform.before = [RetryableError("busy")]
    worker(office).step()
    office.replies.cancel(LENA, reply.id)
    office.clock.advance(600)
    assert worker(office).step() == 0


def test_it_gives_up_after_some_attempts(office: Office, reply: Reply) -> None:
    office.platform.before = [RetryableError("busy") for _ in range(MAX_ATTEMPTS)]
    for _ in range(MAX_ATTEMPTS):
        assert worker(office).step() == 1
        office.clock.advance(600)
    failed = now_is(office, reply)
    assert failed.status == "failed"
    assert failed.error
    assert "busy" in failed.error
    assert worker(office).step() == 0


def test_a_refused_account_fails_the_reply_and_shows_on_the_account(office: Office, reply: Reply) -> None:
    office.platform.before = [AuthorisationError("The password is wrong.")]
    worker(office).step()
    assert (now_is(office, reply).status, now_is(office, reply).error) == ("failed", "The password is wrong.")
    with office.records.read() as tx:
        (account,) = sources.accounts_of(tx, WORKSPACE)
    assert (account.state, account.error) == ("failed", "refused")


def test_why_a_reply_waits_is_forgotten_once_it_is_sent(office: Office, reply: Reply) -> None:
    office.platform.before = [RetryableError("busy")]
    worker(office).step()
    assert (now_is(office, reply).error, now_is(office, reply).error_kind) == ("busy", "RetryableError")
    office.clock.advance(600)
    worker(office).step()
    sent = now_is(office, reply)
    assert (sent.status, sent.error, sent.error_kind) == ("sent", None, None)


def test_a_disconnected_account_fails_the_reply(office: Office, reply: Reply) -> None:
    with office.records.write() as tx:
        sources.remove_account(tx, WORKSPACE, "a1")
    worker(office).step()
    assert now_is(office, reply).status == "failed"


def test_a_customer_who_wrote_after_our_answer_still_waits(office: Office, reply: Reply) -> None:
    office.hear(said("p2", "hello?", at=45, parent="p1", root="p1"))
    worker(office).step()
    case = office.inbox.case(LENA, reply.case_id).case
    assert (case.status, case.first_answer_at) == ("new", START + timedelta(minutes=30))
    assert case.due_at is not None


def test_our_own_post_coming_back_through_the_stream_changes_nothing(office: Office, reply: Reply) -> None:
    worker(office).step()
    office.hear(
        said(f"post-{reply.id}", "Sorry!", at=30, own=True, who="did:own", parent="p1", root="p1", monitors=(),
             origin="own")
    )  # fmt: skip
    view = office.inbox.case(LENA, reply.case_id)
    assert [item.post.post.native_id for item in view.items if item.post] == ["p1", f"post-{reply.id}"]
    assert view.case.status == "waiting"


def test_what_a_dead_worker_held_is_free_at_once_and_looked_for_first(office: Office, reply: Reply) -> None:
    office.clock.advance(60)
    office.platform.after.append(Killed())
    with pytest.raises(Killed):
        worker(office, "dead").step()
    assert worker(office, "other").step() == 0
    with office.records.write() as tx:
        assert outbox.owners(tx) == {"dead"}
        assert outbox.free(tx, "dead") == 1
    assert worker(office, "other").step() == 1
    assert (len(office.platform.published), office.platform.looked) == (1, 1)
    assert now_is(office, reply).status == "sent"
