"""Which cases the queue shows: read from the address or the browser, and written back into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeVar, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from crm.records.queue import QUEUE_VIEWS, QueueFilter, QueueSort, QueueStatus, QueueView

STATUSES: tuple[QueueStatus, ...] = get_args(QueueStatus)
SORTS: tuple[QueueSort, ...] = get_args(QueueSort)
SPANS = (1, 7, 30)
LANGUAGES = ("fa", "fa-Latn", "en", "ar", "ur", "other")
PLATFORMS = (
    "x",
    "instagram",
    "telegram",
    "bale",
    "bluesky",
    "mastodon",
    "reddit",
    "youtube",
    "hackernews",
    "github",
    "googleplay",
    "bazaar",
    "rss",
)

Choice = TypeVar("Choice", bound=str | int)


class Asked(Struct, frozen=True, omit_defaults=True):
    """What the queue was asked for. `query` is written `q` in the address.

    `days` limits to cases with news in that many days, 0 is any time. `pages` are the cursors of the pages
    gone through, the last one shown; none is the first page.
    """

    view: QueueView = "all"
    status: QueueStatus = "answer"
    assignee: str = ""
    monitor: str = ""
    platform: str = ""
    language: str = ""
    tag: str = ""
    query: str = ""
    days: int = 0
    sort: QueueSort = "due"
    pages: tuple[str, ...] = ()

    def wanted(self, now: datetime) -> QueueFilter:
        """The filter of the use case."""
        since = now - timedelta(days=self.days) if self.days else None
        return QueueFilter(
            self.view,
            self.status,
            self.assignee,
            self.monitor,
            self.platform,
            self.language,
            self.tag,
            self.query,
            since,
            self.sort,
        )

    @property
    def cursor(self) -> str | None:
        """Where the page begins."""
        return self.pages[-1] if self.pages else None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the view and the status leaves cases out."""
        return any((self.assignee, self.monitor, self.platform, self.language, self.tag, self.query, self.days))


def read(given: Mapping[str, object]) -> Asked:
    """From the address or the browser's store: what is unknown or of the wrong kind counts as not said."""
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    pages = given.get("pages")
    days = given.get("days", 0)
    return Asked(
        view=_one(texts.get("view"), QUEUE_VIEWS),
        status=_one(texts.get("status"), STATUSES),
        assignee=texts.get("assignee", ""),
        monitor=texts.get("monitor", ""),
        platform=texts.get("platform", ""),
        language=texts.get("language", ""),
        tag=texts.get("tag", ""),
        query=texts.get("query", texts.get("q", "")),
        days=_one(int(str(days)) if str(days).isdigit() else 0, (0, *SPANS)),
        sort=_one(texts.get("sort"), SORTS),
        pages=tuple(page for page in pages if isinstance(page, str)) if isinstance(pages, (list, tuple)) else (),
    )


def stored(asked: Asked) -> dict[str, object]:
    """For the browser's store."""
    found: dict[str, object] = msgspec.to_builtins(asked)
    return found


def of_view(kept: Mapping[str, object]) -> Asked:
    """A saved view's filter."""
    return read(kept)


def address(asked: Asked, case_id: str = "") -> str:
    """The address that shows the same again; pages gone through are not part of it."""
    said = {name: str(value) for name, value in stored(asked).items() if name != "pages"}
    if "query" in said:
        said["q"] = said.pop("query")
    if case_id:
        said["case"] = case_id
    return f"/inbox?{urlencode(said)}" if said else "/inbox"


def _one(value: object, known: tuple[Choice, ...]) -> Choice:
    return next((one for one in known if one == value), known[0])
