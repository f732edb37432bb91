# ruff: noqa: ARG002
"""Use cases in memory, with the signatures of crm/usecases: enough to draw every page of the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from crm.errors import RateLimitedError
from crm.policies import passwords
from crm.policies.access import Actor
from crm.ports.source import Option
from crm.records.changes import Change
from crm.records.workspaces import Workspace
from crm.usecases.accounts import AlreadySetUpError, SessionToken, WrongLogInError, folded_email
from crm.usecases.setup import SourceChoice
from crm.usecases.sources import HandedFile
from crm.usecases.team import Preferences

NOW = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
PASSWORD = "correct horse battery"


def an_actor(language: str = "en", role: Any = "administrator") -> Actor:
    """Somebody invented."""
    name = "نگار ماهان" if language == "fa" else "Lena Korda"
    return Actor("u1", "w1", role, name, "lena@aseman.example", language, session="s1")


@dataclass
class FakeAccounts:
    """One person at most; tokens are ``session-N``."""

    person: Actor | None = None
    sessions: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, Actor] = field(default_factory=dict)
    wrong_tries: int = 0

    def needs_setup(self) -> bool:
        return self.person is None

    def create_administrator(
        self, email: str, name: str, password: str, language: str = "en", zone: str = ""
    ) -> SessionToken:
        if self.person:
            raise AlreadySetUpError
        passwords.check(password, folded_email(email))
        self.person = Actor("u1", "w1", "administrator", name or email.partition("@")[0], email, language)
        return self._start(self.person)

    def log_in(self, email: str, password: str, address: str = "") -> SessionToken:
        if self.wrong_tries >= 5:
            raise RateLimitedError("The log-in", 900)
        if self.person is None or (email, password) != (self.person.email, PASSWORD):
            self.wrong_tries += 1
            raise WrongLogInError
        return self._start(self.person)

    def log_out(self, token: str) -> None:
        self.sessions.pop(token, None)

    def actor_of(self, token: str, kind: str = "browser") -> Actor | None:
        return (self.sessions if kind == "browser" else self.tokens).get(token)

    def _start(self, actor: Actor) -> SessionToken:
        token = f"session-{len(self.sessions) + 1}"
        self.sessions[token] = actor
        return SessionToken(token, actor.user_id)


@dataclass
class FakeTeam:
    """Keeps preferences, and the language in the sessions as the real one does."""

    accounts: FakeAccounts
    kept: Preferences = field(default_factory=Preferences)

    def preferences(self, actor: Actor) -> Preferences:
        return self.kept

    def set_preferences(self, actor: Actor, preferences: Preferences) -> None:
        self.kept = preferences
        for token, one in self.accounts.sessions.items():
            self.accounts.sessions[token] = Actor(
                one.user_id, one.workspace, one.role, one.name, one.email, preferences.language, session=one.session
            )


@dataclass
class FakeSetup:
    """Remembers what was begun."""

    name: str = ""
    begun: list[tuple[str, list[str], list[SourceChoice], list[HandedFile]]] = field(default_factory=list)
    work: Any = None

    def workspace(self, actor: Actor) -> Workspace:
        return Workspace("w1", self.name, "Asia/Tehran", "en", NOW)

    def begin(
        self, actor: Actor, brand: str, synonyms: Sequence[str], choices: Sequence[SourceChoice],
        files: Sequence[HandedFile] = (),
    ) -> None:  # fmt: skip
        self.name = brand
        self.begun.append((brand, list(synonyms), list(choices), list(files)))

    def demo_asked(self) -> bool:
        return self.work is not None

    def load_demo(self, actor: Actor) -> str:
        self.work = SimpleNamespace(done=3, total=4, state="running")
        return "job1"

    def demo_progress(self, actor: Actor) -> Any:
        return self.work

    def demo_loaded(self, actor: Actor) -> bool:
        return self.work is not None


class FakeSources:
    """The kinds that need no key, with plausible options."""

    kinds: Mapping[str, Any] = {
        "jetstream": SimpleNamespace(options=()),
        "mastodon": SimpleNamespace(
            options=(Option("server", "url", True, "https://mastodon.example"), Option("tag", "text"))
        ),
        "feed": SimpleNamespace(options=(Option("addresses", "list", True),)),
    }

    def all(self, actor: Actor) -> list[Any]:
        return [SimpleNamespace(id="s1")]


@dataclass
class FakeLive:
    """Changes that a test adds."""

    changes: list[Change] = field(default_factory=list)

    def add(self, kind: str, subject: str, workspace: str = "w1") -> None:
        self.changes.append(Change(len(self.changes) + 1, workspace, kind, subject))

    def cursor(self) -> int:
        return len(self.changes)

    def since(self, cursor: int) -> list[Change]:
        return [change for change in self.changes if change.id > cursor][:500]

    def wait(self, seconds: float) -> bool:
        return False


def fake_services(person: Actor | None = None, **others: Any) -> Any:
    """A bundle; without a `person` the first visit is still to be made. Give more use cases by name."""
    accounts = FakeAccounts(person)
    if person:
        accounts.sessions["session-1"] = person
        accounts.tokens["api-1"] = person
    team = FakeTeam(accounts, Preferences(language=person.language if person else "en"))
    setup = FakeSetup("Aseman Air" if person else "")
    bundle = {
        "accounts": accounts,
        "team": team,
        "setup": setup,
        "sources": FakeSources(),
        "live": FakeLive(),
        "inbox": SimpleNamespace(queue=lambda *_: SimpleNamespace(total=0)),
        **others,
    }
    return SimpleNamespace(**bundle)
