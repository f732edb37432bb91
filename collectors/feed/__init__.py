"""News and blogs: RSS, Atom, RDF and JSON feeds."""

from __future__ import annotations

from collectors.feed.source import FeedSource

__all__ = ["FeedSource"]
