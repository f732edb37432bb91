"""A row of the trail as the page shows it: who, the sentence with its link, what is stored behind a disclosure."""

from __future__ import annotations

from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from crm.records.audit import AuditRow
from crm.usecases.trail import Thing, TrailPage
from dashboard.admin.audit.sentences import sentence
from dashboard.components import avatar, badge, icon, link, name
from dashboard.dates import clock, full, stamp
from dashboard.text import t

GAP = "\ufffc"
"""Stands in a sentence for what it is about until that is put in as a link; no text holds it."""

_KINDS = (
    ("case", ("case_", "reply_")),
    ("customer", ("customer_", "contact_", "identity_")),
    ("template", ("template_",)),
    ("rule", ("rule_",)),
    ("view", ("view_",)),
)
_PLACES = {"case": "/inbox?case={}", "customer": "/customers/{}", "monitor": "/monitors/{}"}


def when(row: AuditRow) -> Component:
    """The clock, and the day before it where that is not today."""
    short, at = stamp(row.at), clock(row.at)
    shown = at if short == at else f"{short}{t('common.comma')} {at}"
    return html.Span(shown, className="num c2 nowrap", title=full(row.at))


def who(actor: str, people: dict[str, str]) -> Component:
    """Somebody of the team, a rule, or Shenava itself."""
    if actor in people:
        return html.Span([avatar(people[actor], 24), name(people[actor], "cut")], className="row")
    kind = "rule" if actor.startswith("rule:") else "system"
    mark = html.Span(icon("bolt" if kind == "rule" else "server", 12), className="av s24")
    return html.Span([mark, t(f"audit.by_{kind}")], className="row")


def told(row: AuditRow, page: TrailPage) -> Component:
    """The sentence, the title of the case that it is about, and what is stored."""
    key, words = sentence(row, page)
    before, gap, after = t(f"audit.said_{key}", None, on=GAP, **words).partition(GAP)
    said = [before, *([_subject(row, page), after] if gap else [])]
    kind, key = _about(row)
    title = page.things[key].name if kind == "case" and key in page.things else ""
    under = name(title, "t12 c3 cut") if title else None
    return html.Div([html.Span(said, className="w5"), under, _stored(row, page.people)], className="col starts")


def sealed(row: AuditRow) -> Component:
    """Whether the row stands in the chain."""
    mark = icon("lock", 14, label=t("audit.sealed")) if row.sealed else icon("clock", 14, label=t("audit.unsealed"))
    return html.Span(mark, className="c3")


def _about(row: AuditRow) -> tuple[str, str]:
    """The kind and the id of what a row is about; of a reply that is its case."""
    kind = next((kind for kind, starts in _KINDS if row.action.startswith(starts)), "")
    if not kind:
        kind = next((one for one in ("monitor", "source", "account") if row.action.endswith(f"_{one}")), "person")
    return kind, str((row.detail or {}).get("case", row.subject)) if kind == "case" else row.subject


def _subject(row: AuditRow, page: TrailPage) -> Component:
    kind, key = _about(row)
    if kind == "person":
        return name(page.people.get(key, t("audit.somebody")))
    there = page.things.get(key)
    if there is None:
        return _gone(row, kind)
    place = _PLACES.get(kind)
    said = name(_called(kind, there))
    return link(said, place.format(quote(key))) if place else said


def _called(kind: str, thing: Thing) -> str:
    return t(f"audit.the_{kind}", name=f"#{thing.number}" if kind == "case" else thing.name)


def _gone(row: AuditRow, kind: str) -> Component:
    detail = row.detail or {}
    then = str(detail.get("name") or detail.get("shortcut") or "")
    return name(_called(kind, Thing(then))) if then else html.Span(t(f"audit.gone_{kind}"))


def _stored(row: AuditRow, people: dict[str, str]) -> Component:
    if row.detail is None:
        return html.Span(t("audit.erased"), className="t12 c3")
    pairs = [("action", row.action), ("subject", row.subject), *row.detail.items()]
    parts = [
        badge(
            html.Span([html.Span(f"{key} ", className="c3"), html.Bdi(_value(value, people))], className="cut"), "line"
        )
        for key, value in pairs
    ]
    inside = html.Div(parts, className="row wraps g1", dir="ltr")
    return html.Details([html.Summary(t("audit.details")), inside], className="exact")


def _value(value: object, people: dict[str, str]) -> str:
    if isinstance(value, bool) or value is None:
        return t("audit.nothing_said") if value is None else t("team.yes" if value else "team.no")
    if isinstance(value, list):
        return f"{t('common.comma')} ".join(_value(one, people) for one in value)
    return people.get(str(value), str(value)[:80])
