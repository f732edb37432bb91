"""Starting, awaiting and stopping a program that a test needs."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

STOP_SECONDS = 10.0


class ServiceUnavailableError(Exception):
    """The server can't be had here; the message says why and what to install."""


def parent_of(pid: int) -> int | None:
    """The parent of a process that lives; None where it does not."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_http(url: str, seconds: float = 30.0, alive: Callable[[], bool] = lambda: True) -> None:
    """Return when `url` answers with any status below 500; raises ServiceUnavailableError after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and alive():
        with suppress(httpx.TransportError):
            if httpx.get(url, timeout=2.0, trust_env=False).status_code < 500:
                return
        time.sleep(0.05)
    raise ServiceUnavailableError(f"{url} did not answer within {seconds:.0f} s")


@contextmanager
def running(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child process, its output in `log`; it is asked to end by a signal to its own id, then made to.

    Its standard input is a pipe that ends when we do, so a child that watches it outlives nobody.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin:
            child.stdin.close()
