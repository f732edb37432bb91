"""Tags of cases."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, func, select, update

from crm.ids import new_id
from crm.records.sql import chunks, insert_new
from crm.records.tables import case_tags, tags


class Tag(Struct, frozen=True):
    """A tag and how many cases carry it."""

    id: str
    name: str
    cases: int


def all_of(tx: Connection, workspace: str) -> list[Tag]:
    """All tags of the workspace by name."""
    query = (
        select(tags.c.id, tags.c.name, func.count(case_tags.c.case_id))
        .outerjoin(case_tags, case_tags.c.tag_id == tags.c.id)
        .where(tags.c.workspace == workspace)
        .group_by(tags.c.id, tags.c.name)
        .order_by(tags.c.name)
    )
    return [Tag(*row) for row in tx.execute(query)]


def of_cases(tx: Connection, case_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The names of the tags of each case that has any, by name."""
    found: dict[str, tuple[str, ...]] = {}
    for some in chunks(case_ids):
        query = (
            select(case_tags.c.case_id, tags.c.name)
            .join(tags, tags.c.id == case_tags.c.tag_id)
            .where(case_tags.c.case_id.in_(some))
            .order_by(tags.c.name)
        )
        for case_id, name in tx.execute(query):
            found[case_id] = (*found.get(case_id, ()), name)
    return found


def add(tx: Connection, workspace: str, case_id: str, name: str, now: datetime) -> bool:
    """Tag a case, making the tag where it is new; False where the case had it."""
    mine = select(tags.c.id).where(tags.c.workspace == workspace, tags.c.name == name)
    tag_id = tx.execute(mine).scalar()
    if tag_id is None:
        insert_new(tx, tags, [{"id": new_id(now), "workspace": workspace, "name": name}], ("workspace", "name"))
        tag_id = tx.execute(mine).scalar_one()
    row = {"workspace": workspace, "case_id": case_id, "tag_id": tag_id}
    return insert_new(tx, case_tags, [row], ("case_id", "tag_id")) > 0


def remove(tx: Connection, workspace: str, case_id: str, name: str) -> bool:
    """Take a tag off a case; False where it was not there."""
    named = select(tags.c.id).where(tags.c.workspace == workspace, tags.c.name == name)
    gone = delete(case_tags).where(case_tags.c.case_id == case_id, case_tags.c.tag_id.in_(named))
    return tx.execute(gone).rowcount > 0


def on_cases(tx: Connection, case_ids: Collection[str]) -> set[str]:
    """The ids of the tags that these cases carry."""
    found: set[str] = set()
    for some in chunks(case_ids):
        found.update(tx.execute(select(case_tags.c.tag_id).where(case_tags.c.case_id.in_(some))).scalars())
    return found


def drop_unused(tx: Connection, tag_ids: Collection[str]) -> None:
    """Delete those of these tags that no case carries."""
    for some in chunks(tag_ids):
        tx.execute(delete(tags).where(tags.c.id.in_(some), tags.c.id.not_in(select(case_tags.c.tag_id))))


def absorb(tx: Connection, kept_id: str, gone_id: str) -> None:
    """Give the tags of one case to another."""
    has = select(case_tags.c.tag_id).where(case_tags.c.case_id == kept_id)
    tx.execute(delete(case_tags).where(case_tags.c.case_id == gone_id, case_tags.c.tag_id.in_(has)))
    tx.execute(update(case_tags).where(case_tags.c.case_id == gone_id).values(case_id=kept_id))
