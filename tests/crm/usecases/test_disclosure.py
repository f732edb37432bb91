from __future__ import annotations

import json

import msgspec
import pytest

from crm import envelope
from crm.errors import NotFoundError
from crm.policies.access import ForbiddenError
from crm.policies.links import keys_of, person_of
from crm.ports.dead import DeadLetter
from crm.records import audit, tombstones
from crm.records.dead_letters import RecordedDeadLetters
from crm.usecases.customers import CustomerDraft
from crm.usecases.disclosure import Disclosure, kind_of
from crm.words import ENRICHED
from tests.crm.usecases.test_inbox import case_id
from tests.doubles.office import START, WORKSPACE, Office, actor, said
from tests.doubles.pictures import png

BOSS, LENA = actor("ines", "administrator"), actor()
MINA = "bluesky:did:mina"


@pytest.fixture
def disclosure(office: Office) -> Disclosure:
    office.hear(said("p1", "zebra is late"), said("p2", "and heron", at=1, who="did:kian"))
    office.index.write([said("p3", "zebra again", at=2, origin="import", monitors=())])
    return Disclosure(office.records, office.index, office.clock)


def worked(office: Office) -> str:
    """Mina's case with a note and an answer, a customer, and a letter that died; returns the customer's id."""
    case = case_id(office, "p1")
    office.inbox.add_note(LENA, case, "called her")
    office.files.add(LENA, case, "reply", "bill.png", png(), "Mina's bill")
    office.replies.approve_and_send(LENA, case, "reply", "Sorry, Mina", "en")
    mina = office.customers.save(LENA, CustomerDraft("Mina Y.", "mina@example.org"))
    office.customers.tie(LENA, MINA, mina.id)
    letter = DeadLetter("d1", ENRICHED, "index", 0, 1, "bluesky:p9", envelope.encode(said("p9", "zebra died")), "E",
                        "no", START, 1, WORKSPACE)  # fmt: skip
    RecordedDeadLetters(office.records).add([letter])
    return mina.id


@pytest.mark.parametrize("text", [MINA, "did:mina", "@Mina", "mina", " Mina "])
def test_an_author_is_found(disclosure: Disclosure, text: str) -> None:
    found = disclosure.find(BOSS, text)
    assert ("author", MINA, "Mina") in [(one.kind, one.key, one.name) for one in found] or text == "did:mina"
    assert "bluesky:did:kian" not in [one.key for one in found]


def test_a_post_is_found_with_its_author(disclosure: Disclosure) -> None:
    assert [(one.kind, one.key) for one in disclosure.find(BOSS, "bluesky:p1")] == [
        ("post", "bluesky:p1"), ("author", MINA),
    ]  # fmt: skip


def test_a_customer_is_found_by_name_and_e_mail(office: Office, disclosure: Disclosure) -> None:
    mina = worked(office)
    for text in ("mina y", "mina@example.org"):
        assert ("customer", mina) in [(one.kind, one.key) for one in disclosure.find(BOSS, text)], text


def test_an_unknown_key_may_be_kept_away_all_the_same(disclosure: Disclosure) -> None:
    assert [(one.kind, one.known) for one in disclosure.find(BOSS, "x:77")] == [("author", False), ("post", False)]
    assert disclosure.find(BOSS, "nobody") == ()
    assert disclosure.find(BOSS, "  ") == ()


def test_everything_is_counted(office: Office, disclosure: Disclosure) -> None:
    mina = worked(office)
    held = disclosure.holdings(BOSS, "author", MINA)
    counts = (held.posts, held.imported, len(held.cases), held.answers, held.notes, held.identities, held.dead_letters)
    assert counts == (2, 1, 1, 1, 1, 1, 1)
    assert held.customer is not None
    assert held.customer.id == mina
    assert not held.stopped
    whole = disclosure.holdings(BOSS, "customer", mina)
    assert (whole.posts, whole.identities, whole.subject.name) == (2, 1, "Mina Y.")
    post = disclosure.holdings(BOSS, "post", "bluesky:p1")
    assert (post.posts, len(post.cases), post.answers, post.subject.text) == (1, 1, 1, "zebra is late")
    with pytest.raises(NotFoundError):
        disclosure.holdings(BOSS, "customer", "nobody")


def test_a_copy_holds_everything_and_nobody_else(office: Office, disclosure: Disclosure) -> None:
    mina = worked(office)
    given = json.loads(b"".join(disclosure.export(BOSS, "customer", mina)))
    assert [one["post"]["text"] for one in given["posts"]] == ["zebra is late", "zebra again"]
    assert [one["email"] for one in given["customers"]] == ["mina@example.org"]
    assert [one["notes"][0]["text"] for one in given["cases"]] == ["called her"]
    assert [one["text"] for one in given["answers"]] == ["Sorry, Mina"]
    assert [one["alt"] for one in given["pictures"]] == ["Mina's bill"]
    assert [one["author_key"] for one in given["identities"]] == [MINA]
    assert "zebra died" in given["dead_letters"][0]["value"]
    assert "heron" not in json.dumps(given)


def test_that_it_was_given_out_is_noted_and_names_nobody(office: Office, disclosure: Disclosure) -> None:
    disclosure.export(BOSS, "author", MINA)
    with office.records.read() as tx:
        row = audit.newest(tx, WORKSPACE)[0]
        assert (row.action, row.subject) == ("disclose", tombstones.opaque(tx, WORKSPACE, MINA))
    assert "mina" not in msgspec.json.encode(row).decode()


def test_it_is_for_administrators(disclosure: Disclosure) -> None:
    manager = actor("ines", "manager")
    for ask in (
        lambda: disclosure.find(manager, "mina"), lambda: disclosure.holdings(manager, "author", MINA),
        lambda: disclosure.export(manager, "author", MINA),
    ):  # fmt: skip
        with pytest.raises(ForbiddenError):
            ask()
    with pytest.raises(NotFoundError):
        kind_of("planet")


@pytest.mark.parametrize(("link", "key", "who"), [
    ("https://bsky.app/profile/did:plc:abc/post/3k", "bluesky:at://did:plc:abc/app.bsky.feed.post/3k", "did:plc:abc"),
    ("https://social.example/@mina/112", "mastodon:https://social.example/users/mina/statuses/112",
     "mina@social.example"),
    ("https://social.example/@mina@other.example", "feed:https://social.example/@mina@other.example",
     "mina@other.example"),
    ("https://news.example/2026/story", "feed:https://news.example/2026/story", ""),
])  # fmt: skip
def test_the_address_of_a_page_leads_to_keys(link: str, key: str, who: str) -> None:
    assert key in keys_of(link, ["feed"])
    assert person_of(link) == who


def test_a_feeds_post_is_found_by_its_address(office: Office) -> None:
    post = msgspec.structs.replace(said("p7").post, platform="feed", native_id="https://news.example/1")
    office.index.write([msgspec.structs.replace(said("p7"), post=post)])
    disclosure = Disclosure(office.records, office.index, office.clock)
    assert disclosure.find(BOSS, "https://news.example/1")[0].key == "feed:https://news.example/1"
