"""The one boolean language of the house, for people who search and for monitors.

Written
    ``word``            a word in any spelling that folds alike; «نان‌ماه» is also looked for as two words, «خونه» as
                        «خانه», "salam" as «سلام» (:mod:`crm.query.alike`)
    ``"a phrase"``      words side by side, also written as one; «…» and “…” do the same, ``="…"`` takes it literally
    ``a b``             both, as ``a AND b``, ``a & b`` and ``a +و b``; two Persian words also written as one
    ``a OR b``          either, as ``a | b`` and ``a +یا b``; AND binds more tightly
    ``NOT a``           the others, as ``-a``, ``!a`` and ``+نه a``
    ``pre*``            words that begin so
    ``a NEAR/5 b``      with at most five words between, in either order, as ``a +نزدیک/5 b``; 10 without a number
    ``(…)``             grouping, at most 40 deep
    ``field:value``     see :mod:`crm.query.fields`; names and values in English or Persian, ``a,b`` for either,
                        ``followers>10k``, ``since:1405/01/01``, ``until:today``, ``since:7d``

Operators are upper case or marked with +: the words and, or, not, و, یا and نه are ordinary words, and so
is anything in quotation marks. Punctuation alone is passed over.

Meaning, the same in :mod:`crm.query.match` and in every index
    Places are numbers in the list of folded tokens (:mod:`crm.text`) of title and text. A phrase is its tokens
    at consecutive places. NEAR counts the tokens between the end of the one and the start of the other;
    occurrences that overlap have none between them, so ``a NEAR/5 a`` is ``a``. ``NOT x`` alone matches
    every post in scope that ``x`` does not match; a monitor may not be only that. The empty query and ``*``
    match everything. author: is a handle (without regard to case) or an author key; lang:, sentiment: and
    urgency: ``unknown`` are the posts where the model abstained; a post whose followers are not known
    matches no comparison of them; since: includes its moment, until: excludes it, a date is its first moment in
    the workspace's zone. is: and has: are :func:`crm.query.match.traits`. case: and tag: are answered by the
    records and bound to threads before an index or a matcher sees the query. alike: is the key of a post whose
    near-duplicates are looked for, itself among them; it is bound to what finds them.
"""

from __future__ import annotations

from crm.query.errors import MESSAGES, QueryError
from crm.query.fields import FIELD_NAMES, UNKNOWN
from crm.query.highlight import highlight_spans, spans
from crm.query.match import Matcher, Subject, compile_matcher, traits
from crm.query.monitors import MonitorSet, check_monitor, required_tokens
from crm.query.parser import parse
from crm.query.walk import bind_threads, fields_used, leaves, render

__all__ = [
    "FIELD_NAMES", "MESSAGES", "UNKNOWN", "Matcher", "MonitorSet", "QueryError", "Subject", "bind_threads",
    "check_monitor", "compile_matcher", "fields_used", "highlight_spans", "leaves", "parse", "render",
    "required_tokens", "spans", "traits",
]  # fmt: skip
