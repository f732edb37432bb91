"""Pictures that go out with an answer: those of the draft in the composer, and those of answers in the thread."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.policies.files import LARGEST, FileInfo
from crm.ports.responder import WayRule
from crm.usecases.views import CaseView
from dashboard.components import icon
from dashboard.markup import element
from dashboard.numbers import number
from dashboard.text import t


def address(info: FileInfo) -> str:
    """Where the browser finds a file."""
    return f"/api/v1/files/{info.id}"


def add_button(rules: Sequence[WayRule]) -> Component | None:
    """The button that chooses pictures; none where no way takes any. p-inbox-pictures.js shows it where one does."""
    kinds = sorted({kind for rule in rules if rule.media and rule.allowed for kind in rule.media.kinds})
    if not kinds:
        return None
    chooser = element("input", type="file", id="inbox-file", accept=",".join(kinds), multiple=True, hidden=True)
    button = html.Button(
        icon("paperclip", 16), type="button", className="btn ghost sm for-answer", id="inbox-add-file",
        title=t("inbox.add_picture"), hidden=True, **{"aria-label": t("inbox.add_picture")},
    )  # fmt: skip
    return html.Span([button, chooser], className="row")


def strip(view: CaseView) -> Component:
    """The pictures of the draft; p-inbox-pictures.js adds to it from the form in its data."""
    files = view.files.get(view.draft.id, ()) if view.draft else ()
    return html.Div(
        [_tile(one) for one in files],
        id="inbox-files",
        className="pictures for-answer",
        **{
            "data-remove": t("inbox.remove_picture"),
            "data-alt": t("inbox.describe_picture"),
            "data-hint": t("inbox.describe_hint"),
            "data-many": t("inbox.too_many_pictures"),
            "data-failed": t("inbox.picture_failed"),
            "data-most": str(LARGEST),
            "data-large": t("error.file_large", most=number(LARGEST / 1e6)),
        },
    )


def _tile(info: FileInfo) -> Component:
    """One picture with its words; p-inbox-pictures.js draws a new one in the same form."""
    words = element(
        "input", type="text", class_="in", value=info.alt, maxlength=2000, dir="auto",
        placeholder=t("inbox.describe_hint"), aria_label=t("inbox.describe_picture", name=info.name),
    )  # fmt: skip
    remove = html.Button(
        icon("x", 14), type="button", className="btn ghost sm", title=t("inbox.remove_picture", name=info.name),
        **{"aria-label": t("inbox.remove_picture", name=info.name)},
    )  # fmt: skip
    return html.Div(
        [html.Img(src=address(info), alt=info.alt or info.name), words, remove],
        className="picture",
        **{"data-file": info.id},
    )


def sent_with(files: Sequence[FileInfo]) -> Component | None:
    """The pictures of an answer in the thread, each a link to itself; what is no longer kept is told in words."""
    return html.Div([_sent(one) for one in files], className="pictures sent") if files else None


def _sent(info: FileInfo) -> Component:
    words = info.alt or info.name
    if not info.kept:
        return html.Span([icon("paperclip", 14), html.Bdi(words)], className="row g1 c3 t12",
                         title=t("inbox.picture_not_kept"))  # fmt: skip
    picture = html.Img(src=address(info), alt=words)
    return html.A(picture, href=address(info), target="_blank", rel="noopener", title=words)


def parts(view: CaseView) -> Component:
    """The offer to send a text that is too long as several posts; filled in by p-inbox-pictures.js."""
    threaded = view.draft is not None and view.draft.as_thread
    return html.Div(
        [
            html.Label(
                [
                    element("input", type="checkbox", id="inbox-thread", checked=threaded),
                    html.Span(id="inbox-thread-label"),
                ],
                className="row g1 t13",
            ),
            html.Details([html.Summary(t("inbox.see_parts")), html.Ol(id="inbox-parts-list")], className="t13"),
        ],
        id="inbox-parts",
        className="parts for-answer",
        hidden=True,
    )
