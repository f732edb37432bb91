"""What went wrong, in the viewer's language where the error has a kind of its own, else its own sentence."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from crm.errors import NotFoundError, RetryableError, StoreError
from crm.policies.access import ALLOWED, ROLES, ForbiddenError
from crm.policies.cases import CaseChangedError, DemoColleagueError
from crm.policies.replies import AlreadyAnsweredError, ReplyChangedError, ReplyStateError
from crm.query import QueryError
from crm.usecases.customers import TiedElsewhereError
from dashboard.components import alert, handle
from dashboard.components.query_text import explain, explained
from dashboard.dates import clock
from dashboard.text import t


def problem(error: Exception) -> str:
    """The sentence of an error."""
    match error:
        case QueryError():
            return explained(error)
        case ForbiddenError():
            able = [t(f"inbox.role_{role}") for role in ROLES if error.action in ALLOWED[role]]
            return t("inbox.error_forbidden", roles=t("inbox.list_comma").join(able))
        case CaseChangedError():
            return t("inbox.error_changed", who=error.who, time=clock(error.at))
        case AlreadyAnsweredError():
            return t("inbox.error_answered", who=t("inbox.list_comma").join(dict.fromkeys(error.names)))
        case ReplyChangedError():
            return t("inbox.error_text_changed")
        case ReplyStateError():
            return t("inbox.error_reply_state", status=t(f"inbox.reply_{error.old}"))
        case TiedElsewhereError():
            return t("inbox.error_tied", name=error.customer)
        case DemoColleagueError():
            return t("inbox.error_demo_colleague", name=error.name)
        case NotFoundError():
            return t("inbox.error_gone")
        case RetryableError() | StoreError():
            return t("inbox.error_later")
    return str(error)


def trouble(error: Exception, *more: Component) -> Component:
    """The line that stands in the pane where something failed; `more` are ways out of it."""
    told = problem(error)
    # A sentence of the program itself is English, whatever the language of the page.
    said = html.Bdi(told, dir="ltr") if told == str(error) else html.Span(told)
    return alert(html.Span([said, *more], className="row wraps"), "neg", "alert-circle")


def fault_in(error: QueryError, text: str) -> Component:
    """A search that can't be answered, with its fault marked."""
    end = error.start + error.length
    marked = handle("")
    marked.children = [text[: error.start], html.Mark(text[error.start : end] or " "), text[end:]]
    marked.className = "code wrap-any"
    return html.Div([html.P(marked, dir="auto", className="qfault"), explain(error)], className="qwrong")
