"""Searching all posts with the boolean query language."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from sqlalchemy import Connection, select

from crm import query
from crm.errors import NotFoundError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import Order, Page, PostIndex
from crm.ports.likeness import marks
from crm.query import QueryError
from crm.query.tree import And, Field, Node, Not, Or
from crm.query.walk import NOTHING, leaves
from crm.records import audit, monitors, workspaces
from crm.records.database import Records
from crm.records.tables import case_tags, cases, tags
from crm.text import fold
from crm.usecases.monitors import Hit
from crm.usecases.reading import Reading
from crm.words import EnrichedPost

BOUND = 1_000
EXPORT_PAGE = 500


class SearchPage(Struct, frozen=True):
    """`bounded` says that a case: or tag: condition covered only its newest 1,000 threads."""

    hits: tuple[Hit, ...]
    cursor: str | None
    total: int
    bounded: bool


class Bound(Struct, frozen=True):
    """A query as it was `asked`, and as a `node` that an index can answer; `bounded` as in :class:`SearchPage`."""

    asked: Node
    node: Node
    bounded: bool


class Export(Struct, frozen=True):
    """Every hit, page by page as they are asked for; `bounded` says the same as that of a page."""

    posts: Iterator[EnrichedPost]
    bounded: bool


class Search:
    """The search page, the HTTP API and the command line ask here."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock
        self._reading = Reading(index)

    def search(
        self, actor: Actor, text: str, order: Order = "newest", cursor: str | None = None, limit: int = 50
    ) -> SearchPage:
        """A page of posts in the actor's reach. Raises QueryError, InvalidInputError (cursor)."""
        require(actor, "read_posts")
        bound = self.bound(actor, text)
        page = self._reading.search(actor, bound.node, order, limit, cursor)
        total = self._index.count(actor.scope, bound.node)
        hits = tuple(
            Hit(hit, tuple(query.highlight_spans(hit.post.text, bound.asked, hit.language.value))) for hit in page.hits
        )
        return SearchPage(hits, page.cursor, total[0].posts if total else 0, bound.bounded)

    def bound(self, actor: Actor, text: str) -> Bound:
        """What `text` asks for, as an index can answer it. Raises QueryError."""
        with self._records.read() as tx:
            asked = self._parse(tx, actor, text)
            node, bounded = bind(tx, actor, asked)
        return Bound(asked, bind_alike(self._index, actor, node), bounded)

    def check(self, actor: Actor, text: str) -> QueryError | None:
        """What is wrong with `text` as a search; None where nothing is."""
        try:
            with self._records.read() as tx:
                self._parse(tx, actor, text)
        except QueryError as error:
            return error
        return None

    def export(self, actor: Actor, text: str, order: Order = "newest") -> Export:
        """Every hit; what is asked for is noted in the audit trail.

        What is wrong with the query or the right to export shows before the first post is given.
        Raises ForbiddenError, QueryError.
        """
        require(actor, "export")
        bound = self.bound(actor, text)
        with self._records.write() as tx:
            now = self._clock.now()
            audit.append(tx, actor.workspace, actor.user_id, "export", "posts", now, query=text)
        # By relevance an index looks at a bounded number of posts; an export leaves none out.
        order = "newest" if order == "relevance" else order
        first = self._reading.search(actor, bound.node, order, EXPORT_PAGE)
        return Export(self._pages(actor, bound.node, order, first), bound.bounded)

    def post(self, actor: Actor, post_key: str) -> Hit:
        """One post. Raises NotFoundError where it isn't there or out of reach."""
        require(actor, "read_posts")
        found = self._reading.get(actor, [post_key])
        if not found:
            raise NotFoundError("post", post_key)
        return Hit(found[0], ())

    def thread(self, actor: Actor, thread_key: str) -> list[Hit]:
        """A whole conversation, oldest first; empty where none of its posts is in the actor's reach."""
        require(actor, "read_posts")
        found = self._reading.thread(actor, [thread_key])
        # The index gives a thread whole, whatever the scope's monitors: a way in is needed first.
        if actor.monitors is not None and not self._index.get(actor.scope, [post.post.key for post in found]):
            return []
        return [Hit(post, ()) for post in found]

    def _parse(self, tx: Connection, actor: Actor, text: str) -> Node:
        zone = workspaces.get(tx, actor.workspace).zone
        return query.parse(text, zone=zone, now=self._clock.now())

    def _pages(self, actor: Actor, node: Node, order: Order, page: Page) -> Iterator[EnrichedPost]:
        yield from page.hits
        while page.cursor:
            page = self._reading.search(actor, node, order, EXPORT_PAGE, page.cursor)
            yield from page.hits


def bind(tx: Connection, actor: Actor, node: Node) -> tuple[Node, bool]:
    """Answer monitor: by name, and case: and tag: as a bounded set of threads, from the records."""
    if "monitor" in query.fields_used(node):
        node = _named(node, monitor_names(tx, actor.workspace))
    return query.bind_threads(node, lambda field: _threads(tx, actor.workspace, field), BOUND)


def bind_alike(index: PostIndex, actor: Actor, node: Node) -> Node:
    """The query with the key of every alike: replaced by what finds near-duplicates of that post, if it is in reach."""
    keys = list(dict.fromkeys(one.value for one in leaves(node) if isinstance(one, Field) and one.name == "alike"))
    if not keys:
        return node
    bands = {post.post.key: post.bands for post in index.get(actor.scope, keys)}
    return _likened(node, {key: ",".join(marks(bands.get(key, ()))) for key in keys})


def _likened(node: Node, found: dict[str, str]) -> Node:
    match node:
        case Field("alike"):
            return Field("alike", ":", found[node.value]) if found[node.value] else NOTHING
        case Not():
            return Not(_likened(node.child, found))
        case And() | Or():
            return type(node)(tuple(_likened(child, found) for child in node.children))
    return node


def monitor_names(tx: Connection, workspace: str) -> dict[str, list[str]]:
    """The ids of the monitors of each name, folded."""
    found: dict[str, list[str]] = {}
    for monitor in monitors.of_workspace(tx, workspace):
        found.setdefault(fold(monitor.name), []).append(monitor.id)
    return found


def _named(node: Node, names: dict[str, list[str]]) -> Node:
    """The query with every monitor: that names one replaced by its id; ids stay."""
    match node:
        case Field("monitor"):
            ids = names.get(fold(node.value), [node.value])
            found = tuple(Field("monitor", ":", one) for one in ids)
            return found[0] if len(found) == 1 else Or(found)
        case Not():
            return Not(_named(node.child, names))
        case And() | Or():
            return type(node)(tuple(_named(child, names) for child in node.children))
    return node


def _threads(tx: Connection, workspace: str, field: Field) -> list[str]:
    found = select(cases.c.thread_key).where(cases.c.workspace == workspace)
    if field.name == "tag":
        found = found.join(case_tags, case_tags.c.case_id == cases.c.id).join(tags, tags.c.id == case_tags.c.tag_id)
        found = found.where(tags.c.name == field.value)
    elif field.value.isdecimal():
        found = found.where(cases.c.number == int(field.value))
    elif field.value == "answered":
        found = found.where(cases.c.first_answer_at.is_not(None))
    elif field.value != "any":
        found = found.where(cases.c.status == field.value)
    newest_first = found.order_by(cases.c.last_post_at.desc()).limit(BOUND + 1)
    return [row.thread_key for row in tx.execute(newest_first)]
