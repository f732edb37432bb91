from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec import structs

from crm import envelope
from crm.errors import PermanentError
from crm.policies.heads import Head
from crm.policies.ties import TieBook
from crm.ports.log import Event
from crm.ports.signals import Signals
from crm.ports.topics import TopicBook
from crm.query import MonitorSet, parse
from crm.usecases.corrections import again
from crm.usecases.snapshots import Snapshot, WorkspaceSnapshot
from crm.words import (
    AGAIN,
    Aspect,
    Author,
    Collected,
    CollectedEvent,
    EnrichedEvent,
    EnrichedPost,
    Label,
    Origin,
    Post,
    Removed,
    RemovedPost,
)
from enrich.duplicates import MinHash
from enrich.encoder import StaticEncoder
from enrich.language import LanguageModel
from enrich.pipeline import Enricher, Models
from enrich.sentiment import SentimentModel

NOW = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


class Says:
    """A model with one answer."""

    def __init__(self, value: str | None) -> None:
        self.name, self.version, self.labels, self._value = "fixed", "1", (value or "",), value

    def predict(self, texts: Sequence[str], among: Sequence[str] | None = None) -> list[Label]:
        del among
        return [Label(self._value, 0.9, self.name, self.version) for _ in texts]


class Praises:
    """Finds praise of the price in everything."""

    name, version = "fixed", "1"

    def read(self, texts: Sequence[str], languages: Sequence[str | None]) -> list[Signals]:
        assert len(texts) == len(languages)
        sure = Label("positive", 0.9, self.name, self.version)
        said = structs.replace(sure, value="praise")
        return [
            Signals(
                (said,),
                structs.replace(sure, value="joy"),
                structs.replace(sure, value="other"),
                (Aspect("price", sure),),
            )
            for _ in texts
        ]


def workspace(name: str = "w1", **more: object) -> WorkspaceSnapshot:
    queries = {"m1": parse("nanmah"), "m2": parse("bread sentiment:negative")}
    fields: dict[str, object] = {
        "id": name, "revision": 7, "monitors": MonitorSet(queries), "queries": queries, "sources": frozenset({"feed"}),
        "own": frozenset({"bluesky:us"}), "ties": TieBook(emails={"mina@mail.example": "c1"}),
        "threads": frozenset({"bluesky:watched"}), "corrections": {},
    }  # fmt: skip
    return WorkspaceSnapshot(**{**fields, **more})  # type: ignore[arg-type]


def enricher(*workspaces: WorkspaceSnapshot) -> Enricher:
    found = Snapshot({one.id: one for one in workspaces})
    return Enricher(
        Models(Says("en"), Says("negative"), Says(None), MinHash(), Praises(), StaticEncoder()),
        lambda: found,
        lambda: found,
    )


def said(text: str, *, who: str = "mina", bio: str = "", origin: Origin = "stream", **more: str) -> Collected:
    author = Author("bluesky", who, who, bio=bio)
    post = Post("bluesky", "p1", author, text, NOW, parent_key=more.get("parent"), root_key=more.get("root"))
    return Collected(more.get("source", "feed"), post, NOW, origin, more.get("workspace"))


def run(one: Enricher, *events: CollectedEvent) -> list[EnrichedEvent]:
    raw = [Event("posts.collected", 0, at, "k", envelope.encode(event), NOW) for at, event in enumerate(events)]
    return [envelope.decode_enriched(record.value) for record in one(raw)]


def posts(found: list[EnrichedEvent]) -> list[EnrichedPost]:
    return [one for one in found if isinstance(one, EnrichedPost)]


def test_a_mention_is_understood_and_marked() -> None:
    (one,) = posts(run(enricher(workspace()), said("Nanmah bread is late")))
    assert one.monitors == ("m1", "m2")
    assert (one.language.value, one.sentiment.value, one.urgency.value) == ("en", "negative", None)
    assert one.tokens == "nanmah bread is late"
    assert one.version == int(NOW.timestamp()) << 31 | 7


def test_what_matches_nothing_is_dropped_unless_it_was_asked_for() -> None:
    one = enricher(workspace())
    assert run(one, said("the weather")) == []
    kept = [
        said("the weather", origin="import", workspace="w1"),
        said("the weather", who="us"),
        said("the weather", root="bluesky:watched"),
        said("the weather", parent="bluesky:watched"),
    ]
    assert [len(run(one, event)) for event in kept] == [1, 1, 1, 1]


def test_what_comes_again_or_was_edited_replaces_what_is_there_though_it_matches_no_more() -> None:
    one = enricher(workspace())
    (unmarked,) = posts(run(one, said("the weather", source=AGAIN, workspace="w1")))
    assert unmarked.monitors == ()
    heard = said("the weather")
    (edited,) = posts(run(one, structs.replace(heard, post=structs.replace(heard.post, edited_at=NOW))))
    assert edited.monitors == ()


def test_a_correction_that_ends_a_match_arrives() -> None:
    one = enricher(workspace(corrections={"bluesky:p1": {"sentiment": "positive"}}))
    (before,) = posts(run(enricher(workspace()), said("bread")))
    assert before.monitors == ("m2",)
    collected = envelope.decode_collected(again(before, NOW).value)
    (after,) = posts(run(one, collected))
    assert (after.sentiment.value, after.monitors) == ("positive", ())


def test_what_comes_again_is_what_it_was() -> None:
    own = structs.replace(said("nanmah", origin="import", workspace="w1"), own=True, open_cases=True)
    (before,) = posts(run(enricher(workspace()), own))
    later = NOW + timedelta(days=1)
    (after,) = posts(run(enricher(workspace()), envelope.decode_collected(again(before, later).value)))
    assert after == before


def test_a_shared_source_fans_out_to_those_who_use_it() -> None:
    one = enricher(workspace("w1"), workspace("w2"), workspace("w3", sources=frozenset()))
    assert [post.workspace for post in posts(run(one, said("nanmah")))] == ["w1", "w2"]
    assert [post.workspace for post in posts(run(one, said("nanmah", workspace="w3")))] == ["w3"]
    assert run(one, said("nanmah", workspace="gone")) == []


def test_our_own_posts_are_ours_and_tie_nobody() -> None:
    (ours,) = posts(run(enricher(workspace()), said("nanmah", who="us", bio="mina@mail.example")))
    (theirs,) = posts(run(enricher(workspace()), said("nanmah", bio="Mina, mina@mail.example")))
    assert (ours.own, ours.customer) == (True, None)
    assert (theirs.own, theirs.customer) == (False, "c1")


def test_people_outrank_models() -> None:
    one = enricher(workspace(corrections={"bluesky:p1": {"sentiment": "positive", "urgency": "high"}}))
    (post,) = posts(run(one, said("nanmah bread")))
    assert post.sentiment == Label("positive", 1.0, "person", "")
    assert (post.urgency.value, post.language.value) == ("high", "en")
    assert post.monitors == ("m1",)


def test_a_post_in_finglish_holds_the_persian_that_it_says() -> None:
    queries = {"m1": parse("سلام"), "m2": parse("خراب NEAR/3 گوشی"), "m3": parse("من")}
    finglish = workspace(monitors=MonitorSet(queries), queries=queries)
    text = "salam, man goshim kharab shode"
    model = enricher(finglish)
    assert posts(run(model, said(text))) == []
    model = enricher(
        workspace(monitors=MonitorSet(queries), queries=queries, corrections={"bluesky:p1": {"language": "fa-Latn"}})
    )
    (one,) = posts(run(model, said(text)))
    assert one.monitors == ("m1", "m3")
    assert one.tokens.startswith("salam man goshim kharab shode سلام من گوشیم خراب شده")


def test_removals_go_to_everybody_concerned() -> None:
    one = enricher(workspace("w1"), workspace("w2", sources=frozenset()))
    shared = Removed("feed", NOW, post_key="bluesky:p1")
    assert run(one, shared) == [RemovedPost("w1", NOW, "bluesky:p1")]
    private = Removed("feed", NOW, author_key="bluesky:mina", workspace="w2")
    assert run(one, private) == [RemovedPost("w2", NOW, author_key="bluesky:mina")]


def test_demo_posts_are_marked() -> None:
    (one,) = posts(run(enricher(workspace()), said("nanmah", origin="demo", workspace="w1")))
    assert one.made_up


def test_an_unreadable_event_is_a_permanent_error() -> None:
    with pytest.raises(PermanentError):
        enricher(workspace())([Event("posts.collected", 0, 1, "k", b"{", NOW)])


def test_a_post_carries_what_near_duplicates_are_found_by() -> None:
    (first,) = run(enricher(workspace()), said("nanmah has the very best bread of the town"))
    (second,) = run(
        enricher(workspace()), said("NanMah has the very best bread of the town!! https://a.example", who="b")
    )
    (empty,) = run(enricher(workspace()), said("", origin="import"))
    assert isinstance(first, EnrichedPost)
    assert isinstance(second, EnrichedPost)
    assert isinstance(empty, EnrichedPost)
    assert first.bands == second.bands
    assert len(first.bands) == 14
    assert empty.bands == ()


def test_monitors_ask_for_what_was_signalled() -> None:
    queries = {"m1": parse("intent:praise aspect:price/positive"), "m2": parse("emotion:anger OR is:offensive")}
    one = enricher(workspace(monitors=MonitorSet(queries), queries=queries))
    (found,) = posts(run(one, said("cheap bread")))
    assert (found.monitors, found.wants, found.feeling, found.offensive) == (("m1",), ("praise",), "joy", False)
    assert found.spoken_of == ("price", "price/positive")


def test_a_post_belongs_to_the_nearest_topic_of_each_of_its_monitors() -> None:
    encoder = StaticEncoder()
    vectors = encoder.encode(["the bread is late again", "lovely fresh bread"])
    book = TopicBook(("late", "lovely"), vectors, np.array([0.5, 0.5], dtype=np.float32))
    one = enricher(workspace(topics={"m1": book, "m9": book}))
    near, far = said("nanmah bread was late again"), said("nanmah tax office opening hours")
    assert [found.topics for found in posts(run(one, near, far))] == [("late",), ()]
    assert posts(run(enricher(workspace(topics={"m2": book})), said("bread: late again")))[0].topics == ("late",)
    assert posts(run(enricher(workspace()), near))[0].topics == ()


def test_a_workspace_is_answered_by_what_it_taught_on_its_share_of_the_posts() -> None:
    weights = np.zeros((3, 257))
    weights[2, -1] = 9
    labels = ("negative", "neutral", "positive")
    sentiment = SentimentModel(LanguageModel())
    models = Models(Says("en"), sentiment, Says(None), MinHash(), Praises(), StaticEncoder())

    def answer(*heads: Head, **more: object) -> tuple[str | None, str, str]:
        found = Snapshot({"w1": workspace(heads={"sentiment": heads}, **more)})
        (one,) = posts(run(Enricher(models, lambda: found, lambda: found), said("nanmah bread is awful")))
        return one.sentiment.value, one.sentiment.model, one.sentiment.version

    assert answer() == ("negative", "sentiment-ngrams", "1")
    assert answer(Head("4", labels, weights)) == ("positive", "sentiment-ngrams+own", "4")
    assert answer(Head("5", labels, weights, share=0.0), Head("4", labels, 0 * weights))[2] == "4"
    corrected = {"bluesky:p1": {"sentiment": "neutral"}}
    assert answer(Head("4", labels, weights), corrections=corrected)[:2] == ("neutral", "person")


def test_a_post_of_the_same_words_gets_the_answer_that_people_gave() -> None:
    text = "nanmah bread was late again this whole week"
    bands = " ".join(MinHash().bands([text])[0])
    one = enricher(workspace(same_words={bands: {"sentiment": "neutral"}}))
    (same,) = posts(run(one, said(f"@nanmah {text}!!! https://a.example/1")))
    assert (same.sentiment.value, same.sentiment.model) == ("neutral", "person-same-words")
    (other,) = posts(run(one, said(f"{text} and cold")))
    assert other.sentiment.value == "negative"
    both = workspace(
        same_words={bands: {"sentiment": "neutral"}}, corrections={"bluesky:p1": {"sentiment": "positive"}}
    )
    assert posts(run(enricher(both), said(text)))[0].sentiment.value == "positive"
