"""The files of a draft: added, described, taken out, looked at."""

from __future__ import annotations

from sqlalchemy import Connection

from crm.errors import NotFoundError
from crm.ids import new_id
from crm.policies.access import Action, Actor, Resource, require
from crm.policies.files import ALT, NAME, FileInfo, check_new, kind_of
from crm.policies.replies import ReplyStateError
from crm.ports.clock import Clock
from crm.ports.responder import Way
from crm.records import audit, changes, replies, reply_files
from crm.records.database import Records
from crm.records.replies import Reply
from crm.usecases import casebook
from crm.usecases.replies import Replies


class Files:
    """What the composer and the HTTP API call. A changed file needs a new approval, as changed words do."""

    def __init__(self, records: Records, answers: Replies, clock: Clock) -> None:
        self._records, self._answers, self._clock = records, answers, clock

    def add(self, actor: Actor, case_id: str, way: Way, name: str, content: bytes, alt: str = "") -> FileInfo:
        """Add a file to the actor's draft on a case, which is begun where there is none.

        Raises: FileRefusedError where it is no picture, too large or one too many; NotFoundError, ForbiddenError.
        Whether the platform takes it is judged when the reply is approved.
        """
        kind, now = kind_of(content), self._clock.now()
        with self._records.write() as tx:
            draft = self._answers.begun(tx, actor, casebook.take(tx, actor, "write_reply", case_id), way)
            there = reply_files.of_replies(tx, [draft.id]).get(draft.id, ())
            check_new(content, len(there))
            position = max((one.position for one in there), default=0) + 1
            info = FileInfo(
                new_id(now), draft.id, position, name.strip()[-NAME:] or "file", kind, len(content), _alt(alt)
            )
            reply_files.add(tx, draft.workspace, info, content)
            self._changed(tx, actor, draft, "file_added", info)
        return info

    def describe(self, actor: Actor, file_id: str, alt: str) -> FileInfo:
        """Say in words what a file of a draft shows. Raises ReplyStateError where it is no draft any more."""
        with self._records.write() as tx:
            draft, info = self._take(tx, actor, file_id)
            reply_files.describe(tx, file_id, _alt(alt))
            self._changed(tx, actor, draft, "file_described", info)
            return reply_files.get(tx, draft.workspace, file_id)

    def remove(self, actor: Actor, file_id: str) -> None:
        """Take a file out of a draft. Raises ReplyStateError where it is no draft any more."""
        with self._records.write() as tx:
            draft, info = self._take(tx, actor, file_id)
            reply_files.remove(tx, file_id)
            self._changed(tx, actor, draft, "file_removed", info)

    def read(self, actor: Actor, file_id: str) -> tuple[FileInfo, bytes]:
        """A file and its bytes, for whoever may read its case.

        Raises: NotFoundError, also where the bytes are no longer kept; ForbiddenError.
        """
        with self._records.read() as tx:
            info = reply_files.get(tx, actor.workspace, file_id)
            casebook.look(tx, actor, "read_cases", replies.get(tx, actor.workspace, info.reply_id).case_id)
            if not info.kept:
                raise NotFoundError("file", file_id)
            return info, reply_files.content(tx, file_id)

    def _take(self, tx: Connection, actor: Actor, file_id: str) -> tuple[Reply, FileInfo]:
        info = reply_files.get(tx, actor.workspace, file_id)
        draft, case = casebook.take_reply(tx, actor.workspace, info.reply_id)
        action: Action = "write_reply"
        require(actor, action, Resource(case.workspace, case.monitors, case.private))
        if draft.status != "draft":
            raise ReplyStateError(draft.status, "draft")
        return draft, info

    def _changed(self, tx: Connection, actor: Actor, draft: Reply, kind: str, info: FileInfo) -> None:
        now = self._clock.now()
        replies.change(tx, draft, now, asked_at=None)
        audit.append(tx, draft.workspace, actor.user_id, f"reply_{kind}", draft.id, now, case=draft.case_id,
                     name=info.name, size=info.size)  # fmt: skip
        changes.note(tx, draft.workspace, "reply", draft.case_id, now)


def _alt(text: str) -> str:
    return text.strip()[:ALT]
