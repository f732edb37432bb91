"""The webhook over HTTP: signed or refused, durable before the answer, and nothing twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select

from collectors.webhook.source import WebhookSource
from crm import envelope
from crm.errors import RetryableError
from crm.ports.source import Batch, Job
from crm.records import deliveries, sources, tables
from crm.records.sources import SourceRow
from crm.usecases.deliveries import A_MINUTE, LARGEST, WRITE_SECONDS, signature_of
from crm.words import COLLECTED, CollectedEvent
from shenava.vault import FileVault
from tests.dashboard.bureau import Bureau, open_bureau
from tests.dashboard.desk import Desk
from tests.doubles.office import WORKSPACE, actor
from tests.services.jsonapi import a_post

pytestmark = pytest.mark.slow

MANAGER = actor("manager", "manager")


class Sender:
    """Another system that was given the secret."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        added = bureau.services.sources.add_with_secret(MANAGER, "webhook", "Forum", {"platform": "forum"})
        self.source, self.secret = added.source.id, added.secret
        self.log = bureau.log.consumer(COLLECTED, "test")

    def send(self, body: object, *, late: int = 0, source: str = "", **headers: str) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(self.bureau.clock.now().timestamp()) - late)
        said = {"X-Shenava-Timestamp": stamp, "X-Shenava-Signature": signature_of(self.secret, stamp, raw)}
        said |= {f"X-Shenava-{name.title()}": value for name, value in headers.items()}
        path = f"/webhook/{source or self.source}"
        given = {name: value.encode("latin-1") for name, value in said.items() if value}
        return self.bureau.browser.send("POST", path, content=raw, headers=given)

    def stored(self) -> list[CollectedEvent]:
        return [envelope.decode_collected(event.value) for event in self.log.poll(1000, 0)]

    def refused(self) -> dict[str, int]:
        found = self.bureau.services.deliveries.refused(MANAGER, self.source)
        return {one.kind: one.times for one in found}


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    bureau = open_bureau(tmp_path)
    yield Sender(bureau)
    bureau.close()


def test_what_is_signed_is_stored_before_it_is_answered(sender: Sender) -> None:
    answer = sender.send([a_post(1), a_post(2), {"id": 3}], delivery="d1")
    assert (answer.status_code, answer.json()["accepted"], answer.json()["repeated"]) == (202, 2, False)
    assert answer.json()["rejected"][0].startswith("item 3: ")
    assert sorted(event.post.key for event in sender.stored()) == ["forum:1", "forum:2"]  # type: ignore[union-attr]
    with sender.bureau.records.read() as tx:
        row = sources.get(tx, WORKSPACE, sender.source)
        sealed = sources.sealed_of(tx, sender.source)
    assert row is not None
    assert (row.collected, row.rejected, row.state) == (2, 1, "running")
    assert row.last_success == sender.bureau.clock.now()
    assert sender.secret.encode() not in sealed
    assert sender.secret not in str(row)


def test_a_repeated_delivery_does_nothing_and_is_no_error(sender: Sender) -> None:
    for delivery in ("d1", "d1", "d2", ""):
        answer = sender.send(a_post(1), delivery=delivery)
        assert answer.status_code == 202
        assert answer.json()["repeated"] == (delivery != "d1" or answer.json()["accepted"] == 0)
    sender.bureau.clock.advance(60)  # type: ignore[attr-defined]
    assert sender.send(a_post(1), delivery="d1").json()["repeated"]
    assert len(sender.stored()) == 1


def test_an_id_of_another_message_is_refused(sender: Sender) -> None:
    sender.send(a_post(1), delivery="d1")
    assert sender.send(a_post(2), delivery="d1").status_code == 400
    assert sender.refused() == {"reused": 1}


@pytest.mark.parametrize(("headers", "kind"), [
    ({"signature": ""}, "unsigned"), ({"timestamp": ""}, "unsigned"),
    ({"signature": "sha256=" + "0" * 64}, "signature"),
    ({"signature": "é"}, "signature"), ({"timestamp": "1"}, "signature"), ({"timestamp": "soon"}, "signature"),
])  # fmt: skip
def test_what_is_not_signed_is_refused(sender: Sender, headers: dict[str, Any], kind: str) -> None:
    answer = sender.send(a_post(1), **headers)
    assert (answer.status_code, answer.json()["error"]) == (401, kind)
    assert answer.json()["message"].endswith((".", "?"))
    assert sender.stored() == []
    assert sender.refused() == {kind: 1}


@pytest.mark.parametrize("late", [301, -301])
def test_old_timestamps_are_refused(sender: Sender, late: int) -> None:
    assert sender.send(a_post(1), late=late).json()["error"] == "old"
    assert sender.send(a_post(1), late=late - (1 if late > 0 else -1)).status_code == 202


def test_a_stranger_learns_nothing_of_which_webhooks_there_are(sender: Sender) -> None:
    there, nowhere = sender.send(a_post(1), signature="sha256=00"), sender.send(a_post(1), source="nowhere")
    assert (there.status_code, there.json()) == (nowhere.status_code, nowhere.json())


@pytest.mark.parametrize(("name", "kind"), [("no\0id", "webhook"), ("0" * 26, "jetstream")])
def test_only_ids_of_webhooks_are_looked_for(sender: Sender, name: str, kind: str) -> None:
    with sender.bureau.records.write() as tx:
        sources.put(tx, SourceRow(name, WORKSPACE, kind, "Other", {}, sender.bureau.clock.now()))
    answer = sender.send(a_post(1), source=quote(name))
    assert (answer.status_code, answer.json()["error"]) == (401, "signature")
    assert sender.bureau.services.deliveries.refused(MANAGER, name) == []


def test_large_bodies_are_not_read(sender: Sender) -> None:
    answer = sender.send(b"[" + b" " * LARGEST + b"]")
    assert answer.status_code == 413
    assert sender.refused() == {"large": 1}
    assert sender.send(b"[" + b" " * (LARGEST - 2) + b"]").status_code == 202


def test_broken_bodies_are_refused_and_may_come_again_mended(sender: Sender) -> None:
    assert sender.send(b'{"text"', delivery="d1").status_code == 400
    assert sender.send(a_post(1), delivery="d1").status_code == 202


def test_too_many_have_to_wait(sender: Sender) -> None:
    codes = [sender.send(a_post(n % 50)).status_code for n in range(A_MINUTE + 1)]
    assert codes == [202] * A_MINUTE + [429]
    sender.bureau.clock.advance(61)  # type: ignore[attr-defined]
    assert sender.send(a_post(1)).status_code == 202


def test_a_paused_webhook_asks_for_patience(sender: Sender) -> None:
    services, manager = sender.bureau.services, MANAGER
    services.sources.set_enabled(manager, sender.source, enabled=False)
    answer = sender.send(a_post(1))
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (429, "paused", "60")
    services.sources.set_enabled(manager, sender.source, enabled=True)
    assert sender.send(a_post(1)).status_code == 202


def test_what_can_not_be_stored_is_not_acknowledged(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> int:
        raise RetryableError("The log is busy.")

    with monkeypatch.context() as patched:
        patched.setattr(type(sender.bureau.log), "append", busy)
        assert sender.send(a_post(1), delivery="d1").status_code == 503
    assert sender.send(a_post(1), delivery="d1").json() == {"accepted": 1, "rejected": [], "repeated": False}


def test_records_that_are_away_are_no_fault_of_the_sender(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise RetryableError("The records do not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(type(sender.bureau.records), "read", away)
        codes = [sender.send(body).status_code for body in (a_post(1), b" " * (LARGEST + 1))]
    assert codes == [503, 503]


def test_a_message_that_breaks_off_is_refused(sender: Sender) -> None:
    said, app = list[Any](), sender.bureau.browser.app

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(part: Any) -> None:
        said.append(part)

    scope = {
        "type": "http", "method": "POST", "path": f"/webhook/{sender.source}", "raw_path": b"", "root_path": "",
        "query_string": b"", "headers": [(b"host", b"localhost")], "scheme": "http", "http_version": "1.1",
        "server": ("localhost", 80), "client": ("127.0.0.1", 1), "app": app,
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert said[0]["status"] == 400


def test_refusals_are_written_now_and_then_whoever_comes(sender: Sender) -> None:
    for _ in range(3):
        sender.send(a_post(1), signature="sha256=00")
    assert written(sender) == {}
    sender.bureau.clock.advance(WRITE_SECONDS)  # type: ignore[attr-defined]
    sender.send(a_post(1), source="nowhere")
    assert written(sender) == {"signature": 3}
    sender.send(a_post(1), signature="sha256=00")
    assert sender.refused() == {"signature": 4}


def test_counts_wait_while_the_records_are_away(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise RetryableError("The records do not answer.")

    sender.send(a_post(1), signature="sha256=00")
    sender.bureau.clock.advance(WRITE_SECONDS)  # type: ignore[attr-defined]
    with monkeypatch.context() as patched:
        patched.setattr(type(sender.bureau.records), "write", away)
        assert sender.send(a_post(1), signature="sha256=00").status_code == 401
    assert sender.refused() == {"signature": 2}


def written(sender: Sender) -> dict[str, int]:
    with sender.bureau.records.read() as tx:
        return {one.kind: one.times for one in deliveries.refused(tx, WORKSPACE, sender.source)}


class Meddling(WebhookSource):
    """A kind that lets something happen while it reads a message."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self._happens = happens

    def read(self, job: Job, body: bytes, now: datetime) -> Batch:
        self._happens()
        return super().read(job, body, now)


def test_a_webhook_that_is_paused_meanwhile_stays_paused(sender: Sender) -> None:
    services = sender.bureau.services.sources
    meddling(sender, lambda: services.set_enabled(MANAGER, sender.source, enabled=False))
    assert sender.send(a_post(1)).status_code == 202
    (row,) = services.all(MANAGER)
    assert (row.enabled, row.state, row.collected) == (False, "stopped", 1)


def test_a_webhook_that_is_removed_meanwhile_leaves_nothing(sender: Sender) -> None:
    meddling(sender, lambda: sender.bureau.services.sources.remove(MANAGER, sender.source))
    sender.send(a_post(1), signature="sha256=00")
    assert sender.send([a_post(1), {"id": 2}]).status_code == 202
    assert sender.refused() == {}
    with sender.bureau.records.read() as tx:
        for table in (tables.deliveries, tables.refusals, tables.rejects, tables.source_activity):
            assert tx.execute(select(table)).all() == []


def meddling(sender: Sender, happens: Callable[[], None]) -> None:
    sender.bureau.kinds = {**sender.bureau.kinds, "webhook": Meddling(happens)}
    anew(sender)


def anew(sender: Sender) -> None:
    """The console starts again."""
    for name in ("services", "browser"):
        sender.bureau.__dict__.pop(name, None)


def test_a_secret_of_another_key_is_no_wrong_signature(sender: Sender) -> None:
    sender.bureau.vault = FileVault(b"another key of thirty-two bytes.")
    anew(sender)
    answer = sender.send(a_post(1))
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "key", "60")
    assert sender.refused() == {"key": 1}
    assert sender.send(a_post(1), source="0" * 26).status_code == 401


def test_a_new_secret_ends_the_old_one(sender: Sender) -> None:
    old = sender.secret
    answer = sender.bureau.as_("manager", "POST", f"/sources/{sender.source}/secret")
    assert answer.status_code == 201
    assert sender.send(a_post(1)).status_code == 401
    sender.secret = answer.json()["secret"]
    assert sender.secret != old
    assert sender.send(a_post(1)).status_code == 202
    assert sender.bureau.as_("agent", "POST", f"/sources/{sender.source}/secret").status_code == 403
    assert sender.bureau.as_("stranger", "POST", f"/sources/{sender.source}/secret").status_code == 404


def test_a_browser_is_told_what_the_address_is_for(sender: Sender) -> None:
    assert sender.bureau.browser.get(f"/webhook/{sender.source}").status_code == 405
    assert sender.bureau.browser.send("POST", "/webhook/a/b").status_code == 405


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_console_shows_the_secret_once(sender: Sender, language: str) -> None:
    desk = Desk(sender.bureau, "manager", language)
    said = desk.take("health", "add!", "webhook", platform="eitaa", kept="cases", name="Eitaa")
    assert "whsec_" in said.text
    row = next(one for one in desk.bureau.services.sources.all(desk.actor) if one.name == "Eitaa")
    assert f"http://localhost/webhook/{row.id}" in said.text
    sender.send(a_post(1), signature="sha256=00")
    drawer = desk.take("health", "open", sender.source)
    assert "whsec_" not in drawer.text
    assert f"/webhook/{sender.source}" in drawer.text
    assert ("Refused: wrong signature" if language == "en" else "امضای نادرست") in drawer.text
    assert desk.take("health", "secret", row.id).opened("dialog") is True
    assert "whsec_" in desk.take("health", "secret!", row.id).text
    assert "whsec_" not in desk.open("/status")
