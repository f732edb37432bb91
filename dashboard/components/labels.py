"""What a post wants, feels and speaks of, as small badges; each opens the posts that share it."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from crm.words import EnrichedPost
from dashboard.components.link import link
from dashboard.components.marks import sentiment
from dashboard.context import Language, language
from dashboard.text import t

_TONES = {"praise": "pos", "complaint": "neg", "churn_threat": "neg", "bug_report": "soon", "feature_request": "acc"}
_NOT_SHOWN = ("other", "none", None)


def labels(hit: EnrichedPost) -> Component | None:
    """The line of badges below a text; nothing for ours and where no model is sure of anything."""
    if hit.own:
        return None
    lang = language()
    shown = [_badge("intent", one, _TONES.get(one, ""), lang) for one in hit.wants if one not in _NOT_SHOWN]
    if hit.offence and hit.offence.value == "offensive":
        shown.append(_badge("is", "offensive", "neg", lang))
    if hit.emotion and hit.emotion.value not in _NOT_SHOWN:
        shown.append(_badge("emotion", str(hit.emotion.value), "line", lang))
    shown += [_aspect(one.name, one.sentiment.value, lang) for one in hit.aspects]
    return html.Div(shown, className="row g1 labels") if shown else None


def label_name(field: str, value: str) -> str:
    """How people call a label; a team's own word is its own name."""
    return _named(field, value, language())


def _named(field: str, value: str, lang: Language) -> str:
    key = f"labels.{field}_{value}"
    name = t(key, lang)
    return value if name == key else name


@cache
def _badge(field: str, value: str, tone: str, lang: Language) -> Component:
    return _link([_named(field, value, lang)], f"{field}:{value}", tone)


@cache
def _aspect(name: str, feeling: str | None, lang: Language) -> Component:
    query = f"aspect:{name}/{feeling}" if feeling else f"aspect:{name}"
    return _link([sentiment(feeling), _named("aspect", name, lang)], query, "line")


def _link(inside: list[object], query: str, tone: str) -> Component:
    return link(inside, f"/search?{urlencode({'q': query})}", f"bd plain {tone}".strip())
