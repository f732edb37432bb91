"""What the team keeps at hand: notes on cases, templates, saved views, who is looking, what was read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, or_, select

from crm.policies.clock import Desk, desk_of
from crm.records import workspaces
from crm.records.sql import as_struct, columns_of, lock, upsert
from crm.records.tables import notes, presence, templates, unread, users, views


class Note(Struct, frozen=True):
    """An internal note; the customer never sees it."""

    id: str
    workspace: str
    case_id: str
    author_id: str
    text: str
    at: datetime


class Template(Struct, frozen=True):
    """A text to answer with, called by ``/shortcut``. `made_up` is the demo's until somebody changes it."""

    id: str
    workspace: str
    shortcut: str
    title: str
    text: str
    language: str
    updated_at: datetime
    made_up: bool = False


class SavedView(Struct, frozen=True):
    """A filter of the queue under a name; `user_id` None is shared by the workspace."""

    id: str
    workspace: str
    user_id: str | None
    name: str
    filter: Mapping[str, object]


class Presence(Struct, frozen=True):
    """Somebody who has a case open."""

    case_id: str
    user_id: str
    typing: bool
    at: datetime


def desk(tx: Connection, workspace: str) -> Desk:
    """The working time and the answer targets of a workspace."""
    found = workspaces.get(tx, workspace)
    return desk_of(found.zone, found.week_start, found.weekend, dict(found.business_hours))


def names(tx: Connection, workspace: str) -> dict[str, str]:
    """The names of everybody in the workspace, by user id."""
    return {
        row.id: row.name for row in tx.execute(select(users.c.id, users.c.name).where(users.c.workspace == workspace))
    }


def add_note(tx: Connection, note: Note) -> None:
    """Store a note."""
    tx.execute(insert(notes).values(**columns_of(note)))


def notes_of(tx: Connection, case_id: str) -> list[Note]:
    """The notes of a case, oldest first."""
    return [
        as_struct(Note, row) for row in tx.execute(select(notes).where(notes.c.case_id == case_id).order_by(notes.c.id))
    ]


def hold_names(tx: Connection, workspace: str) -> None:
    """Nobody else takes a template's shortcut or a view's name until the transaction ends."""
    lock(tx, f"names {workspace}")


def all_templates(tx: Connection, workspace: str) -> list[Template]:
    """All templates by shortcut."""
    query = select(templates).where(templates.c.workspace == workspace).order_by(templates.c.shortcut)
    return [as_struct(Template, row) for row in tx.execute(query)]


def put_template(tx: Connection, template: Template) -> None:
    """Store a template, new or changed."""
    upsert(tx, templates, [columns_of(template)], ("id",))


def remove_template(tx: Connection, workspace: str, template_id: str) -> bool:
    """Delete a template; False where there is none."""
    mine = delete(templates).where(templates.c.workspace == workspace, templates.c.id == template_id)
    return tx.execute(mine).rowcount > 0


def views_for(tx: Connection, workspace: str, user_id: str) -> list[SavedView]:
    """The views shared by the workspace and those of one user, by name."""
    query = select(views).where(
        views.c.workspace == workspace, or_(views.c.user_id.is_(None), views.c.user_id == user_id)
    )
    return [as_struct(SavedView, row) for row in tx.execute(query.order_by(views.c.name))]


def put_view(tx: Connection, view: SavedView) -> None:
    """Store a view, new or changed."""
    upsert(tx, views, [columns_of(view)], ("id",))


def remove_view(tx: Connection, workspace: str, view_id: str) -> bool:
    """Delete a view; False where there is none."""
    return tx.execute(delete(views).where(views.c.workspace == workspace, views.c.id == view_id)).rowcount > 0


def present(tx: Connection, case_id: str, after: datetime) -> list[Presence]:
    """Who has the case open and was heard of after `after`."""
    query = select(presence).where(presence.c.case_id == case_id, presence.c.at > after).order_by(presence.c.user_id)
    return [as_struct(Presence, row) for row in tx.execute(query)]


def be_present(tx: Connection, workspace: str, presence_now: Presence) -> None:
    """Say that somebody has a case open."""
    upsert(tx, presence, [{"workspace": workspace, **columns_of(presence_now)}], ("case_id", "user_id"))


def leave(tx: Connection, case_id: str, user_id: str) -> bool:
    """Say that somebody closed a case; False where they did not have it open."""
    gone = delete(presence).where(presence.c.case_id == case_id, presence.c.user_id == user_id)
    return tx.execute(gone).rowcount > 0


def seen_posts(tx: Connection, case_id: str, user_id: str) -> int:
    """How many posts of a case somebody has seen."""
    mine = select(unread.c.seen_posts).where(unread.c.case_id == case_id, unread.c.user_id == user_id)
    return int(tx.execute(mine).scalar() or 0)


def mark_seen(tx: Connection, workspace: str, case_id: str, user_id: str, posts: int) -> None:
    """Remember that somebody has seen `posts` posts of a case."""
    row = {"workspace": workspace, "case_id": case_id, "user_id": user_id, "seen_posts": posts}
    upsert(tx, unread, [row], ("case_id", "user_id"))
