"""A stand-in for the server of the Bot API, written from its documentation (core.telegram.org/bots/api).

It keeps updates until somebody asks for later ones, refuses a bad token with 401 and one that can be none with 404,
a second owner of the token and a webhook with 409, and sends messages as Telegram does: by chat, with the answered
message looked for, trimmed, and at most 4096 UTF-16 units long. It remembers no key of a message.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.services.form import File, form
from tests.services.web import Answer, Asked, Web, web

TOKEN = "4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60qcK"
WRONG = "4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60wrong"
ME = {"id": 4839574812, "is_bot": True, "first_name": "Azar Bank", "username": "azarbank_bot"}
START = 1774080000
"""2026-03-21 08:00 UTC."""

LONGEST, CAPTION = 4096, 1024
SARA = {"id": 501, "is_bot": False, "first_name": "Sara", "last_name": "Test", "username": "sara_test"}
REZA = {"id": 502, "is_bot": False, "first_name": "Reza"}
DIRECT = {"id": 501, "type": "private", "first_name": "Sara", "username": "sara_test"}
GROUP = {"id": -1001000000001, "type": "supergroup", "title": "Customers", "username": "azar_customers"}
CLOSED = {"id": -1001000000002, "type": "supergroup", "title": "Members only"}
BASIC = {"id": -4001, "type": "group", "title": "A few friends"}
CHANNEL = {"id": -1001000000003, "type": "channel", "title": "Azar News", "username": "azar_news"}


@dataclass
class Mischief:
    """What the server does now and then, by the share of calls (0 to 1) that each takes."""

    random: Random
    share: float = 0.0

    def strikes(self) -> str:
        """The name of a fault, or nothing."""
        if self.random.random() >= self.share:
            return ""
        return self.random.choice(["late", "gone", "busy", "lost", "cut", "truncated", "twice", "mixed", "taken"])


@dataclass
class BotApi:
    """State and answers of the server. `sent` are the messages of the bot, `gone` those that were deleted."""

    bale: bool = False
    url: str = ""
    chats: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {chat["id"]: chat for chat in (DIRECT, GROUP, CLOSED, BASIC, CHANNEL)}
    )
    updates: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    messages: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)
    members: dict[int, int] = field(default_factory=lambda: {CHANNEL["id"]: 1200})
    webhook: str = ""
    instead: dict[str, list[Answer]] = field(default_factory=dict)
    mischief: Mischief = field(default_factory=lambda: Mischief(Random(1)))
    reactions: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forgotten: int = 0
    next_update: int = 733001
    next_message: int = 1
    _allowed: list[str] = field(default_factory=list)

    def say(self, chat: dict[str, Any], text: str | None = None, kind: str = "message", **more: Any) -> dict[str, Any]:
        """A new message, told as an update of `kind`."""
        number = self.next_message
        self.next_message += 1
        message = {"message_id": number, "date": START + number, "chat": chat, "from": SARA}
        if kind == "channel_post":
            message = {"message_id": number, "date": START + number, "chat": chat, "sender_chat": chat}
        if text is not None:
            message["text"] = text
        message |= more
        self.messages[chat["id"], message["message_id"]] = message
        self.tell(kind, message)
        return message

    def tell(self, kind: str, what: dict[str, Any]) -> int:
        """A new update; returns its number."""
        number = self.next_update
        self.next_update += 1
        self.updates.append({"update_id": number, kind: what})
        return number

    def handle(self, asked: Asked) -> Answer:
        """Answer one request."""
        _, _, rest = asked.path.partition("/bot")
        token, _, method = rest.partition("/")
        if token != TOKEN:
            return refused(401, "Unauthorized") if ":" in token else refused(404, "Not Found")
        sent = form(asked)
        body = json.loads(asked.body or b"{}") if sent is None else _read(*sent)
        self.asked.append((method, body))
        if waiting := self.instead.get(method):
            return waiting.pop(0)
        answer = getattr(self, f"_{method.lower()}", None)
        return answer(body) if answer else refused(404, "Not Found")

    def _getme(self, _body: dict[str, Any]) -> Answer:
        return result(ME)

    def _getwebhookinfo(self, _body: dict[str, Any]) -> Answer:
        return result({"url": self.webhook, "has_custom_certificate": False, "pending_update_count": 0})

    def _getchatmembercount(self, body: dict[str, Any]) -> Answer:
        count = self.members.get(body["chat_id"])
        return refused(400, "Bad Request: chat not found") if count is None else result(count)

    _getchatmemberscount = _getchatmembercount

    def _getupdates(self, body: dict[str, Any]) -> Answer:
        if self.webhook:
            return refused(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to "
                                "delete the webhook first")  # fmt: skip
        fault = self.mischief.strikes()
        if fault in FAULTS:
            return FAULTS[fault]
        offset, limit = body.get("offset", 0), body.get("limit", 100)
        self._allowed = body.get("allowed_updates", self._allowed)
        known = len(self.updates)
        # The only way to say that updates were received: those before the offset are forgotten.
        self.updates = [one for one in self.updates if one["update_id"] >= offset]
        self.forgotten += known - len(self.updates)
        page = [one for one in self.updates if self._is_allowed(one)][:limit]
        if fault == "mixed":
            page = self.mischief.random.sample(page, len(page))
        if fault == "twice":
            page = [*page, *page]
        whole = result(page)
        if fault == "cut":
            return Answer(200, whole.body, whole.headers, cut=len(whole.body) // 2)
        return Answer(200, whole.body[: len(whole.body) // 2], whole.headers) if fault == "truncated" else whole

    def _is_allowed(self, update: dict[str, Any]) -> bool:
        return not self._allowed or bool(set(self._allowed) & update.keys())

    def _sendphoto(self, body: dict[str, Any]) -> Answer:
        if "photo" not in body:
            return refused(400, "Bad Request: there is no photo in the request")
        return self._sendmessage(body | {"text": body.get("caption", "")}, [_attached(body, body["photo"])])

    def _sendmediagroup(self, body: dict[str, Any]) -> Answer:
        media = body["media"]
        if not 2 <= len(media) <= 10:
            return refused(400, "Bad Request: there are too many media to send as an album")
        pictures = [_attached(body, one["media"]) for one in media]
        answer = self._sendmessage(body | {"text": media[0].get("caption", "")}, pictures[:1])
        if answer.status != 200:
            return answer
        for one in pictures[1:]:
            self._sendmessage(body | {"text": ""}, [one])
        return result(self.sent[-len(pictures) :])

    def _setmessagereaction(self, body: dict[str, Any]) -> Answer:
        if self.bale:
            return refused(404, "Not Found")
        place = (body["chat_id"], body["message_id"])
        if place not in self.messages:
            return refused(400, "Bad Request: message to react not found")
        if place[0] in self.blocked:
            return refused(403, "Forbidden: bot was blocked by the user")
        self.reactions[place] = [one["emoji"] for one in body["reaction"]]
        return result(True)

    def _sendmessage(self, body: dict[str, Any], pictures: Sequence[File] = ()) -> Answer:
        chat, text = int(body["chat_id"]), str(body.get("text", "")).strip()
        if chat in self.moved:
            return refused(400, "Bad Request: group chat was upgraded to a supergroup chat",
                           migrate_to_chat_id=self.moved[chat])  # fmt: skip
        if chat not in self.chats:
            return refused(400, "Bad Request: chat not found")
        if chat in self.blocked:
            return refused(403, "Forbidden: bot was blocked by the user")
        if not text and not pictures:
            return refused(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > CAPTION and pictures:
            return refused(400, "Bad Request: message caption is too long")
        if any(not one.content.startswith((b"\x89PNG", b"\xff\xd8")) for one in pictures):
            return refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if len(text.encode("utf-16-le")) // 2 > LONGEST:
            return refused(400, "Bad Request: message is too long")
        answered = body.get("reply_to_message_id") if self.bale else body.get("reply_parameters", {}).get("message_id")
        if answered is not None and (chat, answered) not in self.messages:
            return refused(400, "Bad Request: message to be replied not found")
        message = {
            "message_id": self.next_message, "date": START + self.next_message, "from": ME, "chat": self.chats[chat],
            "text" if not pictures else "caption": text,
        }  # fmt: skip
        if pictures:
            self.pictures += [one.content for one in pictures]
            message["photo"] = [{"file_id": one.name, "file_size": len(one.content)} for one in pictures]
        if connection := body.get("business_connection_id"):
            message["business_connection_id"] = connection
        if answered is not None:
            message["reply_to_message"] = self.messages[chat, answered]
        self.next_message += 1
        self.sent.append(message)
        self.messages[chat, message["message_id"]] = message
        return result(message)


def _read(fields: dict[str, str], files: dict[str, File]) -> dict[str, Any]:
    """A form's fields, of which those that are no plain words are JSON, with its files."""
    read = {
        name: json.loads(one) if name not in ("caption", "photo", "business_connection_id") else one
        for name, one in fields.items()
    }
    return {**read, "files": files}


def _attached(body: dict[str, Any], named: str) -> File:
    file = body["files"][named.removeprefix("attach://")]
    assert isinstance(file, File)
    return file


def result(what: object) -> Answer:
    """What a call gave."""
    return _json(200, {"ok": True, "result": what})


def refused(status: int, description: str, **parameters: object) -> Answer:
    """Why a call gave nothing, in the server's form."""
    body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    return _json(status, body | ({"parameters": parameters} if parameters else {}))


def _json(status: int, body: object) -> Answer:
    # Telegram escapes what is not ASCII, emoji as two halves
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


FAULTS = {
    "late": refused(429, "Too Many Requests: retry after 7", retry_after=7),
    "gone": refused(502, "Bad Gateway"),
    "busy": Answer(500, b"<html>Internal Server Error</html>"),
    "lost": Answer(cut=0),
    "taken": refused(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
                          "running"),
}  # fmt: skip


@contextmanager
def bot_api(bale: bool = False) -> Iterator[tuple[BotApi, Web]]:
    """The stand-in on a free port of 127.0.0.1."""
    server = BotApi(bale)
    with web(server.handle) as running:
        server.url = running.url
        yield server, running
