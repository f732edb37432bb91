"""The thread: posts, our answers, notes and events in the order of time."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from crm.policies.access import may
from crm.policies.files import FileInfo
from crm.records.users import User
from crm.usecases.views import CaseView, ThreadItem
from crm.words import EnrichedPost, Media
from dashboard.components import avatar, badge, handle, icon, labels, name, said, sentiment_of
from dashboard.context import actor
from dashboard.inbox.acting import buttons, is_hidden, marks
from dashboard.inbox.events import event
from dashboard.inbox.outgoing import outgoing
from dashboard.inbox.parts import clean_language, does, foreign, item, language_name, menu, said_at
from dashboard.inbox.pictures import sent_with
from dashboard.numbers import compact
from dashboard.text import t

MOODS = ("negative", "neutral", "positive")


def items(view: CaseView, people: Sequence[User]) -> list[Component]:
    """Everything in the thread, oldest first."""
    drawn = []
    following = (*view.items[1:], None)
    for one, after in zip(view.items, following, strict=True):
        linked = after is not None and after.kind in ("post", "reply")
        part = _one(one, view, people, linked=linked)
        if part is not None:
            drawn.append(part)
    return drawn


def _one(one: ThreadItem, view: CaseView, people: Sequence[User], *, linked: bool) -> Component | None:
    if one.post is not None:
        files = view.files.get(one.reply.id, ()) if one.reply else ()
        return post(one, one.post, linked=linked, files=files)
    if one.note is not None:
        return note(one)
    if one.reply is not None:
        return outgoing(one, one.reply, view)
    return event(one, people)


def post(one: ThreadItem, hit: EnrichedPost, *, linked: bool = False, files: Sequence[FileInfo] = ()) -> Component:
    """A post with what is known about it; ours say who wrote and who approved them, and show the `files` they had."""
    said_by = hit.post.author
    called = said_by.name or said_by.handle or t("inbox.somebody")
    states = {"our": hit.own, "link": linked, "hid": is_hidden(one.acts)}
    classes = " ".join(["m", *(state for state, on in states.items() if on)])
    title = html.B(hit.post.title, dir="auto", className="say w6") if hit.post.title else None
    body = html.Div(
        [
            _who(one, hit, called),
            title,
            said(hit.post.text, clean_language(hit.language.value or "")),
            labels(hit),
            sent_with(files),
            *map(_media, () if files else hit.post.media),
            _foot(one, hit),
        ],
        className="col grow",
    )
    picture = avatar(called, me=hit.own, platform="" if hit.own else hit.post.platform)
    return html.Article([picture, body], className=classes, key=one.id, **{"data-post": hit.post.key})


def _who(one: ThreadItem, hit: EnrichedPost, called: str) -> Component:
    at = hit.post.author.handle
    parts = [
        html.B(name(called), className="cut"),
        html.Span(handle(f"@{at.lstrip('@')}"), className="t cut") if at and at != called else None,
        _hands(one) if hit.own else None,
        badge(t("inbox.new"), "acc") if one.new else None,
        badge(language_name(hit.language.value or ""), "line", "language")
        if foreign(hit.language.value or "")
        else None,
        *marks(one.acts, hit.post.key),
        said_at(one.at),
    ]
    return html.Div(parts, className="who")


def _hands(one: ThreadItem) -> Component | None:
    """Who wrote and who approved an answer of ours."""
    text = written_by(one)
    return html.Span([icon("checks", 14), html.Span(text, className="cut")], className="t row g1") if text else None


def written_by(one: ThreadItem) -> str:
    """``By Jo, approved by Ines``; empty for what was said outside of the console."""
    if one.writer is None:
        return ""
    if one.approver is None or one.approver.id == one.writer.id:
        return t("inbox.by", writer=one.writer.name)
    return t("inbox.by_approved", writer=one.writer.name, approver=one.approver.name)


def _media(media: Media) -> Component:
    """A picture or video as a link; nothing is fetched from elsewhere."""
    words = media.alt or t(f"inbox.media_{media.kind if media.kind in ('image', 'video') else 'other'}")
    if not media.url.startswith(("https://", "http://")):
        return html.Span([icon("paperclip", 14), html.Bdi(words)], className="media row g1")
    return html.A(
        [icon("paperclip", 14), html.Bdi(words, className="cut")],
        href=media.url,
        target="_blank",
        rel="noopener noreferrer",
        className="media row g1",
    )


def _foot(one: ThreadItem, hit: EnrichedPost) -> Component:
    counts = hit.post.counts
    shown = (
        ("repeat", counts.reposts, "common.reposts"),
        ("heart", counts.likes, "common.likes"),
        ("message-circle", counts.replies, "common.replies"),
    )
    counted = [html.Span([icon(mark, 14), compact(count)], title=t(key)) for mark, count, key in shown if count]
    done = buttons(one.acts, hit.post.key)
    return html.Div([*counted, None if hit.own else mood(hit), _open(hit), *done], className="act")


def _open(hit: EnrichedPost) -> Component | None:
    if not hit.post.url.startswith(("https://", "http://")):
        return None
    return html.A(
        [icon("external-link", 14), t("common.open_on_platform")],
        href=hit.post.url,
        target="_blank",
        rel="noopener noreferrer",
        className="row g1 plain outward",
    )


def mood(hit: EnrichedPost) -> Component:
    """The sentiment in words; who may correct it opens the choices by a click on it."""
    shown = sentiment_of(hit.sentiment, words=True)
    if not may(actor(), "correct"):
        return shown
    target = html.Button(
        shown, type="button", className="mood-pick", title=t("inbox.correct"), **{"aria-label": t("inbox.correct")}
    )
    lines = [
        item(
            html.Span([html.Span(className=f"mood {mark}"), t(f"common.sentiment_{one}")], className="row"),
            does("correct", post=hit.post.key, value=one),
            on=one == hit.sentiment.value,
        )
        for one, mark in zip(MOODS, "nup", strict=True)
    ]
    return menu(target, lines, label=t("inbox.correct_label"))


def note(one: ThreadItem) -> Component:
    """An internal note."""
    assert one.note is not None
    writer = one.writer.name if one.writer else t("inbox.somebody")
    lock = html.Span([icon("lock", 12), t("inbox.note_private")], className="lab")
    when = said_at(one.at)
    return html.Article(
        [
            avatar(writer),
            html.Div(
                [
                    html.Div([html.B(name(writer), className="w6"), lock, when], className="who row"),
                    said(one.note.text),
                ],
                className="col grow",
            ),
        ],
        className="note",
        key=one.id,
    )
