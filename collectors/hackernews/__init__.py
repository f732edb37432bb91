"""Hacker News: stories and comments, searched without a key."""

from __future__ import annotations

from collectors.hackernews.source import HackerNewsSource

__all__ = ["HackerNewsSource"]
