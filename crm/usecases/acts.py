"""Liking and hiding what others said on their platforms, in the name of our account.

Whoever may approve an answer may do this. Nothing waits in a queue: the platform is asked at once, and the person hears
what came of it. Doing it twice is the same as once, so whatever failed is tried again by pressing once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.errors import (
    AuthorisationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermanentError,
    ShenavaError,
)
from crm.policies.access import Actor, ForbiddenError, Resource, may
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.ports.responder import Account, Act, Acting, ActRule, AnsweredPostGoneError, Responder
from crm.records import acts, audit, changes, desk, kept_posts, sources, threads, tombstones
from crm.records.acts import Done, Kind
from crm.records.cases import Case
from crm.records.database import Records
from crm.records.sources import AccountRow
from crm.usecases import casebook
from crm.usecases.tokens import Tokens
from crm.usecases.views import DoneAct, PostActs
from crm.words import EnrichedPost, Post

PATIENCE = timedelta(seconds=5)
"""How long a person waits for a token that somebody else renews."""
KINDS: Mapping[Act, Kind] = {"like": "like", "unlike": "like", "hide": "hide", "unhide": "hide"}
BACK: Mapping[Kind, Act] = {"like": "unlike", "hide": "unhide"}
NOTHING = PostActs()


class ActClosedError(InvalidInputError):
    """The post's platform, or who we are there, does not allow it."""

    def __init__(self, act: Act, platform: str, rule: str) -> None:
        self.act, self.rule = act, rule
        why = f"the rule is {rule}" if rule else f"{platform} offers it for no such post"
        super().__init__(f"You can't {act} this post from here: {why}. Do it on {platform} itself.")


class ActRefusedError(ConflictError):
    """The platform would not do it; `gone` where it no longer shows us the post."""

    def __init__(self, act: Act, platform: str, error: ShenavaError) -> None:
        self.act, self.platform, self.gone = act, platform, isinstance(error, AnsweredPostGoneError)
        gone = f"{platform} no longer shows us this post, so nobody can {act} it."
        super().__init__(gone if self.gone else str(error))


class _Job(Struct, frozen=True):
    case: Case
    post: Post
    account: AccountRow
    responder: Acting


class Acts:
    """What the thread of a case and the HTTP API call. `responders` are by platform."""

    def __init__(
        self, records: Records, index: PostIndex, responders: Mapping[str, Responder], tokens: Tokens, clock: Clock
    ) -> None:
        self._records, self._index, self._responders = records, index, responders
        self._tokens, self._clock = tokens, clock

    def available(self, actor: Actor, case_id: str, post_key: str) -> PostActs:
        """What may be done to a post of a case now, and what was done. Raises NotFoundError, ForbiddenError."""
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "read_cases", case_id)
            post = self._post(tx, actor, case, post_key)
            return self.of_posts(tx, actor, case, [post]).get(post_key, NOTHING)

    def of_posts(self, tx: Connection, actor: Actor, case: Case, posts: Sequence[EnrichedPost]) -> dict[str, PostActs]:
        """The same for every post of a case, by key; posts to which nothing can be or was done are left out."""
        names = desk.names(tx, case.workspace)
        told = acts.of_posts(tx, case.workspace, [one.post.key for one in posts])
        accounts = _accounts(tx, case)
        found = {}
        for one in posts:
            done = tuple(act for act in told if act.post_key == one.post.key and act.undone_at is None)
            rules = self._rules(actor, case, one, accounts, done)
            if done or rules:
                whose = tuple(DoneAct(act.act, names.get(act.actor, ""), act.at) for act in done)
                found[one.post.key] = PostActs(rules, whose)
        return found

    def do(self, actor: Actor, case_id: str, post_key: str, act: Act) -> PostActs:
        """Do it on the platform, and say what may be done afterwards.

        Raises: NotFoundError, ForbiddenError, ActClosedError, ActRefusedError, and RetryableError where it may be
        tried again.
        """
        job = self._job(actor, case_id, post_key, act)
        try:
            self._ask(job, act)
        except (AuthorisationError, PermanentError) as error:
            raise ActRefusedError(act, job.post.platform, error) from error
        now, kind = self._clock.now(), KINDS[act]
        with self._records.write() as tx:
            tombstones.hold(tx, actor.workspace)
            case = casebook.take(tx, actor, "approve_reply", case_id)
            if tombstones.buried(tx, actor.workspace, [post_key, job.post.author.key]):
                raise NotFoundError("post", post_key)
            if act == BACK[kind]:
                acts.undo(tx, actor.workspace, post_key, kind, now)
            else:
                acts.put(tx, Done(actor.workspace, post_key, kind, job.account.id, actor.user_id, now))
            audit.append(tx, actor.workspace, actor.user_id, f"post_{act}", case.id, now, platform=job.post.platform)
            changes.note(tx, actor.workspace, "case", case.id, now)
        return self.available(actor, case_id, post_key)

    def _job(self, actor: Actor, case_id: str, post_key: str, act: Act) -> _Job:
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "approve_reply", case_id)
            found = self._post(tx, actor, case, post_key)
            told = acts.of_posts(tx, case.workspace, [post_key])
            before = next((one.account_id for one in told if one.act == KINDS[act] and one.undone_at is None), "")
            mine = [one for one in _accounts(tx, case) if one.platform == found.post.platform]
        responder = self._responders.get(found.post.platform)
        # who did it takes it back
        account = next((one for one in mine if one.id == before), next(iter(mine), None))
        if not isinstance(responder, Acting) or found.own:
            raise ActClosedError(act, found.post.platform, "")
        rule = next((one for one in responder.acts(found.post, _shown(account)) if one.act == act), None)
        if rule is None or not rule.allowed or account is None:
            raise ActClosedError(act, found.post.platform, rule.rule if rule else "")
        return _Job(case, found.post, account, responder)

    def _ask(self, job: _Job, act: Act) -> None:
        """Ask the platform, and once more with another token where it refused ours."""
        account = self._tokens.fresh(job.account.workspace, job.account.id, PATIENCE)
        try:
            job.responder.act(act, job.post, account)
        except AuthorisationError:
            other = self._tokens.after_refusal(job.account.workspace, job.account.id, account, PATIENCE)
            if other is None:
                raise
            job.responder.act(act, job.post, other)

    def _rules(
        self, actor: Actor, case: Case, one: EnrichedPost, accounts: Sequence[AccountRow], done: Sequence[Done]
    ) -> tuple[ActRule, ...]:
        """Of each act the half that makes sense now: what was liked can be unliked."""
        responder = self._responders.get(one.post.platform)
        if one.own or not isinstance(responder, Acting) or not _able(actor, case, one.post):
            return ()
        account = next((each for each in accounts if each.platform == one.post.platform), None)
        taken = {each.act for each in done}
        rules = responder.acts(one.post, _shown(account))
        return tuple(rule for rule in rules if (KINDS[rule.act] in taken) == (rule.act in BACK.values()))

    def _post(self, tx: Connection, actor: Actor, case: Case, post_key: str) -> EnrichedPost:
        """A post of the case's thread. Raises NotFoundError, ForbiddenError where it is private and the actor's not."""
        post = kept_posts.get(tx, case.workspace, post_key)
        if post is None:  # a thread has posts that match none of the actor's monitors
            found = self._index.get(structs.replace(actor.scope, monitors=None), [post_key])
            post = next(iter(found), None)
        if post is None or post.thread_key not in threads.members(tx, case.workspace, case.thread_key):
            raise NotFoundError("post", post_key)
        if post.post.private and not actor.private:
            raise ForbiddenError(actor, "approve_reply")
        return post


def _able(actor: Actor, case: Case, post: Post) -> bool:
    return may(actor, "approve_reply", Resource(case.workspace, case.monitors, case.private or post.private))


def _accounts(tx: Connection, case: Case) -> list[AccountRow]:
    """Our connected accounts; made-up cases have none, so nothing made up is ever asked of a platform."""
    mine = sources.accounts_of(tx, case.workspace)
    return [] if case.made_up else [one for one in mine if one.state == "connected"]


def _shown(account: AccountRow | None) -> Account | None:
    """The account for a rule, which asks only whether there is a secret."""
    return Account(account.platform, account.handle, account.base_url, "kept") if account else None
