"""Sources: where posts are collected from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from threading import Event
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from crm.errors import InvalidInputError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.transport import Transport
from crm.query.tree import Node
from crm.words import CollectedEvent, Post

OptionKind = Literal["text", "url", "number", "choice", "list", "switch", "file", "account", "monitors", "date",
                     "secret"]  # fmt: skip
"""`account` is the id of one of our accounts on the source's platform, `monitors` ids of monitors (none: all).

What is typed as `secret` is kept encrypted, apart from the options, and comes back as :attr:`Job.secret`.
"""


UNLIMITED = 2**31
"""More posts than anybody reads before a cap is looked at again."""


class Option(Struct, frozen=True):
    """One thing a person fills in to use a source. `name` is also its key in the message catalogue."""

    name: str
    kind: OptionKind
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()


class Problem(Struct, frozen=True):
    """What is wrong with the option `option`: a code for the catalogue, its parameters, and the English sentence."""

    option: str
    code: str
    message: str
    params: Mapping[str, str] = {}


class Rejected(Struct, frozen=True):
    """A row or item that could not become a post: where it stood (line, address, cursor) and why.

    `reason` is the English sentence, `code` and `params` the same for the catalogue; empty where there is none.
    """

    where: str
    reason: str
    code: str = ""
    params: Mapping[str, str] = {}


class Quota(Struct, frozen=True):
    """What a platform still lets us ask until `resets_at`, by the headers of its last answer."""

    remaining: int
    limit: int | None = None
    resets_at: datetime | None = None


class Gap(Struct, frozen=True):
    """A stretch of time of which posts may be missing, and why: a code of the catalogue.

    Codes: too_old (the platform does not search that far back), too_many (it gives out only the newest),
    budget (the cap was reached).
    """

    since: datetime
    until: datetime
    reason: str


class Batch(Struct, frozen=True):
    """What a source hands over at once. `cursor` says where to go on after this batch is stored.

    `idle` marks a batch that only says "I am alive and there was nothing new". `spent` is how much was
    read of what the platform counts (:func:`unit_of`), by the monitor they were read for (empty where for none).
    """

    events: tuple[CollectedEvent, ...]
    cursor: str
    rejected: tuple[Rejected, ...] = ()
    idle: bool = False
    spent: Mapping[str, int] = {}
    quota: Quota | None = None
    gaps: tuple[Gap, ...] = ()


class Search(Struct, frozen=True):
    """What one monitor looks for, its platforms and languages already in the query."""

    monitor: str
    query: Node


class Asked(Struct, frozen=True):
    """How a platform is asked what a query looks for.

    `texts` are its own search strings, which together find every post that the query matches and that the
    platform finds; `left` are the parts that only we can judge, as the query language writes them.
    """

    texts: tuple[str, ...]
    left: tuple[str, ...] = ()


class CantBeAskedError(InvalidInputError):
    """A platform's search can't be asked a query; `code` and `params` say why for the catalogue."""

    def __init__(self, message: str, code: str, **params: str) -> None:
        self.code, self.params = code, params
        super().__init__(message)


def unlimited(monitor: str) -> int:
    """The allowance of whoever pays nothing."""
    del monitor
    return UNLIMITED


class Job(Struct, frozen=True):
    """One run of a source.

    `source` is the id that goes into every event, `options` are validated, `cursor` is the last one stored (empty
    at first). `account` is the one that the options name, signed in as far as we know, `searches` what the monitors
    look for, `allowance` how many posts may still be read for a monitor (or for none, with an empty name) before
    the cap of the platform or the monitor is reached: ask before each request. `secret` is what was typed into the
    option of that kind.
    """

    source: str
    options: Mapping[str, str]
    cursor: str
    workspace: str | None = None
    account: Account | None = None
    searches: tuple[Search, ...] = ()
    allowance: Callable[[str], int] = unlimited
    secret: str = ""


class Source(Protocol):
    """One kind of source, for example Bluesky's Jetstream. Holds no state between runs."""

    kind: str
    """Its name in settings, for example ``jetstream``."""
    platform: str
    """The platform of its posts, for example ``bluesky``."""
    options: tuple[Option, ...]
    """What a person fills in."""

    def check(self, options: Mapping[str, str]) -> list[Problem]:
        """Judge options without any network access; an empty list means they can be used."""
        ...

    def collect(self, job: Job, transport: Transport, clock: Clock, stop: Event) -> Iterator[Batch]:
        """Yield batches until the source is exhausted (a file) or `stop` is set (a stream).

        Resumes after `job.cursor`; a post may come again, none is skipped. Bad items are
        reported in `rejected` and hold up nothing.
        Raises: RetryableError (the runner waits and calls again from the last stored cursor),
        RateLimitedError, AuthorisationError, PermanentError (the runner stops and shows it).
        """
        ...


def account_option(kind: Source) -> str | None:
    """The option that names the account of ours a source reads with; None where it needs none."""
    return next((option.name for option in kind.options if option.kind == "account"), None)


@runtime_checkable
class Searching(Protocol):
    """A source that asks its platform what monitors look for."""

    def ask(self, query: Node) -> Asked:
        """How the platform would be asked. Asks nobody. Raises CantBeAskedError."""
        ...


@runtime_checkable
class Forecasting(Protocol):
    """A source that knows beforehand how much a query would bring."""

    def forecast(self, query: Node, options: Mapping[str, str], account: Account, transport: Transport) -> int | None:
        """What seven days of the query cost by the platform's own count, in the source's :func:`unit_of`.

        None where a source with these options would not ask for it. Raises what :meth:`Source.collect` raises, and
        CantBeAskedError.
        """
        ...


Unit = Literal["posts", "units"]
"""What a platform counts: posts that it gives out, or units of its own by which it prices each question."""


@runtime_checkable
class Counting(Protocol):
    """A source whose platform counts something else than posts: so are what it spends, its caps and its forecasts."""

    unit: Unit


def unit_of(kind: Source) -> Unit:
    """What a source spends."""
    return kind.unit if isinstance(kind, Counting) else "posts"


class Preview(Struct, frozen=True):
    """What a source would bring: where it reads each field of a post, and the first posts of so many items.

    `further` says that there is a next page.
    """

    paths: Mapping[str, str]
    posts: tuple[Post, ...]
    rejected: tuple[Rejected, ...]
    items: int
    further: bool = False


@runtime_checkable
class Previewing(Protocol):
    """A source that can show what it would bring before it is set up."""

    def preview(self, job: Job, transport: Transport, clock: Clock) -> Preview:
        """One look, of which nothing is kept. Raises what :meth:`Source.collect` raises."""
        ...


class Hindrance(Struct, frozen=True):
    """What keeps an account from being read though its credential is good, and how to mend it."""

    what: str
    mend: str


@runtime_checkable
class Probing(Protocol):
    """A source that can tell beforehand what is in its way."""

    def probe(self, account: Account, transport: Transport, clock: Clock) -> Hindrance | None:
        """One harmless call; None where nothing is in the way. Raises what :meth:`Source.collect` raises."""
        ...


@runtime_checkable
class Receiving(Protocol):
    """A source that asks nobody: others hand it posts. Its `collect` gives nothing."""

    def read(self, job: Job, body: bytes, now: datetime) -> Batch:
        """The posts in what was handed over, and what of it can't be used.

        Raises: InvalidInputError where nothing in it is a post, or it holds too many.
        """
        ...
