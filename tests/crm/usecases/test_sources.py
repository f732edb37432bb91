# ruff: noqa: ARG002
"""Sources and our own accounts: checked before they are kept, secrets never shown, a fault remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

import pytest
from msgspec import structs

from crm.errors import AuthorisationError, InvalidInputError, NotFoundError, RetryableError
from crm.policies.access import ForbiddenError
from crm.ports.clock import Clock
from crm.ports.responder import Account, AccountCheck
from crm.ports.source import Batch, Job, Option, Problem, Source
from crm.ports.transport import Transport
from crm.records import audit
from crm.records import sources as rows
from crm.usecases.sources import HandedFile, SourceProblemsError, Sources
from tests.doubles.office import START, WORKSPACE, Office, actor
from tests.doubles.platform import MemoryPlatform

INES, LENA, ADA = actor("ines", "manager"), actor(), actor("ada", "analyst")


class Radio:
    """A kind of source that needs a wave and hears nothing."""

    kind = platform = "radio"
    options = (Option("wave", "number", required=True),)

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return [] if options.get("wave") else [Problem("wave", "missing", "The wave is missing.")]

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        yield Batch((), job.cursor)


class Files:
    """A kind of source that reads a file."""

    kind, platform = "file", "web"
    options = (Option("path", "file", required=True), Option("platform", "text"))

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return [] if Path(options["path"]).is_file() else [Problem("path", "missing", "There is no such file.")]

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        yield Batch((), job.cursor)


class Watch:
    """A kind of source that reads with an account of ours."""

    kind = platform = "watch"
    options = (Option("who", "account", required=True),)

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return []

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        yield Batch((), job.cursor)


class Page(Radio):
    """A kind of source that reads an address."""

    kind = "page"
    options = (Option("address", "url"),)

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        return []


KINDS: dict[str, Source] = {"radio": Radio(), "file": Files(), "watch": Watch(), "page": Page()}


@pytest.fixture
def sources(office: Office) -> Sources:
    return Sources(office.records, KINDS, {"bluesky": office.platform}, office.tokens, office.clock)


def test_a_source_is_checked_and_added(sources: Sources) -> None:
    with pytest.raises(SourceProblemsError, match="wave is missing") as wrong:
        sources.add(INES, "radio", "A radio", {})
    assert [problem.option for problem in wrong.value.problems] == ["wave"]
    with pytest.raises(NotFoundError):
        sources.add(INES, "smoke", "Signals", {})
    made = sources.add(INES, "radio", "  ", {"wave": "98"})
    assert sources.all(LENA) == [made]
    assert (made.name, made.state, made.options) == ("radio", "new", {"wave": "98"})
    assert sources.rejected(LENA, made.id) == []


@pytest.mark.parametrize("address", ["https://me:pw@news.example/feed", "http://me@news.example", " https://a:b@c"])
def test_a_name_and_a_password_in_an_address_are_refused(sources: Sources, address: str) -> None:
    with pytest.raises(SourceProblemsError) as wrong:
        sources.add(INES, "page", "", {"address": address})
    assert [(one.option, one.code) for one in wrong.value.problems] == [("address", "password_in_address")]
    assert sources.all(INES) == []
    for fine in ("https://news.example/@me", "https://news.example/?who=@me", "news.example"):
        assert sources.check("page", {"address": fine}) == []


def test_a_file_is_handed_over_and_never_named_by_its_path(sources: Sources, tmp_path: Path) -> None:
    options = {"path": "/etc/passwd", "map": "text=root"}
    for step in (lambda: sources.check("file", options), lambda: sources.add(INES, "file", "A file", options)):
        with pytest.raises(InvalidInputError, match="handed over"):
            step()
    kept = tmp_path / "posts.csv"
    with pytest.raises(SourceProblemsError, match="no such file"):
        sources.import_file(INES, HandedFile(kept, "posts.csv"))
    kept.write_text("text")
    made = sources.import_file(INES, HandedFile(kept, "posts.csv", options))
    assert (made.kind, made.options["path"]) == ("file", str(kept))
    with pytest.raises(ForbiddenError):
        sources.import_file(LENA, HandedFile(kept, "posts.csv"))
    assert sources.all(INES) == [made]


def test_pausing_and_running_again_forgets_the_fault(office: Office, sources: Sources) -> None:
    made = sources.add(INES, "radio", "A radio", {"wave": "98"})
    with office.records.write() as tx:
        rows.change(tx, made.id, state="failed", error="No wave.", error_kind="permanent")
    sources.set_enabled(INES, made.id, False)
    assert [(one.enabled, one.state) for one in sources.all(INES)] == [(False, "stopped")]
    sources.set_enabled(INES, made.id, True)
    assert [(one.enabled, one.state, one.error) for one in sources.all(INES)] == [(True, "new", None)]


def test_removing_a_source(sources: Sources) -> None:
    made = sources.add(INES, "radio", "A radio", {"wave": "98"})
    sources.remove(INES, made.id)
    assert sources.all(INES) == []
    for again in (lambda: sources.remove(INES, made.id), lambda: sources.set_enabled(INES, made.id, True)):
        with pytest.raises(NotFoundError):
            again()


def test_only_managers_change_and_analysts_see_nothing(sources: Sources) -> None:
    made = sources.add(INES, "radio", "A radio", {"wave": "98"})
    for step in (lambda: sources.add(LENA, "radio", "x", {"wave": "1"}), lambda: sources.remove(LENA, made.id),
                 lambda: sources.set_enabled(LENA, made.id, False), lambda: sources.all(ADA),
                 lambda: sources.connect(LENA, "bluesky", "", "x", "y"), lambda: sources.accounts(ADA)):  # fmt: skip
        with pytest.raises(ForbiddenError):
            step()


class Doorman(MemoryPlatform):
    """Accepts one secret alone."""

    def check(self, account: Account) -> AccountCheck:
        if account.secret == "hush":
            return AccountCheck("Nanmah", True, native_id="did:other")
        return AccountCheck(account.handle, False, "refused")


def test_an_account_is_kept_only_if_the_platform_accepts_it(office: Office) -> None:
    sources = Sources(office.records, KINDS, {"bluesky": Doorman(START)}, office.tokens, office.clock)
    before = sources.accounts(LENA)
    with pytest.raises(InvalidInputError):
        sources.connect(INES, "bluesky", "https://social.example", "nanmah", "  ")
    with pytest.raises(NotFoundError):
        sources.connect(INES, "smoke", "", "nanmah", "hush")
    with pytest.raises(AuthorisationError, match="refused"):
        sources.connect(INES, "bluesky", "https://social.example", "nanmah", "guess")
    assert sources.accounts(LENA) == before

    made = sources.connect(INES, "bluesky", " https://social.example ", "nanmah", "hush")
    assert (made.handle, made.native_id, made.state) == ("Nanmah", "did:other", "connected")
    assert sources.connect(INES, "bluesky", "https://social.example", "nanmah", "hush").id == made.id
    assert sources.recheck(INES, made.id).error is None
    with office.records.read() as tx:
        assert rows.secret_of(tx, made.id) == office.vault.encrypt("hush")

    sources.disconnect(INES, made.id)
    assert sources.accounts(LENA) == before
    for gone in (lambda: sources.disconnect(INES, made.id), lambda: sources.recheck(INES, made.id)):
        with pytest.raises(NotFoundError):
            gone()


class Away(MemoryPlatform):
    """Does not answer, in one way or the other."""

    error: Exception | None = None

    def check(self, account: Account) -> AccountCheck:
        if self.error:
            raise self.error
        return AccountCheck(account.handle, False, "unreachable")


@pytest.mark.parametrize("error", [None, RetryableError("The network is down.")])
def test_a_platform_that_does_not_answer_says_nothing_about_the_credential(
    office: Office, error: Exception | None
) -> None:
    away = Away(START)
    away.error = error
    sources = Sources(office.records, KINDS, {"bluesky": away}, office.tokens, office.clock)
    checked = sources.recheck(INES, "a1")
    assert (checked.state, checked.error) == ("connected", "unreachable")
    with office.records.read() as tx:
        (row,) = audit.newest(tx, WORKSPACE)
    assert (row.actor, row.action, row.subject, row.detail) == ("ines", "check_account", "a1", {"state": "connected"})


def test_a_credential_that_stopped_working_is_remembered(office: Office) -> None:
    sources = Sources(office.records, KINDS, {"bluesky": Doorman(START)}, office.tokens, office.clock)
    made = sources.connect(INES, "bluesky", "https://social.example", "nanmah", "hush")
    with office.records.write() as tx:
        rows.put_account(tx, made, office.vault.encrypt("old"))
    checked = sources.recheck(INES, made.id)
    assert (checked.state, checked.error) == ("failed", "refused")
    assert made.id in [one.id for one in sources.accounts(LENA) if one.state == "failed"]


def test_a_source_reads_with_an_account_of_its_own_workspace(office: Office) -> None:
    made = Sources(office.records, {"watch": Watch()}, {}, office.tokens, office.clock)
    assert made.add(INES, "watch", "", {"who": "a1"}).options == {"who": "a1"}
    for who, account in ((INES, "a2"), (structs.replace(INES, workspace="elsewhere"), "a1")):
        with pytest.raises(SourceProblemsError, match="one of your connected accounts"):
            made.add(who, "watch", "", {"who": account})


@pytest.mark.parametrize("way", ["connected anew", "checked again"])
def test_sources_that_stopped_with_an_account_start_again_with_it(office: Office, way: str) -> None:
    sources = Sources(office.records, KINDS, {"bluesky": Doorman(START)}, office.tokens, office.clock)
    made = sources.connect(INES, "bluesky", "https://social.example", "nanmah", "hush")
    kinds = [("watch", {"who": made.id}), ("watch", {"who": "a1"}), ("radio", {"wave": "98"})]
    added = [sources.add(INES, kind, str(n), options) for n, (kind, options) in enumerate(kinds)]
    with office.records.write() as tx:
        for row in added:
            rows.failed(tx, row, "failed", "AuthorisationError", "The account is refused.", START, None)
        rows.change_account(tx, made.id, state="failed", error="refused")
    if way == "connected anew":
        sources.connect(INES, "bluesky", "https://social.example", "nanmah", "hush")
    else:
        sources.recheck(INES, made.id)
    found = {row.name: (row.state, row.error, row.error_kind) for row in sources.all(LENA)}
    assert found["0"] == ("new", None, None)
    assert found["1"] == found["2"] == ("failed", "The account is refused.", "AuthorisationError")


def test_a_paused_source_is_not_started_with_its_account(office: Office) -> None:
    sources = Sources(office.records, KINDS, {"bluesky": Doorman(START)}, office.tokens, office.clock)
    made = sources.connect(INES, "bluesky", "https://social.example", "nanmah", "hush")
    row = sources.add(INES, "watch", "Paused", {"who": made.id})
    sources.set_enabled(INES, row.id, False)
    sources.connect(INES, "bluesky", "https://social.example", "nanmah", "hush")
    assert [(one.state, one.enabled) for one in sources.all(LENA)] == [("stopped", False)]
