"""Erasure on servers: nothing of the erased is read or dumped, nor left on the disks of the index and the stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from crm.words import COLLECTED, ENRICHED
from shenava.pipeline import GROUPS
from shenava.tidying import tidy
from stream.kafka import parse
from tests.dashboard.bureau import Bureau, open_bureau
from tests.faults.forgotten import BOSS, POSTS_EACH, backup_with_traces, fill, traces_in
from tests.faults.test_erasure import left, read_everything
from tests.services.elasticsearch import Elasticsearch, elasticsearch_node
from tests.services.fixtures import required
from tests.services.kafka import Kafka, kafka_broker
from tests.services.postgresql import PostgreSQL

pytestmark = [
    pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("elasticsearch"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # the client leaves sockets of failed tries
]  # fmt: skip
PEOPLE, SINGLES, TOTAL = 10, 50, 1_000
GONE_SECONDS = 180.0
PROMPT = {
    "log.retention.check.interval.ms": "1000", "log.segment.delete.delay.ms": "100", "log.initial.task.delay.ms": "100",
}  # fmt: skip
"""A broker that looks every second whether something has had its time."""


@dataclass
class Servers:
    """The servers and their addresses."""

    kafka: Kafka
    elasticsearch: Elasticsearch
    postgresql: PostgreSQL
    stream: str
    records: str


@pytest.fixture
def servers(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Servers]:
    with (
        required(kafka_broker(tmp_path / "kafka", "PLAINTEXT", PROMPT)) as kafka,
        required(elasticsearch_node()) as elasticsearch,
        postgresql.database() as records,
    ):
        stream = f"{kafka.url}/forgets?partitions=2&replication=1"
        yield Servers(kafka, elasticsearch, postgresql, stream, records)


@pytest.fixture
def bureau(servers: Servers, tmp_path: Path) -> Iterator[Bureau]:
    index = f"elasticsearch+{servers.elasticsearch.url}/forgets?shards=1&replicas=0"
    one = open_bureau(tmp_path / "data", stream_url=servers.stream, index_url=index, records_url=servers.records)
    yield one
    one.close()


def test_nothing_of_the_erased_is_left_on_the_servers(bureau: Bureau, servers: Servers) -> None:
    crowd = fill(bureau, PEOPLE, SINGLES, TOTAL)
    handle_everything(bureau)
    assert traces_in(servers.postgresql.dump(servers.records)) != []
    assert on_disk(servers.kafka.folder) != []
    assert backup_with_traces(bureau.back_up())

    (receipt,) = bureau.services.privacy.erase(BOSS, crowd.posts, crowd.authors, crowd.customers)
    assert receipt.posts == PEOPLE * POSTS_EACH + SINGLES
    assert receipt.stream_until is not None
    bureau.clock.advance(3600)  # type: ignore[attr-defined]
    tidy(bureau)
    assert left(bureau) == TOTAL - receipt.posts
    read_everything(bureau, crowd)
    assert traces_in(servers.postgresql.dump(servers.records)) == []
    assert backup_with_traces(bureau.back_up()) == []

    def gone_from_the_index() -> bool:
        bureau.index.purge()
        return not on_disk(servers.elasticsearch.data)

    until(gone_from_the_index)
    a_day_passes(servers)
    until(lambda: not on_disk(servers.kafka.folder))


def handle_everything(bureau: Bureau) -> None:
    """Every group has read what lies on the stream."""
    for topic, groups in GROUPS.items():
        for group in groups:
            consumer, waiting = bureau.log.consumer(topic, group), bureau.log.append(topic, ()) + 1
            while waiting:
                waiting -= len(consumer.poll(500, 1.0))
                consumer.commit()
            consumer.close()


def a_day_passes(servers: Servers) -> None:
    """The topics' retention, shortened in place of waiting for it."""
    address = parse(servers.stream)
    admin = KafkaAdminClient(bootstrap_servers=list(address.servers))
    short = {"retention.ms": "1", "segment.ms": "1000"}
    topics = [address.outside(topic) for topic in (COLLECTED, ENRICHED)]
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=short) for topic in topics])
    admin.close()


def on_disk(folder: Path) -> list[bytes]:
    """The rare words of the erased that stand in some file below a folder."""
    found = set[bytes]()
    for path in folder.rglob("*"):
        try:
            found.update(traces_in(path.read_bytes()) if path.is_file() else [])
        except FileNotFoundError:  # merged or thrown away meanwhile
            continue
    return sorted(found)


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + GONE_SECONDS
    while not done():
        assert time.monotonic() < end
        time.sleep(1.0)
