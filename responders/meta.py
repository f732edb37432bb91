"""Answering on Instagram and on Facebook Pages.

Meta takes no key by which it would recognise a repetition. So before a reply is published, and in `find`, what stands
below the answered post (or in the conversation) is looked through for our own words since the order was made.
Source: developers.facebook.com/docs/instagram-platform (comment-moderation, private-replies, ig-user/mentions),
/docs/graph-api/reference/object/comments and /docs/messenger-platform (conversations, send-messages), as of 2026.

A comment of a Page takes one picture in the same request (``source`` of object/comments; sizes and kinds as
/docs/graph-api/photo-uploads advises). Nothing else does: a message is either words or a file, so the two would be two
messages of which one could fail, and Instagram takes a file by an address alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from crm.errors import AuthorisationError, PermanentError, RetryableError
from crm.ports.clock import Clock
from crm.ports.responder import (
    Account,
    AccountCheck,
    Act,
    ActRule,
    AnsweredPostGoneError,
    CantLookError,
    Length,
    MediaRule,
    SendOrder,
    Sent,
    Way,
    WayRule,
    Ways,
)
from crm.ports.transport import Transport
from crm.words import Post
from responders import meta_acts
from responders.acting import check_offered
from responders.files import refuse_files
from responders.meta_api import GoneError, MetaApi, credential, signed_in
from responders.meta_raw import Answered, Conversations, Item, Listed, Me, Person, Said, Told
from responders.text import connected, graphemes, open_on_platform

PRIVATE_REPLY, WINDOW = timedelta(days=7), timedelta(hours=24)
PAGES, PER_PAGE = 10, 50
CLOCKS_APART = timedelta(minutes=5)
DM = "dm:"


class _MetaResponder:
    """What both platforms share. See :class:`crm.ports.responder.Responder`."""

    platform: str
    limit: int
    """Characters of a comment."""
    message_limit: int
    medium: str
    """How the conversations API calls the platform."""
    pictures: MediaRule | None = None
    """What goes with a comment."""
    hides: str
    """How it calls the state of a hidden comment."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport, self._clock = transport, clock

    def how(self, answer_to: Post, account: Account | None) -> Ways:
        here = open_on_platform(answer_to)
        if account is None or not connected(account):
            way: Way = "dm" if answer_to.private else "reply"
            limit = self.message_limit if answer_to.private else self.limit
            return Ways((here, WayRule(way, "not_connected", allowed=False, limit=limit)))
        rules = self._private(answer_to) if answer_to.private else self._public(answer_to, account)
        opened = [rule for rule in rules if rule.allowed]
        return Ways((*opened, here, *(rule for rule in rules if not rule.allowed)))

    def count(self, text: str, way: Way = "reply") -> Length:
        """In characters as a reader sees them; how Meta counts is not documented, except for Instagram's messages."""
        return Length(graphemes(text), self.message_limit if way == "dm" else self.limit)

    def send(self, order: SendOrder) -> Sent:
        if order.way not in ("reply", "dm"):
            raise PermanentError(f"{self.platform} knows no way {order.way!r} of answering; choose reply or dm.")
        refuse_files(self.platform, order, self.pictures if order.way == "reply" else None)
        with signed_in(order.account, self._transport) as api:
            return self._tell(api, order) if order.way == "dm" else self._reply(api, order)

    def find(self, order: SendOrder) -> Sent | None:
        with signed_in(order.account, self._transport) as api:
            me = self._me(api)
            if order.way == "dm":
                return self._found_message(api, order, me, self._recipient(api, order, me)[1])
            return self._found_reply(api, order, me, self._answered(api, order))

    def check(self, account: Account) -> AccountCheck:
        try:
            credential(account)
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="secret_missing")
        try:
            with signed_in(account, self._transport) as api:
                me = self._us(self._me(api))
        except AuthorisationError:
            return AccountCheck(account.handle, ok=False, problem="refused")
        except RetryableError:
            return AccountCheck(account.handle, ok=False, problem="unreachable")
        except PermanentError:
            return AccountCheck(account.handle, ok=False, problem="wrong_address")
        if not me.id:
            return AccountCheck(account.handle, ok=False, problem="inactive")
        return AccountCheck(me.username or me.name or me.id, ok=True, native_id=me.id)

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        """See :meth:`crm.ports.responder.Acting.acts`."""
        raise NotImplementedError

    def act(self, act: Act, post: Post, account: Account) -> None:
        check_offered(act, post, self.acts(post, account))
        with signed_in(account, self._transport) as api:
            meta_acts.carry_out(api, act, post, self._number(post.native_id), self.hides)

    def _private(self, post: Post) -> list[WayRule]:
        open_now = self._clock.now() - post.posted_at < WINDOW
        rule = "message_window" if open_now else "message_window_closed"
        return [WayRule("dm", rule, allowed=open_now, limit=self.message_limit)]

    def _public(self, post: Post, account: Account) -> list[WayRule]:
        """The ways to answer what was said in public."""
        del account
        reply = WayRule("reply", "comment_reply", limit=self.limit, media=self.pictures)
        return [reply, self._private_reply(post)] if post.parent_key else [reply]

    def _private_reply(self, post: Post) -> WayRule:
        open_now = self._clock.now() - post.posted_at < PRIVATE_REPLY
        rule = "private_reply" if open_now else "private_reply_closed"
        return WayRule("dm", rule, allowed=open_now, limit=self.message_limit)

    def _us(self, me: Me) -> Person:
        """Our account on the platform; without an id where there is none."""
        raise NotImplementedError

    def _me(self, api: MetaApi) -> Me:
        raise NotImplementedError

    def _answered(self, api: MetaApi, order: SendOrder) -> Answered | None:
        """What is answered; None where it stands elsewhere and only names us. Raises: AnsweredPostGoneError."""
        raise NotImplementedError

    def _publish(self, api: MetaApi, order: SendOrder, answered: Answered | None) -> str:
        """Publish the comment; its id as a collector would see it."""
        raise NotImplementedError

    def _native(self, order: SendOrder, said: str) -> str:
        raise NotImplementedError

    def _edge(self, order: SendOrder) -> str:
        """The list in which our comment would stand."""
        raise NotImplementedError

    def _reply(self, api: MetaApi, order: SendOrder) -> Sent:
        answered = self._answered(api, order)
        if answered is not None and (found := self._found_reply(api, order, self._me(api), answered)):
            return found
        return Sent(self._native(order, self._publish(api, order, answered)), order.answer_to_url, self._clock.now())

    def _found_reply(self, api: MetaApi, order: SendOrder, me: Me, answered: Answered | None) -> Sent | None:
        if answered is None:
            raise CantLookError("Meta")
        us, edge = self._us(me), self._edge(order)
        page = answered.replies if edge == "replies" else answered.comments
        for item in self._items(api, f"{answered.id}/{edge}", page, self._fields(), order):
            ours = item.username == us.username if item.username else item.from_.id == us.id
            if ours and _is_it(item, order):
                return Sent(self._native(order, item.id), order.answer_to_url, item.at)
        return None

    def _fields(self) -> str:
        raise NotImplementedError

    def _items(self, api: MetaApi, path: str, page: Listed, fields: str, order: SendOrder) -> Iterator[Item]:
        """Everything in a list, from a page on that we have."""
        for _ in range(PAGES):
            yield from page.data
            if not page.after:
                return
            page = api.read(path, Listed, fields=fields, limit=str(PER_PAGE), after=page.after)
        raise PermanentError(
            f"Meta shows more than {PAGES * PER_PAGE} answers to {order.answer_to}; look for the reply there."
        )

    def _tell(self, api: MetaApi, order: SendOrder) -> Sent:
        me = self._me(api)
        to, person = self._recipient(api, order, me)
        if found := self._found_message(api, order, me, person):
            return found
        more = {"messaging_type": "RESPONSE"} if "id" in to else {}
        told = api.write(f"{me.id}/messages", Told, order, recipient=to, message={"text": order.text}, **more)
        return Sent(f"{DM}{told.message_id}", order.answer_to_url, self._clock.now())

    def _recipient(self, api: MetaApi, order: SendOrder, me: Me) -> tuple[dict[str, str], str]:
        """Whom to write to, as the Send API wants it, and the person's id."""
        native = self._id(order)
        try:
            if not native.startswith(DM):
                number = self._number(native)
                answered = api.read(number, Answered, fields="id,from")
                return {"comment_id": number}, answered.from_.id
            message = api.read(native.removeprefix(DM), Answered, fields="id,from,to")
        except GoneError as error:
            raise AnsweredPostGoneError(order.answer_to) from error
        ours = {me.id, self._us(me).id}
        person = next((one.id for one in (message.from_, *message.to.data) if one.id and one.id not in ours), "")
        if not person:
            raise AnsweredPostGoneError(order.answer_to)
        return {"id": person}, person

    def _number(self, native: str) -> str:
        """The platform's own id of a comment."""
        return native

    def _found_message(self, api: MetaApi, order: SendOrder, me: Me, person: str) -> Sent | None:
        if not person:
            raise CantLookError("Meta")
        fields = "id,messages.limit(20){id,message,from,created_time}"
        found = api.read(f"{me.id}/conversations", Conversations, fields=fields, platform=self.medium, user_id=person)
        ours = {me.id, self._us(me).id}
        shown = [conversation.messages for conversation in found.data]
        for item in (one for messages in shown for one in messages.data):
            if item.from_.id in ours and _is_it(item, order):
                return Sent(f"{DM}{item.id}", order.answer_to_url, item.at)
        # Meta shows no more than the newest twenty messages of a conversation
        since = order.created_at - CLOCKS_APART
        if any(one.after and all(item.at > since for item in one.data) for one in shown):
            raise CantLookError("Meta")
        return None

    def _id(self, order: SendOrder) -> str:
        native = order.answer_to.removeprefix(f"{self.platform}:")
        if not native.removeprefix(DM).replace("_", "").replace("-", "").replace("=", "").isalnum():
            raise PermanentError(f"{order.answer_to} is nothing that can be answered through Meta.")
        return native


class InstagramResponder(_MetaResponder):
    """See :class:`crm.ports.responder.Responder`."""

    platform = "instagram"
    limit = 2_200
    message_limit = 1_000
    """Bytes in UTF-8: 500 letters of Persian."""
    medium, hides = "instagram", "hide"

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        return meta_acts.instagram(post, account)

    def count(self, text: str, way: Way = "reply") -> Length:
        """A message in bytes. Source: /docs/instagram-platform/instagram-api-with-instagram-login/messaging-api."""
        return Length(len(text.encode(errors="replace")), self.message_limit) if way == "dm" else super().count(text)

    def _public(self, post: Post, account: Account) -> list[WayRule]:
        ours = account.handle.removeprefix("@").casefold()
        if ours and post.author.handle.casefold() == ours:
            return [WayRule("reply", "comment_reply", limit=self.limit)]
        if post.parent_key:
            return super()._public(post, account)
        if ours and ours in map(str.casefold, post.mentions):
            return [WayRule("reply", "mention_reply", limit=self.limit)]
        rule = "tagged_media" if post.author.handle else "hashtag_media"
        return [WayRule("reply", rule, allowed=False, limit=self.limit)]

    def _me(self, api: MetaApi) -> Me:
        return api.me("id,name,instagram_business_account{id,username,name}")

    def _us(self, me: Me) -> Person:
        return me.instagram_business_account or Person()

    def _number(self, native: str) -> str:
        return native.rpartition("_")[2]

    def _edge(self, order: SendOrder) -> str:
        return "replies" if "_" in self._id(order) else "comments"

    def _fields(self) -> str:
        return "id,text,timestamp,username"

    def _native(self, order: SendOrder, said: str) -> str:
        media = self._id(order).partition("_")[0]
        return f"{media}_{said}"

    def _answered(self, api: MetaApi, order: SendOrder) -> Answered | None:
        native = self._id(order)
        number = self._number(native)
        try:
            return api.read(number, Answered, fields=f"id,{self._edge(order)}.limit({PER_PAGE}){{{self._fields()}}}")
        except GoneError:
            pass
        kind = "mentioned_comment.comment_id" if "_" in native else "mentioned_media.media_id"
        try:
            api.read(self._us(self._me(api)).id or "me", dict[str, object], fields=f"{kind}({number}){{id}}")
        except GoneError as error:
            raise AnsweredPostGoneError(order.answer_to) from error
        return None

    def _publish(self, api: MetaApi, order: SendOrder, answered: Answered | None) -> str:
        if answered is not None:
            return api.write(f"{answered.id}/{self._edge(order)}", Said, order, message=order.text).id
        media, _, comment = self._id(order).partition("_")
        said = {"media_id": media, "message": order.text, **({"comment_id": comment} if comment else {})}
        return api.write(f"{self._us(self._me(api)).id}/mentions", Said, order, **said).id


class FacebookResponder(_MetaResponder):
    """See :class:`crm.ports.responder.Responder`."""

    platform = "facebook"
    limit = 8_000
    message_limit = 2_000
    medium, hides = "messenger", "is_hidden"
    pictures = MediaRule(1, 4_000_000, ("image/jpeg", "image/png", "image/gif"))

    def acts(self, post: Post, account: Account | None) -> tuple[ActRule, ...]:
        return meta_acts.facebook(post, account)

    def _me(self, api: MetaApi) -> Me:
        return api.me("id,name,username,category")

    def _us(self, me: Me) -> Person:
        return Person(me.id, "", me.name)

    def _edge(self, order: SendOrder) -> str:
        del order
        return "comments"

    def _fields(self) -> str:
        return "id,message,created_time,from"

    def _native(self, order: SendOrder, said: str) -> str:
        del order
        return "_".join(said.split("_")[-2:])

    def _answered(self, api: MetaApi, order: SendOrder) -> Answered | None:
        newest = f"comments.order(reverse_chronological).limit({PER_PAGE}){{{self._fields()}}}"
        try:
            return api.read(self._id(order), Answered, fields=f"id,{newest}")
        except GoneError as error:
            raise AnsweredPostGoneError(order.answer_to) from error

    def _publish(self, api: MetaApi, order: SendOrder, answered: Answered | None) -> str:
        del answered
        return api.write(f"{self._id(order)}/comments", Said, order, order.media, message=order.text).id


def _is_it(item: Item, order: SendOrder) -> bool:
    """Whether a comment or message is the one that was ordered, by its words and its time."""
    theirs, ours = item.text or item.message, order.text
    same = theirs.replace("\r\n", "\n").strip() == ours.replace("\r\n", "\n").strip()
    return same and item.at >= order.created_at - CLOCKS_APART
