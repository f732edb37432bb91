"""Who may do what: one function decides."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from crm.errors import PermanentError
from crm.ports.index import Scope

Role = Literal["administrator", "manager", "agent", "analyst"]
ROLES: tuple[Role, ...] = ("administrator", "manager", "agent", "analyst")

Action = Literal[
    "read_posts", "read_cases", "work_cases", "write_reply", "approve_reply", "read_customers", "edit_customers",
    "read_trends", "correct", "edit_templates", "edit_monitors", "edit_rules", "edit_sources", "read_health",
    "replay", "read_team", "edit_team", "edit_workspace", "read_audit", "erase", "import", "export",
]  # fmt: skip

_ANALYST: frozenset[Action] = frozenset(
    {"read_posts", "read_cases", "read_customers", "read_trends", "read_team", "correct", "export"}
)
_AGENT: frozenset[Action] = frozenset(
    {"read_posts", "read_cases", "work_cases", "write_reply", "approve_reply", "read_customers", "edit_customers",
     "read_trends", "correct", "read_health", "read_team"}
)  # fmt: skip
_MANAGER: frozenset[Action] = (
    _ANALYST
    | _AGENT
    | frozenset({"edit_templates", "edit_monitors", "edit_rules", "edit_sources", "replay", "read_audit", "import"})
)
_ADMINISTRATOR: frozenset[Action] = _MANAGER | frozenset({"edit_team", "edit_workspace", "erase"})

ALLOWED: dict[Role, frozenset[Action]] = {
    "administrator": _ADMINISTRATOR,
    "manager": _MANAGER,
    "agent": _AGENT,
    "analyst": _ANALYST,
}


class Actor(Struct, frozen=True):
    """Somebody who was recognised by the server: a signed-in person or the holder of an API token.

    `monitors` limits what they may read to posts of these monitors; None is everything.
    `private` lets them read direct messages. `session` names the session for the audit trail.
    `must_change` is set while their password is a one-time one: the console lets them do nothing else before.
    """

    user_id: str
    workspace: str
    role: Role
    name: str
    email: str = ""
    language: str = "en"
    monitors: tuple[str, ...] | None = None
    private: bool = False
    session: str = ""
    must_change: bool = False

    @property
    def scope(self) -> Scope:
        """What this actor may read in the index."""
        return Scope(self.workspace, self.monitors, self.private)


class Resource(Struct, frozen=True):
    """What an action is aimed at, as far as the decision needs to know.

    What no monitor matched has no `monitors`: whoever is limited to some does not reach it.
    """

    workspace: str
    monitors: tuple[str, ...] = ()
    private: bool = False
    author_id: str = ""


class ForbiddenError(PermanentError):
    """The actor's role does not allow this."""

    def __init__(self, actor: Actor, action: Action) -> None:
        self.action = action
        able = ", ".join(role for role in ROLES if action in ALLOWED[role])
        super().__init__(f"As {actor.role} you may not {action.replace('_', ' ')}; these roles may: {able}.")


def may(actor: Actor, action: Action, resource: Resource | None = None) -> bool:
    """Whether `actor` may do `action` on `resource` (None: on their own workspace as a whole)."""
    if action not in ALLOWED[actor.role]:
        return False
    if resource is None:
        return True
    if resource.workspace != actor.workspace or (resource.private and not actor.private):
        return False
    return actor.monitors is None or not set(actor.monitors).isdisjoint(resource.monitors)


def require(actor: Actor, action: Action, resource: Resource | None = None) -> None:
    """Raise :class:`ForbiddenError` unless :func:`may` says yes."""
    if not may(actor, action, resource):
        raise ForbiddenError(actor, action)
