"""What people wrote, without the addresses and numbers by which they could be reached."""

from __future__ import annotations

import re

from msgspec import structs

from crm.policies.access import Actor, may
from crm.words import Author, EnrichedPost

_EMAIL = re.compile(r"(?<![\w@/.+-])([\w+])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_NUMBER = re.compile(r"(?<![\w/=&.@#-])(?:\+|\()?\d(?:[\s().\u200c-]{0,2}\d){8,17}(?![\w:]|[.,/-]\d)")
_SHOWN = 4


def masked(text: str) -> str:
    """`text` with e-mail addresses as ``a…@example.com`` and numbers of nine digits and more as ``…1234``.

    Digits of any script count. Parts of links, handles, dates and sums with separators stay as they are.
    """
    return _NUMBER.sub(lambda found: last_digits(found[0]), _EMAIL.sub(r"\1…@\2", text))


def last_digits(number: str) -> str:
    """A telephone number as its last four digits: ``…1234``."""
    return f"…{''.join(filter(str.isdigit, number))[-_SHOWN:]}"


def reads_contacts(actor: Actor) -> bool:
    """Whether the actor reads contacts in what people wrote: those who may also ask for a customer's."""
    return may(actor, "edit_customers")


def readable(actor: Actor, text: str) -> str:
    """`text` as the actor may read it."""
    return text if reads_contacts(actor) else masked(text)


def for_reader(actor: Actor, hit: EnrichedPost) -> EnrichedPost:
    """A post as the actor may read it; its folded tokens, which hold every word, are left out where it is masked."""
    if reads_contacts(actor):
        return hit
    post = hit.post
    media = tuple(structs.replace(one, alt=masked(one.alt)) for one in post.media)
    shown = structs.replace(
        post, author=_author(post.author), text=masked(post.text), title=masked(post.title), place=masked(post.place),
        links=tuple(map(masked, post.links)), media=media,
    )  # fmt: skip
    return structs.replace(hit, post=shown, tokens="")


def author_for_reader(actor: Actor, author: Author) -> Author:
    """An author as the actor may read what they say of themselves; handles stay, they are how one is called."""
    return author if reads_contacts(actor) else _author(author)


def _author(author: Author) -> Author:
    return structs.replace(
        author, name=masked(author.name), bio=masked(author.bio), place=masked(author.place),
        links=tuple(map(masked, author.links)),
    )  # fmt: skip
