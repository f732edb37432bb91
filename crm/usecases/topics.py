"""Topics of a monitor: what people talk about, found in the background, named and hidden by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct
from sqlalchemy import Connection

from crm.errors import InvalidInputError, NotFoundError
from crm.ids import new_id
from crm.policies.access import Actor, require
from crm.policies.topics import label, succession
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.ports.topics import FoundTopic, Vectors
from crm.query.tree import And, Field, Node
from crm.records import audit, changes, jobs, monitors, topics, workspaces
from crm.records.database import Records
from crm.records.topics import GONE, LIVE, Theme, Topic, TopicEvent
from crm.usecases.monitors import RERUN
from crm.usecases.reading import Reading
from crm.words import EnrichedPost

FIND = "find_topics"
DAYS = 28
"""Posts of so many days are counted, and as many before."""
EXAMPLES = 3
MOST_THEMES, MOST_WORDS = 20, 8
NAME_LENGTH = 80
STALE = timedelta(days=1)
"""Topics older than this are found anew by themselves."""


class TopicView(Struct, frozen=True):
    """A topic as it is shown: posts of the last 28 days and of the 28 before; `net` sentiment is from -100 to 100."""

    topic: Topic
    label: str
    posts: int
    before: int
    net: float | None
    examples: tuple[EnrichedPost, ...]


class Topics:
    """What the Topics page and the HTTP API call."""

    def __init__(self, records: Records, index: PostIndex, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock
        self._reading = Reading(index)

    def all(self, actor: Actor, monitor_id: str, *, hidden: bool = False) -> list[TopicView]:
        """The topics of a monitor, most posts first; only the `hidden` ones, or only the others. NotFoundError."""
        require(actor, "read_trends")
        with self._records.read() as tx:
            _monitor(tx, actor, monitor_id)
            found = topics.of_monitor(tx, actor.workspace, monitor_id)
        shown = [self._view(actor, one) for one in found if one.hidden == hidden]
        return sorted(shown, key=lambda view: -view.posts)

    def story(self, actor: Actor, monitor_id: str, limit: int = 12) -> list[tuple[TopicEvent, str]]:
        """What became of the topics of a monitor, newest first, each with the label of its topic."""
        require(actor, "read_trends")
        with self._records.read() as tx:
            _monitor(tx, actor, monitor_id)
            every = {one.id: one for one in topics.of_monitor(tx, actor.workspace, monitor_id, gone=True)}
            found = topics.events(tx, actor.workspace, list(every), limit)
        return [(event, self.name_of(actor, every[event.topic_id])) for event in found]

    def themes(self, actor: Actor, monitor_id: str) -> list[Theme]:
        """The themes that people look for in a monitor."""
        require(actor, "read_trends")
        with self._records.read() as tx:
            _monitor(tx, actor, monitor_id)
            return topics.themes_of(tx, actor.workspace, monitor_id)

    def work_of(self, actor: Actor, monitor_id: str) -> jobs.Work | None:
        """The last time that topics of this monitor were looked for, or are now; None where they never were."""
        require(actor, "read_trends")
        with self._records.read() as tx:
            found = jobs.recent(tx, actor.workspace, FIND)
        return next((work for work in found if work.arguments.get("monitor") == monitor_id), None)

    def refresh(self, actor: Actor, monitor_id: str) -> None:
        """Find the topics of a monitor anew, in the background; nothing where that waits already. NotFoundError."""
        require(actor, "edit_monitors")
        with self._records.write() as tx:
            _monitor(tx, actor, monitor_id)
            _ask(tx, actor.workspace, monitor_id, self._clock.now())

    def rename(self, actor: Actor, topic_id: str, name: str) -> None:
        """Call a topic by a name; an empty one gives it back its own words. NotFoundError, InvalidInputError."""
        require(actor, "edit_monitors")
        name = " ".join(name.split())
        if len(name) > NAME_LENGTH:
            raise InvalidInputError(f"A name has at most {NAME_LENGTH} characters; this one has {len(name)}.")
        self._change(actor, topic_id, "renamed", name, name=name)

    def hide(self, actor: Actor, topic_id: str, hidden: bool) -> None:
        """Leave a topic out of what is shown, or show it again. Raises NotFoundError."""
        require(actor, "edit_monitors")
        self._change(actor, topic_id, "hidden" if hidden else "shown", "", hidden=hidden)

    def add_theme(self, actor: Actor, monitor_id: str, words: Sequence[str]) -> str:
        """Look for a theme, by some words, from the next time on; returns its id. NotFoundError, InvalidInputError."""
        require(actor, "edit_monitors")
        said = [" ".join(word.split()) for word in words if word.strip()]
        if not said or len(said) > MOST_WORDS or any(len(word) > NAME_LENGTH for word in said):
            raise InvalidInputError(f"A theme is one to {MOST_WORDS} words or short phrases.")
        now = self._clock.now()
        with self._records.write() as tx:
            _monitor(tx, actor, monitor_id)
            if len(topics.themes_of(tx, actor.workspace, monitor_id)) >= MOST_THEMES:
                raise InvalidInputError(f"A monitor has at most {MOST_THEMES} themes; remove one first.")
            theme_id = topics.add_theme(tx, actor.workspace, monitor_id, said, actor.user_id, now)
            audit.append(tx, actor.workspace, actor.user_id, "add_theme", monitor_id, now, words=", ".join(said))
            changes.note(tx, actor.workspace, "monitor", monitor_id, now)
        return theme_id

    def remove_theme(self, actor: Actor, theme_id: str) -> None:
        """Look for a theme no more. Raises NotFoundError."""
        require(actor, "edit_monitors")
        now = self._clock.now()
        with self._records.write() as tx:
            topics.remove_theme(tx, actor.workspace, theme_id)
            audit.append(tx, actor.workspace, actor.user_id, "remove_theme", theme_id, now)
            changes.note(tx, actor.workspace, "monitor", theme_id, now)

    def name_of(self, actor: Actor, topic: Topic) -> str:
        """What a topic is called: the name that people gave it, else its words in the reader's language."""
        return topic.name or label(topic.words, actor.language)

    def _change(self, actor: Actor, topic_id: str, kind: str, detail: str, **fields: object) -> None:
        now = self._clock.now()
        with self._records.write() as tx:
            topic = topics.get(tx, actor.workspace, topic_id)
            topics.change(tx, actor.workspace, topic_id, **fields)
            topics.note(tx, actor.workspace, topic_id, kind, now, detail=detail, actor=actor.user_id)
            audit.append(tx, actor.workspace, actor.user_id, "change_topic", topic_id, now, kind=kind, name=detail)
            changes.note(tx, actor.workspace, "monitor", topic.monitor_id, now)

    def _view(self, actor: Actor, topic: Topic) -> TopicView:
        now = self._clock.now()
        mine = Field("topic", ":", topic.id)
        since, before = now - timedelta(days=DAYS), now - timedelta(days=2 * DAYS)
        recent: Node = And((mine, Field("since", ":", since.isoformat())))
        past: Node = And((mine, Field("since", ":", before.isoformat()), Field("until", ":", since.isoformat())))
        moods = {bucket.keys[0]: bucket.posts for bucket in self._index.count(actor.scope, recent, ["sentiment"])}
        told = sum(count for mood, count in moods.items() if mood in ("positive", "neutral", "negative"))
        net = 100 * (moods.get("positive", 0) - moods.get("negative", 0)) / told if told else None
        return TopicView(
            topic, self.name_of(actor, topic), sum(moods.values()),
            sum(bucket.posts for bucket in self._index.count(actor.scope, past)), net,
            tuple(self._reading.search(actor, recent, "newest", EXAMPLES).hits),
        )  # fmt: skip


def texts_of(index: PostIndex, workspace: str, monitor_id: str, most: int) -> list[EnrichedPost]:
    """The newest posts of a monitor that others wrote, at most so many: what topics are found in."""
    scope, node = Scope(workspace, None, private=False), Field("monitor", ":", monitor_id)
    found: list[EnrichedPost] = []
    cursor: str | None = None
    while len(found) < most:
        page = index.search(scope, node, "newest", min(500, most - len(found)), cursor)
        found += [hit for hit in page.hits if not hit.own]
        cursor = page.cursor
        if cursor is None:
            break
    return found


def store(
    records: Records,
    workspace: str,
    monitor_id: str,
    found: Sequence[FoundTopic],
    themes: Sequence[Theme],
    clock: Clock,
) -> None:
    """Put topics found anew in the place of those that were there, by likeness, and send the posts through again."""
    now = clock.now()
    with records.write() as tx:
        if monitors.get(tx, workspace, monitor_id) is None:
            return
        old = topics.of_monitor(tx, workspace, monitor_id)
        vectors = [one.vector for one in found]
        steps = succession(_stacked([one.vector for one in old]), _stacked(vectors))
        ids = {after: old[before].id for before, after in steps.kept}
        for place, one in enumerate(found):
            theme = themes[one.seed].id if one.seed is not None else None
            if place in ids:
                topics.change(
                    tx, workspace, ids[place], words=list(one.words), vector=one.vector, near=one.near,
                    posts=len(one.members), theme_id=theme, refreshed_at=now,
                )  # fmt: skip
            else:
                ids[place] = _added(tx, workspace, monitor_id, one, theme, now)
        for step in steps.steps:
            before = old[step.old].id if step.old is not None else None
            after = ids[step.new] if step.new is not None else None
            if step.change in ("gone", "merged") and before is not None:
                topics.change(tx, workspace, before, state=GONE, refreshed_at=now)
                topics.note(tx, workspace, before, step.change, now, other=after)
            elif after is not None:
                topics.note(tx, workspace, after, step.change, now, other=before)
        workspaces.next_revision(tx, workspace)
        jobs.ask(tx, workspace, RERUN, now, monitor=monitor_id)
        changes.note(tx, workspace, "monitor", monitor_id, now)


def ask_all(records: Records, clock: Clock) -> int:
    """Ask for the topics of every monitor that listens; returns how many."""
    now = clock.now()
    with records.write() as tx:
        wanted = [(one.id, monitor.id) for one in workspaces.every(tx) for monitor in monitors.of_workspace(tx, one.id)
                  if monitor.enabled]  # fmt: skip
        for workspace, monitor_id in wanted:
            _ask(tx, workspace, monitor_id, now)
    return len(wanted)


def ask_stale(records: Records, clock: Clock) -> None:
    """Ask for topics anew where some were found more than a day ago."""
    now = clock.now()
    with records.write() as tx:
        for workspace in workspaces.every(tx):
            for monitor_id, at in topics.refreshed(tx, workspace.id).items():
                if now - at > STALE:
                    _ask(tx, workspace.id, monitor_id, now)


def _ask(tx: Connection, workspace: str, monitor_id: str, now: datetime) -> None:
    jobs.hold(tx, workspace, FIND)
    waiting = any(
        work.arguments.get("monitor") == monitor_id and work.state in ("waiting", "running")
        for work in jobs.recent(tx, workspace, FIND)
    )
    if not waiting:
        jobs.ask(tx, workspace, FIND, now, monitor=monitor_id)
        changes.note(tx, workspace, "monitor", monitor_id, now)


def _added(tx: Connection, workspace: str, monitor_id: str, one: FoundTopic, theme: str | None, now: datetime) -> str:
    topic = Topic(
        new_id(now), workspace, monitor_id, "", one.words, one.vector, one.near, len(one.members), theme, LIVE,
        hidden=False, found_at=now, refreshed_at=now,
    )  # fmt: skip
    topics.put(tx, topic)
    return topic.id


def _monitor(tx: Connection, actor: Actor, monitor_id: str) -> None:
    allowed = actor.monitors is None or monitor_id in actor.monitors
    if not allowed or monitors.get(tx, actor.workspace, monitor_id) is None:
        raise NotFoundError("monitor", monitor_id)


def _stacked(vectors: Sequence[Vectors]) -> Vectors:
    return np.stack(vectors) if vectors else np.zeros((0, 1), dtype=np.float32)
