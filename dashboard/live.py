"""Live updates: server-sent signals that say what kind of thing changed; pages then fetch for themselves.

One poller serves all connections of the process. A signal carries a cursor, so a connection that
is made anew says where it stopped and misses nothing; where what it missed is no longer kept, every
kind is named without subjects, which means: draw anew.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from crm.errors import ShenavaError

KINDS = ("case", "reply", "post", "monitor", "source", "health", "presence", "team", "customer", "template", "rule")
_MOST_SUBJECTS = 50


class Change(Protocol):
    """A visible change: `id` grows, `kind` is one of KINDS, `subject` is what changed, empty where that is not said."""

    @property
    def id(self) -> int: ...
    @property
    def workspace(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...


class Changes(Protocol):
    """Where changes are read: the use case ``live``."""

    def cursor(self) -> int:
        """The id of the newest change."""
        ...

    def since(self, cursor: int) -> Sequence[Change]:
        """Changes of all workspaces after `cursor`, oldest first, possibly only the first of them."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until something may have changed, at most `seconds`; False at once where nobody would tell."""
        ...


class Listener:
    """One connection. What comes faster than it is taken is merged, so a slow browser costs nothing."""

    def __init__(self, workspace: str, cursor: int) -> None:
        self.workspace, self.cursor = workspace, cursor
        self._kinds: dict[str, dict[str, None]] = {}
        self._ready = asyncio.Event()

    def put(self, changes: Sequence[Change]) -> None:
        """Take note of changes of its workspace that this listener has not seen."""
        for change in changes:
            if change.id > self.cursor and change.workspace == self.workspace:
                subjects = self._kinds.setdefault(change.kind, {})
                if change.subject:
                    subjects[change.subject] = None
                self.cursor = change.id
                self._ready.set()

    def wake(self) -> None:
        """Let whoever waits for the next signal go on."""
        self._ready.set()

    def put_all(self) -> None:
        """Take note that anything may have changed."""
        self._kinds = {kind: {} for kind in KINDS}
        self._ready.set()

    async def next(self, seconds: float) -> str | None:
        """The next signal as JSON, None when nothing changed for `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        return self.take() if self._ready.is_set() else None

    def take(self) -> str:
        """The signal of all that was noted since the last one, possibly nothing."""
        self._ready.clear()
        kinds, self._kinds = self._kinds, {}
        return signal(self.cursor, {kind: list(subjects) for kind, subjects in kinds.items()})


def signal(cursor: int, changes: dict[str, list[str]]) -> str:
    """``{"cursor": 12, "changes": {"case": ["id", ...]}}``, at most 50 subjects a kind."""
    return json.dumps({"cursor": cursor, "changes": {kind: some[-_MOST_SUBJECTS:] for kind, some in changes.items()}})


class Hub:
    """All listeners of this process, served by one poller that runs while there are any."""

    def __init__(self, changes: Changes, interval: float = 0.25) -> None:
        self._changes, self._interval = changes, interval
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._cursor = 0
        self.closed = False

    async def join(self, workspace: str, after: int | None = None) -> Listener:
        """Begin to listen, after the change `after` or from now on."""
        newest = await asyncio.to_thread(self._changes.cursor)
        listener = Listener(workspace, newest)
        if after is not None and after != newest:
            await self._catch_up(listener, after)
        # The poller goes back only over what came while this listener joined; the others skip what they have seen.
        self._cursor = min(self._cursor, listener.cursor) if self._listeners else listener.cursor
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        return listener

    async def _catch_up(self, listener: Listener, after: int) -> None:
        # The past of one listener is its own business: read here once, and not by the poller for everybody.
        newest = listener.cursor
        missed = await asyncio.to_thread(self._changes.since, after) if after < newest else []
        if missed and missed[0].id == after + 1 and missed[-1].id >= newest:
            listener.cursor = after
            listener.put(missed)
            listener.cursor = missed[-1].id
        else:
            listener.put_all()

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    async def close(self) -> None:
        """End the poller and every connection, which would else hold up the end of the server."""
        self.closed = True
        for listener in self._listeners:
            listener.wake()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _poll(self) -> None:
        while self._listeners:
            # A busy database is asked again at the next turn; listeners keep their cursors.
            with suppress(ShenavaError):
                asked = self._cursor
                found = await asyncio.to_thread(self._changes.since, asked)
                for listener in self._listeners:
                    listener.put(found)
                if found and self._cursor == asked:
                    self._cursor = found[-1].id
            if not await asyncio.to_thread(self._changes.wait, self._interval):
                await asyncio.sleep(self._interval)


class StillSignedIn(Protocol):
    """Asks whether the session behind a connection is still good."""

    async def __call__(self) -> bool: ...


async def events(
    hub: Hub, workspace: str, after: int | None, still: StillSignedIn, quiet: float = 15,
    seconds: Callable[[], float] = time.monotonic,
) -> AsyncIterator[str]:  # fmt: skip
    """The body of ``/live``: a first event with the cursor and what was missed, then signals.

    Ends when the hub or the session does; the session is asked for every `quiet` seconds, however much happens.
    """
    listener = await hub.join(workspace, after)
    try:
        yield f"retry: 2000\nid: {listener.cursor}\ndata: {listener.take()}\n\n"
        asked = seconds()
        while not hub.closed:
            found = await listener.next(quiet)
            if hub.closed:
                return
            if found is None or seconds() - asked >= quiet:
                if not await still():
                    return
                asked = seconds()
            yield ": still here\n\n" if found is None else f"id: {listener.cursor}\ndata: {found}\n\n"
    finally:
        hub.leave(listener)
