"""The demo reads like life and is marked as made up everywhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.query import Subject, check_monitor, compile_matcher, parse
from crm.text import searchable, tokens
from crm.words import Post
from shenava.demo import DemoSet, build_demo
from shenava.demo.texts import conversations, texts
from shenava.demo.timing import ZONE

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> DemoSet:
    return build_demo(NOW)


@pytest.fixture(scope="module")
def threads(demo: DemoSet) -> dict[str, list[Post]]:
    found: dict[str, list[Post]] = defaultdict(list)
    for post in demo.posts:
        found[post.thread_key].append(post)
    return found


def test_the_same_moment_gives_the_same_demo(demo: DemoSet) -> None:
    assert build_demo(NOW) == demo
    assert build_demo(NOW, seed=8) != demo


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        build_demo(NOW.replace(tzinfo=None))


class TestPosts:
    def test_there_are_enough_over_sixty_days(self, demo: DemoSet) -> None:
        times = [post.posted_at for post in demo.posts]
        assert len(demo.posts) >= 1500
        assert times == sorted(times)
        assert demo.since <= times[0] < demo.since + timedelta(days=1)
        assert NOW - timedelta(days=1) < times[-1] <= NOW
        assert {(NOW - at).days for at in times} == set(range(60))

    def test_both_languages_have_two_fifths(self, demo: DemoSet) -> None:
        said = Counter(fact.language for fact in demo.facts.values())
        assert said["fa"] >= 0.4 * len(demo.posts)
        assert said["en"] >= 0.4 * len(demo.posts)
        assert said["finglish"] >= 50
        assert said["ar"] >= 5
        assert said["ur"] >= 3

    def test_keys_are_unique(self, demo: DemoSet) -> None:
        assert len({post.key for post in demo.posts}) == len(demo.posts) == len(demo.facts)

    def test_all_are_marked_as_made_up(self, demo: DemoSet) -> None:
        assert demo.made_up
        assert demo.origin == "demo"
        for post in demo.posts:
            assert post.author.handle.endswith(("_example", ".example"))
            assert post.native_id.startswith("demo-")
            assert post.url.split("/")[2].endswith(".example")

    def test_no_text_is_used_twice(self, demo: DemoSet) -> None:
        said = Counter(" ".join(tokens(searchable(post))) for post in demo.posts if not demo.facts[post.key].campaign)
        assert [text for text, times in said.items() if times > 1] == []

    def test_the_campaign_repeats_itself_nearly(self, demo: DemoSet) -> None:
        assert sum(fact.campaign for fact in demo.facts.values()) >= 10

    def test_parents_exist_and_come_first(self, demo: DemoSet) -> None:
        by_key = {post.key: post for post in demo.posts}
        answers = [post for post in demo.posts if post.parent_key or post.root_key]
        for post in answers:
            assert by_key[post.parent_key or ""].posted_at < post.posted_at
            assert by_key[post.root_key or ""].root_key is None
            assert by_key[post.parent_key or ""].thread_key == post.thread_key

    def test_threads_are_conversations(self, demo: DemoSet, threads: dict[str, list[Post]]) -> None:
        long = [thread for thread in threads.values() if len(thread) > 1]
        assert len(long) >= 150
        assert all(len({post.platform for post in thread}) == 1 for thread in long)
        returned = [t for t in long if [demo.facts[p.key].own for p in t[:3]] == [False, True, False]]
        assert len(returned) >= 80

    def test_counted_replies_are_there(self, demo: DemoSet) -> None:
        answers = Counter(post.parent_key for post in demo.posts)
        assert all(post.counts.replies == answers[post.key] for post in demo.posts)

    def test_nobody_but_the_brand_talks_all_the_time(self, demo: DemoSet) -> None:
        ours = {author.key for author in demo.accounts}
        said = Counter(post.author.key for post in demo.posts if post.author.key not in ours)
        assert len(said) >= 300
        assert said.most_common(1)[0][1] <= 30

    def test_the_brand_answers_from_its_accounts_in_office_hours(self, demo: DemoSet) -> None:
        ours = {author.key for author in demo.accounts}
        own = [post for post in demo.posts if demo.facts[post.key].own]
        assert {post.author.key for post in own} <= ours
        calm = [post for post in own if post.parent_key and not demo.crisis_began <= post.posted_at < demo.crisis_ended]
        in_hours = [post for post in calm if 8 <= post.posted_at.astimezone(ZONE).hour < 22]
        assert len(in_hours) >= 0.97 * len(calm)


class TestShape:
    def test_the_crisis_is_a_spike_of_anger_and_ends(self, demo: DemoSet) -> None:
        began = demo.crisis_began.astimezone(ZONE)
        assert (began.weekday(), began.hour) == (5, 0)
        assert 14 <= (NOW - demo.crisis_began).days <= 22
        days: dict[date, Counter[str]] = defaultdict(Counter)
        for post in demo.posts:
            days[post.posted_at.astimezone(ZONE).date()][demo.facts[post.key].sentiment] += 1
        crisis = [days[began.date() + timedelta(days=n)]["negative"] for n in range(3)]
        usual = sorted(day["negative"] for day in days.values())[len(days) // 2]
        assert min(crisis) >= 2 * usual
        assert max(crisis) >= 5 * usual
        assert days[began.date() + timedelta(days=5)]["negative"] <= 2 * usual

    def test_the_bank_says_what_happened(self, demo: DemoSet) -> None:
        said = [
            post for post in demo.posts
            if demo.crisis_began <= post.posted_at < demo.crisis_ended
            and demo.facts[post.key].own and demo.facts[post.key].kind == "statement" and post.parent_key is None
        ]  # fmt: skip
        assert len(said) >= 4

    def test_weekends_and_nights_are_quiet(self, demo: DemoSet) -> None:
        at = [post.posted_at.astimezone(ZONE) for post in demo.posts]
        fridays, sundays = (sum(moment.weekday() == day for moment in at) for day in (4, 6))
        assert fridays < 0.75 * sundays
        assert sum(2 <= moment.hour < 6 for moment in at) < 0.06 * len(at)

    def test_every_platform_and_kind_is_there(self, demo: DemoSet) -> None:
        platforms = Counter(post.platform for post in demo.posts)
        kinds = Counter(fact.kind for fact in demo.facts.values())
        assert set(platforms) == {
            "x", "instagram", "telegram", "bluesky", "mastodon", "rss", "bazaar", "googleplay",
        }  # fmt: skip
        assert min(platforms.values()) >= 30
        assert len(kinds) == 10
        assert min(kinds.values()) >= 15
        assert all(post.title for post in demo.posts if post.platform == "rss")

    def test_ideas_are_asked_for_in_both_languages(self, demo: DemoSet) -> None:
        assert len(demo.ideas) >= 12
        for idea in demo.ideas:
            assert 5 <= len(idea.posts) <= 25
            assert {"fa", "en"} <= {demo.facts[key].language for key in idea.posts}
            assert set(idea.title) == {"fa", "en"}
        assert {fact.idea for fact in demo.facts.values() if fact.idea} == {idea.slug for idea in demo.ideas}


def _matches(demo: DemoSet, query: str) -> set[str]:
    match = compile_matcher(parse(query))
    return {post.key for post in demo.posts if match(Subject.new(post, tokens(searchable(post))))}


class TestMonitors:
    def test_they_may_be_saved(self, demo: DemoSet) -> None:
        assert [monitor.own for monitor in demo.monitors] == [True, False, False]
        for monitor in demo.monitors:
            check_monitor(parse(monitor.query))

    def test_they_find_what_is_said_of_their_brand(self, demo: DemoSet) -> None:
        for monitor, brand in zip(demo.monitors, ("sepidar", "avand", "raika"), strict=True):
            begun = [
                post.key for post in demo.posts
                if post.parent_key is None and demo.facts[post.key].brand == brand
                and demo.facts[post.key].kind not in ("spam", "news", "statement")
            ]  # fmt: skip
            found = _matches(demo, monitor.query)
            assert len(found.intersection(begun)) >= 0.97 * len(begun)
            assert len(found) >= 30


class TestTeam:
    def test_customers_are_known_by_identities_that_speak(self, demo: DemoSet) -> None:
        assert len(demo.customers) >= 40
        spoke = {post.author.key for post in demo.posts}
        identities = [identity for customer in demo.customers for identity in customer.identities]
        assert len({identity.author_key for identity in identities}) == len(identities)
        assert sum(identity.author_key in spoke for identity in identities) >= 40
        assert all(customer.email.endswith("@example.com") for customer in demo.customers)
        assert all(customer.value > 0 and customer.since < NOW for customer in demo.customers)

    def test_some_people_link_their_second_account(self, demo: DemoSet) -> None:
        linked = {post.author.key for post in demo.posts if post.author.links}
        assert len(linked) >= 20
        second = [one for customer in demo.customers for one in customer.identities if one.evidence == "link"]
        assert len(second) >= 10

    def test_cases_rest_on_their_threads(self, demo: DemoSet, threads: dict[str, list[Post]]) -> None:
        agents = {agent.key for agent in demo.agents}
        assert {case.status for case in demo.cases} == {"new", "open", "waiting", "resolved"}
        assert len({case.thread_key for case in demo.cases}) == len(demo.cases)
        for case in demo.cases:
            assert list(case.posts) == [post.key for post in threads[case.thread_key]]
            assert set(case.tags) <= set(demo.tags)
            assert {case.assignee, *(note.agent for note in case.notes)} <= {None, *agents}
            assert (case.resolved_at is not None) == (case.status == "resolved")
            assert all(case.opened_at <= note.at <= NOW for note in case.notes)

    def test_sent_replies_are_the_posts_of_the_brand(self, demo: DemoSet) -> None:
        posts = {post.key: post for post in demo.posts}
        sent = [reply for case in demo.cases for reply in case.replies if reply.status == "sent"]
        assert len(sent) >= 150
        for reply in sent:
            post = posts[reply.post_key or ""]
            assert post.text.endswith(reply.text)
            assert post.parent_key == reply.answer_to
            assert reply.approved_at
            assert reply.approver
            assert reply.created_at < reply.approved_at < post.posted_at == reply.sent_at

    def test_some_drafts_wait_for_approval(self, demo: DemoSet) -> None:
        drafts = [(case, reply) for case in demo.cases for reply in case.replies if reply.status == "draft"]
        assert len(drafts) >= 8
        for case, reply in drafts:
            assert reply.answer_to in case.posts
            assert case.status == "open"
            assert case.assignee == reply.agent
            assert reply.created_at <= NOW

    def test_templates_have_their_own_shortcuts(self, demo: DemoSet) -> None:
        assert 8 <= len(demo.templates) == len({template.shortcut for template in demo.templates}) <= 12
        assert {template.language for template in demo.templates} == {"fa", "en"}


class TestTexts:
    def test_persian_is_written_and_much(self) -> None:
        rows = texts()
        assert len({row.text for row in rows if row.lang == "fa"}) >= 700
        assert len({row.text for row in rows if row.lang == "finglish"}) >= 50
        assert len({row.text for row in rows if row.lang == "en" and not row.source}) >= 300

    def test_what_is_not_ours_is_credited(self) -> None:
        borrowed = [row for row in texts() if row.source]
        assert {row.source for row in borrowed} == {"banking77"}
        assert all(row.label and row.lang == "en" for row in borrowed)
        assert all(row.id.startswith("banking77-") for row in borrowed)

    def test_conversations_hold_every_text_once(self) -> None:
        rows = texts()
        found = [row.id for thread in conversations(rows) for row in thread]
        assert sorted(found) == sorted(row.id for row in rows)
        assert all(thread[0].reply_to is None for thread in conversations(rows))


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(st.integers(0, 5400), st.integers(0, 99))
def test_it_holds_at_any_moment(days: int, seed: int) -> None:
    found = build_demo(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=days, minutes=7 * days % 1440), seed)
    keys: Sequence[str] = [post.key for post in found.posts]
    assert len(keys) == len(set(keys)) >= 1500
    assert all(found.since <= post.posted_at <= found.until for post in found.posts)
    assert {post.parent_key for post in found.posts} - {None} <= set(keys)
    assert all(note.at <= found.until for case in found.cases for note in case.notes)
