"""Monitors: what Shenava listens for."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from crm.records.monitors import Monitor
from crm.usecases.monitors import MonitorDraft, Preview
from dashboard.api import Caller
from dashboard.api.posts import Checked, checked
from dashboard.api.shapes import Asked, shown

router = APIRouter(tags=["monitors"])

_OWN = (
    "The own brand, else a competitor. Left out, a saved monitor stays what it is, and a new one is a competitor's, "
    "but for the first: that is the own brand's."
)
_OPENS_CASES = "Whether a new thread about the own brand waits as a case in the inbox; left out, as `own`."


class MonitorText(Asked):
    """A saved query; empty platforms or languages mean all."""

    name: str
    query: str
    brand: str = Field("", description="Monitors of one brand share a share of voice; the name without it.")
    own: bool | None = Field(None, description=_OWN)
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    enabled: bool = True
    opens_cases: bool | None = Field(None, description=_OPENS_CASES)


class QueryText(Asked):
    """A query to look at before it is saved."""

    query: str
    platforms: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class Switch(Asked):
    """On or off."""

    enabled: bool


@router.get("/monitors", response_model=list[shown(Monitor)])  # type: ignore[misc]
def list_monitors(who: Caller) -> list[Monitor]:
    """The monitors within reach, own brand first."""
    return who.services.monitors.all(who.actor)


@router.post("/monitors", status_code=201, response_model=shown(Monitor))
def add_monitor(who: Caller, asked: MonitorText) -> Monitor:
    """Listen for something; it is looked for in what is here already, too."""
    return who.services.monitors.save(who.actor, asked.into(MonitorDraft))


@router.post("/monitors/check", response_model=Checked)
def check_monitor(who: Caller, asked: QueryText) -> Checked:
    """What is wrong with a query of a monitor."""
    return checked(who.services.monitors.check(who.actor, asked.query))


@router.post("/monitors/preview", response_model=shown(Preview))
def preview_monitor(who: Caller, asked: QueryText) -> Preview:
    """What a query finds in the last week."""
    return who.services.monitors.preview(who.actor, asked.query, asked.platforms, asked.languages)


@router.get("/monitors/{monitor_id}", response_model=shown(Monitor))
def get_monitor(who: Caller, monitor_id: str) -> Monitor:
    """One monitor."""
    return who.services.monitors.get(who.actor, monitor_id)


@router.put("/monitors/{monitor_id}", response_model=shown(Monitor))
def change_monitor(who: Caller, monitor_id: str, asked: MonitorText) -> Monitor:
    """Change a monitor; where it may match other posts than before, it is run over all of them."""
    draft = MonitorDraft(
        asked.name, asked.query, asked.brand, asked.own, monitor_id, asked.platforms, asked.languages,
        asked.enabled, asked.opens_cases,
    )  # fmt: skip
    return who.services.monitors.save(who.actor, draft)


@router.put("/monitors/{monitor_id}/enabled", response_model=shown(Monitor))
def pause_monitor(who: Caller, monitor_id: str, asked: Switch) -> Monitor:
    """Pause a monitor, or let it listen again."""
    return who.services.monitors.set_enabled(who.actor, monitor_id, asked.enabled)


@router.delete("/monitors/{monitor_id}", status_code=204)
def delete_monitor(who: Caller, monitor_id: str) -> None:
    """Remove a monitor; its posts stay."""
    who.services.monitors.delete(who.actor, monitor_id)
