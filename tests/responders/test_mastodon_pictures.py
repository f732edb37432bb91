"""Pictures and threads on Mastodon."""

from __future__ import annotations

import pytest

from tests.conformance.responder import Stage
from tests.conformance.responder_pictures import Gallery, Picturing, Uploading
from tests.doubles.pictures import picture
from tests.responders.test_mastodon import recordings, server, stage
from tests.services.mastodon import MEDIA, STATUSES, MastodonStandIn

__all__ = ["recordings", "server", "stage"]

pytestmark = pytest.mark.slow


@pytest.fixture
def gallery(server: MastodonStandIn, stage: Stage) -> Gallery:
    return Gallery(STATUSES, lambda: [one.content for one in server.pictures], stage.published, MEDIA)


class TestPicturing(Picturing):
    def test_its_words_and_its_name_go_along(self, stage: Stage, server: MastodonStandIn) -> None:
        stage.responder.send(stage.order(media=(picture("bill.png", alt="a bill, charged twice"), picture())))
        assert [(one.name, one.kind) for one in server.pictures] == [
            ("bill.png", "image/png"),
            ("receipt.png", "image/png"),
        ]
        assert list(server.described.values()) == ["a bill, charged twice", ""]


class TestUploading(Uploading):
    pass


def test_a_longer_text_goes_on_below_our_own_post(stage: Stage, server: MastodonStandIn) -> None:
    assert stage.responder.how(stage.answer_to, stage.account).allowed[0].threads
    first = stage.responder.send(stage.order("One, two"))
    key, here = f"mastodon:{first.native_id}", f"{stage.account.base_url}/{first.url.split(chr(47), 3)[3]}"
    second = stage.responder.send(stage.order("and three.", "outbox-2", answer_to=key, answer_to_url=here))
    ours = {one["uri"]: one for one in server.statuses}
    assert ours[second.native_id]["in_reply_to_id"] == ours[first.native_id]["id"]
