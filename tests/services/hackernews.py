"""A stand-in for Hacker News: its search and its single items, by their documentation.

Source: hn.algolia.com/api, github.com/HackerNews/API.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.web import Answer, Asked


@dataclass
class HackerNews:
    """Its items. `most` bounds what one search gives out, `instead` are answers that come first.

    Every `tires`-th request is in vain.
    """

    items: dict[int, dict[str, Any]] = field(default_factory=dict)
    most: int = 1_000
    instead: list[Answer] = field(default_factory=list)
    doubled: bool = False
    tires: int = 0
    asked: int = 0

    def say(self, at: int, text: str, *, parent: int | None = None, author: str = "ann", title: str = "") -> int:
        """A new story, or with a parent a new comment; returns its number."""
        number = 100 + len(self.items)
        self.items[number] = {
            "id": number, "by": author, "time": at, "title": title, "text": text, "parent": parent, "score": 3,
        }  # fmt: skip
        return number

    def remove(self, number: int) -> None:
        """Take an item away: the search forgets it, the item says only that it is deleted."""
        self.items[number] = {"id": number, "deleted": True, "time": self.items[number]["time"]}

    def handle(self, asked: Asked) -> Answer:
        self.asked += 1
        if self.tires and self.asked % self.tires == 0:
            return Answer(500)
        if self.instead:
            return self.instead.pop(0)
        parts = urlsplit(asked.path)
        if found := re.fullmatch(r"/v0/item/(\d+)\.json", parts.path):
            return _answer(self.items.get(int(found[1])))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        since, until = map(int, re.findall(r"\d+", query["numericFilters"].replace("created_at_i", "")))
        found_items = [one for one in self.items.values() if since <= one["time"] < until and self._has(one, query)]
        hits = [self._hit(one) for one in sorted(found_items, key=lambda one: -one["time"])]
        given = hits[: min(self.most, int(query["hitsPerPage"]))]
        return _answer({"hits": given * 2 if self.doubled else given, "nbHits": len(hits), "page": 0})

    def _has(self, item: dict[str, Any], query: dict[str, str]) -> bool:
        said = f"{item.get('title', '')} {item.get('text', '')}".lower()
        words = re.findall(r'"([^"]+)"|(\S+)', query["query"])
        end = "" if query["queryType"] == "prefixAll" else r"\b"
        asked = [rf"\b{re.escape((phrase or word).lower())}{end}" for phrase, word in words]
        return not item.get("deleted") and all(re.search(one, said) for one in asked)

    def _hit(self, item: dict[str, Any]) -> dict[str, Any]:
        root = item
        while root.get("parent"):
            root = self.items[root["parent"]]
        hit = {"objectID": str(item["id"]), "author": item["by"], "created_at_i": item["time"], "points": 3}
        if item["parent"] is None:
            return hit | {"title": item["title"], "story_text": item["text"], "story_id": item["id"]}
        return hit | {"comment_text": item["text"], "parent_id": item["parent"], "story_id": root["id"]}


def _answer(body: object) -> Answer:
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
