"""What other systems hand over: forums, shops, bridges to messengers."""

from __future__ import annotations

from collectors.webhook.source import WebhookSource

__all__ = ["WebhookSource"]
