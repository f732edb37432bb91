"""Answering on Bluesky: a record in our account's repository, under a key that we choose.

The key is made from the outbox's, so the server itself refuses a second record (the PDS answers a
repeated createRecord with 500 and leaves the first as it was), and looking for a reply whose
outcome is unknown is one read of that key. A direct message has no such key: it is looked for among our messages.

Up to four pictures go with a reply or a quotation, each uploaded before the record is made. A picture may hold 1 MB:
the lexicon app.bsky.embed.images has been widened to 2 MB, to which not every server holds yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from crm.errors import AuthorisationError, PermanentError, RetryableError
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    Act,
    ActRule,
    Length,
    MediaRule,
    SendOrder,
    Sent,
    Way,
    WayRule,
    Ways,
)
from crm.ports.transport import Transport
from crm.words import Post
from responders.acting import LIKE, check_offered, offered
from responders.files import refuse_files
from responders.text import connected, graphemes, open_on_platform

if TYPE_CHECKING:
    from responders.bluesky_repo import Repo

LIMIT, MESSAGE_LIMIT = 300, 1000
PICTURES = MediaRule(4, 1_000_000, ("image/jpeg", "image/png", "image/webp"))
ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
HIGHEST = (1 << 63) - 1
Result = TypeVar("Result")


def record_key(order: SendOrder) -> str:
    """The record key of an order: a TID (13 digits in base 32) of its time, told apart by its key.

    A TID holds 53 bits of microseconds and 10 bits at will. Times are kept in milliseconds, so the
    three lower digits are free too and come from a hash of the key: about a million values
    a millisecond. Source: atproto.com/specs/tid.
    """
    return _tid(order.created_at, order.key)


def like_key(post: Post) -> str:
    """The record key of our like of a post: the same whenever it is asked for, so that there is one like at most."""
    return _tid(post.posted_at, post.key)


def _tid(at: datetime, key: str) -> str:
    milliseconds = int(at.timestamp() * 1000)
    chance = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
    number = (milliseconds * 1000 + chance % 1000) << 10 | (chance // 1000) % 1024
    number &= HIGHEST  # a post may say that it is from before 1970, and a TID begins with a bit that is not set
    return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


class BlueskyResponder:
    """See :class:`crm.ports.responder.Responder`. Sessions are kept until the server ends them (about two hours):
    signing in is limited to 300 times a day.
    """

    platform = "bluesky"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock
        self._repos: dict[Account, Repo] = {}

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here = open_on_platform(answer_to)
        private = WayRule("dm", "private_message", limit=MESSAGE_LIMIT)
        if not connected(account):
            way: Way = "dm" if answer_to.private else "reply"
            limit = MESSAGE_LIMIT if answer_to.private else LIMIT
            return Ways((here, WayRule(way, "not_connected", allowed=False, limit=limit)))
        if answer_to.private:
            return Ways((private, here))
        reply = WayRule("reply", "public_reply", limit=LIMIT, media=PICTURES, threads=True)
        quote = WayRule("quote", "public_quote", limit=LIMIT, media=PICTURES)
        return Ways((reply, quote, private, here))

    def count(self, text: str, way: Way = "reply") -> Length:
        """In characters as a reader sees them. Source: the lexicons app.bsky.feed.post and chat.bsky.convo.defs."""
        return Length(graphemes(text), MESSAGE_LIMIT if way == "dm" else LIMIT)

    def send(self, order: SendOrder) -> Sent:
        refuse_files("Bluesky", order, None if order.way == "dm" else PICTURES)
        if order.way == "dm":
            return self._signed_in(order.account, lambda repo: repo.letters.send(order))
        if order.way not in ("reply", "quote"):
            raise PermanentError(f"Bluesky knows no way {order.way!r} of answering; choose reply, quote or dm.")
        return self._signed_in(order.account, lambda repo: repo.publish(order, record_key(order)))

    def find(self, order: SendOrder) -> Sent | None:
        if order.way == "dm":
            return self._signed_in(order.account, lambda repo: repo.letters.find(order))
        return self._signed_in(order.account, lambda repo: repo.published(record_key(order)))

    def check(self, account: Account) -> AccountCheck:
        if not connected(account):
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        try:
            repo = self._sign_in(account)
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="refused")
        except RetryableError:
            return AccountCheck(account.handle, ok=False, problem="unreachable")
        except PermanentError:
            return AccountCheck(account.handle, ok=False, problem="wrong_address")
        return AccountCheck(repo.handle, ok=repo.active, problem="" if repo.active else "inactive", native_id=repo.did)

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        """Likes. A thread's author may hide answers with a list in the thread's own record (app.bsky.feed.threadgate),
        which is not offered. Source: the lexicon app.bsky.feed.like.
        """
        return () if post.private else offered(account, (LIKE, "public_like"))

    def act(self, act: Act, post: Post, account: Account) -> None:
        check_offered(act, post, self.acts(post, account))
        key = like_key(post)
        self._signed_in(account, lambda repo: repo.like(post.key, key) if act == "like" else repo.unlike(key))

    def _signed_in(self, account: Account, work: Callable[[Repo], Result]) -> Result:
        """Do `work`, once more in a new session if the kept one has ended: nothing was published with it."""
        if repo := self._repos.get(account):
            try:
                return work(repo)
            except AuthorisationError:
                del self._repos[account]
        return work(self._sign_in(account))

    def _sign_in(self, account: Account) -> Repo:
        if not connected(account):
            raise AuthorisationError(f"The Bluesky account {account.handle} has no app password; connect it again.")
        from responders.bluesky_repo import Repo  # its models cost 40 MB, so only who signs in loads them

        repo = Repo.sign_in(account, self._transport, self._clock)
        self._repos[account] = repo
        return repo
