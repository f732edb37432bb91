"""Writing, approving and calling back replies. No reply leaves without a person's approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import structs
from sqlalchemy import Connection

from crm.errors import InvalidInputError
from crm.ids import new_id
from crm.policies.access import Action, Actor, Resource, require
from crm.policies.files import check_allowed
from crm.policies.parts import split
from crm.policies.replies import (
    UNDO,
    AlreadyAnsweredError,
    ReplyChangedError,
    ReplyStateError,
    SaidAlreadyError,
    WayClosedError,
    check_step,
    check_text,
)
from crm.ports.clock import Clock
from crm.ports.index import PostIndex
from crm.ports.responder import Account, Length, Responder, Way, WayRule, Ways
from crm.records import audit, cases, changes, desk, kept_posts, outbox, replies, reply_files, sources, threads
from crm.records.cases import Case
from crm.records.database import Records
from crm.records.replies import Reply
from crm.records.sources import AccountRow
from crm.usecases import casebook, parted, reading
from crm.usecases.views import PendingReply, Person
from crm.words import Post


class Replies:
    """What the composer, the approval list and the HTTP API call. `responders` are by platform."""

    def __init__(
        self, records: Records, index: PostIndex, responders: Mapping[str, Responder],
        by_hand: Callable[[str], Responder], clock: Clock,
    ) -> None:  # fmt: skip
        """`by_hand` makes the responder of a platform that has none of its own: a person answers there."""
        self._records, self._index, self._clock = records, index, clock
        self._responders, self._by_hand = responders, by_hand

    def ways(self, actor: Actor, case_id: str) -> Ways:
        """How the newest post of a case may be answered, the best way first."""
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "read_cases", case_id)
            return self._ways(tx, actor, case, case.post_key)

    def length(self, actor: Actor, case_id: str, text: str, way: Way = "reply") -> Length:
        """How long a text is in the measure of the case's platform; in characters where that is unknown."""
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "read_cases", case_id)
        return self._responder(case).count(text, way)

    def parts(self, actor: Actor, case_id: str, text: str, way: Way) -> tuple[str, ...]:
        """The posts in which a text that is too long can go out; none where it fits, or the way allows no threads.

        Raises TooLongForPartsError.
        """
        with self._records.read() as tx:
            case = casebook.look(tx, actor, "read_cases", case_id)
            rule = _rule(self._ways(tx, actor, case, case.post_key), way)
            draft = replies.draft_of(tx, case_id, actor.user_id)
            files = draft is not None and bool(reply_files.of_replies(tx, [draft.id]))
        found = self._cut(case, text, rule, files=files)
        return found if len(found) > 1 else ()

    def draft(
        self, actor: Actor, case_id: str, way: Way, text: str, language: str = "", answer_to: str | None = None,
        *, as_thread: bool = False,
    ) -> Reply:  # fmt: skip
        """Keep what the actor is writing; one draft per person and case. A changed text needs a new approval.

        It answers the post `answer_to`, else the newest one of the case. `as_thread` lets a text that is too long
        go out as several posts. Raises InvalidInputError where the
        case's thread has no such post, SaidAlreadyError where these words have answered it before.
        """
        now = self._clock.now()
        with self._records.write() as tx:
            case = casebook.take(tx, actor, "write_reply", case_id)
            if answer_to and answer_to != case.post_key:
                self._check_in_thread(tx, actor, case, answer_to)
            there = replies.draft_of(tx, case.id, actor.user_id)
            if there is None:
                return self._begin(tx, actor, case, way, text, language, answer_to or case.post_key, as_thread)
            same = (text, way, as_thread) == (there.text, there.way, there.as_thread)
            return replies.change(
                tx, there, now, way=way, text=text, language=language, asked_at=there.asked_at if same else None,
                answer_to=answer_to or case.post_key, as_thread=as_thread,
            )  # fmt: skip

    def begun(self, tx: Connection, actor: Actor, case: Case, way: Way) -> Reply:
        """The actor's draft on a case that the caller holds, begun without words where there is none."""
        there = replies.draft_of(tx, case.id, actor.user_id)
        return there or self._begin(tx, actor, case, way, "", "", case.post_key, False)

    def drafting(self, actor: Actor, case_id: str, reply_id: str) -> bool:
        """Whether the actor's draft on a case is still this one: not approved, thrown away or gone."""
        with self._records.read() as tx:
            draft = replies.draft_of(tx, case_id, actor.user_id)
        return draft is not None and draft.id == reply_id

    def request_approval(self, actor: Actor, reply_id: str) -> Reply:
        """Ask somebody else to look at a draft before it goes out."""
        now = self._clock.now()
        with self._records.write() as tx:
            reply, case = self._take(tx, actor, "write_reply", reply_id)
            if reply.status != "draft":
                raise ReplyStateError(reply.status, "draft")
            self._check_sendable(tx, actor, case, reply)
            _check_new(tx, reply)
            return self._step(tx, actor.user_id, reply, "approval_asked", now, asked_at=now)

    def hand_back(self, actor: Actor, reply_id: str) -> Reply:
        """Give a draft that waits for approval back to its writer. Raises ReplyStateError where none is asked for."""
        now = self._clock.now()
        with self._records.write() as tx:
            reply, _ = self._take(tx, actor, "approve_reply", reply_id)
            if reply.status != "draft" or reply.asked_at is None:
                raise ReplyStateError(reply.status, "draft")
            return self._step(tx, actor.user_id, reply, "handed_back", now, asked_at=None)

    def approve(
        self, actor: Actor, reply_id: str, version: int, not_before: datetime | None = None, *, force: bool = False
    ) -> Reply:
        """Let a reply go out at `not_before`, at the earliest when it can no longer be called back (8 s).

        `version` is the version of the reply that the actor read. `force` sends although somebody
        answered meanwhile. Raises: AlreadyAnsweredError, SaidAlreadyError, ReplyStateError, ReplyChangedError,
        WayClosedError, InvalidInputError (empty, too long, no account).
        """
        with self._records.write() as tx:
            reply, case = self._take(tx, actor, "approve_reply", reply_id)
            if version != reply.version:
                raise ReplyChangedError
            return self._approve(tx, actor, case, reply, not_before, force=force)

    def approve_and_send(
        self, actor: Actor, case_id: str, way: Way, text: str, language: str = "",
        not_before: datetime | None = None, *, force: bool = False, as_thread: bool = False,
    ) -> Reply:  # fmt: skip
        """Keep the text as the actor's draft and approve it. If that is refused, the draft is as it was before."""
        with self._records.write() as tx:
            case = casebook.take(tx, actor, "approve_reply", case_id)
            reply = replies.draft_of(tx, case.id, actor.user_id)
            if reply is None:
                reply = self._begin(tx, actor, case, way, text, language, case.post_key, as_thread)
            else:
                fields = {"way": way, "text": text, "language": language, "as_thread": as_thread}
                reply = replies.change(tx, reply, self._clock.now(), **fields)
            return self._approve(tx, actor, case, reply, not_before, force=force)

    def cancel(self, actor: Actor, reply_id: str) -> Reply:
        """Throw a draft away, or call an approved reply back, with the parts that follow it.

        Raises ReplyStateError once it is on its way.
        """
        with self._records.write() as tx:
            reply, _ = self._take(tx, actor, "write_reply", reply_id)
            cancelled, _ = self._cancel(tx, actor, reply)
            reply_files.remove_of(tx, [reply.id])
            return cancelled

    def take_back(self, actor: Actor, reply_id: str) -> Reply:
        """Call a reply back like :meth:`cancel`; its words and files are the actor's draft then, which is returned."""
        now = self._clock.now()
        with self._records.write() as tx:
            reply, case = self._take(tx, actor, "write_reply", reply_id)
            reply, words = self._cancel(tx, actor, reply)
            draft = replies.draft_of(tx, case.id, actor.user_id)
            if draft is None:
                draft = self._begin(
                    tx, actor, case, reply.way, words, reply.language, reply.answer_to, reply.as_thread
                )  # fmt: skip
            else:
                newer = draft.text.strip()  # what was begun since stays, below what comes back
                text = words if newer in ("", words.strip()) else f"{words}\n\n{draft.text}"
                fields = {"way": reply.way, "text": text, "language": reply.language, "as_thread": reply.as_thread}
                draft = replies.change(tx, draft, now, asked_at=None, answer_to=reply.answer_to, **fields)
            reply_files.move(tx, reply.id, draft.id)
            return draft

    def mark_sent(self, actor: Actor, reply_id: str, url: str = "") -> Reply:
        """Say that a person published an approved reply on the platform itself; `url` is where it stands."""
        now = self._clock.now()
        with self._records.write() as tx:
            reply, case = self._take(tx, actor, "write_reply", reply_id)
            if reply.way != "open" or reply.status != "approved":
                raise ReplyStateError(reply.status, "sent")
            if url and not url.startswith(("https://", "http://")):
                raise InvalidInputError(f"{url!r} is no web address; paste that of your answer, or leave it empty.")
            casebook.answered(tx, case, actor.user_id, now, now)
            return self._step(tx, actor.user_id, reply, "marked_sent", now, status="sent", sent_at=now, url=url or None)

    def decide_unknown(self, actor: Actor, reply_id: str, was_sent: bool, url: str = "") -> Reply:
        """A person looked on the platform: the reply is there, or it is not and may be approved again."""
        now = self._clock.now()
        with self._records.write() as tx:
            reply, case = self._take(tx, actor, "approve_reply", reply_id)
            if reply.status != "unknown":
                raise ReplyStateError(reply.status, "sent" if was_sent else "failed")
            if not was_sent:
                return self._step(tx, actor.user_id, reply, "decided_not_sent", now, status="failed")
            if reply.follows is None:
                casebook.answered(tx, case, actor.user_id, now, now)
            # Nobody knows the id of what was found, so the next part answers what this one answered.
            parted.go_on(tx, reply, reply.answer_to, now)
            fields = {"status": "sent", "sent_at": now, "url": url or None, "error": None, "error_kind": None}
            return self._step(tx, actor.user_id, reply, "decided_sent", now, **fields)

    def pending(self, actor: Actor) -> list[PendingReply]:
        """Replies that need a person: asked for approval, failed, or in doubt; longest waiting first."""
        with self._records.read() as tx:
            found = replies.asked_for(tx, actor.workspace)
            found += replies.with_status(tx, actor.workspace, ("unknown", "failed"))
            names = desk.names(tx, actor.workspace)
            files = reply_files.of_replies(tx, [reply.id for reply in found])
            rows = []
            for reply in found:
                case = cases.get(tx, actor.workspace, reply.case_id)
                if casebook.visible(actor, case):
                    writer = Person(reply.author_id, names.get(reply.author_id, ""))
                    answer, line = reading.answer(actor, reply), reading.line(actor, case)
                    rows.append(PendingReply(answer, writer, line, reading.files(actor, files.get(reply.id, ()))))
        return rows

    def _approve(
        self, tx: Connection, actor: Actor, case: Case, reply: Reply, not_before: datetime | None, *, force: bool
    ) -> Reply:
        now = self._clock.now()
        check_step(reply.status, "approved")
        parts = self._check_sendable(tx, actor, case, reply)
        _check_new(tx, reply)
        if not force:
            self._check_alone(tx, reply)
        account = None
        if reply.way != "open":
            account = self._account(tx, case)
            if account is None or case.platform not in self._responders:
                raise InvalidInputError(
                    f"No account on {case.platform} is connected; connect one, or answer on the platform itself."
                )
        if reply.way not in (able := [rule.way for rule in self._ways(tx, actor, case, reply.answer_to).allowed]):
            raise WayClosedError(reply.way, able)
        if account is not None and not parted.too_early(tx, reply):
            outbox.add(tx, case.workspace, reply.id, max(not_before or now, now + UNDO), now)
        reply = self._step(
            tx, actor.user_id, reply, "approved", now, status="approved", approver_id=actor.user_id, approved_at=now,
            account_id=account.id if account else None, error=None, error_kind=None,
        )  # fmt: skip
        return parted.cut(tx, reply, parts, now) if len(parts) > 1 else reply

    def _check_sendable(self, tx: Connection, actor: Actor, case: Case, reply: Reply) -> tuple[str, ...]:
        """The posts that a reply goes out as. Raises InvalidInputError where its words or files can't go out."""
        files = reply_files.of_replies(tx, [reply.id]).get(reply.id, ())
        rule = _rule(self._ways(tx, actor, case, reply.answer_to), reply.way)
        uncut = reply.as_thread and reply.whole is None and reply.follows is None
        parts = self._cut(case, reply.text, rule, files=bool(files)) if uncut else (reply.text,)
        check_text(reply.text, self._length(case, reply, rule, files=bool(files)), parted=len(parts) > 1)
        if rule is not None:
            check_allowed(files, rule.media)
        return parts

    def _cut(self, case: Case, text: str, rule: WayRule | None, *, files: bool) -> tuple[str, ...]:
        if rule is None or not rule.threads:
            return (text,)
        responder, limit = self._responder(case), _limit(rule, rule.limit, files=files)
        return (text,) if limit is None else split(text, lambda part: responder.count(part, rule.way).used, limit)

    def _cancel(self, tx: Connection, actor: Actor, reply: Reply) -> tuple[Reply, str]:
        """The reply, called back, and its words, with those of the parts after it."""
        now = self._clock.now()
        check_step(reply.status, "cancelled")
        leaving = reply.status == "approved" and reply.way != "open" and not parted.waits(tx, reply)
        if leaving and not outbox.withdraw(tx, reply.id, now):
            raise ReplyStateError("sending", "cancelled")
        words = parted.call_back(tx, reply, now)
        return self._step(tx, actor.user_id, reply, "cancelled", now, status="cancelled"), words

    def _begin(
        self, tx: Connection, actor: Actor, case: Case, way: Way, text: str, language: str, answer_to: str,
        as_thread: bool,
    ) -> Reply:  # fmt: skip
        now = self._clock.now()
        reply = Reply(
            new_id(now), case.workspace, case.id, answer_to, None, way, text, language, "draft", actor.user_id, now,
            now, as_thread=as_thread,
        )  # fmt: skip
        _check_new(tx, reply)  # a page that is behind the others still shows what went out
        replies.add(tx, reply)
        audit.append(tx, case.workspace, actor.user_id, "reply_begun", reply.id, now, case=case.id)
        changes.note(tx, case.workspace, "reply", case.id, now)
        return reply

    def _step(self, tx: Connection, who: str, reply: Reply, kind: str, now: datetime, **fields: object) -> Reply:
        changed = replies.change(tx, reply, now, **fields)
        audit.append(tx, reply.workspace, who, f"reply_{kind}", reply.id, now, case=reply.case_id, text=reply.text)
        changes.note(tx, reply.workspace, "reply", reply.case_id, now)
        return changed

    def _take(self, tx: Connection, actor: Actor, action: Action, reply_id: str) -> tuple[Reply, Case]:
        reply, case = casebook.take_reply(tx, actor.workspace, reply_id)
        require(actor, action, Resource(case.workspace, case.monitors, case.private))
        return reply, case

    def _check_alone(self, tx: Connection, reply: Reply) -> None:
        ours = parted.ids(tx, reply)
        found = replies.approved_since(tx, reply.case_id, reply.created_at, reply.id)
        if others := [one for one in found if one.id not in ours]:
            names = desk.names(tx, reply.workspace)
            raise AlreadyAnsweredError([one.id for one in others], [names.get(one.author_id, "?") for one in others])

    def _check_in_thread(self, tx: Connection, actor: Actor, case: Case, post_key: str) -> None:
        post = kept_posts.get(tx, case.workspace, post_key)
        if post is None:  # a thread has posts that match none of the actor's monitors
            found = self._index.get(structs.replace(actor.scope, monitors=None), [post_key])
            post = next(iter(found), None)
        if post is None or post.thread_key not in threads.members(tx, case.workspace, case.thread_key):
            raise InvalidInputError(f"{post_key} is no post of this case; name one of its thread, or none.")

    def _ways(self, tx: Connection, actor: Actor, case: Case, post_key: str) -> Ways:
        post, account = self._post(tx, actor, post_key), self._account(tx, case)
        if post is None:
            return Ways((WayRule("open", "on_platform"),))
        # The rule asks only whether there is a secret; the real one stays encrypted until the reply is sent.
        signed_in = Account(account.platform, account.handle, account.base_url, "kept") if account else None
        return self._responder(case).how(post, signed_in)

    def _responder(self, case: Case) -> Responder:
        return self._responders.get(case.platform) or self._by_hand(case.platform)

    def _length(self, case: Case, reply: Reply, rule: WayRule | None, *, files: bool) -> Length | None:
        if reply.way == "open":
            return None
        found = self._responder(case).count(reply.text, reply.way)
        return structs.replace(found, limit=_limit(rule, found.limit, files=files))

    def _account(self, tx: Connection, case: Case) -> AccountRow | None:
        """Our account on the case's platform; made-up cases have none, so nothing made up is ever answered."""
        mine = [one for one in sources.accounts_of(tx, case.workspace) if one.platform == case.platform]
        working = [one for one in mine if one.state == "connected"]
        return None if case.made_up else next(iter(working), None)

    def _post(self, tx: Connection, actor: Actor, post_key: str) -> Post | None:
        """A post of a case that the actor works on, whichever monitors of theirs it matches itself."""
        kept = kept_posts.get(tx, actor.workspace, post_key)
        found = [kept] if kept is not None else self._index.get(structs.replace(actor.scope, monitors=None), [post_key])
        return reading.posts(actor, found)[0].post if found else None


def _check_new(tx: Connection, reply: Reply) -> None:
    if replies.says_already(tx, reply):
        raise SaidAlreadyError


def _rule(ways: Ways, way: Way) -> WayRule | None:
    """The rule of a way that is open."""
    return next((rule for rule in ways.allowed if rule.way == way), None)


def _limit(rule: WayRule | None, limit: int | None, *, files: bool) -> int | None:
    """The longest text: files shorten it on some platforms."""
    shorter = rule.media.limit if files and rule is not None and rule.media is not None else None
    return min((one for one in (limit, shorter) if one is not None), default=None)
