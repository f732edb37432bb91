"""Reading the updates of a bot: a stand-in written from the documentation of the Bot API, behind the real transport."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from urllib.parse import urlsplit

import msgspec
import pytest

from collectors.errors import BusyServerError, OtherServerError, WrongAddressError
from collectors.telegram import BaleSource, TelegramSource
from collectors.telegram.api import TokenSharedError, WebhookSetError
from crm.errors import AuthorisationError, PermanentError, RateLimitedError, RetryableError, ShenavaError
from crm.ports.responder import Account
from crm.ports.source import Gap, Job, Searching
from crm.ports.transport import BrokenConnectionError, Transport
from crm.words import Collected
from tests.conformance.source import Collecting, Heard, Options, Reaching, Resuming, Stage, nobody
from tests.services.telegram import (
    BASIC,
    CHANNEL,
    CLOSED,
    DIRECT,
    GROUP,
    REZA,
    TOKEN,
    WRONG,
    BotApi,
    Mischief,
    bot_api,
    refused,
    result,
)
from tests.services.web import Answer, web

pytestmark = pytest.mark.slow

POSTS = 5


@dataclass
class BotStage(Stage):
    """A stage on which the option `account` names one of `accounts`."""

    accounts: dict[str, Account] = field(default_factory=dict)
    server: BotApi = field(default_factory=BotApi)
    left: int = 2**31
    made: dict[tuple[str, ...], Transport] = field(default_factory=dict)

    def transport(self) -> Transport:
        return self.made.setdefault(self.hosts, super().transport())

    def job(self, cursor: str = "", **options: str) -> Job:
        job = super().job(cursor, **options)
        account = self.accounts.get(job.options.get("account", ""))
        return msgspec.structs.replace(job, account=account, allowance=lambda _: self.left)

    def looks(self, count: int, cursor: str = "", **options: str) -> Heard:
        """So many batches."""
        heard = Heard()
        with self.running(self.job(cursor, **options)) as batches:
            heard.batches.extend(next(batches) for _ in range(count))
        return heard


@pytest.fixture(params=["telegram", "bale"])
def stage(request: pytest.FixtureRequest) -> Iterator[BotStage]:
    platform, away = request.param, nobody()
    with bot_api(bale=platform == "bale") as (server, running):
        for n in range(1, POSTS + 1):
            server.say(GROUP, f"message {n}")
        accounts = {
            "bot": Account(platform, "azarbank_bot", running.url, TOKEN),
            "away": Account(platform, "azarbank_bot", f"http://{away}", TOKEN),
            "wrong": Account(platform, "azarbank_bot", running.url, WRONG),
            "empty": Account(platform, "azarbank_bot", running.url, " "),
        }
        yield BotStage(
            (TelegramSource if platform == "telegram" else BaleSource)(Random(1)), {"account": "bot"},
            [f"{platform}:{GROUP['id']}/{n}" for n in range(1, POSTS + 1)],
            {"account": {"account": " "}, "chats": {"chats": "@fine, two-words!"}},
            (urlsplit(running.url).netloc, away), {"account": "away"}, "workspace-1", accounts=accounts, server=server,
        )  # fmt: skip


class TestOptions(Options):
    def test_chats_are_names_numbers_or_pages(self, stage: BotStage) -> None:
        chats = "@azar_news، azar_customers\n-1001000000002 https://t.me/azar_news/"
        assert stage.source.check({"account": "1", "chats": chats}) == []

    def test_nothing_is_searched_for(self, stage: BotStage) -> None:
        assert not isinstance(stage.source, Searching)


class TestCollecting(Collecting):
    def test_only_the_chats_that_are_named(self, stage: BotStage) -> None:
        stage.server.say(CLOSED, "closed")
        stage.server.say(CHANNEL, "news", "channel_post")
        stage.server.say(DIRECT, "private")
        heard = stage.looks(1, chats="@AZAR_news, -1001000000002")
        assert [event.post.text for event in heard.collected] == ["closed", "news", "private"]
        assert [e.post.text for e in stage.looks(1, chats="azar_news", skip_private="On").collected] == ["news"]

    def test_a_group_is_followed_when_it_becomes_a_supergroup(self, stage: BotStage) -> None:
        stage.server.say(BASIC, migrate_to_chat_id=CLOSED["id"])
        cursor = stage.looks(1, chats=str(BASIC["id"])).cursor
        stage.server.say(CLOSED, "here we are")
        heard = stage.looks(1, cursor, chats=str(BASIC["id"]))
        assert [event.post.text for event in heard.collected] == ["here we are"]

    def test_edits_come_as_new_versions(self, stage: BotStage) -> None:
        said = stage.server.say(GROUP, "draft")
        stage.server.tell("edited_message", said | {"text": "final", "edit_date": said["date"] + 9})
        posts = [event.post for event in stage.looks(1).collected[POSTS:]]
        assert [post.text for post in posts] == ["draft", "final"]
        assert posts[0].key == posts[1].key
        assert posts[1].edited_at is not None

    def test_the_readers_of_a_channel_are_counted_now_and_then(self, stage: BotStage) -> None:
        stage.server.say(CHANNEL, "news", "channel_post")
        stage.server.say(CHANNEL, "more", "channel_post")
        stage.server.say({**CHANNEL, "id": -100404}, "unknown", "channel_post")
        followers = [event.post.author.followers for event in stage.looks(1).collected[POSTS:]]
        assert followers == [1200, 1200, None]
        assert [method for method, _ in stage.server.asked].count(stage.source.about.members) == 2  # type: ignore[attr-defined]

    def test_everything_is_asked_for_that_is_read(self, stage: BotStage) -> None:
        stage.looks(1)
        asked = dict(stage.server.asked)["getUpdates"]
        assert {"message", "edited_message", "channel_post", "edited_channel_post", "business_message",
                "edited_business_message", "deleted_business_messages"} == set(asked["allowed_updates"])  # fmt: skip
        assert (asked["limit"], asked["timeout"]) == (100, 10)

    def test_an_update_at_fault_holds_up_nothing(self, stage: BotStage) -> None:
        stage.server.updates[2]["message"]["date"] = "soon"
        number = stage.server.updates[2]["update_id"]
        heard = stage.looks(1)
        assert len(heard.keys) == POSTS - 1
        assert [one.where for one in heard.rejected] == [f"update {number}"]

    def test_an_update_that_comes_again_is_handed_over_once(self, stage: BotStage) -> None:
        stage.server.instead["getUpdates"] = [result(stage.server.updates)] * 2
        assert stage.looks(2).keys == stage.expected

    def test_updates_without_numbers_are_of_no_bot_api(self, stage: BotStage) -> None:
        stage.server.instead["getUpdates"] = [Answer(200, b'{"ok":true,"result":[{"a":1},{"update_id":9}]}')]
        assert len(stage.looks(1).rejected) == 1
        stage.server.instead["getUpdates"] = [Answer(200, b'{"ok":true,"result":[{"a":1}]}')]
        with pytest.raises(OtherServerError):
            stage.looks(1)


class TestAlbums:
    def test_parts_that_come_late_are_waited_for(self, stage: BotStage) -> None:
        stage.server.say(GROUP, photo=[{}], media_group_id="13", caption="look")
        heard = Heard()
        with stage.running(stage.job()) as batches:
            heard.batches.append(next(batches))
            assert len(heard.collected) == POSTS
            stage.server.say(GROUP, photo=[{}], media_group_id="13")
            heard.batches.append(next(batches))
            album = heard.collected[-1].post
            assert (album.native_id, album.text, len(album.media)) == (f"{GROUP['id']}/6", "look", 2)
            stage.server.say(GROUP, photo=[{}], media_group_id="13")
            heard.batches.extend([next(batches), next(batches)])
        assert (heard.collected[-1].post.key, len(heard.collected[-1].post.media)) == (album.key, 3)
        assert len(heard.keys) == POSTS + 2

    def test_nothing_of_a_waiting_album_is_forgotten(self, stage: BotStage) -> None:
        stage.server.say(GROUP, photo=[{}], media_group_id="13", caption="look")
        cursor = stage.looks(1).cursor
        stage.server.say(GROUP, photo=[{}], media_group_id="13")
        album = stage.looks(2, cursor).collected[-1].post
        assert (album.text, len(album.media)) == ("look", 2)
        assert set(json.loads(cursor)) <= {"next", "began", "heard", "looked"}, "a cursor holds nothing that was said"

    def test_an_album_mixed_with_other_messages(self, stage: BotStage) -> None:
        for n in range(3):
            stage.server.say(GROUP, photo=[{}], media_group_id="13", caption=f"part {n}")
            stage.server.say(BASIC, f"between {n}", **{"from": REZA})
        heard = stage.looks(3)
        texts = [event.post.text for event in heard.collected[POSTS:]]
        assert texts == ["part 0\n\npart 1\n\npart 2", "between 0", "between 1", "between 2"]

    def test_a_changed_part_changes_the_album(self, stage: BotStage) -> None:
        first = stage.server.say(GROUP, photo=[{}], media_group_id="13", caption="draft")
        stage.server.say(GROUP, photo=[{}], media_group_id="13")
        answer = stage.server.say(GROUP, "nice", reply_to_message=stage.server.messages[GROUP["id"], 7])
        with stage.running(stage.job()) as batches:
            heard = Heard([next(batches), next(batches)])
            stage.server.tell("edited_message", first | {"caption": "final", "edit_date": first["date"] + 9})
            heard.batches.append(next(batches))
        album, comment, changed = (event.post for event in heard.collected[POSTS:])
        assert (changed.key, changed.text, len(changed.media)) == (album.key, "final", 2)
        assert (comment.text, comment.parent_key) == (answer["text"], album.key)


class TestResuming(Resuming):
    def test_the_server_forgets_only_what_was_handed_over(self, stage: BotStage) -> None:
        with stage.running(stage.job()) as batches:
            first = next(batches)
            assert (stage.server.forgotten, len(first.events)) == (0, POSTS)
            next(batches)
            assert stage.server.forgotten == POSTS

    def test_pages_of_a_hundred(self, stage: BotStage) -> None:
        for n in range(250):
            stage.server.say(GROUP, f"more {n}")
        wanted = [f"{stage.source.platform}:{GROUP['id']}/{n}" for n in range(1, 256)]
        assert stage.hear(wanted=wanted).keys == wanted

    def test_a_day_without_asking_is_a_gap(self, stage: BotStage) -> None:
        cursor = stage.looks(1).cursor
        began = stage.clock.now()
        stage.clock.advance(3 * 86_400)
        first, second = stage.looks(2, cursor).batches
        assert first.gaps == (Gap(began, began + timedelta(days=2), "too_old"),)
        assert second.gaps == ()

    def test_numbers_that_begin_anew_after_a_silence(self, stage: BotStage) -> None:
        cursor = stage.looks(2).cursor
        stage.clock.advance(8 * 86_400)
        stage.server.next_update -= 3
        said = stage.server.say(GROUP, "anybody?")
        assert [event.post.text for event in stage.looks(1, cursor).collected] == [said["text"]]


class TestReaching(Reaching):
    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (refused(429, "Too Many Requests: retry after 7", retry_after=7), RateLimitedError),
            (Answer(429, b"{}", {"Retry-After": "7"}), RateLimitedError),
            (refused(400, "bot limit exceed"), RateLimitedError),
            (refused(401, "Unauthorized"), AuthorisationError),
            (refused(403, "Token not found"), AuthorisationError),
            (Answer(200, b'{"ok":false,"error_code":429,"description":"slow"}'), RateLimitedError),
            (Answer(200, b'{"ok":false,"description":"no"}'), PermanentError),
            (refused(404, "Not Found"), AuthorisationError),
            (refused(400, "Bad Request: Token not found"), AuthorisationError),
            (refused(409, "Conflict: terminated by other getUpdates request"), TokenSharedError),
            (refused(409, "Conflict: can't use getUpdates method while webhook is active"), WebhookSetError),
            (refused(502, "Bad Gateway"), BusyServerError),
            (Answer(500, b"<html>"), BusyServerError),
            (Answer(401, b"<html>"), BusyServerError),
            (Answer(403, b""), BusyServerError),
            (refused(400, "Bad Request: wrong"), PermanentError),
            (Answer(404, b"<html>"), WrongAddressError),
            (Answer(302, b"", {"Location": "https://elsewhere.example/"}), WrongAddressError),
            (Answer(200, b"<html>"), OtherServerError),
            (Answer(200, b'{"ok":true,"result":7}'), OtherServerError),
            (Answer(200, b'{"ok":true,"resu'), BrokenConnectionError),
            (Answer(200, b'{"ok":true}', cut=4), BrokenConnectionError),
            (Answer(cut=0), BrokenConnectionError),
        ],
    )
    def test_refusals(self, stage: BotStage, answer: Answer, error: type[ShenavaError]) -> None:
        stage.server.instead["getUpdates"] = [answer]
        with pytest.raises(error) as caught:
            stage.looks(1)
        assert str(caught.value).endswith(".")
        if isinstance(caught.value, RateLimitedError):
            assert caught.value.retry_after in (7.0, None)
        assert stage.looks(1).keys == stage.expected

    @pytest.mark.parametrize("account", ["wrong", "empty", "unknown"])
    def test_no_token_no_collection(self, stage: BotStage, account: str) -> None:
        with pytest.raises(AuthorisationError):
            stage.looks(1, account=account)
        assert stage.server.asked == []

    @pytest.mark.parametrize("address", ["http://[", "no address", "http://a:port", "ftp://files.example"])
    def test_an_address_that_is_none(self, stage: BotStage, address: str) -> None:
        stage.accounts["bot"] = msgspec.structs.replace(stage.accounts["bot"], base_url=address)
        with pytest.raises(PermanentError) as caught:
            stage.looks(1)
        assert TOKEN not in "".join(traceback.format_exception(caught.value))

    def test_the_owner_of_a_token_is_one(self, stage: BotStage) -> None:
        stage.server.webhook = "https://elsewhere.example"
        with pytest.raises(WebhookSetError, match="web address"):
            stage.looks(1)


class TestAllowance:
    def test_a_page_is_cut_to_what_is_left(self, stage: BotStage) -> None:
        stage.left = 2
        batch = stage.looks(1).batches[0]
        assert (len(batch.events), batch.spent) == (2, {"": 2})
        assert dict(stage.server.asked)["getUpdates"]["limit"] == 2

    def test_with_nothing_left_nothing_is_asked(self, stage: BotStage) -> None:
        cursor = stage.looks(1).cursor
        stage.left, asked = 0, len(stage.server.asked)
        with stage.running(stage.job(cursor)) as batches:
            assert next(batches).idle
            assert [method for method, _ in stage.server.asked[asked:]] == ["getMe"]
            since = stage.clock.now()
            stage.clock.advance(2 * 86_400)
            stage.left = 9
            stage.server.say(GROUP, "late")
            batch = next(batches)
        (gap,) = batch.gaps
        assert (gap.since <= since, gap.reason) == (True, "budget")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_every_message_arrives_once_whatever_befalls(stage: BotStage, seed: int) -> None:
    """Runs begin anew from the last stored cursor after each fault, as the runner does."""
    random, server = Random(seed), stage.server
    server.mischief = Mischief(random, 0.4)
    server.instead["getMe"] = [Answer(503), Answer(200, b'{"ok"')]
    posts: dict[str, set[str]] = {}
    cursor, to_say, told = "", 80, 0
    for _ in range(500):
        try:
            with stage.running(stage.job(cursor)) as batches:
                for batch in batches:
                    for event in batch.events:
                        assert isinstance(event, Collected)
                        posts.setdefault(event.post.key, set()).add(event.post.text)
                    cursor = batch.cursor
                    if to_say:
                        said = random.randint(1, 8)
                        for _ in range(said):
                            server.say(random.choice([GROUP, CLOSED, BASIC]), f"said {told}")
                            told += 1
                        to_say -= min(said, to_say)
                    elif batch.idle and not server.updates:
                        break
                else:
                    continue
                break
        except RetryableError:
            continue
    assert server.updates == []
    assert len(posts) == POSTS + told
    assert {text for texts in posts.values() for text in texts} == {
        *(f"message {n}" for n in range(1, POSTS + 1)), *(f"said {n}" for n in range(told)),
    }  # fmt: skip


class TestSecrecy:
    """The token is part of every address of the Bot API, and is shown nowhere."""

    ECHO = f"I do not like {TOKEN}, said /bot{TOKEN}/getUpdates"

    @pytest.mark.parametrize(
        "answer",
        [
            refused(401, ECHO), refused(400, ECHO), refused(409, ECHO), refused(429, ECHO), refused(502, ECHO),
            Answer(404, ECHO.encode()), Answer(200, ECHO.encode()), Answer(cut=0),
            Answer(302, b"", {"Location": "/elsewhere"}),
        ],
    )  # fmt: skip
    def test_no_error_shows_the_token(self, stage: BotStage, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        stage.server.instead["getUpdates"] = [answer]
        with pytest.raises(ShenavaError) as caught:
            stage.looks(1)
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
        assert TOKEN not in shown
        assert any(record.name == "httpx" for record in caplog.records), "the client tells of its requests"
        assert TOKEN not in caplog.text

    def test_no_cursor_or_rejection_shows_the_token(self, stage: BotStage) -> None:
        stage.server.updates[0]["message"]["date"] = TOKEN
        assert TOKEN not in repr(stage.looks(1).batches)

    def test_an_unreachable_server_is_named_without_the_token(self, stage: BotStage) -> None:
        with pytest.raises(ShenavaError) as caught:
            stage.looks(1, account="away")
        assert TOKEN not in "".join(traceback.format_exception(caught.value))

    def test_a_redirect_is_not_followed(self, stage: BotStage) -> None:
        """It would hand the token to somebody else."""
        with web(lambda _: Answer(200, b'{"ok":true,"result":[]}')) as thief:
            stage.hosts = (*stage.hosts, thief.host)
            stage.server.instead["getUpdates"] = [Answer(307, b"", {"Location": thief.url})]
            with pytest.raises(WrongAddressError):
                stage.looks(1)
            assert thief.asked == []

    def test_what_is_no_token_is_not_sent(self, stage: BotStage) -> None:
        stage.accounts["bot"] = msgspec.structs.replace(stage.accounts["bot"], secret="1:abcdefg/../../getMe")
        with pytest.raises(AuthorisationError) as caught:
            stage.looks(1)
        assert "abcdefg" not in str(caught.value)


def test_a_server_of_one_s_own_may_stand_below_a_path(stage: BotStage) -> None:
    account = stage.accounts["bot"]
    stage.accounts["bot"] = msgspec.structs.replace(account, base_url=f"{account.base_url}/relay/")
    assert stage.looks(1).keys == stage.expected
