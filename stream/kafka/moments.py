"""When single events were appended: asked once for each, and remembered as long as it matters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from crm.ports.clock import Clock
from stream.kafka.clients import Clients

LONGEST_SECONDS = 5.0
STEP_MS = 200

Place = tuple[TopicPartition, int]


class Moments:
    """Not thread-safe."""

    def __init__(self, clients: Clients, clock: Clock) -> None:
        self._clients, self._clock = clients, clock
        self._reader: KafkaConsumer | None = None
        self._known: dict[Place, float] = {}

    def of(self, places: Collection[Place]) -> Mapping[Place, float]:
        """Seconds since 1970 at which the event at (or, where that is gone, first after) each place was appended.

        Raises: KafkaError where they can't be had within five seconds.
        """
        self._known = {place: at for place, at in self._known.items() if place in places}
        missing = set(places) - self._known.keys()
        end = self._clock.monotonic() + LONGEST_SECONDS
        while missing:
            round_ = dict(sorted(missing, reverse=True))  # a reader stands at one place in a partition at a time
            self._look(round_, end)
            missing -= round_.items()
        return self._known

    def close(self) -> None:
        """Forget the connection."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(KafkaError, OSError):
                reader.close(autocommit=False, timeout_ms=1_000)

    def _look(self, round_: dict[TopicPartition, int], end: float) -> None:
        if self._reader is None:
            self._reader = self._clients.reader()
        reader, left = self._reader, dict(round_)
        reader.assign(list(left))
        for one, at in left.items():
            reader.seek(one, at)
        while left:
            if self._clock.monotonic() > end:
                raise KafkaTimeoutError(f"{len(left)} events could not be looked at in {LONGEST_SECONDS:.0f} s")
            for one, records in reader.poll(timeout_ms=STEP_MS, max_records=1).items():
                if one in left:
                    self._known[one, left.pop(one)] = records[0].timestamp / 1000
                    reader.assign(list(left) or [one])  # the rest of what came of this one is not read
