"""The two interfaces of Hacker News that need no key: a search, and single items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx

from collectors.errors import BusyServerError, NormaliseError
from collectors.hackernews.normalise import RawItem, RawPage, read_item, read_page
from collectors.pace import refuse_status
from crm.errors import AuthorisationError
from crm.ports.clock import Clock
from crm.ports.transport import BrokenConnectionError, Transport

T = TypeVar("T")
SEARCH = "https://hn.algolia.com/api/v1/search_by_date"
ITEMS = "https://hacker-news.firebaseio.com/v0/item"
PAGE = 1_000
"""The most hits that one question gives, whatever page is asked for."""


class Api:
    """Both interfaces. Raises what :func:`refuse_status` does, and BrokenConnectionError."""

    def __init__(self, transport: Transport, clock: Clock, search: str = SEARCH, items: str = ITEMS) -> None:
        self._transport, self._clock, self._search, self._items = transport, clock, search, items

    def search(self, text: str, since: int, until: int) -> RawPage:
        """The newest hits of a text from the second `since` to before `until`, at most PAGE."""
        begun = "prefixAll" if "*" in text else "prefixNone"
        spelt_so = {"typoTolerance": "false", "advancedSyntax": "true", "queryType": begun}
        answer = self._get(
            self._search,
            {
                "query": text.replace("*", ""),
                "tags": "(story,comment,poll)",
                "numericFilters": f"created_at_i>={since},created_at_i<{until}",
                "hitsPerPage": str(PAGE),
                **spelt_so,
            },
        )
        return self._read(read_page, answer, self._search)

    def item(self, number: str) -> RawItem | None:
        """An item by its number; None where there never was one. Nobody signs in there, so a refusal is trouble."""
        url = f"{self._items}/{number}.json"
        try:
            answer = self._get(url, {})
        except AuthorisationError as error:
            raise BusyServerError(url, httpx.codes.FORBIDDEN) from error
        return self._read(read_item, answer, url)

    def _get(self, url: str, params: Mapping[str, str]) -> bytes:
        try:
            with self._transport.http() as client:
                answer = client.get(url, params=params)
        except httpx.HTTPError as error:
            raise BrokenConnectionError(url, str(error) or type(error).__name__) from error
        refuse_status(url, answer.status_code, answer.headers, self._clock)
        return answer.content

    def _read(self, read: Callable[[bytes], T], answer: bytes, url: str) -> T:
        try:
            return read(answer)
        except NormaliseError as error:
            # The addresses are ours, so what answers is no other server: half an answer, or a proxy's page.
            raise BrokenConnectionError(url, f"its answer can't be read ({error})") from error
