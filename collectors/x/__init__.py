"""X, formerly Twitter, through its API v2."""

from __future__ import annotations

from collectors.x.source import XSource

__all__ = ["XSource"]
