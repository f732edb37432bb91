"""Suggested ties: authors who may be customers by likeness. A person confirms or dismisses each of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from crm.policies.access import Actor, require
from crm.policies.likeness import SUGGEST, likely
from crm.ports.clock import Clock
from crm.records import audit, cases, changes, customer_keys, customers, kept_posts
from crm.records.customers import Identity
from crm.records.database import Records
from crm.usecases import casebook, reading
from crm.usecases.customers import Customers
from crm.usecases.matching import suggested
from crm.usecases.views import Suggestion
from crm.words import Author

LATEST = 200
"""Among how many of the newest cases that are nobody's a customer's accounts are looked for."""

DETAIL = 400


class Suggestions:
    """What the customers pages, the inbox's third pane and the HTTP API call."""

    def __init__(self, records: Records, people: Customers, clock: Clock) -> None:
        self._records, self._people, self._clock = records, people, clock

    def accounts(self, actor: Actor, customer_id: str) -> list[Suggestion]:
        """Authors of the newest cases of nobody who may be this customer, likeliest first. Raises NotFoundError."""
        require(actor, "read_customers")
        with self._records.read() as tx:
            customer = customers.get(tx, actor.workspace, customer_id)
            wanted = customer_keys.known(tx, actor.workspace, [customer.id])
            found = [
                Suggestion(author, customer, one.confidence, one.clues)
                for author in _strangers(tx, actor)
                if likely(author, wanted)[0].confidence >= SUGGEST  # cheap: most authors are nobody like them
                for one in suggested(tx, actor.workspace, author)
                if one.customer_id == customer.id
            ]
        found.sort(key=lambda one: (-one.confidence, one.author.key))
        return [reading.suggestion(actor, one) for one in found]

    def confirm(self, actor: Actor, author_key: str, customer_id: str) -> Identity:
        """Tie an author to a customer, with the evidence of the suggestion; without one it is the person's word.

        Raises NotFoundError, TiedElsewhereError.
        """
        require(actor, "edit_customers")
        offered = self._people.card(actor, author_key).could_be
        one = next((one for one in offered if one.customer.id == customer_id), None)
        if one is None:
            return self._people.tie(actor, author_key, customer_id)
        shown = " ".join(clue.kind for clue in one.clues)[:DETAIL]
        return self._people.tie(
            actor, author_key, customer_id, "likeness", shown, confidence=round(one.confidence, 4)
        )  # fmt: skip

    def dismiss(self, actor: Actor, author_key: str, customer_id: str) -> None:
        """Remember that this author is not this customer: it is not suggested again. Raises NotFoundError."""
        require(actor, "edit_customers")
        now = self._clock.now()
        with self._records.write() as tx:
            customer = customers.get(tx, actor.workspace, customer_id)
            if customer_keys.dismiss(tx, actor.workspace, author_key, customer.id, actor.user_id, now):
                audit.append(tx, actor.workspace, actor.user_id, "suggestion_dismissed", customer.id, now)
                changes.note(tx, actor.workspace, "customer", customer.id, now)

    def take_back(self, actor: Actor, author_key: str, customer_id: str) -> None:
        """Forget a dismissal, so that the suggestion may be made again."""
        require(actor, "edit_customers")
        now = self._clock.now()
        with self._records.write() as tx:
            if customer_keys.take_back(tx, actor.workspace, author_key, customer_id):
                audit.append(tx, actor.workspace, actor.user_id, "suggestion_restored", customer_id, now)
                changes.note(tx, actor.workspace, "customer", customer_id, now)


def _strangers(tx: Connection, actor: Actor) -> Sequence[Author]:
    """The authors of the newest cases that are nobody's and that the actor may see, as they last showed themselves."""
    seen = [case for case in cases.of_nobody(tx, actor.workspace, LATEST) if casebook.visible(actor, case)]
    keys = list(dict.fromkeys(case.author_key for case in seen))
    tied = customers.identities_by_author(tx, actor.workspace, keys)
    found = kept_posts.newest_authors(tx, actor.workspace, [key for key in keys if key not in tied])
    return list(found.values())
