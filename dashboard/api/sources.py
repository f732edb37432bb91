"""Sources that are collected, and our own accounts that answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from pydantic import BaseModel, Field, SecretStr

from crm.policies.access import require
from crm.ports.source import Option, Preview, Problem, Rejected
from crm.records.deliveries import Refused
from crm.records.sources import AccountRow, SourceRow
from dashboard.api import Caller
from dashboard.api.monitors import Switch
from dashboard.api.shapes import Asked, shown
from dashboard.uploads import handed_over
from dashboard.webhook import PREFIX

router = APIRouter(tags=["sources"])


class SourceText(Asked):
    """A source to collect. What `options` a kind takes is said by `/source-kinds`."""

    kind: str
    name: str = ""
    options: dict[str, str] = Field(default_factory=dict)


class AccountText(Asked):
    """An account of ours. The secret is an app password or an access token; it is kept encrypted."""

    platform: str
    base_url: str = Field("", description="The address of the account's server, where the platform has several.")
    handle: str = ""
    secret: SecretStr


class NewSecret(BaseModel):
    """A webhook's secret, shown this once, and the path where it takes posts."""

    secret: str
    path: str


class Kind(BaseModel):
    """A kind of source and what a person fills in to use it."""

    kind: str
    platform: str
    options: list[shown(Option)]  # type: ignore[valid-type]


@router.get("/source-kinds", response_model=list[Kind])
def list_kinds(who: Caller) -> list[dict[str, object]]:
    """Every kind of source."""
    every = who.services.sources.kinds.values()
    return [{"kind": one.kind, "platform": one.platform, "options": one.options} for one in every]


@router.get("/sources", response_model=list[shown(SourceRow)])  # type: ignore[misc]
def list_sources(who: Caller) -> list[SourceRow]:
    """Every source with its health, oldest first."""
    return who.services.sources.all(who.actor)


@router.post("/sources", status_code=201, response_model=shown(SourceRow))
def add_source(who: Caller, asked: SourceText) -> SourceRow:
    """Set up a source; it is collected within seconds. A file comes by `/imports`."""
    return who.services.sources.add(who.actor, asked.kind, asked.name, asked.options)


@router.post("/sources/check", response_model=list[shown(Problem)])  # type: ignore[misc]
def check_source(who: Caller, asked: SourceText) -> list[Problem]:
    """What is wrong with the options of a source."""
    require(who.actor, "edit_sources")
    return who.services.sources.check(asked.kind, asked.options)


@router.post("/sources/preview", response_model=shown(Preview))
def preview_source(who: Caller, asked: SourceText) -> Preview:
    """What a source of JSON would bring: the path of each field and the first posts. Nothing is kept."""
    return who.services.sources.preview(who.actor, asked.kind, asked.options)


@router.post("/sources/{source_id}/secret", status_code=201, response_model=NewSecret)
def make_secret(who: Caller, source_id: str) -> NewSecret:
    """Make the secret that messages to a webhook are signed with; an older one counts no more."""
    made = who.services.sources.new_secret(who.actor, source_id)
    return NewSecret(secret=made, path=f"{PREFIX}{source_id}")


@router.get("/sources/{source_id}/refused", response_model=list[shown(Refused)])  # type: ignore[misc]
def list_refused(who: Caller, source_id: str) -> list[Refused]:
    """How often a webhook refused messages, by kind."""
    return who.services.deliveries.refused(who.actor, source_id)


@router.post("/imports", status_code=201, response_model=shown(SourceRow))
def import_file(
    who: Caller, request: Request, file: UploadFile, platform: Annotated[str, Form()],
    zone: Annotated[str, Form()] = "UTC", columns: Annotated[str, Form(alias="map")] = "",
    open_cases: Annotated[bool, Form()] = False,
) -> SourceRow:  # fmt: skip
    """Hand over a CSV or JSON Lines file; rows that can't be used are listed by `/sources/{source_id}/rejected`."""
    require(who.actor, "import")
    options = {"platform": platform, "zone": zone, "map": columns, "open_cases": str(open_cases)}
    with handed_over([file], request.app.state.uploads, options) as (kept,):
        return who.services.sources.import_file(who.actor, kept)


@router.put("/sources/{source_id}/enabled", status_code=204)
def pause_source(who: Caller, source_id: str, asked: Switch) -> None:
    """Pause a source, or let it run again."""
    who.services.sources.set_enabled(who.actor, source_id, asked.enabled)


@router.get("/sources/{source_id}/rejected", response_model=list[shown(Rejected)])  # type: ignore[misc]
def list_rejected(who: Caller, source_id: str) -> list[Rejected]:
    """The newest rows of a source that could not be used, with where they stood and why."""
    return who.services.sources.rejected(who.actor, source_id)


@router.delete("/sources/{source_id}", status_code=204)
def remove_source(who: Caller, source_id: str) -> None:
    """Forget a source; its posts stay."""
    who.services.sources.remove(who.actor, source_id)


@router.get("/accounts", response_model=list[shown(AccountRow)])  # type: ignore[misc]
def list_accounts(who: Caller) -> list[AccountRow]:
    """Our own accounts, without their secrets."""
    return who.services.sources.accounts(who.actor)


@router.post("/accounts", status_code=201, response_model=shown(AccountRow))
def connect(who: Caller, asked: AccountText) -> AccountRow:
    """Connect an account; nothing is kept unless the platform accepts it."""
    return who.services.sources.connect(
        who.actor, asked.platform, asked.base_url, asked.handle, asked.secret.get_secret_value()
    )


@router.post("/accounts/{account_id}/check", response_model=shown(AccountRow))
def recheck(who: Caller, account_id: str) -> AccountRow:
    """Ask the platform again whether the account works."""
    return who.services.sources.recheck(who.actor, account_id)


@router.delete("/accounts/{account_id}", status_code=204)
def disconnect(who: Caller, account_id: str) -> None:
    """Forget an account and its secret."""
    who.services.sources.disconnect(who.actor, account_id)
