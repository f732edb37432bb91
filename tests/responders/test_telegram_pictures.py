"""Pictures and threads of bots."""

from __future__ import annotations

import pytest

from crm.errors import AuthorisationError, PermanentError
from crm.ports.responder import UnknownOutcomeError
from tests.conformance.responder import Stage
from tests.conformance.responder_pictures import Gallery, Picturing
from tests.doubles.pictures import picture
from tests.responders.test_telegram import DIRECT, TOKEN, BotApi, clock, refused, server, stage
from tests.services.web import Answer

__all__ = ["clock", "server", "stage"]

pytestmark = pytest.mark.slow

PHOTO, ALBUM = f"/bot{TOKEN}/sendPhoto", f"/bot{TOKEN}/sendMediaGroup"


@pytest.fixture
def gallery(server: BotApi) -> Gallery:
    return Gallery(PHOTO, lambda: server.pictures, lambda: [one["caption"] for one in server.sent if "photo" in one])


class TestPicturing(Picturing):
    def test_a_longer_text_than_a_caption_holds(self, stage: Stage) -> None:
        with pytest.raises(PermanentError, match="1024"):
            stage.responder.send(stage.order("a" * 1025, media=(picture(),)))
        assert stage.relay.web.asked == []
        stage.responder.send(stage.order("a" * 1024, media=(picture(),)))

    def test_an_album_is_one_answer_with_one_caption(self, stage: Stage, server: BotApi) -> None:
        sent = stage.responder.send(stage.order(media=(picture(), picture(width=4))))
        assert [one["caption"] for one in server.sent] == [stage.order().text, ""]
        assert all(one["reply_to_message"]["text"] == "My card was charged twice!" for one in server.sent)
        assert sent.native_id.endswith(f"/{server.sent[0]['message_id']}")
        assert stage.relay.calls(ALBUM) == 1

    @pytest.mark.parametrize("answer", [Answer(200, b'{"ok": true, "result": []}'), Answer(502)])
    def test_an_album_of_which_nothing_is_said(self, stage: Stage, answer: Answer) -> None:
        stage.relay.instead(ALBUM, answer)
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order(media=(picture(), picture())))

    def test_refusals_are_read_as_those_of_words(self, stage: Stage) -> None:
        stage.relay.instead(PHOTO, refused(403, "Forbidden: bot was blocked by the user"))
        with pytest.raises(PermanentError) as caught:
            stage.responder.send(stage.order(media=(picture(),)))
        assert not isinstance(caught.value, AuthorisationError)

    def test_in_the_name_of_a_business_account(self, stage: Stage, server: BotApi) -> None:
        asked = server.say(DIRECT, "hello?", "business_message", business_connection_id="bc1")
        key = f"{stage.responder.platform}:bc1/{DIRECT['id']}/{asked['message_id']}"
        stage.responder.send(stage.order(way="dm", answer_to=key, answer_to_url="", media=(picture(),)))
        assert (server.sent[0]["business_connection_id"], server.sent[0]["chat"]) == ("bc1", DIRECT)


def test_a_longer_text_goes_on_below_our_own_message(stage: Stage, server: BotApi) -> None:
    assert stage.responder.how(stage.answer_to, stage.account).allowed[0].threads
    first = stage.responder.send(stage.order("One, two"))
    key = f"{stage.responder.platform}:{first.native_id}"
    stage.responder.send(stage.order("and three.", "outbox-2", answer_to=key, answer_to_url=first.url))
    assert server.sent[1]["reply_to_message"]["text"] == "One, two"
