"""Likeness: names, handles and places across Persian and Latin letters, and what they are worth together."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.policies import sounds
from crm.policies.blocking import account_keys, customer_keys
from crm.policies.handles import read, written
from crm.policies.likeness import SUGGEST, Known, Likeness, likely, person, place_clue
from crm.words import Author
from tests.crm.policies.people import draw

SAME = [
    ("محمد", "Mohammad"), ("محمد", "muhamed"), ("علیرضا", "Ali Reza"), ("حسین", "Husain"), ("فاطمه", "fateme"),
    ("رضائی", "Rezaee"), ("کریمیان", "Karimiyan"), ("قاسمی", "Qasemi"), ("قاسمی", "Ghasemi"), ("حسن‌پور", "Hassanpoor"),
    ("موسوي", "Mosavi"), ("میثم", "Meysam"), ("اسماعیل", "Ismail"), ("ایمان", "Iman"), ("خسرو", "Khosrow"),
    ("رؤیا", "Roya"), ("کاوه", "𝓚𝓪𝓿𝓮𝓱"), ("ژاله", "Zhaleh"), ("چنگیز", "CHANGIZ"), ("Mohammad", "Mohamed"),
]  # fmt: skip
DIFFERENT = [
    ("حسن", "Hossein"), ("حسین", "Hasan"), ("حمید", "Hamed"), ("حامد", "Hamid"), ("سارا", "Sareh"), ("ساره", "Sara"),
    ("مینا", "Mona"), ("محمد", "Mahmoud"), ("احمدی", "Hamedi"), ("مهدی", "Mahdieh"), ("نادر", "Naderi"),
    ("رضا", "Rezaei"), ("Hamed", "Hamid"), ("Sara", "Sareh"), ("الی", "علی"),
]  # fmt: skip

SARA = Known("sara", "سارا احمدی", place="تهران")
REZA = Known("reza", "Mohammad Reza Karimi", "m.karimi77@mail.example", handles=("@reza.k@mastodon.example",))
ALI = Known("ali", "دکتر علی‌رضا موسوی‌نژاد", link="https://www.mousavi.example/")
BOB = Known("bob", "Robert Miller", place="London")
EVERYBODY = (SARA, REZA, ALI, BOB)


def heard(text: str) -> str:
    return sounds.glued([sounds.sounds(word) for word in sounds.words(text)])


def account(handle: str, name: str = "", place: str = "", links: tuple[str, ...] = ()) -> Author:
    return Author("x", "1", handle, name, place=place, links=links)


def best(author: Author, *known: Known) -> Likeness:
    return likely(author, known or EVERYBODY)[0]


def kinds(found: Likeness) -> list[str]:
    return [clue.kind for clue in found.clues]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name_sound_alike(one: str, other: str) -> None:
    assert sounds.alike(heard(one), heard(other))
    assert sounds.alike(heard(other), heard(one))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_are_nearly_written_alike_are_told_apart(one: str, other: str) -> None:
    assert not sounds.alike(heard(one), heard(other))
    assert not sounds.alike(heard(other), heard(one))


@pytest.mark.parametrize(
    ("author", "whose", "shown"),
    [
        (account("sara.ahmadi68", "Sara Ahmadi"), SARA, ["name_letters", "handle_both"]),
        (account("x1", "احمدي سارا"), SARA, ["name_same"]),
        (account("mkarimi77", "MK"), REZA, ["email_handle"]),
        (account("Reza_K", "رضا"), REZA, ["handle_same"]),
        (account("official_alirezamousavinejad", "علیرضا"), ALI, ["handle_both", "name_given"]),
        (account("x2", "", "", ("http://mousavi.example",)), ALI, ["link"]),
        (account("bobmiller", "Bob Miller 🎧", "London, UK"), BOB, ["name_short", "handle_short", "place_same"]),
        (account("zendegi", "Sarah Ahmadi", "Tehran"), SARA, ["name_letters", "place_same"]),
    ],
)
def test_who_is_suggested_and_by_what(author: Author, whose: Known, shown: list[str]) -> None:
    found = best(author)
    assert found.customer_id == whose.customer_id
    assert found.confidence >= SUGGEST
    assert kinds(found)[: len(shown)] == shown


@pytest.mark.parametrize(
    "author",
    [
        account("narengi", "سارا"), account("s_ahmadi", "S. Ahmadi"), account("sara.ahmadi", "Sara Ahmadi", "Shiraz"),
        account("saman_ahmadi", "Saman Ahmadi", "Tehran"), account("ali_mousavinejad", "Ali Mousavi Nejad"),
        account(""), account("karimi", "Karimi", "Tehran"), account("عكاس", "📷"),
    ],
)  # fmt: skip
def test_who_says_too_little_or_something_else_is_not_suggested(author: Author) -> None:
    assert best(author).confidence < SUGGEST


def test_of_two_who_fit_equally_well_neither_is_sure() -> None:
    other = Known("other", "Sara Ahmadi")
    author = account("sara.ahmadi", "سارا احمدی")
    assert best(author, SARA).confidence > 0.98
    assert best(author, SARA, other).confidence < 0.6
    assert likely(author, (SARA,), untold=1)[0].confidence < 0.6
    settled = likely(account("sara.ahmadi", "سارا احمدی", "تهران"), (SARA, Known("other", "Sara Ahmadi", place="Qom")))
    assert [one.customer_id for one in settled] == ["sara", "other"]
    assert settled[0].confidence > 0.98


@pytest.mark.parametrize(
    ("said", "known", "kind"),
    [
        ("Tehran, Iran", "تهران", "place_same"), ("اصفهان، ایران", "Isfahan", "place_same"),
        ("Shiraz", "تهران", "place_differs"), ("Iran", "تهران", None), ("", "تهران", None),
        ("Krman", "کرمان", "place_same"),
    ],
)  # fmt: skip
def test_places_in_either_letters(said: str, known: str, kind: str | None) -> None:
    found = place_clue(said, known)
    assert (found.kind if found else None) == kind


def test_handles_are_taken_apart() -> None:
    assert written("@Sara_Ahmadi.68@mastodon.example") == "saraahmadi68"
    assert read("its.sara_ahmadi").parts == ("sara", "aHmadi")
    assert heard("sara") + heard("ahmadi") in read("officialsaraahmadi1").cores
    assert read("").cores == ()


def test_names_lose_titles_and_find_their_parts() -> None:
    assert person("آقای دکتر علی رضا کاظمی نژاد").heard == (heard("علیرضا"), heard("کاظمی‌نژاد"))
    assert person("Dr.").words == ("dr",)
    assert person("").splits == ()


def test_customers_are_found_by_the_keys_of_their_accounts() -> None:
    authors = {
        SARA: [account("x", "Ahmadi Sara"), account("saraahmadi"), account("s.ahmadi"), account("x", "S. Ahmadi")],
        REZA: [account("mkarimi77"), account("x", "Mamad Karimi"), account("x", "محمد کریمی"), account("RezaK")],
        ALI: [account("ali.mousavinejad"), account("x", "موسوی نژاد علیرضا"), account("x", links=("mousavi.example",))],
        BOB: [account("bob_miller"), account("itsrobertmiller"), account("x", "Bobby Miller")],
    }
    for known, some in authors.items():
        for author in some:
            assert customer_keys(known) & set(account_keys(author)), (known.name, author)
    assert not customer_keys(SARA) & customer_keys(BOB)


def test_development_rows_keep_their_figures() -> None:
    said = right = told = found = 0
    for seed in range(3):
        rows = draw(seed)
        known = {one.customer_id: one for one in rows.customers}
        keyed = defaultdict(set)
        for one in rows.customers:
            for key in customer_keys(one):
                keyed[key].add(one.customer_id)
        for author, owner, tells in rows.accounts:
            candidates = sorted(set().union(*(keyed.get(key, ()) for key in account_keys(author))))
            first = next(iter(likely(author, [known[one] for one in candidates])), None)
            claimed = first is not None and first.confidence >= SUGGEST
            said += claimed
            right += claimed and first is not None and first.customer_id == owner
            told += tells
            found += claimed and tells and first is not None and first.customer_id == owner
    assert right / said >= 0.99
    assert found / told >= 0.88


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=20), st.text(max_size=40))
def test_anything_may_be_compared(name: str, handle: str, place: str, known: str) -> None:
    author, customer = Author("x", "1", handle, name, place=place), Known("c", known, place=place)
    found = likely(author, (customer, SARA))
    assert sum(one.confidence for one in found) < 1
    assert all(0 <= key < 1 << 63 for key in (*account_keys(author), *customer_keys(customer)))
