"""Mastodon, and servers that speak its interface."""

from __future__ import annotations

from collectors.mastodon.account import MastodonAccountSource
from collectors.mastodon.source import MastodonSource

__all__ = ["MastodonAccountSource", "MastodonSource"]
