"""How much is read on platforms that count or sell it, and the caps of that."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from crm.usecases.budgets import MOST, Use
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["sources"])


class CapText(Asked):
    """A cap: of one monitor on the platform, or with an empty one of all together."""

    monitor: str = Field("", description="The monitor's id.")
    posts: int | None = Field(ge=0, le=MOST, description="The most posts in a month of UTC; null lifts the cap.")


@router.get("/caps", response_model=list[shown(Use)])  # type: ignore[misc]
def list_caps(who: Caller) -> list[Use]:
    """What was read this month beside its cap: for each platform, and after it for each monitor that reads there."""
    return who.services.budgets.uses(who.actor)


@router.put("/caps/{platform}", status_code=204)
def set_cap(who: Caller, platform: str, asked: CapText) -> None:
    """Set a cap, or lift it. The collectors obey it from their next request on."""
    who.services.budgets.cap(who.actor, platform, asked.monitor, asked.posts)
