"""Writing the demo into the stores: the same way as real posts, then the work that was done on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert

from crm import envelope
from crm.errors import RetryableError
from crm.ids import new_id
from crm.ports.index import Scope
from crm.query.tree import Field
from crm.records import (
    cases,
    changes,
    customers,
    desk,
    jobs,
    kept_posts,
    monitors,
    replies,
    tables,
    tags,
    users,
    workspaces,
)
from crm.records.monitors import Monitor
from crm.usecases.casebook import Opening, open_case
from crm.usecases.setup import DEMO, remove_made_up, remove_made_up_posts
from crm.words import COLLECTED, Collected, EnrichedPost
from shenava.demo.build import build_demo
from shenava.demo.words import DemoCase, DemoReply, DemoSet
from shenava.wiring import House

BATCH = 500
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.3
SYSTEM = "system"
NO_PASSWORD = "!"

Progress = Callable[[int, int], None]


class SlowEnrichmentError(RetryableError):
    """The enrichment did not come through in time."""

    def __init__(self, there: int, wanted: int) -> None:
        super().__init__(f"Only {there} of the demo's {wanted} posts were searchable in time; load it again.")


def ask(house: House) -> None:
    """Queue the loading of the demo for the first workspace, unless it was loaded or asked for already."""
    from shenava.importing import the_workspace

    workspace = the_workspace(house)
    with house.records.write() as tx:
        jobs.hold(tx, workspace, DEMO)
        if jobs.newest(tx, workspace, DEMO) is None:
            jobs.ask(tx, workspace, DEMO, house.clock.now())


def load(house: House, workspace: str, progress: Progress, wanted: Callable[[], bool]) -> None:
    """Fill a workspace with the demo; what an earlier try left is removed first.

    `progress` is told how many posts are searchable, and how many there will be. `wanted` says whether somebody
    still wants it; else everything is taken out again once what is on its way has come. Raises SlowEnrichmentError.
    """
    now = house.clock.now()
    demo = build_demo(now)
    remove_made_up_posts(house.index, workspace)
    with house.records.write() as tx:
        remove_made_up(tx, workspace)
        agents = _people(tx, workspace, demo, now)
        _records(tx, workspace, demo, now)
        workspaces.next_revision(tx, workspace)
        if not workspaces.get(tx, workspace).name:
            workspaces.change(tx, workspace, name=demo.brand)
        changes.note(tx, workspace, "monitor", "demo", now)
    house.clock.sleep(2.0)  # until every worker has seen the new monitors
    if wanted():
        _posts(house, workspace, demo)
        try:
            _wait(house, workspace, len(demo.posts), progress)
        except SlowEnrichmentError:
            if wanted():
                raise
    if not wanted():
        _take_out(house, workspace)
        return
    with house.records.write() as tx:
        cases.hold_all(tx, workspace)
        for case in demo.cases:
            _case(tx, house, workspace, case, agents)
        _ideas(tx, workspace, demo, now)
        changes.note(tx, workspace, "case", "demo", now)


def _take_out(house: House, workspace: str) -> None:
    remove_made_up_posts(house.index, workspace)
    with house.records.write() as tx:
        remove_made_up(tx, workspace)
        workspaces.next_revision(tx, workspace)
        changes.note(tx, workspace, "case", "demo", house.clock.now())


def _people(tx: Connection, workspace: str, demo: DemoSet, now: datetime) -> dict[str, str]:
    """The made-up team, to whom the demo's cases can be given; nobody can log in as them. Returns their ids by name."""
    ids = {}
    for agent in demo.agents:
        user = users.User(
            id=new_id(now), workspace=workspace, email=f"{agent.key}.{workspace}@example.com", name=agent.name,
            role=agent.role, must_change=True, active=False, preferences={"language": agent.language}, monitors=None,
            private=False, created_at=demo.since, made_up=True,
        )  # fmt: skip
        users.add(tx, user, NO_PASSWORD)
        ids[agent.key] = user.id
    return ids


def _records(tx: Connection, workspace: str, demo: DemoSet, now: datetime) -> None:
    for one in demo.monitors:
        made = Monitor(
            new_id(now), workspace, one.name, one.query, one.brand, one.own, now, now,
            opens_cases=one.own, made_up=True,
        )  # fmt: skip
        monitors.put(tx, made)
    taken = {template.shortcut for template in desk.all_templates(tx, workspace)}
    for ready in demo.templates:
        if ready.shortcut not in taken:
            desk.put_template(
                tx,
                desk.Template(new_id(now), workspace, ready.shortcut, ready.title, ready.text, ready.language, now,
                              made_up=True),
            )  # fmt: skip
    for person in demo.customers:
        customer_id = new_id(now)
        customers.put(
            tx,
            customers.Customer(
                customer_id, workspace, person.name, now, now, email=person.email, value=person.value,
                since=person.since, vip=person.vip, made_up=True,
            ),
        )  # fmt: skip
        for tie in person.identities:
            customers.tie(
                tx,
                customers.Identity(
                    new_id(now), workspace, customer_id, tie.author_key, tie.handle, tie.evidence, tie.detail,
                    tie.confidence, SYSTEM, person.since,
                ),
            )  # fmt: skip


def _posts(house: House, workspace: str, demo: DemoSet) -> None:
    now, own = house.clock.now(), {account.key for account in demo.accounts}
    events = [Collected(DEMO, post, now, demo.origin, workspace, own=post.author.key in own) for post in demo.posts]
    for start in range(0, len(events), BATCH):
        house.log.append(COLLECTED, [envelope.record(event) for event in events[start : start + BATCH]])


def _wait(house: House, workspace: str, wanted: int, progress: Progress) -> None:
    scope, made_up = Scope(workspace, None, private=True), Field("is", ":", "made_up")
    until = house.clock.monotonic() + PATIENCE_SECONDS
    while True:
        counted = house.index.count(scope, made_up)
        there = counted[0].posts if counted else 0
        progress(there, wanted)
        if there >= wanted:
            return
        if house.clock.monotonic() > until:
            raise SlowEnrichmentError(there, wanted)
        house.clock.sleep(LOOK_SECONDS)


def _case(tx: Connection, house: House, workspace: str, made: DemoCase, agents: Mapping[str, str]) -> None:
    posts = house.index.get(Scope(workspace, None, private=True), made.posts)
    said = [post for post in posts if not post.own]
    if not said:
        return
    office = desk.desk(tx, workspace)
    case = open_case(tx, said[0], Opening(made.thread_key, SYSTEM), office, made.opened_at)
    assignee = agents.get(made.assignee or "")
    _last(tx, case, said, made, assignee, house.clock.now())
    kept_posts.keep(tx, [(post, made.thread_key) for post in posts])
    for name in made.tags:
        tags.add(tx, workspace, case.id, name, made.opened_at)
    for note in made.notes:
        desk.add_note(tx, desk.Note(new_id(note.at), workspace, case.id, agents[note.agent], note.text, note.at))
    for reply in made.replies:
        _reply(tx, case, reply, agents)


def _last(
    tx: Connection, case: cases.Case, said: list[EnrichedPost], made: DemoCase, assignee: str | None, now: datetime
) -> None:
    """Bring a case to where the demo's team has brought it by `now`."""
    newest = said[-1]
    waits = made.status in {"new", "open"}
    cases.change(
        tx, case.id, status=made.status, priority=made.priority, assignee_id=assignee, made_up=True,
        post_key=newest.post.key, preview=newest.post.text[:200], last_post_at=newest.post.posted_at,
        posts=len(said), first_answer_at=made.first_answer_at, resolved_at=made.resolved_at,
        due_at=_due(case, now) if waits else None,
    )  # fmt: skip


def _due(case: cases.Case, now: datetime) -> datetime:
    """A deadline around now, so that the demo's clocks show a team in the middle of a day, not a month of neglect."""
    return now + timedelta(minutes=case.number * 37 % 400 - 45)


def _reply(tx: Connection, case: cases.Case, made: DemoReply, agents: Mapping[str, str]) -> None:
    replies.add(
        tx,
        replies.Reply(
            id=new_id(made.created_at), workspace=case.workspace, case_id=case.id, answer_to=made.answer_to,
            account_id=None, way="open", text=made.text, language=made.language, status=made.status,
            author_id=agents[made.agent], created_at=made.created_at, updated_at=made.created_at,
            approver_id=agents.get(made.approver or ""), native_id=(made.post_key or "").partition(":")[2] or None,
            asked_at=made.asked_at, approved_at=made.approved_at, sent_at=made.sent_at,
        ),
    )  # fmt: skip


def _ideas(tx: Connection, workspace: str, demo: DemoSet, now: datetime) -> None:
    for idea in demo.ideas:
        idea_id = new_id(now)
        row = {"id": idea_id, "workspace": workspace, "title": idea.title, "status": idea.status}
        tx.execute(insert(tables.ideas).values(**row, made_up=True, created_at=now))
        links = [{"workspace": workspace, "idea_id": idea_id, "post_key": key} for key in idea.posts]
        if links:
            tx.execute(insert(tables.idea_posts), links)
