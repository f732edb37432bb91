"""Near-duplicates as one: how many more there are of a hit, and the texts that were said most often."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.query import render
from crm.query.tree import Field
from crm.usecases.campaigns import Folded, Group
from dashboard.components import empty, icon, link, link_button, said
from dashboard.dates import full
from dashboard.mentions.cards import by_line, language_of
from dashboard.text import t, tn

VIEW = "repeated"


def address(text: str) -> str:
    """The page of the texts that were said most often in a search."""
    return f"/search?{urlencode({'q': text, 'view': VIEW} if text else {'view': VIEW})}"


def members(post_key: str, text: str) -> str:
    """The page of a search narrowed to the near-duplicates of a post."""
    alike = render(Field("alike", ":", post_key))
    return f"/search?{urlencode({'q': f'({text}) {alike}' if text else alike})}"


def more(one: Folded, text: str) -> Component | None:
    """The line below a hit that stands for others; it opens them."""
    if one.group is None:
        return None
    group = one.group
    says = tn("search.more_alike", group.posts - 1), " · ", tn("search.accounts", group.accounts)
    about = [t("search.about"), " "] if group.about else []
    return link([icon("copy", 14), html.Span([*about, *says])], members(group.example.post.key, text),
                "row g1 alike", title=_when(group))  # fmt: skip


def groups(found: Sequence[Group], text: str) -> Component:
    """The texts that were said most often, each with an example, and the way back."""
    back = link_button(t("search.all_posts"), f"/search?{urlencode({'q': text})}" if text else "/search", kind="sm",
                       icon_name="arrow-left", flip=True)  # fmt: skip
    title = html.H2(t("search.repeated"), className="t16")
    bar = html.Div([title, html.Div(back, className="row end")], className="row wraps")
    why = html.P(t("search.repeated_why"), className="t12 c3")
    if not found:
        nothing = empty(t("search.repeated_none"), t("search.repeated_none_why"), None, "copy")
        return html.Div([bar, nothing], className="col g3")
    cards = html.Div([_card(group, text) for group in found], className="card hits", role="feed",
                     **{"aria-label": t("search.repeated")})  # fmt: skip
    return html.Div([bar, why, cards], className="col g3")


def _card(group: Group, text: str) -> Component:
    one = group.example
    about = [t("search.about"), " "] if group.about else []
    count = [*about, html.B(tn("search.total", group.posts)), " · ", html.B(tn("search.accounts", group.accounts))]
    head = html.Div(
        [icon("copy", 14), html.Span(count), html.Span(_when(group), className="end t12 c3")], className="by"
    )
    open_ = link([icon("layout-list", 14), t("search.open_repeated")], members(one.post.key, text), "row g1 plain")
    inside = [head, by_line(one), said(one.post.text, language_of(one)), html.Div(open_, className="foot")]
    return html.Article(inside, className="post hit", tabIndex="-1", **{"data-post": one.post.key})


def _when(group: Group) -> str:
    if group.first == group.last:
        return full(group.first)
    return t("search.from_to", first=full(group.first), last=full(group.last))
