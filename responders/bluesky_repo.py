"""A signed-in account's repository on its Bluesky server, through the atproto library.

The high-level client asks an AppView for the profile when it signs in, which a server need not
have behind it; the calls below it are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from atproto_client import models
from atproto_client.client.raw import ClientRaw
from atproto_client.exceptions import BadRequestError, RateLimitExceededError, RequestErrorBase, UnauthorizedError
from atproto_client.utils.facet_detection import detect_facets, detect_mentions
from atproto_core.exceptions import AtProtocolError

from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError
from crm.platforms.bluesky import ENDED, GuardedRequest, base_of, name_of, wait_of
from crm.ports.clock import Clock
from crm.ports.responder import Account, AnsweredPostGoneError, Attachment, SendOrder, Sent, UnknownOutcomeError
from crm.ports.transport import BrokenConnectionError, Transport, UnreadableAnswerError
from responders.files import measures

if TYPE_CHECKING:
    from responders.bluesky_letters import Letters

COLLECTION, LIKES = "app.bsky.feed.post", "app.bsky.feed.like"
MISSING = {"RecordNotFound", "RepoNotFound"}


class MissingError(PermanentError):
    """The server has no such record."""


class Repo:
    """What a session of ours can do. One connection a call, so it is never left open."""

    def __init__(self, client: ClientRaw, session: models.ComAtprotoServerCreateSession.Response, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self.did, self.handle = session.did, session.handle
        self.active = session.active is not False
        client.request.add_additional_header("Authorization", f"Bearer {session.access_jwt}")

    @classmethod
    def sign_in(cls, account: Account, transport: Transport, clock: Clock) -> Repo:
        """Raises AuthorisationError, RetryableError, and PermanentError where no Bluesky server answers."""
        client = ClientRaw(base_of(account), GuardedRequest(transport.http()))
        data = models.ComAtprotoServerCreateSession.Data(identifier=account.handle, password=account.secret)
        with reading(clock):
            return cls(client, client.com.atproto.server.create_session(data), clock)

    @property
    def letters(self) -> Letters:
        """The direct messages of the account."""
        from responders.bluesky_letters import Letters

        return Letters(self._client, self.did, self._clock)

    def publish(self, order: SendOrder, key: str) -> Sent:
        """Create the record of the reply. Errors as in :meth:`crm.ports.responder.Responder.send`."""
        record = self._record(order)
        data = models.ComAtprotoRepoCreateRecord.Data(
            repo=self.did, collection=COLLECTION, rkey=key, record=record, validate_=True
        )
        with writing(self._clock):
            made = self._client.com.atproto.repo.create_record(data)
        return self._sent(made.uri, record.created_at)

    def published(self, key: str) -> Sent | None:
        """The record under `key`, if we have one."""
        try:
            found = self._get(self.did, COLLECTION, key)
        except MissingError:
            return None
        return self._sent(found.uri, str(getattr(found.value, "created_at", "")))

    def like(self, post_key: str, key: str) -> None:
        """Have a like of the post under `key`; one that is there already stays as it is."""
        post, _ = self._answered(post_key)
        try:
            self._get(self.did, LIKES, key)
        except MissingError:
            record = models.AppBskyFeedLike.Record(created_at=self._now(), subject=post)
            data = models.ComAtprotoRepoPutRecord.Data(repo=self.did, collection=LIKES, rkey=key, record=record)
            with reading(self._clock):
                self._client.com.atproto.repo.put_record(data)

    def unlike(self, key: str) -> None:
        """Have no like under `key`."""
        with reading(self._clock):
            self._client.com.atproto.repo.delete_record(
                models.ComAtprotoRepoDeleteRecord.Data(repo=self.did, collection=LIKES, rkey=key)
            )

    def _now(self) -> str:
        return self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _record(self, order: SendOrder) -> models.AppBskyFeedPost.Record:
        """The reply as a record. Bluesky points at posts by address and content hash, so those are read first."""
        parent, root = self._answered(order.answer_to)
        pictures = [self._uploaded(one) for one in order.media]
        quoting = order.way == "quote"
        return models.AppBskyFeedPost.Record(
            text=order.text,
            created_at=self._now(),
            facets=[*detect_facets(order.text), *self._mentions(order.text)] or None,
            langs=[order.language] if order.language else None,
            reply=None if quoting else models.AppBskyFeedPost.ReplyRef(parent=parent, root=root),
            embed=_embed(parent if quoting else None, pictures),
        )

    def _uploaded(self, picture: Attachment) -> models.AppBskyEmbedImages.Image:
        """The picture on our server, where it stays for a while until a record names it."""
        with reading(self._clock):
            made = self._client.com.atproto.repo.upload_blob(
                None, content=picture.content, headers={"Content-Type": picture.kind}
            )
        size = measures(picture.content)
        ratio = models.AppBskyEmbedDefs.AspectRatio(width=size[0], height=size[1]) if size else None
        return models.AppBskyEmbedImages.Image(alt=picture.alt, image=made.blob, aspect_ratio=ratio)

    def _answered(
        self, post_key: str
    ) -> tuple[models.ComAtprotoRepoStrongRef.Main, models.ComAtprotoRepoStrongRef.Main]:
        """References to the answered post and to the root of its thread."""
        try:
            found = self._get(*record_of(post_key))
        except MissingError:
            raise AnsweredPostGoneError(post_key) from None
        parent = models.ComAtprotoRepoStrongRef.Main(uri=found.uri, cid=found.cid or "")
        reply = found.value.reply if isinstance(found.value, models.AppBskyFeedPost.Record) else None
        return parent, reply.root if reply else parent

    def _mentions(self, text: str) -> Iterator[models.AppBskyRichtextFacet.Main]:
        """A facet for every handle that somebody has; others stay plain text."""
        for match in detect_mentions(text):
            try:
                with reading(self._clock):
                    found = self._client.com.atproto.identity.resolve_handle({"handle": match.handle})
            except PermanentError:
                continue
            yield models.AppBskyRichtextFacet.Main(
                features=[models.AppBskyRichtextFacet.Mention(did=found.did)],
                index=models.AppBskyRichtextFacet.ByteSlice(byte_start=match.byte_start, byte_end=match.byte_end),
            )

    def _get(self, repo: str, collection: str, key: str) -> models.ComAtprotoRepoGetRecord.Response:
        with reading(self._clock):
            return self._client.com.atproto.repo.get_record({"repo": repo, "collection": collection, "rkey": key})

    def _sent(self, uri: str, created_at: str) -> Sent:
        url = f"https://bsky.app/profile/{self.handle}/post/{uri.rpartition('/')[2]}"
        try:
            moment = datetime.fromisoformat(created_at)
        except ValueError:
            moment = self._clock.now()
        return Sent(uri, url, moment)


def _embed(
    quoted: models.ComAtprotoRepoStrongRef.Main | None, pictures: list[models.AppBskyEmbedImages.Image]
) -> models.AppBskyEmbedRecord.Main | models.AppBskyEmbedImages.Main | models.AppBskyEmbedRecordWithMedia.Main | None:
    """What stands below the text: a quoted post, pictures, or both."""
    record = models.AppBskyEmbedRecord.Main(record=quoted) if quoted else None
    if not pictures:
        return record
    images = models.AppBskyEmbedImages.Main(images=pictures)
    return models.AppBskyEmbedRecordWithMedia.Main(record=record, media=images) if record else images


def record_of(post_key: str) -> tuple[str, str, str]:
    """Repository, collection and record key of a post's key (``bluesky:at://did/collection/rkey``)."""
    parts = post_key.removeprefix("bluesky:").removeprefix("at://").split("/")
    if len(parts) == 2:
        parts.insert(1, COLLECTION)
    if len(parts) != 3 or not all(parts):
        raise PermanentError(f"{post_key} is not the key of a post on Bluesky, so it can't be answered there.")
    return parts[0], parts[1], parts[2]


@contextmanager
def reading(clock: Clock) -> Iterator[None]:
    """Errors of a call that publishes nothing: what the network did may be tried again."""
    try:
        yield
    except RequestErrorBase as error:
        _raise_refusal(error, clock)
        raise RetryableError(f"Bluesky failed to answer: {error}.") from error
    except ValueError as error:
        raise RetryableError(f"Bluesky's answer was cut short: {error}.") from error
    except AtProtocolError as error:
        raise PermanentError(f"What answers there is no Bluesky server: {error}.") from error


@contextmanager
def writing(clock: Clock) -> Iterator[None]:
    """Errors of the call that publishes: whatever is not clearly a refusal leaves the outcome unknown."""
    try:
        yield
    except RequestErrorBase as error:
        _raise_refusal(error, clock)
        raise UnknownOutcomeError("Bluesky", str(error)) from error
    except (BrokenConnectionError, UnreadableAnswerError, AtProtocolError, ValueError) as error:
        raise UnknownOutcomeError("Bluesky", str(error)) from error


def _raise_refusal(error: RequestErrorBase, clock: Clock) -> None:
    """Raise the error of ours for an answer by which the server certainly did nothing."""
    status = error.response.status_code if error.response else 0
    name = name_of(error)
    if isinstance(error, RateLimitExceededError):
        raise RateLimitedError("Bluesky", wait_of(error, clock)) from error
    if isinstance(error, UnauthorizedError) or name in ENDED:
        raise AuthorisationError(f"Bluesky does not accept our sign-in: {error}.") from error
    if name in MISSING or (isinstance(error, BadRequestError) and "Could not locate record" in str(error)):
        raise MissingError(f"Bluesky has no such record: {error}.") from error
    if 400 <= status < 500 and status not in (408, 409):
        raise PermanentError(f"Bluesky refused: {error}.") from error
