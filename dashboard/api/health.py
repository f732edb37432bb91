"""How the pipeline fares, and the posts that it could not handle."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from crm.errors import NotFoundError
from crm.ports.dead import DeadLetter
from crm.records.dead_letters import Grouped
from crm.usecases.health import HealthView, Trouble, troubles
from dashboard.api import Caller
from dashboard.api.shapes import Asked, Count, shown
from dashboard.metrics import exposition

router = APIRouter(tags=["health"])


class State(BaseModel):
    """Everything on the Health page; `troubles` are what a person should mend, the worst first."""

    health: shown(HealthView)  # type: ignore[valid-type]
    troubles: list[shown(Trouble)]  # type: ignore[valid-type]


class Letters(Asked):
    """Which dead letters."""

    ids: list[str] = Field(max_length=10_000)


class Letter(BaseModel):
    """One post that could not be handled; `value` is what stood on the stream, as text."""

    letter: shown(DeadLetter)  # type: ignore[valid-type]
    value: str


@router.get("/health", response_model=State)
def view(who: Caller) -> dict[str, object]:
    """The state of roles, sources, stream and disk, now."""
    found = who.services.health.view(who.actor)
    return {"health": found, "troubles": list(troubles(found))}


@router.get("/metrics", response_class=Response, responses={200: {"content": {CONTENT_TYPE_LATEST: {}}}})
def measure(who: Caller, request: Request) -> Response:
    """The same as figures, for Prometheus: rates, lag, errors, latencies and queue lengths."""
    found = who.services.health.view(who.actor)
    return Response(exposition(found, request.app.state.requests), media_type=CONTENT_TYPE_LATEST)


@router.get("/dead-letters", response_model=list[shown(Grouped)])  # type: ignore[misc]
def list_letters(who: Caller) -> list[Grouped]:
    """What could not be handled and waits, by its reason."""
    return list(who.services.health.view(who.actor).dead)


@router.post("/dead-letters/replay", response_model=Count)
def replay(who: Caller, asked: Letters) -> Count:
    """Send dead letters through the pipeline again, once the cause is mended."""
    return Count(count=who.services.health.replay(who.actor, asked.ids))


@router.post("/dead-letters/discard", response_model=Count)
def discard(who: Caller, asked: Letters) -> Count:
    """Throw dead letters away for good."""
    return Count(count=who.services.health.discard(who.actor, asked.ids))


@router.get("/dead-letters/{letter_id}", response_model=Letter)
def get_letter(who: Caller, letter_id: str) -> dict[str, object]:
    """One dead letter."""
    found = who.services.health.letters(who.actor, [letter_id])
    if not found:
        raise NotFoundError("dead letter", letter_id)
    return {"letter": found[0], "value": found[0].value.decode(errors="replace")}
