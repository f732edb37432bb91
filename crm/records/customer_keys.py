"""Keys under which customers are found by likeness, and what people said of suggestions.

Keys are derived from a customer and their ties and kept with them, in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from msgspec import Struct
from sqlalchemy import Connection, TextClause, delete, insert, select, text, union

from crm.policies.blocking import customer_keys as keys_of
from crm.policies.likeness import Known
from crm.policies.sounds import folded, names
from crm.records.sql import chunks, insert_new
from crm.records.tables import customer_keys, customers, dismissed_ties, identities

LINK = "link"
"""The business's own column with the customer's web address."""

CROWD = 20
"""More customers than these under one key, and the key says nothing."""

MOST = 24
"""How many customers are looked at for one account."""

CHUNK = 500
"""How many customers get their keys at once."""


class Candidates(Struct, frozen=True):
    """Ids of customers who share a key with an account; where it is `crowded`, more may be called the same."""

    ids: tuple[str, ...]
    crowded: bool


def known_of(customer_id: str, name: str, email: str | None, fields: Mapping[str, str] | None,
             handles: Iterable[str]) -> Known:  # fmt: skip
    """What of a customer's columns an account can show."""
    own = fields or {}
    wanted = names().place_fields
    place = next((value for name, value in own.items() if folded(name).strip() in wanted), "")
    return Known(customer_id, name, email or "", own.get(LINK, ""), place, tuple(sorted(set(handles))))


def known(tx: Connection, workspace: str, customer_ids: Collection[str]) -> list[Known]:
    """These customers as far as an account can show them, in the order of their ids."""
    # In all of this module customers are named by their ids alone: asked for their workspace as well, SQLite would
    # rather read whatever the workspace has.
    found: list[Known] = []
    columns = (customers.c.workspace, customers.c.id, customers.c.name, customers.c.email, customers.c.fields)
    for some in chunks(sorted(set(customer_ids))):
        handles = _handles(tx, some)
        rows = tx.execute(select(*columns).where(customers.c.id.in_(some)).order_by(customers.c.id))
        found += [
            known_of(row.id, row.name, row.email, row.fields, handles.get(row.id, ()))
            for row in rows
            if row.workspace == workspace
        ]
    return found


def _handles(tx: Connection, customer_ids: Sequence[str]) -> dict[str, list[str]]:
    query = select(identities.c.customer_id, identities.c.handle).where(
        identities.c.customer_id.in_(customer_ids), identities.c.undone_at.is_(None)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in tx.execute(query):
        found[row.customer_id].append(row.handle)
    return found


def keep(tx: Connection, workspace: str, customer_ids: Collection[str]) -> None:
    """Bring the keys of these customers up to date. Called by whatever changes a customer or their ties."""
    for some in chunks(sorted(set(customer_ids)), CHUNK):
        wanted = {(one.customer_id, key) for one in known(tx, workspace, some) for key in keys_of(one)}
        query = select(customer_keys.c.customer_id, customer_keys.c.key).where(customer_keys.c.customer_id.in_(some))
        there = {(row.customer_id, row.key) for row in tx.execute(query)}
        gone: dict[str, list[int]] = defaultdict(list)
        for customer_id, key in there - wanted:
            gone[customer_id].append(key)
        for customer_id, keys in gone.items():
            theirs = (customer_keys.c.customer_id == customer_id) & customer_keys.c.key.in_(keys)
            tx.execute(delete(customer_keys).where(theirs))
        rows = [{"workspace": workspace, "customer_id": one, "key": key} for one, key in sorted(wanted - there)]
        if rows:
            tx.execute(insert(customer_keys), rows)


def candidates(tx: Connection, workspace: str, keys: Mapping[int, bool]) -> Candidates:
    """Customers under any of `keys` (whether each is of a whole name), in their order; those of crowds are left out."""
    if not keys:
        return Candidates((), False)
    under: dict[int, list[str]] = defaultdict(list)
    named = {f"key{at}": key for at, key in enumerate(keys)}
    for row in tx.execute(_under(len(keys)), {"workspace": workspace, "most": CROWD + 1, **named}):
        under[row.key].append(row.customer_id)
    crowded = any(whole and len(under[key]) > CROWD for key, whole in keys.items())
    found = dict.fromkeys(one for key in keys if len(under[key]) <= CROWD for one in under[key])
    return Candidates(tuple(found)[:MOST], crowded)


def counted(tx: Connection, workspace: str, key: int) -> int:
    """How many customers are under a key; a crowd is not counted to its end."""
    return len(tx.execute(_under(1), {"workspace": workspace, "most": CROWD + 1, "key0": key}).all())


@lru_cache(maxsize=64)
def _under(keys: int) -> TextClause:
    """The first customers under each of so many keys, in one statement; a crowd is not read to its end."""
    one = (
        "SELECT * FROM (SELECT key, customer_id FROM customer_keys"
        " WHERE workspace = :workspace AND key = :key{0} LIMIT :most) AS k{0}"
    )
    return text(" UNION ALL ".join(one.format(at) for at in range(keys)))


def refused(tx: Connection, workspace: str, author_key: str) -> set[str]:
    """Customers of whom a person said that this author is not one of them: dismissed, or a tie that was undone."""
    said, tied = (
        select(table.c.customer_id).where(table.c.workspace == workspace, table.c.author_key == author_key)
        for table in (dismissed_ties, identities)
    )
    return set(tx.execute(union(said, tied.where(identities.c.undone_at.is_not(None)))).scalars())


def dismiss(
    tx: Connection, workspace: str, author_key: str, customer_id: str, actor: str, now: datetime
) -> bool:  # fmt: skip
    """Remember that this author is not this customer; False where that was said before."""
    row = {"workspace": workspace, "author_key": author_key, "customer_id": customer_id, "actor": actor, "at": now}
    return bool(insert_new(tx, dismissed_ties, [row], ("workspace", "author_key", "customer_id")))


def take_back(tx: Connection, workspace: str, author_key: str, customer_id: str) -> bool:
    """Forget that this author is not this customer; False where nobody said so."""
    gone = delete(dismissed_ties).where(
        dismissed_ties.c.workspace == workspace, dismissed_ties.c.author_key == author_key,
        dismissed_ties.c.customer_id == customer_id,
    )  # fmt: skip
    return bool(tx.execute(gone).rowcount)
