"""Signals: nothing missed, nothing of another workspace, one poller."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import crm
import shenava
from crm.errors import RetryableError
from dashboard.live import KINDS, Hub, Listener, events
from tests.dashboard.fakes import FakeLive


def test_every_kind_that_is_noted_has_its_store_on_the_page() -> None:
    noted = re.compile(r'changes\.note\(\s*tx,[^"]*?"(\w+)"')
    sources = [path for package in (crm, shenava) for path in Path(package.__path__[0]).rglob("*.py")]
    kinds = {kind for path in sources for kind in noted.findall(path.read_text("utf-8"))}
    assert {"case", "template"} <= kinds <= set(KINDS)


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


class Forgetful(FakeLive):
    """Keeps only changes after the third, and remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def since(self, cursor: int) -> Any:
        self.asked.append(cursor)
        return [change for change in super().since(cursor) if change.id > 3]


def test_whoever_slept_too_long_is_told_to_draw_everything_anew() -> None:
    async def scene(after: int, rows: int) -> Any:
        live = Forgetful()
        for at in range(rows):
            live.add("case", f"c{at}")
        hub = Hub(live, interval=60)
        listener = await hub.join("w1", after)
        heard = json.loads(await listener.next(0) or "null")
        await hub.close()
        return heard

    everything = {kind: [] for kind in KINDS}
    assert run(scene(0, 6)) == {"cursor": 6, "changes": everything}
    assert run(scene(4, 600)) == {"cursor": 600, "changes": everything}
    assert run(scene(3, 6)) == {"cursor": 6, "changes": {"case": ["c3", "c4", "c5"]}}
    assert run(scene(6, 6)) is None


def test_the_past_of_one_listener_is_not_read_for_everybody() -> None:
    async def scene() -> Any:
        live = Forgetful()
        for at in range(1200):
            live.add("case", f"c{at}")
        hub = Hub(live, interval=0.001)
        first = await hub.join("w1")
        old = await hub.join("w1", after=0)
        await old.next(5)
        live.add("case", "new")
        heard = [json.loads(await one.next(5) or "null") for one in (first, old)]
        await hub.close()
        return heard, live.asked

    heard, asked = run(scene())
    assert heard == [{"cursor": 1201, "changes": {"case": ["new"]}}] * 2
    assert [cursor for cursor in asked if cursor < 1200] == [0]


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
            live.add("case", f"c{at % 120}")
        listener = Listener("w1", 0)
        listener.put(live.since(0)[:100])
        listener.put(live.since(0))
        return json.loads(await listener.next(5) or "null")

    heard = run(scene())
    assert heard["cursor"] == 200
    assert len(heard["changes"]["case"]) == 50


def test_a_change_without_a_subject_names_its_kind_alone() -> None:
    live, listener = FakeLive(), Listener("w1", 0)
    live.add("post", "")
    listener.put(live.since(0))
    assert json.loads(listener.take()) == {"cursor": 1, "changes": {"post": []}}


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


def test_the_end_of_the_server_ends_every_connection() -> None:
    async def scene() -> list[str]:
        hub = Hub(FakeLive(), interval=0.001)

        async def still() -> bool:
            return True

        async def listen() -> list[str]:
            return [event async for event in events(hub, "w1", None, still, quiet=60)]

        listening = asyncio.create_task(listen())
        while not hub._listeners:
            await asyncio.sleep(0)
        await hub.close()
        return await asyncio.wait_for(listening, 5)

    assert len(run(scene())) == 1


def test_a_session_that_ended_hears_nothing_even_where_something_always_happens() -> None:
    async def scene() -> list[str]:
        live = FakeLive()
        answers, hands = [True, False], iter(range(0, 900, 10))

        async def still() -> bool:
            return answers.pop(0)

        hub = Hub(live, interval=0.001)
        got = []
        async for event in events(hub, "w1", None, still, quiet=15, seconds=lambda: float(next(hands))):
            got.append(event)
            live.add("case", f"c{len(got)}")
        await hub.close()
        return got

    assert [event.partition("data: ")[2].strip() for event in run(scene())] == [
        '{"cursor": 0, "changes": {}}',
        '{"cursor": 1, "changes": {"case": ["c1"]}}',
        '{"cursor": 2, "changes": {"case": ["c2"]}}',
        '{"cursor": 3, "changes": {"case": ["c3"]}}',
    ]


def test_what_was_missed_comes_with_the_first_event() -> None:
    async def scene() -> str:
        live = FakeLive()
        live.add("case", "a")
        live.add("case", "b")

        async def still() -> bool:
            return False

        hub = Hub(live, interval=0.001)
        got = [event async for event in events(hub, "w1", 1, still, quiet=0.01)]
        await hub.close()
        return got[0]

    assert '"cursor": 2, "changes": {"case": ["b"]}' in run(scene())
