"""What can be wrong with a query, and where."""

from __future__ import annotations

from crm.errors import InvalidInputError

MESSAGES = {
    "too_long": "The query has {characters} characters; {limit} are allowed.",
    "too_many_terms": "The query has more than {limit} terms; split it into several.",
    "too_deep": "The query has more than {limit} parentheses inside each other.",
    "unclosed_quote": "The quotation mark {found} has no partner.",
    "unclosed_parenthesis": "The parenthesis is never closed.",
    "unopened_parenthesis": "The parenthesis closes nothing.",
    "empty_parentheses": "There is nothing between the parentheses.",
    "empty_phrase": "There is no word between the quotation marks.",
    "no_words": "There is no word to search for in {found!r}.",
    "nothing_before": "{found} needs something to search for before it.",
    "nothing_after": "{found} needs something to search for after it.",
    "bad_near": "NEAR goes between two words, phrases or prefixes, not beside {found!r}.",
    "near_too_far": "NEAR reaches at most {limit} words, not {found}.",
    "short_prefix": "A word with * needs at least one letter before it, not {found!r}.",
    "unknown_field": "There is no field {found!r}; put the words in quotation marks to search for them.",
    "unknown_field_like": "There is no field {found!r}; did you mean {suggestion}?",
    "empty_value": "{field} needs a value right after it.",
    "bad_operator": "{field} takes a colon, not {found}.",
    "bad_value": "{field} can't be {found!r}; it is one of {allowed}.",
    "bad_slug": "{field} can't be {found!r}; it is one word of letters, digits, dots, dashes and underscores.",
    "bad_number": "{field} takes a whole number like 500 or 10k, not {found!r}.",
    "bad_date": "{field} takes a date like 2026-03-21, 1405-01-01, 7d or 24h, not {found!r}.",
    "monitor_field": "A monitor can't use {field}: it is not known yet when a post arrives.",
    "monitor_negative": "A monitor needs something to look for, not only what to leave out.",
    "monitor_everything": "A monitor that matches everything would collect everything; name a word.",
}
"""An English sentence for each code; the console has its own in its catalogue."""


class QueryError(InvalidInputError):
    """A query that can't be used.

    `code` and `params` name the fault for the catalogue of messages; `line`, `column` (both from 1)
    and `length` (in characters, at least 1) say where, `start` is the same place as an offset from 0.
    """

    def __init__(self, code: str, text: str = "", start: int = 0, length: int = 1, **params: str) -> None:
        self.code, self.params = code, params
        self.start, self.length = start, max(1, length)
        self.line = text.count("\n", 0, start) + 1
        self.column = start - (text.rfind("\n", 0, start) + 1) + 1
        super().__init__(MESSAGES[code].format(**params))
