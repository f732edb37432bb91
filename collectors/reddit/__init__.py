"""Reddit: search, named communities and the inbox of an account of ours."""

from __future__ import annotations

from collectors.reddit.source import RedditSource

__all__ = ["RedditSource"]
