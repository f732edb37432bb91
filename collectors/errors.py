"""What collectors raise themselves. The records keep the name of an error's class, and pages explain it by that."""

from __future__ import annotations

from collectors.clean import clean
from crm.errors import InvalidInputError, PermanentError, RetryableError
from crm.ports.source import Rejected


class NormaliseError(PermanentError):
    """An item of a platform, or a row of a file, can't become a post; the message says which part and why.

    `code` and `params` say the same for the catalogue of messages.
    """

    def __init__(self, message: str, code: str = "", **params: str) -> None:
        self.code, self.params = code, params
        super().__init__(message)

    def at(self, where: str) -> Rejected:
        """What the source reports of it, as stores take it; `where` is the item's line, address or cursor."""
        params = {name: clean(value) for name, value in self.params.items()}
        return Rejected(clean(where), clean(str(self)), self.code, params)


class UnusableFileError(InvalidInputError):
    """A file, or how it is said to be read, can't be used; `code` and `params` say why for the catalogue."""

    def __init__(self, message: str, code: str, **params: str) -> None:
        self.code, self.params = code, params
        super().__init__(message)


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


class UnusableDeliveryError(InvalidInputError):
    """What another system handed over holds nothing that can be used, or too much."""
