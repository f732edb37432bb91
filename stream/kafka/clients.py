"""The three clients that a log talks through, all set up alike."""

from __future__ import annotations

from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor

from stream.kafka.address import Address, Login

LARGEST = 8 << 20
"""Bytes of the largest record; topics are made to take it."""
LINGER_MS = 5
BATCH_BYTES = 256 << 10
"""A producer gathers so much for a partition, or so long, before it sends: a batch of 500 posts goes out in one go."""
SEND_SECONDS = 20.0
"""How long an append tries before it says that Kafka does not answer."""
CONNECT_MS, REQUEST_MS = 5_000, 10_000
SESSION_MS, HEARTBEAT_MS = 15_000, 3_000
"""A member that died is noticed after a session."""
SILENCE_MS = 300_000
"""A member that does not poll for so long has lost its partitions."""
PEEK_BYTES = 128 << 10


class Clients:
    """Makes clients of one cluster. Making one connects; each raises KafkaError and OSError as they are."""

    def __init__(self, address: Address, login: Login) -> None:
        self._common: dict[str, Any] = {
            "bootstrap_servers": list(address.servers),
            "client_id": "shenava",
            "request_timeout_ms": REQUEST_MS,
            "bootstrap_timeout_ms": CONNECT_MS,
            "reconnect_backoff_max_ms": 2_000,
            "security_protocol": address.security,
        }
        if address.security.startswith("SASL"):
            self._common |= {
                "sasl_mechanism": address.mechanism,
                "sasl_plain_username": login.username,
                "sasl_plain_password": login.password,
            }
        files = {"ssl_cafile": address.ca, "ssl_certfile": address.certificate, "ssl_keyfile": address.key}
        self._common |= {name: path for name, path in files.items() if path}

    def producer(self) -> KafkaProducer:
        """One that sends in order, twice never, and waits for every replica in sync."""
        return KafkaProducer(
            **self._common,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            batch_size=BATCH_BYTES,
            max_request_size=LARGEST + 4096,
            delivery_timeout_ms=int(SEND_SECONDS * 1000),
            max_block_ms=REQUEST_MS,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def member(self, topic: str, group: str, listener: ConsumerRebalanceListener) -> KafkaConsumer:
        """A member of a group, which commits when told to and starts at the oldest event kept."""
        consumer = KafkaConsumer(
            **self._common,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            partition_assignment_strategy=[RangePartitionAssignor],
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_poll_interval_ms=SILENCE_MS,
            metrics_enabled=False,
        )
        consumer.subscribe([topic], listener=listener)
        return consumer

    def reader(self) -> KafkaConsumer:
        """One that looks at single events and belongs to no group."""
        return KafkaConsumer(
            **self._common,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=PEEK_BYTES,
            fetch_max_wait_ms=100,
            check_crcs=False,
            metrics_enabled=False,
        )

    def admin(self) -> KafkaAdminClient:
        """One that makes topics and asks for groups and offsets."""
        return KafkaAdminClient(**self._common)
