"""How good the models are on this team's own posts: by what people answered, and by what changes by itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from math import sqrt

from msgspec import Struct

from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import Dimension, PostIndex
from crm.query.tree import And, Field, FieldName, Node, Not
from crm.records import corrections
from crm.records.corrections import VALUES, Answer
from crm.records.database import Records
from crm.usecases.reading import Reading
from crm.words import EnrichedPost

ENOUGH = 30
"""Answers below which a share says too little."""
QUEUE = 20
RECENT, BEFORE = timedelta(days=7), timedelta(days=28)
DRIFT, SURE = 0.05, 3.0
"""A share that moved by so much, and by so many of its standard errors, is an alarm."""

DIMENSIONS: dict[str, Dimension] = {"sentiment": "sentiment", "language": "language", "urgency": "urgency"}
FIELDS: dict[str, FieldName] = {
    "sentiment": "sentiment",
    "language": "lang",
    "urgency": "urgency",
    "emotion": "emotion",
}
LENGTHS = ((40, "short"), (140, "middle"), (1 << 62, "long"))
FOLLOWERS = ((100, "few"), (10_000, "some"), (1 << 62, "many"))


class Score(Struct, frozen=True):
    """How often the model was right among `answered` posts; abstentions count as neither.

    `right` of `judged` is the accuracy where `enough` is true; else there is too little data to say.
    """

    name: str
    answered: int
    judged: int
    right: int

    @property
    def enough(self) -> bool:
        """Whether there are answers enough to speak of a share."""
        return self.judged >= ENOUGH


class Drift(Struct, frozen=True):
    """The share of posts with one answer, in the last 7 days and in the 28 before; empty `value`: abstentions."""

    value: str
    share: float
    before: float
    alarm: bool


class QualityView(Struct, frozen=True):
    """One question's figures. `together` are posts that two or more people answered, `same` those they agreed on."""

    task: str
    whole: Score
    languages: tuple[Score, ...]
    models: tuple[Score, ...]
    lengths: tuple[Score, ...]
    followers: tuple[Score, ...]
    together: int
    same: int
    drift: tuple[Drift, ...]
    recent_posts: int


class Quality:
    """What the Quality page and the HTTP API call."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock
        self._reading = Reading(index)

    def report(self, actor: Actor, task: str) -> QualityView:
        """The figures of one question, over posts that people answered. Raises InvalidInputError for another task."""
        require(actor, "read_trends")
        _check(task)
        with self._records.read() as tx:
            answers = corrections.answered(tx, actor.workspace, task)
        newest = _newest(answers)
        together, same = _agreement(answers)
        drift, recent = self._drift(actor, task)
        return QualityView(
            task, _score("", newest), _by(newest, lambda one: one.language or ""), _by(newest, lambda one: one.model),
            _by(newest, lambda one: _band(one.length, LENGTHS), [name for _, name in LENGTHS]),
            _by([one for one in newest if one.followers is not None],
                lambda one: _band(one.followers or 0, FOLLOWERS), [name for _, name in FOLLOWERS]),
            together, same, drift, recent,
        )  # fmt: skip

    def queue(self, actor: Actor, task: str) -> list[EnrichedPost]:
        """The newest posts of the last 28 days on which the model abstained, for people to answer."""
        require(actor, "correct")
        _check(task)
        if task not in FIELDS:
            return []
        since = (self._clock.now() - BEFORE).isoformat()
        unknown: Node = And((Field(FIELDS[task], ":", "unknown"), Field("since", ":", since),
                             Not(Field("is", ":", "own"))))  # fmt: skip
        found = self._reading.search(actor, unknown, "newest", QUEUE)
        # A post without a word is nothing to judge by, for people either.
        return [hit for hit in found.hits if hit.tokens]

    def _drift(self, actor: Actor, task: str) -> tuple[tuple[Drift, ...], int]:
        if task not in DIMENSIONS:
            return (), 0
        now = self._clock.now()
        middle, first = (now - RECENT).isoformat(), (now - RECENT - BEFORE).isoformat()
        strangers = Not(Field("is", ":", "own"))
        recent = self._shares(actor, task, And((strangers, Field("since", ":", middle))))
        before = self._shares(actor, task, And((strangers, Field("since", ":", first), Field("until", ":", middle))))
        return tuple(drifts(recent, before)), sum(recent.values())

    def _shares(self, actor: Actor, task: str, node: Node) -> Counter[str]:
        buckets = self._index.count(actor.scope, node, [DIMENSIONS[task]])
        return Counter({bucket.keys[0]: bucket.posts for bucket in buckets})


def drifts(recent: Counter[str], before: Counter[str]) -> Iterable[Drift]:
    """Every answer's share now and before, greatest first; none where either time has too few posts."""
    many, some = sum(recent.values()), sum(before.values())
    if many < ENOUGH or some < ENOUGH:
        return
    for value in sorted({*recent, *before}, key=lambda value: -recent[value]):
        share, past = recent[value] / many, before[value] / some
        pooled = (recent[value] + before[value]) / (many + some)
        error = sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / many + 1 / some))
        yield Drift(value, share, past, abs(share - past) >= max(DRIFT, SURE * error))


def _check(task: str) -> None:
    if task not in VALUES:
        raise InvalidInputError(f"There is no question {task!r}; known are {', '.join(VALUES)}.")


def _newest(answers: Sequence[Answer]) -> list[Answer]:
    """The last word about each post; answers come newest first."""
    found: dict[str, Answer] = {}
    for one in answers:
        found.setdefault(one.post_key, one)
    return list(found.values())


def _score(name: str, answers: Sequence[Answer]) -> Score:
    judged = [one for one in answers if one.said is not None]
    return Score(name, len(answers), len(judged), sum(one.said == one.value for one in judged))


def _by(answers: Sequence[Answer], part: Callable[[Answer], str], order: Sequence[str] = ()) -> tuple[Score, ...]:
    parts: dict[str, list[Answer]] = defaultdict(list)
    for one in answers:
        parts[part(one)].append(one)
    names = [name for name in order if name in parts] if order else sorted(parts, key=lambda name: -len(parts[name]))
    return tuple(_score(name, parts[name]) for name in names)


def _band(value: int, bands: Sequence[tuple[int, str]]) -> str:
    return next(name for limit, name in bands if value < limit)


def _agreement(answers: Sequence[Answer]) -> tuple[int, int]:
    """How many posts two or more people answered, and on how many of those all said the same; each one's last word."""
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for one in answers:
        said[one.post_key].setdefault(one.user_id, one.value)
    several = [words for words in said.values() if len(words) > 1]
    return len(several), sum(len(set(words.values())) == 1 for words in several)
