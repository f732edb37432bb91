"""A real Elasticsearch node: the distribution that tests/servers/elasticsearch names, on a Java of the system."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.java import fetch, java
from tests.services.process import ServiceUnavailableError, free_port, wait_until_http

NAMED = "SHENAVA_TEST_ELASTICSEARCH_URL"
START_SECONDS, STOP_SECONDS = 240.0, 30.0
USER = "nobody"
"""It refuses to run as root."""

SETTINGS = """\
cluster.name: shenava-tests
node.name: one
path.data: {folder}/data
path.logs: {folder}/logs
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: false
"""


def install() -> Path:
    """Fetch the distribution if it isn't there yet, once for all; returns its folder."""
    found = sorted(fetch("elasticsearch", "unpack-dependencies").glob("elasticsearch-*"))
    if not found:
        raise ServiceUnavailableError("the Elasticsearch distribution lacks its folder; run `make clean` and try again")
    return found[-1]


@dataclass
class Elasticsearch:
    """The node; its data lie in `folder`, which belongs to the user that it runs as."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """``http://host:port``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Where its files are."""
        return self.folder / "data"

    def start(self) -> None:
        """Start on the same port with the same data; returns once it answers."""
        home, config = install(), self.folder / "config"
        if not config.exists():
            shutil.copytree(home / "config", config)
            said = SETTINGS.format(folder=self.folder, port=self.port, transport=free_port())
            (config / "elasticsearch.yml").write_text(said)
            (self.folder / "tmp").mkdir()
            self._own()
        env = {
            "PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java(21)), "ES_PATH_CONF": str(config),
            "ES_JAVA_OPTS": "-Xms1g -Xmx1g", "ES_TMPDIR": str(self.folder / "tmp"), "LANG": "C.UTF-8",
        }  # fmt: skip
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                [*_as_user(), "bash", str(home / "bin" / "elasticsearch")], env=env, cwd=self.folder, stdout=output,
                stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        child = self.process
        try:
            wait_until_http(f"{self.url}/_cluster/health", START_SECONDS, lambda: child.poll() is None)
        except ServiceUnavailableError as error:
            said = self._log.read_text(errors="replace")[-2000:]
            self.stop()
            raise ServiceUnavailableError(f"the Elasticsearch node did not start: {error}\n{said}") from None

    def stop(self, *, kill: bool = False) -> None:
        """Ask it to end, or end it at once; its data stay."""
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        # The program that starts the node leads a group of its own; asked to end, it ends the node first.
        if kill:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _own(self) -> None:
        if os.getuid() == 0:
            owner = pwd.getpwnam(USER)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)


def _as_user() -> list[str]:
    """A prefix that ends the node with us, and leaves root behind."""
    setpriv = shutil.which("setpriv")
    if not setpriv:
        if os.getuid() == 0:
            raise ServiceUnavailableError("Elasticsearch refuses to run as root; install setpriv (Debian: util-linux)")
        return []
    other = pwd.getpwnam(USER) if os.getuid() == 0 else None
    who = [f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"] if other else []
    return [setpriv, *who, "--pdeathsig", "TERM", "--"]


@contextmanager
def elasticsearch_node() -> Iterator[Elasticsearch]:
    """A node of our own, which a test may stop and start again; raises ServiceUnavailableError."""
    # Not below pytest's folder: nobody else may look into that one.
    node = Elasticsearch(Path(tempfile.mkdtemp(prefix="shenava-elasticsearch-")))
    try:
        node.start()
        yield node
    finally:
        node.stop()
        shutil.rmtree(node.folder, ignore_errors=True)


@contextmanager
def elasticsearch_server() -> Iterator[str]:
    """``http://host:port`` of a node: the one that SHENAVA_TEST_ELASTICSEARCH_URL names, else one of our own."""
    named = os.environ.get(NAMED)
    if named:
        yield named.rstrip("/")
        return
    with elasticsearch_node() as node:
        yield node.url
