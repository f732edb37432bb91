"""The demo: sixty days of a made-up bank, in Persian and English, so that the first look shows a day at work.

:func:`build_demo` gives plain data and touches no store; whoever wires the project writes it there with the
origin ``demo`` and marked as made up. The texts lie in ``data/`` with their own README on source and licence.
"""

from __future__ import annotations

from shenava.demo.build import build_demo
from shenava.demo.words import (
    DemoAgent,
    DemoCase,
    DemoCustomer,
    DemoIdea,
    DemoIdentity,
    DemoMonitor,
    DemoNote,
    DemoReply,
    DemoSet,
    DemoTemplate,
    Fact,
)

__all__ = [
    "DemoAgent", "DemoCase", "DemoCustomer", "DemoIdea", "DemoIdentity", "DemoMonitor", "DemoNote", "DemoReply",
    "DemoSet", "DemoTemplate", "Fact", "build_demo",
]  # fmt: skip
