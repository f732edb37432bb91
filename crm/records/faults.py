"""The databases' errors in our sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from crm.errors import (
    AuthorisationError,
    ConflictError,
    InvalidInputError,
    RetryableError,
    ShenavaError,
    StoreError,
)
from crm.records.engines import BUSY_SECONDS

_NOT_LET_IN = ("password authentication failed", "no password supplied", "no pg_hba.conf entry", 'role "')
_CUT_SHORT = ("25P03", "26000")
"""The session was idle for too long, or somebody between us and the server gave us another one."""

_VALUES = ("21", "22", "23", "44", "54")
"""Classes that one row, or too many in one statement, may be the fault of: the others of its batch must be stored."""


@contextmanager
def sentences(engine: Engine) -> Iterator[None]:
    """Turn what the database raises in the block into errors of ours; what is a fault of the code stays as it is."""
    try:
        yield
    except DBAPIError as error:
        understood = _sqlite if engine.dialect.name == "sqlite" else _postgresql
        found = understood(error, engine)
        if found is None:
            raise
        raise found from error
    except (UnicodeDecodeError, JSONDecodeError, OverflowError) as error:
        # Of a damaged file: what SQLite says of it repeats a piece, and columns hold what never was written there.
        if engine.dialect.name != "sqlite":
            raise
        raise damaged(engine, "it holds something else where text should be") from error
    except PoolTimeoutError as error:
        raise RetryableError(f"Every connection to the records at {place(engine)} is in use; try again.") from error


def place(engine: Engine) -> str:
    """Where the records are, without a password."""
    return engine.url._replace(password=None).render_as_string()


def damaged(engine: Engine, reason: object) -> StoreError:
    """What is said of a file that can't be trusted."""
    return StoreError(
        f"The records file {engine.url.database} is damaged ({reason}); restore it with `shenava restore`."
    )


def _sqlite(error: DBAPIError, engine: Engine) -> ShenavaError | None:
    reason = str(error.orig)
    if isinstance(error, DatabaseError) and ("malformed" in reason or "not a database" in reason):
        return damaged(engine, reason)
    if not isinstance(error, OperationalError):
        return None
    if "locked" in reason or "busy" in reason:
        return RetryableError(
            f"The records are locked by another program for more than {BUSY_SECONDS} s; close it or try again."
        )
    if "full" in reason:
        return _full(engine)
    return StoreError(f"The records at {place(engine)} can't be used: {reason}.")


def _full(engine: Engine) -> StoreError:
    where = "the records" if engine.dialect.name == "sqlite" else f"the records at {place(engine)}"
    return StoreError(f"The disk that holds {where} is full; nothing was stored. Free some space and try again.")


def _postgresql(error: DBAPIError, engine: Engine) -> ShenavaError | None:
    """What PostgreSQL said. None without a code of the server's: then our own code asked for what can't be asked."""
    code, where = str(getattr(error.orig, "sqlstate", None) or ""), place(engine)
    reason = _reason(error)
    if not code:
        return _connecting(reason, engine) if isinstance(error, OperationalError | InterfaceError) else None
    if code.startswith("40"):
        return RetryableError("Somebody else changed the same records at the same moment; try again.")
    if code == "55P03":
        return RetryableError(f"Somebody else holds these records for more than {BUSY_SECONDS} s; try again.")
    if code == "53100":
        return _full(engine)
    if code == "25006":
        return StoreError(f"The records at {where} can only be read; name the server that may write.")
    if code.startswith(("58", "XX")):
        return StoreError(f"The records at {where} are damaged ({reason}); restore them from a back-up.")
    if code.startswith(("08", "53", "57")):
        return _unreachable(reason, engine)
    return _refused(code, reason, engine)


def _refused(code: str, reason: str, engine: Engine) -> ShenavaError:
    """What PostgreSQL would not do with a statement that reached it."""
    where = place(engine)
    if code == "23505":
        return RetryableError("Somebody else stored the same at the same moment; try again.")
    if code == "23503":
        return ConflictError("What this belongs to was removed meanwhile; look again.")
    if code in _CUT_SHORT:
        return RetryableError(f"PostgreSQL cut this short at {where} ({reason}); try again.")
    if code.startswith("28"):
        return _locked_out(engine)
    if code == "42501":
        return AuthorisationError(f"The user of the records at {where} may not do this ({reason}); grant it.")
    if code == "3D000":
        return _no_database(engine)
    if code.startswith(_VALUES):
        return InvalidInputError(f"The records at {where} do not take a value: {reason}.")
    # Above all tables of another version: no event is to blame, and none may become a dead letter for it.
    return StoreError(f"The records at {where} can't be used: {reason}.")


def _connecting(reason: str, engine: Engine) -> ShenavaError:
    # A failed connection has no code, only the server's words.
    if "does not exist" in reason and 'database "' in reason:
        return _no_database(engine)
    if any(words in reason for words in _NOT_LET_IN):
        return _locked_out(engine)
    return _unreachable(reason, engine)


def _unreachable(reason: str, engine: Engine) -> RetryableError:
    return RetryableError(
        f"The records at {place(engine)} can't be reached ({reason}); see that PostgreSQL runs there."
    )


def _locked_out(engine: Engine) -> AuthorisationError:
    return AuthorisationError(
        f"PostgreSQL does not let us in at {place(engine)}; check the user and SHENAVA_RECORDS_PASSWORD."
    )


def _no_database(engine: Engine) -> StoreError:
    name = engine.url.database
    return StoreError(f"There is no database {name!r} at {place(engine)}; make it with `createdb {name}`.")


def _reason(error: DBAPIError) -> str:
    """The first line of what the database said: the others repeat values."""
    lines = str(error.orig).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error.orig).__name__
