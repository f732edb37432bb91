"""From collected posts to understood ones: events in, events out, without input or output of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat

import numpy as np
from msgspec import Struct, structs

from crm import envelope
from crm.policies import ties
from crm.policies.heads import Head
from crm.ports.classifier import Classifier
from crm.ports.encoder import Encoder
from crm.ports.graded import Graded
from crm.ports.likeness import Likeness
from crm.ports.log import Event, Record
from crm.ports.signals import SignalReader, Signals
from crm.ports.topics import TopicBook, Vectors
from crm.query import Subject
from crm.text import finglish, heard, searchable, tokens
from crm.usecases.snapshots import Snapshot, WorkspaceSnapshot
from crm.words import (
    AGAIN,
    PERSON,
    SAME_WORDS,
    Collected,
    EnrichedEvent,
    EnrichedPost,
    Label,
    Post,
    Removed,
    RemovedPost,
)
from enrich.cascade import Cascade

SHIPPED, SURE = "sentiment-ngrams", 0.45
"""The model that heads build on, and its threshold."""


class Models(Struct, frozen=True):
    """One classifier per question, what reads several at once, and what finds near-duplicates."""

    language: Classifier
    sentiment: Graded
    urgency: Classifier
    likeness: Likeness
    signals: SignalReader
    encoder: Encoder


class Understood(Struct, frozen=True):
    """What the models say of one post, before any workspace looks at it. `tokens` are those of its text as written."""

    tokens: tuple[str, ...]
    language: Label
    sentiment: Label
    urgency: Label
    signals: Signals
    bands: tuple[str, ...] = ()
    vector: Vectors | None = None
    moods: tuple[float, ...] | None = None


class Enricher:
    """The handler of the enrich role. See :class:`stream.worker.Worker`."""

    def __init__(
        self, models: Models, snapshot: Callable[[], Snapshot], fresh: Callable[[], Snapshot],
        cascade: Cascade | None = None,
    ) -> None:  # fmt: skip
        """`snapshot` may be a second old, `fresh` is read at once; `cascade` asks a costly model of sentiment."""
        self._models, self._snapshot, self._fresh, self._cascade = models, snapshot, fresh, cascade

    def __call__(self, events: Sequence[Event]) -> list[Record]:
        """Enrich a batch. Raises PermanentError where an event can't be read."""
        collected = [envelope.decode_collected(event.value) for event in events]
        # What comes again comes because a correction or a monitor was just stored: it must be seen.
        again = any(one.source == AGAIN for one in collected)
        snapshot = self._fresh() if again else self._snapshot()
        posts = [one for one in collected if isinstance(one, Collected)]
        everybody = snapshot.workspaces.values()
        headed = any(workspace.heads for workspace in everybody)
        topical = headed or any(workspace.topics for workspace in everybody)
        understood = iter(self.understand([one.post for one in posts], topical, headed))
        out: list[EnrichedEvent] = []
        for one in collected:
            if isinstance(one, Collected):
                out += _for_workspaces(one, next(understood), snapshot)
            else:
                out += _removals(one, snapshot)
        return [envelope.record(event) for event in out]

    def understand(self, posts: Sequence[Post], topical: bool = False, headed: bool = False) -> list[Understood]:
        """Ask every model once for the whole batch; vectors and shares only where some workspace builds on them."""
        texts = [searchable(post) for post in posts]
        languages, moods = self._models.language.predict(texts), self._models.sentiment.predict(texts)
        answers = zip(
            languages,
            self._cascade.better(posts, texts, moods) if self._cascade else moods,
            self._models.urgency.predict(texts),
            self._models.signals.read(texts, [label.value for label in languages]),
            self._models.likeness.bands(texts),
            self._models.encoder.encode(texts) if topical else repeat(None, len(texts)),
            map(tuple, self._models.sentiment.shares(texts).tolist()) if headed else repeat(None, len(texts)),
            strict=True,
        )
        return [Understood(tuple(tokens(text)), *found) for text, found in zip(texts, answers, strict=True)]


def _for_workspaces(event: Collected, understood: Understood, snapshot: Snapshot) -> list[EnrichedEvent]:
    if event.workspace is None:
        targets = snapshot.of_source(event.source)
    else:
        target = snapshot.workspaces.get(event.workspace)
        targets = [target] if target else []
    found = [_enriched(event, understood, one) for one in targets]
    # What comes again or was edited stands in the index already, and what it says there is to be replaced.
    if event.source == AGAIN or event.post.edited_at:
        return [*found]
    return [one for one, workspace in zip(found, targets, strict=True) if _wanted(one, workspace)]


def _wanted(post: EnrichedPost, workspace: WorkspaceSnapshot) -> bool:
    """The index holds what was imported, is ours, is context of a thread, or matches a monitor."""
    if post.origin != "stream" or post.own or post.monitors:
        return True
    return bool({post.thread_key, post.post.parent_key} & workspace.threads)


def _enriched(event: Collected, understood: Understood, workspace: WorkspaceSnapshot) -> EnrichedPost:
    post = event.post
    if workspace.heads:
        sentiment = _headed(understood, post.key, workspace.heads.get("sentiment", ()))
        understood = structs.replace(understood, sentiment=sentiment)
    same = workspace.same_words.get(" ".join(understood.bands), {}) if workspace.same_words else {}
    labels = _corrected(_corrected(understood, same, SAME_WORDS), workspace.corrections.get(post.key, {}), PERSON)
    own = event.own or event.origin == "own" or post.author.key in workspace.own
    tie = None if own else ties.exact(post.author, workspace.ties)
    said = understood.tokens
    if labels.language.value == finglish.LANGUAGE:
        said = (*said, *_heard(searchable(post)))
    signals = labels.signals
    whole = EnrichedPost(
        workspace=workspace.id, post=post, tokens=" ".join(said), language=labels.language,
        sentiment=labels.sentiment, urgency=labels.urgency, revision=workspace.revision, thread_key=post.thread_key,
        customer=tie.customer_id if tie else None, origin=event.origin, own=own, made_up=event.origin == "demo",
        open_cases=event.open_cases, collected_at=event.collected_at, intents=signals.intents, emotion=signals.emotion,
        offence=signals.offence, aspects=signals.aspects, bands=understood.bands,
    )  # fmt: skip
    monitors = workspace.monitors.match(Subject.of(whole))
    return structs.replace(whole, monitors=monitors, topics=_topics(understood.vector, monitors, workspace.topics))


def _headed(understood: Understood, key: str, heads: Sequence[Head]) -> Label:
    """The sentiment by the workspace's own head, where it has one; a model that is better still is left alone."""
    shipped = understood.sentiment
    head = next((one for one in heads if one.answers(key)), None)
    if head is None or understood.vector is None or understood.moods is None or shipped.model != SHIPPED:
        return shipped
    shares = head.shares(np.array([understood.moods]), understood.vector[None, :])[0]
    best = int(shares.argmax())
    sure = shares[best] >= SURE and understood.vector.any()
    return Label(head.labels[best] if sure else None, round(float(shares[best]), 4), f"{SHIPPED}+own", head.version)


def _topics(vector: Vectors | None, monitors: Sequence[str], books: Mapping[str, TopicBook]) -> tuple[str, ...]:
    """The topic of a post in each of its monitors that has topics."""
    if vector is None or not vector.any():
        return ()
    found = [books[monitor].of(vector) for monitor in monitors if monitor in books]
    return tuple(topic for topic in found if topic is not None)


@lru_cache(maxsize=1000)
def _heard(text: str) -> tuple[str, ...]:
    # Kept because several workspaces may want the same post.
    return tuple(heard(text))


def _corrected(understood: Understood, answers: Mapping[str, str], who: str) -> Understood:
    if not answers:
        return understood
    said = {task: Label(value, 1.0, who, "") for task, value in answers.items()}
    return Understood(
        understood.tokens,
        said.get("language", understood.language),
        said.get("sentiment", understood.sentiment),
        said.get("urgency", understood.urgency),
        structs.replace(
            understood.signals,
            emotion=said.get("emotion", understood.signals.emotion),
            offence=said.get("offence", understood.signals.offence),
        ),
        understood.bands,
        understood.vector,
        understood.moods,
    )


def _removals(event: Removed, snapshot: Snapshot) -> list[EnrichedEvent]:
    ids = [event.workspace] if event.workspace is not None else [one.id for one in snapshot.of_source(event.source)]
    return [
        RemovedPost(one, event.removed_at, event.post_key, event.author_key, for_good=event.for_good) for one in ids
    ]
