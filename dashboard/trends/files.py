"""The figures of Trends as rows of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from crm.usecases.trendview import Sentiments, TrendsView

Table = tuple[Sequence[str], Iterable[Sequence[object]]]
MOODS = ("negative", "neutral", "positive", "unsure")


def _volume(view: TrendsView) -> Table:
    past = [*view.series_before, *([0] * len(view.series))]
    heads = (view.step, *MOODS, "total", "period_before")
    return heads, ([row.key, *_figures(row.sentiments), past[at]] for at, row in enumerate(view.series))


def _voice(view: TrendsView) -> Table:
    heads = ("brand", "own", "posts", "percent", "change_points", "net_sentiment")
    return heads, (
        [one.brand, int(one.own), one.posts, _rounded(one.percent), _rounded(one.change), _rounded(one.net)]
        for one in view.shares
    )


def _platforms(view: TrendsView) -> Table:
    rows = [("platform", row) for row in view.platforms] + [("language", row) for row in view.languages]
    return ("by", "value", *MOODS, "total"), ([kind, row.key, *_figures(row.sentiments)] for kind, row in rows)


def _authors(view: TrendsView) -> Table:
    heads = ("author", "name", "handle", "platform", "followers", *MOODS, "total")
    return heads, (
        [row.key, row.name, row.handle, row.platform, row.followers, *_figures(row.sentiments)] for row in view.authors
    )


def _hours(view: TrendsView) -> Table:
    return ("day_from_saturday", "hour", "posts"), ([one.day, one.hour, one.posts] for one in view.hours)


TABLES: Mapping[str, Callable[[TrendsView], Table]] = {
    "volume": _volume, "voice": _voice, "platforms": _platforms, "authors": _authors, "hours": _hours,
}  # fmt: skip


def _figures(one: Sentiments) -> list[object]:
    return [*(getattr(one, mood) for mood in MOODS), one.total]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
