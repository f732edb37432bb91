"""Telegram and Bale, whose bots speak the same interface at another address."""

from __future__ import annotations

from collectors.telegram.source import BaleSource, TelegramSource

__all__ = ["BaleSource", "TelegramSource"]
