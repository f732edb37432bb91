"""What a fault run lets people say, drawn from a seed, and the model of what must be found in the end.

Posts are doubled, edited and deleted. Every promise about them is independent of the order in which they arrive:
the newest version is shown, a deletion wins, a thread that asks something is one case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from crm.words import Author, Collected, CollectedEvent, Post, Removed

PLATFORM = "x"
BRAND = {"en": "Nanmah", "fa": "نان‌ماه"}
PARCEL = {"en": "parcel", "fa": "بسته"}
SAID = {
    "en": (
        "{name} number {number} has been on my mind all day and nobody ever answers the telephone",
        "I waited at the counter with {name} {number} for an hour and then they sent me away again",
        "somebody told me that {name} {number} would be better next week but I do not believe it",
    ),
    "fa": (
        "از دیروز برای {name} شماره {number} منتظر مانده‌ام و هیچ‌کس جواب تلفن را نمی‌دهد",
        "امروز یک ساعت برای {name} {number} در صف ایستادم و آخرش گفتند که فردا بیایید",
        "دوستم گفت که {name} {number} هفته آینده بهتر می‌شود ولی من که باور نمی‌کنم",
    ),
}
PLAIN = {"en": "the old bakery", "fa": "آن مغازه قدیمی"}
ASKS, TALKS_OF_PARCELS = 0.04, 0.1
DOUBLED, EDITED, DELETED = 0.1, 0.05, 0.03
ANSWERS = 0.3
"""Shares of all posts; of those that ask something, as many as ANSWERS stand in the thread of another one."""


@dataclass(frozen=True)
class Said:
    """One post as its platform knows it in the end; `edits` are later texts with their times."""

    number: int
    text: str
    language: str
    at: datetime
    asks: bool
    of_parcels: bool
    root: int | None = None
    edits: tuple[tuple[datetime, str], ...] = ()
    deleted: bool = False

    @property
    def key(self) -> str:
        """The post's key."""
        return f"{PLATFORM}:{self.number}"

    @property
    def thread_key(self) -> str:
        """The key of its thread."""
        return f"{PLATFORM}:{self.number if self.root is None else self.root}"

    @property
    def newest(self) -> tuple[datetime, str]:
        """The time and the text of its newest version."""
        return max(((self.at, self.text), *self.edits))

    @property
    def seconds(self) -> int:
        """The platform's clock of its newest version."""
        return int(self.newest[0].timestamp())

    def row(self) -> dict[str, str]:
        """Its first version as a row of a file."""
        row = {"id": str(self.number), "text": self.text, "author": self.author, "created_at": self.at.isoformat()}
        return row if self.root is None else {**row, "conversation_id": str(self.root)}

    def versions(self, source: str, workspace: str, *, first: bool = False) -> list[CollectedEvent]:
        """What the platform says of it later, and `first` of all its first version."""
        author, root = Author(PLATFORM, self.author, self.author), self.thread_key if self.root is not None else None
        later: list[CollectedEvent] = [
            Collected(
                source, Post(PLATFORM, str(self.number), author, text, self.at, root_key=root, edited_at=at), at,
                "import", workspace, open_cases=True,
            )
            for at, text in (*([(self.at, self.text)] if first else []), *self.edits)
        ]  # fmt: skip
        return later + ([Removed(source, self.at, self.key, workspace=workspace)] if self.deleted else [])

    @property
    def author(self) -> str:
        """Who says it."""
        return f"a{self.number % 997}"


@dataclass
class Portion:
    """What arrives at once: rows of a file, and what the platform says of posts that came before or come later."""

    rows: list[dict[str, str]] = field(default_factory=list)
    later: list[Said] = field(default_factory=list)


class World:
    """`posts` posts of one seed, and in which portions they arrive."""

    def __init__(self, posts: int, portions: int, random: Random, now: datetime | None = None) -> None:
        self._random, self._now = random, (now or datetime.now(UTC)).replace(microsecond=0)
        self._asked: list[int] = []
        self.posts = [self._post(number, posts) for number in range(posts)]
        self.portions = [Portion() for _ in range(portions)]
        for one in self.posts:
            first = one.number * portions // posts
            self.portions[first].rows.append(one.row())
            if random.random() < DOUBLED:
                self._any_from(first).rows.append(one.row())
            if one.edits or one.deleted:
                self._any_from(max(0, first - 1)).later.append(one)

    @cached_property
    def alive(self) -> dict[str, Said]:
        """What must be found, by key."""
        return {one.key: one for one in self.posts if not one.deleted}

    @cached_property
    def threads(self) -> dict[str, list[Said]]:
        """The posts that ask something, by thread, oldest first."""
        found: dict[str, list[Said]] = {}
        for one in self.posts:
            if one.asks:
                found.setdefault(one.thread_key, []).append(one)
        return found

    def _any_from(self, first: int) -> Portion:
        return self.portions[self._random.randrange(first, len(self.portions))]

    def _post(self, number: int, of: int) -> Said:
        random = self._random
        language, asks, parcels = (
            random.choice(("en", "fa")),
            random.random() < ASKS,
            random.random() < TALKS_OF_PARCELS,
        )
        at = self._now - timedelta(seconds=60 + of - number)
        root = random.choice(self._asked) if asks and self._asked and random.random() < ANSWERS else None
        if asks and root is None:
            self._asked.append(number)
        names = [name[language] for name, wanted in ((BRAND, asks), (PARCEL, parcels)) if wanted]
        text = random.choice(SAID[language]).format(name=" ".join(names) or PLAIN[language], number=number)
        edits = tuple(
            (at + timedelta(seconds=10 * turn), f"{text} {turn}")
            for turn in range(1, 1 + (random.randint(1, 3) if random.random() < EDITED else 0))
        )
        return Said(number, text, language, at, asks, parcels, root, edits, random.random() < DELETED)


def as_lines(rows: Iterable[dict[str, str]]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def shuffled(events: Sequence[CollectedEvent], random: Random) -> list[CollectedEvent]:
    """Events in an order of their own, one in ten of them twice."""
    told = [*events, *(event for event in events if random.random() < DOUBLED)]
    random.shuffle(told)
    return told
