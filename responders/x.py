"""Answering on X.

X recognises no key of ours, but refuses the same words twice within some hours; a reply whose outcome is unknown is
looked for among our posts since its order was made, by the post that it answers and its words. Since February 2026 an
app may answer only posts that name or quote its account (docs.x.com/x-api/posts/manage-tweets); Enterprise customers
are exempt, which a token does not tell us. Our own posts may be answered, so a longer text can go out as several.

Up to four pictures of 5 MB each go with a reply and one with a message; what quotes a post takes none
(docs.x.com/x-api/media/introduction, and ``media`` of createPosts, which excludes ``quote_tweet_id``). They are
uploaded one by one before the post is made (POST /2/media/upload), with their descriptions (POST /2/media/metadata).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from crm.errors import AuthorisationError, PermanentError, RetryableError
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    Act,
    ActRule,
    AnsweredPostGoneError,
    Attachment,
    Length,
    MediaRule,
    SendOrder,
    Sent,
    Way,
    WayRule,
    Ways,
    account_problem,
)
from crm.ports.transport import Transport
from crm.words import Post
from responders import x_acts
from responders.acting import check_offered
from responders.files import refuse_files
from responders.text import connected, open_on_platform
from responders.x_api import Call, NoCreditError, XApi, signed_in
from responders.x_text import LIMIT, same, weight

if TYPE_CHECKING:
    import requests
    import tweepy

SITE = "https://x.com"
UPLOAD, DESCRIBE = "/2/media/upload", "/2/media/metadata"
MESSAGE = "dm:"
"""Before the ids of direct messages, as the collector writes them."""
MESSAGE_LIMIT = 10_000
_KINDS = ("image/jpeg", "image/png", "image/webp")
PICTURES: dict[Way, MediaRule] = {
    "reply": MediaRule(4, 5_000_000, _KINDS, alt=1_000),
    "dm": MediaRule(1, 5_000_000, _KINDS, alt=1_000),
}
PAGES, PER_PAGE = 10, 100
CLOCKS_APART = timedelta(minutes=5)
_ZERO = 1288834974657
_QUOTED = re.compile(r"\s*https?://(?:x|twitter)\.com/\w+/status/\d+$")
"""The link to the quoted post, which X puts at the end."""
_PICTURED = re.compile(r"\s*https?://(?:x|twitter)\.com/(?:\w+/status/\d+/photo/\d+|messages/media/\d+)$")
"""The link to the pictures of a post or message, likewise."""
_CONVERSATION = re.compile(r"/messages/([0-9-]+)$")


Native = Annotated[str, Meta(pattern="^[0-9]{1,19}$")]


class _Url(Struct, frozen=True):
    url: str = ""
    expanded_url: str = ""


class _Entities(Struct, frozen=True):
    urls: tuple[_Url, ...] | None = None


class _Reference(Struct, frozen=True):
    type: str
    id: str


class _Note(Struct, frozen=True):
    text: str = ""
    entities: _Entities = _Entities()


class _Item(Struct, frozen=True):
    """A post of ours, or a direct message."""

    id: Native
    text: str = ""
    sender_id: str = ""
    entities: _Entities = _Entities()
    note_tweet: _Note = _Note()
    referenced_tweets: tuple[_Reference, ...] = ()

    @property
    def words(self) -> str:
        """Its text with its links written out."""
        text = self.note_tweet.text or self.text
        for url in (*(self.entities.urls or ()), *(self.note_tweet.entities.urls or ())):
            if url.url and url.expanded_url:
                text = text.replace(url.url, url.expanded_url)
        text = _PICTURED.sub("", text)
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class _Meta(Struct, frozen=True):
    next_token: str = ""


class _Listed(Struct, frozen=True):
    """A list. Without `meta` it is none, and what X could not say is not known to be absent."""

    meta: _Meta
    data: tuple[_Item, ...] = ()


class _One(Struct, frozen=True):
    data: _Item | None = None


class _Me(Struct, frozen=True):
    id: str
    username: str


class _Whose(Struct, frozen=True):
    data: _Me


class _Message(Struct, frozen=True):
    dm_event_id: Native
    dm_conversation_id: str


class _Told(Struct, frozen=True):
    data: _Message


class _Said(Struct, frozen=True):
    data: _Item


class XResponder:
    """See :class:`crm.ports.responder.Responder`."""

    platform = "x"

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here = open_on_platform(answer_to)
        way: Way = "dm" if answer_to.private else "reply"
        limit = MESSAGE_LIMIT if answer_to.private else LIMIT
        if account is None or not connected(account):
            return Ways((here, WayRule(way, "not_connected", allowed=False, limit=limit)))
        if answer_to.private and not answer_to.native_id.startswith(MESSAGE):
            # a post of a protected account: nothing of it may be said in public, and it is no conversation
            return Ways((here, WayRule("dm", "private_unsupported", allowed=False)))
        if answer_to.private:
            return Ways((WayRule("dm", "private_message", limit=limit, media=PICTURES["dm"]), here))
        if _invites(answer_to, account.handle):
            reply = WayRule("reply", "x_mentioned", limit=limit, media=PICTURES["reply"], threads=True)
            return Ways((reply, WayRule("quote", "x_mentioned", limit=limit), here))
        refused: tuple[Way, ...] = ("reply", "quote")
        return Ways((here, *(WayRule(one, "x_not_mentioned", allowed=False, limit=limit) for one in refused)))

    def count(self, text: str, way: Way = "reply") -> Length:
        """A message in characters, a post by weight; the link to what is quoted is no part of the text.

        Source: docs.x.com/x-api/direct-messages (10,000 characters), and see :func:`responders.x_text.weight`.
        """
        return Length(len(text), MESSAGE_LIMIT) if way == "dm" else Length(weight(text), LIMIT)

    def send(self, order: SendOrder) -> Sent:
        if order.way not in ("reply", "quote", "dm"):
            raise PermanentError(f"X knows no way {order.way!r} of answering; choose reply, quote or dm.")
        refuse_files("X", order, PICTURES.get(order.way))
        with signed_in(order.account, self._transport, self._clock) as api:
            if order.way == "dm":
                return _tell(api, order)
            answered = _answered(api, order)
            kind = "in_reply_to_tweet_id" if order.way == "reply" else "quote_tweet_id"
            more = {"text": order.text, kind: answered, "user_auth": api.as_user}
            more["media_ids"] = [_uploaded(api, one, "tweet_image") for one in order.media] or None
            said = api.write(lambda client: client.create_tweet(**more), _Said, order)
            return _sent(said.data.id, order)

    def find(self, order: SendOrder) -> Sent | None:
        with signed_in(order.account, self._transport, self._clock) as api:
            me = api.read(lambda client: client.get_me(user_auth=api.as_user), _Whose).data.id
            if order.way == "dm":
                return _find_told(api, order, me)
            kind = "quoted" if order.way == "quote" else "replied_to"
            wanted = _Reference(kind, _native(order))
            for item in _own_since(api, order, me):
                words = _QUOTED.sub("", item.words) if order.way == "quote" else item.words
                if wanted in item.referenced_tweets and same(words, order.text):
                    return _sent(item.id, order)
        return None

    def check(self, account: Account) -> AccountCheck:
        if not connected(account):
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        try:
            with signed_in(account, self._transport, self._clock) as api:
                me = api.read(lambda client: client.get_me(user_auth=api.as_user), _Whose).data
                return AccountCheck(me.username, ok=True, native_id=me.id)
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="refused")
        except RetryableError:
            return AccountCheck(account.handle, ok=False, problem="unreachable")
        except NoCreditError as error:
            return AccountCheck(account.handle, ok=False, problem=account_problem(error))
        except PermanentError:
            return AccountCheck(account.handle, ok=False, problem="wrong_address")

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        return x_acts.rules(post, account)

    def act(self, act: Act, post: Post, account: Account) -> None:
        check_offered(act, post, self.acts(post, account))
        with signed_in(account, self._transport, self._clock) as api:
            x_acts.carry_out(api, act, post)


def _invites(post: Post, handle: str) -> bool:
    """Whether the post names or quotes our account, or is our own."""
    ours = handle.removeprefix("@").casefold()
    if ours in (post.author.handle.casefold(), *(one.casefold() for one in post.mentions)):
        return True
    page = re.compile(rf"https?://(?:www\.)?(?:x|twitter)\.com/{re.escape(ours)}/status/\d+.*", re.IGNORECASE)
    return any(page.fullmatch(link) for link in post.links)


def _native(order: SendOrder) -> str:
    return order.answer_to.partition(":")[2]


def _answered(api: XApi, order: SendOrder) -> str:
    """The id of the answered post, if X still shows it to us."""
    native = _native(order)
    if not (native.isascii() and native.isdigit()):
        raise PermanentError(f"{order.answer_to} is no post of X that can be answered.")
    if api.read(lambda client: client.get_tweet(native, user_auth=api.as_user), _One).data is None:
        raise AnsweredPostGoneError(order.answer_to)
    return native


def _tell(api: XApi, order: SendOrder) -> Sent:
    conversation = _conversation(order)
    picture = next((_uploaded(api, one, "dm_image") for one in order.media), None)

    def call(client: tweepy.Client) -> requests.Response:
        return client.create_direct_message(
            dm_conversation_id=conversation, text=order.text, media_id=picture, user_auth=api.as_user
        )

    told = api.write(call, _Told, order).data
    return _told(told.dm_event_id, conversation)


def _uploaded(api: XApi, picture: Attachment, category: str) -> str:
    """The id that X gives a picture. Nothing is published by it, so whatever fails may be tried again."""
    content = b64encode(picture.content).decode()
    asked: dict[str, Any] = {"media": content, "media_category": category}
    native = api.read(lambda client: client.request("POST", UPLOAD, json=asked, user_auth=api.as_user), _Said).data.id
    if picture.alt:
        said: dict[str, Any] = {"id": native, "metadata": {"alt_text": {"text": picture.alt}}}
        api.read(lambda client: client.request("POST", DESCRIBE, json=said, user_auth=api.as_user), _Said)
    return native


def _conversation(order: SendOrder) -> str:
    found = _CONVERSATION.search(order.answer_to_url)
    if found is None:
        raise PermanentError(f"{order.answer_to} names no conversation of X, so it can only be answered on X itself.")
    return found[1]


def _find_told(api: XApi, order: SendOrder, me: str) -> Sent | None:
    conversation = _conversation(order)

    def listed(token: str) -> Call:
        return lambda client: client.get_direct_message_events(
            dm_conversation_id=conversation, user_auth=api.as_user, expansions=["sender_id"], max_results=PER_PAGE,
            dm_event_fields=["created_at", "entities", "id", "text"], pagination_token=token or None,
        )  # fmt: skip

    for item in _since(api, order, listed):
        if item.sender_id == me and same(item.words, order.text):
            return _told(item.id, conversation)
    return None


def _own_since(api: XApi, order: SendOrder, me: str) -> Iterator[_Item]:
    def listed(token: str) -> Call:
        more: dict[str, Any] = {
            "tweet_fields": ["created_at", "entities", "note_tweet", "referenced_tweets"], "max_results": PER_PAGE,
            "since_id": _id_at(order.created_at - CLOCKS_APART), "pagination_token": token or None,
        }  # fmt: skip
        return lambda client: client.get_users_tweets(me, user_auth=api.as_user, **more)

    return _since(api, order, listed)


def _since(api: XApi, order: SendOrder, listed: Callable[[str], Call]) -> Iterator[_Item]:
    """What a list holds since the order was made, the newest first."""
    oldest, token = int(_id_at(order.created_at - CLOCKS_APART)), ""
    for _ in range(PAGES):
        page = api.read(listed(token), _Listed)
        for item in page.data:
            if int(item.id) < oldest:
                return
            yield item
        token = page.meta.next_token
        if not token:
            return
    raise PermanentError(
        f"X shows more than {PAGES * PER_PAGE} posts since this reply was approved; look for it there."
    )


def _id_at(at: datetime) -> str:
    """The smallest id of a moment: ids hold milliseconds since X's zero. Source: docs.x.com/fundamentals/x-ids."""
    return str(max(0, int(at.timestamp() * 1000) - _ZERO) << 22)


def _time_of(native: str) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=(int(native) >> 22) + _ZERO)


def _sent(native: str, order: SendOrder) -> Sent:
    return Sent(native, f"{SITE}/{order.account.handle.removeprefix('@') or 'i'}/status/{native}", _time_of(native))


def _told(native: str, conversation: str) -> Sent:
    return Sent(f"{MESSAGE}{native}", f"{SITE}/messages/{conversation}", _time_of(native))
