"""What a firehose says that concerns nobody is dropped here, before it reaches the stream."""

from __future__ import annotations

from collections import OrderedDict

from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.query import MonitorSet, Subject, leaves
from crm.query.tree import And, Everything, Field, Node, Not, Or, Words
from crm.text import overheard, searchable, tokens
from crm.usecases.snapshots import Snapshot, Snapshots
from crm.words import Collected, CollectedEvent, Post, Removed

KNOWN_EARLY = frozenset({"author", "platform", "followers", "has"})
REMEMBERED = 100_000
WARM_SECONDS = 300.0


class Sieve:
    """Lets through posts that may match a monitor or belong to a watched thread, and what befalls posts we may have.

    Language, sentiment and the like are not known yet, so conditions on them count as met; enrichment decides.
    Right after the start removals all pass: posts that are still on the stream are not in the index yet.
    """

    def __init__(self, snapshots: Snapshots, index: PostIndex, clock: Clock) -> None:
        self._snapshots, self._index, self._clock = snapshots, index, clock
        self._began = clock.monotonic()
        self._passed: OrderedDict[str, None] = OrderedDict()
        self._snapshot: Snapshot | None = None
        self._monitors: list[MonitorSet] = []
        self._threads: frozenset[str] = frozenset()
        self._own: frozenset[str] = frozenset()
        self._persian = False

    def lets_through(self, event: CollectedEvent) -> bool:
        """Whether the event goes on the stream."""
        self._refresh()
        if isinstance(event, Removed):
            return self._may_have(event)
        if not self._concerns_us(event):
            return False
        self._passed[event.post.key] = None
        if len(self._passed) > REMEMBERED:
            self._passed.popitem(last=False)
        return True

    def _concerns_us(self, event: Collected) -> bool:
        post = event.post
        if event.origin != "stream" or post.author.key in self._own:
            return True
        if {post.root_key, post.parent_key} & self._threads:
            return True
        subject = _early(post, self._persian)
        if any(monitors.match(subject) for monitors in self._monitors):
            return True
        return post.edited_at is not None and self._has(post.key)  # it may have matched with its words of before

    def _may_have(self, event: Removed) -> bool:
        if event.post_key is None or self._clock.monotonic() - self._began < WARM_SECONDS:
            return True
        return self._has(event.post_key)

    def _has(self, post_key: str) -> bool:
        if post_key in self._passed:
            return True
        workspaces = self._snapshots.current().workspaces
        return any(self._index.get(Scope(one, None, private=True), [post_key]) for one in workspaces)

    def _refresh(self) -> None:
        snapshot = self._snapshots.current()
        if snapshot is self._snapshot:
            return
        self._snapshot = snapshot
        every = snapshot.workspaces.values()
        self._monitors = [MonitorSet({key: relaxed(node) for key, node in one.queries.items()}) for one in every]
        self._persian = any(_has_persian(node) for one in every for node in one.queries.values())
        self._threads = frozenset().union(*(one.threads for one in every))
        self._own = frozenset().union(*(one.own for one in every))


def _early(post: Post, persian: bool) -> Subject:
    # Whether it is Finglish is not known yet either; enrichment decides.
    return Subject.new(post, overheard(searchable(post)) if persian else tokens(searchable(post)))


def _has_persian(node: Node) -> bool:
    """Whether a query asks for Persian words, which a post in Finglish may say too."""
    texts = (
        leaf.tokens[0] if isinstance(leaf, Words) else leaf.token
        for leaf in leaves(node)
        if not isinstance(leaf, Field)
    )
    return any("\u0600" <= text[0] <= "\u08ff" for text in texts)


def relaxed(node: Node) -> Node:
    """The query with every condition that is only known after enrichment taken as met."""
    if isinstance(node, Field):
        return node if node.name in KNOWN_EARLY else Everything()
    if isinstance(node, Not):
        return Everything() if _late(node.child) else node
    if isinstance(node, And):
        return And(tuple(relaxed(child) for child in node.children))
    if isinstance(node, Or):
        return Or(tuple(relaxed(child) for child in node.children))
    return node


def _late(node: Node) -> bool:
    if isinstance(node, Field):
        return node.name not in KNOWN_EARLY
    if isinstance(node, Not):
        return _late(node.child)
    return isinstance(node, And | Or) and any(_late(child) for child in node.children)
