"""What is read of X's answers.

Source: docs.x.com/x-api and the description at api.x.com/2/openapi.json. X answers in the words in which it is asked:
``tweet.fields`` brings ``note_tweet``, ``post.fields`` the same as ``note_post``. Both are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError


class Url(Struct, frozen=True):
    """A link in a text: `url` is X's short one, as it stands there."""

    url: str | None = None
    expanded_url: str | None = None
    media_key: str | None = None


class Mentioned(Struct, frozen=True):
    """Somebody whom a text names."""

    username: str | None = None


class Entities(Struct, frozen=True):
    """What X found in a text."""

    urls: tuple[Url, ...] | None = None
    mentions: tuple[Mentioned, ...] | None = None


class Note(Struct, frozen=True):
    """The whole of a text of more than 280 characters."""

    text: str
    entities: Entities | None = None


class Reference(Struct, frozen=True):
    """Another post, and what it is to this one: replied_to, quoted or retweeted."""

    type: str
    id: str


class Article(Struct, frozen=True):
    """A long article that a post carries."""

    title: str | None = None


class Attachments(Struct, frozen=True):
    """Media by their keys."""

    media_keys: tuple[str, ...] | None = None


class Geo(Struct, frozen=True):
    """Where it was said."""

    place_id: str | None = None


class Metrics(Struct, frozen=True):
    """What X counted on a post."""

    like_count: int | None = None
    reply_count: int | None = None
    retweet_count: int | None = None
    repost_count: int | None = None
    quote_count: int | None = None
    impression_count: int | None = None


class RawPost(Struct, frozen=True):
    """A post. The ids of its versions are the oldest first; `id` is the newest's."""

    id: str
    text: str
    author_id: str | None = None
    conversation_id: str | None = None
    created_at: str | None = None
    lang: str | None = None
    entities: Entities | None = None
    note_tweet: Note | None = None
    note_post: Note | None = None
    referenced_tweets: tuple[Reference, ...] | None = None
    referenced_posts: tuple[Reference, ...] | None = None
    edit_history_tweet_ids: tuple[str, ...] | None = None
    edit_history_post_ids: tuple[str, ...] | None = None
    public_metrics: Metrics | None = None
    attachments: Attachments | None = None
    geo: Geo | None = None
    article: Article | None = None

    @property
    def versions(self) -> tuple[str, ...]:
        """The ids of all its versions, the oldest first."""
        return self.edit_history_tweet_ids or self.edit_history_post_ids or (self.id,)

    @property
    def is_repost(self) -> bool:
        """Whether it only passes on somebody else's post."""
        return self.referred("retweeted") is not None

    def referred(self, kind: str) -> str | None:
        """The id of the post that it refers to as `kind`."""
        found = self.referenced_tweets or self.referenced_posts or ()
        return next((one.id for one in found if one.type == kind), None)


class RawMessage(Struct, frozen=True):
    """A direct message, or somebody's coming or going, by its `event_type`."""

    id: str
    event_type: str = "MessageCreate"
    text: str | None = None
    created_at: str | None = None
    dm_conversation_id: str | None = None
    sender_id: str | None = None
    entities: Entities | None = None
    attachments: Attachments | None = None


class UserMetrics(Struct, frozen=True):
    """What X counted on an account."""

    followers_count: int | None = None


class UserEntities(Struct, frozen=True):
    """Links in an account's description and its own link."""

    url: Entities | None = None
    description: Entities | None = None


class RawUser(Struct, frozen=True):
    """An account."""

    id: str
    username: str | None = None
    name: str | None = None
    description: str | None = None
    location: str | None = None
    url: str | None = None
    profile_image_url: str | None = None
    protected: bool | None = None
    public_metrics: UserMetrics | None = None
    entities: UserEntities | None = None


class Variant(Struct, frozen=True):
    """One size of a video."""

    url: str | None = None
    content_type: str | None = None
    bit_rate: int | None = None


class RawMedia(Struct, frozen=True):
    """A picture or a video."""

    media_key: str
    type: str = "photo"
    url: str | None = None
    preview_image_url: str | None = None
    alt_text: str | None = None
    variants: tuple[Variant, ...] | None = None


class RawPlace(Struct, frozen=True):
    """A place, with its town and its country."""

    id: str
    full_name: str | None = None
    country: str | None = None


class Trouble(Struct, frozen=True):
    """Why one of the things that were asked for is not in the answer."""

    type: str = ""
    detail: str = ""
    resource_id: str | None = None
    value: str | None = None


class Meta(Struct, frozen=True):
    """Where the next page is, and the number of posts where only that was asked for."""

    next_token: str | None = None
    total_tweet_count: int | None = None
    total_post_count: int | None = None


class Included(Struct, frozen=True):
    """What the posts of an answer refer to, by id or key."""

    users: dict[str, RawUser] = {}
    media: dict[str, RawMedia] = {}
    places: dict[str, RawPlace] = {}


class Page(Struct, frozen=True):
    """One answer; its items are still to be read, so that one at fault spoils no other."""

    data: tuple[msgspec.Raw, ...]
    included: Included
    troubles: tuple[Trouble, ...]
    meta: Meta


class _Includes(Struct, frozen=True):
    users: tuple[msgspec.Raw, ...] = ()
    media: tuple[msgspec.Raw, ...] = ()
    places: tuple[msgspec.Raw, ...] = ()


class _Answer(Struct, frozen=True):
    data: msgspec.Raw = msgspec.Raw(b"[]")
    includes: _Includes = _Includes()
    errors: tuple[msgspec.Raw, ...] = ()
    meta: Meta | None = None


_BAD = (msgspec.DecodeError, UnicodeError, RecursionError)
_Item = TypeVar("_Item", bound=Struct)
_answers = msgspec.json.Decoder(_Answer)
_lists = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_posts = msgspec.json.Decoder(RawPost)
_messages = msgspec.json.Decoder(RawMessage)
_users = msgspec.json.Decoder(RawUser)


def read_page(raw: bytes, *, listed: bool = False) -> Page:
    """An answer of X. Raises: NormaliseError, also where a list was asked for and only troubles came."""
    try:
        found = _answers.decode(raw)
        data = bytes(found.data).strip()
        items = (found.data,) if data.startswith(b"{") else () if data == b"null" else _lists.decode(data)
    except _BAD as error:
        raise NormaliseError(f"It is no answer of X: {error}.", "bad_item") from error
    if listed and found.meta is None:
        raise NormaliseError("It is no list of X.", "bad_item")
    includes = found.includes
    included = Included(
        {one.id: one for one in _readable(includes.users, RawUser)},
        {one.media_key: one for one in _readable(includes.media, RawMedia)},
        {one.id: one for one in _readable(includes.places, RawPlace)},
    )
    return Page(items, included, tuple(_readable(found.errors, Trouble)), found.meta or Meta())


def read_post(raw: bytes | str | msgspec.Raw) -> RawPost:
    """A post out of its JSON. Raises: NormaliseError."""
    return _read(_posts, raw, "post")


def read_message(raw: bytes | str | msgspec.Raw) -> RawMessage:
    """A direct message out of its JSON. Raises: NormaliseError."""
    return _read(_messages, raw, "message")


def read_user(raw: bytes | str | msgspec.Raw) -> RawUser:
    """An account out of its JSON. Raises: NormaliseError."""
    return _read(_users, raw, "account")


def _read(decoder: msgspec.json.Decoder[_Item], raw: bytes | str | msgspec.Raw, kind: str) -> _Item:
    try:
        return decoder.decode(raw)
    except _BAD as error:
        raise NormaliseError(f"A {kind} of X can't be read: {error}.", "bad_item") from error


def _readable(items: tuple[msgspec.Raw, ...], kind: type[_Item]) -> Iterator[_Item]:
    """Those that can be read: a post stands without its picture."""
    for item in items:
        try:
            yield msgspec.json.decode(item, type=kind)
        except _BAD:
            continue
