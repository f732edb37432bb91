"""What other systems hand over: read by the same paths as any JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from threading import Event

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import UnusableDeliveryError
from collectors.webhook import WebhookSource
from collectors.webhook.source import MOST_POSTS
from crm.errors import InvalidInputError
from crm.ports.source import Job, Receiving
from crm.words import Collected, Removed
from tests.conformance.source import Options, Stage
from tests.services.jsonapi import a_post

pytestmark = pytest.mark.slow

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
JOB = Job("s1", {"platform": "eitaa"}, "", "w1")


@pytest.fixture
def stage() -> Stage:
    bad = {
        "platform": {"platform": "ایتا"}, "map": {"map": "text"}, "zone": {"zone": "Teheran"}, "kept": {"kept": "some"},
    }  # fmt: skip
    return Stage(WebhookSource(), {"platform": "eitaa"}, [], bad, platform="eitaa")


class TestOptions(Options):
    pass


class TestReading:
    def test_one_post_or_a_list(self) -> None:
        source = WebhookSource()
        assert isinstance(source, Receiving)
        for body in (a_post(1), [a_post(1)], {"posts": [a_post(1)]}, {"event": "new", "post": a_post(1)}):
            (event,) = source.read(JOB, json.dumps(body).encode(), NOW).events
            assert isinstance(event, Collected)
            assert (event.post.key, event.source, event.workspace, event.origin) == ("eitaa:1", "s1", "w1", "addressed")

    def test_deletions(self) -> None:
        (event,) = WebhookSource().read(JOB, b'{"items": [{"id": 7, "deleted": true}]}', NOW).events
        assert event == Removed("s1", NOW, "eitaa:7", workspace="w1")

    def test_bad_posts_among_good_ones(self) -> None:
        batch = WebhookSource().read(JOB, json.dumps([a_post(1), {"id": 2}, a_post(3, createdAt="soon")]).encode(), NOW)
        assert (len(batch.events), [one.where for one in batch.rejected]) == (1, ["item 2", "item 3"])

    def test_what_is_said_of_bad_posts_can_be_stored(self) -> None:
        body = json.dumps([a_post(1), {"bad\0key": 2}]).encode()
        (one,) = WebhookSource().read(JOB, body, NOW).rejected
        assert "badkey" in one.reason
        assert "\0" not in one.where + one.reason + "".join(one.params.values())

    def test_an_empty_list_is_a_greeting(self) -> None:
        assert WebhookSource().read(JOB, b"[]", NOW).idle

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"7", b'{"id": 1}', json.dumps([a_post(1)] * (MOST_POSTS + 1)).encode()]
    )
    def test_what_holds_nothing_is_refused(self, body: bytes) -> None:
        with pytest.raises(UnusableDeliveryError):
            WebhookSource().read(JOB, body, NOW)

    @given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
    def test_nothing_but_its_own_error(self, body: bytes) -> None:
        try:
            batch = WebhookSource().read(JOB, body, NOW)
        except InvalidInputError:
            return
        assert msgspec.json.encode(batch)

    def test_it_asks_nobody(self, stage: Stage) -> None:
        with pytest.raises(StopIteration):
            next(iter(WebhookSource().collect(JOB, stage.transport(), stage.clock, Event())))
