"""The one way out: clients of httpx, requests and websockets behind one guard. See :mod:`crm.ports.transport`."""

from __future__ import annotations

from shenava.transport.addresses import Guard
from shenava.transport.outbound import OutboundTransport

__all__ = ["Guard", "OutboundTransport"]
