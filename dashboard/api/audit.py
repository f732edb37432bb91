"""What was done by whom, provably unchanged."""

from __future__ import annotations

from fastapi import APIRouter

from crm.records.audit import Verification
from crm.usecases.trail import TrailPage
from dashboard.api import Caller
from dashboard.api.shapes import shown

router = APIRouter(tags=["audit"])


@router.get("/audit", response_model=shown(TrailPage))
def list_audit(who: Caller, before: int | None = None, action: str = "") -> TrailPage:
    """A page of a hundred rows, newest first; `before` of a page is the cursor of the next one."""
    return who.services.trail.rows(who.actor, before, action)


@router.get("/audit/verify", response_model=shown(Verification))
def verify(who: Caller) -> Verification:
    """Check the whole chain; `broken` is null where nothing was changed."""
    return who.services.trail.verify(who.actor)
