"""Liking and hiding: who may, with which account, what is kept of it, and what a platform's refusal leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from crm.errors import AuthorisationError, NotFoundError, PermanentError, RetryableError
from crm.policies.access import ForbiddenError
from crm.ports.index import Scope
from crm.ports.responder import Act, AnsweredPostGoneError
from crm.records import acts, audit, cases, changes, erasure, sources
from crm.records.sources import AccountRow
from crm.usecases.acts import ActAccountGoneError, ActClosedError, ActCrossedError, ActRefusedError
from crm.usecases.disclosure import Disclosure
from crm.usecases.views import PostActs
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START, WORKSPACE, Office, actor, said
from tests.doubles.platform import PlainVault

LENA, INES, ADA = actor(), actor("ines", "manager"), actor("ada", "analyst")
POST = "bluesky:p1"


@pytest.fixture
def case(office: Office) -> str:
    office.hear(said("p1"), said("p2", thread="p1", at=1, own=True))
    return case_id(office, "p1")


def open_acts(found: PostActs) -> list[str]:
    return [rule.act for rule in found.rules if rule.allowed]


def stored(office: Office) -> list[acts.Done]:
    with office.records.read() as tx:
        return acts.of_posts(tx, WORKSPACE, [POST])


def test_a_post_is_liked_and_hidden_once_and_that_is_taken_back(office: Office, case: str) -> None:
    assert open_acts(office.acts.available(LENA, case, POST)) == ["like", "hide"]
    for _ in range(2):
        found = office.acts.do(LENA, case, POST, "hide")
    assert open_acts(found) == ["like", "unhide"]
    assert [(one.act, one.by) for one in found.done] == [("hide", "Lena")]
    assert office.platform.done == {("hide", POST)}
    assert [one.secret for one in office.platform.asked] == ["hush", "hush"]
    for _ in range(2):
        found = office.acts.do(INES, case, POST, "unhide")
    assert (open_acts(found), found.done, office.platform.done) == (["like", "hide"], (), set())
    assert [one.undone_at is None for one in stored(office)] == [False]
    assert [one.act for one in office.acts.do(LENA, case, POST, "hide").done] == ["hide"]


def test_the_thread_shows_what_was_done_and_what_can_be(office: Office, case: str) -> None:
    office.acts.do(LENA, case, POST, "hide")
    shown = {item.id: item.acts for item in office.inbox.case(LENA, case).items if item.kind == "post"}
    assert open_acts(shown[POST]) == ["like", "unhide"]
    assert [one.act for one in shown[POST].done] == ["hide"]
    assert shown["bluesky:p2"] == PostActs(), "our own post is neither liked nor hidden"
    read_only = next(item.acts for item in office.inbox.case(ADA, case).items if item.id == POST)
    assert (read_only.rules, [one.act for one in read_only.done]) == ((), ["hide"])


def test_it_is_in_the_audit_trail_and_other_consoles_hear_of_it(office: Office, case: str) -> None:
    with office.records.read() as tx:
        before = changes.newest(tx)
    office.acts.do(LENA, case, POST, "like")
    with office.records.read() as tx:
        row = audit.newest(tx, WORKSPACE, action="post_like")[0]
        told = [(one.kind, one.subject) for one in changes.since(tx, before)]
    assert (row.actor, row.subject, row.detail) == ("lena", case, {"platform": "bluesky"})
    assert ("case", case) in told


def test_who_may_not_answer_may_not_do_it(office: Office, case: str) -> None:
    with pytest.raises(ForbiddenError):
        office.acts.do(ADA, case, POST, "like")
    with pytest.raises(ForbiddenError):
        office.acts.do(actor(monitors=("other",)), case, POST, "like")
    assert office.platform.done == set()


def test_a_private_post_is_for_those_who_read_private_ones(office: Office) -> None:
    office.hear(said("m1", private=True))
    private = case_id(office, "m1")
    with pytest.raises(ForbiddenError):
        office.acts.do(LENA, private, "bluesky:m1", "like")
    assert open_acts(office.acts.do(actor(private=True), private, "bluesky:m1", "like")) == ["unlike", "hide"]


@pytest.mark.parametrize("key", ["bluesky:p9", "bluesky:elsewhere"])
def test_a_post_of_another_thread_is_none_of_the_case(office: Office, case: str, key: str) -> None:
    office.hear(said("elsewhere", at=2, who="did:other"))
    with pytest.raises(NotFoundError):
        office.acts.do(LENA, case, key, "like")
    assert office.platform.done == set()


def test_our_own_post_is_left_alone(office: Office, case: str) -> None:
    with pytest.raises(ActClosedError):
        office.acts.do(LENA, case, "bluesky:p2", "hide")


def test_without_a_connected_account_it_is_closed(office: Office, case: str) -> None:
    with office.records.write() as tx:
        sources.change_account(tx, "a1", state="failed")
    found = office.acts.available(LENA, case, POST)
    assert {(rule.rule, rule.allowed) for rule in found.rules} == {("not_connected", False)}
    with pytest.raises(ActClosedError):
        office.acts.do(LENA, case, POST, "like")


def test_a_fault_leaves_nothing_behind_and_it_may_be_tried_again(office: Office, case: str) -> None:
    office.platform.on_act = [RetryableError("Bluesky is busy.")]
    with pytest.raises(RetryableError):
        office.acts.do(LENA, case, POST, "like")
    assert stored(office) == []
    assert [one.act for one in office.acts.do(LENA, case, POST, "like").done] == ["like"]


@pytest.mark.parametrize(
    ("error", "problem"),
    [(AuthorisationError("Not with this token."), "sign_in"), (PermanentError("No."), "refused"),
     (AnsweredPostGoneError(POST), "gone")],
)  # fmt: skip
def test_a_refusal_is_told_and_nothing_is_kept(office: Office, case: str, error: Exception, problem: str) -> None:
    office.platform.on_act = [error]
    with pytest.raises(ActRefusedError) as caught:
        office.acts.do(LENA, case, POST, "hide")
    assert (caught.value.problem, stored(office)) == (problem, [])
    with office.records.read() as tx:
        assert sources.accounts_of(tx, WORKSPACE)[0].state == "connected", "one act says nothing of the account"


def connect(office: Office, account_id: str, native_id: str) -> None:
    row = AccountRow(
        account_id,
        WORKSPACE,
        "bluesky",
        "https://social.example",
        account_id,
        native_id,
        "connected",
        None,
        None,
        START,
    )
    with office.records.write() as tx:
        sources.put_account(tx, row, PlainVault().encrypt("hush"))


def test_who_liked_it_takes_it_back_also_where_another_account_comes_first(office: Office, case: str) -> None:
    office.acts.do(LENA, case, POST, "like")
    connect(office, "a0", "did:second")
    office.acts.do(INES, case, POST, "unlike")
    assert [one.handle for one in office.platform.asked] == ["nanmah", "nanmah"]
    assert stored(office)[0].undone_at is not None


def test_what_an_account_did_that_is_gone_is_not_taken_back_with_another(office: Office, case: str) -> None:
    office.acts.do(LENA, case, POST, "like")
    connect(office, "a2", "did:second")
    with office.records.write() as tx:
        sources.change_account(tx, "a1", state="failed")
    shown = office.acts.available(LENA, case, POST)
    assert {rule.act: (rule.rule, rule.allowed) for rule in shown.rules} == {
        "unlike": ("account_gone", False), "hide": ("public_like", True),
    }  # fmt: skip
    for act in ("unlike", "like"):
        with pytest.raises(ActAccountGoneError, match="no longer connected"):
            office.acts.do(LENA, case, POST, act)  # type: ignore[arg-type]
    assert ([one.undone_at for one in stored(office)], len(office.platform.asked)) == ([None], 1)


def test_an_account_that_was_connected_again_is_the_same(office: Office, case: str) -> None:
    office.acts.do(LENA, case, POST, "like")
    with office.records.write() as tx:
        sources.remove_account(tx, WORKSPACE, "a1")
    connect(office, "a0", "did:second")
    connect(office, "a7", "did:own")
    assert office.acts.do(LENA, case, POST, "unlike").done == ()
    assert office.platform.asked[-1].handle == "a7"


@pytest.mark.parametrize(("before", "first", "second"), [((), "like", "unlike"), (("like",), "unlike", "like")])
def test_who_crosses_another_leaves_the_record_as_the_platform_has_it(
    office: Office, case: str, before: tuple[Act, ...], first: Act, second: Act
) -> None:
    for act in before:
        office.acts.do(LENA, case, POST, act)
    office.platform.meanwhile = [lambda: office.acts.do(INES, case, POST, second)]
    office.acts.do(LENA, case, POST, first)
    there = ("like", POST) in office.platform.done
    assert there == (stored(office)[0].undone_at is None) == (first == "like")


def test_who_crosses_others_all_the_while_is_told_to_look(office: Office, case: str) -> None:
    crossing: list[Callable[[], object]] = []
    for _ in range(3):
        crossing += [lambda: office.acts.do(INES, case, POST, "unlike"), lambda: None]
    office.platform.meanwhile = crossing
    with pytest.raises(ActCrossedError, match="look at it"):
        office.acts.do(LENA, case, POST, "like")
    assert office.platform.done == set()
    assert [one.undone_at is None for one in stored(office)] == [False], "it is as the last one wrote it down"


def test_a_case_that_another_takes_in_meanwhile_loses_nothing(office: Office) -> None:
    office.hear(said("p0"))
    older = case_id(office, "p0")
    office.hear(said("p1", at=1))
    younger = case_id(office, "p1")
    office.platform.meanwhile = [lambda: office.hear(said("p1", at=1, parent="p0", thread="p0"))]
    found = office.acts.do(LENA, younger, POST, "like")
    assert [one.act for one in found.done] == ["like"]
    assert [one.undone_at for one in stored(office)] == [None]
    with office.records.read() as tx:
        assert [row.subject for row in audit.newest(tx, WORKSPACE, action="post_like")] == [older]
        assert cases.find(tx, WORKSPACE, younger) is None


def test_who_is_erased_takes_what_was_done_to_their_posts_along(office: Office, case: str) -> None:
    office.acts.do(LENA, case, POST, "hide")
    author = next(iter(office.index.get(Scope(WORKSPACE, None, private=True), [POST]))).post.author.key
    told = Disclosure(office.records, office.index, office.clock).export(actor("ada", "administrator"), "post", POST)
    assert [one["act"] for one in json.loads(b"".join(told))["acts"]] == ["hide"]
    with office.records.write() as tx:
        assert POST in erasure.named(tx, WORKSPACE).posts
        erasure.remove(tx, WORKSPACE, [POST], [author])
    assert stored(office) == []
