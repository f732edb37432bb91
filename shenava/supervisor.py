"""`shenava up`: one process per role over one data folder; whichever dies is started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from crm.errors import ShenavaError
from crm.ports.clock import Clock

ROLES = ("console", "respond", "collect", "enrich")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 60.0
HEAD_START = 4.0
"""Seconds in which the console starts alone: somebody waits for it, and all together take twice as long."""
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.3


class PortInUseError(ShenavaError):
    """Somebody else listens there."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(f"Port {port} on {host} is in use by another program; choose another with `--port` or PORT=.")


@dataclass
class Child:
    """A role's process, how often it died in a row, and when it may start again."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0


def check_port(host: str, port: int) -> None:
    """Raise PortInUseError where nobody could listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(host, port) from error


class Supervisor:
    """Starts the roles, watches them, stops them. `say` tells a person what happens."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._arguments, self._environment = list(arguments), dict(environment)
        self._clock, self._say = clock, say
        later = clock.monotonic() + HEAD_START
        self._children = [Child(role, not_before=0.0 if role == "console" else later) for role in ROLES]

    def run(self, stop: Event) -> None:
        """Keep every role alive until `stop` is set, then end them in order."""
        try:
            while not stop.is_set():
                for child in self._children:
                    self._tend(child)
                self._clock.sleep(LOOK_SECONDS, stop)
        finally:
            self._end()

    def _tend(self, child: Child) -> None:
        now = self._clock.monotonic()
        if child.process is None:
            if now >= child.not_before:
                self._start(child, now)
            return
        code = child.process.poll()
        if code is None:
            return
        child.deaths = 1 if now - child.started > STEADY_SECONDS else child.deaths + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (child.deaths - 1))
        child.process, child.not_before = None, now + pause
        self._say(f"{child.role} ended with {_ending(code)}; it starts again in {pause:.1f} s.")

    def _start(self, child: Child, now: float) -> None:
        command = [sys.executable, "-m", "shenava", child.role, *self._arguments]
        environment = {**self._environment, "SHENAVA_PARENT": str(os.getpid())}
        child.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        child.started = now

    def _end(self) -> None:
        end([child.process for child in self._children if child.process is not None])


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask processes to end, all at once; whichever has not after STOP_SECONDS is made to."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def watch_parent(stop: Event, parent: int, clock: Clock) -> None:
    """Set `stop` once the supervisor is gone, however it ended."""
    while not stop.is_set():
        if os.getppid() != parent:
            stop.set()
        clock.sleep(1.0, stop)
