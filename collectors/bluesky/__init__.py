"""Bluesky, as an account of ours sees it: searches, what is said to it, and its direct messages."""

from __future__ import annotations

from collectors.bluesky.source import BlueskySource

__all__ = ["BlueskySource"]
