"""The few calls of X's API v2 that collecting needs, made by tweepy over our transport.

Source: docs.x.com/x-api, and tweepy's client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collectors.errors import BusyServerError, NormaliseError, WrongAddressError
from collectors.x.raw import Page, read_page
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.platforms.x import Refusal, Road, limit_of, opened, refusal, until_reset
from crm.ports.clock import Clock
from crm.ports.responder import Account
from crm.ports.source import Quota
from crm.ports.transport import BrokenConnectionError, Transport

if TYPE_CHECKING:
    import requests
    import tweepy

PAGE = 100
LEAST_SEARCHED, LEAST_MENTIONS = 10, 5
"""X gives out no smaller pages of these."""
CAPPED_SECONDS = 3600.0
"""How long to wait when the month's reads are used up, of which X names no end."""
POST_FIELDS = [
    "article", "attachments", "author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "entities",
    "geo", "id", "lang", "note_tweet", "public_metrics", "referenced_tweets", "text",
]  # fmt: skip
USER_FIELDS = [
    "description", "entities", "id", "location", "name", "profile_image_url", "protected", "public_metrics", "url",
    "username",
]  # fmt: skip
MEDIA_FIELDS = ["alt_text", "media_key", "preview_image_url", "type", "url", "variants"]
PLACE_FIELDS = ["country", "full_name", "id"]
MESSAGE_FIELDS = ["attachments", "created_at", "dm_conversation_id", "entities", "event_type", "id", "text"]
_WHOLE = {
    "tweet_fields": POST_FIELDS, "user_fields": USER_FIELDS, "media_fields": MEDIA_FIELDS, "place_fields": PLACE_FIELDS,
    "expansions": ["author_id", "attachments.media_keys", "geo.place_id"],
}  # fmt: skip


class StalePageError(RetryableError):
    """X no longer knows the place where we were in a list."""


class RefusedError(PermanentError):
    """X does not understand what it is asked."""


class ForbiddenError(AuthorisationError):
    """Our token is good and may not read this; other things it may."""


class Api:
    """X, asked as one account. `quota` is what the last answer leaves us."""

    def __init__(self, client: tweepy.Client, road: Road, clock: Clock) -> None:
        self._client, self._road, self._clock = client, road, clock
        self._as_user = client.bearer_token is None
        self.quota: Quota | None = None

    def search(self, text: str, size: int, since: str, token: str = "") -> Page:
        """Posts of the last seven days after the id `since`, the newest first."""
        more = _WHOLE | {"max_results": size, "since_id": since, "next_token": token or None}
        with self._asking(token):
            return self._list(self._client.search_recent_tweets(text, user_auth=self._as_user, **more))

    def mentions(self, user: str, size: int, since: str, token: str = "") -> Page:
        """Posts that name the account, the newest first; X gives out the last 800."""
        more = _WHOLE | {"max_results": size, "since_id": since, "pagination_token": token or None}
        with self._asking(token):
            return self._list(self._client.get_users_mentions(user, user_auth=self._as_user, **more))

    def own(self, user: str, size: int, since: str) -> Page:
        """The account's newest posts after the id `since`, without what it only passed on."""
        more = _WHOLE | {"max_results": size, "since_id": since, "exclude": ["retweets"]}
        with self._asking():
            return self._list(self._client.get_users_tweets(user, user_auth=self._as_user, **more))

    def quotes(self, post: str, size: int, token: str = "") -> Page:
        """Posts that quote a post, the newest first."""
        more = _WHOLE | {"max_results": size, "pagination_token": token or None}
        with self._asking(token):
            return self._list(self._client.get_quote_tweets(post, user_auth=self._as_user, **more))

    def messages(self, size: int, token: str = "") -> Page:
        """Direct messages of the last 30 days, to and from the account, the newest first."""
        more = {
            "dm_event_fields": MESSAGE_FIELDS, "user_fields": USER_FIELDS, "media_fields": MEDIA_FIELDS,
            "event_types": "MessageCreate", "expansions": ["sender_id", "attachments.media_keys"],
            "max_results": size, "pagination_token": token or None,
        }  # fmt: skip
        with self._asking(token):
            return self._list(self._client.get_direct_message_events(user_auth=self._as_user, **more))

    def posts(self, ids: list[str]) -> Page:
        """The posts of at most PAGE ids; those that are gone are among the page's troubles."""
        with self._asking():
            return self._page(self._client.get_tweets(ids, user_auth=self._as_user, **_WHOLE))

    def user(self, handle: str) -> Page:
        """The account of a handle."""
        with self._asking():
            return self._page(self._client.get_user(username=handle, user_auth=self._as_user, user_fields=USER_FIELDS))

    def count(self, text: str) -> int:
        """How many posts of the last seven days a search would give out."""
        if self._as_user:
            raise AuthorisationError("X counts posts only for one token (OAuth 2.0), and this account has API keys.")
        with self._asking():
            meta = self._page(self._client.get_recent_tweets_count(text, granularity="day")).meta
        return meta.total_tweet_count or meta.total_post_count or 0

    def _list(self, answer: requests.Response) -> Page:
        return self._page(answer, listed=True)

    def _page(self, answer: requests.Response, *, listed: bool = False) -> Page:
        self.quota = _quota(answer)
        try:
            return read_page(answer.content, listed=listed)
        except NormaliseError as error:
            # cut short on its way, or not X at all: the same question may be answered better later
            raise BrokenConnectionError(self._road.url, str(error)) from error

    @contextmanager
    def _asking(self, token: str = "") -> Iterator[None]:
        """Errors of tweepy, and of requests below it, as ours."""
        import requests
        import tweepy

        try:
            yield
        except ShenavaError:
            raise
        except (tweepy.TweepyException, requests.RequestException, ValueError, TypeError, AttributeError) as error:
            # tweepy itself stumbles over refusals that are not written as it expects, so the status decides
            self._refuse(error, token)

    def _refuse(self, error: Exception, token: str) -> None:
        answer, url = self._road.answer, self._road.url
        if answer is None:
            raise BrokenConnectionError(url, str(error) or type(error).__name__) from error
        said, status = refusal(answer), answer.status_code
        if status == 429:
            wait = CAPPED_SECONDS if "usage-capped" in said.type else until_reset(answer, self._clock)
            raise RateLimitedError(url, wait) from error
        if status == 402:
            raise PermanentError(
                "X refuses because the app's credits are used up; add some at console.x.com."
            ) from error
        if status in (401, 403) and said != Refusal():
            lacking = AuthorisationError if status == 401 else ForbiddenError
            raise lacking(f"X does not let our token read {_path(url)}: {said.sentence}.") from error
        if status >= 500 or status in (401, 403, 408, 425) or status < 300:
            # a refusal that is not in X's words is of something on the way
            raise BusyServerError(url, status) from error
        if status == 400 and token:
            raise StalePageError(f"X no longer knows our page of {_path(url)}: {said.sentence}.") from error
        if status == 404:
            raise WrongAddressError(url, status) from error
        kind = RefusedError if status == 400 else PermanentError
        raise kind(f"X refused {_path(url)}: {status} {said.sentence}.") from error


@contextmanager
def signed_in(account: Account | None, transport: Transport, clock: Clock) -> Iterator[Api]:
    """X as the account. Raises: AuthorisationError where it has no token, before anything is asked."""
    with opened(account, transport) as (client, road):
        yield Api(client, road, clock)


def _quota(answer: requests.Response) -> Quota | None:
    said = [limit_of(answer, name) for name in ("remaining", "limit", "reset")]
    if said[0] is None:
        return None
    return Quota(said[0], said[1], None if said[2] is None else datetime.fromtimestamp(said[2], UTC))


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]
