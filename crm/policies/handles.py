"""What a handle is made of: its words without digits, signs and words that say nothing of a person."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from crm.policies import sounds

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_PLAIN = re.compile(r"[\W_]+")
_SHORTEST = 3
_MOST = 4
_BEFORE = frozenset({"im", "mr", "ms", "dr", "my"})
"""Words of two letters with which a handle that is written together may begin."""


class Handle(Struct, frozen=True):
    """A handle: as it is shown, its letters and digits, what of it may be a name, and its words; both as sounds."""

    shown: str
    written: str
    cores: tuple[str, ...]
    parts: tuple[str, ...]


def written(handle: str) -> str:
    """Letters and digits of a handle in lower case, without the server of a federated one: what makes two the same."""
    return _PLAIN.sub("", handle.lstrip("@").partition("@")[0].casefold())


@lru_cache(maxsize=5_000)
def read(handle: str) -> Handle:
    """Take a handle apart."""
    local = handle.lstrip("@").partition("@")[0]
    parts = [word for part in _PART.findall(local) for word in sounds.words(part)]
    kept = _stripped(parts)
    ways = dict.fromkeys([sounds.glued([sounds.sounds(one) for one in some]) for some in (kept, parts) if some])
    if len(kept) == 1:
        ways |= dict.fromkeys(map(sounds.sounds, _without_fillers(kept[0])))
    return Handle(handle, written(handle), tuple(ways), tuple(map(sounds.sounds, kept)))


def _stripped(parts: list[str]) -> list[str]:
    """Without words at either end that say nothing of a person, unless nothing is left."""
    fillers = sounds.names().fillers
    kept = list(parts)
    while len(kept) > 1 and kept[0] in fillers and len(kept[0]) > 1:
        kept.pop(0)
    while len(kept) > 1 and kept[-1] in fillers and len(kept[-1]) > 1:
        kept.pop()
    return kept


def _without_fillers(word: str) -> list[str]:
    """A word written together, less the filler it begins or ends with."""
    found = []
    for filler in sounds.names().fillers:
        left = len(word) - len(filler)
        if left >= _SHORTEST and word.startswith(filler) and (len(filler) > 2 or filler in _BEFORE):
            found.append(word[len(filler) :])
        if left >= _SHORTEST and word.endswith(filler) and len(filler) > 2:
            found.append(word[:left])
    return sorted(found, key=len)[:_MOST]
