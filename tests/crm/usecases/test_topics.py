"""Topics of a monitor: kept over refreshes, named and hidden by people, counted in what they may read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.ports.topics import FoundTopic
from crm.records import jobs
from crm.records import topics as records
from crm.usecases.monitors import RERUN
from crm.usecases.topics import FIND, Topics, ask_all, ask_stale, store, texts_of
from index.sqlite import SQLiteIndex
from tests.doubles.office import MONITOR, WORKSPACE, Office, actor, said

INES, LENA, ADA = actor("ines", "manager"), actor(), actor("ada", "analyst")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SQLiteIndex]:
    one = SQLiteIndex(tmp_path / "index.sqlite")
    yield one
    one.close()


@pytest.fixture
def topics(office: Office, index: SQLiteIndex) -> Topics:
    return Topics(office.records, index, office.clock)


def found(degrees: float, *words: str, posts: int = 10, seed: int | None = None) -> FoundTopic:
    angle = np.radians(degrees)
    vector = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    return FoundTopic(words, vector, 0.5, tuple(range(posts)), seed)


def refreshed(office: Office, *anew: FoundTopic) -> None:
    with office.records.read() as tx:
        themes = records.themes_of(tx, WORKSPACE, MONITOR)
    store(office.records, WORKSPACE, MONITOR, anew, themes, office.clock)
    office.clock.advance(60)


def kept(office: Office) -> list[records.Topic]:
    with office.records.read() as tx:
        return records.of_monitor(tx, WORKSPACE, MONITOR)


def asked(office: Office, kind: str) -> list[str]:
    with office.records.read() as tx:
        return [work.arguments["monitor"] for work in jobs.recent(tx, WORKSPACE, kind)]


def test_topics_keep_their_identity_and_their_names(office: Office, topics: Topics) -> None:
    refreshed(office, found(0, "card", "blocked", "کارت"), found(90, "fee", "charge", posts=5))
    card, fee = kept(office)
    topics.rename(INES, card.id, "  Blocked   cards ")
    refreshed(office, found(93, "fees", "charge", posts=20), found(4, "card", "stolen"), found(200, "night"))
    after = {one.id: one for one in kept(office)}
    assert after[card.id].words == ("card", "stolen")
    assert after[card.id].name == "Blocked cards"
    assert (after[fee.id].words, after[fee.id].posts) == (("fees", "charge"), 20)
    assert len(after) == 3
    assert asked(office, RERUN) == [MONITOR, MONITOR]
    with office.records.read() as tx:
        book = records.books(tx, WORKSPACE)[MONITOR]
    assert book.of(np.array([1, 0], dtype=np.float32)) == card.id
    assert book.of(np.array([0, -1], dtype=np.float32)) is None or book.ids


def test_what_became_of_them_is_told(office: Office, topics: Topics) -> None:
    refreshed(office, found(0, "card"), found(20, "cards", posts=4), found(180, "old", posts=3))
    refreshed(office, found(5, "card"))
    story = [(event.kind, called) for event, called in topics.story(LENA, MONITOR)]
    assert sorted(story) == [("gone", "old"), ("merged", "cards"), ("new", "card"), ("new", "cards"), ("new", "old")]
    merged = next(event for event, _ in topics.story(LENA, MONITOR) if event.kind == "merged")
    assert merged.other == kept(office)[0].id


def test_posts_are_counted_and_shown_within_reach(office: Office, topics: Topics, index: SQLiteIndex) -> None:
    refreshed(office, found(0, "card", "کارت"), found(90, "fee", posts=5))
    card, fee = kept(office)
    posts = [structs.replace(said(f"p{at}", at=-60 * at), topics=(card.id,)) for at in range(4)]
    posts += [structs.replace(said("good", sentiment="positive"), topics=(card.id,))]
    posts += [structs.replace(said("old", at=-40 * 24 * 60), topics=(card.id,))]
    posts += [structs.replace(said("dm", private=True), topics=(card.id,))]
    index.write(posts)
    view, other = topics.all(LENA, MONITOR)
    assert (view.label, view.posts, view.before, view.net) == ("card, کارت", 5, 1, -60.0)
    assert len(view.examples) == 3
    assert (other.topic.id, other.posts, other.net, other.examples) == (fee.id, 0, None, ())
    topics.hide(INES, card.id, True)
    assert [one.topic.id for one in topics.all(LENA, MONITOR)] == [fee.id]
    assert [one.topic.id for one in topics.all(LENA, MONITOR, hidden=True)] == [card.id]


def test_texts_are_those_of_others_newest_first(index: SQLiteIndex) -> None:
    index.write([said("a", "one", at=1), said("b", "two", at=2), said("c", "ours", at=3, own=True),
                 said("d", "elsewhere", monitors=("m9",)), said("e", "dm", private=True)])  # fmt: skip
    assert [one.post.text for one in texts_of(index, WORKSPACE, MONITOR, 10)] == ["two", "one"]
    assert len(texts_of(index, WORKSPACE, MONITOR, 1)) <= 1


def test_themes_are_sought_from_the_next_time_on(office: Office, topics: Topics) -> None:
    theme = topics.add_theme(INES, MONITOR, ["dark mode", " ", "حالت شب"])
    assert topics.themes(LENA, MONITOR)[0].words == ("dark mode", "حالت شب")
    refreshed(office, found(0, "dark", seed=0))
    assert kept(office)[0].theme_id == theme
    topics.remove_theme(INES, theme)
    assert topics.themes(LENA, MONITOR) == []
    with pytest.raises(NotFoundError):
        topics.remove_theme(INES, theme)
    with pytest.raises(InvalidInputError, match="one to 8 words"):
        topics.add_theme(INES, MONITOR, [" "])


def test_a_refresh_waits_once(office: Office, topics: Topics) -> None:
    topics.refresh(INES, MONITOR)
    topics.refresh(INES, MONITOR)
    assert asked(office, FIND) == [MONITOR]
    work = topics.work_of(LENA, MONITOR)
    assert work is not None
    assert work.state == "waiting"
    assert ask_all(office.records, office.clock) == 1
    assert asked(office, FIND) == [MONITOR]


def test_topics_are_found_anew_after_a_day(office: Office) -> None:
    refreshed(office, found(0, "card"))
    ask_stale(office.records, office.clock)
    assert asked(office, FIND) == []
    office.clock.advance(timedelta(days=1, minutes=1).total_seconds())
    ask_stale(office.records, office.clock)
    assert asked(office, FIND) == [MONITOR]


def test_who_may_what(office: Office, topics: Topics) -> None:
    refreshed(office, found(0, "card"))
    topic = kept(office)[0].id
    for forbidden in (
        lambda: topics.refresh(ADA, MONITOR), lambda: topics.rename(LENA, topic, "x"),
        lambda: topics.hide(LENA, topic, True), lambda: topics.add_theme(LENA, MONITOR, ["x"]),
    ):  # fmt: skip
        with pytest.raises(ForbiddenError):
            forbidden()
    limited = structs.replace(LENA, monitors=("m9",))
    for hidden in (lambda: topics.all(limited, MONITOR), lambda: topics.story(LENA, "nothing")):
        with pytest.raises(NotFoundError):
            hidden()
    with pytest.raises(InvalidInputError, match="at most 80"):
        topics.rename(INES, topic, "x" * 81)
    with pytest.raises(NotFoundError):
        topics.rename(INES, "nothing", "x")


def test_topics_go_with_their_monitor(office: Office) -> None:
    from crm.records import monitors

    refreshed(office, found(0, "card"))
    with office.records.write() as tx:
        monitors.remove(tx, WORKSPACE, MONITOR)
    assert kept(office) == []
    store(office.records, WORKSPACE, MONITOR, [found(0, "card")], [], office.clock)
    assert kept(office) == []
