"""Reading as one person may read: the index within their scope, and nobody's contact that they may not see.

What is shown goes through here. What is stored, sent or understood again needs posts as they are
and asks the index itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from crm.policies.access import Actor
from crm.policies.files import FileInfo
from crm.policies.likeness import Clue
from crm.policies.personal import author_for_reader, for_reader, last_digits, masked, readable, reads_contacts
from crm.ports.index import Order, Page, PostIndex
from crm.query.tree import Node
from crm.records.cases import Case
from crm.records.customers import Customer, Identity
from crm.records.desk import Note
from crm.records.replies import Reply
from crm.usecases.views import CaseLine, Suggestion, case_line
from crm.words import EnrichedPost


class Reading:
    """The index for readers. Methods, orders and errors are those of :class:`PostIndex`."""

    def __init__(self, index: PostIndex) -> None:
        self._index = index

    def search(
        self, actor: Actor, query: Node, order: Order = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """A page of hits in the actor's reach."""
        page = self._index.search(actor.scope, query, order, limit, cursor)
        return Page(tuple(posts(actor, page.hits)), page.cursor)

    def get(self, actor: Actor, post_keys: Sequence[str]) -> list[EnrichedPost]:
        """Those of the named posts that are in the actor's reach."""
        return posts(actor, self._index.get(actor.scope, post_keys))

    def thread(self, actor: Actor, thread_keys: Sequence[str]) -> list[EnrichedPost]:
        """All posts of these threads, oldest first, whatever their monitors."""
        return posts(actor, self._index.thread(actor.scope, thread_keys))


def posts(actor: Actor, found: Sequence[EnrichedPost]) -> list[EnrichedPost]:
    """Posts, for example those that the records keep, as the actor may read them."""
    return [for_reader(actor, one) for one in found]


def case(actor: Actor, one: Case) -> Case:
    """A case: its title, its preview and its author's name are somebody's words."""
    if reads_contacts(actor):
        return one
    return structs.replace(
        one, title=masked(one.title), preview=masked(one.preview), author_name=masked(one.author_name)
    )


def line(actor: Actor, one: Case) -> CaseLine:
    """A case as a line."""
    return case_line(case(actor, one))


def note(actor: Actor, one: Note) -> Note:
    """A note of the team."""
    return structs.replace(one, text=readable(actor, one.text))


def answer(actor: Actor, one: Reply) -> Reply:
    """A reply of ours; who writes replies reads them in full."""
    whole = None if one.whole is None else readable(actor, one.whole)
    return structs.replace(one, text=readable(actor, one.text), whole=whole)


def files(actor: Actor, found: Sequence[FileInfo]) -> tuple[FileInfo, ...]:
    """Files of a reply: their names and descriptions are words too."""
    return tuple(structs.replace(one, name=readable(actor, one.name), alt=readable(actor, one.alt)) for one in found)


def customer(actor: Actor, one: Customer) -> Customer:
    """A customer's own columns; e-mail and phone are masked where they are shown, to everybody."""
    return structs.replace(one, fields={name: readable(actor, value) for name, value in one.fields.items()})


def evidence(one: Identity) -> Identity:
    """A tie without the contact that shows it: that is asked for by a step which the audit trail notes."""
    if one.evidence in ("account", "link"):
        return one
    return structs.replace(one, detail=last_digits(one.detail) if one.evidence == "phone" else masked(one.detail))


def suggestion(actor: Actor, one: Suggestion) -> Suggestion:
    """A suggested tie: its evidence is what an account says and what the business has, and masked as both are."""
    return structs.replace(
        one, author=author_for_reader(actor, one.author), customer=customer(actor, one.customer),
        clues=tuple(_clue(actor, clue) for clue in one.clues),
    )  # fmt: skip


def _clue(actor: Actor, one: Clue) -> Clue:
    # An address that the business has is masked to everybody, as that of an exact tie.
    shown = masked(one.detail) if one.kind == "email_handle" else readable(actor, one.detail)
    return structs.replace(one, detail=shown)
