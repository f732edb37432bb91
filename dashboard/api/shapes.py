"""How the API describes itself: the structs of the use cases as models that OpenAPI can show.

A handler gives back the use case's struct; ``response_model=shown(Struct)`` turns it into JSON
and into a named schema, so that nothing is written down twice.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, create_model

from crm.ports.dead import DeadLetter
from crm.records.customers import Customer
from crm.records.sources import SourceRow
from crm.records.users import User
from crm.usecases.privacy import Receipt
from crm.words import EnrichedPost

_Some = TypeVar("_Some", bound=Struct)

# A token belongs to one workspace, so its id tells nothing; the rest is of use inside only.
_INSIDE = frozenset({"workspace", "schema", "source_seconds", "span"})
_HIDDEN: Mapping[type[Struct], frozenset[str]] = {
    EnrichedPost: frozenset({"tokens", "revision", "version", "bands"}),
    # In full only by a step of its own, which the audit trail notes.
    Customer: frozenset({"email", "phone"}),
    SourceRow: frozenset({"cursor"}),
    User: frozenset({"preferences"}),
    DeadLetter: frozenset({"value"}),
}
_SIGNED: frozenset[type[Struct]] = frozenset({Receipt})
"""Given out whole: whoever leaves a field away can't have the signature checked."""


class Asked(BaseModel):
    """What a caller sends. A field that is not known is refused, so that a slip of the pen shows."""

    model_config = ConfigDict(extra="forbid")

    def into(self, struct: type[_Some]) -> _Some:
        """The same as the struct that a use case takes."""
        wanted = {name for name in struct.__struct_fields__ if name in type(self).model_fields}
        return msgspec.convert(self.model_dump(include=wanted), struct)


class Wanted(Asked):
    """A page of a list: the `cursor` of the page before, and how many rows."""

    cursor: str | None = Field(None, description="The cursor that came with the page before.")
    limit: int = Field(50, ge=1, le=100)


class Count(BaseModel):
    """How many things a step reached."""

    count: int


class Refusal(BaseModel):
    """Why a call failed. `error` is a stable code, `message` one English sentence.

    A query that can't be used has `code`, and `line`, `column` (from 1) and `length` of the fault.
    """

    error: Literal[
        "invalid_input",
        "unauthorised",
        "forbidden",
        "not_found",
        "conflict",
        "too_large",
        "rate_limited",
        "try_again",
        "failed",
    ]
    message: str
    code: str | None = None
    line: int | None = None
    column: int | None = None
    length: int | None = None


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No valid token."},
    403: {"model": Refusal, "description": "The role does not allow this."},
    404: {"model": Refusal, "description": "Not there, or not in this workspace."},
    409: {"model": Refusal, "description": "Somebody changed it first, or it can't be done now."},
    413: {"model": Refusal, "description": "The body is larger than is taken at once."},
    422: {"model": Refusal, "description": "What was sent can't be used."},
    429: {"model": Refusal, "description": "Too often; `Retry-After` says when to come again."},
    503: {"model": Refusal, "description": "Busy; the same call may succeed later."},
}


@functools.cache
def shown(struct: type[Struct]) -> type[BaseModel]:
    """A model with the fields and properties of `struct`, its name and its words; nested structs too."""
    hidden = frozenset() if struct in _SIGNED else _INSIDE | _HIDDEN.get(struct, frozenset())
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        if field.name not in hidden:
            # What is given back is always whole, so nothing in an answer is optional.
            fields[field.name] = (_type(field.type), ...)
    for name, made in vars(struct).items():
        if isinstance(made, property) and made.fget is not None and name not in hidden:
            said = get_type_hints(made.fget)["return"]
            fields[name] = (_type(said), Field(description=getdoc(made)))
    return create_model(struct.__name__, __doc__=getdoc(struct), __module__=struct.__module__, **fields)


def _type(said: Any) -> Any:
    if isinstance(said, type) and issubclass(said, Struct):
        return shown(said)
    kind, inside = get_origin(said), tuple(_type(one) for one in get_args(said))
    if kind is None or kind is Literal:
        return said
    if kind in (Union, UnionType):
        return functools.reduce(operator.or_, (None if one is NoneType else one for one in inside))
    return dict[inside] if issubclass(kind, Mapping) else kind[inside]  # type: ignore[misc, valid-type]
