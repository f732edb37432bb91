"""Instagram's public pages through instaloader: its waits by our clock, its requests through our transport.

Not an official interface. Source: instaloader 4.16, instaloadercontext.py and structures.py.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from threading import Event
from typing import Any

import instaloader
import requests
from instaloader import exceptions
from instaloader.instaloadercontext import InstaloaderContext, RateController

from collectors.errors import NothingSaidError
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.clock import Clock
from crm.ports.transport import BrokenConnectionError, Transport

logger = logging.getLogger(__name__)

WHO = "www.instagram.com"
LONG_PAUSE = 3600.0
"""Seconds to stay away where Instagram says that it is too much, or wants a sign-in; it does not say how long."""
_TOKEN = re.compile(r"csrftoken=([^;,\s]+)")
END = 1_000
"""Characters at the end of a page among which its last tag is."""
LEAST_WAIT, MOST_WAIT = 2.0, 6.0


class StopAskedError(Exception):
    """The run was told to stop while the library waited."""


class KnownPostError(Exception):
    """The library was about to fetch a post that we have."""


class NoProfileError(PermanentError):
    """There is no such profile, or only those whom it lets follow see its posts; `code` says which."""

    def __init__(self, profile: str, code: str) -> None:
        self.profile, self.code = profile, code
        what = "shows its posts to followers only" if code == "private_profile" else "is not there"
        super().__init__(f"The profile {profile} {what}.")


class Waits(RateController):
    """The library's own limits, waited for by our clock; what it would wait after a refusal, we leave to the runner."""

    def __init__(self, context: InstaloaderContext, pause: Callable[[float], None]) -> None:
        super().__init__(context)
        self._pause = pause

    def sleep(self, secs: float) -> None:
        """See the library."""
        self._pause(secs)

    def handle_429(self, query_type: str) -> None:
        """See the library. Raises: RateLimitedError."""
        del query_type
        raise RateLimitedError(WHO, LONG_PAUSE)


class Visitor(InstaloaderContext):
    """Somebody who is not signed in. `is_known` tells shortcodes of posts that need not be fetched again."""

    def __init__(
        self, transport: Transport, clock: Clock, stop: Event, random: Random, is_known: Callable[[str], bool]
    ) -> None:
        self._transport, self._clock, self._stop, self._random = transport, clock, stop, random
        self.is_known = is_known
        self.breaks_off = False
        """Whether the last page had no end."""
        super().__init__(quiet=True, max_connection_attempts=1, request_timeout=30.0,
                         rate_controller=lambda context: Waits(context, self.pause),
                         iphone_support=False)  # fmt: skip

    def pause(self, seconds: float) -> None:
        """Wait by our clock. Raises: StopAskedError."""
        if self._clock.sleep(seconds, self._stop):
            raise StopAskedError

    def leave(self) -> None:
        """Close the session."""
        self._session.close()

    def do_sleep(self) -> None:
        """A moment before each request, as a reader takes."""
        self.pause(self._random.uniform(LEAST_WAIT, MOST_WAIT))

    def get_anonymous_session(self) -> requests.Session:
        """A stranger's session, over our transport."""
        session = self._transport.session()
        session.cookies.update({"ig_pr": "1", "ig_vw": "1920"})
        session.headers.update(self._default_http_header(empty_session_only=True))
        session.hooks["response"].append(_keep_token(session))
        return session

    def get_json(self, path: str, params: dict[str, Any], host: str = WHO,
                 session: requests.Session | None = None, response_headers: dict[str, Any] | None = None,
                 use_post: bool = False) -> dict[str, Any]:  # fmt: skip
        """See the library. It copies sessions without what they go through, so that is given back here."""
        session = session or self._session
        if session is not self._session:
            ours = self._transport.session()
            for scheme in ("https://", "http://"):
                session.mount(scheme, ours.get_adapter(scheme))
            session.trust_env = ours.trust_env
        found = super().get_json(path, params, host, session, response_headers, use_post)
        return found if isinstance(found, dict) else {}

    def _get_page(self, session: requests.Session, path: str) -> str:
        """See the library, to which a page that breaks off is one of nobody."""
        found = str(super()._get_page(session, path))
        self.breaks_off = "</html>" not in found[-END:].lower()
        return found

    def doc_id_graphql_query(self, doc_id: str, variables: dict[str, Any], *more: Any, **named: Any) -> dict[str, Any]:
        """See the library. Raises: KnownPostError instead of asking for a post that we have."""
        if self.is_known(str(variables.get("shortcode", ""))):
            raise KnownPostError
        found = super().doc_id_graphql_query(doc_id, variables, *more, **named)
        return found if isinstance(found, dict) else {}

    def error(self, msg: object, repeat_at_end: bool = True) -> None:
        """The library's own remarks."""
        del repeat_at_end
        logger.debug("%s", msg)


def _keep_token(session: requests.Session) -> Callable[..., None]:
    """Our transport keeps no cookies; this one is asked for before each query."""

    def keep(response: requests.Response, *_: object, **__: object) -> None:
        if found := _TOKEN.search(response.headers.get("set-cookie", "")):
            session.cookies.set("csrftoken", found[1])

    return keep


@contextmanager
def translated(profile: str) -> Iterator[None]:
    """What the library raises, as errors of ours; `profile` is whose posts are read."""
    try:
        yield
    except (ShenavaError, StopAskedError, KnownPostError):
        raise
    except instaloader.AbortDownloadException as error:
        raise AuthorisationError(f"{WHO} wants a person to look: {error}") from error
    except (exceptions.InstaloaderException, requests.RequestException, LookupError, TypeError, ValueError,
            AttributeError, AssertionError) as error:  # fmt: skip
        raise _translation(error, profile) from error


def _translation(error: Exception, profile: str) -> ShenavaError:
    match error:
        case exceptions.ProfileNotExistsException():
            return NoProfileError(profile, "no_profile")
        case exceptions.LoginRequiredException() if "private profile" in str(error):
            return NoProfileError(profile, "private_profile")
        case exceptions.PrivateProfileNotFollowedException():
            return NoProfileError(profile, "private_profile")
        case exceptions.LoginRequiredException() | exceptions.TooManyRequestsException():
            return RateLimitedError(WHO, LONG_PAUSE)
        case exceptions.ConnectionException():
            return _of_connection(error, profile)
        case requests.RequestException():
            return BrokenConnectionError(WHO, str(error))
    # Pages that hold something else are what a visitor gets who came too often, or what Instagram changed.
    return NothingSaidError(f"{WHO} shows {profile} in another way than instaloader reads ({error!r}).")


def _of_connection(error: Exception, profile: str) -> ShenavaError:
    cause: BaseException | None = error.__cause__
    if isinstance(cause, RetryableError):
        return cause
    words = str(error)
    if isinstance(cause, exceptions.TooManyRequestsException) or any(f"{code} " in words for code in (401, 403, 429)):
        return RateLimitedError(WHO, LONG_PAUSE)
    if isinstance(cause, json.JSONDecodeError):
        return NothingSaidError(f"The answer of {WHO} about {profile} breaks off.")
    return BrokenConnectionError(WHO, words)
