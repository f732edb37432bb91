"""Searching all posts with the boolean query language."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, select

from crm import query
from crm.errors import NotFoundError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import Order, PostIndex
from crm.query.tree import Field, Node
from crm.records import threads, workspaces
from crm.records.database import Records
from crm.records.tables import case_tags, cases, tags
from crm.usecases.monitors import Hit

BOUND = 1_000


class SearchPage(Struct, frozen=True):
    """`bounded` says that a case: or tag: condition covered only its newest 1,000 threads."""

    hits: tuple[Hit, ...]
    cursor: str | None
    total: int
    bounded: bool


class Search:
    """The search page, the HTTP API and the command line ask here."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock

    def search(
        self, actor: Actor, text: str, order: Order = "newest", cursor: str | None = None, limit: int = 50
    ) -> SearchPage:
        """A page of posts in the actor's reach. Raises QueryError, InvalidInputError (cursor)."""
        require(actor, "read_posts")
        with self._records.read() as tx:
            zone = workspaces.get(tx, actor.workspace).zone
            parsed = query.parse(text, zone=zone, now=self._clock.now())
            node, bounded = bind(tx, actor, parsed)
        page = self._index.search(actor.scope, node, order, limit, cursor)
        total = self._index.count(actor.scope, node)
        hits = tuple(Hit(hit, tuple(query.highlight_spans(hit.post.text, parsed))) for hit in page.hits)
        return SearchPage(hits, page.cursor, total[0].posts if total else 0, bounded)

    def post(self, actor: Actor, post_key: str) -> Hit:
        """One post. Raises NotFoundError where it isn't there or out of reach."""
        require(actor, "read_posts")
        found = self._index.get(actor.scope, [post_key])
        if not found:
            raise NotFoundError("post", post_key)
        return Hit(found[0], ())

    def thread(self, actor: Actor, thread_key: str) -> list[Hit]:
        """A whole conversation, oldest first."""
        require(actor, "read_posts")
        with self._records.read() as tx:
            outermost = threads.joined(tx, actor.workspace, [thread_key]).get(thread_key, thread_key)
            keys = threads.members(tx, actor.workspace, outermost)
        return [Hit(post, ()) for post in self._index.thread(actor.scope, keys)]


def bind(tx: Connection, actor: Actor, node: Node) -> tuple[Node, bool]:
    """Answer case: and tag: from the records, as a bounded set of threads."""
    return query.bind_threads(node, lambda field: _threads(tx, actor.workspace, field), BOUND)


def _threads(tx: Connection, workspace: str, field: Field) -> list[str]:
    found = select(cases.c.thread_key).where(cases.c.workspace == workspace)
    if field.name == "tag":
        found = found.join(case_tags, case_tags.c.case_id == cases.c.id).join(tags, tags.c.id == case_tags.c.tag_id)
        found = found.where(tags.c.name == field.value)
    elif field.value.isdecimal():
        found = found.where(cases.c.number == int(field.value))
    elif field.value != "any":
        found = found.where(cases.c.status == field.value)
    newest_first = found.order_by(cases.c.last_post_at.desc()).limit(BOUND + 1)
    keys = [row.thread_key for row in tx.execute(newest_first)]
    return [*keys, *threads.inner_of(tx, workspace, keys[:BOUND])] if len(keys) <= BOUND else keys
