"""What every Source must do. A source's test file inherits the classes and provides a `stage`.

`stage` (function scope) is a :class:`Stage`: the source, options with which it finds known posts,
and where it has a server, options with which it finds nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from threading import Event

import msgspec
import pytest

from crm import envelope
from crm.errors import RetryableError
from crm.ports.responder import Account
from crm.ports.source import Batch, Job, Rejected, Search, Source, unlimited
from crm.ports.transport import Transport
from crm.words import Collected, CollectedEvent, Removed
from shenava.transport import Guard, OutboundTransport
from tests.conformance.doubles import ManualClock
from tests.services import free_port

JOB = "source-1"


@dataclass
class Heard:
    """What a run gave."""

    batches: list[Batch] = field(default_factory=list)

    @property
    def events(self) -> list[CollectedEvent]:
        return [event for batch in self.batches for event in batch.events]

    @property
    def collected(self) -> list[Collected]:
        return [event for event in self.events if isinstance(event, Collected)]

    @property
    def removed(self) -> list[Removed]:
        return [event for event in self.events if isinstance(event, Removed)]

    @property
    def keys(self) -> list[str]:
        return [event.post.key for event in self.collected]

    @property
    def rejected(self) -> list[Rejected]:
        return [one for batch in self.batches for one in batch.rejected]

    @property
    def cursor(self) -> str:
        return self.batches[-1].cursor


@dataclass
class Stage:
    """Where the suite plays. `expected` are the keys of a whole run; `bad` maps an option to options at fault."""

    source: Source
    options: Mapping[str, str]
    expected: Sequence[str]
    bad: Mapping[str, Mapping[str, str]]
    hosts: tuple[str, ...] = ()
    unreachable: Mapping[str, str] | None = None
    workspace: str | None = None
    platform: str = ""
    searches: tuple[Search, ...] = ()
    account: Account | None = None
    allowance: Callable[[str], int] = unlimited
    clock: ManualClock = field(default_factory=ManualClock)

    def transport(self) -> Transport:
        """The guarded transport, with the test's own servers permitted."""
        return OutboundTransport(Guard(frozenset(self.hosts)))

    def job(self, cursor: str = "", **options: str) -> Job:
        return Job(
            JOB, {**self.options, **options}, cursor, self.workspace, self.account, self.searches, self.allowance
        )

    @contextmanager
    def running(self, job: Job, stop: Event | None = None) -> Iterator[Iterator[Batch]]:
        """The batches of a run, closed at the end."""
        batches = self.source.collect(job, self.transport(), self.clock, stop or Event())
        try:
            yield batches
        finally:
            batches.close()  # type: ignore[attr-defined]

    def hear(self, cursor: str = "", wanted: Sequence[str] | None = None, **options: str) -> Heard:
        """Run until every post of `wanted` (all that are expected) has come, or the source ends."""
        heard, missing = Heard(), set(self.expected if wanted is None else wanted)
        with self.running(self.job(cursor, **options)) as batches:
            for batch in batches:
                heard.batches.append(batch)
                missing -= {event.post.key for event in batch.events if isinstance(event, Collected)}
                if not missing:
                    break
        return heard


class Options:
    """Options are judged before anything is fetched."""

    def test_good_options_have_no_problem(self, stage: Stage) -> None:
        assert stage.source.check(stage.options) == []

    def test_each_problem_names_an_option_and_has_a_sentence(self, stage: Stage) -> None:
        names = {option.name for option in stage.source.options}
        for option, options in stage.bad.items():
            problems = stage.source.check({**stage.options, **options})
            assert option in {problem.option for problem in problems}, options
            for problem in problems:
                assert problem.option in names
                assert problem.code.isidentifier()
                assert problem.message.endswith(".")

    def test_what_is_required_is_missed(self, stage: Stage) -> None:
        required = {option.name for option in stage.source.options if option.required}
        assert required <= {problem.option for problem in stage.source.check({})}

    def test_defaults_are_good(self, stage: Stage) -> None:
        defaults = {option.name: option.default for option in stage.source.options if option.default}
        assert stage.source.check({**defaults, **stage.options}) == []

    def test_a_choice_has_its_default_among_its_choices(self, stage: Stage) -> None:
        for option in stage.source.options:
            assert (option.kind == "choice") == bool(option.choices)
            assert option.kind != "choice" or option.default in option.choices


class Collecting:
    """What comes out is fit for the stream."""

    def test_all_posts_come_in_order(self, stage: Stage) -> None:
        keys = stage.hear().keys
        assert list(dict.fromkeys(keys)) == list(stage.expected)

    def test_events_name_the_source_and_the_time(self, stage: Stage) -> None:
        for event in stage.hear().collected:
            assert (event.source, event.workspace) == (JOB, stage.workspace)
            assert event.collected_at <= stage.clock.now()

    def test_posts_are_whole(self, stage: Stage) -> None:
        for event in stage.hear().collected:
            post = event.post
            assert post.platform == (stage.platform or stage.source.platform)
            assert post.native_id
            assert post.author.native_id
            assert post.author.platform == post.platform
            assert post.posted_at.utcoffset() is not None
            assert post.parent_key is None or post.parent_key.startswith(f"{post.platform}:")
            assert post.url == "" or post.url.startswith("http")

    def test_events_survive_the_stream(self, stage: Stage) -> None:
        for event in stage.hear().events:
            kind = type(event)
            assert msgspec.json.decode(msgspec.json.encode(event), type=kind) == event
            assert envelope.record(event).value

    def test_every_batch_has_a_cursor_and_idle_ones_are_empty(self, stage: Stage) -> None:
        for batch in stage.hear().batches:
            assert isinstance(batch.cursor, str)
            assert not (batch.idle and (batch.events or batch.rejected))


class Resuming:
    """A run goes on after the last cursor that was stored."""

    def test_nothing_is_skipped_after_any_batch(self, stage: Stage) -> None:
        whole = stage.hear().batches
        for cut, batch in enumerate(whole, 1):
            had = {event.post.key for one in whole[:cut] for event in one.events if isinstance(event, Collected)}
            wanted = [key for key in stage.expected if key not in had]
            if wanted:
                assert set(wanted) <= set(stage.hear(batch.cursor, wanted).keys)

    def test_a_stop_ends_the_run(self, stage: Stage) -> None:
        stop = Event()
        stop.set()
        with stage.running(stage.job(), stop) as batches:
            assert sum(len(batch.events) for batch in batches) <= len(stage.expected)

    def test_a_stop_between_batches_ends_the_run(self, stage: Stage) -> None:
        stop = Event()
        with stage.running(stage.job(), stop) as batches:
            next(batches)
            stop.set()
            assert len(list(batches)) <= 2


class Reaching:
    """Sources with a server say so when it isn't there."""

    def test_nobody_there_may_be_tried_again(self, stage: Stage) -> None:
        assert stage.unreachable
        with pytest.raises(RetryableError), stage.running(stage.job(**stage.unreachable)) as batches:
            deque(islice(batches, 3))  # what was spent may be told first


def nobody() -> str:
    """``127.0.0.1:port`` where nobody listens."""
    return f"127.0.0.1:{free_port()}"
