"""Platforms that we can't send to: a person answers there and marks the reply as sent."""

from __future__ import annotations

from crm.errors import PermanentError
from crm.ports.responder import Account, AccountCheck, Length, SendOrder, Sent, Way, Ways
from crm.words import Post
from responders.text import graphemes, open_on_platform


class ManualResponder:
    """Any platform without a responder of its own. See :class:`crm.ports.responder.Responder`."""

    def __init__(self, platform: str) -> None:
        self.platform = platform

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        return Ways((open_on_platform(answer_to),))

    def count(self, text: str, way: Way = "reply") -> Length:
        return Length(graphemes(text), None)

    def send(self, order: SendOrder) -> Sent:
        raise PermanentError(f"A reply on {self.platform} is sent by a person there, then marked as sent here.")

    def find(self, order: SendOrder) -> Sent | None:
        return None

    def check(self, account: Account) -> AccountCheck:
        return AccountCheck(account.handle, ok=False, problem="manual")
