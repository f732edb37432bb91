"""The Kafka log against the plain client: the same records, acknowledgements and batches, in one run on one broker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
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


def run(folder: Path, posts: int = 10_000, rounds: int = 3) -> dict[str, object]:
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
    options = settings.stream_url.partition("?")[2]
    login = kafka.Login(settings.kafka_username, settings.kafka_password)
    records = made_up(posts)
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for number in range(rounds + 1):  # the first round warms both up
        prefix = f"bench-{new_id(clock.now())}"
        address = kafka.parse(
            f"{SCHEME}{server}/{prefix}" + (f"?{options}" if options else f"?partitions={PARTITIONS}")
        )
        with closing(kafka.KafkaLog(address, clock, login)) as log:
            log.append(TOPIC, records[:1])  # the topic is made
            log.append("plain", records[:1])
            both = [lambda log=log: ours.append(_ours(log, records))]  # type: ignore[misc]
            both.append(lambda address=address: theirs.append(_theirs(address, login, records)))  # type: ignore[misc]
            for work in both if number % 2 else reversed(both):
                work()
    del ours[0], theirs[0]
    return _told(posts, rounds, records, ours, theirs)


def _told(
    posts: int, rounds: int, records: list[Record], ours: list[tuple[float, float]], theirs: list[tuple[float, float]]
) -> dict[str, object]:
    sent, read = (round(posts / median(pair[n] for pair in ours)) for n in (0, 1))
    plain_sent, plain_read = (round(posts / median(pair[n] for pair in theirs)) for n in (0, 1))
    return {
        "name": "kafka",
        "what": f"{posts:,} posts appended to Kafka in batches of {BATCH}, each acknowledged by all replicas in sync "
        "before the next, then polled and committed batch by batch; the reference is kafka-python sending and "
        f"reading the same bytes with the same settings, committing as often. Medians of {rounds} rounds.",
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


def _ours(log: Any, records: list[Record]) -> tuple[float, float]:
    def send() -> None:
        for start in range(0, len(records), BATCH):
            log.append(TOPIC, records[start : start + BATCH])

    def read() -> None:
        seen = 0
        while seen < len(records):
            seen += len(consumer.poll(BATCH, 1.0))
            consumer.commit()

    sent = _timed(send)
    with closing(log.consumer(TOPIC, GROUP)) as consumer:
        _join(lambda: consumer.poll(1, 1.0))
        return sent, _timed(read)


def _theirs(address: Any, login: Any, records: list[Record]) -> tuple[float, float]:
    from stream.kafka.clients import Clients

    clients, topic = Clients(address, login, 20.0), address.outside("plain")
    with closing(clients.producer()) as producer:
        producer.partitions_for(topic)

        def send() -> None:
            for start in range(0, len(records), BATCH):
                batch = records[start : start + BATCH]
                for future in [producer.send(topic, one.value, one.key.encode()) for one in batch]:
                    future.get(20.0)

        sent = _timed(send)
    with closing(clients.member(topic, f"{topic}.{GROUP}", None)) as consumer:

        def read() -> None:
            seen = 0
            while seen < len(records):
                found = consumer.poll(timeout_ms=1000, max_records=BATCH)
                seen += sum(map(len, found.values()))
                consumer.commit()

        _join(lambda: consumer.poll(timeout_ms=1000, max_records=1))
        return sent, _timed(read)


def _join(poll: Callable[[], object]) -> None:
    """Poll until the group has shared its partitions out, which is not what is measured."""
    end = perf_counter() + 60.0
    while not poll() and perf_counter() < end:
        pass
