"""The pages of customers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from crm.errors import NotFoundError
from crm.records.customers import Customer
from crm.usecases.customers import CustomerDraft
from crm.words import EnrichedPost
from dashboard.customers.parts import masked_email, masked_phone
from dashboard.pages import customer as card
from dashboard.pages import customers as page
from tests.dashboard.presser import Desk, drawn
from tests.doubles.office import said

pytestmark = pytest.mark.slow

FORM = {"name": "Mina Y.", "email": "", "phone": "", "value": None, "since": "", "link": "", "vip": False}
MINA = "bluesky:did:mina"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.bureau.close()


@pytest.fixture
def mina(desk: Desk) -> Customer:
    desk.bureau.hear(said("p1", "my card is gone"), said("p2", "still gone", at=1))
    people = desk.bureau.services.customers
    draft = CustomerDraft("Mina Y.", "mina.y@example.org", "+98 912 345 6789", 8_400_000, vip=True)
    saved = people.save(desk.actor, draft)
    people.tie(desk.actor, MINA, saved.id)
    return saved


def subject(customer: Customer) -> dict[str, str]:
    return {"id": customer.id, "author": "", "after": ""}


def test_the_list_links_to_cards_and_can_be_searched(desk: Desk, mina: Customer) -> None:
    with desk.seen():
        tree = drawn(page.layout())
        assert f'"href": "/customers/{mina.id}"' in tree
        assert "@mina" in tree
        assert "8.4M" in tree
        found, address = page.search("nobody")
    assert "Nobody found for nobody" in drawn(found)
    assert address == "/customers?text=nobody"


def test_long_lists_are_paged(desk: Desk) -> None:
    for at in range(52):
        desk.bureau.services.customers.save(desk.actor, CustomerDraft(f"C{at:02}"))
    with desk.seen():
        first = drawn(page.layout())
        after = first.split("/customers?after=")[1].split('"')[0]
        second = drawn(page.layout(after=after))
    assert '"C49"' in first
    assert '"C50"' not in first
    assert '"C51"' in second
    assert "Next page" not in second


def test_contacts_are_masked_until_asked_for(desk: Desk, mina: Customer) -> None:
    with desk.seen():
        masked = drawn(card.one(mina.id))
        shown = drawn(card.reveal(1, subject(mina)))  # type: ignore[arg-type]
    assert "mina.y@example.org" not in masked
    assert "98912" not in masked
    assert "m•••y@example.org" in masked
    assert "mina.y@example.org" in shown
    assert "+989123456789" in shown
    with desk.seen(role="analyst"):
        tree = drawn(card.one(mina.id))
    assert "customers-reveal" not in tree
    assert "customers-edit" not in tree


@pytest.mark.parametrize(("email", "shown"), [("mina@x.org", "m•••a@x.org"), ("m@x.org", "m•••@x.org")])
def test_how_contacts_are_masked(email: str, shown: str) -> None:
    assert masked_email(email) == shown
    assert masked_phone("989123456789") == "98•••89"
    assert masked_phone("12345") == "•••"


def test_the_card_shows_evidence_feelings_cases_and_posts(desk: Desk, mina: Customer) -> None:
    with desk.seen("en"):
        tree = drawn(card.one(mina.id))
    assert "Said by the team" in tree
    assert "2 negative" in tree
    assert "2 open of 2" in tree
    assert "still gone" in tree
    assert "/inbox?case=" in tree
    with desk.seen("fa"):
        assert "۲ باز از ۲" in drawn(card.one(mina.id))


def test_an_author_who_is_nobodys_can_be_tied(desk: Desk) -> None:
    desk.bureau.hear(said("q1", who="did:omid"))
    desk.bureau.index.write([said("q2", who="did:omid", at=3, monitors=("other",))])
    with desk.seen():
        tree = drawn(card.author(key="bluesky:did:omid"))
        assert "customers-own-open" in tree
        assert "/thread?key=bluesky%3Aq2" in tree
        assert "names no author" in drawn(card.author(key="nonsense"))
        with pytest.raises(NotFoundError):
            card.author(key="bluesky:nobody")


def test_an_authors_address_shows_the_customer_they_belong_to(desk: Desk, mina: Customer) -> None:
    with desk.seen():
        tree = drawn(card.author(key=MINA))
    assert "customers-own-open" not in tree
    assert mina.id in tree


def test_making_and_changing_a_customer(desk: Desk) -> None:
    since = {"since": "1403-01-15", "value": 1200, "link": "https://mina.example", "vip": True}
    answer = desk.press("customers-form-save.n_clicks", 1, **_form(**since), pathname="/customers")
    made = desk.bureau.services.customers.list(desk.actor, "Mina").rows[0].customer
    assert answer.json()["response"]["url"]["href"] == f"/customers/{made.id}"
    assert made.since is not None
    assert (made.since.isoformat(), made.value, made.vip) == ("2024-04-02T20:30:00+00:00", 1200.0, True)
    assert made.fields == {"link": "https://mina.example"}


@pytest.mark.parametrize(
    ("field", "value"), [("name", " "), ("email", "nobody"), ("phone", "12"), ("since", "last spring")]
)
def test_a_wrong_field_is_named_and_nothing_is_stored(desk: Desk, field: str, value: str) -> None:
    answer = desk.press("customers-form-save.n_clicks", 1, **_form(**{field: value}), pathname="/customers")
    errors = {name: props["error"] for name, props in answer.json()["response"].items() if "error" in props}
    assert [name for name, error in errors.items() if error] == [f"customers-form-{field}"]
    assert desk.bureau.services.customers.list(desk.actor).rows == ()


def test_tying_and_untying(desk: Desk, mina: Customer) -> None:
    desk.bureau.hear(said("q1", who="did:omid", at=3))
    people = desk.bureau.services.customers
    with desk.seen():
        assert '"data-tie": "bluesky:did:omid"' in drawn(card.find_authors("omid"))
        assert f'"data-own": "{mina.id}"' in drawn(card.find_owners("mina"))
    command = {"kind": "tie", "value": "bluesky:did:omid"}
    desk.press("customers-command.data", command, subject=subject(mina))
    ties = people.card(desk.actor, mina.id).identities
    assert {tie.author_key for tie in ties} == {MINA, "bluesky:did:omid"}

    gone = next(tie for tie in ties if tie.author_key == MINA)
    answer = desk.press("customers-command.data", {"kind": "untie", "value": gone.id}, subject=subject(mina))
    assert '"kind":"customers-tie"' in answer.text.replace(" ", "")
    assert [tie.author_key for tie in people.card(desk.actor, mina.id).identities] == ["bluesky:did:omid"]

    other = people.save(desk.actor, CustomerDraft("Other"))
    desk.press("customers-command.data", command, subject=subject(other))
    assert people.card(desk.actor, other.id).identities == ()


def test_erasing_gives_a_signed_receipt_that_names_nobody(desk: Desk, mina: Customer) -> None:
    with desk.seen(role="manager"):
        assert "customers-erase-open" not in drawn(card.one(mina.id))
    with desk.seen():
        tree = drawn(card.erase(1, subject(mina)))  # type: ignore[arg-type]
        assert "Mina" not in tree
        stores = [one for one in json.loads(tree)["props"]["children"][0]["props"]["children"] if one]
        receipt = json.loads(next(one["props"]["data"] for one in stores if one["type"] == "Store"))
        assert (receipt["posts"], receipt["cases"], receipt["identities"]) == (2, 2, 1)
        assert card.download(1, "{}")["filename"] == "erasure-receipt.json"
        with pytest.raises(NotFoundError):
            card.one(mina.id)


def _form(**changes: Any) -> dict[str, Any]:
    return {**FORM, **changes}


def by_sara() -> EnrichedPost:
    post = said("s1", "still no card", who="did:sara")
    author = replace(post.post.author, handle="sara_ahmadi68", name="Sara Ahmadi", place="Tehran")
    return replace(post, post=replace(post.post, author=author))


SARA = "bluesky:did:sara"


def test_an_author_is_offered_who_they_could_be(desk: Desk) -> None:
    desk.bureau.hear(by_sara())
    people = desk.bureau.services.customers
    sara = people.save(desk.actor, CustomerDraft("سارا احمدی", "sara_ahmadi68@mail.example", fields={"city": "تهران"}))
    with desk.seen():
        tree = drawn(card.author(key=SARA))
    for words in ("Could be …", "The same name in other letters", "The handle begins their e-mail address", "Tehran"):
        assert words in tree
    assert "sara_ahmadi68@mail.example" not in tree
    assert f'"data-confirm": "{SARA}"' in tree
    with desk.seen("fa"):
        assert "همان نام به خط دیگر" in drawn(card.author(key=SARA))
    with desk.seen(role="analyst"):
        masked = drawn(card.author(key=SARA))
        assert "Could be …" in masked
        assert "data-confirm" not in masked
    desk.role = "administrator"
    command = {"kind": "confirm", "value": SARA, "customer": sara.id}
    answer = desk.press("customers-command.data", command, subject={"id": "", "author": SARA, "after": ""})
    assert answer.json()["response"]["url"]["href"] == f"/customers/{sara.id}"
    with desk.seen():
        tree = drawn(card.one(sara.id))
        assert "Suggested by likeness (The handle begins their e-mail address, The same name in other letters" in tree
        assert "Likeness, 99" in tree


def test_a_customer_is_offered_accounts_which_can_be_dismissed(desk: Desk) -> None:
    desk.bureau.hear(by_sara())
    sara = desk.bureau.services.customers.save(desk.actor, CustomerDraft("سارا احمدی"))
    with desk.seen():
        assert "Accounts that could be theirs" in drawn(card.one(sara.id))
    command = {"kind": "dismiss", "value": SARA, "customer": sara.id}
    answer = desk.press("customers-command.data", command, subject=subject(sara))
    assert '"kind":"customers-dismissed"' in answer.text.replace(" ", "")
    with desk.seen():
        assert "Accounts that could be theirs" not in drawn(card.one(sara.id))
    back = {"kind": "customers-dismissed", "author": SARA, "customer": sara.id}
    desk.press("undo.data", back, pathname=f"/customers/{sara.id}")
    with desk.seen():
        assert "Accounts that could be theirs" in drawn(card.one(sara.id))
