"""Pictures, lengths and threads on X."""

from __future__ import annotations

import msgspec
import pytest

from crm.errors import AuthorisationError, PermanentError
from responders.x import DESCRIBE, MESSAGE_LIMIT, UPLOAD
from responders.x_text import LIMIT
from tests.conformance.responder import Stage
from tests.conformance.responder_pictures import Gallery, Picturing, Uploading
from tests.doubles.pictures import picture
from tests.responders.test_x import POSTS, X, description, message, ours, question, refused, server, stage

__all__ = ["description", "question", "server", "stage"]

pytestmark = pytest.mark.slow


@pytest.fixture
def gallery(server: X) -> Gallery:
    return Gallery(
        POSTS,
        lambda: [server.uploaded[one.key.partition("_")[2]] for post in server.posts for one in post.media],
        lambda: [ours(server, post) for post in server.posts if post.author == server.us],
        UPLOAD,
    )


class TestUploading(Uploading):
    """Nothing is out before the post is made."""


class TestPicturing(Picturing):
    def test_what_a_picture_shows_is_said(self, stage: Stage, server: X) -> None:
        stage.responder.send(stage.order(media=(picture(alt="a receipt"), picture())))
        assert [one.alt for one in server.posts[-1].media] == ["a receipt", ""]
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order("Again", media=(picture(alt="a" * 1001),)))

    def test_a_description_that_fails_publishes_nothing(self, stage: Stage) -> None:
        stage.relay.instead(DESCRIBE, refused(400, "Invalid Request", "No such media."))
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(media=(picture(alt="a receipt"),)))
        assert stage.published() == []

    def test_a_token_that_may_not_upload(self, stage: Stage) -> None:
        stage.relay.instead(UPLOAD, refused(403, "Forbidden", "You are not permitted to use this feature."))
        with pytest.raises(AuthorisationError):
            stage.responder.send(stage.order(media=(picture(),)))

    def test_what_only_calls_itself_a_picture(self, stage: Stage) -> None:
        lie = msgspec.structs.replace(picture(), content=b"MZ")
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(media=(lie,)))
        assert stage.published() == []

    def test_a_message_takes_one_and_is_found(self, stage: Stage, server: X) -> None:
        order = stage.order(media=(picture(),), **message(server))
        sent = stage.responder.send(order)
        assert [server.uploaded[one["media_id"]] for one in server.bodies[-1]["attachments"]] == [picture().content]
        assert stage.responder.find(order) == sent
        with pytest.raises(PermanentError):
            stage.responder.send(msgspec.structs.replace(order, media=(picture(),) * 2))

    def test_what_quotes_takes_none(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(way="quote", media=(picture(),)))
        assert stage.relay.web.asked == []


def test_a_longer_text_goes_on_below_our_own_post(stage: Stage, server: X) -> None:
    reply, quote = stage.responder.how(stage.answer_to, stage.account).allowed[:2]
    assert (reply.threads, quote.threads) == (True, False)
    first = stage.responder.send(stage.order("One, two"))
    second = stage.order("and three.", "outbox-2", answer_to=f"x:{first.native_id}", answer_to_url=first.url)
    sent = stage.responder.send(second)
    assert stage.responder.find(second) == sent
    assert server.posts[-1].answered is server.posts[-2]


def test_a_message_is_counted_in_characters(stage: Stage) -> None:
    text = "https://bank.example.com/a/rather/long/way/to/help 🙏🏽"
    assert stage.responder.count(text, "dm") == type(stage.responder.count(""))(len(text), MESSAGE_LIMIT)
    assert (
        stage.responder.count(text, "quote")
        == stage.responder.count(text)
        == type(stage.responder.count(""))(26, LIMIT)
    )
