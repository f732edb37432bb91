"""Signals: nothing missed, nothing of another workspace, one poller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from crm.errors import RetryableError
from dashboard.live import Hub, Listener, events
from tests.dashboard.fakes import FakeLive


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(main)


def test_a_listener_hears_of_its_own_workspace_only() -> None:
    async def scene() -> Any:
        live = FakeLive()
        live.add("case", "old")
        hub = Hub(live, interval=0.001)
        listener = await hub.join("w1")
        live.add("case", "a", "other")
        live.add("case", "b")
        heard = json.loads(await listener.next(5) or "null")
        await hub.close()
        return heard

    assert run(scene()) == {"cursor": 3, "changes": {"case": ["b"]}}


def test_whoever_comes_back_gets_what_was_missed() -> None:
    async def scene() -> Any:
        live = FakeLive()
        for subject in "abc":
            live.add("reply", subject)
        hub = Hub(live, interval=0.001)
        await hub.join("w1")
        listener = await hub.join("w1", after=1)
        heard = json.loads(await listener.next(5) or "null")
        await hub.close()
        return heard

    assert run(scene()) == {"cursor": 3, "changes": {"reply": ["b", "c"]}}


def test_a_cursor_from_another_life_of_the_database_hears_the_next_change() -> None:
    async def scene() -> Any:
        live = FakeLive()
        hub = Hub(live, interval=0.001)
        listener = await hub.join("w1", after=900)
        live.add("case", "a")
        heard = await listener.next(5)
        await hub.close()
        return heard

    assert run(scene()) is not None


def test_what_comes_faster_than_it_is_taken_is_merged() -> None:
    async def scene() -> Any:
        live = FakeLive()
        for at in range(200):
            live.add("post", f"p{at % 120}")
        listener = Listener("w1", 0)
        listener.put(live.since(0)[:100])
        listener.put(live.since(0))
        return json.loads(await listener.next(5) or "null")

    heard = run(scene())
    assert heard["cursor"] == 200
    assert len(heard["changes"]["post"]) == 50


class Busy(FakeLive):
    """Fails once in between."""

    failures = 1

    def since(self, cursor: int) -> Any:
        if self.failures and self.changes:
            self.failures -= 1
            raise RetryableError("The records are busy.")
        return super().since(cursor)


def test_a_busy_database_only_delays() -> None:
    async def scene() -> Any:
        live = Busy()
        hub = Hub(live, interval=0.001)
        listener = await hub.join("w1")
        live.add("case", "a")
        heard = await listener.next(5)
        await hub.close()
        return heard, live.failures

    heard, failures = run(scene())
    assert heard is not None
    assert failures == 0


def test_the_stream_begins_with_the_cursor_and_ends_with_the_session() -> None:
    async def scene() -> list[str]:
        live = FakeLive()
        live.add("case", "a")
        answers = [True, False]

        async def still() -> bool:
            return answers.pop(0)

        hub = Hub(live, interval=0.001)
        got = [event async for event in events(hub, "w1", None, still, quiet=0.01)]
        await hub.close()
        return got

    first, beat = run(scene())
    assert 'data: {"cursor": 1, "changes": {}}' in first
    assert beat == ": still here\n\n"
