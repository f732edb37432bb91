"""Made-up people: who speaks which language on which platform, and how many follow them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from crm.words import Author
from shenava.demo.texts import Names
from shenava.demo.words import Text

Tongue = Literal["fa", "en", "ar", "ur"]

BRAND_HANDLE = "sepidar_bank_example"
BRANDS = {"sepidar": ("بانک سپیدار", "sepidar"), "avand": ("بانک آوند", "avand"), "raika": ("بانک رایکا", "raika")}
PLATFORMS = ("x", "instagram", "telegram", "bluesky", "mastodon", "bazaar", "googleplay")
STORES = frozenset({"bazaar", "googleplay"})

_CROWD: dict[Tongue, int] = {"fa": 220, "en": 132, "ar": 7, "ur": 5}
_SHARES: dict[Tongue, dict[str, float]] = {
    "fa": {"x": 0.31, "instagram": 0.23, "telegram": 0.2, "bazaar": 0.2, "bluesky": 0.03, "mastodon": 0.03},
    "en": {"x": 0.31, "googleplay": 0.3, "bluesky": 0.14, "mastodon": 0.09, "instagram": 0.09, "telegram": 0.07},
    "ar": {"x": 0.4, "telegram": 0.3, "instagram": 0.2, "googleplay": 0.1},
    "ur": {"x": 0.4, "telegram": 0.3, "instagram": 0.3},
}
_PAIRS = 20
_MUTUAL = 14
_STEADY = 0.55
"""The exponent of how unevenly people speak: the n-th most talkative has the weight 1/n to this power."""


class Person(Struct, frozen=True):
    """Somebody made up with one account, or two that link to each other."""

    name: str
    slug: str
    tongue: Tongue
    accounts: tuple[Author, ...]


class Crowd:
    """Everybody who speaks in the demo."""

    def __init__(self, names: Names, rng: Random) -> None:
        self._rng = rng
        self.people = _people(names, rng)
        self._pools: dict[tuple[str, str], list[Author]] = defaultdict(list)
        for person in self.people:
            for account in person.accounts:
                self._pools[person.tongue, account.platform].append(account)
        self._names = {"woman": names.women, "man": names.men}
        self.papers = {tongue: _papers(tongue, names) for tongue in ("fa", "en")}
        self.brands = {brand: {platform: _brand(brand, platform) for platform in PLATFORMS} for brand in BRANDS}

    def speaker(self, text: Text, platform: str, besides: set[str]) -> Author:
        """Somebody on `platform` who may well have written `text`, none of the author keys in `besides`."""
        if platform == "rss":
            return self._rng.choice(self.papers[text.lang])
        pool = self._pools[tongue_of(text.lang), platform]
        pool = [author for author in pool if _first_name(author) in self._names[text.voice]] if text.voice else pool
        others = [author for author in pool if author.key not in besides] or pool
        if platform in STORES:  # hardly anybody reviews an app twice
            return self._rng.choice(others)
        weights = [(place + 1) ** -_STEADY for place in range(len(others))]
        return self._rng.choices(others, weights=weights)[0]


def tongue_of(language: str) -> Tongue:
    """Whose language a text is in: Finglish is written by speakers of Persian."""
    return "fa" if language not in ("en", "ar", "ur") else language  # type: ignore[return-value]


def _first_name(author: Author) -> str:
    found = re.match("demo-([a-z]+)", author.native_id)
    return found[1] if found else ""


def _people(names: Names, rng: Random) -> list[Person]:
    called: dict[Tongue, Iterator[tuple[str, str]]] = {
        "fa": _persian_names(names, rng),
        "en": _english_names(names, rng),
        "ar": cycle(names.ar),
        "ur": cycle(names.ur),
    }
    people: list[Person] = []
    taken: set[str] = set()
    for tongue, count in _CROWD.items():
        platforms = _platforms(tongue, count, rng)
        for platform in platforms:
            name, slug = next(called[tongue])
            slug = slug if slug not in taken else f"{slug}{rng.randrange(10, 99)}"
            slug = slug if slug not in taken else f"{slug}{rng.randrange(100, 999)}"
            taken.add(slug)
            people.append(Person(name, slug, tongue, (_author(name, slug, tongue, platform, names, rng),)))
    return _with_second_accounts(people, names, rng)


def _platforms(tongue: Tongue, count: int, rng: Random) -> list[str]:
    """A platform for each of `count` people by the shares of their language, every platform at least twice."""
    shares = _SHARES[tongue]
    drawn = [
        platform
        for platform in shares
        for _ in range(max(2 if tongue in ("fa", "en") else 1, round(shares[platform] * count)))
    ]
    rng.shuffle(drawn)
    return drawn


def _persian_names(names: Names, rng: Random) -> Iterator[tuple[str, str]]:
    yield from rng.sample(names.fa_nick, len(names.fa_nick))
    while True:
        (first, latin), (last, latin_last) = rng.choice(names.fa_first), rng.choice(names.fa_last)
        shown = rng.choice(
            (first, f"{first} {last}", f"{first} {last}", latin.capitalize(), f"{first} {rng.randrange(60, 90)}")
        )
        yield (
            shown,
            rng.choice((f"{latin}_{latin_last}", f"{latin}.{latin_last}", f"{latin}{rng.randrange(1350, 1389)}")),
        )


def _english_names(names: Names, rng: Random) -> Iterator[tuple[str, str]]:
    yield from rng.sample(names.en_nick, len(names.en_nick))
    while True:
        first, last = rng.choice(names.en_first), rng.choice(names.en_last)
        plain = last.rstrip(".").lower()
        yield f"{first} {last}", f"{first.lower()}{rng.choice(('_', '.', ''))}{plain}"


def _author(name: str, slug: str, tongue: Tongue, platform: str, names: Names, rng: Random) -> Author:
    handle = handle_on(platform, slug)
    english = tongue == "en"
    store = platform in STORES
    return Author(
        platform=platform,
        native_id=f"demo-{slug}",
        handle=handle,
        name=name,
        url="" if store else address(platform, handle),
        followers=None if store or platform == "telegram" else _followers(rng),
        bio="" if store else rng.choice(names.en_bio if english else names.fa_bio),
        place="" if store else rng.choice(names.en_place if english else names.fa_place),
    )


def handle_on(platform: str, slug: str) -> str:
    """A handle in the platform's form that nobody can own: it ends in ``_example`` or ``.example``."""
    if platform == "bluesky":
        return f"{slug.replace('_', '-').replace('.', '-')}.example"
    if platform == "mastodon":
        return f"{slug.replace('.', '_')}@mastodon.example"
    return f"{slug}_example"


def address(platform: str, handle: str) -> str:
    """The page of an account, below a domain reserved for examples."""
    return f"https://{platform}.example/{handle}"


def _followers(rng: Random) -> int:
    return min(400_000, int(rng.lognormvariate(5.3, 2.1)))


def _with_second_accounts(people: list[Person], names: Names, rng: Random) -> list[Person]:
    """Give some people a second account; the bio of the one links the other, mostly both ways."""
    social = [place for place, person in enumerate(people) if person.accounts[0].url and person.tongue in ("fa", "en")]
    for count, place in enumerate(rng.sample(social, _PAIRS)):
        person = people[place]
        first = person.accounts[0]
        platform = rng.choice([p for p in _SHARES[person.tongue] if p not in STORES and p != first.platform])
        second = _author(person.name, person.slug, person.tongue, platform, names, rng)
        second = _linked(second, first, person.tongue)
        first = _linked(first, second, person.tongue) if count < _MUTUAL else first
        people[place] = replace(person, accounts=(first, second))
    return people


def _linked(author: Author, other: Author, tongue: Tongue) -> Author:
    word = "also on" if tongue == "en" else "آن‌یکی صفحه‌ام در"
    bio = f"{author.bio} · {word} {other.platform}: {other.url}".removeprefix(" · ")
    return replace(author, bio=bio, links=(other.url,))


def _papers(tongue: str, names: Names) -> list[Author]:
    written = names.fa_news if tongue == "fa" else names.en_news
    return [
        Author("rss", f"demo-{slug}", f"{slug}.example", name, url=f"https://{slug}.example/") for name, slug in written
    ]


def _brand(brand: str, platform: str) -> Author:
    name, slug = BRANDS[brand]
    handle = handle_on(platform, f"{slug}_bank")
    followers = None if platform in STORES else {"sepidar": 84_200, "avand": 131_000, "raika": 212_500}[brand]
    bio = "حساب رسمی (ساختگی، برای نمایش) · Official account (made up, for the demo)"
    return Author(platform, f"demo-{slug}-bank", handle, name, address(platform, handle), followers=followers, bio=bio)
