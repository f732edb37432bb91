"""The Topics page: what is found, how far the search for it is, and what people do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from crm.ports.topics import FoundTopic
from crm.records import jobs
from crm.records import topics as records
from crm.usecases.topics import FIND, store
from dashboard.pages import topics
from tests.dashboard.presser import Desk, drawn
from tests.doubles.office import MONITOR, START, WORKSPACE, said

pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.bureau.close()


def found(desk: Desk) -> str:
    """A topic with a post; returns its id."""
    vector = np.array([1, 0], dtype=np.float32)
    one = FoundTopic(("card", "کارت", "blocked"), vector, 0.5, (0, 1, 2))
    store(desk.bureau.records, WORKSPACE, MONITOR, [one], [], desk.bureau.clock)
    with desk.bureau.records.read() as tx:
        topic = records.of_monitor(tx, WORKSPACE, MONITOR)[0].id
    desk.bureau.hear(structs.replace(said("a", "my card is gone"), topics=(topic,)))
    return topic


def kept(desk: Desk, topic: str) -> records.Topic:
    with desk.bureau.records.read() as tx:
        return records.get(tx, WORKSPACE, topic)


def command(kind: str, value: str) -> topics.Command:
    return {"kind": kind, "value": value}


def test_before_anything_was_looked_for(desk: Desk) -> None:
    with desk.seen():
        assert "No topics yet" in drawn(topics.layout())
    with desk.seen("fa"):
        assert "هنوز موضوعی نیست" in drawn(topics.layout(monitor=MONITOR))


def test_a_topic_opens_its_posts(desk: Desk) -> None:
    topic = found(desk)
    with desk.seen():
        tree = drawn(topics.layout())
    assert f'"href": "/search?q=topic%3A{topic}"' in tree
    assert "card, blocked, " in tree
    assert "1 post" in tree
    assert "my card is gone" in tree
    assert "net sentiment" in tree
    assert '"data-topic": "hide"' in tree
    with desk.seen("fa"):
        assert "خالص احساس" in drawn(topics.layout())


def test_the_search_says_how_far_it_is(desk: Desk) -> None:
    with desk.seen():
        assert "Waiting to begin" in drawn(topics.find(1, MONITOR))
    with desk.bureau.records.write() as tx:
        work = jobs.newest(tx, WORKSPACE, FIND)
        assert work is not None
        jobs.change(tx, work.id, START, state="running", total=1240)
    with desk.seen():
        assert "Looking for topics in 1,240 posts" in drawn(topics.redraw(None, MONITOR))
    with desk.bureau.records.write() as tx:
        jobs.change(tx, work.id, START, state="failed", error="Topics need packages")
    with desk.seen():
        tree = drawn(topics.redraw(None, MONITOR))
    assert "Topics could not be found" in tree
    assert "Topics need packages" in tree


def test_a_topic_is_named_hidden_and_shown_again(desk: Desk) -> None:
    topic = found(desk)
    with desk.seen():
        assert topics.do(command("rename", topic), MONITOR)[1:] == (True, "", topic)
        assert "Blocked cards" in drawn(topics.rename(1, "Blocked cards", topic, MONITOR)[0])
        assert "1 hidden topic" in drawn(topics.do(command("hide", topic), MONITOR)[0])
        assert kept(desk, topic).hidden
        assert "Shown again: Blocked cards" in drawn(topics.do(command("show", topic), MONITOR)[0])
    assert (kept(desk, topic).name, kept(desk, topic).hidden) == ("Blocked cards", False)


def test_themes_are_added_in_both_scripts_and_removed(desk: Desk) -> None:
    pressed = desk.press("topics-command.data", command("theme", "dark mode، حالت شب, night"), monitor=MONITOR)
    assert pressed.status_code == 200
    assert "Looked for from the next time on" in pressed.text
    (theme,) = desk.bureau.services.topics.themes(desk.actor, MONITOR)
    assert theme.words == ("dark mode", "حالت شب", "night")
    with desk.seen():
        topics.do(command("unseek", theme.id), MONITOR)
    assert desk.bureau.services.topics.themes(desk.actor, MONITOR) == []


def test_topics_by_the_api(desk: Desk) -> None:
    topic, bureau = found(desk), desk.bureau
    of_monitor = {"params": {"monitor": MONITOR}}
    (one,) = bureau.as_("agent", "GET", "/topics", **of_monitor).json()
    assert (one["id"], one["label"], one["posts"], one["examples"]) == (topic, "card, blocked, کارت", 1, ["bluesky:a"])
    assert bureau.as_("manager", "POST", "/topics/name", json={"topic": topic, "name": "Cards"}).status_code == 204
    assert bureau.as_("manager", "POST", "/topics/hide", json={"topic": topic}).status_code == 204
    assert bureau.as_("agent", "GET", "/topics", **of_monitor).json() == []
    hidden = bureau.as_("agent", "GET", "/topics", params={"monitor": MONITOR, "hidden": True}).json()
    assert [one["label"] for one in hidden] == ["Cards"]
    theme = bureau.as_("manager", "POST", "/topics/themes", json={"monitor": MONITOR, "words": ["night"]}).json()
    assert bureau.as_("agent", "GET", "/topics/themes", **of_monitor).json() == [theme]
    gone = bureau.as_("manager", "POST", "/topics/themes/remove", json={"theme": theme["id"]})
    assert gone.status_code == 204
    assert bureau.as_("manager", "POST", "/topics/find", json={"monitor": MONITOR}).status_code == 204
    assert bureau.as_("agent", "POST", "/topics/find", json={"monitor": MONITOR}).status_code == 403
    assert bureau.as_("agent", "GET", "/topics", params={"monitor": "nothing"}).status_code == 404
