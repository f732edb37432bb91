"""A Mastodon server as an account of ours sees it, asked by Mastodon.py over our transport.

Lists go back by ``max_id``, or by an offset in searches; posts are known by their addresses, and asked for by the ids
that the server gave them, which stand in their versions. Source: docs.joinmastodon.org/methods (300 requests in five
minutes, told by ``X-RateLimit-*``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from collectors.errors import BusyServerError, NormaliseError, WrongAddressError
from collectors.mastodon.normalise import PLATFORM, RawStatus, read, to_post
from collectors.moments import DateError, moment
from collectors.rounds.found import Found, Page
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, ShenavaError
from crm.policies.tokens import access_token
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota, Rejected
from crm.ports.transport import BrokenConnectionError, Transport

if TYPE_CHECKING:
    import requests
    from mastodon import Mastodon

T = TypeVar("T")

TOGETHER, PAGE = 20, 40
TYPES = ["mention", "quote"]
REMEMBERED = 20_000
LOOKUPS = 20
"""Single posts that are asked for at once where a server does not give out several (before 4.3)."""


class _Notification(Struct):
    id: str
    created_at: str
    status: msgspec.Raw = msgspec.Raw(b"")


class _Conversation(Struct):
    last_status: msgspec.Raw = msgspec.Raw(b"")


class _Context(Struct):
    ancestors: list[msgspec.Raw]


class _Searched(Struct):
    statuses: list[msgspec.Raw]


class Me(Struct):
    """Our account."""

    id: str
    acct: str


class Road:
    """Takes the place of Mastodon.py's session: goes through ours, and keeps the answer, to be read by ourselves.

    The library is given an empty one: it reads slowly, and gives up a whole page for one bad item.
    """

    def __init__(self, session: requests.Session) -> None:
        self._session = session
        self.answer: requests.Response | None = None

    def request(self, method: str, url: str, **more: Any) -> requests.Response:
        """See :meth:`requests.Session.request`."""
        self.answer = None
        self.answer = self._session.request(method, url, **more)
        empty = copy(self.answer)
        empty._content = b"[]"
        return empty


class Signed:
    """The server, asked as one account. `private` says that direct messages may be handed on."""

    platform = PLATFORM
    together = TOGETHER

    def __init__(self, client: Mastodon, road: Road, base: str, clock: Clock, *, private: bool) -> None:
        self._client, self._road, self._clock, self._private = client, road, clock, private
        self._base, self._host = base, urlsplit(base).netloc
        self._addresses: OrderedDict[str, str] = OrderedDict()
        self._several = True
        self._me: Me | None = None
        self.quota: Quota | None = None

    @property
    def me(self) -> Me:
        """Our account, asked for once."""
        if self._me is None:
            self._me = self._ask(self._client.account_verify_credentials, Me)
        return self._me

    def notifications(self, size: int, since: float, until: float, token: str) -> Page:
        """What mentions, answers or quotes our account, the newest first."""
        del since, until
        limit = min(PAGE, size)
        items = self._list(lambda: self._client.notifications(types=TYPES, limit=limit, max_id=token or None))
        return self._told(items, _Notification, lambda one: (one.id, one.status, one.created_at))

    def conversations(self, size: int, since: float, until: float, token: str) -> Page:
        """The last post of each private conversation, the last one first."""
        del since, until
        limit = min(PAGE, size)
        items = self._list(lambda: self._client.conversations(limit=limit, max_id=token or None))
        return self._told(items, _Conversation, lambda one: ("", one.last_status, ""))

    def own(self, size: int, since: float, until: float, token: str) -> Page:
        """Our account's posts and answers, the newest first."""
        del since, until
        limit, me = min(PAGE, size), self.me.id
        items = self._list(
            lambda: self._client.account_statuses(me, exclude_reblogs=True, limit=limit, max_id=token or None)
        )
        return self._statuses(items, "own")

    def tagged(self, tag: str, size: int, token: str) -> Page:
        """Posts with a hashtag, the newest first."""
        limit = min(PAGE, size)
        items = self._list(lambda: self._client.timeline_hashtag(tag, limit=limit, max_id=token or None))
        return self._statuses(items, f"#{tag}")

    def search(self, text: str, size: int, since: float, token: str) -> Page:
        """Posts that the server's full-text search finds, the newest first."""
        limit, start = min(PAGE, size), int(token or 0)
        day = (datetime.fromtimestamp(since, UTC) - timedelta(days=1)).date().isoformat()

        def call() -> object:
            return self._client.search_v2(
                f"{text} after:{day}", resolve=False, result_type="statuses", limit=limit, offset=start
            )

        items = self._ask(call, _Searched).statuses
        page = self._statuses(items, "search")
        return msgspec.structs.replace(page, token=str(start + len(items)) if items else "")

    def above(self, found: Found, most: int) -> Page:
        """See :class:`collectors.rounds.found.Network`."""
        try:
            raws = self._ask(lambda: self._client.status_context(_id_of(found.version)), _Context).ancestors
        except PermanentError:
            return Page()  # the post has gone meanwhile
        return self._statuses(raws[-most:], "thread")

    def again(self, known: Mapping[str, str]) -> Page:
        """See :class:`collectors.rounds.found.Network`."""
        raws = list(self._by_ids([_id_of(version) for version in known.values() if version]))
        return self._statuses(raws, "again")

    def _told(
        self,
        items: Sequence[msgspec.Raw],
        kind: type[T],
        parts: Callable[[T], tuple[str, msgspec.Raw, str]],
    ) -> Page:
        """The posts of notifications or conversations, in the time of these."""
        raws: list[msgspec.Raw] = []
        times: dict[int, str] = {}
        rejected: list[Rejected] = []
        last = ""
        for raw in items:
            try:
                last, status, at = parts(_read(raw, kind))
            except NormaliseError as error:
                rejected.append(error.at("notifications"))
                continue
            if bytes(status) not in (b"", b"null"):
                times[len(raws)] = at
                raws.append(status)
        page = self._statuses(raws, "notifications", times)
        # conversations go back by their last posts
        return msgspec.structs.replace(
            page, token=last or page.token, read=len(items), rejected=(*rejected, *page.rejected)
        )

    def _statuses(self, raws: Sequence[msgspec.Raw], where: str, times: Mapping[int, str] | None = None) -> Page:
        """The posts of a list; what was passed on is left out.

        Only an empty page is the last one: servers give fewer than asked for, and filter what they would give.
        """
        rejected: list[Rejected] = []
        read_ones: list[tuple[RawStatus, str]] = []
        last = ""
        for number, raw in enumerate(raws):
            try:
                status = read(raw)
            except NormaliseError as error:
                rejected.append(error.at(where))
                continue
            self._remember(status)
            last = status.id
            if status.reblog is None and (self._private or status.visibility != "direct"):
                read_ones.append((status, (times or {}).get(number, "") or status.created_at))
        self._meet_parents([status for status, _ in read_ones])
        found: list[Found] = []
        for status, at in read_ones:
            try:
                found.append(self._found(status, at))
            except NormaliseError as error:
                rejected.append(error.at(where))
        return Page(tuple(found), last, len(raws), tuple(rejected))

    def _found(self, status: RawStatus, at: str) -> Found:
        post = to_post(status, self._host, self._parent_key(status))
        try:
            seconds = moment(at).timestamp()
        except DateError as error:
            raise NormaliseError(f"A notification has a date that can't be read: {error}.", "bad_item") from error
        own = post.private and status.account.acct == self.me.acct
        return Found(post, f"{status.id} {status.edited_at or ''}", seconds, "own" if own else None)

    def _remember(self, status: RawStatus) -> None:
        self._addresses[status.id] = status.uri
        while len(self._addresses) > REMEMBERED:
            self._addresses.popitem(last=False)

    def _parent_key(self, status: RawStatus) -> str | None:
        if not (parent := status.in_reply_to_id):
            return None
        return f"{PLATFORM}:{self._addresses.get(parent, f'{self._base}/statuses/{parent}')}"

    def _meet_parents(self, statuses: Iterable[RawStatus]) -> None:
        """Learn the addresses of the posts that these answer, which the server names by its own ids."""
        unknown = [one.in_reply_to_id for one in statuses if one.in_reply_to_id]
        ids = [one for one in dict.fromkeys(unknown) if one not in self._addresses][:TOGETHER]
        if not ids:
            return
        with suppress(PermanentError, RateLimitedError):
            for raw in self._by_ids(ids):
                with suppress(NormaliseError):
                    self._remember(read(raw))

    def _by_ids(self, ids: Sequence[str]) -> Iterator[msgspec.Raw]:
        """Those of the posts that the server shows us."""
        if self._several and ids:
            try:
                found = self._list(lambda: self._client.statuses(list(ids)))
            except WrongAddressError:
                self._several = False
            else:
                yield from found
                return
        for one in ids[:LOOKUPS]:
            with suppress(WrongAddressError):
                yield self._ask(lambda one=one: self._client.status(one), msgspec.Raw)  # type: ignore[misc]

    def _list(self, call: Callable[[], object]) -> list[msgspec.Raw]:
        return self._ask(call, list[msgspec.Raw])

    def _ask(self, call: Callable[[], object], kind: type[T]) -> T:
        with self._asking():
            call()
        answer = self._road.answer
        assert answer is not None
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            # cut short on its way, or no Mastodon: the same question may be answered better later
            raise BrokenConnectionError(answer.url, f"its answer can't be read: {error}") from error

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Errors of Mastodon.py as ours; where the server answered well, how the library reads it is not our matter."""
        self._road.answer = None
        try:
            yield
        except Exception as error:
            if self._road.answer is None:
                inner = error.__context__
                raise (
                    inner if isinstance(inner, ShenavaError) else BrokenConnectionError(self._base, str(error))
                ) from error
        answer = self._road.answer
        if answer is None:
            raise BrokenConnectionError(self._base, "nothing was answered")
        self.quota = _quota(answer)
        if not answer.ok:
            raise self._refusal(answer)

    def _refusal(self, answer: requests.Response) -> ShenavaError:
        status, url = answer.status_code, answer.url.partition("?")[0]
        if status == 429:
            reset = self.quota.resets_at if self.quota else None
            wait = max(0.0, (reset - self._clock.now()).total_seconds()) if reset else None
            return RateLimitedError(url, wait)
        if status in (401, 403) and not answer.content.lstrip().startswith(b"{"):
            return BusyServerError(url, status)  # not in Mastodon's words: something on the way refuses
        if status == 403 and "/search" in url:
            return PermanentError(f"{self._host} does not let our token search; it needs the scope read:search.")
        if status in (401, 403):
            return AuthorisationError(f"{self._host} does not accept our token for {urlsplit(url).path}.")
        if status >= 500 or status in (408, 409, 425):
            return BusyServerError(url, status)
        return WrongAddressError(url, status)


@contextmanager
def signed_in(account: Account | None, transport: Transport, clock: Clock, *, private: bool) -> Iterator[Signed]:
    """The account's server. Raises: AuthorisationError where there is no token, before anything is asked."""
    if account is None or not (token := access_token(account.secret)):
        raise AuthorisationError("The Mastodon account has no token; connect it again.")
    from mastodon import Mastodon

    base = account.base_url.strip().rstrip("/")
    with transport.session() as session:
        road = Road(session)
        client = Mastodon(
            api_base_url=base,
            session=road,
            user_agent=str(session.headers["User-Agent"]),
            ratelimit_method="throw",
            version_check_mode="none",
            mastodon_version="4.4.0",
        )
        # else it asks the server for its version, and without an answer asks itself without end
        client.mastodon_major, client.mastodon_minor, client.retrieve_mastodon_version = 4, 4, _known_version
        client.timeline_is_available = _available  # else it asks the server about itself before each timeline
        # not through the constructor, which would read a file of that name and send what is in it
        client.access_token = token
        client.request_timeout = None
        yield Signed(client, road, base, clock, private=private)


def _known_version() -> str:
    return "4.4.0"


def _available(timeline: str, **asked: bool) -> bool:
    """What a timeline refuses is seen when it is asked for."""
    del timeline, asked
    return True


def _read(raw: msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NormaliseError(f"An item of Mastodon can't be read: {error}.", "bad_item") from error


def _id_of(version: str) -> str:
    return version.partition(" ")[0]


def _quota(answer: requests.Response) -> Quota | None:
    said = answer.headers
    remaining, limit = said.get("X-RateLimit-Remaining", ""), said.get("X-RateLimit-Limit", "")
    try:
        resets = moment(said.get("X-RateLimit-Reset", ""))
    except DateError:
        resets = None
    if not remaining.isdigit():
        return Quota(0, None, resets) if answer.status_code == 429 and resets else None
    return Quota(int(remaining), int(limit) if limit.isdigit() else None, resets)
