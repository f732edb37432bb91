"""Looking up who an author may be among all customers of a workspace."""

from __future__ import annotations

from sqlalchemy import Connection

from crm.policies.access import Actor
from crm.policies.blocking import account_keys, initial_key
from crm.policies.likeness import SUGGEST, Likeness, likely, namesakes
from crm.records import customer_keys, customers
from crm.records.customers import Customer
from crm.usecases import reading
from crm.usecases.views import Suggestion
from crm.words import Author


def suggested(tx: Connection, workspace: str, author: Author) -> list[Likeness]:
    """The customers that an author may be, sure enough to be said, without those a person dismissed or untied."""
    found = customer_keys.candidates(tx, workspace, account_keys(author))
    if not found.ids:
        return []
    known = customer_keys.known(tx, workspace, found.ids)
    untold = float(customer_keys.CROWD if found.crowded else 0)
    best = likely(author, known, untold)[0]
    if best.confidence < SUGGEST:
        return []
    key = initial_key(next(one for one in known if one.customer_id == best.customer_id))
    untold += namesakes(customer_keys.counted(tx, workspace, key)) if key is not None else 0
    sure = [one for one in likely(author, known, untold) if one.confidence >= SUGGEST]
    refused = customer_keys.refused(tx, workspace, author.key) if sure else set()
    return [one for one in sure if one.customer_id not in refused]


def of_author(tx: Connection, actor: Actor, author: Author) -> tuple[Suggestion, ...]:
    """Whom an author who is nobody's may be, for a reader; likeliest first."""
    found = suggested(tx, actor.workspace, author)
    people: dict[str, Customer] = customers.by_ids(tx, actor.workspace, [one.customer_id for one in found])
    return tuple(
        reading.suggestion(actor, Suggestion(author, people[one.customer_id], one.confidence, one.clues))
        for one in found
        if one.customer_id in people
    )
