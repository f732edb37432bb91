"""What every PostIndex must do. An adapter's test file inherits the classes and provides one fixture.

`index`: an empty index. What it counts is asked in :mod:`tests.conformance.post_index_counts`.
The judge is :mod:`tests.conformance.index_judge` with the in-memory matcher.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from crm.errors import InvalidInputError
from crm.ports.index import Bucket, Order, PostIndex, Scope
from crm.query import parse
from crm.query.tree import And, Everything, Field, Node, Not, Or, Words
from crm.words import EnrichedPost, Media
from tests.conformance import index_judge as judge
from tests.conformance.index_judge import NOON, document, post

ACME = Scope("acme")
DAY = timedelta(days=1)


def ids(found: Sequence[EnrichedPost]) -> list[str]:
    """Native ids of posts."""
    return [one.post.native_id for one in found]


def found(index: PostIndex, query: Node | str, scope: Scope = ACME) -> list[str]:
    """Native ids of the hits, newest first."""
    return ids(index.search(scope, parse(query, zone="UTC") if isinstance(query, str) else query).hits)


def pages(index: PostIndex, query: Node, order: Order, limit: int, scope: Scope = ACME) -> Iterator[list[EnrichedPost]]:
    """The pages of a search until its end."""
    cursor = None
    while True:
        page = index.search(scope, query, order, limit, cursor)
        yield list(page.hits)
        if page.cursor is None:
            return
        cursor = page.cursor


def rows(buckets: Sequence[Bucket]) -> list[tuple[str | int, ...]]:
    return [(*bucket.keys, bucket.posts) for bucket in buckets]


class Writing:
    def test_a_document_comes_back_as_it_was(self, index: PostIndex) -> None:
        whole = document(
            post("1", "كتابِ خوب 🙂 https://shop.example", NOON + timedelta(microseconds=123456), followers=7,
                 media=(Media("image", "https://cdn.example/1.png", "عکس"),), links=("https://shop.example",)),
            monitors=("b", "a"), customer="c1", sentiment=None,
        )  # fmt: skip
        index.write([whole])
        assert index.get(ACME, ["x:1"]) == [whole]
        assert index.search(ACME, Everything()).hits == (whole,)

    def test_nothing_is_written_for_nothing(self, index: PostIndex) -> None:
        index.write([])
        assert index.count(ACME, Everything()) == []

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    @pytest.mark.parametrize("batches", [1, 3])
    def test_the_greatest_version_wins_in_every_order(
        self, index: PostIndex, order: tuple[int, ...], batches: int
    ) -> None:
        versions = [
            document(post("1", "نخست alpha"), revision=9, sentiment="negative"),
            document(post("1", "دوم beta", edited_at=NOON + DAY), revision=1, sentiment="neutral"),
            document(post("1", "سوم gamma", edited_at=NOON + DAY), revision=2, sentiment="positive"),
        ]
        arriving = [versions[place] for place in order]
        for batch in [arriving] if batches == 1 else [[one] for one in arriving]:
            index.write(batch)
        assert index.get(ACME, ["x:1"]) == [versions[2]]
        assert [found(index, word) for word in ("alpha", "beta", "gamma")] == [[], [], ["1"]]
        assert rows(index.count(ACME, Everything(), ["sentiment"])) == [("positive", 1)]

    def test_an_equal_version_overwrites(self, index: PostIndex) -> None:
        index.write([document(post("1", "alpha"))])
        index.write([document(post("1", "beta"), monitors=("brand",))])
        assert (found(index, "alpha"), found(index, "beta monitor:brand")) == ([], ["1"])

    def test_redelivery_changes_nothing(self, index: PostIndex) -> None:
        batch = [document(post(str(n), f"متن {n}", NOON + n * DAY), monitors=("brand",)) for n in range(20)]
        index.write(batch)
        before = index.count(ACME, Everything(), ["day", "monitor", "sentiment"])
        index.write(batch[::-1])
        index.write([*batch, *batch])
        assert index.count(ACME, Everything(), ["day", "monitor", "sentiment"]) == before
        assert len(found(index, Everything())) == 20

    def test_a_post_may_move_in_time_and_between_monitors(self, index: PostIndex) -> None:
        index.write([document(post("1", at=NOON), monitors=("brand", "rival"))])
        moved = document(
            post("1", at=NOON - DAY * 400, edited_at=NOON + DAY), monitors=("rival",), sentiment="positive"
        )
        index.write([moved])
        assert rows(index.count(ACME, Everything(), ["day", "monitor", "sentiment"])) == [
            ("2025-02-14", "rival", "positive", 1)
        ]
        assert (found(index, "monitor:brand"), found(index, "until:2025-12-31")) == ([], ["1"])

    def test_the_same_post_lives_in_each_workspace_apart(self, index: PostIndex) -> None:
        index.write(
            [document(post("1", "alpha"), workspace=name, revision=n) for n, name in enumerate(["acme", "zeta"])]
        )
        index.delete("zeta", ["x:1"])
        assert (found(index, "alpha"), found(index, "alpha", Scope("zeta"))) == (["1"], [])


class Deleting:
    def test_posts_go_from_every_read(self, index: PostIndex) -> None:
        index.write([document(post(str(n), f"راز secret{n}", root="0"), monitors=("brand",)) for n in range(4)])
        assert index.delete("acme", ["x:1", "x:3", "x:99"]) == 2
        assert sorted(found(index, Everything())) == ["0", "2"]
        assert found(index, "secret1") == []
        assert rows(index.count(ACME, Everything(), ["monitor"])) == [("brand", 2)]
        assert ids(index.get(ACME, ["x:1", "x:2"])) == ["2"]
        assert ids(index.thread(ACME, ["x:0"])) == ["0", "2"]

    def test_everything_of_an_author_goes_and_of_nobody_else(self, index: PostIndex) -> None:
        index.write([
            document(post("1", author="U1")), document(post("2", author="U1", private=True)),
            document(post("3", author="u1")), document(post("4", author="U1"), workspace="zeta"),
            document(post("5", author="U1", platform="mastodon")),
        ])  # fmt: skip
        assert index.delete("acme", author_keys=["x:U1", "x:nobody"]) == 2
        assert sorted(found(index, Everything(), Scope("acme", private=True))) == ["3", "5"]
        assert found(index, Everything(), Scope("zeta")) == ["4"]

    def test_a_post_named_twice_goes_once(self, index: PostIndex) -> None:
        index.write([document(post("1"))])
        assert index.delete("acme", ["x:1", "x:1"], ["x:u1"]) == 1
        assert index.delete("acme", ["x:1"], ["x:u1"]) == 0

    def test_an_unknown_workspace_has_nothing_to_delete(self, index: PostIndex) -> None:
        assert index.delete("nobody", ["x:1"], ["x:u1"]) == 0

    def test_a_deleted_post_may_come_back(self, index: PostIndex) -> None:
        index.write([document(post("1", "alpha"), revision=5)])
        index.delete("acme", ["x:1"])
        index.write([document(post("1", "beta"), revision=1)])
        assert (found(index, "alpha"), found(index, "beta")) == ([], ["1"])


class Scoping:
    @pytest.fixture(autouse=True)
    def posts(self, index: PostIndex) -> None:
        index.write([
            document(post("open"), monitors=("brand",)), document(post("both"), monitors=("brand", "rival")),
            document(post("rival"), monitors=("rival",)), document(post("none", root="open")),
            document(post("secret", private=True), monitors=("brand",)),
            document(post("theirs"), workspace="zeta", monitors=("brand",)),
        ])  # fmt: skip

    @pytest.mark.parametrize(
        ("scope", "expected"),
        [
            (Scope("acme"), {"open", "both", "rival", "none"}),
            (Scope("acme", private=True), {"open", "both", "rival", "none", "secret"}),
            (Scope("acme", ("brand",)), {"open", "both"}),
            (Scope("acme", ("brand",), private=True), {"open", "both", "secret"}),
            (Scope("acme", ("brand", "rival")), {"open", "both", "rival"}),
            (Scope("acme", ()), set()),
            (Scope("acme", ("Brand",)), set()),
            (Scope("zeta"), {"theirs"}),
            (Scope("nobody"), set()),
        ],
    )
    @pytest.mark.parametrize("query", [Everything(), Words(("سلام",)), Not(Words(("هیچ",))), Or((Words(("دنیا",)),))])
    def test_every_read_keeps_to_it(self, index: PostIndex, scope: Scope, expected: set[str], query: Node) -> None:
        keys = [f"x:{name}" for name in ("open", "both", "rival", "none", "secret", "theirs")]
        assert set(found(index, query, scope)) == expected
        assert set(ids(index.search(scope, query, "relevance").hits)) == expected
        assert sum(bucket.posts for bucket in index.count(scope, query)) == len(expected)
        assert sum(bucket.posts for bucket in index.count(scope, query, ["platform", "day"])) == len(expected)
        assert set(ids(index.get(scope, keys))) == expected

    def test_no_field_opens_what_is_closed(self, index: PostIndex) -> None:
        query = Or((Field("is", ":", "private"), Field("monitor", ":", "rival")))
        assert found(index, query, Scope("acme", ("brand",))) == ["both"]
        assert rows(index.count(Scope("acme", ("brand",)), Field("is", ":", "private"), ["platform"])) == []

    def test_only_permitted_monitors_are_named_in_counts(self, index: PostIndex) -> None:
        assert rows(index.count(Scope("acme", ("brand",)), Everything(), ["monitor"])) == [("brand", 2)]
        assert rows(index.count(ACME, Everything(), ["monitor"])) == [("brand", 2), ("rival", 2)]

    def test_a_thread_shows_all_of_itself_but_private_posts(self, index: PostIndex) -> None:
        assert set(ids(index.thread(Scope("acme", ("brand",)), ["x:open", "x:secret"]))) == {"open", "none"}
        assert ids(index.thread(Scope("acme", (), private=True), ["x:secret"])) == ["secret"]
        assert index.thread(Scope("zeta"), ["x:open"]) == []


class Matching:
    TEXTS = (
        ("1", "كتابِ خوب را گم کردم؟ کارت‌ام lost 🙂"), ("2", "I lost my card yesterday, نان‌ماه"),
        ("3", "card lost; cards everywhere #نان_ماه"), ("4", "سلام سلام دنیا"), ("5", ""),
    )  # fmt: skip

    @pytest.mark.parametrize(
        "query",
        [
            "کتاب", "كتاب", "card", "CARD", '"lost my card"', '"card lost"', "car*", "کار*", "سلام NEAR/0 سلام",
            "card NEAR/1 lost", "card NEAR/0 lost", "lost -card", "NOT card", "card OR سلام", "نان‌ماه", '"نان ماه"',
            "🙂", "(card OR کتاب) lost NOT everywhere", "has:question", "-has:question lost", "*",
        ],
    )  # fmt: skip
    def test_texts_in_both_languages(self, index: PostIndex, query: str) -> None:
        written = [document(post(name, text)) for name, text in self.TEXTS]
        index.write(written)
        node = parse(query, zone="UTC")
        assert found(index, node) == ids(judge.hits(written, ACME, node))

    @pytest.mark.parametrize("query", ["case:open", "tag:vip", "-tag:vip", "card OR case:any"])
    def test_what_only_the_records_know_is_refused(self, index: PostIndex, query: str) -> None:
        index.write([document(post("1"))])
        with pytest.raises(InvalidInputError, match="records"):
            index.search(ACME, parse(query, zone="UTC"))

    def test_deep_and_wide_queries_are_answered(self, index: PostIndex) -> None:
        index.write([document(post("1", "card")), document(post("2", "نان"), thread_key="x:t7")])
        deep: Node = Words(("card",))
        for level in range(40):
            deep = And((Words(("card",)), deep)) if level % 2 else Or((Words((f"w{level}",)), Not(Not(deep))))
        wide = Or(tuple(Field("thread", ":", f"x:t{number}") for number in range(1000)))
        assert (found(index, deep), found(index, wide)) == (["1"], ["2"])

    def test_quotation_marks_and_operators_of_an_engine_are_only_text(self, index: PostIndex) -> None:
        index.write([document(post("1", "card"), customer='c"1', monitors=('a" OR "b',))])
        assert found(index, Field("customer", ":", 'c"1')) == ["1"]
        assert found(index, Field("monitor", ":", 'a" OR "b')) == ["1"]
        assert found(index, Field("customer", ":", '" OR card')) == []


class Ordering:
    @pytest.fixture(autouse=True)
    def posts(self, index: PostIndex) -> None:
        moments = [NOON + timedelta(seconds=n // 4 + (n % 3) / 10) for n in range(40)]
        late = [datetime(1, 1, 2, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
        late += [datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)]
        self.written = [document(post(str(n), "همه card", at)) for n, at in enumerate([*moments, *late])]
        index.write(self.written[::2])
        index.write(self.written[1::2])

    @pytest.mark.parametrize("limit", [1, 7, 45, 1000])
    @pytest.mark.parametrize("query", [Everything(), Words(("card",))])
    def test_pages_follow_time_then_key(self, index: PostIndex, limit: int, query: Node) -> None:
        expected = judge.hits(self.written, ACME, query)
        newest = [one for page in pages(index, query, "newest", limit) for one in page]
        oldest = [one for page in pages(index, query, "oldest", limit) for one in page]
        assert (newest, oldest) == (expected, expected[::-1])

    def test_a_full_last_page_has_no_cursor(self, index: PostIndex) -> None:
        assert index.search(ACME, Everything(), limit=45).cursor is None
        assert index.search(ACME, Everything(), limit=44).cursor is not None

    @pytest.mark.parametrize("limit", [0, -1, 1001])
    def test_a_limit_out_of_bounds_is_refused(self, index: PostIndex, limit: int) -> None:
        with pytest.raises(InvalidInputError, match="1 to 1000"):
            index.search(ACME, Everything(), limit=limit)

    def test_a_cursor_of_another_search_is_refused(self, index: PostIndex) -> None:
        cursor = index.search(ACME, Everything(), limit=5).cursor
        assert cursor
        for scope, query, order in (
            (ACME, Words(("card",)), "newest"), (ACME, Everything(), "oldest"), (ACME, Everything(), "relevance"),
            (Scope("acme", private=True), Everything(), "newest"), (Scope("acme", ("a",)), Everything(), "newest"),
        ):  # fmt: skip
            with pytest.raises(InvalidInputError, match="another search"):
                index.search(scope, query, order, cursor=cursor)  # type: ignore[arg-type]

    @pytest.mark.parametrize("cursor", ["", "x", "!!!!", "کلید", "gaFh", "a" * 5000])
    def test_a_damaged_cursor_is_refused(self, index: PostIndex, cursor: str) -> None:
        with pytest.raises(InvalidInputError, match="cursor"):
            index.search(ACME, Everything(), cursor=cursor)

    def test_a_page_keeps_its_place_while_newer_posts_arrive(self, index: PostIndex) -> None:
        first = index.search(ACME, Everything(), limit=10)
        index.write([document(post("new", at=NOON + DAY))])
        second = index.search(ACME, Everything(), limit=10, cursor=first.cursor)
        assert [*first.hits, *second.hits] == judge.hits(self.written, ACME, Everything())[:20]


class Relevance:
    def test_more_and_rarer_words_come_first(self, index: PostIndex) -> None:
        filler = "یک دو سه چهار پنج شش هفت"
        index.write([
            document(post("rare", f"کارت ربوده {filler}", NOON - DAY)),
            document(post("once", f"کارت {filler} {filler}")),
            *(document(post(f"n{n}", f"کارت {filler}", NOON + n * DAY)) for n in range(9)),
            document(post("thrice", "کارت کارت، کارت", NOON - 2 * DAY)), document(post("no", filler)),
        ])  # fmt: skip
        assert ids(index.search(ACME, parse("کارت OR ربوده", zone="UTC"), "relevance").hits)[0] == "rare"
        ranked = ids(index.search(ACME, Words(("کارت",)), "relevance").hits)
        assert (ranked[0], ranked[-1], len(ranked)) == ("thrice", "once", 12)

    def test_pages_hold_every_hit_once(self, index: PostIndex) -> None:
        written = [document(post(str(n), "card " * (n % 5 + 1), NOON + n * DAY)) for n in range(30)]
        index.write(written)
        listed = [one for page in pages(index, Words(("card",)), "relevance", 7) for one in page]
        assert sorted(ids(listed)) == sorted(ids(written))
        assert ids(listed) == ids(index.search(ACME, Words(("card",)), "relevance", 1000).hits)

    def test_without_words_the_newest_come_first(self, index: PostIndex) -> None:
        index.write([document(post(str(n), at=NOON + n * DAY)) for n in range(5)])
        assert ids(index.search(ACME, Field("platform", ":", "x"), "relevance").hits) == ["4", "3", "2", "1", "0"]


class Conversations:
    def test_a_thread_is_read_oldest_first(self, index: PostIndex) -> None:
        index.write([document(post(str(n), at=NOON - n * DAY, root="9" if n < 9 else None)) for n in range(10)])
        index.write([document(post("other", at=NOON))])
        assert ids(index.thread(ACME, ["x:9"])) == ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"]
        assert ids(index.thread(ACME, ["x:9", "x:other"], limit=3)) == ["9", "8", "7"]
        assert index.thread(ACME, []) == []

    def test_a_joined_thread_counts_and_not_the_platforms(self, index: PostIndex) -> None:
        index.write([document(post("1", root="a"), thread_key="x:joined"), document(post("2"), thread_key="x:joined")])
        assert ids(index.thread(ACME, ["x:joined"])) == ["1", "2"]
        assert index.thread(ACME, ["x:a"]) == []

    def test_posts_come_in_the_order_asked(self, index: PostIndex) -> None:
        index.write([document(post(str(n), at=NOON + n * DAY)) for n in range(4)])
        assert ids(index.get(ACME, ["x:2", "x:0", "x:77", "x:3"])) == ["2", "0", "3"]
        assert index.get(ACME, []) == []
