"""Puts the written texts together: who says what, where and when."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime
from random import Random

from msgspec.structs import replace

from crm.words import Author, Counts, Post
from shenava.demo import team, texts
from shenava.demo.people import BRAND_HANDLE, BRANDS, STORES, Crowd, Person, address
from shenava.demo.timing import Times
from shenava.demo.words import DemoIdea, DemoSet, Fact, Text

_SHARES = {
    "fa": {"instagram": 0.34, "x": 0.33, "telegram": 0.33},
    "finglish": {"instagram": 0.4, "x": 0.3, "telegram": 0.3},
    "en": {"x": 0.4, "googleplay": 0.12, "bluesky": 0.17, "instagram": 0.13, "mastodon": 0.12, "telegram": 0.06},
}
_ADDRESSED = frozenset({"x", "mastodon"})
"""Platforms that write the handles of those who are answered into the text."""
_WAITING = 14
_WAITING_HOURS = (0.8, 40.0)


class _Builder:
    """Draws everything from one random source, so that the same `now` and seed give the same demo."""

    def __init__(self, now: datetime, seed: int) -> None:
        self.rng = Random(seed)
        self.times = Times(now, self.rng)
        self.crowd = Crowd(texts.names(), self.rng)
        self.threads = texts.conversations(texts.texts())
        self.posts: list[Post] = []
        self.facts: dict[str, Fact] = {}
        self.drafts: list[team.Draft] = []

    def run(self) -> None:
        """Place every conversation. A few answered ones are moved to the last hours, their last answer a draft."""
        answered = [place for place, thread in enumerate(self.threads) if _may_wait(thread)]
        waiting = set(self.rng.sample(answered, _WAITING))
        for place, thread in enumerate(self.threads):
            self._converse(thread, waiting=place in waiting)
        self._count_replies()
        self.posts.sort(key=lambda post: (post.posted_at, post.key))

    def _converse(self, thread: Sequence[Text], *, waiting: bool) -> None:
        root = thread[0]
        platform = root.platform or self._platform(root.lang)
        placed: dict[str, Post] = {}
        last_answer = max((place for place, text in enumerate(thread) if text.by == "brand"), default=-1)
        for place, text in enumerate(thread):
            parent = placed.get(text.reply_to or "")
            if text.reply_to and parent is None:
                continue
            if waiting and place == last_answer and parent:
                self.drafts.append(team.Draft(parent.key, text.text, text.lang))
                return
            at = self._when(text, max((post.posted_at for post in placed.values()), default=None), waiting=waiting)
            if at > self.times.now:
                continue
            author = self._author(text, platform, [placed[key].author for key in placed])
            post = self._post(text, author, at, parent, placed[root.id].key if placed else None)
            placed[text.id] = post
            self.posts.append(post)
            self.facts[post.key] = _fact(text)

    def _platform(self, language: str) -> str:
        shares = _SHARES[language]
        return self.rng.choices(list(shares), weights=list(shares.values()))[0]

    def _when(self, text: Text, before: datetime | None, *, waiting: bool) -> datetime:
        """When `text` is said; a conversation goes forward as it is written: `before` is its newest post so far."""
        if before is None:
            return self.times.lately(_WAITING_HOURS).replace(microsecond=0) if waiting else self.times.of_root(text)
        if text.by == "brand":
            return self.times.of_answer(before).replace(microsecond=0)
        settled = text.by == "customer" and text.sentiment == "positive" and not waiting
        return self.times.of_customer(before, settled=settled).replace(microsecond=0)

    def _author(self, text: Text, platform: str, before: list[Author]) -> Author:
        if text.by in ("brand", "avand", "raika"):
            return self.crowd.brands["sepidar" if text.by == "brand" else text.by][platform]
        if text.by == "customer" and before:
            return before[0]
        return self.crowd.speaker(text, platform, {author.key for author in before})

    def _post(self, text: Text, author: Author, at: datetime, parent: Post | None, root: str | None) -> Post:
        native = f"demo-{text.id}"
        written, mentions = self._addressed(text, author, parent)
        return Post(
            platform=author.platform,
            native_id=native,
            author=author,
            text=written,
            posted_at=at,
            url=f"{author.url or address(author.platform, 'sepidar')}/{native}".replace("//demo", "/demo"),
            title=text.title,
            parent_key=parent.key if parent else None,
            root_key=root,
            mentions=mentions,
            counts=self._counts(author, crowded=text.topic in ("outage", "double-charge", "campaign")),
        )

    def _addressed(self, text: Text, author: Author, parent: Post | None) -> tuple[str, tuple[str, ...]]:
        """The text with the handles that its platform shows, and the handles mentioned."""
        written = text.text
        if parent is not None:
            whom = parent.author.handle
            return (f"@{whom} {written}" if author.platform in _ADDRESSED else written), (whom,)
        if BRAND_HANDLE in written:
            return written, (BRAND_HANDLE,)
        if text.by != "customer" or text.brand != "sepidar" or text.kind in ("news", "spam") or _names_us(written):
            return written, ()
        if author.platform in STORES:
            return written, ()
        return self._calling(written, text.lang), (BRAND_HANDLE,)

    def _calling(self, written: str, language: str) -> str:
        tag = "#سپیدار" if language == "fa" else "#sepidar"
        forms = (f"@{BRAND_HANDLE} {written}", f"{written} @{BRAND_HANDLE}", f"{written} {tag}")
        return self.rng.choices(forms, weights=(0.4, 0.3, 0.3))[0]

    def _counts(self, author: Author, *, crowded: bool) -> Counts:
        if author.platform == "rss":
            return Counts()
        reach = (author.followers or 300) ** 0.45 * self.rng.lognormvariate(-1.6, 1.1) * (3.0 if crowded else 1.0)
        likes = int(reach)
        seen = author.platform in ("x", "telegram")
        reposts = int(reach * self.rng.uniform(0, 0.2)) if author.platform not in STORES else 0
        return Counts(likes=likes, reposts=reposts, views=int(reach * self.rng.uniform(15, 60)) + 9 if seen else 0)

    def _count_replies(self) -> None:
        answers = Tally(post.parent_key for post in self.posts if post.parent_key)
        self.posts = [
            replace(post, counts=replace(post.counts, replies=answers[post.key])) if answers[post.key] else post
            for post in self.posts
        ]


def build_demo(now: datetime, seed: int = 7) -> DemoSet:
    """The demo's sixty days up to `now` (aware): posts, cases, customers, ideas, all made up.

    The same `now` and `seed` give the same demo. Errors: ValueError for a naive `now`.
    """
    if now.tzinfo is None:
        raise ValueError("The demo needs a moment with a zone; give `now` as an aware datetime.")
    builder = _Builder(now, seed)
    builder.run()
    accounts = tuple(builder.crowd.brands["sepidar"].values())
    desk = team.Desk(builder.posts, builder.facts, builder.drafts, builder.times, builder.rng)
    cases = desk.cases()
    return DemoSet(
        brand=BRANDS["sepidar"][0],
        since=builder.times.since,
        until=builder.times.now,
        crisis_began=builder.times.crisis,
        crisis_ended=builder.times.crisis_end,
        posts=tuple(builder.posts),
        facts=builder.facts,
        accounts=accounts,
        monitors=team.MONITORS,
        agents=team.AGENTS,
        customers=team.customers(_busiest(builder.crowd.people, builder.posts), builder.times.now, builder.rng),
        templates=texts.templates(),
        tags=team.TAGS,
        ideas=_ideas(builder.posts, builder.facts),
        cases=cases,
    )


def _may_wait(thread: Sequence[Text]) -> bool:
    root = thread[0]
    return root.by == "customer" and not root.hours and not root.days and any(text.by == "brand" for text in thread)


def _names_us(text: str) -> bool:
    return "سپیدار" in text or "sepidar" in text.lower()


def _fact(text: Text) -> Fact:
    return Fact(
        text.id,
        text.lang,
        text.kind,
        text.topic,
        text.brand,
        text.sentiment,
        text.idea,
        text.by == "brand",
        text.campaign,
    )


def _busiest(people: Sequence[Person], posts: Sequence[Post]) -> list[Person]:
    """People by how many posts they wrote, most first; those with two accounts ahead of all others."""
    said = Tally(post.author.key for post in posts)
    return sorted(people, key=lambda p: (-len(p.accounts), -sum(said[author.key] for author in p.accounts), p.slug))


def _ideas(posts: Sequence[Post], facts: dict[str, Fact]) -> tuple[DemoIdea, ...]:
    return tuple(
        DemoIdea(
            idea.slug,
            {"fa": idea.fa, "en": idea.en},
            idea.status,
            tuple(post.key for post in posts if facts[post.key].idea == idea.slug),
        )
        for idea in texts.idea_titles()
    )
