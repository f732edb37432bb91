"""What was handed over lately, so that it comes once, and so that its deletion is noticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from collectors.reddit.normalise import Raw, edited_seconds, fullname


class Known(Struct, array_like=True):
    """One post: when it was edited (seconds since 1970, 0 for never), whose it is, how often it was missing.

    `kept` says that it concerns us; of the others most are dropped behind us.
    """

    edited: float = 0.0
    author: str = ""
    missing: int = 0
    kept: bool = False


class Memory:
    """The last `limit` posts that concern us and the last `limit` others, the oldest forgotten first."""

    def __init__(self, limit: int, known: dict[str, Known]) -> None:
        self._limit = limit
        self._kept = {name: one for name, one in known.items() if one.kept}
        self._others = {name: one for name, one in known.items() if not one.kept}

    def keeps(self, name: str) -> bool:
        """Whether it was handed over as one that concerns us."""
        return name in self._kept

    def take(self, raw: Raw, *, kept: bool) -> bool:
        """Remember a post; whether it, its text, or that it concerns us is news.

        The inbox doesn't say that a comment was edited: an older state of a known post is no news.
        """
        name, edited = fullname(raw), edited_seconds(raw)
        old = self._kept.get(name) or self._others.get(name)
        if old is not None and edited <= old.edited and old.kept >= kept:
            old.missing = 0
            return False
        author = raw.author_fullname or (old.author if old else "")
        known = Known(max(edited, old.edited if old else 0.0), author, kept=kept or (old is not None and old.kept))
        self._others.pop(name, None)
        place = self._kept if known.kept else self._others
        place[name] = known
        while len(place) > self._limit:
            del place[next(iter(place))]
        return True

    def forget(self, name: str) -> Known | None:
        """What was known of a post that is gone; None where it was never handed over."""
        return self._kept.pop(name, None) or self._others.pop(name, None)

    def missed(self, names: Iterable[str]) -> Iterator[str]:
        """Those that were missing for the second time running: once may be Reddit's own trouble."""
        for name in names:
            known = self._kept.get(name) or self._others.get(name)
            if known is not None:
                known.missing += 1
                if known.missing > 1:
                    yield name

    def names(self) -> list[str]:
        """Submissions and comments, those that concern us first; messages can't be asked for by name."""
        return [name for name in (*self._kept, *self._others) if name.startswith(("t1_", "t3_"))]

    def saved(self) -> dict[str, Known]:
        """To go into a cursor."""
        return self._kept | self._others
