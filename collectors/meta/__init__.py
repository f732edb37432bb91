"""Instagram and Facebook Pages, through Meta's Graph API."""

from __future__ import annotations

from collectors.meta.source import FacebookSource, InstagramSource

__all__ = ["FacebookSource", "InstagramSource"]
