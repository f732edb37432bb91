"""What a platform refuses of a source, part by part, so that one part holds up no other."""

from __future__ import annotations

from collections.abc import Callable

from crm.errors import AuthorisationError, ShenavaError
from crm.ports.source import Rejected


class Refusals:
    """Tells once in a run of each part that is refused; a source of which every part is refused has failed.

    `parts` is how many there are. A monitor's query that is not understood never ends a run, since the next one may be;
    a token that may read nothing does.
    """

    def __init__(self, tell: Callable[[Rejected], None], parts: int) -> None:
        self._tell, self._parts = tell, parts
        self._told, self._now = set[str](), set[str]()

    def note(self, part: str, error: ShenavaError, monitor: str = "") -> None:
        """A part was refused. Raises: the error, where no other part is left."""
        where = f"monitor {monitor}" if monitor else part
        if not monitor or isinstance(error, AuthorisationError):
            self._now.add(part)
        if len(self._now) >= self._parts:
            raise error
        if part not in self._told:
            self._told.add(part)
            self._tell(Rejected(where, str(error)))

    def lift(self, part: str) -> None:
        """A part was read: it counts no longer, and is told of again if it is refused again."""
        self._now.discard(part)
        self._told.discard(part)
