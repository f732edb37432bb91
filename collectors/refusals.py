"""What a platform refuses of a source, part by part, so that one part holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from crm.errors import AuthorisationError, PermanentError, ShenavaError
from crm.ports.source import Rejected

MOST = 5
"""Different reasons that are named at most."""


class AllRefusedError(PermanentError):
    """Every part of a source is refused, for different reasons."""

    def __init__(self, reasons: Iterable[str]) -> None:
        super().__init__(_listed(reasons))


class AllForbiddenError(AuthorisationError):
    """The same, and for some of them our account is to blame."""

    def __init__(self, reasons: Iterable[str]) -> None:
        super().__init__(_listed(reasons))


class _Refused(Struct, frozen=True):
    """`final` says that no other query of the monitor would change it."""

    where: str
    error: ShenavaError
    final: bool


class Refusals:
    """Tells once in a run of each part that is refused; a source of which every part is refused has failed.

    `parts` is how many there are. Where nothing but monitors' queries are not understood a run never ends, since the
    next one may be; a token that may read nothing ends it, and so does anything else that is refused beside them.
    """

    def __init__(self, tell: Callable[[Rejected], None], parts: int) -> None:
        self._tell, self._parts = tell, parts
        self._told, self._now = set[str](), dict[str, _Refused]()

    def note(self, part: str, error: ShenavaError, monitor: str = "") -> None:
        """A part was refused. Raises where no other part is left: the error, AllRefusedError or AllForbiddenError."""
        final = not monitor or isinstance(error, AuthorisationError)
        self._now[part] = _Refused("search" if monitor else part, error, final)
        if len(self._now) >= self._parts and any(one.final for one in self._now.values()):
            raise self._whole(error)
        if part not in self._told:
            self._told.add(part)
            self._tell(Rejected(f"monitor {monitor}" if monitor else part, str(error)))

    def lift(self, part: str) -> None:
        """A part was read: it counts no longer, and is told of again if it is refused again."""
        self._now.pop(part, None)
        self._told.discard(part)

    def _whole(self, last: ShenavaError) -> ShenavaError:
        """The one reason, else an error that names them all."""
        found = self._now.values()
        if len({str(one.error) for one in found}) == 1:
            return last
        ours = any(isinstance(one.error, AuthorisationError) for one in found)
        return (AllForbiddenError if ours else AllRefusedError)(f"{one.where}: {one.error}" for one in found)


def _listed(reasons: Iterable[str]) -> str:
    named = list(dict.fromkeys(reasons))
    more = f" And {len(named) - MOST} more." if len(named) > MOST else ""
    return f"Every part of the source is refused. {' '.join(named[:MOST])}{more}"
