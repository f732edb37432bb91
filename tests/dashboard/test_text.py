"""The catalogue of messages, numbers and dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import dashboard
from dashboard import dates
from dashboard.context import Language, Viewer, viewing
from dashboard.numbers import compact, number, percent, signed, whole
from dashboard.text import MESSAGES, t, tn
from tests.dashboard.fakes import NOW, an_actor, fake_services

ROOT = Path(dashboard.__file__).parent
SOURCES = list(ROOT.rglob("*.py"))
USED = re.compile(r"""\bt(n?)\(\s*(f?)(["'])([a-z_]+\.[^"'\\]*)\3""")
TITLES = re.compile(r"""@page\([^)]*?["'](/[^"']*)["'],\s*["']([a-z_]+\.[a-z_]+)["']""")
PERSIAN = re.compile("[\u0600-\u06ff]")
# Names of languages and of months and days are data; they are the same in every language.
DATA = {"dates.py", "numbers.py", "text.py", "document.py", "shell.py", "first_run_form.py"}


def catalogue(lang: str) -> dict[str, list[str]]:
    """Every key with its texts."""
    found: dict[str, list[str]] = {}
    for path in sorted((MESSAGES / lang).glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=lang)
        for message in catalog:
            key = message.id[0] if isinstance(message.id, tuple) else message.id
            if key:
                assert key.startswith(f"{path.stem}."), f"{key} stands in {path.name}"
                found[key] = list(message.string) if isinstance(message.string, tuple) else [message.string]
    return found


def used() -> list[tuple[str, bool, str]]:
    """(key or its beginning, whether it is a beginning, where) of every message used in the code."""
    found = []
    for path in SOURCES:
        code = path.read_text(encoding="utf-8")
        for _, dynamic, _, key in USED.findall(code):
            found.append((key.partition("{")[0], bool(dynamic) and "{" in key, path.name))
        found += [(key, False, path.name) for _, key in TITLES.findall(code)]
    return found


def test_every_used_key_has_a_text_in_both_languages() -> None:
    for lang in ("en", "fa"):
        known = catalogue(lang)
        missing = [
            (key, where)
            for key, start, where in used()
            if not (any(one.startswith(key) for one in known) if start else key in known)
        ]
        assert missing == [], lang


def test_both_catalogues_have_the_same_keys_and_placeholders() -> None:
    english, persian = catalogue("en"), catalogue("fa")
    assert set(english) == set(persian)
    for key, texts in english.items():
        names = [set(re.findall(r"{(\w+)}", text)) for text in [*texts, *persian[key]]]
        assert all([*texts, *persian[key]]), f"{key} is empty"
        assert len({frozenset(one - {"n"}) for one in names}) == 1, f"{key}: {names}"


def test_texts_stand_in_the_catalogue_only() -> None:
    inline = [
        path.name for path in SOURCES if path.name not in DATA and PERSIAN.search(path.read_text(encoding="utf-8"))
    ]
    assert inline == []


# Each of these is a second word for a thing that the console calls by another one: e-mail, mention, template,
# made up, rule, team, customers, agents.
SECOND_WORDS = ("رایانامه", "یادکرد", "الگو", "ساختگی", "قاعده", "تیم", "مشتریان", "پاسخ‌گویان")
LOOSE = re.compile(r"(?:^|\s)ن?می\s|\sها(?:ی|یی)?(?:\s|$)|\s\u200c|\u200c\s|\u200c\u200c|[يك]")


def test_persian_has_one_word_for_each_thing() -> None:
    said = [(key, text) for key, texts in catalogue("fa").items() for text in texts]
    assert [(key, word) for key, text in said for word in SECOND_WORDS if re.search(rf"(?<!\w){word}", text)] == []


def test_persian_words_are_joined_by_half_spaces() -> None:
    known = {"query.folding"}  # it names the letters themselves
    said = [(key, text) for key, texts in catalogue("fa").items() for text in texts if key not in known]
    assert [(key, text) for key, text in said if LOOSE.search(text)] == []


def test_numbers_and_foreign_names_in_a_sentence() -> None:
    assert t("setup.password_rule", "fa", n=10) == "دست‌کم ۱۰ نویسه"
    assert t("shell.you", "fa", name="Lena") == "شما، \u2068Lena\u2069: پسندها و خروج"
    assert t("shell.you", "en", name="Lena").startswith("You, Lena:")


@pytest.mark.parametrize(("written", "meant"), [
    (" 12,345 ", 12345), ("۱۲٬۳۴۵", 12345), ("0", 0), ("-3", None), ("12.5", None), ("", None), ("9" * 30, None),
])  # fmt: skip
def test_whole_numbers_are_read_as_people_write_them(written: str, meant: int | None) -> None:
    assert whole(written) == meant


def test_an_unknown_key_is_shown_as_it_is() -> None:
    assert t("nowhere.at_all", "en") == "nowhere.at_all"
    assert tn("nowhere.at_all", 2, "en") == "nowhere.at_all"


@pytest.mark.parametrize(("shown", "expected"), [
    (number(12345.6, "en"), "12,345.6"),
    (number(12345.6, "fa"), "۱۲٬۳۴۵٫۶"),
    (percent(0.34, "en"), "34%"),
    (percent(0.34, "fa"), "۳۴\u200f٪"),
    (signed(9, "fa"), "+۹"),
    (signed(-14, "en"), "\u221214"),
    (compact(2_700_000, "en"), "2.7M"),
    (compact(2_700_000, "fa"), "۲٫۷ میلیون"),
    (compact(9_999, "en"), "9,999"),
])  # fmt: skip
def test_numbers(shown: str, expected: str) -> None:
    assert shown.replace("\xa0", " ") == expected


def seen(lang: Language) -> Viewer:
    return Viewer(fake_services(an_actor(lang)), lang, an_actor(lang), NOW)


def test_persian_dates_are_jalali_and_in_the_workspaces_zone() -> None:
    with viewing(seen("fa")):
        late = datetime(2026, 11, 22, 20, 45, tzinfo=UTC)  # already the next day in Tehran
        assert dates.day(late) == "۲ آذر"
        assert dates.full(late) == "۲ آذر ۱۴۰۵، ۰:۱۵"
        assert dates.month(late) == "آذر ۱۴۰۵"
        assert dates.weekday(late) == "دوشنبه"
        assert dates.relative(NOW - timedelta(minutes=5)) == "۵ دقیقه پیش"
        assert dates.relative(NOW - timedelta(seconds=20)) == "همین حالا"


def test_english_dates_are_gregorian() -> None:
    with viewing(seen("en")):
        assert dates.stamp(NOW) == "14:12"
        assert dates.stamp(NOW - timedelta(days=2)) == "Nov 20"
        assert dates.stamp(NOW - timedelta(days=700)) == "Dec 22, 2024"
        assert dates.relative(NOW + timedelta(hours=3)) == "in 3 hours"
        assert dates.duration(720) == "12 min"
