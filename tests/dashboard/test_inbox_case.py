"""A case in its panes: the thread, the composer, the customer, and what each role sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from crm.errors import InvalidInputError, NotFoundError, StoreError
from crm.policies.access import ForbiddenError
from crm.policies.cases import CaseChangedError
from crm.policies.personal import masked
from crm.policies.replies import AlreadyAnsweredError, ReplyChangedError, ReplyStateError
from crm.query import QueryError
from crm.usecases.customers import CustomerDraft, TiedElsewhereError
from crm.usecases.toolbox import TemplateDraft
from crm.words import Media, Post
from dashboard.context import Language
from dashboard.errors import sentence
from dashboard.inbox import case as cases
from dashboard.inbox import queue
from dashboard.inbox.filters import Asked
from dashboard.inbox.problems import trouble
from dashboard.inbox.templates import filled
from dashboard.markup import render
from dashboard.pages import inbox
from tests.dashboard.inbox_room import Room, all_of
from tests.doubles.office import START, label, said

pytestmark = pytest.mark.slow


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    one.hear(
        said("a", "my card <b>is</b> gone"),
        said("b", "which card?", at=1, own=True, parent="a", root="a", who="did:own"),
        said("c", "کارت آبی", at=2, parent="b", root="a", sentiment=None),
    )
    yield one
    one.bureau.close()


def drawn(room: Room, who: str = "agent", language: Language = "en") -> dict[str, list[str]]:
    with room.seen(who, language):
        return cases.draw(room.cases()[0].id)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_thread_shows_posts_answers_notes_and_events(room: Room, language: Language) -> None:
    case_id = room.cases()[0].id
    room.take("note", case=case_id, text="ask the branch")
    room.take("tag", case=case_id, value="cards")
    found = drawn(room, language=language)["inbox-items"]
    text = "\n".join(found)
    assert [re.search(r'data-post="([^"]+)"', one)[1] for one in found if "data-post" in one] == [  # type: ignore[index]
        "bluesky:a", "bluesky:b", "bluesky:c",
    ]  # fmt: skip
    assert "my card &lt;b&gt;is&lt;/b&gt; gone" in text
    assert 'class="note"' in text
    assert "ask the branch" in text
    assert "cards" in text
    assert 'class="m our' in text


def test_somebody_unknown_can_be_tied_and_their_mark_corrected(room: Room) -> None:
    found = drawn(room)
    assert 'data-do="correct"' in "".join(found["inbox-items"])
    assert "inbox-find-text" in "".join(found["inbox-customer"])


def test_a_customer_is_shown_with_identities_and_evidence(room: Room) -> None:
    actor = room.actor()
    saved = room.services.customers.save(
        actor, CustomerDraft("Mina Rad", "mina@example.org", "+98 21 1234 5678", 1200.0, vip=True)
    )
    case = room.cases()[0]
    room.services.customers.tie(actor, case.author_key, saved.id, "email", "mina@example.org")
    text = "".join(drawn(room)["inbox-customer"])
    assert "Mina Rad" in text
    assert "Same e-mail" in text
    assert "98•••78" in text
    assert "m•••a@example.org" in text
    assert "12345678" not in text
    assert "mina@example.org" not in text
    assert 'data-do="untie"' in text
    assert "inbox-find-text" not in text


def test_somebody_unknown_could_be_a_customer(room: Room) -> None:
    actor = room.actor()
    saved = room.services.customers.save(actor, CustomerDraft("Mina Rad"))
    room.services.customers.tie(actor, "x:7", saved.id, handle="mina")
    text = "".join(drawn(room)["inbox-customer"])
    assert "Could be …" in text
    assert "The handle of another account of theirs" in text
    assert 'data-do="confirm-tie"' in text
    assert 'data-do="dismiss-tie"' in text
    room.services.suggestions.confirm(actor, room.cases()[0].author_key, saved.id)
    text = "".join(drawn(room)["inbox-customer"])
    assert "Confirmed likeness, 9" in text
    assert "Could be …" not in text


def ways_in(composer: str) -> list[str]:
    buttons = re.findall(r'<button [^>]*role="radio"[^>]*>', composer)
    return [found[1] for one in buttons if (found := re.search(r'data-value="(\w+)"', one))]


def test_only_what_the_platform_allows_can_be_chosen(room: Room) -> None:
    by_hand = "".join(drawn(room)["inbox-composer"])
    assert ways_in(by_hand) == ["open"]
    room.connect()
    both = "".join(drawn(room)["inbox-composer"])
    assert ways_in(both) == ["reply", "open"]
    assert 'data-limit="300"' in both


def test_a_draft_comes_back_and_others_drafts_are_shown(room: Room) -> None:
    case_id = room.cases()[0].id
    room.services.replies.draft(room.actor(), case_id, "open", "my words")
    room.services.replies.draft(room.actor("manager"), case_id, "open", "their words")
    found = drawn(room)
    assert "my words</textarea>" in "".join(found["inbox-composer"])
    assert "their words" in "".join(found["inbox-presence"])


def test_who_looks_and_who_types_is_shown(room: Room) -> None:
    case_id = room.cases()[0].id
    room.services.inbox.seen(room.actor("manager"), case_id, typing=True)
    found = drawn(room)
    assert "Manager" in "".join(found["inbox-head"])
    assert 'class="typing"' in "".join(found["inbox-presence"])
    room.clock.advance(timedelta(seconds=31).total_seconds())
    assert drawn(room)["inbox-presence"] == []


def test_the_composer_stays_unless_all_is_drawn(room: Room) -> None:
    with room.seen():
        part = cases.draw(room.cases()[0].id, whole=False)
    assert "inbox-items" in part
    assert not {"inbox-composer", "inbox-problem"} & set(part)


def test_an_analyst_reads_and_changes_nothing(room: Room) -> None:
    text = all_of(drawn(room, "analyst"))
    assert "my card" in text
    assert "textarea" not in text
    assert set(re.findall(r'data-do="([\w-]+)"', text)) <= {"correct", "step"}


def test_a_case_that_is_not_there_says_so_in_its_pane(room: Room) -> None:
    with room.seen(language="fa"):
        found = cases.draw("nothing")
    assert 'role="alert"' in found["inbox-items"][0]
    assert found["inbox-composer"] == []


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_page_builds_with_and_without_a_case(room: Room, language: Language) -> None:
    case_id = room.cases()[0].id
    with room.seen("administrator", language):
        for one in (inbox.layout(), inbox.layout(case=case_id, view="mine", sort="newest"), inbox.layout(case="?")):
            start = next(part for part in one.children if getattr(part, "id", "") == "inbox-start").data
            assert set(start["places"]) >= {"inbox-list", "inbox-items", "inbox-customer", "inbox-composer"}
        assert inbox.waiting() == 1


def test_media_are_links_and_only_web_addresses_are_followed(room: Room) -> None:
    hit = said("m", "look", at=3, who="did:mo")
    post = Post(
        "bluesky", "m", hit.post.author, "look", START, url="javascript:alert(1)",
        media=(Media("image", "https://social.example/a.jpg", "A card"), Media("video", "javascript:alert(1)")),
    )  # fmt: skip
    room.hear(replace(hit, post=post))
    with room.seen():
        text = all_of(cases.draw(room.cases(sort="newest")[-1].id)) + all_of(cases.draw(room.cases()[0].id))
    assert "A card" in text
    assert "javascript:" not in text


def test_templates_are_filled_for_the_case(room: Room) -> None:
    room.services.toolbox.save_template(
        room.actor("manager"), TemplateDraft("hi", "Hello", "Dear {name}, {agent} of {brand} {unknown}", "en")
    )
    text = "".join(drawn(room)["inbox-composer"])
    assert 'data-text="Dear Mina, Agent of Nanmah {unknown}"' in text
    assert filled("{NAME}", {"name": ""}) == "{NAME}"


def test_templates_in_the_language_of_the_newest_post_come_first(room: Room) -> None:
    for shortcut, language in (("a", "en"), ("b", "fa"), ("c", "en")):
        room.services.toolbox.save_template(
            room.actor("manager"), TemplateDraft(shortcut, shortcut, shortcut, language)
        )

    def order() -> list[str]:
        return re.findall(r'data-text="(\w)"', "".join(drawn(room)["inbox-composer"]))

    assert order() == ["a", "c", "b"]
    persian = said("d", "کارتم کجاست؟", at=3, parent="c", root="a")
    room.hear(replace(persian, language=label("fa-Latn")))
    assert order() == ["b", "a", "c"]
    room.hear(replace(said("e", "؟", at=4, parent="d", root="a"), language=label(None)))
    assert order() == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to ann.lee+x@mail.example.com, please", "write to a…@mail.example.com, please"),
        ("a@b.example", "a…@b.example"),
        ("@ann@social.example and @nanmah", "@ann@social.example and @nanmah"),
        ("call +98 912 345 6789!", "call …6789!"),
        ("(021) 8877-6655 یا ۰۹۱۲۳۴۵۶۷۸۹", "…6655 یا …۶۷۸۹"),
        ("card 6037 9911 2222 3333", "card …3333"),
        ("on 2026-11-22 10:30 order 12345678", "on 2026-11-22 10:30 order 12345678"),
        ("1,250,000,000 rials", "1,250,000,000 rials"),
        (
            "https://social.example/p/1234567890123?id=9876543210",
            "https://social.example/p/1234567890123?id=9876543210",
        ),
        ("", ""),
    ],
)
def test_addresses_and_numbers_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_who_may_not_ask_for_a_contact_reads_posts_and_rows_without_it(room: Room) -> None:
    room.hear(said("z", "I am ann@mail.example, 09123456789", at=5, who="did:ann"))
    (case,) = [one for one in room.cases() if "ann@" in one.title]
    for who, hidden in (("analyst", True), ("agent", False)):
        with room.seen(who):
            thread = all_of(cases.draw(case.id))
            rows = all_of(queue.draw(Asked(status="any")))
        for page in (thread, rows):
            assert ("ann@mail.example" not in page) is hidden
            assert ("09123456789" not in page) is hidden
            assert ("a…@mail.example" in page) is hidden


def faults(room: Room) -> list[Exception]:
    return [
        ForbiddenError(room.actor("analyst"), "work_cases"), CaseChangedError("Jo", "status", START),
        AlreadyAnsweredError(["r"], ["Jo"]), ReplyChangedError(), ReplyStateError("sent", "cancelled"),
        TiedElsewhereError("x:1", "Mina"), NotFoundError("case", "1"), StoreError("locked"),
        QueryError("nothing_after", "a OR", 2, 2, found="OR"),
    ]  # fmt: skip


def test_every_known_fault_is_said_in_the_readers_language(room: Room) -> None:
    with room.seen(language="fa"):
        for error in faults(room):
            assert re.search("[\u0600-\u06ff]", sentence(error)), error
        assert 'dir="ltr"' in render(trouble(InvalidInputError("A tag needs a name.")))
    with room.seen():
        assert sentence(InvalidInputError("A tag needs a name.")) == "A tag needs a name."
        assert "Jo" in sentence(AlreadyAnsweredError(["r"], ["Jo", "Jo"]))
