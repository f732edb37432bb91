"""The page Team: people come and go, roles and reach change, the last administrator stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.records.queue import QueueFilter
from crm.usecases.accounts import WrongLogInError
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import MONITOR, said

pytestmark = pytest.mark.slow


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    one = open_bureau(tmp_path)
    yield one
    one.close()


def test_everybody_sees_the_team_and_who_gives_roles(bureau: Bureau) -> None:
    page = Desk(bureau, "agent").open("/team")
    assert "manager@example.org" in page
    assert "stranger" not in page
    assert "Only these roles may change this: Administrator." in page
    assert "Add a member" not in page


def test_a_new_member_comes_in_with_the_password_that_is_shown_once(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    answer = desk.take("team", "add!", name="Sam", email="sam@example.org", role="agent")
    [password] = re.findall(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b", answer.text)[:1]
    assert bureau.accounts.log_in("sam@example.org", password).user_id
    assert password not in desk.open("/team")
    assert "One-time password" in desk.open("/team")


@pytest.mark.parametrize(("email", "said"), [("manager@example.org", "here already"), ("nobody", "not an e-mail")])
def test_a_taken_or_odd_email_is_said_at_its_field(bureau: Bureau, email: str, said: str) -> None:
    answer = Desk(bureau, "administrator").take("team", "add!", name="Sam", email=email, role="agent")
    assert said in answer.text
    assert answer.opened("dialog") is True


def test_roles_and_reach_are_changed(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    desk.take("team", "role!", "agent", role="manager")
    desk.take("team", "reach!", "agent", monitors=[MONITOR])
    [member] = [one for one in bureau.services.team.members(desk.actor) if one.id == "agent"]
    assert (member.role, member.monitors, member.private) == ("manager", (MONITOR,), False)
    desk.take("team", "reach!", "agent", private="on")
    [member] = [one for one in bureau.services.team.members(desk.actor) if one.id == "agent"]
    assert (member.monitors, member.private) == (None, True)


def test_the_last_administrator_keeps_the_role_and_the_door(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    assert "needs an active administrator" in desk.take("team", "role!", "administrator", role="agent").text
    assert "needs an active administrator" in desk.take("team", "out!", "administrator").toast
    assert desk.open("/team").count("Administrator") > 1


def test_whoever_is_put_out_is_out_at_once_and_may_come_back(bureau: Bureau) -> None:
    desk, agent = Desk(bureau, "administrator"), Desk(bureau, "agent")
    assert desk.take("team", "out", "agent").opened("dialog") is True
    assert agent.browser.get("/session").status_code == 204
    desk.take("team", "out!", "agent")
    assert agent.browser.get("/session").status_code == 401
    desk.take("team", "in", "agent")
    assert Desk(bureau, "agent").browser.get("/session").status_code == 204


def test_a_reset_password_works_once_handed_over_and_the_trail_names_who_did_it(bureau: Bureau) -> None:
    desk = Desk(bureau, "administrator")
    old = bureau.accounts.reset_password("agent@example.org")
    answer = desk.take("team", "reset!", "agent")
    [password] = re.findall(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b", answer.text)[:1]
    with pytest.raises(WrongLogInError):
        bureau.accounts.log_in("agent@example.org", old)
    assert bureau.accounts.log_in("agent@example.org", password).user_id == "agent"
    row = next(one for one in bureau.services.trail.rows(desk.actor).rows if one.action == "reset_password")
    assert (row.actor, row.subject) == ("administrator", "agent")


def test_the_open_cases_of_whoever_is_put_out_are_nobodys(bureau: Bureau) -> None:
    bureau.hear(said("p1"), said("p2", who="did:omid"), said("p3", who="did:bita"))
    desk, inbox = Desk(bureau, "administrator"), bureau.services.inbox
    mine = [row.case.id for row in inbox.queue(desk.actor, QueueFilter()).rows]
    inbox.bulk(desk.actor, mine, "assign", "agent")
    inbox.set_status(desk.actor, mine[0], "resolved")
    assert "2 open cases of theirs are nobody's now" in desk.take("team", "out!", "agent").text
    after = inbox.queue(desk.actor, QueueFilter(status="any")).rows
    assert [row.case.assignee_id for row in after if row.case.id in mine[1:]] == [None, None]
    assert next(row.case.assignee_id for row in after if row.case.id == mine[0]) == "agent"


@pytest.mark.parametrize("what", ["add!", "role!", "reach!", "reset!", "out!", "in"])
def test_nobody_but_an_administrator_changes_the_team(bureau: Bureau, what: str) -> None:
    manager = Desk(bureau, "manager")
    answer = manager.take("team", what, "agent", name="X", email="x@example.org", role="manager")
    assert "Your role may not do this" in answer.text
    assert len(bureau.services.team.members(manager.actor)) == 4


def test_a_member_of_another_workspace_is_out_of_reach(bureau: Bureau) -> None:
    answer = Desk(bureau, "administrator").take("team", "out!", "stranger")
    assert "This is not here any more, or not for you." in answer.text
    assert Desk(bureau, "stranger").browser.get("/session").status_code == 204
