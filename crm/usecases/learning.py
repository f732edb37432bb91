"""Learning from people: a workspace's own answers make a head, which is used where it is no worse on kept rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Connection

from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.policies.heads import Floats, Head, Judged, kept, learned
from crm.ports.clock import Clock
from crm.ports.encoder import Encoder
from crm.ports.graded import Graded
from crm.ports.index import PostIndex, Scope
from crm.records import audit, changes, corrections, heads, jobs, workspaces
from crm.records.corrections import Answer
from crm.records.database import Records
from crm.records.heads import LIVE, PILOTED, REFUSED, HeadRow
from crm.text import searchable
from crm.words import EnrichedPost

LEARN = "learn_head"
TASK = "sentiment"
"""The question that heads are learned for."""
FRESH = 20
"""So many new answers are learned from by themselves."""
PAGE = 500


class Learning:
    """What the Quality page and the HTTP API call."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock = records, clock

    def versions(self, actor: Actor) -> list[HeadRow]:
        """Every version that was learned, newest first."""
        require(actor, "read_trends")
        with self._records.read() as tx:
            return heads.every(tx, actor.workspace, TASK)

    def work(self, actor: Actor) -> jobs.Work | None:
        """The last time that something was learned, or is now."""
        require(actor, "read_trends")
        with self._records.read() as tx:
            return jobs.newest(tx, actor.workspace, LEARN)

    def learn(self, actor: Actor) -> None:
        """Learn from the answers there are, in the background; nothing where that waits already."""
        require(actor, "edit_workspace")
        with self._records.write() as tx:
            ask(tx, actor.workspace, self._clock.now())

    def use(self, actor: Actor, head_id: str, *, pilot: bool = False) -> None:
        """Use a version, for all posts or as a pilot on a tenth. Raises NotFoundError, InvalidInputError (refused)."""
        require(actor, "edit_workspace")
        with self._records.write() as tx:
            head = heads.get(tx, actor.workspace, head_id)
            if head.state == REFUSED and not pilot:
                raise InvalidInputError(
                    f"Version {head.number} was not shown to be as good as what is in use on the answers kept for "
                    "judging; try it as a pilot first."
                )
            heads.put_in_use(tx, actor.workspace, TASK, head_id, PILOTED if pilot else LIVE)
            self._note(tx, actor, f"{head.number}{' (pilot)' if pilot else ''}")

    def take_back(self, actor: Actor) -> None:
        """Go back to the shipped model alone; versions stay and can be used again."""
        require(actor, "edit_workspace")
        with self._records.write() as tx:
            heads.put_in_use(tx, actor.workspace, TASK, None)
            self._note(tx, actor, "0")

    def _note(self, tx: Connection, actor: Actor, version: str) -> None:
        now = self._clock.now()
        workspaces.next_revision(tx, actor.workspace)
        audit.append(tx, actor.workspace, actor.user_id, "use_head", TASK, now, version=version)
        changes.note(tx, actor.workspace, "post", "", now)


def ask(tx: Connection, workspace: str, now: datetime) -> None:
    """Queue learning; nothing where it waits or runs already."""
    jobs.hold(tx, workspace, LEARN)
    last = jobs.newest(tx, workspace, LEARN)
    if last is None or last.state not in ("waiting", "running"):
        jobs.ask(tx, workspace, LEARN, now)


def ask_where_answers_are_new(records: Records, clock: Clock) -> None:
    """Ask for learning in every workspace where people gave enough answers since the last time."""
    with records.write() as tx:
        for workspace in workspaces.every(tx):
            last = jobs.newest(tx, workspace.id, LEARN)
            answers = corrections.answered(tx, workspace.id, TASK)
            if sum(last is None or one.at > last.created_at for one in answers) >= FRESH:
                ask(tx, workspace.id, clock.now())


def learn_now(
    records: Records, index: PostIndex, model: Graded, encoder: Encoder, workspace: str, clock: Clock
) -> Judged:
    """Learn a version from all answers there are, judge it on those that are kept, and use it where it is no worse."""
    with records.read() as tx:
        answers = _last_words(corrections.answered(tx, workspace, TASK))
        now_used = heads.in_use(tx, workspace, named(encoder)).get(TASK, ())
    posts = _posts(index, workspace, list(answers))
    usable = [one for one in posts if answers[one.post.key].value in model.labels]
    texts = [searchable(one.post) for one in usable]
    shipped, vectors = model.shares(texts), encoder.encode(texts)
    truths = np.array([model.labels.index(answers[one.post.key].value) for one in usable], dtype=np.int64)
    apart = np.array([kept(one.post.key) for one in usable], dtype=bool)
    weights = learned(shipped[~apart], vectors[~apart], truths[~apart].tolist())
    used = next((head for head in now_used if head.share >= 1), None)
    judged = Judged(
        int((~apart).sum()), int(apart.sum()),
        _right(Head("", model.labels, weights), shipped[apart], vectors[apart], truths[apart]),
        _right(used, shipped[apart], vectors[apart], truths[apart]),
    )  # fmt: skip
    now = clock.now()
    with records.write() as tx:
        state = LIVE if judged.accepted else REFUSED
        head_id = heads.add(tx, workspace, TASK, model.labels, named(encoder), weights, judged, REFUSED, now)
        if state == LIVE:
            heads.put_in_use(tx, workspace, TASK, head_id)
            workspaces.next_revision(tx, workspace)
        changes.note(tx, workspace, "post", "", now)
    return judged


def named(encoder: Encoder) -> str:
    """The vectors that a head was learned on."""
    return f"{encoder.name} {encoder.version}"


def _right(head: Head | None, shipped: Floats, vectors: np.ndarray, truths: np.ndarray) -> int:
    shares = head.shares(shipped, vectors) if head else shipped
    return int((shares.argmax(axis=1) == truths).sum()) if len(truths) else 0


def _last_words(answers: Sequence[Answer]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for one in answers:
        found.setdefault(one.post_key, one)
    return found


def _posts(index: PostIndex, workspace: str, keys: Sequence[str]) -> list[EnrichedPost]:
    scope, found = Scope(workspace, None, private=True), list[EnrichedPost]()
    for at in range(0, len(keys), PAGE):
        found += index.get(scope, keys[at : at + PAGE])
    return sorted(found, key=lambda one: one.post.key)
