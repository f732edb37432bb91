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
HEAD_START = 15.0
"""Most seconds in which the console starts alone: somebody waits for it, and all together take twice as long."""
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


def answers(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket(_family(host)) as probe:
        return probe.connect_ex((host, port)) == 0


def check_port(host: str, port: int) -> None:
    """Raise PortInUseError where nobody could listen."""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUseError(host, port) from error


def pause_after(deaths: int) -> float:
    """Seconds until a role that died so often in a row starts again."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(deaths - 1, 12))


class Supervisor:
    """Starts the roles, watches them, stops them. `say` tells a person what happens, `served` whether pages answer."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        clock: Clock,
        say: Callable[[str], None],
        served: Callable[[], bool],
    ) -> None:
        self._arguments, self._environment = list(arguments), dict(environment)
        self._clock, self._say, self._served = clock, say, served
        self._console, *self._others = [Child(role) for role in ROLES]

    def run(self, stop: Event, prepare: Callable[[], object]) -> None:
        """Prepare the data while the console loads, then keep every role alive until `stop` is set."""
        try:
            loading = self._start(self._console, self._clock.monotonic(), stdin=subprocess.PIPE)
            prepare()
            _leave(loading)
            self._wait_for_pages(stop)
            while not stop.is_set():
                for child in (self._console, *self._others):
                    self._tend(child)
                self._clock.sleep(LOOK_SECONDS, stop)
        finally:
            self._end()

    def _wait_for_pages(self, stop: Event) -> None:
        latest = self._clock.monotonic() + HEAD_START
        while not stop.is_set() and self._clock.monotonic() < latest and not self._served():
            self._tend(self._console)
            self._clock.sleep(LOOK_SECONDS, stop)

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
        pause = pause_after(child.deaths)
        child.process, child.not_before = None, now + pause
        self._say(f"{child.role} ended with {_ending(code)}; it starts again in {pause:.1f} s.")

    def _start(self, child: Child, now: float, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "shenava", child.role, *self._arguments]
        environment = {**self._environment, "SHENAVA_PARENT": str(os.getpid())}
        child.process = subprocess.Popen(command, env=environment, stdin=stdin)
        child.started = now
        return child.process

    def _end(self) -> None:
        end([child.process for child in (self._console, *self._others) if child.process is not None])


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


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _leave(process: subprocess.Popen[bytes]) -> None:
    """What `wait_for_leave` waits for."""
    if process.stdin is not None:
        process.stdin.close()


def wait_for_leave() -> None:
    """In a supervised process: return once its supervisor has the data ready, see :meth:`Supervisor.run`."""
    if "SHENAVA_PARENT" in os.environ:
        sys.stdin.read()


def watch_parent(stop: Event, parent: int, clock: Clock) -> None:
    """Set `stop` once the supervisor is gone, however it ended."""
    while not stop.is_set():
        if os.getppid() != parent:
            stop.set()
        clock.sleep(1.0, stop)
