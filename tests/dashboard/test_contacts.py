"""Whoever may not ask for a customer's contact reads none: on no page, in no export, in no answer of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dash.development.base_component import Component
from msgspec.structs import replace
from plotly.utils import PlotlyJSONEncoder

from crm.policies.access import may
from crm.text import tokens
from crm.usecases.customers import CustomerDraft
from crm.words import Media
from dashboard import pages as pages_package
from dashboard.api import create_api
from dashboard.app import api_package
from dashboard.inbox import case as cases
from dashboard.mentions.export import post_rows
from dashboard.monitors.preview import preview
from dashboard.page import Page, discover, pages
from tests.dashboard.inbox_room import Room, all_of
from tests.doubles.office import said
from tests.doubles.pictures import png

pytestmark = pytest.mark.slow

EMAIL, PHONE = "ann@mail.example", "09121234567"
NAMES = frozenset({"Bdi", "Mark", "Span", "dash_html_components", "ltr"})
GIVEN = f"card: {EMAIL} or {PHONE}"
READ = [
    (path, [one["name"] for one in methods["get"].get("parameters", []) if one["required"]])
    for path, methods in create_api(discover(api_package)).openapi()["paths"].items()
    if "get" in methods
]
VALUES = {
    "customer": "", "customer_id": "", "case_id": "", "key": "bluesky:z", "text": "ann", "query": "card",
    "monitor": "m1", "monitor_id": "m1", "section": "me", "letter_id": "x", "source_id": "x", "erasure_id": "x",
    "kind": "author", "post_key": "bluesky:z", "file_id": "",
    "since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    made = open_room(tmp_path_factory.mktemp("room"))
    yield made
    made.bureau.close()


def open_room(folder: Path) -> Room:
    """Somebody wrote their contact wherever one can write, and two ties rest on it."""
    discover(pages_package)
    room = Room(folder)
    event = replace(said("z", GIVEN, who="did:ann", bio=GIVEN), tokens=" ".join(tokens(GIVEN)))
    author = replace(event.post.author, name=f"Ann {PHONE}", place=GIVEN, links=(f"mailto:{EMAIL}",))
    post = replace(event.post, author=author, title=GIVEN, place=GIVEN, links=(f"mailto:{EMAIL}",),
                   media=(Media("image", "https://pictures.example/1", GIVEN),))  # fmt: skip
    # Both ways in which the console may come to a post: from what a case keeps, and from the index alone.
    aside = replace(post, native_id="y", posted_at=post.posted_at)
    room.hear(replace(event, post=post), replace(event, post=aside, origin="context", thread_key="bluesky:y"))
    agent, people = room.actor("agent"), room.services.customers
    ann = people.save(agent, CustomerDraft("Ann", EMAIL, PHONE, fields={"about": GIVEN}))
    people.tie(agent, author.key, ann.id, "email", EMAIL)
    people.tie(agent, "bluesky:did:ben", ann.id, "phone", "989121234567")
    [case] = room.cases()
    room.services.inbox.add_note(agent, case.id, GIVEN)
    draft = room.services.replies.draft(agent, case.id, "open", GIVEN)
    info = room.services.files.add(agent, case.id, "open", f"{PHONE}.png", png(), GIVEN)
    room.services.files.add(room.actor("manager"), case.id, "reply", f"{PHONE}.png", png(), GIVEN)
    room.services.replies.draft(room.actor("manager"), case.id, "reply", "See here")
    room.services.files.remove(agent, info.id)
    room.services.replies.request_approval(agent, draft.id)
    VALUES.update(file_id=info.id, case_id=case.id, customer_id=ann.id, customer=ann.id)
    return room


def told(text: str) -> set[str]:
    """What of the contact stands in a text, however it is escaped or spelt."""
    return {one for one in (EMAIL, PHONE, "9121234567") if one in text}


def written(part: Component) -> str:
    """All texts of a part, one after the other: a page sets an address in several pieces."""
    pieces: list[str] = []

    def walk(piece: object) -> None:
        if isinstance(piece, str):
            pieces.append(piece)
        for inside in piece.values() if isinstance(piece, dict) else piece if isinstance(piece, list) else ():
            walk(inside)

    walk(json.loads(json.dumps(part, cls=PlotlyJSONEncoder)))
    return "".join(piece for piece in pieces if piece not in NAMES)


def drawn(one: Page) -> str:
    names = one.pattern.groupindex
    more = {"key": "bluesky:did:ann"} if one.path == "/customers/author" else {"key": "bluesky:z"}
    case = {"case": VALUES["case_id"]} if one.path == "/inbox" else {}
    return written(one.layout(**{name: VALUES[name] for name in names}, **more, **case))


def test_no_page_shows_an_analyst_a_contact_that_an_agent_reads_there(room: Room) -> None:
    shown: dict[str, set[str]] = {"analyst": set(), "agent": set()}
    for who, where in shown.items():
        with room.seen(who) as actor:
            for one in pages():
                if (one.action is None or may(actor, one.action)) and told(drawn(one)):
                    where.add(one.path)
            if told(re.sub("<[^>]*>", "", all_of(cases.draw(VALUES["case_id"])))):
                where.add("case")
            if told(written(preview(room.services.monitors.preview(actor, "card")))):
                where.add("preview")
    assert shown["analyst"] == set()
    assert shown["agent"] >= {"case", "preview", "/search", "/thread", "/customers/{customer}", "/customers/author"}


def test_no_answer_of_the_api_tells_an_analyst_a_contact_that_it_tells_an_agent(room: Room) -> None:
    shown: dict[str, set[str]] = {"analyst": set(), "agent": set()}
    for who, where in shown.items():
        for path, names in READ:
            filled = path.removeprefix("/v1").format(**VALUES)
            params = {name: VALUES[name] for name in names if f"{{{name}}}" not in path}
            answer = room.bureau.as_(who, "GET", filled, params=params)
            if told(answer.text):
                where.add(path)
    assert shown["analyst"] == set()
    assert shown["agent"] >= {
        "/v1/posts", "/v1/posts/one", "/v1/posts/thread", "/v1/cases", "/v1/cases/{case_id}", "/v1/replies/pending",
        "/v1/customers/{customer_id}", "/v1/customers/{customer_id}/posts",
    }  # fmt: skip


def test_an_export_tells_what_the_page_tells(room: Room) -> None:
    for who, there in (("analyst", set()), ("manager", {EMAIL, PHONE, PHONE[1:]})):
        with room.seen(who) as actor:
            rows = post_rows(room.services.search.export(actor, "").posts, ZoneInfo("UTC"), {})
            assert told(str(list(rows))) == there


def test_what_is_marked_in_a_masked_text_is_what_was_searched_for(room: Room) -> None:
    for who in ("analyst", "agent"):
        hits = room.services.search.search(room.actor(who), "card OR mail").hits
        assert len(hits) == 2
        for hit in hits:
            marked = [hit.post.post.text[start:end] for start, end in hit.spans]
            assert marked == ["card", "mail"], who


def test_nobody_reads_the_evidence_of_a_tie_in_full_without_asking_for_the_contact(room: Room) -> None:
    for who in ("analyst", "agent", "manager"):
        card = room.services.customers.card(room.actor(who), VALUES["customer_id"])
        assert {one.detail for one in card.identities} == {"a…@mail.example", "…4567"}
        [row] = room.services.customers.list(room.actor(who)).rows
        assert {one.detail for one in row.ties} == {"a…@mail.example", "…4567"}


def test_a_post_that_becomes_a_case_is_kept_as_it_is(room: Room) -> None:
    case = room.services.inbox.open_case(room.actor("agent"), "bluesky:y")
    [item] = [one for one in room.view(case.id).items if one.post]
    assert item.post is not None
    assert item.post.post.text == GIVEN
    assert item.post.tokens
