"""Corrections: a person's better answer. People outrank models."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from crm.envelope import record
from crm.errors import InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.ports.likeness import marks
from crm.ports.log import EventLog, Record
from crm.query.tree import Field
from crm.records import audit, changes, corrections, tombstones, workspaces
from crm.records.corrections import VALUES, Answer
from crm.records.database import Records
from crm.words import AGAIN, COLLECTED, PERSON, SAME_WORDS, Collected, EnrichedPost

MOST_ALIKE = 200


class Corrections:
    """Correcting language, sentiment, urgency, emotion and offence of a post; what is right may be confirmed too."""

    def __init__(self, records: Records, index: PostIndex, log: EventLog, clock: Clock) -> None:
        self._records, self._index, self._log, self._clock = records, index, log, clock

    def correct(self, actor: Actor, post_key: str, task: str, value: str) -> None:
        """Keep the answer and send the post through enrichment again.

        Raises: ForbiddenError, NotFoundError, InvalidInputError (unknown task or value).
        """
        require(actor, "correct")
        if value not in VALUES.get(task, ()):
            known = "; ".join(f"{name}: {', '.join(values)}" for name, values in VALUES.items())
            raise InvalidInputError(f"{task!r} can't be corrected to {value!r}; known are {known}.")
        found = self._index.get(actor.scope, [post_key])
        if not found:
            raise NotFoundError("post", post_key)
        now = self._clock.now()
        with self._records.write() as tx:
            tombstones.hold(tx, actor.workspace)
            if tombstones.buried(tx, actor.workspace, [post_key, found[0].post.author.key]):
                raise NotFoundError("post", post_key)
            corrections.put(tx, actor.workspace, post_key, task, value, actor.user_id, new_id(now), now)
            corrections.keep(tx, _answer(tx, actor, found[0], task, value, now))
            workspaces.next_revision(tx, actor.workspace)
            subject = tombstones.opaque(tx, actor.workspace, post_key)
            audit.append(tx, actor.workspace, actor.user_id, "correct", subject, now, task=task, value=value)
            changes.note(tx, actor.workspace, "post", "", now)
        self._log.append(COLLECTED, [again(one, now) for one in (found[0], *self._alike(found[0]))])

    def _alike(self, document: EnrichedPost) -> list[EnrichedPost]:
        """The newest other posts of the same words: they get the answer too, and so will those to come."""
        said = corrections.same_words(document.bands)
        if not said:
            return []
        alike = Field("alike", ":", ",".join(marks(document.bands)))
        found = self._index.search(Scope(document.workspace, None, private=True), alike, "newest", MOST_ALIKE)
        return [one for one in found.hits
                if corrections.same_words(one.bands) == said and one.post.key != document.post.key]  # fmt: skip


def _answer(tx: Connection, actor: Actor, document: EnrichedPost, task: str, value: str, now: datetime) -> Answer:
    """The answer, beside what the model said: known from the answer before where a person had outranked it."""
    label = {"sentiment": document.sentiment, "language": document.language, "urgency": document.urgency,
             "emotion": document.emotion, "offence": document.offence}[task]  # fmt: skip
    said, model = (label.value, f"{label.model} {label.version}".strip()) if label else (None, "")
    if model in (PERSON, SAME_WORDS):
        before = corrections.first_said(tx, actor.workspace, document.post.key, task)
        said, model = (before.said, before.model) if before else (None, "")
    post = document.post
    return Answer(
        new_id(now), actor.workspace, post.key, task, value, said, model, document.language.value, len(post.text),
        corrections.same_words(document.bands),         post.author.followers, actor.user_id, now,
    )  # fmt: skip


def again(document: EnrichedPost, now: datetime) -> Record:
    """The event that sends a post through enrichment once more, as what it was when it first came."""
    collected = Collected(
        AGAIN, document.post, document.collected_at or now, document.origin, document.workspace,
        open_cases=document.open_cases, own=document.own,
    )  # fmt: skip
    return record(collected)
