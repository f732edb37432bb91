"""Where the tests of the Meta collectors play: the stand-in, and accounts of ours on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from collectors.meta import FacebookSource, InstagramSource
from crm.ports.responder import Account
from crm.ports.transport import PAGE, Limits, Transport
from tests.conformance.source import Heard, Stage
from tests.services.meta import NOW, TOKEN, Meta
from tests.services.web import Web

if TYPE_CHECKING:
    import httpx

HOUR = 3_600
BAD = {
    "account": {"account": ""}, "since": {"since": "soon"}, "every": {"every": "0"}, "days_again": {"days_again": "x"},
}  # fmt: skip


@dataclass
class Patient:
    """A transport that waits no longer than a test can."""

    inner: Transport

    def http(self, limits: Limits = PAGE) -> httpx.Client:
        """See :class:`crm.ports.transport.Transport`."""
        del limits
        return self.inner.http(Limits(read=0.2))


def instagram_stage(meta: Meta, web: Web) -> Stage:
    """Comments on two media of ours, in pages of three."""
    meta.page_size = 3
    older, newer = meta.show(NOW - 9 * HOUR, "New branch"), meta.show(NOW - 5 * HOUR, "New card")
    above = meta.remark(NOW - 4 * HOUR, newer, "Lovely")
    answer = meta.remark(NOW - 3 * HOUR, newer, "@sara yes", "reza", above=above)
    other = meta.remark(NOW - 2 * HOUR, older, "Where is it?")
    expected = [older, newer, f"{newer}_{above}", f"{newer}_{answer}", f"{older}_{other}"]
    return Stage(
        InstagramSource(Random(1)), {"account": "1", "comments": "yes"}, [f"instagram:{one}" for one in expected],
        BAD | {"comments": {"comments": "no"}, "mentioned": {"mentioned": "here"}}, (web.host,),
        account=Account("instagram", "azarbank", web.url, TOKEN),
    )  # fmt: skip


def facebook_stage(meta: Meta, web: Web) -> Stage:
    """A post of the Page, one of a visitor, and comments on both."""
    ours = meta.post(NOW - 9 * HOUR, "New branch")
    theirs = meta.post(NOW - 8 * HOUR, "My card is broken", ("502", "Reza"))
    first = meta.comment(NOW - 7 * HOUR, theirs, "Mine too")
    second = meta.comment(NOW - 6 * HOUR, theirs, "And mine", ("503", "Leila"), above=first)
    expected = [ours, theirs, first, second]
    return Stage(
        FacebookSource(Random(1)), {"account": "1", "feed": "yes", "comments": "yes"},
        [f"facebook:{one}" for one in expected], BAD | {"feed": {"feed": "", "comments": ""}}, (web.host,),
        account=Account("facebook", "Azar Bank", web.url, json.dumps({"access_token": TOKEN, "app_secret": "s3"})),
    )  # fmt: skip


def looks(stage: Stage, cursor: str = "", rounds: int = 1, **options: str) -> Heard:
    """So many rounds; the wait after each ends them."""
    heard, slept = Heard(), len(stage.clock.slept)
    with stage.running(stage.job(cursor, **options)) as batches:
        for batch in batches:
            if len(stage.clock.slept) - slept >= rounds:
                break
            heard.batches.append(batch)
    return heard
