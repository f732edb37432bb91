"""What people wrote, without the addresses and numbers by which they could be reached."""

from __future__ import annotations

import re

from crm.policies.access import may
from dashboard.context import actor

_EMAIL = re.compile(r"(?<![\w@/.+-])([\w+])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
_NUMBER = re.compile(r"(?<![\w/=&.@#-])(?:\+|\()?\d(?:[\s().\u200c-]{0,2}\d){8,17}(?![\w:]|[.,/-]\d)")
_SHOWN = 4


def masked(text: str) -> str:
    """`text` with e-mail addresses as ``a…@example.com`` and numbers of nine digits and more as ``…1234``.

    Digits of any script count. Parts of links, handles, dates and sums with separators stay as they are.
    """
    return _NUMBER.sub(lambda found: f"…{_last_digits(found[0])}", _EMAIL.sub(r"\1…@\2", text))


def readable(text: str) -> str:
    """`text` as the viewer may read it: in full where they may also ask for a customer's contact."""
    return text if may(actor(), "edit_customers") else masked(text)


def _last_digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))[-_SHOWN:]
