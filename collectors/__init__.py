"""Platforms to posts: one module or folder for each, all with the same steps.

Options are checked, raw items are fetched, a pure function normalises each into a post or
raises NormaliseError, and batches with a cursor are handed over. Libraries of a platform are
imported when a run begins.
"""

from __future__ import annotations

from crm.ports.source import Source


def all_sources() -> tuple[Source, ...]:
    """One of every kind of source."""
    from random import Random

    from collectors.bluesky import BlueskySource
    from collectors.feed import FeedSource
    from collectors.file import FileSource
    from collectors.hackernews import HackerNewsSource
    from collectors.instaloader import InstagramPublicSource
    from collectors.jetstream import JetstreamSource
    from collectors.json import JsonSource
    from collectors.mastodon import MastodonAccountSource, MastodonSource
    from collectors.meta import FacebookSource, InstagramSource
    from collectors.reddit import RedditSource
    from collectors.telegram import BaleSource, TelegramSource
    from collectors.webhook import WebhookSource
    from collectors.x import XSource
    from collectors.youtube import YouTubeSource

    return (
        FileSource(), JetstreamSource(), FeedSource(Random()), MastodonSource(Random()), HackerNewsSource(Random()),
        TelegramSource(Random()), BaleSource(Random()), XSource(Random()), RedditSource(Random()),
        InstagramSource(Random()), FacebookSource(Random()), YouTubeSource(Random()), WebhookSource(),
        JsonSource(Random()), InstagramPublicSource(Random()),
        BlueskySource(Random()), MastodonAccountSource(Random()),
    )  # fmt: skip
