"""Where the tests of the YouTube collector play: the stand-in, and accounts of ours on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

import pytest

from collectors.youtube import YouTubeSource
from crm.ports.responder import Account
from tests.conformance.source import Heard, Stage
from tests.services.web import Web
from tests.services.youtube import HANDLE, KEY, NOW, REFRESH, TOKEN, YouTube, youtube_stand_in

HOUR, DAY = 3_600, 86_400
SECRET = json.dumps(
    {"access_token": TOKEN, "refresh_token": REFRESH, "client_id": "id.apps.example", "client_secret": "s3"}
)
BAD = {
    "account": {"account": ""}, "search": {"search": "", "comments": "no", "videos": ""}, "videos": {"videos": "here"},
    "since": {"since": "soon"}, "every": {"every": "0"}, "searches": {"searches": "0"},
    "days_again": {"days_again": "x"}, "found_comments": {"found_comments": "501"},
}  # fmt: skip


@pytest.fixture
def served() -> Iterator[tuple[YouTube, Web]]:
    with youtube_stand_in() as both:
        yield both


@pytest.fixture
def youtube(served: tuple[YouTube, Web]) -> YouTube:
    return served[0]


@pytest.fixture
def web(served: tuple[YouTube, Web]) -> Web:
    return served[1]


@pytest.fixture
def stage(youtube: YouTube, web: Web) -> Stage:
    """Comments on two videos of ours, one with an answer."""
    older = youtube.show(NOW - 9 * HOUR, "New branch", "We open in Shiraz")
    newer = youtube.show(NOW - 8 * HOUR, "New card")
    first = youtube.remark(NOW - 4 * HOUR, newer, "Lovely")
    answer = youtube.remark(NOW - 3 * HOUR, newer, "@sara yes", "UC" + "r" * 22, above=first, name="@reza")
    other = youtube.remark(NOW - 2 * HOUR, older, "Where is it?")
    expected = [older, newer, first, answer, other]
    return Stage(
        YouTubeSource(Random(1)), {"account": "1", "comments": "yes"}, [f"youtube:{one}" for one in expected], BAD,
        (web.host,), account=Account("youtube", HANDLE, web.url, SECRET),
    )  # fmt: skip


def reader(stage: Stage, secret: str = KEY) -> Account:
    """The account with another credential."""
    assert stage.account is not None
    return Account("youtube", stage.account.handle, stage.account.base_url, secret)


def looks(stage: Stage, cursor: str = "", rounds: int = 1, **options: str) -> Heard:
    """So many rounds; the wait after each ends them."""
    heard, slept = Heard(), len(stage.clock.slept)
    with stage.running(stage.job(cursor, **options)) as batches:
        for batch in batches:
            if len(stage.clock.slept) - slept >= rounds:
                break
            heard.batches.append(batch)
    return heard
