"""Bluesky, through its open stream of all posts."""

from __future__ import annotations

from collectors.jetstream.source import JetstreamSource

__all__ = ["JetstreamSource"]
