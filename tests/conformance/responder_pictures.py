"""What every Responder whose rules let pictures go with a reply must do.

A platform's test file inherits the class and provides besides `stage` a `gallery` (function scope).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from crm.errors import PermanentError, RetryableError
from crm.ports.responder import Attachment, CantLookError, MediaRule, UnknownOutcomeError
from tests.conformance.responder import TEXTS, Stage
from tests.doubles.pictures import picture
from tests.services.relay import LOST
from tests.services.web import Answer


@dataclass
class Gallery:
    """`shown` are the pictures that are out; `publishing` is called with one picture, `uploading` before it if at all.

    `words` are those of our posts as they are out.
    """

    publishing: str
    shown: Callable[[], list[bytes]]
    words: Callable[[], list[str]]
    uploading: str = ""


class Picturing:
    """Pictures go out with the reply, or nothing does."""

    def test_a_picture_goes_with_the_reply(self, stage: Stage, gallery: Gallery) -> None:
        one = picture(alt="a receipt")
        order = stage.order(media=(one,))
        sent = stage.responder.send(order)
        assert gallery.shown() == [one.content]
        assert [each.strip() for each in gallery.words()] == [TEXTS[0]]
        try:
            found = stage.responder.find(order)
        except CantLookError:
            return
        assert found is not None
        assert found.native_id == sent.native_id

    def test_as_many_as_the_rule_says_in_their_order(self, stage: Stage, gallery: Gallery) -> None:
        many = tuple(picture(f"{number}.png", width=number + 1) for number in range(rule(stage).count))
        stage.responder.send(stage.order(media=many))
        assert gallery.shown() == [one.content for one in many]

    @pytest.mark.parametrize("fault", ["count", "size", "empty", "kind", "way"])
    def test_what_can_not_go_is_refused_before_anything_is_asked(self, stage: Stage, fault: str) -> None:
        one, limits = picture(), rule(stage)
        way = "reply"
        media: tuple[Attachment, ...] = (one,)
        if fault == "count":
            media = (one,) * (limits.count + 1)
        elif fault == "size":
            media = (msgspec.structs.replace(one, content=bytes(limits.size + 1)),)
        elif fault == "empty":
            media = (msgspec.structs.replace(one, content=b""),)
        elif fault == "kind":
            media = (msgspec.structs.replace(one, kind="application/zip"),)
        else:
            way = "open"
        with pytest.raises(PermanentError):
            stage.responder.send(stage.order(media=media, way=way))
        assert stage.relay.web.asked == []

    def test_a_lost_answer_leaves_the_outcome_unknown(self, stage: Stage, gallery: Gallery) -> None:
        stage.relay.lose_answer(gallery.publishing)
        with pytest.raises(UnknownOutcomeError):
            stage.responder.send(stage.order(media=(picture(),)))
        stage.relay.mend()
        assert len(gallery.words()) == 1


class Uploading:
    """For platforms that are given the picture before the words."""

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [(LOST, RetryableError), (Answer(503), RetryableError), (Answer(422, b"{}"), PermanentError)],
    )
    def test_a_fault_while_uploading_means_not_sent(
        self, stage: Stage, gallery: Gallery, answer: Answer, kind: type[Exception]
    ) -> None:
        stage.relay.instead(gallery.uploading, answer)
        with pytest.raises(kind) as caught:
            stage.responder.send(stage.order(media=(picture(),)))
        assert not isinstance(caught.value, UnknownOutcomeError)
        assert gallery.words() == []
        stage.responder.send(stage.order(media=(picture(),)))
        assert len(gallery.words()) == len(gallery.shown()) == 1


def rule(stage: Stage) -> MediaRule:
    """What goes with a reply."""
    found = next(one.media for one in stage.responder.how(stage.answer_to, stage.account).rules if one.way == "reply")
    assert found is not None
    return found
