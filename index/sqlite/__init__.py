"""The embedded index: one SQLite file with FTS5.

``body`` holds the folded tokens and, beside them, one *facet* token per property of a post
(workspace, monitor, platform, author ...), so that nearly every query is one FTS5 expression.
Its rowid begins with the second of posting, so that hits stream in order of time and stop at
the page's end. ``slot`` packs what dashboards count into one small blob per quarter of an hour, and ``alike``
what near-duplicates are found by, many posts to a row.
"""

from __future__ import annotations

from index.sqlite.adapter import SQLiteIndex

__all__ = ["SQLiteIndex"]
