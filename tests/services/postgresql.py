"""A real PostgreSQL server: Debian's package, its data in a folder of its own and gone afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.services.process import ServiceUnavailableError, free_port, running

NAMED = "SHENAVA_TEST_POSTGRESQL_URL"
PROGRAMS = Path("/usr/lib/postgresql")
USER, PASSWORD = "shenava", "for-tests-only"
START_SECONDS = 30.0
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off", "max_connections=200",
         "shared_buffers=64MB", "lc_messages=C", "unix_socket_directories=")  # fmt: skip
SORTED_AS_SQLITE = "LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' ENCODING 'UTF8'"


@dataclass
class PostgreSQL:
    """A server and its superuser, as a URL of the database ``postgres`` with the password in it."""

    url: str

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database, a copy of `template`; it is dropped afterwards, whoever still uses it."""
        name = f"test_{secrets.token_hex(8)}"
        like = "" if template != "template0" else SORTED_AS_SQLITE
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {like}")
        try:
            yield self.of(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def of(self, database: str) -> str:
        """The URL of a database of this server."""
        return make_url(self.url).set(database=database).render_as_string(hide_password=False)

    def dump(self, url: str) -> bytes:
        """A dump of the database of this URL, as SQL."""
        command = [str(_program("pg_dump")), "--dbname", _plain(url)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def run(self, statement: str) -> None:
        """Run one statement as the superuser, outside of any transaction."""
        with psycopg.connect(_plain(self.url), autocommit=True) as connection:
            connection.execute(sql.SQL(statement))  # type: ignore[arg-type]


@contextmanager
def postgresql_server() -> Iterator[PostgreSQL]:
    """The server that SHENAVA_TEST_POSTGRESQL_URL names, else one of our own.

    Raises ServiceUnavailableError where it can't be had.
    """
    named = os.environ.get(NAMED)
    if named:
        yield PostgreSQL(named)
        return
    folder = Path(tempfile.mkdtemp(prefix="shenava-postgresql-"))
    try:
        with _started(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path) -> Iterator[PostgreSQL]:
    prefix, data, secret, port = _with_us(folder), folder / "data", folder / "password", free_port()
    secret.write_text(PASSWORD)
    made = [str(_program("initdb")), "-D", str(data), "-U", USER, "--pwfile", str(secret), "-A", "scram-sha-256",
            "-E", "UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8", "--no-sync", "--no-instructions"]  # fmt: skip
    done = subprocess.run([*prefix, *made], capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise ServiceUnavailableError(f"initdb failed: {done.stderr[-2000:]}")
    options = [part for setting in (*QUICK, f"port={port}", "listen_addresses=127.0.0.1") for part in ("-c", setting)]
    command = [*prefix, str(_program("postgres")), "-D", str(data), *options]
    with running(command, folder / "server.log", cwd=folder) as child:
        server = PostgreSQL(f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres")
        _wait(server, child, folder / "server.log")
        try:
            yield server
        finally:
            child.send_signal(signal.SIGINT)  # at once, whoever is still connected
            child.wait()


def _with_us(folder: Path) -> list[str]:
    """What to begin a command with: it ends when we do, however that is, and never runs as root, which it refuses."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=INT"]
    shutil.chown(folder, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=INT"]


def _program(name: str) -> Path:
    newest = sorted(PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    found = newest[0] if newest else shutil.which(name)
    if not found:
        raise ServiceUnavailableError("no PostgreSQL was found; install it (on Debian postgresql)")
    return Path(found)


def _wait(server: PostgreSQL, child: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and child.poll() is None:
        try:
            psycopg.connect(_plain(server.url)).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise ServiceUnavailableError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
