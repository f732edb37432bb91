"""What is stored of a person, giving it out, and forgetting them for good."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from crm.policies.access import require
from crm.usecases.disclosure import Holdings, Kind, Subject
from crm.usecases.privacy import ErasedPage, PrivacyState, Receipt, read_receipts
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown
from dashboard.jsonfile import json_stream

router = APIRouter(prefix="/privacy", tags=["privacy"])


class Erasure(Asked):
    """Whom and what to forget: keys of posts and authors, ids of customers; all of them together."""

    posts: list[str] = Field(default=[], max_length=1000)
    authors: list[str] = Field(default=[], max_length=1000)
    customers: list[str] = Field(default=[], max_length=1000)


class Claim(Asked):
    """A receipt as it was given out; every field counts."""

    receipt: dict[str, object]


class Verdict(Asked):
    """Whether a receipt was signed here and never changed."""

    genuine: bool


@router.get("", response_model=shown(PrivacyState))
def get_privacy(who: Caller) -> PrivacyState:
    """How long things are kept, and the stop list in numbers."""
    return who.services.privacy.state(who.actor)


@router.get("/subjects", response_model=list[shown(Subject)])  # type: ignore[misc]
def find_subjects(who: Caller, text: str) -> list[Subject]:
    """People and posts by key, handle, name, e-mail, phone, or the address of a page."""
    return list(who.services.disclosure.find(who.actor, text))


@router.get("/holdings", response_model=shown(Holdings))
def get_holdings(who: Caller, kind: Kind, key: str) -> Holdings:
    """How much is stored of somebody or something: what an erasure would take."""
    return who.services.disclosure.holdings(who.actor, kind, key)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def export_subject(who: Caller, kind: Kind, key: str) -> Response:
    """Everything stored of somebody or something, as one JSON object; the audit trail notes it."""
    return json_stream("person", who.services.disclosure.export(who.actor, kind, key))


@router.post("/erasures", status_code=201, response_model=shown(Receipt))
def erase(who: Caller, asked: Erasure) -> Receipt:
    """Erase from every store for good; the answer is a signed receipt."""
    [receipt] = who.services.privacy.erase(who.actor, asked.posts, asked.authors, asked.customers)
    return receipt


@router.get("/erasures", response_model=shown(ErasedPage))
def list_erasures(who: Caller, before: str | None = None) -> ErasedPage:
    """Erasures, newest first, with their receipts; `before` of a page is the cursor of the next one."""
    return who.services.privacy.erased(who.actor, before)


@router.get("/erasures/{erasure_id}/receipt", response_model=shown(Receipt))
def get_receipt(who: Caller, erasure_id: str) -> Receipt:
    """The receipt of a finished erasure."""
    return who.services.privacy.receipt(who.actor, erasure_id)


@router.post("/verify", response_model=Verdict)
def verify_receipt(who: Caller, asked: Claim) -> Verdict:
    """Check the signature of a receipt."""
    require(who.actor, "erase")
    [receipt] = read_receipts(msgspec.json.encode(asked.receipt))
    return Verdict(genuine=who.services.privacy.verify(receipt))
