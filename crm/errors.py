"""The error tree of the project.

ShenavaError
├── RetryableError          the same call may succeed later: a lock, a network fault, a busy server
│   └── RateLimitedError    ... and the other side said when
├── AuthorisationError      a credential is missing, expired or not allowed to do this
├── PermanentError          the same call will always fail
│   ├── InvalidInputError   what was handed in can't be used; says what, where and how to mend it
│   ├── NotFoundError       the thing named isn't there (or not for this actor)
│   └── ConflictError       somebody changed it first
└── StoreError              a store can't be opened or is damaged, or its disk is full

An exception builds its own one-sentence message; the console and the command line add what
to do next. Modules define their own leaves below these.
"""

from __future__ import annotations


class ShenavaError(Exception):
    """Root of every error that Shenava raises on purpose."""


class RetryableError(ShenavaError):
    """The same call may succeed later."""


class RateLimitedError(RetryableError):
    """A platform asked us to wait; `retry_after` is in seconds, None where it did not say."""

    def __init__(self, who: str, retry_after: float | None = None) -> None:
        self.who, self.retry_after = who, retry_after
        wait = f"; it asks for a pause of {retry_after:.0f} s" if retry_after is not None else ""
        super().__init__(f"{who} limits our rate{wait}.")


class AuthorisationError(ShenavaError):
    """A credential is missing, expired or not allowed to do this."""


class PermanentError(ShenavaError):
    """The same call will always fail."""


class InvalidInputError(PermanentError):
    """What was handed in can't be used."""


class NotFoundError(PermanentError):
    """The thing named isn't there, or not for this actor."""

    def __init__(self, kind: str, name: object) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"There is no {kind} {name!r} here.")


class ConflictError(PermanentError):
    """Somebody changed it first."""


class StoreError(ShenavaError):
    """A store can't be opened, is damaged, or its disk is full."""
