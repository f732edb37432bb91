"""What the Trends page shows, as plain data."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from crm.ports.index import Span
from crm.records.monitors import Monitor

Step = Literal["hour", "day", "week"]


class TrendsFilter(Struct, frozen=True):
    """What is looked at. Empty tuples mean all; no monitors means those of the own brand."""

    since: datetime
    until: datetime
    monitors: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        """The period."""
        return Span(self.since, self.until)


class Choices(Struct, frozen=True):
    """What a filter may name: monitors, own brand first; platforms and languages by how much is said there."""

    monitors: tuple[Monitor, ...]
    platforms: tuple[str, ...]
    languages: tuple[str, ...]


class Sentiments(Struct, frozen=True):
    """Posts by sentiment; `unsure` are those the model left to people."""

    negative: int = 0
    neutral: int = 0
    positive: int = 0
    unsure: int = 0

    @property
    def total(self) -> int:
        """All posts, the unsure ones too."""
        return self.negative + self.neutral + self.positive + self.unsure

    @property
    def net(self) -> float | None:
        """(positive - negative) / judged in percent, None where nothing was judged."""
        judged = self.negative + self.neutral + self.positive
        return 100 * (self.positive - self.negative) / judged if judged else None

    def __add__(self, other: Sentiments) -> Sentiments:
        return Sentiments(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


class Row(Struct, frozen=True):
    """One line of a table or chart: what it counts, its figures, and the query that opens its mentions.

    In a series `key` is ``YYYY-MM-DD`` (a day, or the first day of a week) or ``YYYY-MM-DDTHH``.
    """

    key: str
    sentiments: Sentiments
    query: str


class AuthorRow(Struct, frozen=True):
    """Somebody who said much: how they call themselves, and their figures. `followers` None: not known."""

    key: str
    name: str
    handle: str
    platform: str
    followers: int | None
    sentiments: Sentiments
    query: str


class Share(Struct, frozen=True):
    """A brand's part of all mentions of the brands compared, in percent, and its change in points."""

    brand: str
    own: bool
    posts: int
    percent: float
    change: float | None
    net: float | None
    query: str


class Hour(Struct, frozen=True):
    """Mentions of one hour of the week; `day` counts from 0, Saturday."""

    day: int
    hour: int
    posts: int


class Answers(Struct, frozen=True):
    """How long customers waited for a first answer, in minutes: the median of `cases` answered cases.

    `series` has the median of every step, None where no case was answered. `query` opens their posts.
    """

    minutes: float | None
    before: float | None
    cases: int
    series: tuple[float | None, ...]
    query: str


class TrendsView(Struct, frozen=True):
    """Everything on the Trends page, for the period and the one of the same length before it.

    `series_before` stands place by place beside `series`. `own_share` is the share of voice of the own
    brands at each step, in percent. `gaps` are spans in which every collector failed, or a platform did not
    give us everything. `excluded` is how many mentions of the period the filter leaves out, counted only
    where nothing is left.
    """

    filter: TrendsFilter
    before_span: Span
    zone: str
    step: Step
    at: datetime
    totals: Sentiments
    before: Sentiments
    query: str
    series: tuple[Row, ...]
    series_before: tuple[int, ...]
    platforms: tuple[Row, ...]
    languages: tuple[Row, ...]
    authors: tuple[AuthorRow, ...]
    hours: tuple[Hour, ...]
    shares: tuple[Share, ...]
    own_share: tuple[float | None, ...]
    answers: Answers
    gaps: tuple[Span, ...]
    excluded: int
    few: bool
