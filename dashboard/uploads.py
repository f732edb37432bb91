"""Files that people hand over in the console."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from starlette.datastructures import UploadFile

from crm.errors import InvalidInputError, StoreError
from crm.usecases.sources import FILE, HandedFile


@contextmanager
def handed_over(
    files: Sequence[UploadFile], folder: Path | None, options: Mapping[str, str]
) -> Iterator[list[HandedFile]]:
    """Keep uploaded files in `folder` for the work of this block; where it fails, none of them is kept.

    `options` say how they are read; empty ones are left out. Raises what :func:`_keep` raises.
    """
    given = {name: value for name, value in options.items() if value}
    kept: list[HandedFile] = []
    try:
        for file in files:
            kept.append(HandedFile(_keep(file, folder), Path(file.filename or FILE).name, given))
        yield kept
    except BaseException:
        for one in kept:
            one.path.unlink(missing_ok=True)
        raise


def _keep(file: UploadFile, folder: Path | None) -> Path:
    """Copy an uploaded file into `folder`, under a name of our own with the endings of its own.

    Raises: InvalidInputError where this installation takes no files, StoreError where it can't be written.
    """
    if folder is None:
        raise InvalidInputError("This installation takes no files here; use `shenava import`.")
    path = folder / f"{secrets.token_hex(8)}{''.join(Path(file.filename or 'file').suffixes[-2:])}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept, 1 << 20)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StoreError(f"The file could not be kept in {folder}: {error.strerror}.") from error
    return path
