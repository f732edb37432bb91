"""Liking and hiding what others said on their platforms, in the name of our account.

Whoever may approve an answer may do this. Nothing waits in a queue: the platform is asked at once, and the person hears
what came of it. Doing it twice is the same as once, so whatever failed is tried again by pressing once more.

The account that did something takes it back: another one has nothing there to take back. Where two do and undo the
same at once, nobody can tell whom the platform heard last; whoever finds that out asks it once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs
from sqlalchemy import Connection

from crm.errors import (
    AuthorisationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermanentError,
    RateLimitedError,
    RetryableError,
)
from crm.policies.access import Actor, ForbiddenError, Resource, may
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.ports.responder import Account, Act, Acting, ActRule, AnsweredPostGoneError, Responder
from crm.records import acts, audit, changes, desk, sources, tombstones
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
TRIES = 3
"""How often the platform is asked at most where others do or undo the same meanwhile."""
ACCOUNT_GONE = "account_gone"
"""The rule of what could only be taken back with an account that is no longer connected."""


class ActClosedError(InvalidInputError):
    """The post's platform, or who we are there, does not allow it."""

    def __init__(self, act: Act, platform: str, rule: str, why: str = "") -> None:
        self.act, self.platform, self.rule = act, platform, rule
        why = why or (f"the rule is {rule}" if rule else f"{platform} offers it for no such post")
        super().__init__(f"You can't {act} this post from here: {why}. Do it on {platform} itself.")


class ActAccountGoneError(ActClosedError):
    """Only the account that did it can take it back, and that is no longer connected."""

    def __init__(self, act: Act, platform: str) -> None:
        why = "only the account that did it can, and it is no longer connected; connect it again"
        super().__init__(act, platform, ACCOUNT_GONE, why)


class ActRefusedError(ConflictError):
    """The platform would not do it.

    `problem` says why, as far as we know: gone (it no longer shows us the post), sign_in (it does not let our account
    in, or not do this), refused; `said` is what it said itself.
    """

    def __init__(self, act: Act, platform: str, error: AuthorisationError | PermanentError) -> None:
        self.act, self.platform, self.said, self.problem = act, platform, str(error), "refused"
        if isinstance(error, AnsweredPostGoneError):
            self.problem, self.said = "gone", f"{platform} no longer shows us this post, so nobody can {act} it."
        elif isinstance(error, AuthorisationError):
            self.problem = "sign_in"
        super().__init__(self.said)


class ActLaterError(RetryableError):
    """The platform could not be asked, or did not answer; doing it once more does no harm."""

    def __init__(self, act: Act, platform: str, error: RetryableError) -> None:
        self.platform = platform
        super().__init__(f"{error} Try again in a moment; to {act} a post twice is the same as once.")


class ActCrossedError(RetryableError):
    """Others did and undid the same all the while, so nobody can tell what holds."""

    def __init__(self, act: Act, platform: str) -> None:
        self.platform = platform
        super().__init__(f"Others like or hide this post on {platform} too just now; look at it, then {act} it again.")


class _Job(Struct, frozen=True):
    case: Case
    post: Post
    account: AccountRow
    responder: Acting
    seen: Done | None


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
        for _ in range(TRIES):
            job = self._job(actor, case_id, post_key, act)
            self._ask(job, act)
            case_id, kept = self._keep(actor, job, act)
            if kept:
                return self.available(actor, case_id, post_key)
        raise ActCrossedError(act, job.post.platform)

    def _keep(self, actor: Actor, job: _Job, act: Act) -> tuple[str, bool]:
        """Write down what the platform did, and return the case that has the post now.

        Nothing is written, and the second is False, where somebody else wrote down theirs since we looked.
        """
        now, kind, post = self._clock.now(), KINDS[act], job.post
        with self._records.write() as tx:
            tombstones.hold(tx, actor.workspace)
            before = acts.hold(tx, actor.workspace, post.key, kind)
            if tombstones.buried(tx, actor.workspace, [post.key, post.author.key]):
                raise NotFoundError("post", post.key)
            case = casebook.now_at(tx, job.case) or job.case
            if before != job.seen:
                return case.id, False
            acts.put(tx, _done(actor, job, act, now))
            audit.append(tx, actor.workspace, actor.user_id, f"post_{act}", case.id, now, platform=post.platform)
            changes.note(tx, actor.workspace, "case", case.id, now)
        return case.id, True

    def _job(self, actor: Actor, case_id: str, post_key: str, act: Act) -> _Job:
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "approve_reply", case_id)
            found = self._post(tx, actor, case, post_key)
            seen = next((one for one in acts.of_posts(tx, case.workspace, [post_key]) if one.act == KINDS[act]), None)
            mine = [one for one in _accounts(tx, case) if one.platform == found.post.platform]
        responder = self._responders.get(found.post.platform)
        if not isinstance(responder, Acting) or found.own:
            raise ActClosedError(act, found.post.platform, "")
        before = next((one for one in mine if seen and _is_whose(seen, one)), None)
        if seen and seen.undone_at is None and before is None:
            raise ActAccountGoneError(act, found.post.platform)
        account = before or next(iter(mine), None)
        rule = next((one for one in responder.acts(found.post, _shown(account)) if one.act == act), None)
        if rule is None or not rule.allowed or account is None:
            raise ActClosedError(act, found.post.platform, rule.rule if rule else "")
        return _Job(case, found.post, account, responder, seen)

    def _ask(self, job: _Job, act: Act) -> None:
        """Ask the platform. Raises: ActRefusedError, RateLimitedError, ActLaterError."""
        try:
            self._asked(job, act)
        except RateLimitedError:
            raise
        except RetryableError as error:
            raise ActLaterError(act, job.post.platform, error) from error
        except (AuthorisationError, PermanentError) as error:
            raise ActRefusedError(act, job.post.platform, error) from error

    def _asked(self, job: _Job, act: Act) -> None:
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
        mine = [each for each in accounts if each.platform == one.post.platform]
        rules = responder.acts(one.post, _shown(next(iter(mine), None)))
        taken = {each.act: any(_is_whose(each, account) for account in mine) for each in done}
        return tuple(
            rule if taken.get(KINDS[rule.act], True) else ActRule(rule.act, ACCOUNT_GONE, allowed=False)
            for rule in rules
            if (KINDS[rule.act] in taken) == (rule.act in BACK.values())
        )

    def _post(self, tx: Connection, actor: Actor, case: Case, post_key: str) -> EnrichedPost:
        """A post of the case's thread. Raises NotFoundError, ForbiddenError where it is private and the actor's not."""
        post = casebook.post_in(tx, self._index, actor, case, post_key)
        if post is None:
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


def _is_whose(done: Done, account: AccountRow) -> bool:
    """Whether this account did it; connected again it is the same one."""
    return account.id == done.account_id or (bool(done.native_id) and account.native_id == done.native_id)


def _done(actor: Actor, job: _Job, act: Act, now: datetime) -> Done:
    """What is known now. Taking back leaves who did it and when, and its mark also where nothing was known."""
    kind, seen, whose = KINDS[act], job.seen, job.account
    times = seen.changes + 1 if seen else 1
    if act == BACK[kind] and seen:
        return structs.replace(seen, undone_at=now, changes=times)
    undone = now if act == BACK[kind] else None
    return Done(actor.workspace, job.post.key, kind, whose.id, actor.user_id, now, undone, whose.native_id, times)


def _shown(account: AccountRow | None) -> Account | None:
    """The account for a rule, which asks only whether there is a secret."""
    return Account(account.platform, account.handle, account.base_url, "kept") if account else None
