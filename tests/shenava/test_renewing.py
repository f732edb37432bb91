# ruff: noqa: ARG002
"""Who uses tokens: collecting ends before one does, sending and the doctor renew one, two processes spend one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest

from crm.errors import AuthorisationError, RetryableError
from crm.ports.clock import Clock
from crm.ports.responder import Account, AccountCheck
from crm.ports.signin import SignInRefusedError
from crm.ports.source import Batch, Hindrance, Job, Problem
from crm.ports.transport import Transport
from crm.records import sources
from crm.records.sources import AccountRow, SourceRow
from crm.usecases.sending import Sender
from crm.usecases.snapshots import Snapshots
from crm.usecases.tokens import Tokens
from shenava import doctoring
from shenava.collecting import Collecting, Stores
from stream.sqlite import SQLiteLog
from tests.crm.usecases.test_inbox import case_id
from tests.dashboard.bureau import open_bureau
from tests.doubles.office import START, WORKSPACE, Office, actor, said
from tests.doubles.platform import MemoryPlatform
from tests.doubles.renewer import Renewer, keep, secret
from tests.services.oauth import APP_ID, APP_SECRET, sign_in_server
from tests.shenava.test_collecting import Sought, run_once

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log(tmp_path: Path, office: Office) -> Iterator[SQLiteLog]:
    one = SQLiteLog(tmp_path / "stream.sqlite", office.clock)
    yield one
    one.close()


def tokens_of(office: Office, renewer: Renewer) -> Tokens:
    return Tokens(office.records, office.vault, office.clock, {"bluesky": renewer})


def collecting(office: Office, log: SQLiteLog, source: Sought, renewer: Renewer) -> Collecting:
    with office.records.write() as tx:
        sources.put(tx, SourceRow("s1", WORKSPACE, "sought", "sought", {"account": "a1"}, START))
    stores = Stores(office.records, log, office.index, None, office.clock, tokens_of(office, renewer))  # type: ignore[arg-type]
    return Collecting(stores, {"sought": source}, Snapshots(office.records, office.clock), Random(1))


def row_of(office: Office) -> SourceRow:
    with office.records.read() as tx:
        (row,) = sources.of_workspace(tx, WORKSPACE)
    return row


def used(source: Sought) -> list[str]:
    """The tokens with which runs were started."""
    return [json.loads(job.account.secret)["access_token"] for job in source.jobs if job.account]


def test_a_run_ends_before_its_token_does_and_goes_on_from_its_cursor(office: Office, log: SQLiteLog) -> None:
    keep(office, secret(0, 600))
    renewer, source = Renewer(), Sought(Batch((), "c1", spent={"": 1}))
    one = collecting(office, log, source, renewer)
    one.look()
    (run,) = one.running
    assert run.thread is not None
    run.thread.join(30)
    assert run.until == START + timedelta(seconds=540)
    assert not run.stop.is_set()
    office.clock.advance(540)
    one.look()
    assert run.stop.is_set()
    with office.records.write() as tx:
        sources.change(tx, "s1", state="running")
    run_once(one)
    assert used(source) == ["t0", "t1"]
    assert [job.cursor for job in source.jobs] == ["", "c1"]
    assert renewer.spent == ["r0"]


def test_a_refused_token_is_renewed_once(office: Office, log: SQLiteLog) -> None:
    keep(office, secret(0, 7200))
    renewer, source = Renewer(), Sought(AuthorisationError("no"), Batch((), "c1"), AuthorisationError("still no"))
    one = collecting(office, log, source, renewer)
    run_once(one)
    assert row_of(office).state not in {"failed", "waiting", "finished"}
    run_once(one)
    assert (row_of(office).state, row_of(office).error) == ("failed", "still no")
    assert used(source) == ["t0", "t1"]
    assert renewer.spent == ["r0"]


def test_a_platform_that_renews_nothing_now_is_asked_again_later(office: Office, log: SQLiteLog) -> None:
    keep(office, secret(0, 7200))
    renewer, source = Renewer(), Sought(AuthorisationError("no"))
    renewer.errors = [RetryableError("Away.")]
    run_once(collecting(office, log, source, renewer))
    assert (row_of(office).state, row_of(office).error) == ("waiting", "Away.")


def test_a_token_that_is_not_renewed_ends_the_source_with_what_to_do(office: Office, log: SQLiteLog) -> None:
    keep(office, secret(0))
    renewer, source = Renewer(), Sought(Batch((), "c1"))
    renewer.errors = [SignInRefusedError("bluesky", "refused")]
    run_once(collecting(office, log, source, renewer))
    row = row_of(office)
    assert (row.state, row.error_kind) == ("failed", "TokenEndedError")
    assert "connect it again" in str(row.error)
    assert source.jobs == []


def test_a_reply_that_the_old_token_could_not_send_is_sent_with_a_new_one(office: Office) -> None:
    keep(office, secret(0, 7200))
    office.hear(said("p1"))
    office.replies.approve_and_send(actor(), case_id(office, "p1"), "reply", "We look into it.")
    office.clock.advance(10)
    office.platform.before = [AuthorisationError("The token has ended.")]
    renewer = Renewer()
    Sender(
        office.records, {"bluesky": office.platform}, tokens_of(office, renewer), office.clock, "w1", lambda: 0.0
    ).step()
    (sent,) = office.platform.published
    assert json.loads(sent.account.secret)["access_token"] == "t1"
    assert renewer.spent == ["r0"]


class Gate(MemoryPlatform):
    """Lets in whoever has the second token."""

    def check(self, account: Account) -> AccountCheck:
        ok = json.loads(account.secret)["access_token"] == "t1"
        return AccountCheck(account.handle, ok, "" if ok else "refused", "did:own")


def test_the_doctor_renews_what_can_be_renewed_and_says_what_can_not(tmp_path: Path) -> None:
    bureau, renewer = open_bureau(tmp_path), Renewer()
    bureau.responders, bureau.sign_ins = {"bluesky": Gate(START)}, {"bluesky": renewer}
    for number, ends, refresh in (("a", 7200, "r0"), ("b", -10, "")):
        row = AccountRow(number, WORKSPACE, "bluesky", "", number, number, "connected", None, None, START)
        with bureau.records.write() as tx:
            sources.put_account(tx, row, bureau.vault.encrypt(secret(0, ends, refresh_token=refresh)))
    found = {one.what: one for one in doctoring.examine(bureau)}
    bureau.close()
    assert found["account bluesky a"].ok
    assert not found["account bluesky b"].ok
    assert "has ended" in found["account bluesky b"].state
    assert "connect it again" in found["account bluesky b"].mend
    assert renewer.spent == ["r0"]


class Post:
    """A kind of source that says what is in its way."""

    kind, platform, options = "post", "bluesky", ()

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return []

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        return iter(())

    def probe(self, account: Account, transport: Transport, clock: Clock) -> Hindrance | None:
        if account.handle == "a":
            return None
        if account.handle == "b":
            return Hindrance("its messages go elsewhere", "call them back")
        raise RetryableError("Away.")


def test_the_doctor_says_what_keeps_an_account_from_being_read(tmp_path: Path) -> None:
    bureau = open_bureau(tmp_path)
    bureau.responders, bureau.kinds = {"bluesky": Gate(START)}, {"post": Post()}
    for number in "abc":
        row = AccountRow(number, WORKSPACE, "bluesky", "", number, number, "connected", None, None, START)
        with bureau.records.write() as tx:
            sources.put_account(tx, row, bureau.vault.encrypt(secret(1, 7200)))
    found = {one.what: one for one in doctoring.examine(bureau)}
    bureau.close()
    assert all(found[f"account bluesky {one}"].ok for one in "abc")
    assert "reading bluesky a" not in found
    told = found["reading bluesky b"]
    assert (told.ok, told.state, told.mend) == (False, "its messages go elsewhere", "call them back")
    assert (found["reading bluesky c"].ok, found["reading bluesky c"].state) == (False, "Away.")


CHILD = """
import sys
from pathlib import Path
from shenava.settings import Settings
from shenava.wiring import House
house = House(Settings(data=Path(sys.argv[1]), allow_addresses=(sys.argv[2],)))
house.records, house.vault
print("ready", flush=True)
sys.stdin.readline()
print(house.account_tokens.fresh("w1", "a1").secret, flush=True)
house.close()
"""


def test_two_processes_spend_one_refresh_token(tmp_path: Path) -> None:
    with sign_in_server() as (server, web):
        server.refreshers.add("first-refresher")
        kept = secret(0, -3600, refresh_token="first-refresher", client_id=APP_ID, client_secret=APP_SECRET)
        bureau = open_bureau(tmp_path)
        with bureau.records.write() as tx:
            row = AccountRow("a1", WORKSPACE, "x", web.url, "us", "1", "connected", None, None, START)
            sources.put_account(tx, row, bureau.vault.encrypt(kept))
        bureau.close()
        command = [sys.executable, "-c", CHILD, str(tmp_path), web.host]
        children = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            for _ in range(2)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [child.communicate(timeout=120)[0].strip() for child in children]
    assert server.spent == ["first-refresher"]
    assert len(set(told)) == 1
    assert json.loads(told[0])["access_token"] in server.tokens
