"""What collectors raise themselves. The records keep the name of an error's class, and pages explain it by that."""

from __future__ import annotations

from crm.errors import PermanentError, RetryableError


class NormaliseError(PermanentError):
    """An item of a platform, or a row of a file, can't become a post; the message says which part and why."""


class BusyServerError(RetryableError):
    """The other side has trouble of its own."""

    def __init__(self, url: str, status: int) -> None:
        self.url, self.status = url, status
        super().__init__(f"{url} answered {status}; it may be busy.")


class NothingSaidError(RetryableError):
    """The other side is there and says nothing."""


class WrongAddressError(PermanentError):
    """What was looked for isn't at this address."""

    def __init__(self, url: str, status: int) -> None:
        self.url, self.status = url, status
        super().__init__(f"{url} answered {status}; check the address.")


class OtherServerError(PermanentError):
    """What answers speaks another language than the kind of source that was chosen."""
