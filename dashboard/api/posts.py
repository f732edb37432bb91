"""Posts: searching, reading one and its conversation, correcting what a model said of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from crm.ports.index import Order
from crm.query import QueryError
from crm.usecases.campaigns import Group
from crm.usecases.monitors import Hit
from crm.usecases.search import SearchPage
from dashboard.api import Caller
from dashboard.api.shapes import Asked, Wanted, shown

router = APIRouter(tags=["posts"])


class PostQuery(Wanted):
    """What is searched for, in the query language."""

    query: str = ""
    order: Order = "newest"


class Correction(Asked):
    """A person's answer: sentiment (negative, neutral, positive), urgency (low, normal, high), language, emotion
    (anger, sadness, joy, fear, none) or offence (offensive, other)."""

    post_key: str
    task: Literal["sentiment", "urgency", "language", "emotion", "offence"]
    value: str


class Fault(BaseModel):
    """What is wrong with a query: a stable code, one sentence, and where (line and column from 1)."""

    code: str
    message: str
    line: int
    column: int
    length: int


class Checked(BaseModel):
    """Whether a query can be used; `problem` is null where it can."""

    problem: Fault | None = Field(description="The first fault.")


def checked(error: QueryError | None) -> Checked:
    """The answer for what a check found."""
    if error is None:
        return Checked(problem=None)
    found = Fault(code=error.code, message=str(error), line=error.line, column=error.column, length=error.length)
    return Checked(problem=found)


@router.get("/posts", response_model=shown(SearchPage))
def search(who: Caller, wanted: Annotated[PostQuery, Query()]) -> SearchPage:
    """A page of posts; `spans` are the places in the text that matched."""
    return who.services.search.search(who.actor, wanted.query, wanted.order, wanted.cursor, wanted.limit)


@router.get("/posts/check", response_model=Checked)
def check(who: Caller, query: str) -> Checked:
    """What is wrong with a search."""
    return checked(who.services.search.check(who.actor, query))


@router.get("/posts/one", response_model=shown(Hit))
def get_post(who: Caller, key: str) -> Hit:
    """One post by its key, `platform:id`."""
    return who.services.search.post(who.actor, key)


@router.get("/posts/repeated", response_model=list[shown(Group)])  # type: ignore[misc]
def repeated(who: Caller, query: str = "", limit: Annotated[int, Query(ge=1, le=20)] = 10) -> list[Group]:
    """The largest groups of posts that say nearly the same, each with an example, those of most accounts first."""
    return who.services.campaigns.largest(who.actor, query, limit)


@router.get("/posts/thread", response_model=list[shown(Hit)])  # type: ignore[misc]
def get_thread(who: Caller, key: str) -> list[Hit]:
    """A whole conversation by the `thread_key` of any of its posts, oldest first."""
    return who.services.search.thread(who.actor, key)


@router.post("/posts/correct", status_code=204)
def correct(who: Caller, asked: Correction) -> None:
    """Keep a person's answer; it outranks every model, and the post is understood anew."""
    who.services.corrections.correct(who.actor, asked.post_key, asked.task, asked.value)
