"""Keys by which the few customers are found who may be an account, without looking at the others.

A customer has a handful of keys, an account asks for a handful; who shares one is looked at closely
(:mod:`crm.policies.likeness`). A key of a name is its consonants in alphabetical order, so that neither script nor
order nor the place where a handle parts the names counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from crm.policies import sounds
from crm.policies.handles import read, written
from crm.policies.likeness import Known, parted
from crm.policies.ties import normal_email, normal_link
from crm.words import Author

NAME, INITIAL = "n", "i"
_FEWEST = 2
_HANDLE = 4


def customer_keys(known: Known) -> set[int]:
    """The keys under which a customer is found, as numbers of 63 bits."""
    return set(map(_number, _of_customer(known)))


def initial_key(known: Known) -> int | None:
    """The key that a customer shares with all of the same surname and initial; None for a name of one word."""
    return next((_number(key) for key in _of_customer(known) if key[0] == INITIAL), None)


def account_keys(author: Author) -> dict[int, bool]:
    """The keys that an account asks for, the most telling first, and whether each is of a whole name."""
    return {_number(key): key[0] == NAME for key in _of_account(author)}


def _of_customer(known: Known) -> Iterator[str]:
    heard = parted(known.name)[1]
    yield from _names([heard])
    if len(heard) > 2:
        yield from _names([(heard[0], heard[-1])])
    if len(heard) > 1:
        yield from (_name((half, *heard[1:])) for half in sounds.halves(heard[0]))
        yield _initial(heard[0], heard[-1])
    if known.email:
        yield from _handles([normal_email(known.email).partition("@")[0]])
    if known.link:
        yield from _handles([normal_link(known.link).rpartition("/")[2]])
        yield f"l{normal_link(known.link)}"
    yield from _handles(known.handles)


def _of_account(author: Author) -> Iterator[str]:
    handle = read(author.handle)
    yield from _handles([author.handle])
    yield from (f"l{normal_link(link)}" for link in (*author.links, author.url) if link)
    heard = parted(author.name)[1]
    if len(heard) > 1:
        yield from _names(_shown(heard))
    yield from _names([(core,) for core in handle.cores])
    for part in (0, -1):  # a short form stands first, or last where the surname comes first
        yield from _names(_whole(heard, part) if len(heard) > 1 else ())
        yield from _names(_whole(handle.parts, part) if len(handle.parts) > 1 else ())
    yield from _initials(heard, handle.parts, handle.cores)


def _shown(heard: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield heard
    if len(heard) > 2:
        yield from ((heard[0], heard[-1]), (heard[0], heard[1]), (heard[-2], heard[-1]))


def _whole(heard: tuple[str, ...], part: int) -> Iterator[tuple[str, ...]]:
    """The name with one of its words as what that may be short for."""
    rest = heard[1:] if part == 0 else heard[:-1]
    for short, whole in sounds.whole_forms().get(sounds.bones(heard[part]), ()):
        if sounds.is_short(heard[part], short):
            yield (whole, *rest)


def _initials(heard: tuple[str, ...], parts: tuple[str, ...], cores: tuple[str, ...]) -> Iterator[str]:
    for some in (heard, parts):
        if len(some) > 1:
            yield _initial(some[0], some[-1])
            yield _initial(some[-1], some[0])
    for core in cores:
        if len(core) > _HANDLE:
            yield _initial(core[0], core[1:])
            yield _initial(core[-1], core[:-1])


def _initial(given: str, surname: str) -> str:
    return f"{INITIAL}{sounds.initial(given)}{sounds.bones(surname)}"


def _names(some: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for heard in some:
        key = _name(heard)
        if len(key) > _FEWEST:
            yield key


def _name(heard: Iterable[str]) -> str:
    return f"{NAME}{sounds.bones(sounds.glued(tuple(heard)))}"


def _handles(handles: Iterable[str]) -> Iterator[str]:
    return (f"h{plain}" for handle in handles if len(plain := written(handle)) >= _HANDLE)


def _number(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) >> 1
