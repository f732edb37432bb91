"""The processes of an installation, each killed and started again by whoever tests it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from shenava.supervisor import end
from tests.conftest import ROOT
from tests.faults.nursery import Born, Nursery
from tests.services.process import parent_of

ROLES = ("collect", "enrich", "respond", "console")


class Crew:
    """One process per name in `roles` on a data folder; what they say goes to one log file.

    They are forks of `born` where one is given, else programs of their own.
    """

    def __init__(
        self, data: Path, environment: Mapping[str, str], log: Path, roles: Sequence[str] = ROLES,
        born: Nursery | None = None,
    ) -> None:  # fmt: skip
        self._data, self._log, self.roles, self._born = data, log, tuple(roles), born
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SHENAVA_")},
            **environment, "PYTHONPATH": str(ROOT), "HOME": str(data.parent), "SHENAVA_PARENT": str(os.getpid()),
        }  # fmt: skip
        self._processes: dict[str, subprocess.Popen[bytes] | Born] = {}

    def __enter__(self) -> Self:
        self.tend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        end(list(self._processes.values()))  # type: ignore[arg-type]

    def tend(self) -> None:
        """Start whichever role does not run."""
        for role in self.roles:
            process = self._processes.get(role)
            if process is None or process.poll() is not None:
                self._processes[role] = self._start(role)

    def pid(self, role: str) -> int | None:
        """The process of a role, of `understand` the one beside `enrich`; None where it does not run now."""
        if role in self._processes:
            process = self._processes[role]
            return process.pid if process.poll() is None else None
        enrich = self.pid("enrich")
        return None if enrich is None else next(iter(_children(enrich)), None)

    def kill(self, role: str) -> bool:
        """End a role as a power cut would; False where it does not run now."""
        pid = self.pid(role)
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        if role in self._processes:
            self._processes[role].wait()
        return True

    def _start(self, role: str) -> subprocess.Popen[bytes] | Born:
        words = [role.partition("#")[0], "--data", str(self._data)]
        if self._born is not None:
            return self._born.start(words, self._environment, self._data.parent, self._log)
        command = [sys.executable, "-m", "shenava", *words]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, env=self._environment, cwd=self._data.parent, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT,
            )  # fmt: skip


def _children(pid: int) -> list[int]:
    every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [one for one in every if parent_of(one) == pid]
