"""The fields of the query language: their names and values in both languages, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import cast, get_args

from msgspec import Struct

from crm.query.dates import moment
from crm.query.tree import FieldName
from crm.text import fold
from crm.words import Emotion, Intent

UNKNOWN = "unknown"
"""lang:, sentiment: and urgency: of posts where the model abstained; intent: and emotion: where none is sure."""

CASE_DIGITS = 9
"""What is longer is no number of a case."""

FIELD_NAMES: tuple[FieldName, ...] = get_args(FieldName)

_PERSIAN_NAMES: Mapping[str, FieldName] = {
    "نویسنده": "author", "سکو": "platform", "پلتفرم": "platform", "زبان": "lang", "احساس": "sentiment",
    "فوریت": "urgency", "منظور": "intent", "نیت": "intent", "هیجان": "emotion", "عاطفه": "emotion", "جنبه": "aspect",
    "موضوع": "topic", "برچسب": "tag", "پرونده": "case",
    "پایش": "monitor", "مشتری": "customer", "رشته": "thread", "گفتگو": "thread", "دنبال‌کننده": "followers",
    "همانند": "alike", "مشابه": "alike",
    "دنبال‌کنندگان": "followers", "از": "since", "تا": "until", "دارد": "has", "دارای": "has", "هست": "is", "نوع": "is",
}  # fmt: skip

_SHARED = {"نامعلوم": UNKNOWN, "نامشخص": UNKNOWN, UNKNOWN: UNKNOWN}
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "lang": {
        "fa": "fa", "en": "en", "ar": "ar", "ur": "ur", "fa-latn": "fa-Latn", "other": "other",
        "فارسی": "fa", "انگلیسی": "en", "عربی": "ar", "اردو": "ur", "فینگلیش": "fa-Latn", "دیگر": "other",
        "persian": "fa", "farsi": "fa", "english": "en", "arabic": "ar", "urdu": "ur", "finglish": "fa-Latn", **_SHARED,
    },
    "sentiment": {
        "negative": "negative", "neutral": "neutral", "positive": "positive",
        "منفی": "negative", "خنثی": "neutral", "مثبت": "positive", **_SHARED,
    },
    "urgency": {
        "low": "low", "normal": "normal", "high": "high",
        "کم": "low", "پایین": "low", "معمولی": "normal", "عادی": "normal", "زیاد": "high", "بالا": "high",
        "فوری": "high", **_SHARED,
    },
    "intent": {
        **{name: name for name in get_args(Intent)}, "feature": "feature_request", "bug": "bug_report",
        "purchase": "purchase_intent", "churn": "churn_threat", "پرسش": "question", "سوال": "question",
        "شکایت": "complaint", "گلایه": "complaint", "تعریف": "praise", "تحسین": "praise",
        "درخواست": "feature_request", "پیشنهاد": "feature_request", "خطا": "bug_report", "ایراد": "bug_report",
        "خرید": "purchase_intent", "رفتن": "churn_threat", "ترک": "churn_threat", "هرزنامه": "spam",
        "تبلیغ": "spam", "دیگر": "other", **_SHARED,
    },
    "emotion": {
        **{name: name for name in get_args(Emotion) if name != "none"}, "خشم": "anger", "عصبانیت": "anger",
        "غم": "sadness", "اندوه": "sadness", "شادی": "joy", "ترس": "fear", "نگرانی": "fear", **_SHARED,
    },
    "has": {
        "link": "link", "media": "media", "question": "question",
        "پیوند": "link", "لینک": "link", "رسانه": "media", "عکس": "media", "پرسش": "question", "سوال": "question",
    },
    "is": {
        "reply": "reply", "own": "own", "private": "private", "mention": "mention", "imported": "imported",
        "made_up": "made_up", "نمایشی": "made_up", "ساختگی": "made_up", "offensive": "offensive",
        "توهین‌آمیز": "offensive", "توهین": "offensive",
        "پاسخ": "reply", "خودی": "own", "خصوصی": "private", "اشاره": "mention", "واردشده": "imported",
    },
    "case": {
        "any": "any", "new": "new", "open": "open", "waiting": "waiting", "resolved": "resolved",
        "answered": "answered", "پاسخ‌داده": "answered",
        "هر": "any", "تازه": "new", "جدید": "new", "باز": "open", "منتظر": "waiting", "حل‌شده": "resolved",
    },
}  # fmt: skip
_PLATFORMS = {
    "twitter": "x", "ایکس": "x", "توییتر": "x", "اینستاگرام": "instagram", "بلواسکای": "bluesky", "بلوسکای": "bluesky",
    "ماستودون": "mastodon", "تلگرام": "telegram", "ردیت": "reddit", "فیسبوک": "facebook", "یوتیوب": "youtube",
}  # fmt: skip
_SLUG = re.compile(r"[\w.\-]+")
_NUMBER = re.compile(r"(\d{1,12})(k|m|هزار|میلیون)?")
_FACTORS = {None: 1, "k": 1_000, "هزار": 1_000, "m": 1_000_000, "میلیون": 1_000_000}
_DIGITS = {ord(digit): str(at % 10) for at, digit in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}


class BadValue(Exception):
    """A field's value that can't be used: the code of :class:`crm.query.errors.QueryError` and what is allowed."""

    def __init__(self, code: str, **params: str) -> None:
        self.code, self.params = code, params
        super().__init__(code)


class When(Struct, frozen=True):
    """Where and when a query is read: the IANA zone, and now for relative dates."""

    zone: str
    now: datetime | None


def _folded(names: Mapping[str, str]) -> dict[str, str]:
    return {fold(name): value for name, value in names.items()}


_NAMES = _folded({**{name: name for name in FIELD_NAMES}, **_PERSIAN_NAMES})
_FOLDED_CHOICES = {name: _folded(values) for name, values in _CHOICES.items()}
_FOLDED_PLATFORMS = _folded(_PLATFORMS)


def known_field(name: str) -> FieldName | None:
    """The field of this name in either language and any spelling."""
    return cast("FieldName | None", _NAMES.get(fold(name)))


def suggestion(name: str) -> str | None:
    """The field name that somebody who wrote `name` may have meant."""
    close = get_close_matches(fold(name), _NAMES, n=1, cutoff=0.7)
    return _NAMES[close[0]] if close else None


def _choice(name: FieldName, value: str, _when: When) -> str:
    if name == "case" and (number := value.lstrip("#")).isdecimal() and len(number) <= CASE_DIGITS:
        return number
    found = _FOLDED_CHOICES[name].get(fold(value))
    if found is None:
        raise BadValue("bad_value", allowed=", ".join(dict.fromkeys(_CHOICES[name].values())))
    return found


def _platform(_name: FieldName, value: str, _when: When) -> str:
    known = _FOLDED_PLATFORMS.get(fold(value))
    return known or _slug(_name, value.casefold(), _when)


def _slug(_name: FieldName, value: str, _when: When) -> str:
    if not _SLUG.fullmatch(value):
        raise BadValue("bad_slug")
    return value


def _aspect(_name: FieldName, value: str, _when: When) -> str:
    """An aspect of the team's list, or ``aspect/feeling``."""
    name, slash, feeling = value.casefold().partition("/")
    if slash and (found := _FOLDED_CHOICES["sentiment"].get(fold(feeling))) not in _CHOICES["sentiment"]:
        raise BadValue("bad_value", allowed=f"{name}/negative, {name}/neutral, {name}/positive")
    return f"{_slug(_name, name, _when)}/{found}" if slash else _slug(_name, name, _when)


def _author(_name: FieldName, value: str, _when: When) -> str:
    """A handle without its sign in lower case, or an author key as it is."""
    return value if ":" in value else value.removeprefix("@").casefold()


def _plain(_name: FieldName, value: str, _when: When) -> str:
    return value


def _number(_name: FieldName, value: str, _when: When) -> str:
    found = _NUMBER.fullmatch(value.casefold().replace(",", "").replace("٬", "").replace("_", ""))
    if found is None:
        raise BadValue("bad_number")
    return str(int(found[1]) * _FACTORS[found[2]])


def _moment(_name: FieldName, value: str, when: When) -> str:
    found = moment(value, when.zone, when.now)
    if found is None:
        raise BadValue("bad_date")
    return found


_Reader = Callable[[FieldName, str, When], str]
_READERS: Mapping[FieldName, _Reader] = {
    "author": _author, "platform": _platform, "lang": _choice, "sentiment": _choice, "urgency": _choice,
    "intent": _choice, "emotion": _choice, "aspect": _aspect, "topic": _plain, "tag": _plain, "case": _choice,
    "monitor": _plain, "customer": _plain, "thread": _plain, "alike": _plain, "followers": _number, "since": _moment,
    "until": _moment, "has": _choice, "is": _choice,
}  # fmt: skip
_LISTS = frozenset(
    {"platform", "lang", "sentiment", "urgency", "intent", "emotion", "aspect", "has", "is", "case", "author"}
)


def values(name: FieldName, written: str, when: When) -> list[str]:
    """The checked and normalised values of a field; several where a comma-separated list is allowed.

    Raises BadValue.
    """
    parts = re.split("[,،]", written) if name in _LISTS else [written]
    cleaned = [part.strip().translate(_DIGITS) if name != "tag" else part.strip() for part in parts]
    if not all(cleaned):
        raise BadValue("empty_value")
    return [_READERS[name](name, part, when) for part in dict.fromkeys(cleaned)]
