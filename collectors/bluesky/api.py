"""The few calls of a Bluesky server that collecting needs, made by the atproto library over our transport.

Our account's server passes them on to the AppView, and those of direct messages to the chat service. Sources: the
lexicons app.bsky and chat.bsky.convo; docs.bsky.app/docs/advanced-guides/rate-limits (3,000 requests in five minutes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import msgspec
from msgspec import Struct, field

from collectors.bluesky.normalise import PostView, Profile, read, said_at, to_post
from collectors.bluesky.record import PLATFORM
from collectors.errors import BusyServerError, NormaliseError, OtherServerError, WrongAddressError
from collectors.rounds.found import Found, Page
from collectors.rounds.reader import StalePageError
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota, Rejected
from crm.ports.transport import BrokenConnectionError, Transport

if TYPE_CHECKING:
    from crm.platforms.bluesky import Session

T = TypeVar("T")

TOGETHER = 25
"""Posts, or profiles, that can be asked for at once."""
HIGHEST = 80
"""Posts above one in its thread."""
PROFILES = 5000
"""Authors whose followers are remembered for a run."""
REASONS = ["mention", "reply", "quote"]
_VERSION = 12
"""Letters of a content hash that tell two versions of one post apart."""


class _Posts(Struct):
    posts: list[msgspec.Raw]
    cursor: str | None = None


class _Notifications(Struct):
    notifications: list[msgspec.Raw]
    cursor: str | None = None


class _Feed(Struct):
    feed: list[msgspec.Raw]
    cursor: str | None = None


class _Item(Struct):
    post: msgspec.Raw
    reason: msgspec.Raw = msgspec.Raw(b"")


class _Profiles(Struct):
    profiles: list[msgspec.Raw]


class _Level(Struct):
    post: msgspec.Raw = msgspec.Raw(b"")
    parent: msgspec.Raw = msgspec.Raw(b"")


class _Thread(Struct):
    thread: _Level


class Convo(Struct, rename="camel"):
    """A conversation, with who takes part in it."""

    id: str
    rev: str
    members: list[msgspec.Raw] = []


class Convos(Struct):
    """A page of conversations."""

    convos: list[Convo]
    cursor: str | None = None


class Messages(Struct):
    """A page of a conversation, the newest first."""

    messages: list[msgspec.Raw]
    cursor: str | None = None


class Entry(Struct, rename="camel"):
    """One thing that happened in our conversations; `message` is there for new and deleted ones."""

    kind: str = field(default="", name="$type")
    rev: str = ""
    convo_id: str = ""
    message: msgspec.Raw = msgspec.Raw(b"")


class Log(Struct):
    """What happened after a cursor, the oldest first."""

    logs: list[Entry]
    cursor: str | None = None


class Api:
    """Bluesky, asked as one account."""

    platform = PLATFORM
    together = TOGETHER

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session, self._clock = session, clock
        self._profiles: dict[str, Profile] = {}

    @property
    def me(self) -> str:
        """The permanent id of our account."""
        return self._session.did

    @property
    def quota(self) -> Quota | None:
        """What the last answer leaves us."""
        return self._session.quota

    def search(self, text: str, size: int, since: float, until: float, token: str = "") -> Page:
        """Posts of a time, the newest first. `until` itself is let in."""
        from atproto_client import models

        params = models.AppBskyFeedSearchPosts.Params(
            q=text, sort="latest", since=_written(since), until=_written(until + 1) if until else None,
            limit=max(1, size), cursor=token or None,
        )  # fmt: skip
        found = self._ask("app.bsky.feed.searchPosts", params, _Posts, token)
        return self._page(found.posts, found.cursor, "search")

    def notifications(self, size: int, token: str = "") -> Page:
        """What mentions, answers or quotes our account, the newest first."""
        from atproto_client import models

        params = models.AppBskyNotificationListNotifications.Params(
            reasons=REASONS, limit=max(1, size), cursor=token or None
        )
        found = self._ask("app.bsky.notification.listNotifications", params, _Notifications, token)
        told = self._page(found.notifications, found.cursor, "notifications", listed=True)
        return msgspec.structs.replace(told, found=tuple(self._whole(told.found)))

    def own(self, size: int, token: str = "") -> Page:
        """Our account's posts and answers, the newest first."""
        from atproto_client import models

        params = models.AppBskyFeedGetAuthorFeed.Params(
            actor=self.me, filter="posts_with_replies", limit=max(1, size), cursor=token or None
        )
        found = self._ask("app.bsky.feed.getAuthorFeed", params, _Feed, token)
        items: list[msgspec.Raw] = []
        for raw in found.feed:
            try:
                item = read(raw, _Item)
            except NormaliseError:
                items.append(raw)  # is named when it is read as a post
                continue
            if not bytes(item.reason):
                items.append(item.post)
        page = self._page(items, found.cursor, "own")
        return msgspec.structs.replace(page, read=len(found.feed))

    def above(self, found: Found, most: int) -> Page:
        """See :class:`collectors.rounds.found.Network`."""
        from atproto_client import models

        params = models.AppBskyFeedGetPostThread.Params(
            uri=found.post.native_id, depth=0, parent_height=min(HIGHEST, most)
        )
        try:
            level = self._ask("app.bsky.feed.getPostThread", params, _Thread).thread
        except PermanentError:
            return Page()  # the post has gone meanwhile
        raws: list[msgspec.Raw] = []
        while bytes(level.parent) and len(raws) < most:
            try:
                level = read(level.parent, _Level)
            except NormaliseError:
                break
            if not bytes(level.post):
                break  # gone, or hidden from us
            raws.append(level.post)
        return self._page(raws, None, "thread")

    def again(self, known: Mapping[str, str]) -> Page:
        """See :class:`collectors.rounds.found.Network`."""
        return self._page(self._posts(list(known)), None, "again")

    def convos(self, token: str = "") -> Convos:
        """Our conversations, the last one used first."""
        from atproto_client import models

        params = models.ChatBskyConvoListConvos.Params(limit=100, cursor=token or None)
        return self._chat("chat.bsky.convo.listConvos", params, Convos)

    def messages(self, convo: str, size: int, token: str = "") -> Messages:
        """A conversation's messages, the newest first."""
        from atproto_client import models

        params = models.ChatBskyConvoGetMessages.Params(convo_id=convo, limit=max(1, size), cursor=token or None)
        return self._chat("chat.bsky.convo.getMessages", params, Messages)

    def log(self, token: str) -> Log:
        """What happened in our conversations since."""
        from atproto_client import models

        return self._chat("chat.bsky.convo.getLog", models.ChatBskyConvoGetLog.Params(cursor=token), Log)

    def profiles(self, dids: Sequence[str]) -> dict[str, Profile]:
        """What is known of accounts; those that can't be had are left out."""
        from atproto_client import models

        wanted = [did for did in dict.fromkeys(dids) if did not in self._profiles and did.startswith("did:")]
        if len(self._profiles) > PROFILES:
            self._profiles.clear()
        for start in range(0, len(wanted), TOGETHER):
            try:
                params = models.AppBskyActorGetProfiles.Params(actors=wanted[start : start + TOGETHER])
                found = self._ask("app.bsky.actor.getProfiles", params, _Profiles).profiles
            except (RateLimitedError, PermanentError, ValueError):
                break  # the posts are worth more than their authors' followers
            for raw in found:
                with suppress(NormaliseError):
                    profile = read(raw, Profile)
                    self._profiles[profile.did] = profile
        return self._profiles

    def _whole(self, found: Sequence[Found]) -> Iterator[Found]:
        """The posts of notifications as they are shown, with counts and what is attached, where they still are."""
        shown: dict[str, Found] = {}
        ids = [one.post.native_id for one in found]
        for start in range(0, len(ids), TOGETHER):
            page = self._page(self._posts(ids[start : start + TOGETHER]), None, "posts")
            shown |= {one.post.native_id: one for one in page.found}
        for one in found:
            view = shown.get(one.post.native_id, one)
            yield msgspec.structs.replace(view, at=one.at)

    def _posts(self, ids: Sequence[str]) -> list[msgspec.Raw]:
        from atproto_client import models

        if not ids:
            return []
        return self._ask("app.bsky.feed.getPosts", models.AppBskyFeedGetPosts.Params(uris=list(ids)), _Posts).posts

    def _page(self, raws: Sequence[msgspec.Raw], token: str | None, where: str, *, listed: bool = False) -> Page:
        """The posts of a list. `listed` says that it is in order of what the server saw, not of what authors say."""
        views: list[PostView] = []
        rejected: list[Rejected] = []
        for raw in raws:
            try:
                views.append(read(raw, PostView))
            except NormaliseError as error:
                rejected.append(error.at(where))
        profiles = self.profiles([view.author.did for view in views])
        found: list[Found] = []
        for view in views:
            try:
                post, seen = to_post(view, profiles.get(view.author.did)), said_at(view.indexed_at).timestamp()
            except NormaliseError as error:
                rejected.append(error.at(where))
                continue
            at = seen if listed else post.posted_at.timestamp()
            found.append(Found(post, view.cid[-_VERSION:], at))
        return Page(tuple(found), token or "", len(raws), tuple(rejected))

    def _chat(self, name: str, params: Any, kind: type[T]) -> T:
        from crm.platforms.bluesky import CHAT

        try:
            return self._ask(name, params, kind, headers=CHAT)
        except AuthorisationError as error:
            message = (
                "Bluesky does not let our app password read direct messages; make one that may, and connect again."
            )
            raise AuthorisationError(message) from error

    def _ask(self, name: str, params: Any, kind: type[T], token: str = "", headers: dict[str, str] | None = None) -> T:
        with refusals(name, self._clock, token):
            answer = self._session.query(name, params, headers)
        try:
            return msgspec.json.decode(answer, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            # cut short on its way, or not Bluesky at all: the same question may be answered better later
            raise BrokenConnectionError(name, f"its answer can't be read: {error}") from error


@contextmanager
def signed_in(account: Account | None, transport: Transport, clock: Clock) -> Iterator[Api]:
    """Bluesky as the account. Raises: AuthorisationError where it has no app password, before anything is asked."""
    from crm.platforms.bluesky import signed_out

    with signed_out(account, transport) as session:
        with refusals("com.atproto.server.createSession", clock):
            session.sign_in()
        yield Api(session, clock)


@contextmanager
def refusals(name: str, clock: Clock, token: str = "") -> Iterator[None]:
    """Errors of the library, and of httpx below it, as ours."""
    from atproto_client.exceptions import RequestErrorBase
    from atproto_core.exceptions import AtProtocolError

    try:
        yield
    except ShenavaError:
        raise
    except RequestErrorBase as error:
        raise _refusal(name, error, clock, token) from error
    except httpx.HTTPError as error:
        raise BrokenConnectionError(name, str(error) or type(error).__name__) from error
    except ValueError as error:
        raise BrokenConnectionError(name, f"its answer can't be read: {error}") from error
    except AtProtocolError as error:
        raise OtherServerError(f"What answers {name} is no Bluesky server: {error}.") from error


def _refusal(name: str, error: Any, clock: Clock, token: str) -> ShenavaError:
    from atproto_client.exceptions import RateLimitExceededError, UnauthorizedError

    from crm.platforms.bluesky import ENDED, name_of, wait_of

    if error.response is None:
        return BrokenConnectionError(name, str(error) or type(error).__name__)
    status, said = error.response.status_code, name_of(error)
    if isinstance(error, RateLimitExceededError):
        return RateLimitedError(name, wait_of(error, clock))
    if isinstance(error, UnauthorizedError) or said in ENDED:
        return AuthorisationError(f"Bluesky does not accept our sign-in for {name}: {error}.")
    if status == 501:
        return OtherServerError(f"The server knows no {name}: no AppView of Bluesky is behind it.")
    if status >= 500 or status in (408, 409, 425):
        return BusyServerError(name, status)
    if status == 400 and token:
        return StalePageError(f"Bluesky no longer knows our page of {name}: {error}.")
    if status == 404:
        return WrongAddressError(name, status)
    return PermanentError(f"Bluesky refused {name}: {error}.")


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
