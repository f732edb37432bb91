"""What every PostIndex must find and count of texts that are nearly the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.errors import InvalidInputError
from crm.policies.access import Actor
from crm.ports.index import PostIndex, Scope
from crm.ports.likeness import marks, seeds
from crm.query import parse
from crm.query.tree import And, Everything, Field, Node, Not, Or, Words
from crm.usecases.campaigns import Campaigns, Folded, Group
from crm.usecases.monitors import Hit
from crm.usecases.search import Bound, bind_alike
from crm.words import EnrichedPost
from enrich.duplicates import MinHash
from tests.conformance import index_judge as judge
from tests.conformance.index_judge import NOON, document, post
from tests.conformance.post_index import ACME, found

CAMPAIGN = "این بانک پول مردم را نمی‌دهد و هیچ‌کس هم پاسخ نمی‌دهد لطفا تا می‌توانید بازنشر کنید {}"
OTHER = "Nobody at this bank answers the phone any more so please share this as often as you can {}"
NEAR_MISS = "این بانک وام مردم را نمی‌دهد و رئیس هم پاسخ نمی‌دهد لطفا تا شنبه صبر کنید {}"
VARIANTS = ("دوستان", "ممنون", "خواهش")
SHORT = "خیلی بد بود {}"
LIKENESS = MinHash()


def said(native_id: str, text: str, author: str, minutes: int = 0, **more: object) -> EnrichedPost:
    """A post as enrichment makes it."""
    one = post(native_id, text, NOON + timedelta(minutes=minutes), author=author, private=bool(more.pop("private", 0)))
    return document(one, bands=LIKENESS.bands([text])[0], **more)  # type: ignore[arg-type]


def campaigns() -> list[EnrichedPost]:
    """Two campaigns, one of them varied, a text that only resembles, short texts, and what is like nothing."""
    links = [f"https://a.example/{n} @user{n} {n}" for n in range(30)]
    return [
        *(said(f"c{n}", CAMPAIGN.format(links[n]), f"u{n % 6}", n, monitors=("brand",)) for n in range(9)),
        *(said(f"v{n}", CAMPAIGN.format(word), f"v{n}", 100 + n) for n, word in enumerate(VARIANTS)),
        *(said(f"o{n}", OTHER.format("!" * n), f"w{n}", 200 + n, sentiment="negative") for n in range(5)),
        said("o9", OTHER.format(""), "w9", 300, private=True), said("oz", OTHER.format(""), "w8", workspace="zeta"),
        said("near", NEAR_MISS.format(""), "n"), *(said(f"s{n}", SHORT.format("!" * n), f"s{n}", n) for n in range(4)),
        said("s9", SHORT.format("ممنون"), "s9"), said("none", "https://a.example", "e"), said("no", "", "e"),
        document(post("old", CAMPAIGN.format("")), monitors=("brand",)),
    ]  # fmt: skip


def like(one: EnrichedPost) -> Field:
    """The bound field that asks for near-duplicates of a post."""
    return Field("alike", ":", ",".join(marks(one.bands)))


class Copies:
    @pytest.fixture
    def written(self, index: PostIndex) -> list[EnrichedPost]:
        every = campaigns()
        index.write(every)
        return every

    @pytest.mark.parametrize(
        "query",
        [
            Everything(), Field("monitor", ":", "brand"), Words(("بانک",)), Field("sentiment", ":", "negative"),
            And((Field("since", ":", (NOON + timedelta(minutes=3)).isoformat()), Not(Words(("bank",))))),
            And((Field("since", ":", (NOON + timedelta(minutes=3, microseconds=1)).isoformat()), Everything())),
            Field("until", ":", (NOON + timedelta(minutes=3)).isoformat()), Words(("nowhere",)),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("scope", [ACME, Scope("acme", private=True), Scope("acme", ("brand",)), Scope("zeta")])
    def test_near_copies_are_counted_together(
        self, index: PostIndex, written: list[EnrichedPost], query: Node, scope: Scope
    ) -> None:
        assert index.count(scope, query, ["text"]) == judge.counts(written, scope, query, ["text"], "UTC")

    def test_the_largest_groups_come_first(self, index: PostIndex, written: list[EnrichedPost]) -> None:
        counted = index.count(ACME, Everything(), ["text"], limit=2)
        assert {bucket.keys[0] for bucket in counted} == set(seeds(written[0].bands))
        assert counted[0].posts >= 9
        assert index.count(ACME, Everything(), ["text"], limit=1) == counted[:1]

    def test_a_campaign_is_found_with_its_variants_and_without_what_only_resembles_it(
        self, index: PostIndex, written: list[EnrichedPost]
    ) -> None:
        expected = {one.post.native_id for one in written[:12]}
        for one in written[:12]:
            assert set(found(index, like(one))) == expected
        assert found(index, And((like(written[0]), Field("author", ":", "u5")))) == ["c5"]
        assert found(index, And((like(written[0]), Not(Words(("بانک",)))))) == []
        assert set(found(index, And((Not(like(written[0])), Field("lang", ":", "fa"))), Scope("zeta"))) == {"oz"}

    def test_a_short_text_is_found_by_the_same_words_only(self, index: PostIndex, written: list[EnrichedPost]) -> None:
        short = next(one for one in written if one.post.native_id == "s0")
        assert set(found(index, like(short))) == {"s0", "s1", "s2", "s3"}

    def test_several_texts_are_asked_for_at_once_in_every_order(
        self, index: PostIndex, written: list[EnrichedPost]
    ) -> None:
        wanted = Or(
            (like(written[0]), like(written[12]), Field("alike", ":", "000001,000002"), Field("alike", ":", "x:1"))
        )
        for query in (wanted, And((wanted, Words(("bank",)))), Or((wanted, Words(("bank",))))):
            hits = judge.hits(written, ACME, query)
            assert list(index.search(ACME, query, limit=100).hits) == hits
            assert list(index.search(ACME, query, "oldest", limit=100).hits) == hits[::-1]
            assert {one.key for one in index.search(ACME, query, "relevance", limit=100).hits} == {h.key for h in hits}
            for by in ([], ["author"], ["day", "sentiment"], ["text"]):
                assert index.count(ACME, query, by) == judge.counts(written, ACME, query, by, "UTC")  # type: ignore[arg-type]

    def test_what_changes_or_goes_leaves_its_group(self, index: PostIndex, written: list[EnrichedPost]) -> None:
        index.write([said("c1", OTHER.format(""), "u1", 1, revision=2), said("c2", "", "u2", 2, revision=2)])
        index.delete("acme", ["x:c3"], ["x:u0"])
        gone = {"c0", "c1", "c2", "c3", "c6"}
        assert set(found(index, like(written[0]))) == {one.post.native_id for one in written[:12]} - gone
        assert "c1" in found(index, like(written[12]))
        newest = {one.post.native_id: one for one in [*written, said("c1", OTHER.format(""), "u1", 1, revision=2)]}
        left = [one for name, one in newest.items() if name not in gone - {"c1"}]
        assert index.count(ACME, Everything(), ["text"]) == judge.counts(left, ACME, Everything(), ["text"], "UTC")

    def test_counts_by_text_stand_alone(self, index: PostIndex) -> None:
        with pytest.raises(InvalidInputError, match="text"):
            index.count(ACME, Everything(), ["text", "day"])

    def test_of_posts_understood_before_there_were_hashes_nothing_is_found(self, index: PostIndex) -> None:
        index.write([document(post(str(n), CAMPAIGN.format(""))) for n in range(5)])
        assert index.count(ACME, Everything(), ["text"]) == []
        assert found(index, like(said("1", CAMPAIGN.format(""), "u"))) == []
        index.write([said(str(n), CAMPAIGN.format(""), "u") for n in range(5)])
        assert len(found(index, like(said("1", CAMPAIGN.format(""), "u")))) == 5


class Asking:
    """What the use case asks of a search, without records."""

    def __init__(self, index: PostIndex) -> None:
        self._index = index

    def bound(self, actor: Actor, text: str) -> Bound:
        asked = parse(text, zone="UTC")
        return Bound(asked, bind_alike(self._index, actor, asked), False)


ANALYST = Actor("u-analyst", "acme", "analyst", "Ana")


class Campaigning:
    """Groups over an index, settled by the words themselves: see :mod:`crm.usecases.campaigns`."""

    @pytest.fixture
    def groups(self, index: PostIndex) -> Campaigns:
        return Campaigns(Asking(index), index, LIKENESS)  # type: ignore[arg-type]

    def test_the_groups_of_most_accounts_come_first(self, groups: Campaigns, index: PostIndex) -> None:
        index.write(campaigns())
        first, second, third = groups.largest(ANALYST, "")
        assert (first.posts, first.accounts, first.about) == (12, 9, False)
        assert (first.first, first.last) == (NOON, NOON + timedelta(minutes=102))
        assert {(group.posts, group.accounts) for group in (second, third)} == {(5, 5), (4, 4)}
        assert [group.example.post.text for group in groups.largest(ANALYST, "bank")] == [second.example.post.text]
        assert groups.largest(ANALYST, "", limit=1)[0].posts == 12
        assert groups.largest(ANALYST, "nowhere") == []

    def test_hits_that_say_the_same_are_one(self, groups: Campaigns, index: PostIndex) -> None:
        index.write(campaigns())

        def shown(text: str, limit: int = 50) -> list[Folded]:
            node = Asking(index).bound(ANALYST, text).node
            return groups.folded(ANALYST, text, [Hit(one, ()) for one in index.search(ACME, node, limit=limit).hits])

        def said_of(some: list[Folded]) -> dict[str, tuple[int, int] | None]:
            return {
                one.hit.post.post.native_id: (one.group.posts, one.group.accounts) if one.group else None
                for one in some
            }

        assert said_of(shown("")) == {
            "o4": (5, 5), "v2": (12, 9), "s3": (4, 4), "near": None, "s9": None, "none": None, "no": None, "old": None,
        }  # fmt: skip
        assert said_of(shown("", limit=1)) == {"o4": (5, 5)}
        assert said_of(shown("author:u1")) == {"c7": (2, 1), "old": None}
        assert said_of(shown("author:v1")) == {"v1": None}
        assert len(shown("alike:x:c0")) == 12, "who asks for them sees them all"
        assert said_of(shown("alike:x:old")) == {}

    def test_two_texts_that_share_marks_by_chance_are_two(self, groups: Campaigns, index: PostIndex) -> None:
        first, second = OTHER.format("one"), NEAR_MISS.format("")
        bands = LIKENESS.bands([first])[0]
        posts = [
            post(str(n), first if n % 2 else second, NOON + timedelta(minutes=n), author=f"u{n}") for n in range(8)
        ]
        index.write([document(one, bands=bands) for one in posts])
        assert {(group.posts, group.accounts, group.example.post.text) for group in groups.largest(ANALYST, "")} == {
            (4, 4, first), (4, 4, second),
        }  # fmt: skip
        node = Everything()
        folded = groups.folded(ANALYST, "", [Hit(one, ()) for one in index.search(ACME, node).hits])
        assert [(one.group.posts if one.group else 0, one.hit.post.post.text) for one in folded] == [
            (4, first), (4, second),
        ]  # fmt: skip

    def test_of_a_large_group_a_sample_is_compared(self, groups: Campaigns, index: PostIndex) -> None:
        many = [said(f"m{n}", CAMPAIGN.format("!" * (n % 5)), f"u{n % 70}", n) for n in range(460)]
        index.write([*many, *(said(f"q{n}", OTHER.format(""), f"w{n}", n) for n in range(120))])
        largest, next_one = groups.largest(ANALYST, "")
        assert largest == Group(largest.example, 120, 120, NOON, NOON + timedelta(minutes=119))
        assert next_one == Group(next_one.example, 460, 70, NOON, NOON + timedelta(minutes=459))
        hits = [Hit(many[459], ()), Hit(many[3], ())]
        (one,) = groups.folded(ANALYST, "", [*hits])
        assert one.group == Group(many[459], 460, 70, NOON, NOON + timedelta(minutes=459))
        bands = many[0].bands
        wrong = [document(post(f"z{n}", NEAR_MISS.format(""), NOON, author=f"z{n}"), bands=bands) for n in range(460)]
        index.write(wrong)
        (one,) = groups.folded(ANALYST, "", [*hits])
        assert one.group is not None
        assert one.group.about
        assert 400 <= one.group.posts <= 500
