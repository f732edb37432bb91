"""A platform in memory, with a responder that tests can make fail at any point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

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
from crm.words import Post

PICTURES = MediaRule(2, 10_000, ("image/png",), alt=40)


class Killed(BaseException):
    """The process died here."""


class MemoryPlatform:
    """What was published, by key; a repeated key is published once unless the platform forgets keys."""

    platform = "bluesky"

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.published: list[SendOrder] = []
        self.looked = 0
        self.before: list[BaseException] = []
        self.after: list[BaseException] = []
        self.on_look: list[BaseException] = []
        self.remembers = True
        self.done: set[tuple[str, str]] = set()
        self.on_act: list[BaseException] = []
        self.meanwhile: list[Callable[[], object]] = []
        self.asked: list[Account] = []

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        by_hand = WayRule("open", "on_platform", url=answer_to.url)
        if account is None:
            return Ways((by_hand,))
        return Ways((WayRule("reply", "public_reply", limit=300, media=PICTURES, threads=True), by_hand))

    def count(self, text: str, way: Way = "reply") -> Length:
        return Length(len(text), 300)

    def send(self, order: SendOrder) -> Sent:
        if self.before:
            raise self.before.pop(0)
        if not self.remembers or order.key not in {one.key for one in self.published}:
            self.published.append(order)
        if self.after:
            raise self.after.pop(0)
        return self._sent(order)

    def find(self, order: SendOrder) -> Sent | None:
        self.looked += 1
        if self.on_look:
            raise self.on_look.pop(0)
        return self._sent(order) if order.key in {one.key for one in self.published} else None

    def check(self, account: Account) -> AccountCheck:
        return AccountCheck(account.handle, True, native_id="did:own")

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        names: tuple[Act, ...] = ("like", "unlike", "hide", "unhide")
        rule = "public_like" if account else "not_connected"
        return tuple(ActRule(act, rule, account is not None) for act in names)

    def act(self, act: Act, post: Post, account: Account) -> None:
        self.asked.append(account)
        if self.on_act:
            raise self.on_act.pop(0)
        mark = (act.removeprefix("un"), post.key)
        (self.done.discard if act.startswith("un") else self.done.add)(mark)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def _sent(self, order: SendOrder) -> Sent:
        return Sent(f"post-{order.key}", f"https://social.example/{order.key}", self.now)


class PlainVault:
    """Turns secrets around instead of encrypting them."""

    def encrypt(self, secret: str) -> bytes:
        return secret[::-1].encode()

    def decrypt(self, sealed: bytes) -> str:
        return sealed.decode()[::-1]

    def key(self, purpose: str) -> bytes:
        return purpose.encode().ljust(32, b".")[:32]
