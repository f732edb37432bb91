"""Mastodon, and servers that speak its interface."""

from __future__ import annotations

from collectors.mastodon.source import MastodonSource

__all__ = ["MastodonSource"]
