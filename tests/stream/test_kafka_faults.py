"""The Kafka log when brokers go, members come and leave, and somebody is not let in."""

from __future__ import annotations

import gc
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event as Stop
from threading import Lock, Thread
from threading import enumerate as enumerate_threads

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, MemberToRemove

from crm.errors import AuthorisationError, InvalidInputError, RetryableError
from crm.ports.clock import SystemClock
from crm.ports.log import Consumer, Event, EventLog, Record
from stream import kafka as adapter
from stream.kafka.clients import LARGEST
from tests.conformance.event_log import TOPIC, drain, posts, records, values
from tests.services.fixtures import required
from tests.services.kafka import Kafka, kafka_broker
from tests.services.tls import Authority

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.xdist_group("kafka"),
    # Sockets of broken connections are left by the client to the collector, which `opened` calls.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

WAIT = 60.0
names = count()


@pytest.fixture
def url(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A prefix of its own on the shared broker."""
    return f"{kafka}/faults-{tmp_path_factory.getbasetemp().name}-{next(names)}"


@pytest.fixture
def opened(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[str], EventLog]]:
    caplog.set_level(logging.CRITICAL, "kafka")  # as the program does; an entry would hold on to its socket
    logs: list[EventLog] = []

    def opening(url: str, **login: str) -> EventLog:
        logs.append(adapter.KafkaLog(adapter.parse(url), SystemClock(), adapter.Login(**login), send_seconds=15.0))
        return logs[-1]

    yield opening
    while logs:
        logs.pop().close()
    gc.collect()


def everything(consumer: Consumer, wanted: int) -> list[Event]:
    """Poll until so many events came, patiently."""
    events: list[Event] = []
    end = time.monotonic() + WAIT
    while len(events) < wanted and time.monotonic() < end:
        events += consumer.poll(1000, 0.2)
    return events


def until(work: Callable[[], object]) -> None:
    """Try until it goes without a RetryableError."""
    end = time.monotonic() + WAIT
    while True:
        try:
            work()
        except RetryableError:
            assert time.monotonic() < end
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Kafka]:
    """A broker of the test's own, to be stopped."""
    with required(kafka_broker(tmp_path / "broker")) as one:
        yield one


@pytest.mark.parametrize("kill", [True, False], ids=["kill -9", "SIGTERM"])
def test_a_broker_that_goes_and_comes_back_loses_nothing(
    broker: Kafka, opened: Callable[[str], EventLog], kill: bool
) -> None:
    log = opened(f"{broker.url}/back?partitions=3")
    consumer = log.consumer(TOPIC, "g")
    log.append(TOPIC, records(50))
    assert len(everything(consumer, 50)) == 50
    consumer.commit()
    log.append(TOPIC, records(20, start=50))
    broker.stop(kill=kill)
    with pytest.raises(RetryableError, match="does not answer"):
        log.append(TOPIC, records(1, start=70))
    with pytest.raises(RetryableError, match="does not answer"):
        everything(consumer, 1000)
    with pytest.raises(RetryableError):
        log.lag()
    broker.start()
    until(lambda: log.append(TOPIC, records(10, start=70)))

    def go_on() -> None:
        consumer.seek_committed()
        got: set[str] = set()  # from anew each time: what a failed commit leaves comes again
        end = time.monotonic() + WAIT
        while not got >= set(posts(range(50, 80))) and time.monotonic() < end:
            got.update(values(consumer.poll(100, 0.2)))
        assert got == set(posts(range(50, 80)))
        consumer.commit()

    until(go_on)
    (row,) = log.lag()
    assert row.waiting == 0


def senders() -> set[Thread]:
    """The threads that send for producers."""
    return {one for one in enumerate_threads() if one.name.endswith("-network-thread")}


def test_what_is_on_its_way_when_the_log_is_closed_fails_and_never_arrives(
    broker: Kafka, opened: Callable[[str], EventLog]
) -> None:
    url = f"{broker.url}/closed?partitions=1"
    log, said, others = opened(url), list[str](), senders()
    log.append(TOPIC, records(1))
    assert len(senders() - others) == 1
    broker.stop()

    def append() -> None:
        try:
            log.append(TOPIC, records(1, start=1))
        except RetryableError as error:
            said.append(str(error))

    appending = Thread(target=append)
    appending.start()
    time.sleep(1.0)  # it waits for an answer, and would for another quarter of a minute
    log.close()
    assert senders() == others
    appending.join(5.0)
    assert "closed forcefully" in said[0]
    broker.start()
    until(lambda: opened(url).append(TOPIC, records(1, start=2)))
    assert values(everything(opened(url).consumer(TOPIC, "g"), 2)) == [*posts(range(1)), *posts(range(2, 3))]


class Crew:
    """Members in threads of their own. An event of a key may come again, and never before an earlier one."""

    def __init__(self, open_log: Callable[[], EventLog]) -> None:
        self._open_log, self._lock = open_log, Lock()
        self.seen: defaultdict[str, int] = defaultdict(int)
        self.overtaken: list[Event] = []
        self.partitions: defaultdict[int, set[int]] = defaultdict(set)
        self.errors: list[BaseException] = []
        self._running: dict[int, tuple[Thread, Stop]] = {}

    def join(self, number: int) -> None:
        stop = Stop()
        thread = Thread(target=self._work, args=(number, stop), daemon=True)
        self._running[number] = thread, stop
        thread.start()

    def leave(self, number: int) -> None:
        thread, stop = self._running.pop(number)
        stop.set()
        thread.join(WAIT)

    def leave_all(self) -> None:
        for number in list(self._running):
            self.leave(number)

    def _work(self, number: int, stop: Stop) -> None:
        consumer = self._open_log().consumer(TOPIC, "g")
        try:
            while not stop.is_set():
                try:
                    self._note(number, consumer.poll(40, 0.1))
                    consumer.commit()
                except RetryableError:
                    consumer.seek_committed()
        except BaseException as error:
            self.errors.append(error)
        finally:
            consumer.close()

    def _note(self, number: int, events: list[Event]) -> None:
        with self._lock:
            for event in events:
                self.partitions[number].add(event.partition)
                order = int(event.value)
                if order > self.seen[event.key]:
                    self.overtaken.append(event)
                elif order == self.seen[event.key]:
                    self.seen[event.key] += 1


def test_members_that_come_and_leave_lose_nothing_and_keep_the_order_of_a_key(
    url: str, opened: Callable[[str], EventLog]
) -> None:
    log = opened(f"{url}?partitions=6")
    crew = Crew(lambda: opened(f"{url}?partitions=6"))
    rounds = 60
    crew.join(1)
    crew.join(2)
    for order in range(rounds):
        log.append(TOPIC, [Record(f"k:{key}", str(order).encode()) for key in range(30)])
        time.sleep(0.1)
        if order == rounds // 3:
            crew.join(3)
        if order == 2 * rounds // 3:
            crew.leave(1)
    end = time.monotonic() + WAIT
    while sum(crew.seen.values()) < 30 * rounds and time.monotonic() < end:
        time.sleep(0.2)
    until(lambda: _nothing_waits(log))
    more = count(rounds)
    # However long joining and leaving take: the third has its share of what comes from now on, and the second all
    # of it once it is alone.
    _append_until(log, more, lambda: bool(crew.partitions[3]))
    crew.leave(3)
    _append_until(log, more, lambda: crew.partitions[2] == set(range(6)))
    until(lambda: _nothing_waits(log))
    crew.leave_all()
    assert crew.errors == []
    assert crew.overtaken == []
    assert crew.seen == dict.fromkeys((f"k:{key}" for key in range(30)), next(more))
    assert crew.partitions[2] == set(range(6))
    assert crew.partitions[3]


def _append_until(log: EventLog, orders: Iterator[int], done: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not done() and time.monotonic() < end:
        order = str(next(orders)).encode()
        log.append(TOPIC, [Record(f"k:{key}", order) for key in range(30)])
        time.sleep(0.5)


def _nothing_waits(log: EventLog) -> None:
    if any(row.waiting for row in log.lag()):
        raise RetryableError


def expel(url: str) -> None:
    """Throw every member out of the group, as the brokers do with one that was silent for too long."""
    address = adapter.parse(url)
    admin = KafkaAdminClient(bootstrap_servers=list(address.servers))
    group = address.group("g", TOPIC)
    members = admin.describe_groups([group])[group]["members"]
    admin.remove_group_members(group, [MemberToRemove(member_id=one["member_id"]) for one in members])
    admin.close()


def test_a_commit_after_the_membership_was_lost_fails_and_the_events_come_again(
    url: str, opened: Callable[[str], EventLog]
) -> None:
    log = opened(f"{url}?partitions=1")
    log.append(TOPIC, records(6))
    consumer = log.consumer(TOPIC, "g")
    assert values(everything(consumer, 6)) == posts(range(6))
    expel(url)
    with pytest.raises(RetryableError, match="membership"):
        consumer.commit()
    consumer.seek_committed()
    assert values(everything(consumer, 6)) == posts(range(6))
    consumer.commit()
    assert log.lag()[0].waiting == 0


def test_a_loss_noticed_by_a_poll_still_fails_the_commit(url: str, opened: Callable[[str], EventLog]) -> None:
    log = opened(f"{url}?partitions=1")
    log.append(TOPIC, records(4))
    consumer = log.consumer(TOPIC, "g")
    everything(consumer, 4)
    expel(url)
    assert values(everything(consumer, 4)) == posts(range(4))
    with pytest.raises(RetryableError, match="membership"):
        consumer.commit()
    consumer.seek_committed()
    assert values(everything(consumer, 4)) == posts(range(4))
    consumer.commit()


def test_a_new_group_is_known_before_it_polls_and_says_how_long_it_is_behind(
    url: str, opened: Callable[[str], EventLog]
) -> None:
    log = opened(f"{url}?partitions=2")
    assert log.lag() == []
    log.append(TOPIC, records(3))
    log.consumer(TOPIC, "کند").close()
    time.sleep(1.0)
    (row,) = opened(f"{url}?partitions=2").lag()
    assert (row.group, row.topic, row.waiting) == ("کند", TOPIC, 3)
    assert 1.0 <= row.seconds < WAIT


def test_nothing_is_trimmed_or_erased_before_its_time(url: str, opened: Callable[[str], EventLog]) -> None:
    log = opened(f"{url}?partitions=1")
    log.append(TOPIC, records(3))
    assert log.trim(TOPIC, ["g"]) == 0
    assert log.erase(["k:1"]) == 0
    assert log.retention is not None
    assert len(drain(log.consumer(TOPIC, "g"), patience=6.0)) == 3


def test_topics_are_kept_for_a_day_from_their_arrival(url: str, opened: Callable[[str], EventLog]) -> None:
    log = opened(f"{url}?partitions=4&replication=1")
    log.append(TOPIC, records(1))
    address = adapter.parse(url)
    admin = KafkaAdminClient(bootstrap_servers=list(address.servers))
    topic = address.outside(TOPIC)
    (found,) = admin.describe_topics([topic])
    said = str(admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))
    admin.close()
    assert len(found["partitions"]) == 4
    for setting in ("86400000", "LogAppendTime", "1800000"):
        assert setting in said


def test_a_record_that_is_too_large_is_refused_with_its_batch(url: str, opened: Callable[[str], EventLog]) -> None:
    log = opened(f"{url}?partitions=1")
    with pytest.raises(InvalidInputError, match=r"'k:big' .* has 8,388,609 bytes"):
        log.append(TOPIC, [*records(2), Record("k:big", b"x" * (LARGEST - 4))])
    log.append(TOPIC, [Record("k:big", b"x" * (LARGEST - 5))])
    (event,) = drain(log.consumer(TOPIC, "g"), patience=6.0)
    assert len(event.value) == LARGEST - 5


def test_who_has_no_password_is_not_let_in(tmp_path: Path, opened: Callable[..., EventLog]) -> None:
    authority = Authority(tmp_path)
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
    settings = {
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.client.plain.sasl.jaas.config": f'{plain} required username="us" password="right" '
        'user_us="right";',
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.server("127.0.0.1")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
    }
    with required(kafka_broker(tmp_path / "broker", "SASL_SSL", settings)) as broker:
        url = f"{broker.url}/safe?partitions=1&security=SASL_SSL&mechanism=PLAIN&ca={authority.certificate}"
        with pytest.raises(AuthorisationError, match="SHENAVA_KAFKA_PASSWORD"):
            until(lambda: opened(url, username="us", password="wrong").append(TOPIC, records(1)))
        log = opened(url, username="us", password="right")
        until(lambda: log.append(TOPIC, []))
        log.append(TOPIC, records(2))
        assert len(drain(log.consumer(TOPIC, "g"), patience=6.0)) == 2
