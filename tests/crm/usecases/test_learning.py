"""Learning from people: versions, which is used, and how posts are answered by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.errors import InvalidInputError, NotFoundError
from crm.policies.access import ForbiddenError
from crm.policies.heads import kept
from crm.records import corrections, heads, jobs
from crm.records.corrections import Answer
from crm.usecases.learning import FRESH, LEARN, TASK, Learning, ask_where_answers_are_new, learn_now
from enrich.encoder import StaticEncoder
from enrich.language import LanguageModel
from enrich.sentiment import SentimentModel
from index.sqlite import SQLiteIndex
from tests.doubles.office import WORKSPACE, Office, actor, said

BOSS, LENA = actor("boss", "administrator"), actor()
SLANG = "this fee is fire"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SQLiteIndex]:
    one = SQLiteIndex(tmp_path / "index.sqlite")
    yield one
    one.close()


@pytest.fixture
def learning(office: Office) -> Learning:
    return Learning(office.records, office.clock)


def answered(office: Office, index: SQLiteIndex, many: int, start: int = 0) -> None:
    """People said the same of so many posts that are nearly alike."""
    posts = [said(f"thi{at}", f"{SLANG} number {at}") for at in range(start, start + many)]
    index.write(posts)
    with office.records.write() as tx:
        for at, one in enumerate(posts):
            corrections.keep(tx, Answer(
                f"thi{start + at:06}", WORKSPACE, one.post.key, TASK, "positive", "neutral", "test 1", "en", 20, "",
                None, "lena", office.clock.now(),
            ))  # fmt: skip


def learn(office: Office, index: SQLiteIndex) -> heads.HeadRow:
    model, encoder = SentimentModel(LanguageModel()), StaticEncoder()
    learn_now(office.records, index, model, encoder, WORKSPACE, office.clock)
    office.clock.advance(1)
    with office.records.read() as tx:
        return heads.every(tx, WORKSPACE, TASK)[0]


def used(office: Office) -> list[tuple[str, float]]:
    with office.records.read() as tx:
        return [(one.version, one.share) for one in heads.in_use(tx, WORKSPACE, "encoder-static 1").get(TASK, ())]


def test_what_people_say_is_learned_judged_and_used(office: Office, index: SQLiteIndex) -> None:
    answered(office, index, 90)
    one = learn(office, index)
    assert one.state == "live"
    assert one.judged.kept == sum(kept(f"bluesky:thi{at}") for at in range(90))
    assert one.judged.taught == 90 - one.judged.kept
    assert one.judged.right == one.judged.kept
    assert used(office) == [("1", 1.0)]
    with office.records.read() as tx:
        (head,) = heads.in_use(tx, WORKSPACE, "encoder-static 1")[TASK]
        assert heads.in_use(tx, WORKSPACE, "another 1") == {}
    model, encoder = SentimentModel(LanguageModel()), StaticEncoder()
    text = [f"{SLANG} number 4711"]
    assert head.labels[head.shares(model.shares(text), encoder.encode(text)).argmax()] == "positive"


def test_too_few_answers_are_not_used(office: Office, index: SQLiteIndex) -> None:
    answered(office, index, 6)
    assert learn(office, index).state == "refused"
    assert used(office) == []
    assert learn(office, index).number == 2


def test_versions_are_used_tried_and_taken_back(office: Office, index: SQLiteIndex, learning: Learning) -> None:
    answered(office, index, 60)
    first, second = learn(office, index), learn(office, index)
    assert used(office) == [("2", 1.0)]
    learning.use(BOSS, first.id, pilot=True)
    assert used(office) == [("1", 0.1), ("2", 1.0)]
    learning.use(BOSS, first.id)
    assert used(office) == [("1", 1.0)]
    assert [one.state for one in learning.versions(LENA)] == ["retired", "live"]
    learning.take_back(BOSS)
    assert used(office) == []
    learning.use(BOSS, second.id)
    assert used(office) == [("2", 1.0)]
    with pytest.raises(NotFoundError):
        learning.use(BOSS, "nothing")
    with pytest.raises(ForbiddenError):
        learning.use(LENA, first.id)


def test_a_version_that_did_worse_may_only_be_tried(office: Office, index: SQLiteIndex, learning: Learning) -> None:
    answered(office, index, 6)
    worse = learn(office, index)
    with pytest.raises(InvalidInputError, match="try it as a pilot"):
        learning.use(BOSS, worse.id)
    learning.use(BOSS, worse.id, pilot=True)
    assert used(office) == [("1", 0.1)]


def test_new_answers_are_learned_from_by_themselves(office: Office, index: SQLiteIndex, learning: Learning) -> None:
    def waiting() -> int:
        with office.records.read() as tx:
            return len(jobs.recent(tx, WORKSPACE, LEARN))

    answered(office, index, FRESH - 1)
    ask_where_answers_are_new(office.records, office.clock)
    assert waiting() == 0
    answered(office, index, 1, start=FRESH)
    ask_where_answers_are_new(office.records, office.clock)
    ask_where_answers_are_new(office.records, office.clock)
    assert waiting() == 1
    learning.learn(BOSS)
    assert waiting() == 1
    work = learning.work(LENA)
    assert work is not None
    assert work.state == "waiting"


def test_posts_that_are_gone_teach_nothing(office: Office, index: SQLiteIndex) -> None:
    answered(office, index, 30)
    index.delete(WORKSPACE, [f"bluesky:thi{at}" for at in range(30)])
    one = learn(office, index)
    assert (one.judged.taught, one.judged.kept, one.state) == (0, 0, "refused")
