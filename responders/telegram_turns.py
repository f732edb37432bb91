"""When a bot may speak in a chat again.

Source: core.telegram.org/bots/faq, "My bot is hitting limits": one message a second in a chat, twenty a minute in a
group. Other limits are told by the server when they are reached.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock

from crm.ports.clock import Clock

CHAT_SECONDS = 1.0
GROUP_SECONDS, GROUP_MESSAGES = 60.0, 20
REMEMBERED = 10_000


class Turns:
    """The times at which the bots of this process last spoke, by chat. Safe to share between threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, Lock()
        self._spoke: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, chat: str, *, in_group: bool) -> float:
        """Take the turn now and return 0, or return after how many seconds to ask again."""
        with self._lock:
            now, times = self._clock.monotonic(), self._spoke.setdefault(chat, deque(maxlen=GROUP_MESSAGES))
            self._spoke.move_to_end(chat)
            if len(self._spoke) > REMEMBERED:
                self._spoke.popitem(last=False)
            wait = times[-1] + CHAT_SECONDS - now if times else 0.0
            if in_group and len(times) == GROUP_MESSAGES:
                wait = max(wait, times[0] + GROUP_SECONDS - now)
            if wait <= 0:
                times.append(now)
            return max(wait, 0.0)
