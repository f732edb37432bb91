"""The case sink: from understood posts to work for the team."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection

from crm import query
from crm.calendar import day_of
from crm.errors import ShenavaError
from crm.ids import new_id
from crm.policies.cases import after_customer_post, title_of, wants_answer
from crm.policies.clock import Desk, due_at
from crm.policies.rules import LiveRule, Rule, applying, hiding, outcome
from crm.policies.ties import TieBook, exact, normal_link
from crm.ports.clock import Clock
from crm.records import audit, cases, changes, customers, desk, kept_posts, monitors, rules, tags, tombstones
from crm.records.cases import Case
from crm.records.customers import Identity
from crm.records.database import Records
from crm.usecases import casebook, removal
from crm.usecases.casebook import SYSTEM, Opening
from crm.usecases.joining import join_threads
from crm.words import EnrichedEvent, EnrichedPost, RemovedPost


class CaseSink:
    """Opens, moves and re-opens cases, keeps their posts, applies rules, honours removals.

    One transaction per batch, durable on return. The same events again, alone or in other batches, change
    nothing. In another order they lead to cases with the same posts, title, newest words and clock; their
    numbers and first priorities follow the order, and an answer of ours that came before its case counts
    once it is told again.
    """

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records, self._clock, self._parsed = records, clock, _Parsed()

    def write(self, batch: Sequence[EnrichedEvent]) -> None:
        """Take in a batch. Raises what :class:`crm.ports.sink.Sink` says."""
        by_workspace: dict[str, list[EnrichedEvent]] = {}
        for event in batch:
            by_workspace.setdefault(event.workspace, []).append(event)
        if not by_workspace:
            return
        now = self._clock.now()
        with self._records.write() as tx:
            for workspace in sorted(by_workspace):
                _take_in(tx, workspace, by_workspace[workspace], self._parsed, now)


def _take_in(tx: Connection, workspace: str, events: Sequence[EnrichedEvent], parsed: _Parsed, now: datetime) -> None:
    cases.hold_all(tx, workspace)
    removed = [event for event in events if isinstance(event, RemovedPost)]
    if removed:
        removal.remove(tx, workspace, removed, now)
    tombstones.hold(tx, workspace)
    posts = tombstones.alive(tx, workspace, _newest(event for event in events if isinstance(event, EnrichedPost)))
    if posts:
        threads, there = join_threads(tx, workspace, posts, now)
        mine = [one for one in monitors.of_workspace(tx, workspace) if one.own and one.enabled]
        opening = {one.id for one in mine if one.opens_cases}
        concerned = [
            (post, threads.of(post.thread_key), wants)
            for post in posts
            if (wants := wants_answer(post, opening, now)) or threads.of(post.thread_key) in there
        ]
        if concerned:
            one = _Round(tx, workspace, there, opening, parsed, now)
            one.work(concerned)
            one.settle({*threads.fresh.values()})


def _newest(posts: Iterable[EnrichedPost]) -> list[EnrichedPost]:
    """Each post once, in its greatest version, in the order in which they were said."""
    found: dict[str, EnrichedPost] = {}
    for post in posts:
        there = found.get(post.post.key)
        if there is None or post.version >= there.version:
            found[post.post.key] = post
    return sorted(found.values(), key=lambda post: (post.post.posted_at, post.post.key))


class _Round:
    """One batch of one workspace, as far as it concerns cases."""

    def __init__(
        self, tx: Connection, workspace: str, there: dict[str, Case], opening: set[str], parsed: _Parsed, now: datetime
    ) -> None:
        self._tx, self._workspace, self._there, self._opening, self._now = tx, workspace, there, opening, now
        self._late: set[str] = set()
        self._reworded: set[str] = set()
        self._hidden: dict[str, Rule] = {}
        self._office: Desk = desk.desk(tx, workspace)
        stored = [rule for rule in rules.of_workspace(tx, workspace) if rule.enabled]
        self._rules = [parsed.live(rule, self._office.zone, now) for rule in stored]

    def work(self, concerned: Sequence[tuple[EnrichedPost, str, bool]]) -> None:
        """Handle posts (with their thread, and whether they want an answer) in the order they were said."""
        known = kept_posts.versions(self._tx, self._workspace, [post.post.key for post, _, _ in concerned])
        self._answered = kept_posts.last_own(self._tx, self._workspace, {thread for _, thread, _ in concerned})
        for post, thread, wants in concerned:
            case = self._there.get(thread)
            if case is None:
                self._begin(post, thread, wants)
            elif (version := known.get(post.post.key)) is not None:
                if post.version >= version:  # else an older version is told once more
                    self._again(case, post)
                if post.version > version:
                    self._reworded.add(thread)
            else:
                self._more(case, post, wants)
        worked = [(post, thread) for post, thread, _ in concerned if thread in self._there]
        kept_posts.keep(self._tx, worked)
        self._tell_hidden()

    def settle(self, joined: Collection[str]) -> None:
        """Draw the cases anew whose posts came out of order, whose threads were `joined`, or whose words changed."""
        late = self._late | set(joined)
        for thread in sorted((late | self._reworded) & self._there.keys()):
            case = self._there[thread]
            said = [post for post in kept_posts.of_threads(self._tx, self._workspace, [thread]) if not post.own]
            asked = [post for post in said if wants_answer(post, self._opening, post.post.posted_at)]
            fields: dict[str, object] = {}
            if first := next(iter(asked or said), None):
                fields["title"] = title_of(first.post)
            answer = self._answered.get(thread)
            waits = next((post for post in asked if answer is None or post.post.posted_at > answer), None)
            if thread in late and case.due_at is not None and waits is not None:
                fields["due_at"] = due_at(casebook.asked_at(waits, self._now), case.priority, self._office)
            if any(getattr(case, name) != value for name, value in fields.items()):
                self._there[thread] = casebook.change(self._tx, case, SYSTEM, "edited", self._now, {}, **fields)
            elif thread in self._reworded:  # what is known of one of its posts is on the screen as well
                changes.note(self._tx, self._workspace, "case", case.id, self._now)

    def _tell_hidden(self) -> None:
        """Put mentions that a rule hid in the audit trail, each once however often it is told."""
        named = {tombstones.opaque(self._tx, self._workspace, key): rule for key, rule in self._hidden.items()}
        known = audit.told(self._tx, self._workspace, "case_hidden", named)
        for subject, rule in named.items():
            if subject not in known:
                actor = f"rule:{rule.id}"
                audit.append(self._tx, self._workspace, actor, "case_hidden", subject, self._now, rule=rule.name)

    def _begin(self, post: EnrichedPost, thread: str, wants: bool) -> None:
        applied = applying(self._rules, post) if wants else []
        if rule := hiding(applied):
            self._hidden[post.post.key] = rule
        if not wants or rule:
            return
        known = self._tied(post)
        case = casebook.open_case(self._tx, known, Opening(thread, SYSTEM), self._office, self._now)
        answer = self._answered.get(thread)
        self._there[thread] = case
        for rule in applied:
            self._there[thread] = self._apply(rule, self._there[thread])
        if answer is not None and answer > post.post.posted_at:
            self._there[thread] = casebook.answered(self._tx, self._there[thread], SYSTEM, answer, self._now)

    def _again(self, case: Case, post: EnrichedPost) -> None:
        """A known post came again: edited, understood better, or just redelivered."""
        if post.post.key != case.post_key:
            return
        fields = casebook.newest_words(post)
        if any(getattr(case, name) != value for name, value in fields.items()):
            self._there[case.thread_key] = casebook.change(self._tx, case, SYSTEM, "edited", self._now, {}, **fields)

    def _more(self, case: Case, post: EnrichedPost, wants: bool) -> None:
        """A post that the case has not seen yet."""
        said = post.post.posted_at
        if post.own:
            self._answered[case.thread_key] = max(said, self._answered.get(case.thread_key, said))
            if said < case.last_post_at:
                self._late.add(case.thread_key)
            self._there[case.thread_key] = casebook.answered(self._tx, case, SYSTEM, said, self._now)
            return
        if not wants and (post.origin == "context" or post.post.author.key != case.author_key):
            changes.note(self._tx, self._workspace, "case", case.id, self._now)
            return
        moved = self._customer_spoke(case, post)
        for rule in applying(self._rules, post):
            moved = self._apply(rule, moved)
        self._there[case.thread_key] = moved

    def _customer_spoke(self, case: Case, post: EnrichedPost) -> Case:
        said = post.post.posted_at
        answer = self._answered.get(case.thread_key)
        fields: dict[str, object] = {
            "posts": case.posts + 1,
            "monitors": tuple(dict.fromkeys((*case.monitors, *post.monitors))),
            "customer_id": case.customer_id or (self._tied(post).customer if self._is_theirs(case, post) else None),
        }
        kind = "customer"
        if said > case.last_post_at:
            fields |= {"post_key": post.post.key, "last_post_at": said, **casebook.newest_words(post)}
            if answer is None or said > answer:
                kind = "reopened" if case.status == "resolved" else kind
                due = case.due_at or due_at(said, case.priority, self._office)
                fields |= {"status": after_customer_post(case.status), "due_at": due, "snoozed_until": None,
                           "resolved_at": None}  # fmt: skip
        else:
            self._late.add(case.thread_key)
        return casebook.change(self._tx, case, SYSTEM, kind, self._now, {}, **fields)

    def _is_theirs(self, case: Case, post: EnrichedPost) -> bool:
        return post.post.author.key == case.author_key

    def _apply(self, rule: Rule, case: Case) -> Case:
        does = outcome(rule, case.assignee_id, case.priority)
        given = [name for name in does.tags if tags.add(self._tx, self._workspace, case.id, name, self._now)]
        fields: dict[str, object] = {}
        whom = does.assignee_id if self._can_take(case, does.assignee_id) else None
        if whom:
            fields["assignee_id"] = whom
        if does.priority:
            fields["priority"] = does.priority
            if case.due_at:
                fields["due_at"] = min(case.due_at, due_at(case.last_post_at, does.priority, self._office))
        if does.complete and case.status != "resolved":
            fields |= {"status": "resolved", "resolved_at": self._now, "due_at": None}
        if not given and not fields:
            return case
        detail = {"rule": rule.name, "tags": given, "assignee": whom, "priority": does.priority,
                  "complete": does.complete}  # fmt: skip
        return casebook.change(self._tx, case, f"rule:{rule.id}", "rule", self._now, detail, **fields)

    def _can_take(self, case: Case, user_id: str | None) -> bool:
        """Whether a rule may give the case to this person: they may have left since it was written."""
        try:
            casebook.check_given(self._tx, self._workspace, user_id or "", made_up=case.made_up)
        except ShenavaError:
            return False
        return True

    def _tied(self, post: EnrichedPost) -> EnrichedPost:
        """The post with its customer, after writing down why its author is that customer; without, where undone."""
        if post.customer is None:
            return post
        author = post.post.author
        if author.key in customers.identities_by_author(self._tx, self._workspace, [author.key]):
            return post
        known = customers.by_ids(self._tx, self._workspace, [post.customer]).get(post.customer)
        if known is None or customers.was_undone(self._tx, self._workspace, author.key, known.id):
            return msgspec.structs.replace(post, customer=None)
        link = normal_link(known.fields.get("link", ""))
        book = TieBook(
            links={link: known.id} if link else {}, emails={known.email: known.id} if known.email else {},
            phones={known.phone: known.id} if known.phone else {},
        )  # fmt: skip
        tie = exact(author, book)
        if tie is not None:
            customers.tie(
                self._tx,
                Identity(new_id(self._now), self._workspace, known.id, author.key, author.handle, tie.evidence,
                         tie.detail[:400], 1.0, SYSTEM, self._now),
            )  # fmt: skip
        return post


class _Parsed:
    """Queries of rules, parsed once a day: relative dates in them move on."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._matchers: dict[tuple[str, str], query.Matcher] = {}

    def live(self, rule: Rule, zone: str, now: datetime) -> LiveRule:
        """The rule with its matcher."""
        if self._day != (day := day_of(now, zone)):
            self._day, self._matchers = day, {}
        key = (rule.query, zone)
        if key not in self._matchers:
            self._matchers[key] = query.compile_matcher(query.parse(rule.query, zone=zone, now=now))
        matches = self._matchers[key]
        return LiveRule(rule, lambda post: matches(query.Subject.of(post)))
