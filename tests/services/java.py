"""Java and what runs on it: a runtime that is new enough, and server programs from Maven, by name."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.services.process import ServiceUnavailableError

SERVERS = Path(__file__).resolve().parent.parent / "servers"
RUNTIMES = Path("/usr/lib/jvm")


def java(at_least: int) -> Path:
    """The folder of a Java of this version or newer: JAVA_HOME, else the newest of the system's."""
    named = os.environ.get("JAVA_HOME")
    homes = [Path(named)] if named else []
    homes += sorted(RUNTIMES.glob("*"), key=_version, reverse=True)
    for home in homes:
        if _version(home) >= at_least:
            return home
    raise ServiceUnavailableError(
        f"no Java {at_least} or newer was found in JAVA_HOME or {RUNTIMES}; install a JDK (on Debian openjdk-25-jdk)"
    )


def fetch(server: str, goal: str) -> Path:
    """What tests/servers/`server`/pom.xml names, brought by this goal of Maven's dependency plugin, once for all.

    Returns the folder it lies in.
    """
    home = SERVERS / server
    folder, pom = home / "server", home / "pom.xml"
    stamp = folder / ".fetched"
    wanted = hashlib.sha256(pom.read_bytes()).hexdigest()
    with pom.open("rb") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            maven = shutil.which("mvn")
            if not maven:
                raise ServiceUnavailableError(f"the {server} server is fetched by Maven; install it (Debian: maven)")
            shutil.rmtree(folder, ignore_errors=True)
            print(f"Fetching the {server} server for the tests, once.", file=sys.stderr)
            command = [maven, "-B", "-q", "-f", str(pom), f"dependency:{goal}", f"-DoutputDirectory={folder}"]
            command.append(f"-DmarkersDirectory={folder}/markers")  # Maven's own note of what it unpacked
            if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
                raise ServiceUnavailableError(f"`mvn dependency:{goal}` failed in {home}; run it there to see why")
            stamp.write_text(wanted)
    return folder


def _version(home: Path) -> int:
    try:
        said = re.search(r'JAVA_VERSION="(?:1\.)?(\d+)', (home / "release").read_text())
    except OSError:
        return 0
    return int(said.group(1)) if said else 0
