"""What is asked of the brokers beside sending and reading: topics, groups, and how far they are behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import RLock
from typing import TypeVar

from kafka import KafkaAdminClient, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    KafkaError,
    NotCoordinatorError,
    TopicAlreadyExistsError,
)
from kafka.protocol.consumer import OffsetSpec

from crm.ports.clock import Clock
from crm.ports.log import Lag
from stream.kafka.address import Address
from stream.kafka.clients import LARGEST, Clients
from stream.kafka.errors import BrokerTroubleError, speaking
from stream.kafka.moments import Moments, Place

KEPT = timedelta(hours=24)
FILE = timedelta(minutes=30)
RETENTION = KEPT + timedelta(hours=1)
"""Events go after a day; the brokers' files end every half hour and go as a whole, minutes after their last event."""

READY_SECONDS = 10.0
GONE = ("OK", "GroupIdNotFoundError")
MILLISECOND = timedelta(milliseconds=1)

Answer = TypeVar("Answer")


class Office:
    """One at a time asks; after an error the connection is made anew."""

    def __init__(self, clients: Clients, address: Address, clock: Clock) -> None:
        self._clients, self._address, self._clock = clients, address, clock
        self._lock = RLock()
        self._admin: KafkaAdminClient | None = None
        self._moments = Moments(clients, clock)
        self._made: set[str] = set()
        self._pinned: set[tuple[str, str]] = set()

    def ensure(self, topic: str) -> str:
        """Make the topic unless it is there; returns its name on the cluster."""
        outside = self._address.outside(topic)
        if outside in self._made:
            return outside
        with self._asking() as admin:
            if outside not in self._made:
                self._make(admin, outside)
                self._made.add(outside)
        return outside

    def forget(self) -> None:
        """Look again whether topics are there: somebody may have deleted one."""
        with self._lock:
            self._made.clear()
            self._pinned.clear()

    def pin(self, topic: str, group: str) -> str:
        """Let a group that is new to the topic begin at the oldest event, and be known; returns its outside name."""
        outside, there = self.ensure(topic), self._address.group(group, topic)
        if (there, outside) in self._pinned:
            return there
        with self._asking() as admin:
            partitions = self._partitions(admin, {outside})
            done = self._patiently(lambda: admin.list_group_offsets({there: partitions})[there])
            fresh = [one for one in partitions if done[one].offset < 0]
            if fresh:
                oldest = _offsets(admin, fresh, OffsetSpec.EARLIEST)
                # Where the group has members this is refused: then one of them has done it.
                admin.alter_group_offsets(there, {one: OffsetAndMetadata(at, "", -1) for one, at in oldest.items()})
        self._pinned.add((there, outside))
        return there

    def dismiss(self, topic: str, group: str) -> None:
        """Remove a group without members from the cluster; raises RetryableError where it has some."""
        there = self._address.group(group, topic)
        with self._asking() as admin:
            said = self._patiently(lambda: admin.delete_groups([there]))[there]
            self._pinned.discard((there, self._address.outside(topic)))
            if said not in GONE:
                raise BrokerTroubleError(self._address.where, said)

    def appended(self, topic: str) -> int:
        """How many events were ever appended to the topic."""
        outside = self.ensure(topic)
        with self._asking() as admin:
            return sum(_offsets(admin, self._partitions(admin, {outside}), OffsetSpec.LATEST).values())

    def lag(self) -> list[Lag]:
        """One row per group and topic of our prefix, for a bounded number of requests."""
        with self._asking() as admin:
            committed = self._committed(admin)
            if not committed:
                return []
            partitions = self._partitions(admin, {topic for _, topic in committed})
            newest = _offsets(admin, partitions, OffsetSpec.LATEST)
            oldest = _offsets(admin, partitions, OffsetSpec.EARLIEST)
            fronts: dict[tuple[str, str], list[Place]] = defaultdict(list)
            for (group, topic), done in committed.items():
                for one in partitions:
                    at = max(done.get(one.partition, 0), oldest[one])
                    if one.topic == topic and at < newest[one]:
                        fronts[group, topic].append((one, at))
            moments = self._moments.of({place for places in fronts.values() for place in places})
        now = self._clock.now().timestamp()
        return [self._row(key, fronts[key], newest, moments, now) for key in sorted(committed)]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._moments.close()
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _row(
        self, key: tuple[str, str], front: list[Place], newest: Mapping[TopicPartition, int],
        moments: Mapping[Place, float], now: float,
    ) -> Lag:  # fmt: skip
        topic = self._address.inside(key[1]) or key[1]
        group = self._address.group_inside(key[0], topic) or key[0]
        waiting = sum(newest[one] - at for one, at in front)
        age = max((now - moments[place] for place in front), default=0.0)
        return Lag(group, topic, waiting, max(0.0, age))

    def _committed(self, admin: KafkaAdminClient) -> dict[tuple[str, str], dict[int, int]]:
        """For each group and topic of ours the offset after the last commit, by partition."""
        groups = [one["group_id"] for one in admin.list_groups() if self._address.inside(one["group_id"]) is not None]
        found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        for group, places in (admin.list_group_offsets(groups) if groups else {}).items():
            for one, done in places.items():
                topic = self._address.inside(one.topic)
                if topic is not None and self._address.group_inside(group, topic):
                    found[group, one.topic][one.partition] = max(0, done.offset)
        return found

    @staticmethod
    def _partitions(admin: KafkaAdminClient, topics: set[str]) -> list[TopicPartition]:
        return [
            TopicPartition(topic["name"], one["partition_index"])
            for topic in admin.describe_topics(sorted(topics))
            for one in topic["partitions"]
        ]

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """The first group of a new cluster has to wait until the brokers have made room for groups."""
        end = self._clock.monotonic() + READY_SECONDS
        while True:
            try:
                return ask()
            except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
                if self._clock.monotonic() > end:
                    raise
                self._clock.sleep(0.2)

    def _make(self, admin: KafkaAdminClient, outside: str) -> None:
        replication = self._address.replication
        config = {
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",
            "retention.ms": str(KEPT // MILLISECOND),
            "segment.ms": str(FILE // MILLISECOND),
            "max.message.bytes": str(LARGEST + 65536),
        }
        if replication is not None and replication > 2:
            config["min.insync.replicas"] = "2"  # acknowledged is what survives the loss of a broker
        wanted = {
            "num_partitions": self._address.partitions,
            "replication_factor": -1 if replication is None else replication,
            "configs": config,
        }
        with suppress(TopicAlreadyExistsError):
            admin.create_topics({outside: wanted})
        admin.wait_for_topics([outside])

    @contextmanager
    def _asking(self) -> Iterator[KafkaAdminClient]:
        with self._lock, speaking(self._address.where):
            try:
                if self._admin is None:
                    self._admin = self._clients.admin()
                yield self._admin
            except (KafkaError, OSError):
                self.close()
                self.forget()
                raise


def _offsets(admin: KafkaAdminClient, partitions: list[TopicPartition], which: OffsetSpec) -> dict[TopicPartition, int]:
    found = admin.list_partition_offsets(dict.fromkeys(partitions, which))
    return {one: found[one].offset for one in partitions}
