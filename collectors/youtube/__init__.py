"""YouTube: videos that monitors look for, and comments."""

from __future__ import annotations

from collectors.youtube.source import YouTubeSource

__all__ = ["YouTubeSource"]
