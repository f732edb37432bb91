"""How good the models are: by what people answered, where it errs, what waits, and what drifts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from crm.errors import InvalidInputError
from crm.policies.access import Actor, ForbiddenError
from crm.records import corrections as records
from crm.records import erasure
from crm.usecases.corrections import Corrections
from crm.usecases.quality import ENOUGH, Drift, Quality, Score, drifts
from crm.words import COLLECTED, EnrichedPost, Label
from enrich.duplicates import MinHash
from index.sqlite import SQLiteIndex
from stream.sqlite import SQLiteLog
from tests.doubles.office import START, WORKSPACE, Office, actor, said

LENA, OMID, ADA = actor(), actor("omid"), actor("ada", "analyst")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SQLiteIndex]:
    one = SQLiteIndex(tmp_path / "index.sqlite")
    yield one
    one.close()


@pytest.fixture
def quality(office: Office, index: SQLiteIndex) -> Quality:
    return Quality(office.records, index, office.clock)


class People:
    """Answers, a second after one another."""

    def __init__(self, office: Office, corrections: Corrections) -> None:
        self._office, self._corrections = office, corrections

    def correct(self, who: Actor, post: str, task: str, value: str) -> None:
        self._corrections.correct(who, post, task, value)
        self._office.clock.advance(1)


@pytest.fixture
def people(office: Office, index: SQLiteIndex, tmp_path: Path) -> Iterator[People]:
    log = SQLiteLog(tmp_path / "stream.sqlite", office.clock)
    yield People(office, Corrections(office.records, index, log, office.clock))
    log.close()


def by(post: EnrichedPost, followers: int) -> EnrichedPost:
    author = structs.replace(post.post.author, followers=followers)
    return structs.replace(post, post=structs.replace(post.post, author=author))


def test_the_model_is_judged_by_peoples_last_word(quality: Quality, people: People, index: SQLiteIndex) -> None:
    index.write([by(said("a", "short"), 20), by(said("b", "x" * 200), 50_000), said("c", sentiment=None)])
    people.correct(LENA, "bluesky:a", "sentiment", "negative")
    people.correct(LENA, "bluesky:b", "sentiment", "negative")
    people.correct(OMID, "bluesky:b", "sentiment", "positive")
    people.correct(LENA, "bluesky:c", "sentiment", "neutral")
    view = quality.report(LENA, "sentiment")
    assert view.whole == Score("", 3, 2, 1)
    assert view.languages == (Score("en", 3, 2, 1),)
    assert view.models == (Score("test 1", 3, 2, 1),)
    assert view.lengths == (Score("short", 2, 1, 1), Score("long", 1, 1, 0))
    assert view.followers == (Score("few", 1, 1, 1), Score("many", 1, 1, 0))
    assert (view.together, view.same) == (1, 0)
    assert not view.whole.enough
    assert quality.report(LENA, "urgency").whole == Score("", 0, 0, 0)


def test_what_the_model_had_said_is_remembered_after_people_outranked_it(
    quality: Quality, people: People, index: SQLiteIndex
) -> None:
    post = said("a")
    index.write([post])
    people.correct(LENA, post.post.key, "sentiment", "positive")
    index.write([structs.replace(post, sentiment=Label("positive", 1.0, "person", ""), revision=2)])
    people.correct(OMID, post.post.key, "sentiment", "negative")
    view = quality.report(LENA, "sentiment")
    assert view.models == (Score("test 1", 1, 1, 1),)
    assert (view.together, view.same) == (1, 0)


def test_people_agree_by_their_own_last_word(quality: Quality, people: People, index: SQLiteIndex) -> None:
    index.write([said("a")])
    for who, value in ((LENA, "neutral"), (OMID, "positive"), (LENA, "positive")):
        people.correct(who, "bluesky:a", "sentiment", value)
    view = quality.report(LENA, "sentiment")
    assert (view.together, view.same) == (1, 1)


def test_emotion_and_offence_are_answered_too(quality: Quality, people: People, index: SQLiteIndex) -> None:
    index.write([said("a")])
    people.correct(LENA, "bluesky:a", "emotion", "anger")
    people.correct(LENA, "bluesky:a", "offence", "offensive")
    assert quality.report(LENA, "offence").whole.answered == 1
    with pytest.raises(InvalidInputError, match="can't be corrected"):
        people.correct(LENA, "bluesky:a", "offence", "rude")


def test_the_queue_holds_what_models_left_to_people(quality: Quality, index: SQLiteIndex) -> None:
    index.write([said("sure"), said("unsure", sentiment=None, at=1), said("old", sentiment=None, at=-40 * 24 * 60),
                 said("ours", sentiment=None, own=True), said("empty", "", sentiment=None)])  # fmt: skip
    assert [one.post.native_id for one in quality.queue(LENA, "sentiment")] == ["unsure"]
    assert quality.queue(LENA, "offence") == []


def test_shares_that_moved_are_an_alarm(office: Office, quality: Quality, index: SQLiteIndex) -> None:
    past = [said(f"p{at}", at=-(8 * 24 * 60 + at), sentiment="negative" if at % 4 else "positive") for at in range(80)]
    now = [said(f"n{at}", at=at, sentiment="positive" if at % 4 else None) for at in range(60)]
    index.write([*past, *now])
    office.clock.advance(timedelta(hours=2).total_seconds())
    view = quality.report(LENA, "sentiment")
    assert view.recent_posts == 60
    assert {one.value: (round(one.share, 2), round(one.before, 2), one.alarm) for one in view.drift} == {
        "positive": (0.75, 0.25, True), "": (0.25, 0.0, True), "negative": (0.0, 0.75, True),
    }  # fmt: skip


def test_chance_is_no_alarm() -> None:
    assert not any(one.alarm for one in drifts(Counter(a=20, b=16), Counter(a=18, b=18)))
    assert list(drifts(Counter(a=ENOUGH - 1), Counter(a=500))) == []
    assert list(drifts(Counter(a=900, b=100), Counter(a=1000))) == [
        Drift("a", 0.9, 1.0, True), Drift("b", 0.1, 0.0, True),
    ]  # fmt: skip


def test_answers_about_an_erased_post_go(office: Office, people: People, index: SQLiteIndex) -> None:
    index.write([said("a")])
    people.correct(LENA, "bluesky:a", "sentiment", "neutral")
    with office.records.write() as tx:
        assert "bluesky:a" in erasure.named(tx, WORKSPACE).posts
        erasure.remove(tx, WORKSPACE, ["bluesky:a"], [])
        assert records.answered(tx, WORKSPACE, "sentiment") == []


def test_who_may_what(quality: Quality) -> None:
    outsider = structs.replace(LENA, role="guest")
    with pytest.raises((ForbiddenError, KeyError)):
        quality.report(outsider, "sentiment")
    with pytest.raises(InvalidInputError, match="no question 'weather'"):
        quality.report(ADA, "weather")
    assert START


def test_posts_of_the_same_words_come_again_too(office: Office, index: SQLiteIndex, tmp_path: Path) -> None:
    bands = MinHash().bands(["my card was blocked again this week", "my card was blocked again last month"])
    index.write([structs.replace(said("a"), bands=bands[0]), structs.replace(said("b"), bands=bands[0]),
                 structs.replace(said("c"), bands=bands[1]), said("d")])  # fmt: skip
    log = SQLiteLog(tmp_path / "again.sqlite", office.clock)
    Corrections(office.records, index, log, office.clock).correct(LENA, "bluesky:a", "sentiment", "neutral")
    assert log.append(COLLECTED, ()) == 1
    with office.records.read() as tx:
        assert records.of_same_words(tx, WORKSPACE) == {" ".join(bands[0]): {"sentiment": "neutral"}}
    Corrections(office.records, index, log, office.clock).correct(LENA, "bluesky:d", "sentiment", "neutral")
    assert log.append(COLLECTED, ()) == 2
    log.close()
