"""A real Kafka broker: the jars that tests/servers/kafka names, one node, KRaft."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.java import fetch, java
from tests.services.process import ServiceUnavailableError, free_port

NAMED = "SHENAVA_TEST_KAFKA_URL"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
START_SECONDS, STOP_SECONDS = 150.0, 20.0
QUICK = {
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "log.cleaner.enable": "false",
    # A machine that is busy for ten seconds has not lost its only broker.
    # A busy machine must not cost the broker its place, and after a kill it waits out its former self.
    "broker.session.timeout.ms": "45000",
    "initial.broker.registration.timeout.ms": "150000",
}


def install() -> Path:
    """Fetch the jars if they aren't there yet, once for all."""
    return fetch("kafka", "copy-dependencies")


@dataclass
class Kafka:
    """The broker; `url` has no prefix and no options yet."""

    folder: Path
    port: int = field(default_factory=free_port)
    listener: str = "PLAINTEXT"
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """``kafka://host:port``."""
        return f"kafka://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start on the same port with the same data; returns once it accepts connections."""
        config = self.folder / "server.properties"
        if not config.exists():
            config.write_text("".join(f"{name}={value}\n" for name, value in self._properties().items()))
            self._java(["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(config)], wait=True)
        self.process = self._java(["kafka.Kafka", str(config)], wait=False)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
                return
            time.sleep(0.1)
        said = self._log.read_text(errors="replace")[-2000:]
        self.stop()
        raise ServiceUnavailableError(f"the Kafka broker did not start within {START_SECONDS:.0f} s:\n{said}")

    def stop(self, *, kill: bool = False) -> None:
        """Ask it to end, or end it at once; its data stay."""
        process, self.process = self.process, None
        if process is None:
            return
        (process.kill if kill else process.terminate)()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _java(self, command: Sequence[str], *, wait: bool) -> subprocess.Popen[bytes]:
        home, jars = java(17), install()
        logging = self.folder / "log4j2.properties"
        logging.write_text("rootLogger.level = warn\nrootLogger.appenderRef.0.ref = out\n"
                           "appender.out.type = Console\nappender.out.name = out\n")  # fmt: skip
        options = [
            "-Xmx512m",
            "-Xms256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={logging}",
        ]
        with self._log.open("ab") as output:
            child = subprocess.Popen(
                [str(home / "bin" / "java"), *options, "-cp", f"{jars}/*", *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
            )  # fmt: skip
        if wait and child.wait(START_SECONDS):
            said = self._log.read_text(errors="replace")[-2000:]
            raise ServiceUnavailableError(f"`{command[0]} {command[1]}` failed:\n{said}")
        return child

    def _properties(self) -> dict[str, str]:
        controller = free_port()
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"CLIENT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{self.port}",
            "listener.security.protocol.map": f"CLIENT:{self.listener},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            **QUICK,
            **self.settings,
        }


@contextmanager
def kafka_server(folder: Path) -> Iterator[str]:
    """The URL of a broker: the one that SHENAVA_TEST_KAFKA_URL names, else one of our own with its data in `folder`."""
    named = os.environ.get(NAMED)
    if named:
        yield named.rstrip("/")
        return
    with kafka_broker(folder) as broker:
        yield broker.url


@contextmanager
def kafka_broker(
    folder: Path, listener: str = "PLAINTEXT", settings: Mapping[str, str] | None = None
) -> Iterator[Kafka]:
    """A broker of our own, which a test may stop and start again; raises ServiceUnavailableError."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Kafka(folder, listener=listener, settings=settings or {})
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
