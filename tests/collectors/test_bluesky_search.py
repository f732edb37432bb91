"""How Bluesky's search is asked."""

from __future__ import annotations

import pytest

from collectors.bluesky import BlueskySource
from collectors.bluesky.search import asked
from collectors.rounds.conjunctions import MOST
from crm.ports.source import CantBeAskedError, Searching
from crm.query import parse


@pytest.mark.parametrize(
    ("query", "texts", "left"),
    [
        ("card", ("card",), ()),
        ('"credit card" app', ('app "credit card"', "app creditcard"), ()),
        ("app OR web OR from", ("app", "web", "from"), ()),
        ("(app OR web) fails", ("fails app", "fails web"), ()),
        ("author:azar.bsky.social card", ("from:azar.bsky.social card",), ()),
        ("platform:bluesky card", ("card",), ()),
        ("کارت", ("کارت", "كارت"), ()),
        ("آپ", ("اپ", "آپ"), ()),
    ],
)
def test_texts(query: str, texts: tuple[str, ...], left: tuple[str, ...]) -> None:
    found = asked(parse(query))
    assert (found.texts, found.left) == (texts, left)


@pytest.mark.parametrize(
    ("query", "left"), [("card NOT credit", "NOT credit"), ("card lang:fa", "lang:fa"), ("card ban*", "ban*")]
)
def test_what_only_we_can_judge_is_named(query: str, left: str) -> None:
    found = asked(parse(query))
    assert found.texts == ("card",)
    assert found.left == (left,)


@pytest.mark.parametrize(
    ("query", "code"),
    [("NOT card", "nothing_sought"), ("ban*", "nothing_sought"), ("card platform:x", "other_platform"),
     ("author:nobody", "nothing_sought"), (" OR ".join(f"w{n}" for n in range(MOST + 1)), "too_long")],
)  # fmt: skip
def test_what_cant_be_asked(query: str, code: str) -> None:
    with pytest.raises(CantBeAskedError) as caught:
        asked(parse(query))
    assert caught.value.code == code


def test_the_source_is_asked_the_same() -> None:
    source = BlueskySource.__new__(BlueskySource)
    assert isinstance(source, Searching)
    assert source.ask(parse("card")).texts == ("card",)
