"""The same text by many accounts: near-duplicates shown as one, and the largest groups of them.

An index finds what may be alike by hashes; here the words themselves settle it, of a bounded number of posts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from crm.policies.access import Actor, require
from crm.ports.index import PostIndex
from crm.ports.likeness import Likeness, Words, alike, marks, near, seeds
from crm.query.tree import And, Field, Node, Or
from crm.query.walk import fields_used
from crm.text import searchable
from crm.usecases.monitors import Hit
from crm.usecases.reading import Reading
from crm.usecases.search import Search
from crm.words import EnrichedPost

PAGE_SAMPLE = 500
SAMPLE = 200
"""A group of more posts is judged by this many of its newest and of its oldest."""

SEED_SAMPLE = 50
SEEDS_COUNTED, TRIES = 400, 40
"""Of the most frequent seeds, so many are counted and so many looked at for groups; a group has several."""

MOST_ACCOUNTS = 10_000


class Group(Struct, frozen=True):
    """Posts that are near-duplicates of `example`, itself among them.

    `accounts` is how many different ones said it, `first` and `last` when. Where there are more than were compared,
    `about` is true: `posts` and `accounts` are as many then as the share of true ones among those makes likely.
    """

    example: EnrichedPost
    posts: int
    accounts: int
    first: datetime
    last: datetime
    about: bool = False


class Folded(Struct, frozen=True):
    """A hit, and the group that it stands for; None where nothing else is nearly the same."""

    hit: Hit
    group: Group | None


class _Text(Struct, frozen=True):
    post: EnrichedPost
    words: Words


class Campaigns:
    """Near-duplicates within a search and the actor's reach."""

    def __init__(self, search: Search, index: PostIndex, likeness: Likeness) -> None:
        self._search, self._index, self._likeness = search, index, likeness
        self._reading = Reading(index)

    def folded(self, actor: Actor, text: str, hits: Sequence[Hit]) -> list[Folded]:
        """Hits of a page of this search, near-duplicates among them as one, with how many more there are.

        A search that itself asks for near-duplicates is left as it is. Raises QueryError.
        """
        require(actor, "read_posts")
        bound = self._search.bound(actor, text)
        texts = self._texts([hit.post for hit in hits])
        if "alike" in fields_used(bound.asked) or not any(one.words for one in texts):
            return [Folded(hit, None) for hit in hits]
        first: list[tuple[Hit, _Text]] = []
        for hit, one in zip(hits, texts, strict=True):
            if not any(_alike(other, one) for _, other in first):
                first.append((hit, one))
        groups = self._groups(actor, bound.node, [one for _, one in first])
        return [Folded(hit, group) for (hit, _), group in zip(first, groups, strict=True)]

    def largest(self, actor: Actor, text: str, limit: int = 10) -> list[Group]:
        """The largest groups in a search, by accounts and then posts. Raises QueryError."""
        require(actor, "read_posts")
        node = self._search.bound(actor, text).node
        found: list[Group] = []
        known: set[str] = set()
        tries = 0
        for bucket in self._index.count(actor.scope, node, ["text"], limit=SEEDS_COUNTED):
            if len(found) >= limit or tries == TRIES:
                break
            if bucket.keys[0] in known:
                continue
            tries += 1
            for same in self._same(actor, And((node, Field("alike", ":", bucket.keys[0])))):
                known.update(seed for one in same for seed in seeds(one.post.bands))
                group = self._group(actor, node, same[0])
                if group and not self._among(group, found):
                    found.append(group)
        return sorted(found, key=lambda group: (-group.accounts, -group.posts))[:limit]

    def _same(self, actor: Actor, node: Node) -> list[list[_Text]]:
        """The sets of near-duplicates of one text among some posts."""
        texts = self._texts(self._reading.search(actor, node, limit=SEED_SAMPLE).hits)
        sets: list[list[_Text]] = []
        for one in texts:
            its = next((some for some in sets if alike(some[0].words, one.words)), None)
            if its is None:
                sets.append([one])
            else:
                its.append(one)
        return [some for some in sets if len(some) > 1]

    def _among(self, group: Group, others: Sequence[Group]) -> bool:
        words, *known = self._likeness.words([searchable(one.example.post) for one in (group, *others)])
        return any(alike(words, its) for its in known)

    def _groups(self, actor: Actor, node: Node, texts: Sequence[_Text]) -> list[Group | None]:
        """The group of each text, found for all of them at once where they are small."""
        asked = [_like(one.post) for one in texts if one.post.bands]
        if not asked:
            return [None] * len(texts)
        page = self._reading.search(actor, And((node, Or(tuple(asked)))), limit=PAGE_SAMPLE)
        if page.cursor is None:
            near_by = self._texts(page.hits)
            return [_exact(one, near_by) for one in texts]
        return [self._group(actor, node, one) for one in texts]

    def _group(self, actor: Actor, node: Node, one: _Text) -> Group | None:
        if not one.post.bands:
            return None
        query = And((node, _like(one.post)))
        newest = self._reading.search(actor, query, "newest", SAMPLE)
        sample = self._texts(newest.hits)
        if newest.cursor is None:
            return _exact(one, sample)
        sample += self._texts(self._reading.search(actor, query, "oldest", SAMPLE).hits)
        right = [other.post for other in sample if alike(one.words, other.words)]
        share = len(right) / len(sample)
        posts = sum(bucket.posts for bucket in self._index.count(actor.scope, query))
        accounts = len(self._index.count(actor.scope, query, ["author"], limit=MOST_ACCOUNTS))
        times = [other.post.posted_at for other in (one.post, *right)]
        return Group(
            one.post, max(round(posts * share), 1), max(round(accounts * share), 1), min(times), max(times),
            share < 1 or accounts == MOST_ACCOUNTS,
        )  # fmt: skip

    def _texts(self, posts: Sequence[EnrichedPost]) -> list[_Text]:
        words = self._likeness.words([searchable(one.post) for one in posts])
        return [_Text(one, its) for one, its in zip(posts, words, strict=True)]


def _like(post: EnrichedPost) -> Field:
    return Field("alike", ":", ",".join(marks(post.bands)))


def _alike(one: _Text, other: _Text) -> bool:
    # Both: what an index would not have found isn't counted either.
    return near(marks(one.post.bands), other.post.bands) and alike(one.words, other.words)


def _exact(one: _Text, others: Sequence[_Text]) -> Group | None:
    """The group of a text among all that may be alike; None where it is alone."""
    posts = [
        other.post for other in others if other.post.key == one.post.key or _alike(one, other)
    ]  # fmt: skip
    if len(posts) < 2:
        return None
    times = [other.post.posted_at for other in posts]
    return Group(one.post, len(posts), len({other.post.author.key for other in posts}), min(times), max(times))
