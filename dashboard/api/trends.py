"""Trends: figures of a period, each with the query that opens its mentions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from crm.usecases.trends import TrendsFilter, TrendsView
from crm.usecases.trendview import Step
from dashboard.api import Caller
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["trends"])


class Period(Asked):
    """What is looked at. No monitors means those of the own brand, empty platforms and languages mean all."""

    since: AwareDatetime
    until: AwareDatetime
    monitors: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    step: Step | None = None


@router.get("/trends", response_model=shown(TrendsView))
def overview(who: Caller, wanted: Annotated[Period, Query()]) -> TrendsView:
    """Volume, sentiment, platforms, authors, share of voice and answers, beside the period before."""
    return who.services.trends.overview(who.actor, wanted.into(TrendsFilter), wanted.step)
