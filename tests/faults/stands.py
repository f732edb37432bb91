"""What a platform of the soak is made of."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct

from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Source
from tests.services.web import Answer, Asked, Web

if TYPE_CHECKING:
    from shenava.wiring import House

Serve = Callable[[Callable[[Asked], Answer]], Web]


class Platform(Struct, frozen=True):
    """One of them. `say` publishes a text and gives the key of its post; `anew` begins the windows of its limits.

    Where it hands its posts over itself, `work` does that to an installation until the event is set.
    """

    kind: str
    options: dict[str, str]
    web: Web
    say: Callable[[str], str]
    account: Account | None = None
    source: Source | None = None
    anew: Callable[[], None] = lambda: None
    work: Callable[[House, Event], None] | None = None
    id: str = ""
    secret: str = ""

    @property
    def source_id(self) -> str:
        """The id of its source."""
        return self.id or f"s-{self.kind}"


def seconds(clock: Clock) -> int:
    """The second it is."""
    return int(clock.now().timestamp())
