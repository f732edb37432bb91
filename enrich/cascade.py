"""The costly tier: a better model is asked about the posts where it matters, and only about those.

That are the posts of which the cheap model is unsure and the posts of accounts that many follow, together at most a
share of all. An answer carries the name of the model that gave it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from crm.ports.classifier import Classifier
from crm.words import Label, Post
from enrich.sentiment import spoken

UNSURE = 0.6
"""Below this probability an answer of the cheap model is unsure."""
FOLLOWED = 10_000
"""Followers from which on the answer for an account's post matters."""


class Cascade:
    """Puts the answers of a costly model in the place of those of a cheap one. Safe to share if the model is."""

    def __init__(self, costly: Classifier, share: float) -> None:
        """`share` of the posts of a batch, from 0 to 1, are asked about at most: one at least."""
        self._costly, self._share = costly, share

    def better(self, posts: Sequence[Post], texts: Sequence[str], labels: Sequence[Label]) -> list[Label]:
        """The labels, one per post, the better ones in their places; they stay where the costly model abstains."""
        asked = self.chosen(posts, texts, labels)
        answers = list(labels)
        for at, answer in zip(asked, self._costly.predict([texts[at] for at in asked]) if asked else (), strict=True):
            if answer.value is not None:
                answers[at] = answer
        return answers

    def chosen(self, posts: Sequence[Post], texts: Sequence[str], labels: Sequence[Label]) -> list[int]:
        """The places of the posts that are asked about: the followed first, then the most unsure.

        A text without a word or a picture is none of them: no model finds more in it.
        """
        speaks = spoken(texts).tolist()
        wanted = [
            (not followed, label.probability, at)
            for at, (post, label) in enumerate(zip(posts, labels, strict=True))
            if speaks[at] and ((followed := (post.author.followers or 0) >= FOLLOWED) or label.probability < UNSURE)
        ]
        return sorted(at for _, _, at in sorted(wanted)[: math.ceil(self._share * len(posts))])
