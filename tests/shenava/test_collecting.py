from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest
from msgspec import structs

from crm import envelope
from crm.errors import AuthorisationError, RateLimitedError, RetryableError, StoreError
from crm.policies.budget import WHOLE
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import UNLIMITED, Asked, Batch, Gap, Job, Option, Problem, Quota, Rejected
from crm.ports.transport import Transport
from crm.query import parse, render
from crm.query.tree import Everything, Node
from crm.records import budget, monitors, sources, workspaces
from crm.records.sources import SourceRow
from crm.usecases.snapshots import Snapshots
from crm.words import COLLECTED, Author, Collected, CollectedEvent, Post, Removed
from shenava.collecting import Collecting, Run, Stores
from shenava.sieve import Sieve, relaxed
from stream.sqlite import SQLiteLog
from tests.doubles.office import MONITOR, START, WORKSPACE, Office, said
from tests.doubles.platform import Killed


class Told:
    """A source that hands over what the test wrote down, errors too."""

    kind, platform, options = "told", "bluesky", (Option("url", "url"),)

    def __init__(self, *steps: Batch | Exception) -> None:
        self.steps, self.jobs = list(steps), list[Job]()

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        del options
        return []

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        del transport, clock, stop
        self.jobs.append(job)
        while self.steps:
            step = self.steps.pop(0)
            if isinstance(step, BaseException):
                raise step
            yield step


class Sought(Told):
    """A source that reads with an account of ours and asks for what monitors look for."""

    kind = "sought"
    options = (Option("account", "account", required=True), Option("monitors", "monitors"))

    def ask(self, query: Node) -> Asked:
        return Asked((render(query),))


def heard(native_id: str, text: str, **more: str) -> Collected:
    post = Post("bluesky", native_id, Author("bluesky", "did:x"), text, START, root_key=more.get("root"))
    return Collected("told:url=a", post, START)


@pytest.fixture
def log(tmp_path: Path, office: Office) -> Iterator[SQLiteLog]:
    one = SQLiteLog(tmp_path / "stream.sqlite", office.clock)
    yield one
    one.close()


def collecting(office: Office, log: SQLiteLog, source: Told) -> tuple[Collecting, Run]:
    row = SourceRow("s1", WORKSPACE, "told", "told", {"url": "a"}, START)
    with office.records.write() as tx:
        sources.put(tx, row)
    stores = Stores(office.records, log, office.index, None, office.clock, office.tokens)  # type: ignore[arg-type]
    one = Collecting(stores, {"told": source}, Snapshots(office.records, office.clock), Random(1))
    return one, Run("told:url=a", source, [row])


def stored(office: Office) -> SourceRow:
    with office.records.read() as tx:
        found = sources.get(tx, WORKSPACE, "s1")
    assert found is not None
    return found


def on_stream(log: SQLiteLog) -> list[CollectedEvent]:
    return [envelope.decode_collected(event.value) for event in log.consumer(COLLECTED, "test").poll(100, 0)]


def test_only_what_may_concern_us_reaches_the_stream(office: Office, log: SQLiteLog) -> None:
    batch = Batch((heard("p1", "Nanmah is late"), heard("p2", "the weather")), "c1", (Rejected("3", "no text"),))
    source = Told(batch)
    one, run = collecting(office, log, source)
    one.collect(run)
    assert [event.post.native_id for event in on_stream(log) if isinstance(event, Collected)] == ["p1"]
    row = stored(office)
    assert (row.cursor, row.state, row.collected, row.rejected) == ("c1", "finished", 1, 1)


@pytest.mark.parametrize(
    ("error", "state"),
    [(RetryableError("down"), "waiting"), (AuthorisationError("expired"), "failed"), (ValueError("a bug"), "waiting")],
)
def test_a_failure_is_kept_with_its_cursor(office: Office, log: SQLiteLog, error: Exception, state: str) -> None:
    one, run = collecting(office, log, Told(Batch((heard("p1", "nanmah"),), "c1"), error))
    one.collect(run)
    row = stored(office)
    assert (row.state, row.error, row.cursor) == (state, str(error), "c1")
    assert (row.retry_at is None) == (state == "failed")


def test_records_that_are_away_end_no_source_for_good(
    office: Office, log: SQLiteLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, run = collecting(office, log, Told(Batch((heard("p1", "nanmah"),), "c1"), ValueError("a bug")))
    stop, looks = Event(), 0

    def away() -> None:
        nonlocal looks
        looks += 1
        if looks > 2:
            stop.set()
        raise RetryableError("The records do not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(office.records, "write", away)
        one.collect(run)
        broken.setattr(office.records, "read", away)
        one.run(stop)
    assert looks > 2
    assert stored(office).state != "failed"
    assert "Traceback" not in caplog.text


def test_a_limit_is_waited_for(office: Office, log: SQLiteLog) -> None:
    one, run = collecting(office, log, Told(RateLimitedError("it", 900)))
    one.collect(run)
    row = stored(office)
    assert row.retry_at is not None
    assert row.retry_at >= office.clock.now() + timedelta(seconds=900)


def test_a_paused_or_failed_source_is_not_started(office: Office, log: SQLiteLog) -> None:
    source = Told()
    one, _ = collecting(office, log, source)
    with office.records.write() as tx:
        sources.change(tx, "s1", enabled=False)
    one.look()
    assert source.jobs == []


def test_the_sieve_passes_threads_removals_and_our_own(office: Office) -> None:
    office.hear(said("p1"))
    sieve = Sieve(Snapshots(office.records, office.clock), office.index, office.clock)
    assert sieve.lets_through(heard("p9", "the weather", root="bluesky:p1"))
    assert not sieve.lets_through(heard("p8", "the weather"))
    assert sieve.lets_through(Removed("s", START, post_key="bluesky:never"))
    office.clock.advance(600)
    assert not sieve.lets_through(Removed("s", START, post_key="bluesky:never"))
    assert sieve.lets_through(Removed("s", START, post_key="bluesky:p9"))
    office.index.write([said("p5")])
    assert sieve.lets_through(Removed("s", START, post_key="bluesky:p5"))


def test_the_sieve_passes_what_may_be_finglish(office: Office) -> None:
    with office.records.write() as tx:
        found = monitors.get(tx, WORKSPACE, MONITOR)
        assert found
        monitors.put(tx, structs.replace(found, query="خراب"))
    sieve = Sieve(Snapshots(office.records, office.clock), office.index, office.clock)
    assert sieve.lets_through(heard("p1", "goshim kharabe, kharab shode"))
    assert not sieve.lets_through(heard("p2", "salam khoobi"))
    assert not sieve.lets_through(heard("p3", "the weather"))


def test_an_edit_reaches_what_we_have_though_its_words_match_no_more(office: Office) -> None:
    sieve = Sieve(Snapshots(office.records, office.clock), office.index, office.clock)
    assert sieve.lets_through(heard("p1", "nanmah"))
    office.index.write([said("p2")])
    for name, passes in (("p1", True), ("p2", True), ("p3", False)):
        event = heard(name, "the weather")
        edited = structs.replace(event, post=structs.replace(event.post, edited_at=START))
        assert sieve.lets_through(edited) == passes


@pytest.mark.parametrize(
    ("query", "left"),
    [("nanmah sentiment:negative", "nanmah"), ("NOT lang:fa nanmah", "nanmah"), ("lang:fa OR nanmah", "")],
)
def test_what_is_not_known_yet_counts_as_met(query: str, left: str) -> None:
    node = relaxed(parse(query))
    wanted = parse(left) if left else Everything()
    assert wanted in (node, *getattr(node, "children", ()))


def seeking(office: Office, log: SQLiteLog, source: Sought, **options: str) -> Collecting:
    row = SourceRow("s1", WORKSPACE, "sought", "sought", {"account": "a1", **options}, START)
    with office.records.write() as tx:
        sources.put(tx, row)
    stores = Stores(office.records, log, office.index, None, office.clock, office.tokens)  # type: ignore[arg-type]
    return Collecting(stores, {"sought": source}, Snapshots(office.records, office.clock), Random(1))


def run_once(one: Collecting) -> None:
    """Start what should run, and wait until it has ended."""
    one.look()
    for run in one.running:
        assert run.thread is not None
        run.thread.join(30)


def test_a_source_gets_the_account_and_the_monitors_it_names(office: Office, log: SQLiteLog) -> None:
    source = Sought(Batch((), "c1", idle=True))
    run_once(seeking(office, log, source))
    (job,) = source.jobs
    assert job.workspace == WORKSPACE
    assert job.account == Account("bluesky", "nanmah", "https://social.example", "hush")
    assert [(one.monitor, render(one.query)) for one in job.searches] == [(MONITOR, "nanmah")]


def test_only_the_monitors_that_a_source_names_are_asked_for(office: Office, log: SQLiteLog) -> None:
    source = Sought(Batch((), "c1", idle=True))
    run_once(seeking(office, log, source, monitors="another"))
    assert source.jobs[0].searches == ()


def test_an_account_that_is_gone_ends_the_source_with_a_sentence(office: Office, log: SQLiteLog) -> None:
    run_once(seeking(office, log, Sought(), account="gone"))
    row = stored(office)
    assert (row.state, row.error_kind) == ("failed", "AuthorisationError")
    assert "connect it" in str(row.error)


def test_what_was_read_lessens_what_may_be_read(office: Office, log: SQLiteLog) -> None:
    gap = Gap(START, START + timedelta(hours=1), "budget")
    source = Sought(Batch((), "c1", spent={MONITOR: 30, "": 5}, quota=Quota(7, 10), gaps=(gap,)))
    with office.records.write() as tx:
        budget.set_cap(tx, WORKSPACE, "bluesky", MONITOR, 100)
        budget.set_cap(tx, WORKSPACE, "bluesky", WHOLE, 50)
        budget.spend(tx, WORKSPACE, "bluesky", {MONITOR: 1_000}, office.clock.now() - timedelta(days=40))
    run_once(seeking(office, log, source))
    allowance = source.jobs[0].allowance
    assert (allowance(MONITOR), allowance("another"), allowance("")) == (15, 15, 15)
    with office.records.write() as tx:
        budget.set_cap(tx, WORKSPACE, "bluesky", WHOLE, None)
    assert (allowance(MONITOR), allowance("another")) == (70, UNLIMITED)
    assert stored(office).quota == {"remaining": 7, "limit": 10, "resets_at": None}
    with office.records.read() as tx:
        assert [
            one.gap.reason for one in budget.missing(tx, WORKSPACE, START - timedelta(1), START + timedelta(1))
        ] == ["budget"]


class Grasping(Sought):
    """Asks for all that it may read, and ends as the test says."""

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        self.jobs.append(job)
        job.allowance(MONITOR)
        yield from super().collect(job, transport, clock, stop)


@pytest.mark.parametrize("end", [None, RetryableError("down"), AuthorisationError("no"), ValueError("a bug"), Killed()])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_however_a_run_ends_it_keeps_nothing_from_the_others(
    office: Office, log: SQLiteLog, end: BaseException | None
) -> None:
    with office.records.write() as tx:
        budget.set_cap(tx, WORKSPACE, "bluesky", WHOLE, 50)
    source = Grasping(*([end] if end else []))  # type: ignore[list-item]
    one = seeking(office, log, source)
    run_once(one)
    allowances = source.jobs[0].allowance.func.__self__  # type: ignore[attr-defined]
    assert allowances.ask("another", WORKSPACE, "bluesky", MONITOR) == 50


class FullLog(SQLiteLog):
    """A log on a disk that is full."""

    def append(self, *_: object) -> int:
        raise StoreError("The disk is full.")


def test_what_was_read_is_counted_though_it_can_not_be_stored(office: Office, tmp_path: Path) -> None:
    full = FullLog(tmp_path / "full.sqlite", office.clock)
    run_once(seeking(office, full, Sought(Batch((heard("p1", "nanmah"),), "c1", spent={MONITOR: 30}))))
    full.close()
    with office.records.read() as tx:
        assert budget.spent_this_month(tx, WORKSPACE, "bluesky", office.clock.now()) == {MONITOR: 30}
    assert (stored(office).cursor, stored(office).state) == ("", "waiting")


def test_two_sources_that_are_read_at_once_cost_once(office: Office, log: SQLiteLog) -> None:
    one = seeking(office, log, Sought(Batch((), "c1", spent={MONITOR: 30})))
    with office.records.write() as tx:
        first = sources.get(tx, WORKSPACE, "s1")
        assert first is not None
        sources.put(tx, structs.replace(first, id="s2"))
    run_once(one)
    with office.records.read() as tx:
        assert budget.spent_this_month(tx, WORKSPACE, "bluesky", office.clock.now()) == {MONITOR: 30}
        assert {row.cursor for row in sources.every(tx)} == {"c1"}


def test_a_changed_monitor_is_asked_for_from_where_the_old_one_stopped(office: Office, log: SQLiteLog) -> None:
    source = Sought(Batch((), "c1"), Batch((), "c2", spent={MONITOR: 1}))
    one = seeking(office, log, source)
    run_once(one)
    with office.records.write() as tx:
        sources.change(tx, "s1", state="running")
        found = monitors.get(tx, WORKSPACE, MONITOR)
        assert found is not None
        monitors.put(tx, structs.replace(found, query="nanmah OR bread"))
        workspaces.next_revision(tx, WORKSPACE)
    source.steps = [Batch((), "c3", idle=True)]
    office.clock.advance(5)
    run_once(one)
    run_once(one)
    assert [job.cursor for job in source.jobs] == ["", "c2"]
    assert [render(job.searches[0].query) for job in source.jobs] == ["nanmah", "nanmah OR bread"]


def test_workspaces_that_name_one_account_are_runs_of_their_own(office: Office, log: SQLiteLog) -> None:
    one = seeking(office, log, Sought(Batch((), "c1"), Batch((), "c2")), monitors="none")
    with office.records.write() as tx:
        row = sources.get(tx, WORKSPACE, "s1")
        assert row is not None
        sources.put(tx, structs.replace(row, id="s2", workspace="elsewhere"))
    run_once(one)
    with office.records.read() as tx:
        assert {row.workspace: row.state for row in sources.every(tx)} == {
            WORKSPACE: "finished", "elsewhere": "failed"
        }  # fmt: skip


def test_what_a_paused_source_still_brings_does_not_wake_it(office: Office, log: SQLiteLog) -> None:
    one, run = collecting(office, log, Told(Batch((heard("p1", "nanmah"),), "c1"), AuthorisationError("over")))
    with office.records.write() as tx:
        sources.change(tx, "s1", enabled=False, state="stopped")
    run.kind = Told(Batch((heard("p1", "nanmah"),), "c1"))
    run.stop.set()
    one.collect(run)
    assert (stored(office).state, stored(office).cursor, stored(office).collected) == ("stopped", "c1", 1)
