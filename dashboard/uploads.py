"""Files that people hand over in the console."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from starlette.datastructures import UploadFile

from crm.errors import InvalidInputError, StoreError


def keep(file: UploadFile, folder: Path | None) -> Path:
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
