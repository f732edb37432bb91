"""The command line. Exit codes: 0 done, 1 failed with the reason on stderr, 2 wrong usage."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated

import typer

from crm.errors import ShenavaError
from crm.ports.clock import SystemClock
from shenava.logs import configure
from shenava.options import Data, Host, Port, house

if TYPE_CHECKING:
    from shenava.wiring import House

logger = logging.getLogger(__name__)

BACKGROUND, POLITE = ("collect", "understand", "enrich"), 3
"""Roles that let the console go first where both want the processor, and by how much."""

app = typer.Typer(
    name="shenava",
    help="Shenava, the one who hears: a social CRM that listens and answers, in Persian and English.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; what went wrong is said in one sentence on stderr."""
    configure("shenava", "text")
    try:
        app()
    except ShenavaError as error:
        place = f" (line {error.line}, column {error.column})" if hasattr(error, "column") and error.column else ""  # type: ignore[attr-defined]
        print(f"shenava: {error}{place}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)


def stopping() -> Event:
    """Set when the process is asked to end, or when its supervisor is gone."""
    stop = Event()

    def ask(number: int, frame: object) -> None:
        del number, frame
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    if parent := os.environ.get("SHENAVA_PARENT"):
        from shenava.supervisor import watch_parent

        Thread(target=watch_parent, args=(stop, int(parent), SystemClock()), daemon=True).start()
    return stop


def _role(name: str, data: Path | None, **said: object) -> None:
    if name in BACKGROUND:
        os.nice(max(0, POLITE - os.nice(0)))  # who was started by a polite one is polite already
    from shenava import roles

    work: Callable[[House, Event], None] = getattr(roles, name)
    one = house(data, **said)
    configure(name, one.settings.log)
    logger.info("started")
    try:
        work(one, stopping())
    finally:
        one.close()
        logger.info("stopped")


@app.command()
def up(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    demo: Annotated[bool, typer.Option("--demo", help="Fill it with the made-up demo.")] = False,
) -> None:
    """Start everything: collectors, enrichment, replies and the console."""
    from shenava.settings import Settings
    from shenava.starting import start

    start(Settings.load(data=data, host=host, port=port), demo, stopping())


@app.command()
def collect(data: Data = None) -> None:
    """Run the collectors."""
    _role("collect", data)


@app.command()
def enrich(data: Data = None) -> None:
    """Run enrichment, the index sink and the case sink."""
    _role("enrich", data)


@app.command()
def understand(data: Data = None) -> None:
    """Run enrichment's first half alone; `enrich` starts one beside itself."""
    _role("understand", data)


@app.command()
def respond(data: Data = None) -> None:
    """Send approved replies."""
    _role("respond", data)


@app.command()
def console(data: Data = None, host: Host = None, port: Port = None) -> None:
    """Serve the console and the HTTP API."""
    _role("console", data, host=host, port=port)


def _register() -> None:
    """The other commands live in modules of their own and are added here, in the order of the help."""
    from shenava import commands_data, commands_people, commands_science

    commands_data.add(app)
    commands_people.add(app)
    commands_science.add(app)


_register()
