"""A real Bluesky server: a PDS and a PLC directory from npm, described in tests/servers/bluesky."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.services.process import ServiceUnavailableError, free_port, running, wait_until_http

HOME = Path(__file__).resolve().parent.parent / "servers" / "bluesky"
COLLECTION = "app.bsky.feed.post"
LONG_AGO = datetime(2026, 1, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Member:
    """An account on the test server."""

    did: str
    handle: str
    password: str
    token: str


class Bluesky:
    """What the tests do on the server, through its plain HTTP interface."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self.url, self._client = url, client

    @property
    def firehose(self) -> str:
        """The websocket address of everything that is said here."""
        return self.url.replace("http", "ws", 1) + "/xrpc/com.atproto.sync.subscribeRepos"

    def create_account(self, name: str, password: str = "a-password-for-tests") -> Member:
        """A new account ``name.test``."""
        handle = f"{name}.test"
        body = {"handle": handle, "email": f"{name}@example.com", "password": password}
        made = self._call("com.atproto.server.createAccount", body)
        return Member(made["did"], handle, password, made["accessJwt"])

    def post(
        self, member: Member, text: str, answer_to: str | None = None, root: str | None = None,
        created_at: datetime = LONG_AGO,
    ) -> str:  # fmt: skip
        """Publish a post, or an answer to the post with this uri; returns its uri."""
        record: dict[str, Any] = {"$type": COLLECTION, "text": text, "createdAt": created_at.isoformat()}
        if answer_to:
            record["reply"] = {"root": self._reference(root or answer_to), "parent": self._reference(answer_to)}
        body = {"repo": member.did, "collection": COLLECTION, "record": record}
        return str(self._call("com.atproto.repo.createRecord", body, member.token)["uri"])

    def delete(self, member: Member, uri: str) -> None:
        """Remove a post."""
        body = {"repo": member.did, "collection": COLLECTION, "rkey": uri.rpartition("/")[2]}
        self._call("com.atproto.repo.deleteRecord", body, member.token)

    def posts(self, member: Member, collection: str = COLLECTION) -> list[dict[str, Any]]:
        """Everything the account has published, as records (uri, cid, value)."""
        params = {"repo": member.did, "collection": collection, "limit": "100"}
        answer = self._client.get(f"{self.url}/xrpc/com.atproto.repo.listRecords", params=params).raise_for_status()
        return list(answer.json()["records"])

    def _reference(self, uri: str) -> dict[str, str]:
        did, collection, rkey = uri.removeprefix("at://").split("/")
        params = {"repo": did, "collection": collection, "rkey": rkey}
        answer = (
            self._client.get(f"{self.url}/xrpc/com.atproto.repo.getRecord", params=params).raise_for_status().json()
        )
        return {"uri": answer["uri"], "cid": answer["cid"]}

    def _call(self, method: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._client.post(f"{self.url}/xrpc/{method}", json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"{method}: {answer.status_code} {answer.text}")
        return dict(answer.json()) if answer.content else {}


@contextmanager
def bluesky_server(folder: Path) -> Iterator[Bluesky]:
    """Start the server with its data in `folder`; raises ServiceUnavailableError where it can't be had."""
    node = install()
    port, plc_port = free_port(), free_port()
    log = folder / "server.log"
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    env = os.environ | {"NODE_ENV": "production"}
    with running([node, "start.mjs", str(port), str(plc_port), str(data)], log, env, HOME) as child:
        url = f"http://localhost:{port}"
        try:
            wait_until_http(f"{url}/xrpc/_health", 60.0, lambda: child.poll() is None)
        except ServiceUnavailableError as error:
            tail = log.read_text(errors="replace")[-2000:]
            raise ServiceUnavailableError(f"the Bluesky server did not start: {error}\n{tail}") from None
        with httpx.Client(timeout=30.0, trust_env=False) as client:
            yield Bluesky(url, client)


def install() -> str:
    """Install the pinned packages if they aren't there yet, once for all workers; returns the path of node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise ServiceUnavailableError("the Bluesky server needs node 20 or newer with npm")
    modules = HOME / "node_modules"
    stamp = modules / ".installed"
    wanted = hashlib.sha256((HOME / "package-lock.json").read_bytes()).hexdigest()
    modules.mkdir(exist_ok=True)
    with (HOME / ".npmrc").open("rb") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            print("Installing the Bluesky server for the tests: once, about two minutes.", file=sys.stderr)
            env = os.environ | _headers_of(Path(node))
            _npm([npm, "ci", "--ignore-scripts"], env)
            _npm([npm, "rebuild", "better-sqlite3"], env)
            stamp.write_text(wanted)
    return node


def _npm(command: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=HOME, env=env, stdout=sys.stderr, check=False)
    if done.returncode:
        raise ServiceUnavailableError(f"`{' '.join(command[1:])}` failed in {HOME}; run it there to see why")


def _headers_of(node: Path) -> dict[str, str]:
    """Where node's own headers lie beside it, building against them needs no download."""
    prefix = node.resolve().parent.parent
    return {"npm_config_nodedir": str(prefix)} if (prefix / "include" / "node" / "node.h").exists() else {}
