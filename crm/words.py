"""The words of the house as frozen types: what a post is, who said it, and what we understood of it.

Everything here crosses a process or a store, so it is a :mod:`msgspec` struct: cheap to
encode, checked when decoded, and extended only by adding fields with defaults.
Times are timezone-aware datetimes in UTC. Keys are ``platform:native_id``.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

SCHEMA_VERSION = 2
"""Written into every envelope; raised when a field is added."""

REVISION_BITS = 31

Origin = Literal["stream", "import", "own", "context", "demo", "addressed"]
"""How a post came to us. Imported and demo posts open no case and no alert unless asked.

What is `addressed` was said to an account of ours: a mention, an answer, a comment, a private message. It is
kept and opens a case though no monitor matches it.
"""

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone: what was written without one can't be decoded."""

Sentiment = Literal["negative", "neutral", "positive"]
Urgency = Literal["low", "normal", "high"]
Intent = Literal[
    "question", "complaint", "praise", "feature_request", "bug_report", "purchase_intent", "churn_threat", "spam",
    "other",
]  # fmt: skip
"""What somebody wants who says this; several at once, but for spam and other."""
Emotion = Literal["anger", "sadness", "joy", "fear", "none"]
Offence = Literal["offensive", "other"]


def content_id(*parts: str) -> str:
    """A stable native id (32 hex digits) for something whose platform gives none."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


class Media(Struct, frozen=True, omit_defaults=True):
    """A picture, video, sound or link card attached to a post."""

    kind: str
    url: str
    alt: str = ""


class Counts(Struct, frozen=True, omit_defaults=True):
    """What the platform counted on a post when it was last seen."""

    likes: int = 0
    replies: int = 0
    reposts: int = 0
    views: int = 0


class Author(Struct, frozen=True, omit_defaults=True):
    """The account that said it. `followers` is None where the platform does not say."""

    platform: str
    native_id: str
    handle: str = ""
    name: str = ""
    url: str = ""
    avatar_url: str = ""
    followers: int | None = None
    bio: str = ""
    place: str = ""
    links: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``platform:native_id``."""
        return f"{self.platform}:{self.native_id}"


class Post(Struct, frozen=True, omit_defaults=True):
    """Anything said on a platform, normalised at the edge by its collector.

    `parent_key` and `root_key` are post keys, None where unknown or where the post starts
    a thread. `edited_at` is the platform's time of this version of the text.
    `mentions` are handles without the at sign, `language_hint` is what the platform claims.
    """

    platform: str
    native_id: str
    author: Author
    text: str
    posted_at: Moment
    url: str = ""
    title: str = ""
    parent_key: str | None = None
    root_key: str | None = None
    edited_at: Moment | None = None
    language_hint: str = ""
    mentions: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    counts: Counts = Counts()
    place: str = ""
    private: bool = False

    @property
    def key(self) -> str:
        """``platform:native_id``."""
        return f"{self.platform}:{self.native_id}"

    @property
    def thread_key(self) -> str:
        """The platform's root, else the parent, else the post itself."""
        return self.root_key or self.parent_key or self.key

    @property
    def source_seconds(self) -> int:
        """The platform's own clock for this version, in whole seconds since 1970.

        Held between 0 and 2^32 - 1 (the year 2106), so that a version fits a signed 64-bit number.
        """
        return min(max(0, int((self.edited_at or self.posted_at).timestamp())), (1 << (63 - REVISION_BITS)) - 1)


class Collected(Struct, frozen=True, omit_defaults=True, tag="post"):
    """What a collector puts on ``posts.collected``.

    `source` is the id of the source that saw it. `workspace` is set where only one workspace
    asked (an import, its own account); None fans out to every workspace that uses the source.
    `own` says that the account is ours though no credential of it is kept.
    """

    source: str
    post: Post
    collected_at: Moment
    origin: Origin = "stream"
    workspace: str | None = None
    open_cases: bool = False
    own: bool = False
    schema: int = SCHEMA_VERSION


class Removed(Struct, frozen=True, omit_defaults=True, tag="removed"):
    """A platform says that a post (or everything of an author) is gone.

    Exactly one of `post_key` and `author_key` is set. What is not gone `for_good` (an account that was taken down
    and may be given back) goes as well, but what it says later is heard again.
    """

    source: str
    removed_at: Moment
    post_key: str | None = None
    author_key: str | None = None
    workspace: str | None = None
    schema: int = SCHEMA_VERSION
    for_good: bool = True


class Label(Struct, frozen=True, omit_defaults=True):
    """One answer of one model. `value` is None where the model abstained and a person decides.

    `probability` is calibrated, between 0 and 1, and kept for abstentions too.
    """

    value: str | None
    probability: float
    model: str
    version: str


class Aspect(Struct, frozen=True, omit_defaults=True):
    """What a post speaks of (price, delivery, …) and how."""

    name: str
    sentiment: Label


class EnrichedPost(Struct, frozen=True, omit_defaults=True, tag="enriched"):
    """A post as one workspace understands it: the document that the index holds, always whole.

    `tokens` are the folded tokens of :mod:`crm.text` joined by spaces, in text order; behind those of a post in
    Finglish stands the Persian that it says (:func:`crm.text.heard`).
    `monitors` are ids of the monitors it matches, `thread_key` the joined thread,
    `customer` the id of an exactly tied customer. `made_up` marks demo data. A post that no model was asked about
    an intent, an emotion, offence or aspects has none; one label without a value in `intents` is an abstention.
    `bands` are hashes of the text by which near-duplicates are found, none where it has no word or was
    understood before there were any: see :func:`crm.ports.likeness.seeds` and
    :func:`crm.ports.likeness.marks`.
    """

    workspace: str
    post: Post
    tokens: str
    language: Label
    sentiment: Label
    urgency: Label
    revision: int
    thread_key: str
    monitors: tuple[str, ...] = ()
    customer: str | None = None
    origin: Origin = "stream"
    own: bool = False
    made_up: bool = False
    open_cases: bool = False
    collected_at: Moment | None = None
    schema: int = SCHEMA_VERSION
    intents: tuple[Label, ...] = ()
    emotion: Label | None = None
    offence: Label | None = None
    aspects: tuple[Aspect, ...] = ()
    bands: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()

    @property
    def wants(self) -> tuple[str, ...]:
        """The intents that a model or a person was sure of."""
        return tuple(label.value for label in self.intents if label.value)

    @property
    def feeling(self) -> str | None:
        """The emotion, where one shows and the model was sure of it."""
        return self.emotion.value if self.emotion and self.emotion.value != "none" else None

    @property
    def offensive(self) -> bool:
        """Whether a model or a person finds it offensive."""
        return self.offence is not None and self.offence.value == "offensive"

    @property
    def spoken_of(self) -> tuple[str, ...]:
        """The aspects, each also with the feeling where that is sure: ``price``, ``price/negative``."""
        names = [(one.name, f"{one.name}/{one.sentiment.value}" if one.sentiment.value else "") for one in self.aspects]
        return tuple(dict.fromkeys(name for pair in names for name in pair if name))

    @property
    def key(self) -> str:
        """``workspace/platform:native_id``: the document's key in the index."""
        return f"{self.workspace}/{self.post.key}"

    @property
    def version(self) -> int:
        """``source seconds << 31 | revision``: the greater one wins, equals overwrite."""
        return self.post.source_seconds << REVISION_BITS | self.revision


class RemovedPost(Struct, frozen=True, omit_defaults=True, tag="removed"):
    """A removal on its way to the sinks of one workspace. See :class:`Removed`."""

    workspace: str
    removed_at: Moment
    post_key: str | None = None
    author_key: str | None = None
    schema: int = SCHEMA_VERSION
    for_good: bool = True


CollectedEvent = Collected | Removed
EnrichedEvent = EnrichedPost | RemovedPost

PERSON, SAME_WORDS = "person", "person-same-words"
"""The model that a label names where a person gave the answer, about this post or about one of the same words."""
AGAIN = "again"
"""The source of posts that are sent through enrichment again."""

COLLECTED = "posts.collected"
ENRICHED = "posts.enriched"
