"""What Bluesky's own tests say that its servers answer: their posts read as ours; and its lexicons counted."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.bluesky.normalise import MessageView, PostView, read, to_message, to_post
from collectors.errors import NormaliseError
from tests.services.lexicon import Lexicons

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs/platforms/bluesky.md"
ASKED = {
    "app.bsky.feed.searchPosts", "app.bsky.feed.getPosts", "app.bsky.feed.getPostThread", "app.bsky.feed.getAuthorFeed",
    "app.bsky.notification.listNotifications", "app.bsky.actor.getProfiles", "com.atproto.repo.createRecord",
    "com.atproto.repo.getRecord", "com.atproto.sync.subscribeRepos",
}  # fmt: skip
"""Methods that we call."""
READ = {
    "app.bsky.feed.defs", "app.bsky.feed.post", "app.bsky.actor.defs", "app.bsky.richtext.facet",
    "app.bsky.embed.images", "app.bsky.embed.external", "app.bsky.embed.record", "app.bsky.embed.recordWithMedia",
    "app.bsky.embed.video", "app.bsky.embed.gallery", "app.bsky.embed.defs", "com.atproto.repo.strongRef",
    "com.atproto.repo.defs", "app.bsky.notification.defs",
}  # fmt: skip
"""What they are made of."""


POSTS_READ = 292


class Snapshots:
    """The answers in the archive by file and name, with addresses and ids put in where they stand for any."""

    def __init__(self, archive: Path) -> None:
        self.all: list[tuple[str, str, Any]] = []
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.name.endswith(".snap"):
                    file = tar.extractfile(member)
                    assert file
                    self.all += self._read(member.name.rpartition("/")[2], file.read().decode())

    def _read(self, file: str, text: str) -> Iterator[tuple[str, str, Any]]:
        for found in re.finditer(r"^exports\[`(.*?)`\] = `\n?(.*?)\n?`;$", text, re.DOTALL | re.MULTILINE):
            body = re.sub(r",(\s*[}\]])", r"\1", found[2])
            body = re.sub(r'"record\((\d+)\)"', r'"at://did:plc:someone/app.bsky.feed.post/rkey\1"', body)
            body = re.sub(r"user\((\d+)\)", r"did:plc:user\1", body)
            body = re.sub(r"cids\((\d+)\)", r"bafycontent\1", body)
            body = re.sub(r"\bundefined\b", "null", body)
            try:
                yield file, found[1], json.loads(body)
            except ValueError:
                yield file, found[1], None


def views_in(body: Any) -> Iterator[dict[str, Any]]:
    """Every post, and every notification of one, anywhere in an answer."""
    if isinstance(body, dict):
        record = body.get("record")
        if isinstance(record, dict) and record.get("$type") == "app.bsky.feed.post" and "cid" in body:
            yield body
        body = list(body.values())
    if isinstance(body, list):
        for one in body:
            yield from views_in(one)


@pytest.fixture(scope="session")
def archive(shared: Callable[[str], Path]) -> Path:
    return shared("fixtures/bluesky_appview.tar.gz")


@pytest.fixture(scope="session")
def snapshots(archive: Path) -> list[tuple[str, str, Any]]:
    return Snapshots(archive).all


def test_every_post_is_read(snapshots: list[tuple[str, str, Any]], archive: Path) -> None:
    lexicons, seen = Lexicons(archive), Counter[str]()
    for file, _, body in snapshots:
        for view in views_in(body):
            post = to_post(read(json.dumps(view).encode(), PostView))
            record = view["record"]
            assert (post.native_id, post.author.native_id) == (view["uri"], view["author"]["did"])
            assert (post.text, post.author.handle) == (record["text"], view["author"]["handle"])
            assert post.author.name == view["author"].get("displayName", "")
            assert (post.parent_key is not None) == ("reply" in record)
            assert post.counts.likes == view.get("likeCount", 0)
            assert len([one for one in post.media if one.kind == "image"]) == len(list(pictures_in(record)))
            assert lexicons.record_faults("app.bsky.feed.post", record) == []
            seen[file] += 1
    assert sum(seen.values()) == POSTS_READ
    assert f"| server snapshots | {len(snapshots)} |" in PAGE.read_text()
    assert f"{sum(bool(list(views_in(body))) for _, _, body in snapshots)} hold {POSTS_READ} posts" in PAGE.read_text()


def pictures_in(record: dict[str, Any]) -> Iterator[Any]:
    embed = record.get("embed", {})
    for one in (embed, embed.get("media", {})):
        yield from one.get("images", [])
        yield from one.get("items", [])


def test_a_known_thread(snapshots: list[tuple[str, str, Any]]) -> None:
    (body,) = [body for _, name, body in snapshots if name == "appview thread views > fetches ancestors 1"]
    posts = {
        post.text: post for view in views_in(body) for post in [to_post(read(json.dumps(view).encode(), PostView))]
    }
    root, middle = posts["again"], posts["hear that label_me label_me_2"]
    assert (root.author.handle, root.author.name, root.counts.likes) == ("alice.test", "ali", 3)
    assert (middle.parent_key, middle.root_key) == (root.key, root.key)
    assert [one.alt for one in middle.media] == ["../dev-env/assets/key-landscape-small.jpg"]


def test_every_lexicon_is_counted(archive: Path) -> None:
    names = Lexicons(archive).names
    asked, read_of = names & ASKED, names & READ
    assert asked == ASKED
    text = PAGE.read_text()
    assert f"| lexicons | {len(names)} |" in text
    assert f"{len(asked)} methods that we call and {len(read_of)} that describe what they carry" in text


def test_syntax(archive: Path) -> None:
    """Addresses and times of the interoperability tests: what is valid is read, and nothing else escapes."""
    with tarfile.open(archive) as tar:
        files = {one.name.rpartition("/")[2]: tar.extractfile(one) for one in tar if "/syntax/" in one.name}
        lines = {
            name: [line for line in file.read().decode().splitlines() if line and not line.startswith("#")]
            for name, file in files.items()
            if file
        }
    assert f"| syntax vectors | {len(lines)} |" in PAGE.read_text()
    for line in lines["datetime_syntax_valid.txt"]:
        assert to_post(read(json.dumps(BARE | {"indexedAt": line}).encode(), PostView)).posted_at.tzinfo
    for name, wrong in lines.items():
        for line in wrong:
            with suppress(NormaliseError):
                to_post(read(json.dumps(BARE | {"uri": line, "cid": line, "indexedAt": line}).encode(), PostView))
            assert name


BARE: dict[str, Any] = {
    "uri": "at://did:plc:a/app.bsky.feed.post/1", "cid": "bafy", "author": {"did": "did:plc:a"},
    "record": {"text": ""}, "indexedAt": "2026-03-21T08:00:00Z",
}  # fmt: skip
MESSAGE: dict[str, Any] = {"id": "1", "rev": "2", "sender": {"did": "did:plc:a"}, "sentAt": "2026-03-21", "text": ""}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from([*BARE, "embed", "likeCount"])
inner = st.sampled_from(["text", "createdAt", "reply", "facets", "embed", "langs"])


@pytest.mark.slow
@given(st.dictionaries(fields, anything), st.dictionaries(inner, anything), st.binary())
def test_only_its_own_error_escapes(raw: dict[str, Any], record: dict[str, Any], noise: bytes) -> None:
    for body in (BARE | {"record": {"text": ""} | record} | raw, BARE | {"embed": record}):
        with suppress(NormaliseError):
            to_post(read(json.dumps(body).encode(), PostView))
    with suppress(NormaliseError):
        to_message(read(json.dumps(MESSAGE | record).encode(), MessageView), "convo")
    with suppress(NormaliseError):
        to_post(read(msgspec.Raw(noise), PostView))
