"""Sources: where posts are collected from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Event
from typing import Literal, Protocol

from msgspec import Struct

from crm.ports.clock import Clock
from crm.ports.transport import Transport
from crm.words import CollectedEvent

OptionKind = Literal["text", "url", "number", "choice", "list", "switch", "file"]


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


class Batch(Struct, frozen=True):
    """What a source hands over at once. `cursor` says where to go on after this batch is stored.

    `idle` marks a batch that only says "I am alive and there was nothing new".
    """

    events: tuple[CollectedEvent, ...]
    cursor: str
    rejected: tuple[Rejected, ...] = ()
    idle: bool = False


class Job(Struct, frozen=True):
    """One run of a source.

    `source` is the id that goes into every event, `options` are validated, `cursor` is the
    last one stored (empty at first).
    """

    source: str
    options: Mapping[str, str]
    cursor: str
    workspace: str | None = None


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
