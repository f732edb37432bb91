"""The three clients that a log talks through, all set up alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError, KafkaTimeoutError, SaslAuthenticationFailedError
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from stream.kafka.address import Address, Login

LARGEST = 8 << 20
"""Bytes of the largest record with its key; topics are made to take it."""
LINGER_MS = 5
BATCH_BYTES = 256 << 10
"""A producer gathers so much for a partition, or so long, before it sends: a batch of 500 posts goes out in one go."""
CONNECT_MS, REQUEST_MS = 5_000, 30_000
SESSION_MS, HEARTBEAT_MS = 15_000, 3_000
"""A member that died is noticed after a session."""
SILENCE_MS = 300_000
"""A member that does not poll for so long has lost its partitions."""
PEEK_BYTES = 128 << 10

Client = TypeVar("Client")


class Clients:
    """Makes clients of one cluster. Making one connects; each raises KafkaError and OSError as they are."""

    def __init__(self, address: Address, login: Login, send_seconds: float) -> None:
        self._send_ms = int(send_seconds * 1000)
        self._common: dict[str, Any] = {
            "bootstrap_servers": list(address.servers),
            "client_id": "shenava",
            "request_timeout_ms": REQUEST_MS,
            "bootstrap_timeout_ms": CONNECT_MS,
            "reconnect_backoff_max_ms": 2_000,
            "metadata_max_age_ms": 30_000,
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
        return self._open(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            batch_size=BATCH_BYTES,
            max_request_size=LARGEST + 4096,
            delivery_timeout_ms=self._send_ms,
            request_timeout_ms=min(REQUEST_MS, self._send_ms // 2),
            max_block_ms=min(REQUEST_MS, self._send_ms),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def member(self, topic: str, group: str, listener: ConsumerRebalanceListener) -> KafkaConsumer:
        """A member of a group, which commits when told to and starts at the oldest event kept."""
        consumer = self._open(
            KafkaConsumer,
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
        try:
            consumer.subscribe([topic], listener=listener)
            # A member that leads its group before it knows the topic's partitions shares out none of them, and may
            # not notice until it asks for them the next time.
            consumer.partitions_for_topic(topic)
        except BaseException:
            consumer.close(autocommit=False, timeout_ms=0)
            raise
        return consumer

    def reader(self) -> KafkaConsumer:
        """One that looks at single events and belongs to no group."""
        return self._open(
            KafkaConsumer,
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
        return self._open(KafkaAdminClient)

    def _open(self, kind: Callable[..., Client], **settings: object) -> Client:
        managers: list[Manager] = []

        def connect(**wanted: object) -> KafkaNetClient:
            net = NetworkSelector(**wanted)
            managers.append(Manager(net, **wanted))
            return KafkaNetClient(net, managers[-1])

        try:
            return kind(**{**self._common, **settings}, kafka_client=connect)
        except BaseException as error:
            for manager in managers:
                # A client that can't connect leaves a thread and its sockets behind, and it is tried again and again.
                manager.close()
                manager.net.close()
                if manager.failure is not None and isinstance(error, KafkaTimeoutError):
                    raise manager.failure from error
            raise


class Manager(KafkaConnectionManager):  # type: ignore[misc]
    """Knows why it could not connect; by itself the client only says that it took too long."""

    def __init__(self, net: NetworkSelector, **settings: object) -> None:
        super().__init__(net, **settings)
        self.net = net
        self.failure: KafkaError | None = None

    def get_connection(self, node_id: int | str, **options: object) -> Any:
        """As the client does it, with an ear on whether it comes about."""
        known = node_id in self._conns
        connection = super().get_connection(node_id, **options)
        if not known:
            connection.init_future.add_errback(self._note)
        return connection

    def _note(self, error: BaseException) -> None:
        # The last try before the time is up often fails for want of time; a refusal says more.
        if isinstance(error, KafkaError) and not isinstance(self.failure, SaslAuthenticationFailedError):
            self.failure = error
