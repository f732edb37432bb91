"""Everything else that answers in JSON: shops, forums, bridges to messengers."""

from __future__ import annotations

from collectors.json.source import JsonSource

__all__ = ["JsonSource"]
