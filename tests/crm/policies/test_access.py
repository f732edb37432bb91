from __future__ import annotations

import pytest

from crm.policies.access import ALLOWED, ROLES, Actor, ForbiddenError, Resource, Role, may, require


def actor(role: Role, monitors: tuple[str, ...] | None = None, private: bool = False) -> Actor:
    return Actor("u1", "w1", role, "Mina", monitors=monitors, private=private)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_its_row_says_and_nothing_else(role: Role) -> None:
    every = frozenset().union(*ALLOWED.values())
    assert {action for action in every if may(actor(role), action)} == ALLOWED[role]


def test_what_each_role_is_for() -> None:
    assert may(actor("agent"), "approve_reply")
    assert not may(actor("agent"), "edit_monitors")
    assert not may(actor("analyst"), "write_reply")
    assert may(actor("analyst"), "export")
    assert may(actor("manager"), "edit_sources")
    assert not may(actor("manager"), "erase")
    assert may(actor("administrator"), "erase")


def test_another_workspace_is_out_of_reach_for_everybody() -> None:
    for role in ROLES:
        assert not may(actor(role, private=True), "read_posts", Resource("w2"))


def test_private_things_need_leave() -> None:
    assert not may(actor("administrator"), "read_cases", Resource("w1", private=True))
    assert may(actor("agent", private=True), "read_cases", Resource("w1", private=True))


def test_a_limit_to_monitors_holds() -> None:
    limited = actor("agent", monitors=("m1",))
    assert may(limited, "read_cases", Resource("w1", ("m1", "m2")))
    assert not may(limited, "read_cases", Resource("w1", ("m2",)))
    assert not may(limited, "read_cases", Resource("w1"))
    assert may(actor("agent"), "read_cases", Resource("w1"))
    assert limited.scope.monitors == ("m1",)


def test_a_refusal_says_who_may() -> None:
    with pytest.raises(ForbiddenError, match="administrator") as caught:
        require(actor("agent"), "erase")
    assert caught.value.action == "erase"
