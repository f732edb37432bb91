"""Live updates: server-sent signals that say what kind of thing changed; pages then fetch for themselves.

One poller per scope serves all connections of the process. A signal carries a cursor, so a
connection that is made anew says where it stopped and misses nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Protocol

from crm.errors import ShenavaError

KINDS = ("case", "reply", "post", "monitor", "source", "health", "presence", "team", "customer")
_MOST_SUBJECTS = 50


class Change(Protocol):
    """A visible change: `id` grows, `kind` is one of KINDS, `subject` is what changed."""

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
                self._kinds.setdefault(change.kind, {})[change.subject] = None
                self.cursor = change.id
                self._ready.set()

    async def next(self, seconds: float) -> str | None:
        """The next signal as JSON, None when nothing changed for `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        if not self._ready.is_set():
            return None
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

    async def join(self, workspace: str, after: int | None = None) -> Listener:
        """Begin to listen, after the change `after` or from now on."""
        newest = await asyncio.to_thread(self._changes.cursor)
        listener = Listener(workspace, newest if after is None else min(after, newest))
        # A poller that is behind the listener's past goes back; those ahead skip what they have seen.
        self._cursor = min(self._cursor, listener.cursor) if self._listeners else listener.cursor
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    async def close(self) -> None:
        """End the poller."""
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
            await asyncio.sleep(self._interval)


class StillSignedIn(Protocol):
    """Asks whether the session behind a connection is still good."""

    async def __call__(self) -> bool: ...


async def events(
    hub: Hub, workspace: str, after: int | None, still: StillSignedIn, quiet: float = 15
) -> AsyncIterator[str]:
    """The body of ``/live``: a first event with the cursor, then signals; ends when the session does."""
    listener = await hub.join(workspace, after)
    try:
        yield f"retry: 2000\nid: {listener.cursor}\ndata: {signal(listener.cursor, {})}\n\n"
        while True:
            found = await listener.next(quiet)
            if found is not None:
                yield f"id: {listener.cursor}\ndata: {found}\n\n"
            elif await still():
                yield ": still here\n\n"
            else:
                return
    finally:
        hub.leave(listener)
