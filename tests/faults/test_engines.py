"""The same siege over Kafka, Elasticsearch and PostgreSQL, and engines that are gone for a minute and come back."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.crew import ROLES
from tests.faults.harness import Plan, Run, Stores, seed
from tests.faults.nursery import nursery
from tests.faults.test_kills import check
from tests.services.elasticsearch import Elasticsearch, elasticsearch_node
from tests.services.fixtures import required
from tests.services.kafka import Kafka, kafka_broker
from tests.services.postgresql import PostgreSQL

pytestmark = [
    pytest.mark.faults,
    pytest.mark.server,
    pytest.mark.timeout(1800),
    # Sockets of broken connections are left by Kafka's client to the collector, which `engines` calls.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
POSTS, KILLS = 20_000, 40
AWAY_SECONDS = 60.0
EVERY_ROLE = (*ROLES, "understand")
"""One more process that understands, so that groups of two lose a member and take it in again."""


@dataclass
class Engines:
    """The servers, which a test may stop and start again."""

    kafka: Kafka
    elasticsearch: Elasticsearch
    records: str

    def stores(self, name: str) -> Stores:
        """The stores of an installation of its own on them."""
        return Stores(
            f"{self.kafka.url}/{name}?partitions=6&replication=1",
            f"elasticsearch+{self.elasticsearch.url}/{name}?shards=1&replicas=0", self.records,
        )  # fmt: skip


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kafka, Elasticsearch]]:
    folder = tmp_path_factory.mktemp("engines")
    with required(kafka_broker(folder / "kafka")) as kafka, required(elasticsearch_node()) as elasticsearch:
        yield kafka, elasticsearch


@pytest.fixture
def engines(
    servers: tuple[Kafka, Elasticsearch], postgresql: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> Iterator[Engines]:
    caplog.set_level(logging.CRITICAL, "kafka")  # as the program does; an entry would hold on to its socket
    with postgresql.database() as records:
        yield Engines(*servers, records)
    gc.collect()


def test_nothing_is_lost_on_the_engines_though_every_role_is_killed(
    engines: Engines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with nursery() as born:
        check(Run(tmp_path, Plan(seed(), POSTS, KILLS, gap=2.0), engines.stores("siege"), EVERY_ROLE, born), capsys)


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "asked to end"])
def test_the_broker_and_the_index_may_be_away_for_a_minute(
    kill: bool, engines: Engines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path, Plan(seed(), POSTS // 2, 5), engines.stores("killed" if kill else "ended"))
    with run.crew:
        began = {role: run.crew.pid(role) for role in ROLES}
        for server in (engines.kafka, engines.elasticsearch):
            run.feed()
            run.feed()
            run.wait_for_work()
            server.stop(kill=kill)
            time.sleep(AWAY_SECONDS)
            server.start()
        while run.feed():
            pass
        run.drain()
        # They wait for a server that is away; nobody has to start them again.
        stayed = {role: run.crew.pid(role) for role in ROLES} == began
    verdict = run.judge()
    run.house.close()
    with capsys.disabled():
        print(f"\nengines away: {run.summary(verdict)}")
    assert verdict.clean, str(verdict)
    assert stayed, run.log.read_text(encoding="utf-8")[-4000:]
