"""Messages of Telegram and Bale as the documentation of the Bot API writes them, read as posts."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import NormaliseError
from collectors.telegram.events import Reader
from collectors.telegram.normalise import BALE, TELEGRAM, to_post
from collectors.telegram.raw import RawUpdate, RawUser, number_of, read
from crm.ports.source import Job
from crm.words import Media, Post
from tests.services.telegram import BASIC, CHANNEL, CLOSED, DIRECT, GROUP, ME, REZA, SARA, START

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)


def message(chat: dict[str, Any] = GROUP, number: int = 7, **more: Any) -> dict[str, Any]:
    """A message as the server tells it."""
    return {"message_id": number, "date": START, "chat": chat, "from": SARA} | more


def update(what: dict[str, Any], kind: str = "message") -> RawUpdate:
    return read(json.dumps({"update_id": 1, kind: what}).encode())


def post_of(*parts: dict[str, Any], platform: Any = TELEGRAM) -> Post:
    found = to_post(platform, [said for part in parts if (said := update(part).said)])
    assert found is not None
    return found


WHO = {"last_name": "Test Lastname", "id": 1111111, "first_name": "Test Firstname", "username": "Testusername"}
SAMPLE = {"date": 1441645532, "chat": {**WHO, "type": "private"}, "message_id": 1365, "from": WHO}


class TestSamples:
    """The updates that Telegram gives out to try a bot with. Source: core.telegram.org/bots/webhooks."""

    @pytest.mark.parametrize(
        ("more", "text", "kinds"),
        [
            ({"text": "/start"}, "/start", []),
            ({"forward_from": {"last_name": "Forward Lastname", "id": 222222, "first_name": "Forward Firstname"},
              "forward_date": 1441645550, "text": "/start"}, "/start", ["forward"]),
            ({"forward_from": {"id": -10000000000, "type": "channel", "title": "Test channel"},
              "forward_date": 1441645550, "text": "/start"}, "/start", ["forward"]),
            ({"text": "Bold and italics", "entities": [{"type": "italic", "offset": 9, "length": 7},
                                                       {"type": "bold", "offset": 0, "length": 4}]},
             "Bold and italics", []),
            ({"audio": {"file_id": "AwADBAADbXXXXXXXXXXXGBdhD2l6_XX", "duration": 243, "mime_type": "audio/mpeg",
                        "file_size": 3897500, "title": "Test music file"}}, "", ["audio"]),
            ({"voice": {"file_id": "AwADBAADbXXXXXXXXXXXGBdhD2l6_XX", "duration": 5, "mime_type": "audio/ogg",
                        "file_size": 23000}}, "", ["audio"]),
            ({"document": {"file_id": "AwADBAADbXXXXXXXXXXXGBdhD2l6_XX", "file_name": "Testfile.pdf",
                           "mime_type": "application/pdf", "file_size": 536392}}, "", ["document"]),
        ],
    )  # fmt: skip
    def test_a_message(self, more: dict[str, Any], text: str, kinds: list[str]) -> None:
        post = post_of(SAMPLE | more)
        assert (post.key, post.private, post.text) == ("telegram:1111111/1365", True, text)
        assert (post.author.handle, post.author.name) == ("Testusername", "Test Firstname Test Lastname")
        assert [one.kind for one in post.media] == kinds

    def test_an_answer(self) -> None:
        original = {"date": 1441645000, "message_id": 1334, "text": "Original",
                    "chat": {"last_name": "Reply Lastname", "type": "private", "id": 1111112}}  # fmt: skip
        post = post_of(SAMPLE | {"text": "/start", "reply_to_message": original})
        assert post.parent_key == "telegram:1111111/1334"

    def test_an_edited_message(self) -> None:
        said = update(SAMPLE | {"text": "Edited text", "edit_date": 1441646600}, "edited_message").said
        assert said is not None
        post = to_post(TELEGRAM, [said])
        assert post is not None
        assert (post.text, post.edited_at) == ("Edited text", datetime.fromtimestamp(1441646600, UTC))

    @pytest.mark.parametrize("kind", ["inline_query", "chosen_inline_result", "callback_query"])
    def test_what_is_no_message_says_nothing(self, kind: str) -> None:
        what = {"id": "134567890097", "from": WHO, "query": "inline query", "offset": ""}
        assert list(reader().events(update(what, kind), NOW)) == []


class TestIdentity:
    """Where a message stands, and who said it."""

    @pytest.mark.parametrize(
        ("chat", "url"),
        [
            (GROUP, "https://t.me/azar_customers/7"),
            (CLOSED, "https://t.me/c/1000000002/7"),
            (CHANNEL, "https://t.me/azar_news/7"),
            (BASIC, ""),
            (DIRECT, ""),
        ],
    )
    def test_a_page_is_public_or_for_members_or_none(self, chat: dict[str, Any], url: str) -> None:
        post = post_of(message(chat, text="hi"))
        assert (post.native_id, post.url) == (f"{chat['id']}/7", url)
        assert post.private == (chat is DIRECT)

    def test_a_person(self) -> None:
        author = post_of(message(text="hi")).author
        assert (author.key, author.handle, author.name) == ("telegram:501", "sara_test", "Sara Test")
        assert author.url == "https://t.me/sara_test"
        assert post_of(message(text="hi", **{"from": REZA})).author.url == ""

    def test_a_channel_and_those_who_write_in_a_chat_s_name(self) -> None:
        post = to_post(TELEGRAM, [update(message(CHANNEL, text="hi", sender_chat=CHANNEL)).said], followers=1200)  # type: ignore[list-item]
        assert post is not None
        assert (post.author.native_id, post.author.name, post.author.followers) == (
            "-1001000000003", "Azar News", 1200,
        )  # fmt: skip
        anonymous = post_of(message(text="hi", sender_chat=GROUP, author_signature="admin"))
        assert anonymous.author.key == "telegram:-1001000000001"
        assert post_of({"message_id": 1, "date": START, "chat": CHANNEL, "text": "hi"}).author.handle == "azar_news"

    def test_business_chats_count_on_their_own(self) -> None:
        post = post_of(message(DIRECT, text="hi", business_connection_id="bc1"))
        assert post.native_id == "bc1/501/7"
        assert post.key != post_of(message(DIRECT, text="hi")).key

    def test_the_same_form_on_bale(self) -> None:
        said = message(text="سلام", message_id="7", forward_from_chat=CHANNEL, forward_from_message_id=3)
        post = post_of(said, platform=BALE)
        assert (post.key, post.url, post.author.url) == ("bale:-1001000000001/7", "", "https://ble.ir/sara_test")
        assert post.media == (Media("forward", "", "Azar News"),)

    def test_a_message_without_a_number_is_not_there_yet(self) -> None:
        with pytest.raises(NormaliseError):
            post_of(message(number=0, text="later"))

    def test_times(self) -> None:
        post = post_of(message(text="hi", edit_date=START + 60))
        assert post.posted_at == datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
        assert post.edited_at == datetime(2026, 3, 21, 8, 1, tzinfo=UTC)


class TestThreads:
    """What a message answers."""

    def test_an_answer_names_its_parent(self) -> None:
        post = post_of(message(text="yes", reply_to_message=message(number=3, text="really?")))
        assert (post.parent_key, post.root_key) == ("telegram:-1001000000001/3", None)

    def test_an_answer_deep_in_a_supergroup_names_the_root(self) -> None:
        answered = message(number=5, text="really?", message_thread_id=2)
        post = post_of(message(text="yes", message_thread_id=2, reply_to_message=answered))
        assert (post.parent_key, post.root_key) == ("telegram:-1001000000001/5", "telegram:-1001000000001/2")

    def test_a_topic_is_no_thread(self) -> None:
        begun = message(number=2, forum_topic_created={"name": "Cards", "icon_color": 7322096})
        first = message(text="hi", message_thread_id=2, is_topic_message=True, reply_to_message=begun)
        assert (post_of(first).parent_key, post_of(first).root_key) == (None, None)
        answer = first | {"reply_to_message": message(number=5, text="hi", message_thread_id=2, is_topic_message=True)}
        assert (post_of(answer).parent_key, post_of(answer).root_key) == ("telegram:-1001000000001/5", None)

    def test_a_comment_belongs_to_the_channel_s_post(self) -> None:
        origin = {"type": "channel", "date": START, "chat": CHANNEL, "message_id": 90}
        copy = message(
            number=4, text="News!", sender_chat=CHANNEL, is_automatic_forward=True, forward_origin=origin,
            message_thread_id=4,
        )  # fmt: skip
        assert (post_of(copy).parent_key, post_of(copy).root_key) == ("telegram:-1001000000003/90", None)
        assert post_of(copy).media == ()
        comment = post_of(message(text="nice", reply_to_message=copy, message_thread_id=4))
        assert comment.parent_key == comment.root_key == "telegram:-1001000000001/4"

    def test_an_answer_to_another_chat(self) -> None:
        elsewhere = {"origin": {"type": "channel", "chat": CHANNEL, "message_id": 90, "date": START}, "chat": CHANNEL,
                     "message_id": 90}  # fmt: skip
        post = post_of(message(text="yes", external_reply=elsewhere, quote={"text": "fees fall", "position": 4}))
        assert post.parent_key == "telegram:-1001000000003/90"
        assert post.links == ("https://t.me/azar_news/90",)
        assert post.media == (Media("quote", "https://t.me/azar_news/90", "fees fall"),)
        hidden = post_of(message(text="yes", external_reply={"origin": {"type": "hidden_user"}}, quote={"text": "x"}))
        assert (hidden.parent_key, hidden.links) == (None, ())

    def test_a_private_chat_is_one_conversation(self) -> None:
        first, second = post_of(message(DIRECT, 1, text="hi")), post_of(message(DIRECT, 2, text="anybody?"))
        assert first.thread_key == second.thread_key == "telegram:501/0"
        connected = post_of(message(DIRECT, 2, text="hi", business_connection_id="bc1"))
        assert connected.thread_key == "telegram:bc1/501/0"


class TestWords:
    """Texts, captions, and what is marked in them."""

    def test_marks_count_in_utf_16(self) -> None:
        text = "👍🏽 سلام @azarbank ببین azar.example و اینجا #کارت"
        post = post_of(message(text=text, entities=[
            entity(text, "@azarbank", "mention"), entity(text, "azar.example", "url"),
            entity(text, "اینجا", "text_link", url="https://azar.example/help"), entity(text, "#کارت", "hashtag"),
            entity(text, "سلام", "text_mention", user=REZA), entity(text, "👍🏽", "text_link", url="tg://user?id=1"),
        ]))  # fmt: skip
        assert post.text == text
        assert post.mentions == ("azarbank", "سلام")
        assert post.links == ("https://azar.example", "https://azar.example/help")

    @pytest.mark.parametrize(("offset", "length"), [(-1, 2), (0, 0), (1, 99), (9, 1), (0, -1)])
    def test_a_mark_outside_of_the_text_is_left_out(self, offset: int, length: int) -> None:
        said = message(text="@azar", entities=[{"type": "mention", "offset": offset, "length": length}])
        assert post_of(said).mentions == ()

    def test_captions(self) -> None:
        said = message(
            caption="@azarbank look", caption_entities=[{"type": "mention", "offset": 0, "length": 9}], photo=[{}, {}]
        )
        assert (post_of(said).text, post_of(said).mentions) == ("@azarbank look", ("azarbank",))

    def test_the_link_below_a_text(self) -> None:
        said = message(text="look", link_preview_options={"url": "https://azar.example"})
        assert post_of(said).links == ("https://azar.example",)

    @pytest.mark.parametrize(
        ("more", "text"),
        [
            ({"poll": {"question": "Which?", "options": [{"text": "this"}, {"text": "that"}]}}, "Which?\nthis\nthat"),
            ({"checklist": {"title": "To do", "tasks": [{"id": 1, "text": "call"}]}}, "To do\ncall"),
            ({"dice": {"emoji": "🎲", "value": 4}}, "🎲"),
            ({"rich_message": {"blocks": [
                {"type": "heading", "text": "Fees", "size": 1},
                {"type": "paragraph", "text": ["are ", {"type": "bold", "text": "low"}, "."]},
                {"type": "list", "items": [{"blocks": [{"type": "paragraph", "text": "one"}]}]},
                {"type": "table", "cells": [[{"text": "a"}, {"text": "b"}]]}, {"type": "divider"},
            ]}}, "Fees\nare low.\none\na\nb"),
        ],
    )  # fmt: skip
    def test_other_kinds_have_words_too(self, more: dict[str, Any], text: str) -> None:
        assert post_of(message(**more)).text == text

    def test_places(self) -> None:
        here = {"latitude": 35.7, "longitude": 51.4}
        assert post_of(message(location=here)).place == "35.7, 51.4"
        venue = {"location": here, "title": "Branch 12", "address": "Valiasr St"}
        assert post_of(message(location=here, venue=venue)).place == "Branch 12, Valiasr St"

    def test_a_notice_of_the_messenger_is_no_post(self) -> None:
        for more in ({"new_chat_members": [SARA]}, {"pinned_message": message(text="x")}, {"migrate_to_chat_id": -1}):
            said = update(message(**more)).said
            assert said is not None
            assert to_post(TELEGRAM, [said]) is None


class TestMedia:
    """What is attached: a page where there is one, never an address with the token in it."""

    @pytest.mark.parametrize(
        ("more", "kind", "alt"),
        [
            ({"photo": [{"file_id": "a", "width": 90}, {"file_id": "b", "width": 800}]}, "image", ""),
            ({"video": {"file_id": "a", "file_name": "fault.mp4"}}, "video", "fault.mp4"),
            ({"animation": {"file_id": "a"}, "document": {"file_id": "a"}}, "video", ""),
            ({"video_note": {"file_id": "a"}}, "video", ""),
            ({"audio": {"file_id": "a", "performer": "Band", "title": "Song"}}, "audio", "Band – Song"),
            ({"voice": {"file_id": "a"}}, "audio", ""),
            ({"document": {"file_id": "a", "file_name": "bill.pdf"}}, "document", "bill.pdf"),
            ({"sticker": {"file_id": "a", "emoji": "😡"}}, "sticker", "😡"),
            ({"contact": {"phone_number": "+989120000000", "first_name": "Reza"}}, "contact", ""),
        ],
    )
    def test_kinds(self, more: dict[str, Any], kind: str, alt: str) -> None:
        assert post_of(message(**more)).media == (Media(kind, "https://t.me/azar_customers/7", alt),)
        assert post_of(message(DIRECT, **more)).media == (Media(kind, "", alt),)

    def test_an_album_is_one_post(self) -> None:
        parts = [
            message(number=9, photo=[{}], media_group_id="13", caption="two"),
            message(number=8, photo=[{}], media_group_id="13", caption="one"),
            message(number=10, video={}, media_group_id="13"),
        ]
        post = post_of(*parts)
        assert (post.native_id, post.text) == ("-1001000000001/8", "one\n\ntwo")
        assert [(one.kind, one.url[-2:]) for one in post.media] == [("image", "/8"), ("image", "/9"), ("video", "10")]

    @pytest.mark.parametrize(
        ("origin", "passed_on"),
        [
            ({"type": "channel", "chat": CHANNEL, "message_id": 9}, ("https://t.me/azar_news/9", "Azar News")),
            ({"type": "user", "sender_user": REZA}, ("", "Reza")),
            ({"type": "hidden_user", "sender_user_name": "Somebody"}, ("", "Somebody")),
            ({"type": "chat", "sender_chat": GROUP}, ("", "Customers")),
        ],
    )
    def test_what_is_passed_on_names_whose_words_they_are(
        self, origin: dict[str, Any], passed_on: tuple[str, str]
    ) -> None:
        post = post_of(message(text="look", forward_origin=origin | {"date": START}))
        assert post.author.native_id == "501"
        assert post.media == (Media("forward", *passed_on),)
        assert post.links == tuple(filter(None, passed_on[:1]))


class TestWhose:
    """Whether a message is ours, was said to us, or only in our presence."""

    @pytest.mark.parametrize(
        ("said", "kind", "origin", "own"),
        [
            (message(text="hi"), "message", "stream", False),
            (message(DIRECT, text="hi"), "message", "addressed", False),
            (message(text="@AzarBank_bot hi", entities=[{"type": "mention", "offset": 0, "length": 13}]), "message",
             "addressed", False),
            (message(text="you", entities=[{"type": "text_mention", "offset": 0, "length": 3, "user": ME}]), "message",
             "addressed", False),
            (message(text="no", reply_to_message=message(number=2, text="?", **{"from": ME})), "message", "addressed",
             False),
            (message(text="no", **{"from": ME}), "message", "own", True),
            (message(CHANNEL, text="News", sender_chat=CHANNEL), "channel_post", "own", True),
            (message(DIRECT, text="hi", business_connection_id="b"), "business_message", "addressed", False),
            (message(DIRECT, text="hi", business_connection_id="b", **{"from": REZA}), "business_message", "own", True),
        ],
    )  # fmt: skip
    def test_whose(self, said: dict[str, Any], kind: str, origin: str, own: bool) -> None:
        *_, event = reader().events(update(said, kind), NOW)
        assert (event.origin, event.own) == (origin, own)  # type: ignore[union-attr]

    def test_comments_on_our_channel_are_said_to_us(self) -> None:
        bot = reader()
        list(bot.events(update(message(CHANNEL, text="News", sender_chat=CHANNEL), "channel_post"), NOW))
        copy = message(number=4, text="News", sender_chat=CHANNEL, is_automatic_forward=True)
        (ours,) = bot.events(update(copy), NOW)
        (comment,) = bot.events(update(message(text="nice", reply_to_message=copy)), NOW)
        assert (ours.origin, comment.origin) == ("own", "addressed")  # type: ignore[union-attr]

    def test_an_answered_message_from_before_us_comes_along_once(self) -> None:
        bot = reader(began=START + 1)
        said = update(message(text="yes", reply_to_message=message(number=2, text="really?")))
        first, second = list(bot.events(said, NOW)), list(bot.events(said, NOW))
        assert [(one.post.text, one.origin) for one in first] == [("really?", "context"), ("yes", "stream")]  # type: ignore[union-attr]
        assert len(second) == 1
        assert len(list(reader(began=START).events(said, NOW))) == 1

    def test_deletions_are_told_of_business_chats(self) -> None:
        gone = {"business_connection_id": "b", "chat": DIRECT, "message_ids": [3, 4]}
        found = list(reader().events(update(gone, "deleted_business_messages"), NOW))
        assert [one.post_key for one in found] == ["telegram:b/501/3", "telegram:b/501/4"]  # type: ignore[union-attr]

    def test_pressing_the_start_button_says_nothing(self) -> None:
        assert list(reader().events(update(message(DIRECT, text="/start campaign")), NOW)) == []
        assert list(reader().events(update(message(DIRECT, text="/started yesterday")), NOW))


def reader(began: float = START) -> Reader:
    return Reader(TELEGRAM, Job("source-1", {}, ""), RawUser(ME["id"], username=ME["username"]), began, lambda _: None)


def entity(text: str, part: str, kind: str, **more: Any) -> dict[str, Any]:
    """A mark as Telegram counts: in UTF-16 code units."""
    before = text[: text.index(part)]
    return {"type": kind, "offset": units(before), "length": units(part)} | more


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from([*RawUpdate.__struct_fields__, "date", "chat", "from", "text", "entities", "photo", "poll"])
parts = st.sampled_from(["message_id", "date", "edit_date", "text", "caption", "entities", "photo", "poll", "location",
                         "reply_to_message", "external_reply", "forward_origin", "rich_message", "message_thread_id",
                         "sender_chat", "media_group_id", "venue", "quote", "business_connection_id"])  # fmt: skip


@pytest.mark.slow
@given(st.dictionaries(parts, anything), st.dictionaries(fields, anything, max_size=2))
def test_only_its_own_error_escapes(mangled: dict[str, Any], around: dict[str, Any]) -> None:
    said = message(text="@azar hi", entities=[{"type": "mention", "offset": 0, "length": 5}]) | mangled
    with suppress(NormaliseError):
        list(reader().events(read(json.dumps({"update_id": 1, "message": said} | around)), NOW))


@given(st.integers(-(2**70), 2**70), st.integers(-(2**70), 2**70), st.text(st.characters(codec=None)))
def test_numbers_and_texts_of_any_size(number: int, date: int, text: str) -> None:
    with suppress(NormaliseError):
        post_of(message(number=number, date=date, edit_date=date, text=f"@{text}",
                        entities=[{"type": "mention", "offset": number, "length": date}]))  # fmt: skip


@given(st.binary())
def test_bytes_that_are_no_update(raw: bytes) -> None:
    number_of(raw)
    with suppress(NormaliseError):
        read(raw)
