"""Pictures and lengths on Facebook and Instagram."""

from __future__ import annotations

import pytest

from crm.errors import PermanentError
from crm.ports.responder import Length
from tests.conformance.responder import Stage
from tests.conformance.responder_pictures import Gallery, Picturing
from tests.doubles.pictures import picture
from tests.responders.test_meta import Meta, meta, stage

__all__ = ["meta", "stage"]

pytestmark = pytest.mark.slow


@pytest.fixture
def gallery(meta: Meta, stage: Stage) -> Gallery:
    return Gallery(stage.publishing, lambda: meta.pictures, lambda: meta.published)


@pytest.mark.parametrize("stage", ["facebook"], indirect=True)
class TestPicturing(Picturing):
    def test_a_message_is_words_or_a_file(self, stage: Stage) -> None:
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(way="dm", media=(picture(),)))
        assert stage.relay.web.asked == []


@pytest.mark.parametrize("stage", ["instagram"], indirect=True)
def test_instagram_takes_none(stage: Stage) -> None:
    assert all(rule.media is None for rule in stage.responder.how(stage.answer_to, stage.account).rules)
    with pytest.raises(PermanentError):
        stage.responder.send(stage.order(media=(picture(),)))
    assert stage.relay.web.asked == []


def test_messages_have_a_measure_of_their_own(stage: Stage) -> None:
    by_platform = {"facebook": (Length(4, 8_000), Length(4, 2_000)), "instagram": (Length(4, 2_200), Length(7, 1_000))}
    expected = by_platform[stage.responder.platform]
    assert (stage.responder.count("né🙏"[:2] + "h!"), stage.responder.count("né🙏"[2] + "hi!", "dm")) == expected
