"""The boolean query as a tree. Words in it are folded tokens of :mod:`crm.text`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

FieldName = Literal[
    "author", "platform", "lang", "sentiment", "urgency", "intent", "emotion", "aspect", "topic", "tag", "case",
    "monitor", "customer", "thread", "alike", "followers", "since", "until", "has", "is",
]  # fmt: skip
Operator = Literal[":", ">", ">=", "<", "<="]


class Everything(Struct, frozen=True, tag=True):
    """Matches every post: the empty query."""


class Words(Struct, frozen=True, tag=True):
    """Tokens that stand side by side, in this order: one for a word, several for a phrase."""

    tokens: tuple[str, ...]


class Prefix(Struct, frozen=True, tag=True):
    """Any token that begins with `token`."""

    token: str


class Near(Struct, frozen=True, tag=True):
    """Both sides in one post with at most `distance` tokens between them, in either order."""

    left: Words | Prefix
    right: Words | Prefix
    distance: int


class Field(Struct, frozen=True, tag=True):
    """A property of the post. `value` is checked and normalised by the parser.

    since and until are ISO dates or moments (a date means its first moment in the workspace's
    zone; `until` excludes it), followers is a decimal number with any operator, all others use ``:``.
    alike is a post key, bound before an index or a matcher sees it to the :func:`crm.ports.likeness.marks` of that
    post with commas between them: posts match that share as many of these as near-duplicates do.
    """

    name: FieldName
    operator: Operator
    value: str


class Not(Struct, frozen=True, tag=True):
    """Posts that `child` does not match."""

    child: Node


class And(Struct, frozen=True, tag=True):
    """Posts that all children match."""

    children: tuple[Node, ...]


class Or(Struct, frozen=True, tag=True):
    """Posts that at least one child matches."""

    children: tuple[Node, ...]


Node = Everything | Words | Prefix | Near | Field | Not | And | Or
