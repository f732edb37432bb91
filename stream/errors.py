"""What can go wrong with the stream's file, each with its sentence."""

from __future__ import annotations

from pathlib import Path

from crm.errors import InvalidInputError, RetryableError, StoreError


class LogBusyError(RetryableError):
    """Somebody else holds the file's lock for longer than we wait."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"The stream {path} is locked by another process ({reason}); it is tried again by itself.")


class LeaseLostError(RetryableError):
    """Another member of the group went on with our events."""

    def __init__(self, topic: str, group: str) -> None:
        super().__init__(
            f"The lease of group {group!r} on topic {topic!r} was lost to another process because this one "
            "was silent for too long; the events are handled again from the last commit."
        )


class GroupInUseError(RetryableError):
    """A group that is to be forgotten is still at work."""

    def __init__(self, topic: str, group: str) -> None:
        super().__init__(f"The group {group!r} on topic {topic!r} still has a member at work; stop it, then try again.")


class LogFullError(StoreError):
    """No room for the file to grow."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"Disk full: the stream {path} can't grow ({reason}); nothing was added. Free some space.")


class LogDamagedError(StoreError):
    """The file's content can't be trusted."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(
            f"The stream {path} is damaged or not a stream ({reason}): stop Shenava and restore the data folder "
            "from a back-up, or move this file aside to start with an empty stream."
        )


class LogUnreachableError(StoreError):
    """The file can't be opened, read or written."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(
            f"The stream {path} can't be opened, read or written ({reason}): check that the folder exists, "
            "that this user may write there, and that the disk is sound."
        )


class LogTooNewError(StoreError):
    """A newer program made the file."""

    def __init__(self, path: Path, version: int, known: int) -> None:
        super().__init__(
            f"The stream {path} has layout {version}, and this Shenava knows layouts up to {known}: update Shenava."
        )


class UnknownLogError(InvalidInputError):
    """No adapter for this address."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"The stream {url!r} can't be opened: write a file's path or sqlite:///path/to/stream.sqlite, "
            "or kafka://host:9092/prefix for a cluster."
        )
