"""What is done with a log beside working through it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

from crm.ports.clock import Clock
from crm.ports.dead import DeadLetters
from crm.ports.log import EventLog, Record


class LogSink:
    """A sink that appends records to a further topic. See :class:`crm.ports.sink.Sink`.

    A batch written again is appended again: whoever reads the topic tells by key and version.
    """

    def __init__(self, log: EventLog, topic: str) -> None:
        self._log, self._topic = log, topic

    def write(self, batch: Sequence[Record]) -> None:
        self._log.append(self._topic, batch)


def replay(dead: DeadLetters, log: EventLog, clock: Clock, ids: Collection[str]) -> int:
    """Append these dead letters to their topics again, under the same keys; returns how many.

    Every group of the topic gets them, which changes nothing for the groups that had them; so an event
    that failed in several groups is appended once.
    Raises: RetryableError, StoreError; then call again: letters are marked once they are appended.
    """
    letters = dead.take(ids)
    for topic, some in groupby(sorted(letters, key=lambda letter: letter.topic), key=lambda letter: letter.topic):
        rows = list(some)
        log.append(topic, list(dict.fromkeys(Record(row.key, row.value) for row in rows)))
        dead.mark_replayed([row.id for row in rows], clock.now())
    return len(letters)


def trim_topics(log: EventLog, topics: Mapping[str, Sequence[str]]) -> int:
    """Remove from each topic what all of its groups are done with; returns how many events went."""
    return sum(log.trim(topic, groups) for topic, groups in topics.items())
