"""What is read of the Graph API's answers, for Instagram and for Facebook Pages.

Source: developers.facebook.com/docs/instagram-platform/reference and /docs/graph-api/reference. Fields that a token may
not see are left out of an answer, so nearly everything may be missing.
"""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import Struct

from collectors.errors import NormaliseError

T = TypeVar("T")
PLACES = ("after", "until", "since", "__paging_token")
"""What of a link to the next page says where it begins; the rest, the token among it, is our own question again."""


class Cursors(Struct, frozen=True):
    """Where the page begins and ends."""

    after: str | None = None


class Paging(Struct, frozen=True):
    """How to go on; most lists name the next page only while there is one."""

    cursors: Cursors | None = None
    next: str | None = None


class Summary(Struct, frozen=True):
    """How much a list holds."""

    total_count: int | None = None


class Listed(Struct, frozen=True):
    """A list: a page of an edge, or one that came along in an answer."""

    data: tuple[msgspec.Raw, ...] = ()
    paging: Paging | None = None
    summary: Summary | None = None
    count: int | None = None

    def after(self, *, bare: bool = False) -> str:
        """The parameters of the next page, a query string; empty at the end. `bare`: the list names cursors alone."""
        paging = self.paging or Paging()
        if paging.next:
            try:
                said = dict(parse_qsl(urlsplit(paging.next).query))
            except ValueError:
                said = {}
            if places := {name: said[name] for name in PLACES if said.get(name)}:
                return urlencode(places)
        if (bare or paging.next) and self.data and paging.cursors and paging.cursors.after:
            return urlencode({"after": paging.cursors.after})
        return ""

    @property
    def total(self) -> int:
        """How many things the list has in all, as far as it says so."""
        return (self.summary.total_count if self.summary else None) or self.count or 0


class Person(Struct, frozen=True):
    """An account that said something or was told something. Instagram gives handles, Facebook names."""

    id: str = ""
    username: str | None = None
    name: str | None = None


class Ref(Struct, frozen=True):
    """Something that is named by its id."""

    id: str = ""


class RawMedia(Struct, frozen=True):
    """A picture, video or album on Instagram; found by hashtag it names nobody."""

    id: str
    timestamp: str
    caption: str | None = None
    media_type: str | None = None
    media_url: str | None = None
    thumbnail_url: str | None = None
    alt_text: str | None = None
    permalink: str | None = None
    username: str | None = None
    owner: Ref | None = None
    comments_count: int | None = None
    like_count: int | None = None
    view_count: int | None = None
    children: Listed | None = None


class RawChild(Struct, frozen=True):
    """One picture or video of an album."""

    media_type: str | None = None
    media_url: str | None = None
    thumbnail_url: str | None = None
    alt_text: str | None = None


class Above(Struct, frozen=True):
    """The media that a comment is below."""

    id: str = ""
    permalink: str | None = None


class RawRemark(Struct, frozen=True):
    """A comment on Instagram; `user` is there when it is our own."""

    id: str
    timestamp: str
    text: str | None = None
    username: str | None = None
    from_: Person | None = msgspec.field(name="from", default=None)
    user: Ref | None = None
    media: Above | None = None
    parent_id: str | None = None
    like_count: int | None = None
    replies: Listed | None = None


class Named(Struct, frozen=True):
    """Somebody whose name stands in a text."""

    name: str | None = None


class Count(Struct, frozen=True):
    """A number in an object of its own."""

    count: int | None = None


class Picture(Struct, frozen=True):
    """Where a picture is."""

    src: str | None = None


class Shown(Struct, frozen=True):
    """What an attachment shows."""

    image: Picture | None = None
    source: str | None = None


class Attachment(Struct, frozen=True):
    """A picture, video, link or shared post on Facebook."""

    type: str | None = None
    title: str | None = None
    description: str | None = None
    media: Shown | None = None
    url: str | None = None
    unshimmed_url: str | None = None
    subattachments: Listed | None = None


class Location(Struct, frozen=True):
    """Where a place is."""

    city: str | None = None
    country: str | None = None


class Place(Struct, frozen=True):
    """A place that a post names."""

    name: str | None = None
    location: Location | None = None


class RawPost(Struct, frozen=True):
    """A post on Facebook: the Page's own, a visitor's, or one that tags the Page."""

    id: str
    created_time: str
    message: str | None = None
    story: str | None = None
    from_: Person | None = msgspec.field(name="from", default=None)
    permalink_url: str | None = None
    message_tags: tuple[Named, ...] = ()
    attachments: Listed | None = None
    place: Place | None = None
    shares: Count | None = None
    reactions: Listed | None = None
    comments: Listed | None = None


class RawComment(Struct, frozen=True):
    """A comment on Facebook; the recorded lists lack the id, which its link holds as well."""

    created_time: str
    id: str = ""
    message: str | None = None
    from_: Person | None = msgspec.field(name="from", default=None)
    permalink_url: str | None = None
    parent: Ref | None = None
    message_tags: tuple[Named, ...] = ()
    attachment: Attachment | None = None
    like_count: int | None = None
    comment_count: int | None = None
    is_private: bool = False


class File(Struct, frozen=True):
    """Where a picture or video of a message is."""

    url: str | None = None


class RawFile(Struct, frozen=True):
    """Something that was sent along with a message."""

    name: str | None = None
    mime_type: str | None = None
    image_data: File | None = None
    video_data: File | None = None
    file_url: str | None = None


class RawShare(Struct, frozen=True):
    """A link or a post that was sent in a message."""

    link: str | None = None
    name: str | None = None


class RawMessage(Struct, frozen=True):
    """A private message, to or from the account."""

    id: str
    created_time: str
    message: str | None = None
    from_: Person | None = msgspec.field(name="from", default=None)
    attachments: Listed | None = None
    shares: Listed | None = None


class RawConversation(Struct, frozen=True):
    """A conversation with its newest messages."""

    id: str
    link: str | None = None
    messages: Listed | None = None


class RawMe(Struct, frozen=True):
    """The Page that a token belongs to, with the Instagram account behind it."""

    id: str
    name: str | None = None
    username: str | None = None
    instagram_business_account: Person | None = None


def read(raw: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """One answer or item of it. Raises: NormaliseError."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"A {what} can't be read: {error}.", "bad_item") from error
