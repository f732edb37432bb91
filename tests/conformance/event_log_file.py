"""What an EventLog in a file must do beside the suite of every log: leases, trimming, erasing.

An adapter's test file inherits the classes and provides the fixtures that `event_log.py` names; its logs have
leases of `Takeover.lease` seconds and a clock that :class:`Takeover` advances.
"""

from __future__ import annotations

import pytest

from crm.errors import RetryableError
from crm.ports.log import EventLog, Record
from tests.conformance.doubles import ManualClock
from tests.conformance.event_log import TOPIC, OpenLog, Suite, records, values


class Takeover(Suite):
    """For logs that lease a group to one member and were given `clock`; `lease` is its length in seconds."""

    lease = 10.0

    def test_the_second_member_waits_until_the_first_closes(self, log: EventLog) -> None:
        log.append(TOPIC, records(3))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        assert len(self.drain(first)) == 3
        assert second.poll(10, 0.05) == []
        first.close()
        assert len(self.drain(second)) == 3

    def test_the_second_member_takes_over_when_the_lease_expires(self, log: EventLog, clock: ManualClock) -> None:
        log.append(TOPIC, records(6))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        first.poll(2, 0.0)
        first.commit()
        first.poll(2, 0.0)
        clock.advance(self.lease + 1)
        assert values(second.poll(10, 0.0)) == [f"پست {n}" for n in range(2, 6)]
        with pytest.raises(RetryableError, match="lease"):
            first.commit()
        assert first.poll(10, 0.0) == []

    @pytest.mark.parametrize("gives_back", [False, True])
    def test_a_loss_noticed_by_a_poll_still_fails_the_commit(
        self, log: EventLog, clock: ManualClock, gives_back: bool
    ) -> None:
        log.append(TOPIC, records(3))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        first.poll(2, 0.0)
        clock.advance(self.lease + 1)
        second.poll(1, 0.0)
        if gives_back:
            second.close()
        first.poll(1, 0.0)
        with pytest.raises(RetryableError, match="lease"):
            first.commit()
        second.close()
        first.seek_committed()
        assert len(self.drain(first)) == 3

    def test_a_loss_while_nothing_was_pending_is_none(self, log: EventLog, clock: ManualClock) -> None:
        log.append(TOPIC, records(1))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        first.poll(1, 0.0)
        first.commit()
        clock.advance(self.lease + 1)
        second.poll(1, 0.0)
        assert first.poll(1, 0.0) == []
        second.close()
        log.append(TOPIC, records(1, start=1))
        assert values(first.poll(1, 0.0)) == ["پست 1"]
        first.commit()

    def test_polling_keeps_the_lease(self, log: EventLog, clock: ManualClock) -> None:
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        first.poll(1, 0.0)
        for _ in range(6):
            clock.advance(self.lease / 2)
            first.poll(1, 0.0)
        log.append(TOPIC, records(1))
        assert second.poll(1, 0.0) == []
        assert len(first.poll(1, 0.0)) == 1

    def test_a_lease_that_expired_unnoticed_is_still_good(self, log: EventLog, clock: ManualClock) -> None:
        log.append(TOPIC, records(4))
        first = log.consumer(TOPIC, "g")
        first.poll(2, 0.0)
        clock.advance(self.lease * 3)
        first.commit()
        assert values(first.poll(10, 0.0)) == ["پست 2", "پست 3"]

    def test_a_lost_lease_that_comes_back_starts_at_the_committed_offset(
        self, log: EventLog, clock: ManualClock
    ) -> None:
        log.append(TOPIC, records(4))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        first.poll(1, 0.0)
        clock.advance(self.lease + 1)
        second.poll(3, 0.0)
        second.commit()
        second.close()
        assert values(first.poll(10, 0.0)) == ["پست 3"]

    def test_closing_after_losing_the_lease_leaves_the_new_holder_alone(
        self, log: EventLog, clock: ManualClock
    ) -> None:
        log.append(TOPIC, records(2))
        first, second = log.consumer(TOPIC, "g"), log.consumer(TOPIC, "g")
        first.poll(1, 0.0)
        clock.advance(self.lease + 1)
        second.poll(1, 0.0)
        first.close()
        assert log.consumer(TOPIC, "g").poll(1, 0.0) == []

    def test_waiting_is_counted_in_seconds(self, log: EventLog, clock: ManualClock) -> None:
        log.consumer(TOPIC, "g")
        log.append(TOPIC, records(1))
        clock.advance(90)
        (row,) = log.lag()
        assert row.seconds == pytest.approx(90)


class Trimming(Suite):
    def test_trim_keeps_what_any_named_group_has_not_committed(self, log: EventLog) -> None:
        log.append(TOPIC, records(10))
        fast, slow = log.consumer(TOPIC, "fast"), log.consumer(TOPIC, "slow")
        self.drain(fast)
        fast.commit()
        slow.poll(4, 0.05)
        slow.commit()
        assert log.trim(TOPIC, ["fast", "slow"]) == 4
        assert values(self.drain(slow)) == [f"پست {n}" for n in range(4, 10)]
        assert log.trim(TOPIC, ["fast", "slow"]) == 0

    def test_what_was_polled_and_not_committed_stays(self, log: EventLog) -> None:
        log.append(TOPIC, records(3))
        self.drain(log.consumer(TOPIC, "g"))
        assert log.trim(TOPIC, ["g"]) == 0

    def test_a_group_that_never_joined_keeps_everything(self, log: EventLog) -> None:
        log.append(TOPIC, records(3))
        consumer = log.consumer(TOPIC, "here")
        self.drain(consumer)
        consumer.commit()
        assert log.trim(TOPIC, ["here", "not yet"]) == 0
        assert len(self.drain(log.consumer(TOPIC, "not yet"))) == 3

    def test_naming_no_group_keeps_everything(self, log: EventLog) -> None:
        log.append(TOPIC, records(3))
        assert log.trim(TOPIC, []) == 0
        assert log.trim("unheard.of", ["g"]) == 0
        assert len(self.drain(log.consumer(TOPIC, "g"))) == 3

    def test_offsets_go_on_after_everything_was_trimmed(self, log: EventLog, open_log: OpenLog) -> None:
        last = log.append(TOPIC, records(3))
        consumer = log.consumer(TOPIC, "g")
        self.drain(consumer)
        consumer.commit()
        assert log.trim(TOPIC, ["g"]) == 3
        other = open_log()
        assert other.append(TOPIC, records(1, start=3)) == last + 1
        assert values(self.drain(consumer)) == ["پست 3"]
        other.close()

    def test_a_new_group_starts_at_the_oldest_event_kept(self, log: EventLog) -> None:
        log.append(TOPIC, records(5))
        first = log.consumer(TOPIC, "first")
        first.poll(3, 0.05)
        first.commit()
        log.trim(TOPIC, ["first"])
        late = log.consumer(TOPIC, "late")
        assert {row.group: row.waiting for row in log.lag()}["late"] == 2
        assert values(self.drain(late)) == ["پست 3", "پست 4"]


class Erasing(Suite):
    """For logs that can remove single events."""

    def test_erase_removes_every_event_of_these_keys_and_no_other(self, log: EventLog) -> None:
        log.append("a", [Record("k:1", b"1"), Record("k:12", b"12"), Record("k:1", b"1 again")])
        log.append("b", [Record("k:1", b"1 in b"), Record("کلید", b"fa"), Record("k:2", b"2")])
        assert log.erase({"k:1", "کلید", "unknown"}) == 4
        assert values(self.drain(log.consumer("a", "g"))) == ["12"]
        assert values(self.drain(log.consumer("b", "g"))) == ["2"]
        assert log.erase(["k:1"]) == 0
        assert log.erase([]) == 0

    def test_groups_go_on_where_they_were(self, log: EventLog) -> None:
        log.append(TOPIC, records(6))
        consumer = log.consumer(TOPIC, "g")
        consumer.poll(3, 0.05)
        consumer.commit()
        log.erase(["k:1", "k:3", "k:5"])
        assert values(self.drain(consumer)) == ["پست 4"]
        consumer.commit()
        (row,) = log.lag()
        assert row.waiting == 0
        assert log.append(TOPIC, records(1, start=6)) == 6
        assert values(self.drain(consumer)) == ["پست 6"]
