"""How good the models are on the team's own posts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from crm.usecases.quality import QualityView
from crm.words import EnrichedPost
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["quality"])


class OfTask(Asked):
    """One question that models answer."""

    task: Literal["sentiment", "urgency", "language", "emotion", "offence"] = "sentiment"


@router.get("/quality", response_model=shown(QualityView))
def report(who: Caller, wanted: Annotated[OfTask, Query()]) -> QualityView:
    """How often the model was right where people answered: in all, by language, model, length and followers.

    Under 30 judged posts a share says too little. `drift` compares the last 7 days with the 28 before.
    """
    return who.services.quality.report(who.actor, wanted.task)


@router.get("/quality/queue", response_model=list[shown(EnrichedPost)])  # type: ignore[misc]
def queue(who: Caller, wanted: Annotated[OfTask, Query()]) -> list[EnrichedPost]:
    """The newest posts on which the model abstained; answer them with `POST /posts/correct`."""
    return who.services.quality.queue(who.actor, wanted.task)
