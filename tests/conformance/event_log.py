"""What every EventLog must do. An adapter's test file inherits the classes and provides two fixtures.

`open_log`: a callable that opens the log over the same storage each time it is called.
`clock`: the clock that those logs were given.
`log` (here) is the first one opened.

An adapter says by attributes of the classes how long its members may take to join a group (`patience`) and
the next events to come (`settle`), in seconds, and whether its topics have one order over all keys (`in_line`).
What only a log in a file must do is in `event_log_file.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import pytest

from crm.errors import RetryableError
from crm.ports.log import Consumer, Event, EventLog, Record
from tests.conformance.doubles import ManualClock

TOPIC = "posts.collected"
OpenLog = Callable[[], EventLog]

CASES = [
    ("bluesky:3k2a", b"hello"),
    ("mastodon:۱۲۳", "سلام، حال‌تان چطور است؟ 🙂".encode()),
    ("rss:کلید فارسی با فاصله", "كتابٌ ي".encode()),
    ("csv:'quoted\" ; -- key", b""),
    ("csv:nul", bytes(range(256))),
    ("csv:long", b"x" * 400_000),
]


def records(count: int, start: int = 0) -> list[Record]:
    """`count` records with keys of their own."""
    return [Record(f"k:{n}", f"پست {n}".encode()) for n in range(start, start + count)]


def drain(consumer: Consumer, limit: int = 1000, patience: float = 0.05, settle: float = 0.05) -> list[Event]:
    """Everything that is there, without committing."""
    events: list[Event] = []
    while batch := consumer.poll(limit, settle if events else patience):
        events += batch
    return events


def values(events: list[Event]) -> list[str]:
    return [event.value.decode() for event in events]


def place(event: Event) -> tuple[int, int]:
    return event.partition, event.offset


def posts(numbers: Iterable[int]) -> list[str]:
    """The values of the records with these numbers."""
    return [f"پست {n}" for n in numbers]


class Suite:
    patience = settle = 0.05
    in_line = True

    @pytest.fixture
    def log(self, open_log: OpenLog) -> Iterator[EventLog]:
        log = open_log()
        yield log
        log.close()

    def first(self, consumer: Consumer, limit: int) -> list[Event]:
        """A poll of a member that may have to join first."""
        return consumer.poll(limit, self.patience)

    def drain(self, consumer: Consumer, limit: int = 1000) -> list[Event]:
        """Everything that is there, without committing."""
        return drain(consumer, limit, self.patience, self.settle)

    def same(self, found: Iterable[str], expected: Iterable[str]) -> bool:
        """Whether these are the expected values, in their order where topics have one over all keys."""
        return list(found) == list(expected) if self.in_line else sorted(found) == sorted(expected)

    def rest(self, count: int, *done: list[Event]) -> list[str]:
        """What is left of the records 0 to `count`; where there is one order, these were the first of them."""
        gone = [value for events in done for value in values(events)]
        assert self.same(gone, [value for value in posts(range(count)) if value in gone])
        assert not self.in_line or gone == posts(range(len(gone)))
        return [value for value in posts(range(count)) if value not in gone]


class Appending(Suite):
    @pytest.mark.parametrize(("key", "value"), CASES, ids=[key for key, _ in CASES])
    def test_what_was_appended_comes_back_byte_for_byte(self, log: EventLog, key: str, value: bytes) -> None:
        log.append(TOPIC, [Record(key, value)])
        (event,) = self.drain(log.consumer(TOPIC, "g"))
        assert (event.topic, event.key, event.value) == (TOPIC, key, value)

    def test_an_event_says_when_it_was_appended_in_utc(self, log: EventLog, clock: ManualClock) -> None:
        before = clock.now()
        log.append(TOPIC, records(1))
        (event,) = self.drain(log.consumer(TOPIC, "g"))
        assert abs(event.appended_at - before) < timedelta(minutes=1)
        assert event.appended_at.utcoffset() is not None

    def test_an_empty_append_changes_nothing(self, log: EventLog) -> None:
        assert log.append(TOPIC, []) == -1
        log.append(TOPIC, records(2))
        assert log.append(TOPIC, []) == 1
        assert len(self.drain(log.consumer(TOPIC, "g"))) == 2

    def test_duplicates_are_kept(self, log: EventLog) -> None:
        log.append(TOPIC, [Record("k", b"1"), Record("k", b"1")])
        log.append(TOPIC, [Record("k", b"1")])
        assert len(self.drain(log.consumer(TOPIC, "g"))) == 3

    def test_an_append_that_fails_adds_nothing(self, log: EventLog) -> None:
        broken = [*records(3), Record("k:3", object())]  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            log.append(TOPIC, broken)
        assert self.drain(log.consumer(TOPIC, "g")) == []
        log.append(TOPIC, records(1))
        assert values(self.drain(log.consumer(TOPIC, "h"))) == ["پست 0"]

    def test_topics_are_apart(self, log: EventLog) -> None:
        log.append("a", [Record("k", b"in a")])
        log.append("موضوع", [Record("k", b"in b")])
        assert values(self.drain(log.consumer("a", "g"))) == ["in a"]
        assert values(self.drain(log.consumer("موضوع", "g"))) == ["in b"]


class Ordering(Suite):
    def test_a_key_keeps_its_order_over_appends_and_polls(self, log: EventLog) -> None:
        sent = [Record(f"k:{n % 3}", str(n).encode()) for n in range(90)]
        for start in range(0, 90, 7):
            log.append(TOPIC, sent[start : start + 7])
        got = self.drain(log.consumer(TOPIC, "g"), limit=11)
        for key in ("k:0", "k:1", "k:2"):
            assert [e.value for e in got if e.key == key] == [r.value for r in sent if r.key == key]

    def test_a_poll_gives_at_most_its_limit_and_the_next_goes_on(self, log: EventLog) -> None:
        log.append(TOPIC, records(25))
        consumer = log.consumer(TOPIC, "g")
        got = [batch := self.first(consumer, 10)]
        while batch := consumer.poll(10, self.settle):
            got.append(batch)
        assert sum(map(len, got)) == 25
        assert max(map(len, got)) <= 10
        assert not self.in_line or [len(batch) for batch in got] == [10, 10, 5]

    def test_an_empty_topic_gives_an_empty_poll(self, log: EventLog) -> None:
        assert log.consumer("never.written", "g").poll(10, 0.05) == []

    def test_events_appended_after_joining_arrive(self, log: EventLog) -> None:
        consumer = log.consumer(TOPIC, "g")
        assert consumer.poll(10, 0.0) == []
        log.append(TOPIC, records(1))
        assert values(self.drain(consumer)) == ["پست 0"]


class InLine(Suite):
    """For logs whose topics have one order over all keys: a file, or a topic of one partition."""

    def test_append_returns_the_last_offset(self, log: EventLog) -> None:
        last = log.append(TOPIC, records(3))
        assert self.drain(log.consumer(TOPIC, "g"))[-1].offset == last
        assert log.append(TOPIC, records(1)) > last

    def test_an_empty_append_takes_no_offset(self, log: EventLog) -> None:
        before = log.append(TOPIC, records(2))
        assert log.append(TOPIC, []) == before
        assert log.append(TOPIC, records(1)) == before + 1

    def test_polls_give_what_was_appended_first(self, log: EventLog) -> None:
        log.append(TOPIC, records(10))
        consumer = log.consumer(TOPIC, "g")
        assert values(self.first(consumer, 4)) == posts(range(4))
        assert values(self.drain(consumer, 4)) == posts(range(4, 10))


class Committing(Suite):
    def test_uncommitted_events_come_again_to_the_next_member(self, log: EventLog) -> None:
        log.append(TOPIC, records(10))
        first = log.consumer(TOPIC, "g")
        done = self.first(first, 4)
        first.commit()
        assert first.poll(4, self.settle)
        first.close()
        assert self.same(values(self.drain(log.consumer(TOPIC, "g"))), self.rest(10, done))

    def test_commit_covers_everything_polled_so_far(self, log: EventLog) -> None:
        log.append(TOPIC, records(10))
        first = log.consumer(TOPIC, "g")
        done = [*self.first(first, 3), *first.poll(3, self.settle)]
        first.commit()
        first.close()
        assert len(done) > 3
        assert self.same(values(self.drain(log.consumer(TOPIC, "g"))), self.rest(10, done))

    def test_a_commit_without_a_poll_changes_nothing(self, log: EventLog) -> None:
        log.append(TOPIC, records(2))
        first = log.consumer(TOPIC, "g")
        first.commit()
        first.close()
        assert len(self.drain(log.consumer(TOPIC, "g"))) == 2

    def test_seek_committed_gives_the_same_events_again(self, log: EventLog) -> None:
        log.append(TOPIC, records(6))
        consumer = log.consumer(TOPIC, "g")
        done = self.first(consumer, 2)
        consumer.commit()
        again = self.drain(consumer)
        consumer.seek_committed()
        assert sorted(self.drain(consumer), key=place) == sorted(again, key=place)
        assert self.same(values(again), self.rest(6, done))

    def test_seek_committed_goes_back_over_every_poll(self, log: EventLog) -> None:
        log.append(TOPIC, records(9))
        consumer = log.consumer(TOPIC, "g")
        polled = [*self.first(consumer, 3), *consumer.poll(3, self.settle)]
        consumer.seek_committed()
        assert len(polled) > 3
        assert self.same(values(self.drain(consumer, 2)), posts(range(9)))
        consumer.commit()
        consumer.seek_committed()
        assert consumer.poll(10, self.settle) == []


class Groups(Suite):
    def test_groups_do_not_disturb_each_other(self, log: EventLog) -> None:
        log.append(TOPIC, records(5))
        index, cases = log.consumer(TOPIC, "index"), log.consumer(TOPIC, "cases")
        assert len(self.drain(index)) == 5
        index.commit()
        assert len(self.drain(cases)) == 5
        assert self.drain(index) == []

    def test_lag_has_a_row_per_group_and_topic(self, log: EventLog) -> None:
        log.append(TOPIC, records(5))
        index, cases = log.consumer(TOPIC, "index"), log.consumer(TOPIC, "cases")
        done = len(self.first(index, 3))
        assert 0 < done <= 3
        index.commit()
        rows = {(row.group, row.topic): row for row in log.lag()}
        assert rows["index", TOPIC].waiting == 5 - done
        assert rows["cases", TOPIC].waiting == 5
        self.drain(cases)
        cases.commit()
        (done,) = [row for row in log.lag() if row.group == "cases"]
        assert (done.waiting, done.seconds) == (0, 0.0)

    def test_a_group_that_is_forgotten_begins_anew(self, log: EventLog) -> None:
        log.append(TOPIC, records(3))
        for name in ("g", "h"):
            member = log.consumer(TOPIC, name)
            assert len(self.drain(member)) == 3
            member.commit()
            if name == "g":
                member.close()
        log.forget(TOPIC, "g")
        log.forget(TOPIC, "unheard of")
        assert [row.group for row in log.lag()] == ["h"]
        with pytest.raises(RetryableError):
            log.forget(TOPIC, "h")
        assert len(self.drain(log.consumer(TOPIC, "g"))) == 3

    def test_two_members_of_a_group_never_get_the_same_event(self, log: EventLog) -> None:
        log.append(TOPIC, records(8))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        got = self.drain(first) + self.drain(second)
        assert sorted(values(got)) == sorted(posts(range(8)))


class Durability(Suite):
    def test_events_and_commits_survive_reopening(self, open_log: OpenLog) -> None:
        log = open_log()
        log.append(TOPIC, records(5))
        consumer = log.consumer(TOPIC, "g")
        done = self.first(consumer, 2)
        consumer.commit()
        consumer.close()
        log.close()
        again = open_log()
        assert self.same(values(self.drain(again.consumer(TOPIC, "g"))), self.rest(5, done))
        again.close()

    def test_a_second_opening_sees_what_the_first_wrote(self, log: EventLog, open_log: OpenLog) -> None:
        other = open_log()
        consumer = other.consumer(TOPIC, "g")
        assert consumer.poll(10, 0.0) == []
        log.append(TOPIC, records(2))
        assert len(self.drain(consumer)) == 2
        other.close()
