"""The first visit: brand, sources, zone; and the demo that can be loaded and removed."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, select

from crm.errors import InvalidInputError
from crm.policies.access import Actor, require
from crm.policies.clock import desk_of
from crm.ports.clock import Clock
from crm.ports.index import PostIndex, Scope
from crm.query.tree import Field
from crm.records import audit, changes, jobs, monitors, tables, tags, workspaces
from crm.records.cases import hold_all
from crm.records.database import Records
from crm.records.monitors import Monitor
from crm.records.workspaces import Workspace
from crm.usecases.monitors import MonitorDraft, Monitors
from crm.usecases.sources import HandedFile, SourceProblemsError, Sources

DEMO = "load_demo"


class SourceChoice(Struct, frozen=True):
    """A source that was ticked at the first visit."""

    kind: str
    name: str
    options: Mapping[str, str] = {}


class Setup:
    """Everything between the first page and the first post."""

    def __init__(self, records: Records, index: PostIndex, monitors_: Monitors, sources: Sources, clock: Clock) -> None:
        self._records, self._index, self._clock = records, index, clock
        self._monitors, self._sources = monitors_, sources

    def workspace(self, actor: Actor) -> Workspace:
        """The actor's workspace."""
        with self._records.read() as tx:
            return workspaces.get(tx, actor.workspace)

    def begin(
        self, actor: Actor, brand: str, synonyms: Sequence[str], choices: Sequence[SourceChoice],
        files: Sequence[HandedFile] = (),
    ) -> Monitor:  # fmt: skip
        """Name the workspace after the brand, watch the brand, set the ticked sources up and read the files.

        Raises: InvalidInputError (no brand), SourceProblemsError; then nothing is set up.
        """
        require(actor, "edit_workspace")
        brand = brand.strip()
        if not brand:
            raise InvalidInputError("The name of the brand is missing; it is what Shenava listens for.")
        for name in (brand, *synonyms):
            if name.strip() and self._monitors.check(actor, brand_query([name])):
                raise InvalidInputError(f"There is no word to listen for in {name.strip()!r}; write it with letters.")
        problems = [one for choice in choices for one in self._sources.check(choice.kind, choice.options)]
        if problems := problems + [one for file in files for one in self._sources.check_file(file)]:
            raise SourceProblemsError(problems)
        now = self._clock.now()
        with self._records.write() as tx:
            workspaces.change(tx, actor.workspace, name=brand)
            audit.append(tx, actor.workspace, actor.user_id, "name_workspace", actor.workspace, now, name=brand)
        draft = MonitorDraft(brand, brand_query([brand, *synonyms]), brand, own=True, opens_cases=True)
        monitor = self._monitors.save(actor, draft)
        for choice in choices:
            self._sources.add(actor, choice.kind, choice.name, choice.options)
        for file in files:
            self._sources.import_file(actor, file)
        return monitor

    def change_workspace(
        self, actor: Actor, name: str, zone: str, week_start: int, weekend: Sequence[int], hours: Mapping[str, str]
    ) -> None:
        """Set the name, the reporting zone and the working week. Raises InvalidInputError."""
        require(actor, "edit_workspace")
        if zone not in zoneinfo.available_timezones():
            raise InvalidInputError(f"There is no time zone {zone!r}; they look like Asia/Tehran.")
        if week_start not in range(7) or not set(weekend) <= set(range(7)) or len(set(weekend)) == 7:
            raise InvalidInputError("The week starts on one of its seven days, and at least one day is a working day.")
        try:
            desk_of(zone, week_start, weekend, hours)
        except (ValueError, msgspec.ValidationError) as error:
            raise InvalidInputError("Business hours are two clock times such as 09:00 and 18:00.") from error
        now = self._clock.now()
        with self._records.write() as tx:
            workspaces.change(
                tx, actor.workspace, name=name.strip(), zone=zone, week_start=week_start, weekend=list(weekend),
                business_hours=dict(hours),
            )  # fmt: skip
            audit.append(tx, actor.workspace, actor.user_id, "change_workspace", actor.workspace, now, zone=zone)
            changes.note(tx, actor.workspace, "team", actor.workspace, now)

    def load_demo(self, actor: Actor) -> str:
        """Ask for the demo; it is loaded in the background. Returns the work's id."""
        require(actor, "import")
        now = self._clock.now()
        with self._records.write() as tx:
            jobs.hold(tx, actor.workspace, DEMO)
            running = jobs.newest(tx, actor.workspace, DEMO)
            there = any(one.made_up for one in monitors.of_workspace(tx, actor.workspace))
            if running and (running.state in {"waiting", "running"} or (running.state == "done" and there)):
                return running.id
            audit.append(tx, actor.workspace, actor.user_id, "load_demo", actor.workspace, now)
            return jobs.ask(tx, actor.workspace, DEMO, now)

    def demo_asked(self) -> bool:
        """Whether the demo was asked for at the start, before anybody could sign in."""
        with self._records.read() as tx:
            return jobs.wanted_anywhere(tx, DEMO)

    def demo_progress(self, actor: Actor) -> jobs.Work | None:
        """How far the loading of the demo is; None where it was never asked for."""
        with self._records.read() as tx:
            return jobs.newest(tx, actor.workspace, DEMO)

    def demo_loaded(self, actor: Actor) -> bool:
        """Whether made-up data stand in the workspace, so that every page says so."""
        with self._records.read() as tx:
            return any(one.made_up for one in monitors.of_workspace(tx, actor.workspace))

    def remove_demo(self, actor: Actor) -> None:
        """Take everything made up out of the workspace again; a load that still runs ends and leaves nothing."""
        require(actor, "edit_workspace")
        now = self._clock.now()
        with self._records.write() as tx:
            jobs.hold(tx, actor.workspace, DEMO)
            jobs.cancel(tx, actor.workspace, DEMO, now)
        remove_made_up_posts(self._index, actor.workspace)
        with self._records.write() as tx:
            remove_made_up(tx, actor.workspace)
            workspaces.next_revision(tx, actor.workspace)
            audit.append(tx, actor.workspace, actor.user_id, "remove_demo", actor.workspace, now)
            changes.note(tx, actor.workspace, "case", "demo", now)


def remove_made_up_posts(index: PostIndex, workspace: str) -> None:
    """Take the made-up posts out of the index."""
    scope, made_up = Scope(workspace, None, private=True), Field("is", ":", "made_up")
    while page := index.search(scope, made_up, "newest", 1000).hits:
        index.delete(workspace, [hit.post.key for hit in page])


def remove_made_up(tx: Connection, workspace: str) -> None:
    """Take the made-up people, monitors, customers, ideas, templates and cases out of the records.

    Tags that only the demo's cases carry go with them; a template that somebody changed is theirs and stays.
    """
    hold_all(tx, workspace)
    # A workspace that was named after the demo is nameless again, and the first visit asks for the own brand.
    named = {one.name for one in monitors.of_workspace(tx, workspace) if one.made_up and one.own}
    if workspaces.get(tx, workspace).name in named:
        workspaces.change(tx, workspace, name="")
    cases = tables.cases.c
    made_up = select(cases.id).where(cases.made_up, cases.workspace == workspace)
    threads = select(cases.thread_key).where(cases.made_up, cases.workspace == workspace)
    kept, replies, outbox = tables.kept_posts.c, tables.replies.c, tables.outbox.c
    tx.execute(delete(tables.kept_posts).where(kept.workspace == workspace, kept.thread_key.in_(threads)))
    of_cases = select(replies.id).where(replies.case_id.in_(made_up))
    tx.execute(delete(tables.outbox).where(outbox.reply_id.in_(of_cases)))
    tx.execute(delete(tables.replies).where(replies.case_id.in_(made_up)))
    carried = tags.on_cases(tx, list(tx.execute(made_up).scalars()))
    made = (tables.cases, tables.monitors, tables.customers, tables.ideas, tables.templates, tables.users)
    for table in made:
        tx.execute(delete(table).where(table.c.workspace == workspace, table.c.made_up))
    tags.drop_unused(tx, carried)


def brand_query(names: Sequence[str]) -> str:
    """A query for a brand by any of its names, each in quotes so that it is never read as an operator."""
    quoted = ['"' + name.strip().replace('"', "") + '"' for name in names if name.strip()]
    return " OR ".join(dict.fromkeys(quoted))
