"""The log on Kafka: topics and groups of one prefix, events kept for 24 hours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from threading import Lock

from kafka import KafkaProducer
from kafka.errors import KafkaError

from crm.ports.clock import Clock
from crm.ports.log import Lag, Record
from stream.kafka.address import Address, Login
from stream.kafka.clients import LARGEST, Clients
from stream.kafka.errors import RecordTooLargeError, speaking
from stream.kafka.member import KafkaMember
from stream.kafka.office import RETENTION, Office

STOP_SECONDS = 5.0
"""How long a sender may take to notice that it shall stop: it may be looking up a name."""


class KafkaLog:
    """See :class:`crm.ports.log.EventLog`. Connects when it is first needed.

    `send_seconds` is how long an append tries before it says that nobody answers.
    """

    def __init__(self, address: Address, clock: Clock, login: Login | None = None, send_seconds: float = 20.0) -> None:
        self.retention: timedelta | None = RETENTION
        self._address, self._clock = address, clock
        self._send_seconds = send_seconds
        self._clients = Clients(address, login or Login(), send_seconds)
        self._office = Office(self._clients, address, clock)
        self._lock = Lock()
        self._producer: KafkaProducer | None = None
        self._members: set[KafkaMember] = set()

    def append(self, topic: str, records: Sequence[Record]) -> int:
        _check(topic, records)
        if not records:
            return self._office.appended(topic) - 1
        outside = self._office.ensure(topic)
        with speaking(self._address.where):
            producer = self._open_producer()
            try:
                sent = [producer.send(outside, record.value, record.key.encode()) for record in records]
                return max(int(one.get(self._send_seconds + 1).offset) for one in sent)
            except (KafkaError, OSError):
                # Nothing of this batch may arrive later on, after a newer word about the same post.
                self._drop(producer)
                self._office.forget()
                raise

    def consumer(self, topic: str, group: str) -> KafkaMember:
        there = self._office.pin(topic, group)
        outside = self._address.outside(topic)
        member = KafkaMember(
            lambda claims: self._clients.member(outside, there, claims), self._address.where,
            (outside, topic, group), self._clock, self._members.discard,
        )  # fmt: skip
        self._members.add(member)
        return member

    def lag(self) -> list[Lag]:
        return self._office.lag()

    def forget(self, topic: str, group: str) -> None:
        self._office.dismiss(topic, group)

    def trim(self, topic: str, groups: Sequence[str]) -> int:
        del topic, groups
        return 0

    def erase(self, keys: Collection[str]) -> int:
        del keys
        return 0

    def close(self) -> None:
        for member in list(self._members):
            member.close()
        if self._producer is not None:
            self._drop(self._producer)
        self._office.close()

    def _open_producer(self) -> KafkaProducer:
        with self._lock:
            if self._producer is None:
                self._producer = self._clients.producer()
            return self._producer

    def _drop(self, producer: KafkaProducer) -> None:
        with self._lock:
            if self._producer is producer:
                self._producer = None
        # To close flushes first, and with anything still pending it ends there: the sender goes on sending. There is no
        # public way to stop it; what it has not sent then fails, and so there is nothing to flush.
        producer._sender.force_close()
        producer._sender.join(STOP_SECONDS)
        with suppress(KafkaError, OSError):
            producer.close(timeout=0)


def _check(topic: str, records: Sequence[Record]) -> None:
    """Before anything is sent: Kafka can't take a part of a batch back."""
    for record in records:
        if not isinstance(record.key, str) or not isinstance(record.value, bytes):
            kinds = f"{type(record.key).__name__} and {type(record.value).__name__}"
            raise TypeError(f"A record needs a text as its key and bytes as its value, not {kinds}.")
        size = len(record.key.encode()) + len(record.value)
        if size > LARGEST:
            raise RecordTooLargeError(topic, record.key[:100], size, LARGEST)
