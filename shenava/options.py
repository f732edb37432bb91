"""What several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm.errors import InvalidInputError

# Every command starts this program anew, and `up` stays in memory beside its roles: so commands
# import what they need when they run.
if TYPE_CHECKING:
    from rich.console import Console

    from shenava.wiring import House

Data = Annotated[Path | None, typer.Option("--data", help="The data folder (also SHENAVA_DATA).")]
Host = Annotated[
    str | None, typer.Option("--host", help="The address to listen on; any but this machine's own needs a token.")
]
Port = Annotated[int | None, typer.Option("--port", help="The port of the console.")]


class NoDataError(InvalidInputError):
    """A command that looks was pointed at nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"There is no data folder {folder}; name another with --data, or start `shenava up` once.")


def house(data: Path | None, **said: object) -> House:
    """The installation that the settings describe."""
    from shenava.settings import Settings
    from shenava.wiring import House

    return House(Settings.load(data=data, **said))


def installed(data: Path | None) -> House:
    """The installation that the settings describe, which is there already. Raises NoDataError."""
    one = house(data)
    if one.settings.embedded and not one.data.exists():
        raise NoDataError(one.data)
    return one


def screen_for(*, stderr: bool = False) -> Console:
    """Where a command tells a person what it does."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)
