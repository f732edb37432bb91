"""How good the models are on the team's own posts."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from crm.records.heads import HeadRow
from crm.usecases.quality import QualityView
from crm.words import EnrichedPost
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["quality"])


class HeadChosen(Asked):
    """A version of what was learned, for all posts or as a pilot on a tenth of them."""

    head: str
    pilot: bool = False


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


@router.get("/quality/heads", response_model=list[shown(HeadRow)])  # type: ignore[misc]
def heads(who: Caller) -> list[HeadRow]:
    """What was learned from the team's answers about sentiment, newest version first."""
    return who.services.learning.versions(who.actor)


@router.post("/quality/learn", status_code=204)
def learn(who: Caller) -> None:
    """Learn from the answers there are, in the background."""
    who.services.learning.learn(who.actor)


@router.post("/quality/use", status_code=204)
def use(who: Caller, asked: HeadChosen) -> None:
    """Use a version."""
    who.services.learning.use(who.actor, asked.head, pilot=asked.pilot)


@router.post("/quality/take-back", status_code=204)
def take_back(who: Caller) -> None:
    """Go back to the shipped model alone."""
    who.services.learning.take_back(who.actor)
