"""Exact evidence that an author is a customer the business knows. Likeness only suggests and is not decided here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from crm.words import Author

Evidence = Literal["account", "link", "email", "phone", "person", "list", "likeness"]
"""What shows that an author is a customer. All but the last are exact; likeness was confirmed by a person."""

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?:\+|\b00|\b0)\d(?:[\s().-]?\d){7,13}\b")
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


class Tie(Struct, frozen=True):
    """A customer an author belongs to, and what shows it. `detail` is the shared link, address or number."""

    customer_id: str
    evidence: Evidence
    detail: str


class TieBook(Struct, frozen=True):
    """What is known of customers, each mapping to a customer's id; e-mails, phones and links are normalised."""

    accounts: Mapping[str, str] = {}
    links: Mapping[str, str] = {}
    emails: Mapping[str, str] = {}
    phones: Mapping[str, str] = {}


def normal_email(text: str) -> str:
    """An e-mail address in lower case without surrounding space."""
    return text.strip().lower()


def normal_phone(text: str, country: str = "98") -> str:
    """A phone number as digits with its country code: ``+98 912…``, ``0098912…``, ``۰۹۱۲…`` → ``98912…``."""
    plain = text.translate(_DIGITS)
    digits = re.sub(r"\D", "", plain)
    if plain.strip().startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return country + digits[1:] if digits.startswith("0") else digits


def normal_link(url: str) -> str:
    """A link without scheme, ``www.``, query and closing slash, in lower case."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return (parts.netloc.removeprefix("www.") + parts.path.rstrip("/")).lower()


def emails_in(text: str) -> list[str]:
    """The e-mail addresses written in `text`, normalised."""
    return [normal_email(found) for found in _EMAIL.findall(text)]


def phones_in(text: str) -> list[str]:
    """The phone numbers written in `text`, normalised."""
    return [normal_phone(found) for found in _PHONE.findall(text.translate(_DIGITS))]


def exact(author: Author, book: TieBook) -> Tie | None:
    """The customer of `author` by exact evidence, strongest first: account, link, e-mail, phone.

    Two pieces of one kind that point at different customers are no evidence.
    """
    if author.key in book.accounts:
        return Tie(book.accounts[author.key], "account", author.key)
    links = [normal_link(link) for link in (*author.links, author.url) if link]
    return (
        _only("link", links, book.links)
        or _only("email", emails_in(author.bio), book.emails)
        or _only("phone", phones_in(author.bio), book.phones)
    )


def _only(evidence: Evidence, found: list[str], known: Mapping[str, str]) -> Tie | None:
    hits = {known[item]: item for item in found if item in known}
    if len(hits) != 1:
        return None
    customer, detail = hits.popitem()
    return Tie(customer, evidence, detail)
