"""What was handed over lately, so that it comes once, and so that its deletion is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from collectors.reddit.normalise import Raw, edited_seconds, fullname


class Known(Struct, array_like=True):
    """One post: when it was edited (seconds since 1970, 0 for never), whose it is, how often it was missing."""

    edited: float = 0.0
    author: str = ""
    missing: int = 0


class Memory:
    """The last `limit` posts, the oldest forgotten first.

    The inbox doesn't say that a comment was edited: an older state of a known post is no news.
    """

    def __init__(self, limit: int, known: dict[str, Known]) -> None:
        self._limit, self._known = limit, dict(known)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def take(self, raw: Raw) -> bool:
        """Remember a post; whether it, or its text, is news."""
        name, edited = fullname(raw), edited_seconds(raw)
        old = self._known.get(name)
        if old is not None and edited <= old.edited:
            old.missing = 0
            return False
        self._known[name] = Known(edited, raw.author_fullname or (old.author if old else ""))
        while len(self._known) > self._limit:
            del self._known[next(iter(self._known))]
        return True

    def forget(self, name: str) -> Known | None:
        """What was known of a post that is gone; None where it was never handed over."""
        return self._known.pop(name, None)

    def missed(self, names: Iterable[str]) -> Iterator[str]:
        """Those that were missing for the second time running: once may be Reddit's own trouble."""
        for name in names:
            known = self._known.get(name)
            if known is not None:
                known.missing += 1
                if known.missing > 1:
                    yield name

    def names(self) -> list[str]:
        """Submissions and comments, oldest first; messages can't be asked for by name."""
        return [name for name in self._known if name.startswith(("t1_", "t3_"))]

    def saved(self) -> dict[str, Known]:
        """To go into a cursor."""
        return dict(self._known)
