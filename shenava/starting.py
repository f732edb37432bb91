"""`shenava up`: look before starting, then supervise."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event

from rich.console import Console

from crm.errors import ShenavaError
from crm.ports.clock import SystemClock
from shenava.locks import only_one
from shenava.settings import Settings
from shenava.supervisor import Supervisor, answers, check_port


class NotPreparedError(ShenavaError):
    """The data folder could not be made ready; the reason was printed by the process that tried."""

    def __init__(self) -> None:
        super().__init__("The data folder could not be made ready, see above; nothing was started.")


def start(settings: Settings, demo: bool, stop: Event) -> None:
    """Check port and folder, bring the data up to date, and run every role until `stop` is set.

    Raises: PortInUseError, FolderInUseError, NotPreparedError.
    """
    screen = Console(stderr=True, highlight=False)
    address = f"http://{settings.host}:{settings.port}"
    with only_one(settings.data, address):
        check_port(settings.host, settings.port)
        where = ["--data", str(settings.data)]
        environment = {
            **os.environ, "SHENAVA_HOST": settings.host, "SHENAVA_PORT": str(settings.port),
        }  # fmt: skip

        def prepare() -> None:
            command = [sys.executable, "-m", "shenava", "prepare", *where, *(["--demo"] if demo else [])]
            if subprocess.run(command).returncode:
                raise NotPreparedError
            screen.print(f"Shenava listens at [bold]{address}[/]; data in {settings.data.resolve()}")
            screen.print("Ctrl+C stops it.")

        def served() -> bool:
            return answers(settings.host, settings.port)

        Supervisor(where, environment, SystemClock(), screen.print, served).run(stop, prepare)
        screen.print("Stopped.")
