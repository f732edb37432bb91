"""The Kafka log against the plain client: the same records, acknowledgements and batches, in one run on one broker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

from benchmarks.log import BATCH, GROUP, TOPIC, made_up
from crm.errors import InvalidInputError
from crm.ids import new_id
from crm.ports.clock import SystemClock
from crm.ports.log import Record
from shenava.settings import Settings

PARTITIONS = 6
SCHEME = "kafka://"

Taken = tuple[tuple[float, float], tuple[float, float]]
"""Seconds for sending and for reading, of the port and of the plain client."""


def run(folder: Path, posts: int = 10_000, rounds: int = 5) -> dict[str, object]:
    """Measure sending and reading `posts` posts, `rounds` times over, on the broker that SHENAVA_STREAM_URL names.

    Returns what ``shenava bench kafka`` prints; all figures are medians of the rounds. It leaves topics
    ``bench-…`` behind, which the broker forgets after a day.
    Raises: InvalidInputError where no broker is named; RetryableError where it does not answer.
    """
    del folder
    settings, clock = Settings.load(), SystemClock()
    if not settings.stream_url.startswith(SCHEME):
        raise InvalidInputError("`shenava bench kafka` needs a broker: set SHENAVA_STREAM_URL=kafka://host:9092.")
    from stream import kafka

    server = settings.stream_url.partition("?")[0].removeprefix(SCHEME).partition("/")[0]
    options = settings.stream_url.partition("?")[2] or f"partitions={PARTITIONS}"
    login = kafka.Login(settings.kafka_username, settings.kafka_password)
    records = made_up(posts)
    taken: list[Taken] = []
    for _ in range(rounds + 1):
        address = kafka.parse(f"{SCHEME}{server}/bench-{new_id(clock.now())}?{options}")
        with closing(kafka.KafkaLog(address, clock, login)) as log, closing(Plain(log, address, login)) as plain:
            taken.append(_raced(Port(log), plain, records))
    return _told(posts, rounds, records, taken[1:])  # the first round warms both up


class Port:
    """The log as the roles use it."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.send([Record("first", b"")])  # the topic is made

    def send(self, batch: list[Record]) -> None:
        """Append a batch, durably."""
        self._log.append(TOPIC, batch)

    def join(self) -> None:
        """Become a member of a group."""
        self._consumer = self._log.consumer(TOPIC, GROUP)
        _patiently(lambda: self._consumer.poll(1, 1.0))

    def read(self) -> int:
        """Poll and commit; returns how many came."""
        events = self._consumer.poll(BATCH, 1.0)
        self._consumer.commit()
        return len(events)


class Plain:
    """The client library with the same settings; `log` makes its topic."""

    def __init__(self, log: Any, address: Any, login: Any) -> None:
        from stream.kafka.clients import Clients

        log.append("plain", [Record("first", b"")])
        self._clients, self._topic = Clients(address, login, 20.0), address.outside("plain")
        self._producer = self._clients.producer()
        self._consumer: Any = None

    def send(self, batch: list[Record]) -> None:
        """Send a batch and wait until every record is acknowledged."""
        for future in [self._producer.send(self._topic, one.value, one.key.encode()) for one in batch]:
            future.get(20.0)

    def join(self) -> None:
        """Become a member of a group."""
        self._consumer = self._clients.member(self._topic, f"{self._topic}.{GROUP}", None)
        _patiently(lambda: self._consumer.poll(timeout_ms=1000, max_records=1))

    def read(self) -> int:
        """Poll and commit; returns how many came."""
        found = self._consumer.poll(timeout_ms=1000, max_records=BATCH)
        self._consumer.commit()
        return sum(map(len, found.values()))

    def close(self) -> None:
        """Close the connections."""
        self._producer.close()
        if self._consumer is not None:
            self._consumer.close()


def _raced(port: Port, plain: Plain, records: list[Record]) -> Taken:
    """Both do the same in turns, batch by batch, so that the machine's pace is the same for both."""
    sides, sent, read = (port, plain), [0.0, 0.0], [0.0, 0.0]
    for turn, start in enumerate(range(0, len(records), BATCH)):
        batch = records[start : start + BATCH]
        for side in (0, 1) if turn % 2 else (1, 0):
            sent[side] += _timed(partial(sides[side].send, batch))
    for one in sides:
        one.join()
    left = [len(records)] * 2
    while any(some > 0 for some in left):
        for side in (0, 1):
            if left[side] > 0:
                began = perf_counter()
                left[side] -= sides[side].read()
                read[side] += perf_counter() - began
    return (sent[0], read[0]), (sent[1], read[1])


def _told(posts: int, rounds: int, records: list[Record], taken: list[Taken]) -> dict[str, object]:
    ours, theirs = zip(*taken, strict=True)
    sent, read = (round(posts / median(pair[n] for pair in ours)) for n in (0, 1))
    plain_sent, plain_read = (round(posts / median(pair[n] for pair in theirs)) for n in (0, 1))
    return {
        "name": "kafka",
        "what": f"{posts:,} posts appended to Kafka in batches of {BATCH}, each acknowledged by all replicas in sync "
        "before the next, then polled and committed batch by batch; the reference is kafka-python sending and "
        "reading the same bytes with the same settings, committing as often. Both in turns, batch by batch; medians "
        f"of {rounds} rounds.",
        "figures": {
            "append_posts_per_second": sent,
            "poll_and_commit_posts_per_second": read,
            "bytes_per_post": round(mean(len(row.value) for row in records)),
        },
        "reference": {"append_posts_per_second": plain_sent, "poll_and_commit_posts_per_second": plain_read},
        "ratio": round(min(sent / plain_sent, read / plain_read), 2),
    }


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _patiently(poll: Callable[[], object]) -> None:
    """Poll until the group has shared its partitions out, which is not what is measured."""
    end = perf_counter() + 60.0
    while not poll() and perf_counter() < end:
        pass
