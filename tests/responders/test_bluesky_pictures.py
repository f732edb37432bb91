"""Pictures and threads on a real Bluesky server."""

from __future__ import annotations

import httpx
import msgspec
import pytest

from crm.errors import PermanentError
from crm.ports.responder import Length
from responders.bluesky import PICTURES
from tests.conformance.responder import Stage
from tests.conformance.responder_pictures import Gallery, Picturing, Uploading
from tests.doubles.pictures import picture
from tests.responders.test_bluesky import PUBLISHING, XRPC, Bluesky, Member, brand, customer, stage

__all__ = ["brand", "customer", "stage"]

pytestmark = pytest.mark.server

RATIO = {"$type": "app.bsky.embed.defs#aspectRatio"}


@pytest.fixture
def gallery(bluesky: Bluesky, brand: Member, stage: Stage) -> Gallery:
    def shown() -> list[bytes]:
        images = [image for post in bluesky.posts(brand) for image in post["value"].get("embed", {}).get("images", [])]
        return [blob(bluesky, brand, one["image"]["ref"]["$link"]) for one in images]

    return Gallery(PUBLISHING, shown, stage.published, f"{XRPC}.repo.uploadBlob")


def blob(bluesky: Bluesky, member: Member, cid: str) -> bytes:
    """What the server keeps for a picture."""
    url = f"{bluesky.url}{XRPC}.sync.getBlob"
    return httpx.get(url, params={"did": member.did, "cid": cid}, trust_env=False).raise_for_status().content


class TestUploading(Uploading):
    """Nothing is out before the record is made."""


class TestPicturing(Picturing):
    def test_what_it_shows_and_its_measures_are_said(self, stage: Stage, bluesky: Bluesky, brand: Member) -> None:
        stage.responder.send(stage.order(media=(picture(alt="a receipt"),)))
        image = bluesky.posts(brand)[0]["value"]["embed"]["images"][0]
        assert (image["alt"], image["aspectRatio"]) == ("a receipt", RATIO | {"width": 3, "height": 2})
        assert image["image"]["mimeType"] == "image/png"

    def test_the_server_takes_the_largest(self, stage: Stage, gallery: Gallery) -> None:
        one = picture()
        large = msgspec.structs.replace(one, content=one.content.ljust(PICTURES.size, b"\0"))
        stage.responder.send(stage.order(media=(large,)))
        assert gallery.shown() == [large.content]

    def test_a_quotation_with_a_picture(self, stage: Stage, bluesky: Bluesky, brand: Member) -> None:
        stage.responder.send(stage.order(way="quote", media=(picture(),)))
        embed = bluesky.posts(brand)[0]["value"]["embed"]
        assert embed["record"]["record"]["uri"] == stage.answer_to.native_id
        assert len(embed["media"]["images"]) == 1

    def test_a_message_takes_none(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(way="dm", media=(picture(),)))
        assert stage.relay.web.asked == []


def test_a_longer_text_goes_on_below_our_own_post(stage: Stage, bluesky: Bluesky, brand: Member) -> None:
    assert stage.responder.how(stage.answer_to, stage.account).allowed[0].threads
    first = stage.responder.send(stage.order("One, two"))
    key = f"bluesky:{first.native_id}"
    sent = stage.responder.send(stage.order("and three.", "outbox-2", answer_to=key, answer_to_url=first.url))
    reply = next(post["value"]["reply"] for post in bluesky.posts(brand) if post["uri"] == sent.native_id)
    assert (reply["root"]["uri"], reply["parent"]["uri"]) == (stage.answer_to.native_id, first.native_id)


def test_a_message_may_be_longer(stage: Stage) -> None:
    assert stage.responder.count("hi 🙏🏽", "dm") == Length(4, 1000)
    assert stage.responder.count("hi 🙏🏽", "quote") == Length(4, 300)
