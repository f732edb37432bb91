"""A workspace with people, a monitor and an account, and posts about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from crm.policies.access import Actor, Role
from crm.records import checksums, monitors, sources, users, workspaces
from crm.records.columns import metadata
from crm.records.database import Records
from crm.records.monitors import Monitor
from crm.records.sources import AccountRow
from crm.records.users import User
from crm.records.workspaces import Workspace
from crm.usecases.acts import Acts
from crm.usecases.caseview import CaseViews
from crm.usecases.casework import CaseSink
from crm.usecases.customers import Customers
from crm.usecases.files import Files
from crm.usecases.inbox import Inbox
from crm.usecases.replies import Replies
from crm.usecases.tokens import Tokens
from crm.usecases.toolbox import Toolbox
from crm.words import Author, EnrichedPost, Label, Origin, Post
from responders.manual import ManualResponder
from tests.conformance.doubles import ManualClock
from tests.doubles.memory_index import MemoryIndex
from tests.doubles.platform import MemoryPlatform, PlainVault

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)  # a Saturday, 11:30 in Tehran
WORKSPACE = "w1"
MONITOR = "m1"


def label(value: str | None) -> Label:
    """What a sure (or, for None, an abstaining) model says."""
    return Label(value, 0.9 if value else 0.4, "test", "1")


def said(
    native_id: str, text: str = "my card does not work", *, at: float = 0.0, who: str = "did:mina",
    parent: str = "", root: str = "", thread: str = "", own: bool = False, origin: Origin = "stream",
    monitors: Sequence[str] = (MONITOR,), sentiment: str | None = "negative", urgency: str | None = "normal",
    revision: int = 1, open_cases: bool = False, private: bool = False, customer: str | None = None,
    workspace: str = WORKSPACE, bio: str = "",
) -> EnrichedPost:  # fmt: skip
    """A post `at` minutes after START; `parent`, `root` and `thread` are native ids on the same platform."""

    def key(name: str) -> str | None:
        return f"bluesky:{name}" if name else None

    author = Author("bluesky", who, who.removeprefix("did:"), who.removeprefix("did:").title(), bio=bio)
    post = Post(
        "bluesky", native_id, author, text, START + timedelta(minutes=at), url=f"https://social.example/{native_id}",
        parent_key=key(parent), root_key=key(root), private=private,
    )  # fmt: skip
    return EnrichedPost(
        workspace, post, text.lower(), label("en"), label(sentiment), label(urgency), revision,
        key(thread) or post.thread_key, tuple(monitors), customer, origin, own, open_cases=open_cases,
    )  # fmt: skip


class Office(Struct):
    """Everything a test of the team's work needs."""

    records: Records
    clock: ManualClock
    index: MemoryIndex
    platform: MemoryPlatform
    vault: PlainVault
    sink: CaseSink
    customers: Customers
    replies: Replies
    inbox: Inbox
    toolbox: Toolbox
    acts: Acts
    files: Files

    @property
    def tokens(self) -> Tokens:
        """The secrets of its accounts, none of which can be renewed."""
        return Tokens(self.records, self.vault, self.clock, {})

    def hear(self, *posts: EnrichedPost) -> None:
        """Put posts into the index and through the case sink, each in a batch of its own."""
        for post in posts:
            self.index.write([post])
            self.sink.write([post])


def actor(user_id: str = "lena", role: Role = "agent", **more: object) -> Actor:
    """Somebody of the workspace."""
    return Actor(user_id, WORKSPACE, role, user_id.title(), **more)  # type: ignore[arg-type]


def new_records(folder: Path) -> Records:
    """Records in a file of their own, with every table and no row."""
    records = Records.connect(f"sqlite:///{folder / 'records.sqlite'}")
    metadata.create_all(records.engine)
    with records.write() as tx:
        checksums.install(tx)
    return records


def open_office(where: Path | Records) -> Office:
    """A workspace in Tehran's zone that works around the clock, with four people, in a folder or in empty records."""
    records = where if isinstance(where, Records) else new_records(where)
    clock, index = ManualClock(START), MemoryIndex()
    with records.write() as tx:
        workspaces.add(
            tx,
            Workspace(WORKSPACE, "Nanmah", "Asia/Tehran", "en", START, weekend=(),
                      business_hours={"from": "00:00", "until": "00:00"}),
        )  # fmt: skip
        for name, role in (("lena", "agent"), ("jo", "agent"), ("ines", "manager"), ("ada", "analyst")):
            users.add(tx, _user(name, role), "")  # type: ignore[arg-type]
        monitors.put(tx, Monitor(MONITOR, WORKSPACE, "Nanmah", "nanmah", "Nanmah", True, START, START))
        account = AccountRow(
            "a1", WORKSPACE, "bluesky", "https://social.example", "nanmah", "did:own", "connected", None, None, START
        )
        sources.put_account(tx, account, PlainVault().encrypt("hush"))
    platform = MemoryPlatform(START + timedelta(minutes=30))
    people = Customers(records, index, clock)
    replies = Replies(records, index, {"bluesky": platform}, ManualResponder, clock)
    acts = Acts(records, index, {"bluesky": platform}, Tokens(records, PlainVault(), clock, {}), clock)
    views = CaseViews(records, index, people, replies, clock, acts)
    return Office(
        records, clock, index, platform, PlainVault(), CaseSink(records, clock), people, replies,
        Inbox(records, index, views, clock), Toolbox(records, clock), acts, Files(records, replies, clock),
    )  # fmt: skip


def _user(name: str, role: Role) -> User:
    return User(name, WORKSPACE, f"{name}@example.org", name.title(), role, False, True, {}, None, False, START)
