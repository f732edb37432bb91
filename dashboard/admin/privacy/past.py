"""What was erased, the check of a receipt, and how long things are kept."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.records.tombstones import Stopped
from crm.usecases.privacy import Erased, ErasedPage, Kept, Receipt, read_receipts
from dashboard.admin.privacy.receipt import download
from dashboard.admin.step import Panel, Shown, Step, act, does
from dashboard.components import alert, bar, button, card, empty, icon, link_button, name, table
from dashboard.context import services
from dashboard.dates import full, stamp
from dashboard.numbers import number
from dashboard.text import t, tn


def past(page: ErasedPage, *, paged: bool) -> Component:
    """The list of erasures, newest first."""
    if not page.rows:
        return card(empty(t("privacy.none"), t("privacy.none_why"), icon_name="shield-check"), title=t("privacy.past"),
                    beside=_check())  # fmt: skip
    heads = [t("privacy.when"), t("privacy.by"), t("privacy.what"), ""]
    rows: list[list[object]] = [[_when(one), _by(one), _what(one), _state(one)] for one in page.rows]
    newer = link_button(t("privacy.newest"), "/privacy", kind="sm") if paged else None
    older = link_button(t("privacy.older"), f"/privacy?before={page.before}", kind="sm") if page.before else None
    pager = html.Div([newer, older], className="row ends pager") if newer or older else None
    return card(table(heads, rows, caption=t("privacy.past"), end=frozenset({3}), class_="stack"), pager,
                title=t("privacy.past"), beside=_check())  # fmt: skip


def _check() -> Component:
    return act(t("privacy.verify"), "privacy", "verify", icon_name="shield-check")


def _when(one: Erased) -> Component:
    return html.Span(stamp(one.at), className="num c2 nowrap", title=full(one.at))


def _by(one: Erased) -> Component:
    return name(one.by) if one.by else html.Span(t("privacy.by_command"), className="c2")


def _what(one: Erased) -> Component:
    if one.receipt is None:
        return html.Div(
            [
                html.Span(t("privacy.step", n=one.step, of=one.steps), className="t12 c2"),
                bar(one.step / one.steps, label=t("privacy.step", n=one.step, of=one.steps)),
                html.Span(t("privacy.cut_short"), className="t12 c3"),
            ],
            className="col starts g1 privacy-step",
        )
    parts = [tn("privacy.n_posts", one.receipt.posts), tn("privacy.n_cases", one.receipt.cases)]
    return html.Span(f"{t('common.comma')} ".join(parts), className="num")


def _state(one: Erased) -> Component | None:
    return download(one.id) if one.receipt else None


def ask_verify(_step: Step) -> Shown:
    """The dialog that takes the file of a receipt."""
    return Shown(dialog=_verify_panel())


def _verify_panel(problem: str = "") -> Panel:
    choose = html.Button([icon("upload", 20), html.Span(t("privacy.choose_file"), className="grow cut")], type="button",
                         className="drop", **{"data-pick": ".json,.jsonl,.txt"})  # fmt: skip
    ends = [
        act(t("common.cancel"), "privacy", "close", kind=""),
        button(t("privacy.verify"), kind="pri", type="submit"),
    ]
    inside = [
        html.P(t("privacy.verify_about"), className="c2"),
        choose,
        html.Span(html.Bdi(problem), className="wrong t12", role="alert") if problem else None,
        html.Div(html.I(), className="progress"),
        html.Div(ends, className="row ends"),
    ]
    upload = {**does("privacy", "verified"), "data-upload": "/privacy/verify"}
    return Panel(t("privacy.verify"), html.Form(inside, className="aform", **upload))


def judge(text: bytes) -> str:
    """``genuine/all`` of the receipts in a file. Raises InvalidInputError, ForbiddenError."""
    found: Sequence[Receipt] = read_receipts(text)
    return f"{sum(services().privacy.verify(one) for one in found)}/{len(found)}"


def verified(step: Step) -> Shown:
    """What the check of a file found."""
    genuine, _, total = step.of.partition("/")
    if not (genuine.isdecimal() and total.isdecimal()):
        return Shown(dialog=_verify_panel(step.text("problem") or t("privacy.no_file")))
    good = genuine == total
    said = tn("privacy.genuine", int(total)) if good else t("privacy.not_genuine", n=int(total) - int(genuine),
                                                            of=int(total))  # fmt: skip
    ends = html.Div(act(t("common.close"), "privacy", "close", kind="pri"), className="row ends")
    shown = alert(said, "acc" if good else "neg", "shield-check" if good else "alert-triangle")
    return Shown(dialog=Panel(t("privacy.verify"), html.Div([shown, ends], className="col g3")))


def keeping(kept: Kept) -> Component:
    """How long what was erased lives on where nobody can read it, and how long everything else is kept."""
    stream = t("privacy.stream_at_once") if kept.stream_hours is None else tn("privacy.hours", round(kept.stream_hours))
    index = tn("privacy.months", kept.index_months) if kept.index_months else t("privacy.for_ever")
    facts = [("keep_index", index), ("keep_stream", stream), ("keep_backups", tn("privacy.days", kept.backups_days))]
    parts = [part for key, said in facts for part in (html.Dt(t(f"privacy.{key}")), html.Dd(said))]
    return card(html.Dl(parts, className="facts"), html.P(t("privacy.keep_about"), className="t12 c3"),
                title=t("privacy.keep"), class_="roomy")  # fmt: skip


def stop_list(stopped: Sequence[Stopped]) -> Component:
    """How many must not come back; nobody can read who they are."""
    counts = {(one.kind, one.reason): one.count for one in stopped}
    rows: list[list[object]] = [
        [t(f"privacy.stop_{kind}"), number(counts.get((kind, "erased"), 0)), number(counts.get((kind, "platform"), 0))]
        for kind in ("author", "post", "customer")
    ]
    heads = ["", t("privacy.stop_erased"), t("privacy.stop_platform")]
    about = html.P(t("privacy.stop_about"), className="t12 c3")
    counted = table(heads, rows, caption=t("privacy.stop"), end=frozenset({1, 2}))
    return card(counted, about, title=t("privacy.stop"), class_="roomy")
