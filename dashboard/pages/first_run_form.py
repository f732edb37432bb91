"""The form of the first visit and what was written into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from dash import html
from dash.development.base_component import Component
from starlette.datastructures import FormData
from starlette.responses import Response

from crm.policies.passwords import SHORTEST
from crm.ports.source import Option
from dashboard.admin.health.add import hint_of
from dashboard.components.icon import icon
from dashboard.components.marks import made_up, sentiment
from dashboard.components.states import alert
from dashboard.context import services, viewer
from dashboard.document import brand_line, document
from dashboard.markup import Element, element
from dashboard.numbers import number
from dashboard.pages.login import field as text_field
from dashboard.pages.login import password_field
from dashboard.settings import ConsoleSettings
from dashboard.text import t

OFFERED = (("jetstream", "bluesky"), ("mastodon", "mastodon"), ("feed", "rss"))
"""Kinds of sources that need no key, with the platform of their mark."""

FILE_PLATFORMS = ("x", "instagram", "telegram", "facebook", "youtube", "reddit")
"""Where the posts of an uploaded file may come from."""

EXAMPLES = {"feed.url": "https://news.example/rss"}
"""What stands in an empty field where its label says too little."""

Wrong = Mapping[str, str]


@dataclass
class Given:
    """What somebody wrote into the form; the password is never shown again."""

    email: str = ""
    password: str = ""
    token: str = ""
    brand: str = ""
    synonyms: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=lambda: {"on.jetstream": "on"})

    @classmethod
    def of(cls, data: FormData) -> Given:
        """From a posted form."""
        texts = {key: value.strip() for key, value in data.items() if isinstance(value, str)}
        names = [name.strip() for name in re.split("[,،\n]", texts.get("synonyms", "")) if name.strip()]
        return cls(
            texts.get("email", ""), str(data.get("password", "")), texts.get("token", ""), texts.get("brand", ""),
            names, texts,
        )  # fmt: skip

    @property
    def zone(self) -> str:
        """The browser's time zone, Tehran where it names none that exists."""
        named = self.fields.get("zone", "")
        return named if named in available_timezones() else "Asia/Tehran"

    def kinds(self) -> list[str]:
        """The ticked kinds."""
        return [kind for kind, _ in OFFERED if self.fields.get(f"on.{kind}")]

    def options(self, kind: str) -> dict[str, str]:
        """The filled-in options of a kind."""
        start = f"{kind}."
        return {key.removeprefix(start): value for key, value in self.fields.items() if key.startswith(start) and value}


def form(given: Given, settings: ConsoleSettings, wrong: Wrong | None = None, status: int = 200,
         signed_in: bool = False) -> Response:  # fmt: skip
    """The whole document; `wrong` maps a field (or "" for the form) to what is wrong with it."""
    wrong = wrong or {}
    known = signed_in or viewer().actor is not None
    demo = not known and services().setup.demo_asked()
    steps = [] if demo else [_brand_step(given, wrong), _sources_step(given, settings, wrong)]
    if not known:
        steps.insert(0, _administrator_step(given, settings, wrong))
    about = t("setup.demo_coming" if demo else "setup.three_steps")
    start = [
        html.Button(t("setup.start"), type="submit", className="btn pri lg"),
        html.Kbd("Enter"),
        html.Span(t("setup.changeable"), className="end c3 t12"),
    ]
    inside = html.Form(
        [
            brand_line("/setup"),
            html.H1(t("setup.welcome"), className="t28 w6"),
            html.P(about, className="t14 c2", style={"marginBlock": "4px 28px"}),
            alert(html.Bdi(wrong[""]), "neg", "alert-circle") if wrong.get("") else None,
            *(_step(at, *step, last=at == len(steps)) for at, step in enumerate(steps, 1)),
            element("input", type="hidden", name="zone", id="zone"),
            html.Div(start, className="go"),
        ],
        id="first", action="/setup/demo" if demo else "/setup", method="post", encType="multipart/form-data",
        className="form tall",
    )  # fmt: skip
    body = html.Div([html.Main(inside, className="left"), None if demo else _aside()], className="out wrap")
    return document(t("setup.welcome"), body, status)


def _step(at: int, title: object, inside: object, *, last: bool) -> Component:
    mark = html.Span([html.B(number(at)), icon("check")], className="no")
    return html.Section([mark, html.Div([html.H2(title), inside])], className="stp last" if last else "stp",
                        **{"data-needs": "1"})  # fmt: skip


def _administrator_step(given: Given, settings: ConsoleSettings, wrong: Wrong) -> tuple[object, object]:
    fields: list[object] = [
        text_field("email", t("setup.email"), _hint(wrong.get("email")), type="email", value=given.email,
                   autocomplete="username", required=True, autofocus=True),
        password_field(t("setup.password"), "new-password",
                       _hint(wrong.get("password"), t("setup.password_rule", n=SHORTEST)), minlength=SHORTEST),
    ]  # fmt: skip
    if settings.setup_token:
        fields.append(text_field("token", t("setup.token"), _hint(wrong.get("token"), t("setup.token_where")),
                                 autocomplete="off", required=True))  # fmt: skip
    return t("setup.administrator"), html.Div(fields, className="fields")


def _brand_step(given: Given, wrong: Wrong) -> tuple[object, object]:
    fields = [
        text_field("brand", t("setup.brand_name"), _hint(wrong.get("brand")), value=given.brand, required=True,
                   placeholder=t("setup.brand_example")),
        text_field("synonyms", t("setup.synonyms"), None, value=", ".join(given.synonyms),
                   placeholder=t("setup.synonyms_example")),
    ]  # fmt: skip
    folded = html.P(t("setup.folded"), className="hint")
    return t("setup.brand"), html.Div([html.Div(fields, className="fields"), folded])


def _sources_step(given: Given, settings: ConsoleSettings, wrong: Wrong) -> tuple[object, object]:
    picks = [pick for kind, platform in OFFERED if (pick := _pick(kind, platform, given)) is not None]
    if settings.uploads is not None:
        picks.append(_file_pick(given, wrong))
    keyed = html.P(t("setup.keyed"), className="hint")
    title = [t("setup.sources"), " ", html.Span(t("setup.no_key"), className="t12 c3 w4")]
    return title, html.Div([html.Div(picks, className="picks"), keyed])


def _pick(kind: str, platform: str, given: Given) -> Element | None:
    source = services().sources.kinds.get(kind)
    if source is None:
        return None
    more = [_option(kind, one, given) for one in source.options if not _settled(one)]
    return _box(kind, platform, bool(given.fields.get(f"on.{kind}")), more)


def _settled(option: Option) -> bool:
    """Whether nobody needs to be asked: an address with a good default."""
    return option.kind == "url" and bool(option.default) and not option.required


def _file_pick(given: Given, wrong: Wrong) -> Element:
    chooser = element(
        "input", type="file", name="file", class_="in", accept=".csv,.jsonl,.json,.gz", aria_label=t("source.file")
    )
    names = [element("option", one.capitalize(), value=one) for one in FILE_PLATFORMS]
    other = element("option", t("source.platform_web"), value="web")
    platform = element("select", *names, other, class_="in", name="file.platform", id="file-platform")
    named = element("label", t("source.option_platform"), for_="file-platform", class_="t12 c2")
    hint = _hint(wrong.get("file"))
    said = [element("span", hint, class_="row g1")] if hint else []
    return _box("file", "file", bool(given.fields.get("on.file")), [*said, chooser, named, platform])


def _box(kind: str, platform: str, on: bool, more: list[Element]) -> Element:
    mark = icon({"rss": "rss", "file": "file-import"}.get(platform, f"brand-{platform}"))
    inside: list[object] = [
        element("input", type="checkbox", class_="cb", name=f"on.{kind}", checked=on),
        html.Span([mark, t(f"source.{kind}")], className="row g1 w5"),
        html.Small(t(f"source.{kind}_about")),
    ]
    if more:
        inside.append(html.Span(more, className="more"))
    return element("label", *inside, class_="pick whole" if more else "pick")


def _option(kind: str, option: Option, given: Given) -> Element:
    name, label = f"{kind}.{option.name}", t(f"source.option_{option.name}")
    value = given.fields.get(name, option.default)
    if option.kind == "list":
        return element(
            "textarea",
            value,
            class_="in",
            name=name,
            rows=2,
            dir="ltr",
            placeholder=label,
            aria_label=label,
            title=hint_of(kind, option) or None,
        )
    if option.kind == "choice":
        choices = [
            element("option", t(f"source.choice_{one}"), value=one, selected=one == value) for one in option.choices
        ]
        return element("select", *choices, class_="in", name=name, aria_label=label)
    kinds = {"url": "url", "number": "number"}
    return element("input", class_="in", type=kinds.get(option.kind, "text"), name=name, value=value, dir="ltr",
                   placeholder=EXAMPLES.get(name, label), aria_label=label,
                   title=hint_of(kind, option) or None)  # fmt: skip


def _hint(wrong: str | None, otherwise: str = "") -> object:
    if wrong:
        return [icon("alert-circle", 14), html.Span(wrong, className="wrong", role="alert")]
    return otherwise or None


def _aside() -> Component:
    brand = t("setup.brand_example")
    examples = (("bluesky", "neutral", "1"), ("mastodon", "positive", "2"), ("rss", "negative", "3"))
    posts = [_example(platform, mood, brand, t(f"setup.example_{at}")) for platform, mood, at in examples]
    head = html.Div([html.Span(className="live-dot"), html.H2(t("setup.soon"), className="t16 w6"),
                     html.Span(made_up(), className="end")], className="row g3")  # fmt: skip
    to_demo = {"form": "first", "formAction": "/setup/demo", "formNoValidate": True}
    button = html.Button(t("setup.demo_load"), type="submit", className="btn", **to_demo)
    about = html.P(t("setup.demo_about"), className="t12 c2", style={"lineHeight": "20px"})
    text = html.Div([html.B(t("setup.demo_title"), className="w6 t14"), about])
    demo = html.Div(
        [
            html.Div([html.Span(icon("flask", 20), className="av s40"), text], className="row g3 top"),
            html.Div([button, html.Span(t("setup.demo_needs"), className="t12 c3")], className="row",
                     style={"marginBlockStart": 12}),
        ],
        className="demo",
    )  # fmt: skip
    why = html.P(t("setup.soon_why"), className="c2 t12", style={"marginBlock": "4px 0", "lineHeight": "20px"})
    return html.Aside([head, why, html.Ul(posts, className="posts"), demo], className="right")


def _example(platform: str, mood: str, brand: str, text: str) -> Component:
    before, _, after = text.partition("@@")
    mark = icon("rss" if platform == "rss" else f"brand-{platform}", 14)
    by = html.Div(
        [mark, html.Bdi("example", className="h"), html.Span(sentiment(mood, words=True), className="end")],
        className="by",
    )
    said = html.Div([before, html.Mark(brand, **{"data-brand": brand}), after], className="say", dir="auto")
    return html.Li([by, said], className="post")
