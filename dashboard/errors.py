"""What went wrong, in the viewer's language.

A raised error is told by its class and what it carries; one that the records keep by the name of its class; a
rejected row, an option and an account by a code. Where none is known here, the program's own sentence
stands: it is English, and marked as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dash import html
from dash.development.base_component import Component

from crm.errors import NotFoundError, RateLimitedError, RetryableError, StoreError
from crm.policies.access import ALLOWED, ROLES, ForbiddenError
from crm.policies.cases import CaseChangedError, DemoColleagueError
from crm.policies.files import FileDroppedError, FileRefusedError
from crm.policies.parts import MOST, TooLongForPartsError
from crm.policies.passwords import WeakPasswordError
from crm.policies.replies import (
    AlreadyAnsweredError,
    ReplyChangedError,
    ReplyStateError,
    SaidAlreadyError,
    WayClosedError,
)
from crm.ports.signin import SignInRefusedError
from crm.ports.source import Problem, Rejected
from crm.ports.transport import BrokenConnectionError, ForbiddenAddressError, UnreachableError, UnreadableAnswerError
from crm.query import MESSAGES, QueryError
from crm.usecases.accounts import AlreadySetUpError
from crm.usecases.acts import ActAccountGoneError, ActClosedError, ActCrossedError, ActLaterError, ActRefusedError
from crm.usecases.customers import TiedElsewhereError
from crm.usecases.monitors import MonitorChangedError
from crm.usecases.signing import NoAppError
from crm.usecases.sources import AccountRefusedError, SourceProblemsError
from crm.usecases.team import EmailTakenError, LastAdministratorError
from dashboard.context import language
from dashboard.dates import clock
from dashboard.numbers import number
from dashboard.text import has, isolated, t

Area = Literal["source", "reply", "dead"]
"""Of what the records keep an error: of a source, a reply or a dead letter."""

_PLAIN: Mapping[type[Exception], str] = {
    ReplyChangedError: "text_changed",
    SaidAlreadyError: "said_already",
    WayClosedError: "way_closed",
    ActClosedError: "act_closed",
    LastAdministratorError: "last_administrator",
    AlreadySetUpError: "set_up",
    FileDroppedError: "picture_dropped",
    NotFoundError: "gone",
    RetryableError: "later",
    StoreError: "store",
}
"""Errors whose class says everything, subclasses before their bases."""
_NUMBERS = frozenset({"number", "has", "names"})


def sentence(error: Exception) -> str:
    """One sentence about a raised error; the program's own where the catalogue has none."""
    match error:
        case QueryError():
            return explained(error)
        case SourceProblemsError():
            return " ".join(map(option_problem, error.problems))
        case WeakPasswordError():
            return t(f"setup.password_{error.code}")
        case AccountRefusedError():
            return account_problem(error.problem)
        case SignInRefusedError():
            return t(f"error.sign_in_{error.problem}")
        case NoAppError():
            return t("error.sign_in_app")
        case ForbiddenError():
            able = [t(f"inbox.role_{role}") for role in ROLES if error.action in ALLOWED[role]]
            return t("error.forbidden", roles=_listed(able))
    return _of_work(error) or _of_acts(error) or _of_elsewhere(error) or _plain(error) or str(error)


def _of_work(error: Exception) -> str:
    """What stands in the way of somebody's work; empty where it is something else."""
    match error:
        case CaseChangedError():
            return t("error.changed", who=error.who, time=clock(error.at))
        case AlreadyAnsweredError():
            return t("error.answered", who=_listed(list(dict.fromkeys(error.names))))
        case FileRefusedError():
            return t(f"error.file_{error.code}", name=error.name, most=number(error.most))
        case TooLongForPartsError():
            return t("error.too_many_parts", most=number(MOST))
        case ReplyStateError():
            return t("error.too_late", status=t(f"inbox.reply_{error.old}"))
        case TiedElsewhereError():
            return t("error.tied", name=error.customer)
        case DemoColleagueError():
            return t("error.demo_colleague", name=error.name)
        case MonitorChangedError():
            return t("error.monitor_changed", name=error.name)
        case EmailTakenError():
            return t("error.email_taken", email=error.email)
    return ""


def _of_acts(error: Exception) -> str:
    """Why nobody liked or hid a post; empty where it is something else."""
    match error:
        case ActRefusedError():
            return t(f"error.act_{error.problem}", where=_platform(error.platform), said=error.said)
        case ActAccountGoneError():
            return t("error.act_account_gone", where=_platform(error.platform))
        case ActLaterError():
            return t("error.act_later", where=_platform(error.platform))
        case ActCrossedError():
            return t("error.act_crossed", where=_platform(error.platform))
    return ""


def _platform(name: str) -> str:
    """What a platform is called."""
    return t(f"inbox.platform_{name}") if has(f"inbox.platform_{name}") else name.title()


def _of_elsewhere(error: Exception) -> str:
    """What another server did to a request of ours; empty where it is something else."""
    match error:
        case RateLimitedError():
            return t("error.source_RateLimitedError", where=error.who)
        case UnreachableError() | BrokenConnectionError() | UnreadableAnswerError() | ForbiddenAddressError():
            return t(f"error.source_{type(error).__name__}", where=error.target)
    return ""


def _plain(error: Exception) -> str:
    found = next((key for kind, key in _PLAIN.items() if isinstance(error, kind)), "")
    return t(f"error.{found}") if found else ""


def _listed(names: list[str]) -> str:
    return t("inbox.list_comma").join(names)


def plain_sentence(error: Exception) -> str:
    """Like :func:`sentence`, for places that take no more than text: English is isolated from the words around it."""
    said = sentence(error)
    return isolated(said, language()) if said == str(error) else said


def sentence_part(error: Exception) -> Component:
    """Like :func:`sentence`, as a part of a page."""
    said = sentence(error)
    return program_said(said) if said == str(error) else html.Span(said)


def explained(error: QueryError) -> str:
    """What is wrong with a query, in one sentence of the viewer's language, without its place."""
    if error.code not in MESSAGES:
        return str(error)
    shown: dict[str, Any] = {name: _quoted(name, value) for name, value in error.params.items()}
    return t(f"query.{error.code}", **shown)


def _quoted(name: str, value: str) -> str:
    return value if name in ("limit", "characters", "field") else f"\u2068{value}\u2069"


def kept(area: Area, kind: str | None, sentence: str, where: str = "") -> Component:
    """An error that the records keep: its class `kind`, its English `sentence`, and at which place it happened."""
    if not has(f"error.{area}_{kind}"):
        return program_said(sentence)
    return html.Span(t(f"error.{area}_{kind}", where=where))


def in_full(area: Area, kind: str | None, sentence: str) -> Component | None:
    """The program's own words behind a disclosure, for whoever has to find the fault; None where they stand already."""
    if not has(f"error.{area}_{kind}"):
        return None
    words = html.P(program_said(sentence), className="t12 c2 wrap-any")
    return html.Details([html.Summary(t("error.exact_words")), words], className="exact")


def program_said(sentence: str) -> Component:
    """A sentence of the program itself: English, whatever the page's language."""
    return html.Bdi(sentence, lang="en", dir="ltr")


def rejected(row: Rejected) -> Component:
    """Why a row or an item could not become a post; rows of older versions have only the English sentence."""
    if not has(f"error.row_{row.code}"):
        return program_said(row.reason)
    return html.Span(t(f"error.row_{row.code}", **_counted(row.params)))


def place_of(row: Rejected) -> Component:
    """Where a rejected row stood: a line or an item by its number, else an address or a cursor."""
    unit, _, number = row.where.partition(" ")
    if number.isdecimal() and has(f"error.at_{unit}"):
        return html.Span(t(f"error.at_{unit}", n=int(number)), className="t12 c3 num")
    return html.Bdi(row.where, className="h code t12 c3 wrap-any")


def option_problem(found: Problem) -> str:
    """What is wrong with an option of a source."""
    return t(f"source.problem_{found.code}", **_counted(found.params))


def _counted(params: Mapping[str, str]) -> dict[str, Any]:
    """Parameters with the numbers among them as such, so that they get the digits of the language."""
    return {name: int(value) if name in _NUMBERS and value.isdecimal() else value for name, value in params.items()}


def account_problem(found: str) -> str:
    """Why one of our accounts can't be used: a code has a text, anything else is a sentence already."""
    if has(f"error.account_{found}"):
        return t(f"error.account_{found}")
    return isolated(found, language()) if found else t("error.account_refused")
