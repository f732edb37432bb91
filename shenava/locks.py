"""One `shenava up` per data folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm.errors import ShenavaError

FILE = "lock"


class FolderInUseError(ShenavaError):
    """Another program works on the data folder."""

    def __init__(self, folder: Path, holder: str) -> None:
        self.folder, self.holder = folder, holder
        who = f" (process {holder})" if holder else ""
        super().__init__(
            f"The data folder {folder} is in use by another Shenava{who}; stop that one, "
            "or choose another folder with --data."
        )


@contextmanager
def only_one(folder: Path, address: str = "") -> Iterator[None]:
    """Hold the folder's lock; the system gives it back however the process ends.

    `address` is where the console answers meanwhile, for whoever asks by :func:`holder`. Raises FolderInUseError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise FolderInUseError(folder, file.read().partition(" ")[0]) from error
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()} {address}")
        file.flush()
        yield
        file.seek(0)
        file.truncate()


def holder(folder: Path) -> tuple[str, str] | None:
    """Process and console's address (or "") of whoever works on the folder now; None where nobody does."""
    try:
        with (folder / FILE).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                process, _, address = file.read().partition(" ")
                return process, address
    except FileNotFoundError:
        pass
    return None
