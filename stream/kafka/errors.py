"""What can go wrong with Kafka, each with its sentence; and the client's errors put into the house's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import errors as theirs

from crm.errors import AuthorisationError, InvalidInputError, RateLimitedError, RetryableError, ShenavaError, StoreError


class BadAddressError(InvalidInputError):
    """The URL of the stream can't be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The Kafka address of the stream (SHENAVA_STREAM_URL) can't be used: {reason}.")


class RecordTooLargeError(InvalidInputError):
    """A record is larger than a topic takes."""

    def __init__(self, topic: str, key: str, size: int, limit: int) -> None:
        super().__init__(
            f"The record {key!r} for topic {topic!r} has {size:,} bytes, and Kafka is set to take {limit:,} at most; "
            "none of its batch was sent."
        )


class BrokerUnreachableError(RetryableError):
    """Nobody answers, or not now."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(
            f"Kafka at {where} does not answer ({reason}): see that it runs and that SHENAVA_STREAM_URL names it; "
            "it is tried again by itself."
        )


class BrokerTroubleError(RetryableError):
    """The brokers answer, and can't do it now."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(f"Kafka at {where} can't do this now ({reason}); it is tried again by itself.")


class MembershipLostError(RetryableError):
    """Our partitions were given to other members of the group, or may have been."""

    def __init__(self, topic: str, group: str) -> None:
        super().__init__(
            f"The membership in group {group!r} on topic {topic!r} was lost because the group was shared out anew "
            "or this process was silent for too long; the events are handled again from the last commit."
        )


class BrokerLoginError(AuthorisationError):
    """The brokers don't let us in, or not do this."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(
            f"Kafka at {where} refuses us ({reason}): check SHENAVA_KAFKA_USERNAME and SHENAVA_KAFKA_PASSWORD, "
            "security= and mechanism= in SHENAVA_STREAM_URL, and what this user may do there."
        )


class BrokerSetupError(StoreError):
    """The cluster can't hold the stream as it is set up."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(
            f"Kafka at {where} can't hold the stream ({reason}): change the cluster, or the options in "
            "SHENAVA_STREAM_URL."
        )


class TopicDamagedError(StoreError):
    """A broker's files can't be trusted."""

    def __init__(self, where: str, reason: object) -> None:
        super().__init__(
            f"The stream in Kafka at {where} is damaged ({reason}): look at the brokers' disks, then delete the "
            "partition's replica, or its events, that can't be read."
        )


REFUSED = (
    theirs.AuthorizationError,
    theirs.SaslAuthenticationFailedError,
    theirs.UnsupportedSaslMechanismError,
    theirs.IllegalSaslStateError,
)
LOST = (
    theirs.CommitFailedError,
    theirs.IllegalGenerationError,
    theirs.UnknownMemberIdError,
    theirs.RebalanceInProgressError,
    theirs.FencedInstanceIdError,
)
SET_UP = (
    theirs.InvalidPartitionsError,
    theirs.InvalidConfigurationError,
    theirs.InvalidTopicError,
    theirs.PolicyViolationError,
    theirs.UnsupportedVersionError,
    theirs.UnrecognizedBrokerVersion,
    theirs.KafkaConfigurationError,
    theirs.UnsupportedCodecError,
    theirs.MessageSizeTooLargeError,
    theirs.RecordListTooLargeError,
)
DAMAGED = (theirs.CorruptRecordError, theirs.InvalidRecordError)
SILENT = (theirs.KafkaConnectionError, theirs.KafkaTimeoutError, theirs.NodeNotReadyError, theirs.Cancelled)


def ours(where: str, error: BaseException) -> ShenavaError:
    """The house's error for one of the client's."""
    reason = _short(error)
    if isinstance(error, REFUSED):
        return BrokerLoginError(where, reason)
    if isinstance(error, SET_UP):
        return BrokerSetupError(where, reason)
    if isinstance(error, DAMAGED):
        return TopicDamagedError(where, reason)
    if isinstance(error, theirs.ThrottlingQuotaExceededError):
        return RateLimitedError(f"Kafka at {where}")
    if isinstance(error, (*SILENT, OSError)):
        return BrokerUnreachableError(where, reason)
    # What is left passes with a new leader, a new coordinator, a new connection, or once enough brokers are back for
    # the replicas of a new topic; or a person mends it at the brokers: to give up would not help either.
    return BrokerTroubleError(where, reason)


@contextmanager
def speaking(where: str) -> Iterator[None]:
    """Put the client's errors into the house's words."""
    try:
        yield
    except (theirs.KafkaError, OSError) as error:
        raise ours(where, error) from error


def _short(error: BaseException) -> str:
    """The kind and the reason, without the requests that the client repeats at length."""
    said = ": ".join(str(part) for part in error.args if part)
    kind = type(error).__name__.removesuffix("Error")
    return f"{kind}: {said.splitlines()[0][:160]}" if said else kind
