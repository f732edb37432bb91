"""Public profiles of Instagram as any visitor sees them: no official interface, off unless a person insists."""

from __future__ import annotations

from collectors.instaloader.source import InstagramPublicSource

__all__ = ["InstagramPublicSource"]
