"""What Meta really answered, as the makers of python-facebook recorded it: answers alone, one JSON file each."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

from collectors.meta.raw import RawComment, RawMe, RawMedia, RawMessage, RawPost, RawRemark

FOLDER = "api_facebook_instagram/testdata/"
USES: tuple[tuple[str, str, Any], ...] = (
    (
        r"instagram/apidata/hashtags/hashtag_(recent|top)_medias",
        "media by hashtag, asked without a time: told",
        RawMedia,
    ),
    (r"instagram/apidata/(users/(medias|tagged|mentioned_media)|medias/medias?_)|.*/ig_media", "media read", RawMedia),
    (r"instagram/apidata/discovery/medias", "media of others read, which we don't ask for", RawMedia),
    (
        r"instagram/.*(mentioned_comment|medias/comments|apidata/comments/|ig_comment|ig_reply)",
        "comments read",
        RawRemark,
    ),
    (r"instagram/.*(hashtag_search|searched_hashtags|hashtags?_info|ig_hashtag)", "hashtags read", None),
    (r"facebook/(apidata/posts/|models/post)|base/full_connecions", "posts read", RawPost),
    (r"facebook/apidata/groups/feed", "posts of groups read, which Meta no longer gives out", RawPost),
    (r"facebook/(apidata/comments/|models/comment)", "comments read", RawComment),
    (r"facebook/(apidata/messages/|models/message)", "messages read", RawMessage),
    (r"facebook/(apidata/conversations/|models/conversation)", "conversations read", None),
    (r"facebook/apidata/pages/single_|base/object_", "the Page read", RawMe),
    (r"error|base/error_data", "refusals told apart", None),
    (r"instagram_basic/", "not used: the Basic Display API, closed since December 2024", None),
    (r"instagram/.*(stories|story)", "not used: stories, of which no mentions are served", None),
    (r"instagram/.*(publish|container|content_publish)", "not used: publishing media", None),
    (r"instagram/.*(insight|product|catalog|live_medias|children)", "not used: insights, shopping, live video", None),
    (r"instagram/.*(user|discovery)", "not used: accounts", None),
    (
        r"facebook/.*(video|photo|album|picture|event|likes|group|live)",
        "not used: other things of a Page or group",
        None,
    ),
    (r"facebook/.*(user|business|pages|page|application)", "not used: people, businesses, other Pages, apps", None),
    (r"base/", "not used: tokens, and lists that others stand for", None),
)


class Recordings:
    """The recorded answers by their names below the folder."""

    def __init__(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            members = [member for member in tar.getmembers() if member.isfile()]
            self.answers = {
                member.name.removeprefix("./").removeprefix(FOLDER): json.loads(tar.extractfile(member).read())  # type: ignore[union-attr]
                for member in members
            }

    def used_as(self, use: str) -> dict[str, Any]:
        """The answers that are put to this use."""
        return {name: answer for name, answer in self.answers.items() if use_of(name)[0] == use}

    def table(self) -> Counter[str]:
        """How many answers are put to which use."""
        return Counter(use_of(name)[0] for name in self.answers)


def use_of(name: str) -> tuple[str, Any]:
    """What an answer is used for, and what its items are."""
    return next((use, kind) for pattern, use, kind in USES if re.match(pattern, name))


def items_of(answer: Any) -> list[Any]:
    """The things in an answer, be it one, a list, several by their ids, or one below a field."""
    if isinstance(answer.get("data"), list):
        return list(answer["data"])
    for name in ("mentioned_media", "mentioned_comment"):
        if name in answer:
            return [answer[name]]
    if "business_discovery" in answer:
        return list(answer["business_discovery"]["media"]["data"])
    if "id" in answer:
        return [answer]
    return list(answer.values())
