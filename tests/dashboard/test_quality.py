"""The Quality page: figures by what people answered, and the queue of posts that wait for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from crm.policies.heads import Judged
from crm.records import heads
from crm.usecases.learning import TASK
from dashboard.pages import quality
from tests.dashboard.presser import Desk, drawn
from tests.doubles.office import START, WORKSPACE, said

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.bureau.close()


def test_before_anybody_answered(desk: Desk) -> None:
    with desk.seen():
        tree = drawn(quality.layout())
    assert "No answers yet" in tree
    assert "abstained on nothing" in tree
    with desk.seen("fa"):
        assert "هنوز پاسخی نیست" in drawn(quality.layout(task="nonsense"))


def test_the_queue_is_answered_and_the_figures_follow(desk: Desk) -> None:
    desk.bureau.hear(
        *[said(f"p{at}", "sure of this", at=at) for at in range(31)], said("q", "hm", sentiment=None, at=40)
    )
    with desk.seen():
        tree = drawn(quality.layout())
        assert '"data-of": "bluesky:q"' in tree
        assert '"data-quality": "neutral"' in tree
    pressed = desk.press("quality-command.data", {"post": "bluesky:q", "value": "neutral"}, task="sentiment")
    assert pressed.status_code == 200
    assert "Kept" in pressed.text
    for at in range(31):
        value = "negative" if at else "positive"
        desk.bureau.services.corrections.correct(desk.actor, f"bluesky:p{at}", "sentiment", value)
    with desk.seen():
        tree = drawn(quality.layout())
    assert "97%" in tree
    assert "of 31 judged posts" in tree
    assert "too little data" not in tree.split("Followers")[0].split("Length of the post")[0]
    for task in quality.TASKS:
        with desk.seen("fa"):
            assert "در انتظار آدم" in drawn(quality.layout(task=task))


def test_quality_by_the_api(desk: Desk) -> None:
    desk.bureau.hear(said("a"), said("b", "hm", sentiment=None))
    told = {"post_key": "bluesky:a", "task": "emotion", "value": "anger"}
    assert desk.bureau.as_("agent", "POST", "/posts/correct", json=told).status_code == 204
    report = desk.bureau.as_("analyst", "GET", "/quality", params={"task": "emotion"}).json()
    assert (report["whole"]["answered"], report["whole"]["judged"]) == (1, 0)
    queue = desk.bureau.as_("agent", "GET", "/quality/queue").json()
    assert [one["post"]["native_id"] for one in queue] == ["b"]
    assert desk.bureau.as_("agent", "GET", "/quality", params={"task": "weather"}).status_code == 422


def learned(desk: Desk, state: str) -> str:
    judged = Judged(taught=60, kept=30, right=27, before=24)
    with desk.bureau.records.write() as tx:
        return heads.add(tx, WORKSPACE, TASK, ("negative", "neutral", "positive"), "encoder-static 1",
                         np.zeros((3, 257)), judged, state, START)  # fmt: skip


def test_versions_are_shown_and_chosen(desk: Desk) -> None:
    first = learned(desk, "retired")
    learned(desk, "live")
    with desk.seen():
        tree = drawn(quality.layout())
        assert "90%" in tree
        assert "80%" in tree
        assert "In use" in tree
        quality.head({"kind": "pilot", "value": first}, "sentiment")
        assert "On a tenth" in drawn(quality.layout())
        quality.head({"kind": "use", "value": first}, "sentiment")
        quality.head({"kind": "back", "value": ""}, "sentiment")
        assert "Back to the shipped model" not in drawn(quality.layout())
        assert "Learning…" in drawn(quality.head({"kind": "learn", "value": ""}, "sentiment"))
    with desk.seen("fa", "agent"):
        assert '"data-head"' not in drawn(quality.layout())


def test_versions_by_the_api(desk: Desk) -> None:
    head, bureau = learned(desk, "retired"), desk.bureau
    assert bureau.as_("administrator", "POST", "/quality/use", json={"head": head}).status_code == 204
    assert [one["state"] for one in bureau.as_("agent", "GET", "/quality/heads").json()] == ["live"]
    assert bureau.as_("administrator", "POST", "/quality/take-back").status_code == 204
    assert bureau.as_("administrator", "POST", "/quality/learn").status_code == 204
    assert bureau.as_("agent", "POST", "/quality/learn").status_code == 403
    assert bureau.as_("administrator", "POST", "/quality/use", json={"head": "nothing"}).status_code == 404
