"""What a click asks for, and what comes of it; both cross between the browser and the server as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from crm.errors import InvalidInputError
from dashboard.components import toast
from dashboard.inbox.snooze import moment, moment_of

Pane = Literal["queue", "thread", "composer", "dialog"]


class Command(Struct, frozen=True):
    """One step, as p-inbox.js collects it from ``data-`` attributes and forms.

    `case` is the open case, `next` the row after it, `ids` the picked ones, `version` the version of the case
    that is on the screen. `day` and `time` come from the dialog of times.
    """

    do: str
    case: str = ""
    next: str = ""
    ids: tuple[str, ...] = ()
    version: int | None = None
    value: str = ""
    was: str = ""
    action: str = ""
    post: str = ""
    reply: str = ""
    reply_version: int = 0
    way: Literal["reply", "quote", "dm", "open"] = "open"
    text: str = ""
    as_thread: bool = False
    then: str = ""
    force: bool = False
    name: str = ""
    email: str = ""
    phone: str = ""
    vip: str = ""
    author: str = ""
    customer: str = ""
    shared: str = ""
    day: str = ""
    time: str = ""
    asked: dict[str, object] = {}

    @property
    def moment(self) -> datetime:
        """The time that was chosen, from a preset or the dialog. Raises InvalidInputError."""
        return moment(self.day, self.time) if self.day else moment_of(self.value)


class Effect(Struct, frozen=True, omit_defaults=True):
    """What the browser does after a step: p-inbox.js reads this from the store ``inbox-told``.

    `open` is the case to show ("" closes, None stays). `again` draws the thread anew, `full` with the composer,
    `settle` looks after the rows in place and lets those in `dropped` go, `queue` fetches the queue anew.
    `text` replaces what stands in the composer of `case`, `note` empties its note, `close` closes dialogs.
    """

    case: str = ""
    open: str | None = None
    again: bool = False
    full: bool = False
    settle: bool = False
    queue: bool = False
    dropped: tuple[str, ...] = ()
    text: str | None = None
    note: bool = False
    close: bool = False
    unpick: bool = False
    clear: bool = False
    said: str = ""
    undo: dict[str, object] = {}
    seconds: float = 5.0

    def for_browser(self) -> dict[str, object]:
        """As JSON, without what the toast shows."""
        hidden = {"said", "undo", "seconds"}
        found: dict[str, object] = msgspec.to_builtins(self)
        return {name: value for name, value in found.items() if name not in hidden}

    def toast(self) -> dict[str, object] | None:
        """What is said about it, with the way back."""
        if not self.said:
            return None
        back = {"kind": "inbox", "command": self.undo} if self.undo else None
        return toast(self.said, undo=back, seconds=8 if back else self.seconds)


def read(data: object) -> Command:
    """The command in what the browser sent. Raises InvalidInputError."""
    try:
        return msgspec.convert(data, Command, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"This step can't be understood: {error}.") from error


def undoing(do: str, command: Command, **more: object) -> Mapping[str, object]:
    """The command that takes a step on the same case back."""
    return {"do": do, "case": command.case, **more}
