"""Responders: how an approved reply reaches its platform, at most once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, RetryableError, ShenavaError
from crm.ports.vault import OtherKeyError
from crm.words import Post

Way = Literal["reply", "quote", "dm", "open"]
"""`open` means that a person answers on the platform and marks the reply as sent."""


class UnknownOutcomeError(ShenavaError):
    """The reply may or may not have been sent. Look with `find`; if that finds nothing, a person decides."""

    def __init__(self, platform: str, reason: str) -> None:
        self.platform, self.reason = platform, reason
        super().__init__(f"It is not known whether {platform} has published the reply: {reason}.")


class AnsweredPostGoneError(PermanentError):
    """The post that the reply answers is no longer on the platform, or not visible to our account."""

    def __init__(self, post_key: str) -> None:
        self.post_key = post_key
        super().__init__(f"The post {post_key} can't be answered because its platform no longer shows it to us.")


class CantLookError(PermanentError):
    """The platform shows us nothing of what we said, so only a person can look there."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        super().__init__(f"{platform} shows us nothing of what we said there; look yourself, and say what you see.")


class Account(Struct, frozen=True):
    """An account of ours. `secret` is a password or a token; it is never shown, not even in a traceback."""

    platform: str
    handle: str
    base_url: str
    secret: str

    def __repr__(self) -> str:
        return f"Account(platform={self.platform!r}, handle={self.handle!r}, base_url={self.base_url!r}, secret=...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("handle", self.handle), ("base_url", self.base_url)]


class TokenEndedError(AuthorisationError):
    """The token of an account has ended; `problem` says why, expired or no_refresh of :class:`AccountCheck`."""

    def __init__(self, account: Account, problem: str) -> None:
        self.platform, self.problem = account.platform, problem
        how = "has ended" if problem == "expired" else "has ended, and the platform did not renew it"
        super().__init__(f"The token of the {account.platform} account {account.handle} {how}; connect it again.")


class MediaRule(Struct, frozen=True):
    """What may be sent with a text: how many files, how large each in bytes, of which media types.

    `limit` is the longest text that files may go with, None where they change nothing. `alt` is the longest
    description of a file, in characters; None where nothing limits it.
    """

    count: int
    size: int
    kinds: tuple[str, ...]
    limit: int | None = None
    alt: int | None = None


class WayRule(Struct, frozen=True, omit_defaults=True):
    """Whether one way is open, and by which rule.

    `rule` is a code for the message catalogue: public_reply, public_quote, private_message,
    private_unsupported, not_connected, on_platform. `limit` is the longest text in the platform's own
    measure, None where unknown. `prefix` is what the text should start with so that the author
    is told. `url` is the page to open. `media` is None where only words can be sent. `threads` says whether
    a longer text may go out as several posts, each answering the one before.
    """

    way: Way
    rule: str
    allowed: bool = True
    limit: int | None = None
    prefix: str = ""
    url: str = ""
    media: MediaRule | None = None
    threads: bool = False


class Ways(Struct, frozen=True):
    """The ways of answering a post, the best one first."""

    rules: tuple[WayRule, ...]

    @property
    def allowed(self) -> tuple[WayRule, ...]:
        """Those that are open."""
        return tuple(rule for rule in self.rules if rule.allowed)


class Length(Struct, frozen=True):
    """How long a text is in the platform's own measure; `limit` is None where there is none."""

    used: int
    limit: int | None


class Attachment(Struct, frozen=True, omit_defaults=True):
    """A file that goes out with a text: its name, media type, bytes, and what it shows, in words."""

    name: str
    kind: str
    content: bytes
    alt: str = ""

    def __repr__(self) -> str:
        return f"Attachment(name={self.name!r}, kind={self.kind!r}, {len(self.content)} bytes)"


class SendOrder(Struct, frozen=True):
    """One reply to be sent. The text goes out as it is: it is what a person approved.

    `key` is the unique key of the outbox and `created_at` the time of its row: both stay the
    same for every attempt, since platforms recognise a repetition by them. `answer_to` is the key
    of the post and `answer_to_url` its page.
    """

    key: str
    account: Account
    way: Way
    text: str
    answer_to: str
    answer_to_url: str
    created_at: datetime
    language: str = ""
    media: tuple[Attachment, ...] = ()


class Sent(Struct, frozen=True):
    """A reply as the platform has it. `native_id` is the one under which a collector would see it."""

    native_id: str
    url: str
    sent_at: datetime


class AccountCheck(Struct, frozen=True, omit_defaults=True):
    """Whether the account can be used now.

    `problem` is a code for the message catalogue, empty when `ok`: secret_missing, refused,
    inactive, unreachable, wrong_address, other_key (encrypted with another one), expired (the token has ended),
    no_refresh (the platform would not renew it), manual (this platform needs no account of ours).
    """

    handle: str
    ok: bool
    problem: str = ""
    native_id: str = ""


def account_problem(error: ShenavaError) -> str:
    """What an error says of our account: a code of :class:`AccountCheck`, else the error's sentence."""
    match error:
        case OtherKeyError():
            return "other_key"
        case TokenEndedError():
            return error.problem
        case AuthorisationError():
            return "refused"
        case RetryableError():
            return "unreachable"
    return str(error)


class Responder(Protocol):
    """One platform on which we answer. Safe to share between threads; opens no connection when made."""

    platform: str

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        """How may I answer here? Asks nobody; without an account only `open` is allowed."""
        ...

    def count(self, text: str, way: Way = "reply") -> Length:
        """The length of a text as the platform measures it on this way. Asks nobody."""
        ...

    def send(self, order: SendOrder) -> Sent:
        """Publish the reply.

        Raises: RetryableError (RateLimitedError where the platform said so) only when certainly
        nothing was sent; AuthorisationError; AnsweredPostGoneError and PermanentError when the
        platform refused; UnknownOutcomeError when it may have been sent. A second order with the
        same key is never published twice by a platform that can recognise it.
        """
        ...

    def find(self, order: SendOrder) -> Sent | None:
        """Look on the platform whether the order was carried out; None when it is certainly not visible there.

        Raises: RetryableError, AuthorisationError, PermanentError (CantLookError where the platform shows nothing).
        """
        ...

    def check(self, account: Account) -> AccountCheck:
        """Sign in and say whether it worked. Never raises for what a person can mend, says it instead."""
        ...


Act = Literal["like", "unlike", "hide", "unhide"]


class ActRule(Struct, frozen=True):
    """Whether something can be done to a post, and by which rule (a code as in :class:`WayRule`)."""

    act: Act
    rule: str
    allowed: bool = True


@runtime_checkable
class Acting(Protocol):
    """A responder of a platform on which posts of others can be liked or hidden."""

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        """What may be done to the post. Asks nobody."""
        ...

    def act(self, act: Act, post: Post, account: Account) -> None:
        """Do it. Doing it twice is the same as once, so whatever failed may be tried again.

        Raises: RetryableError, AuthorisationError, AnsweredPostGoneError, PermanentError.
        """
        ...
