"""People of the team by id, for menus and the time line."""

from __future__ import annotations

from collections.abc import Sequence

from crm.policies.access import ALLOWED
from crm.records.users import User
from dashboard.context import actor, services
from dashboard.text import t


def members() -> list[User]:
    """Everybody of the workspace."""
    return services().team.members(actor())


def able(people: Sequence[User], *, made_up: bool = True) -> list[User]:
    """Those who can be given a case, the viewer first; the demo's colleagues where it may be a `made_up` one."""
    mine = actor().user_id
    found = [one for one in people if one.can_be_given(made_up=made_up) and "work_cases" in ALLOWED[one.role]]
    return sorted(found, key=lambda one: (one.id != mine, one.name))


def called(people: Sequence[User], user_id: str) -> str:
    """The name of somebody; "somebody" where they are gone."""
    return next((one.name for one in people if one.id == user_id), t("inbox.somebody"))
