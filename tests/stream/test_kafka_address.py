"""The URL of a cluster, names that Kafka does not allow, and the client's errors in our words. No broker is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kafka import errors as theirs

from crm.errors import AuthorisationError, InvalidInputError, RateLimitedError, RetryableError, ShenavaError, StoreError
from stream.kafka import Address, Login, parse
from stream.kafka.errors import ours


def test_a_url_says_everything(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    url = (
        "kafka://one:9093,two,[::1]:9095/prod_1?partitions=24&replication=3&security=sasl_ssl"
        f"&mechanism=SCRAM-SHA-512&ca={ca}"
    )
    assert parse(url) == Address(
        ("one:9093", "two:9092", "[::1]:9095"), "prod_1", 24, 3, "SASL_SSL", "SCRAM-SHA-512", str(ca)
    )


def test_a_host_is_enough() -> None:
    assert parse("kafka://broker") == Address(("broker:9092",), "shenava", 12, None)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("kafka://", "names no server"),
        ("kafka:///prefix", "names no server"),
        ("kafka://user:hunter2@host/x", "SHENAVA_KAFKA_PASSWORD"),
        ("kafka://ho st/x", "'ho st' is no host:port"),
        ("kafka://host:port/x", "'host:port' is no host:port"),
        ("kafka://host/a.b", "the prefix 'a.b'"),
        ("kafka://host/شنوا", "Latin letters"),
        ("kafka://host/x?partition=3", "no option 'partition'; there are partitions"),
        ("kafka://host/x?partitions=0", "no number from 1 to 10000"),
        ("kafka://host/x?partitions=many", "no number"),
        ("kafka://host/x?replication=-1", "no number"),
        ("kafka://host/x?security=TLS", "none of PLAINTEXT, SSL"),
        ("kafka://host/x?mechanism=GSSAPI", "none of PLAIN, SCRAM"),
        ("kafka://host/x?ca=/there/is/none.pem", "no file that can be read"),
    ],
)
def test_a_url_that_says_something_else_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match="SHENAVA_STREAM_URL") as refused:
        parse(url)
    assert reason in str(refused.value)
    assert "hunter2" not in str(refused.value)


@given(st.text(min_size=1, max_size=20))
@example("posts.collected")
@example("موضوع")
@example("a_b")
@example("_d9")
@example("a/../b")
def test_every_name_is_spelled_and_read_back(name: str) -> None:
    address = Address(("host:9092",), "p")
    outside = address.outside(name)
    assert set(outside) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert address.inside(outside) == name
    assert address.group_inside(address.group("کاربر", name), name) == "کاربر"


def test_names_of_others_are_not_ours() -> None:
    address = Address(("host:9092",), "p")
    assert address.inside("pq.posts") is None
    assert address.inside("p.posts.collected") == "posts.collected"
    assert address.group_inside("p.index.posts.enriched", "posts.collected") is None
    assert address.group_inside("other.index.posts.enriched", "posts.enriched") is None


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="too many for Kafka"):
        Address(("host:9092",), "p").outside("م" * 60)


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in f"{Login('us', 'hunter2')!r} {Login('us', 'hunter2')}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (theirs.KafkaTimeoutError("slow"), RetryableError),
        (theirs.NotLeaderForPartitionError(), RetryableError),
        (theirs.NotEnoughReplicasError(), RetryableError),
        (ConnectionRefusedError("no"), RetryableError),
        (theirs.ThrottlingQuotaExceededError(), RateLimitedError),
        (theirs.SaslAuthenticationFailedError("no"), AuthorisationError),
        (theirs.TopicAuthorizationFailedError("no"), AuthorisationError),
        (theirs.CorruptRecordError(), StoreError),
        (theirs.InvalidReplicationFactorError("3 of 1"), RetryableError),
        (theirs.PolicyViolationError("no"), StoreError),
        (theirs.UnsupportedVersionError(), StoreError),
    ],
)
def test_an_error_of_the_client_is_put_into_our_words(error: Exception, kind: type[ShenavaError]) -> None:
    found = ours("host:9092", error)
    assert isinstance(found, kind)
    assert "host:9092" in str(found)


def test_the_client_is_imported_only_for_its_urls(tmp_path: Path) -> None:
    look = (
        "import sys, stream, stream.worker; from crm.ports.clock import SystemClock\n"
        "stream.open_log(sys.argv[1], SystemClock()).close(); sys.exit('kafka' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", look, str(tmp_path / "stream.sqlite")], check=False).returncode == 0
