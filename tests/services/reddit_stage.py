"""What the tests of Reddit's collector play on: the stand-in with a few posts, and a stage with an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from urllib.parse import parse_qs, urlsplit

from collectors.reddit import RedditSource
from crm.ports.responder import Account
from crm.ports.source import Job, Search
from crm.query import parse
from tests.conformance.doubles import ManualClock
from tests.conformance.source import JOB, Heard, Stage, nobody
from tests.services.reddit import ME, START, RedditStandIn, secret
from tests.services.web import Web

AWAY = nobody()
YESTERDAY = datetime.fromtimestamp(START - 86400, UTC)


@dataclass
class RedditStage(Stage):
    """A stage with an account of ours, monitors, and what may still be read for each."""

    account: Account = Account("reddit", ME, "", "")  # noqa: RUF009 frozen
    queries: dict[str, str] = field(default_factory=dict)
    allowed: dict[str, int] = field(default_factory=dict)

    def job(self, cursor: str = "", **options: str) -> Job:
        account = self.account
        if options.get("account") == "away":
            account = Account("reddit", ME, f"http://{AWAY}", secret())
        searches = tuple(Search(name, parse(query)) for name, query in self.queries.items())
        given = {**self.options, **options}
        return Job(JOB, given, cursor, self.workspace, account, searches, lambda one: self.allowed.get(one, 10**9))


def populate(server: RedditStandIn) -> None:
    """Two submissions, three comments, a mention and a private message."""
    thread = server.submit("Azarbank's app", "It charged my card twice.")
    first = server.comment("Same here", thread)
    server.comment("And here", first)
    server.submit("Tea", "Which azarbank branch has tea?")
    server.notify(server.comment("u/azarbank please help", first, author="maryam", author_fullname="t2_maryam"))
    server.message("My card number is a secret")


def reddit_stage(server: RedditStandIn, web: Web) -> RedditStage:
    """A stage on a populated stand-in."""
    first, second = server.comments[0]["data"]["name"], server.comments[1]["data"]["name"]
    names = [
        server.posts[0]["data"]["name"], first, *(one["data"]["name"] for one in server.inbox),
        server.posts[1]["data"]["name"], second,
    ]  # fmt: skip
    bad = {
        "account": {"account": ""}, "collect": {"collect": "home"}, "subreddits": {"subreddits": "two-words"},
        "since": {"since": "soon"},
    }  # fmt: skip
    return RedditStage(
        RedditSource(Random(1)), {"account": "1", "subreddits": "r/iran, persian"},
        [f"reddit:{name}" for name in names],
        bad, (web.host, AWAY), {"account": "away"},
        clock=ManualClock(datetime.fromtimestamp(START + 600, UTC)),
        account=Account("reddit", ME, web.url, secret()), queries={"brand": "azarbank"},
    )  # fmt: skip


def looks(stage: RedditStage, count: int = 1, cursor: str = "", **options: str) -> Heard:
    """So many looks, each with its pages."""
    heard = Heard()
    with stage.running(stage.job(cursor, **options)) as running:
        for batch in running:
            heard.batches.append(batch)
            count -= batch.idle and not (batch.spent or batch.gaps)
            if not count:
                break
    return heard


def asked_for(stand: tuple[RedditStandIn, Web], path: str) -> list[dict[str, str]]:
    """The parameters of every request of a page."""
    found = [urlsplit(one.path) for one in stand[1].asked]
    return [{name: row[0] for name, row in parse_qs(one.query).items()} for one in found if one.path == path]
