"""Adding a source: first its kind, then the options of that kind."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from dash import html
from dash.development.base_component import Component

from crm.errors import ShenavaError
from crm.ports.source import Option, Previewing, Problem
from crm.usecases.sources import SourceProblemsError
from crm.words import content_id
from dashboard.admin.fields import NOTHING, Wrong, area, choice, form, secret_field, text_field, tick
from dashboard.admin.health import look, webhook
from dashboard.admin.step import Panel, Shown, Step, act, does
from dashboard.components import alert, button, icon, link, platform_icon, show, toast
from dashboard.context import actor, services
from dashboard.errors import option_problem, plain_sentence
from dashboard.monitors.names import COLLECTS
from dashboard.text import has, t

FILE_PLATFORMS = ("x", "instagram", "telegram", "facebook", "youtube", "reddit", "googleplay", "bazaar", "web")
"""Where the posts of a file may come from."""

Given = Mapping[str, str]
ICONS = {"webhook": "webhook", "json": "plug"}


def kinds(_step: Step) -> Shown:
    """The dialog with every kind."""
    picks = [_kind(kind) for kind in services().sources.kinds]
    return Shown(dialog=Panel(t("health.add"), html.Div(picks, className="kinds")))


def _kind(kind: str) -> Component:
    mark = platform_icon(COLLECTS[kind], 20) if kind in COLLECTS else icon(ICONS.get(kind, "file-import"), 20)
    said = html.Span(
        [html.B(t(f"source.{kind}"), className="w6"), html.Small(t(f"source.{kind}_about"))], className="col grow"
    )
    return html.Button([mark, said, icon("chevron-right", 14, flip=True)], type="button", className="kind",
                       **does("health", "add-kind", kind))  # fmt: skip


def options(step: Step) -> Shown:
    """The dialog with the options of a kind."""
    return Shown(dialog=_panel(step.of, {}))


def _panel(kind: str, given: Given, wrong: Wrong = NOTHING, seen: Component | None = None) -> Panel:
    source = services().sources.kinds[kind]
    title = html.Span([t("health.add"), html.Span(f" {t(f'source.{kind}')}", className="c3 w4")])
    if kind == "file":
        return Panel(title, _file_form(given, wrong))
    ours = {"zone": _zone()} if any(option.name == "zone" for option in source.options) else {}
    fields = [
        _field(kind, option, given.get(option.name, ours.get(option.name, option.default)), wrong)
        for option in source.options
    ]
    called = text_field("name", t("health.name"), given.get("name", ""), hint=t("health.name_hint"))
    first = seen is None and isinstance(source, Previewing)
    send = t("health.look_first" if first else "health.start")
    return Panel(title, form("health", "add!", kind, *fields, called, seen, send=send, wrong=wrong, cancel=True))


def _field(kind: str, option: Option, value: str, wrong: Wrong) -> Component:
    label = t(f"source.option_{option.name}")
    if option.kind == "choice":
        said = [(one, t(f"source.choice_{one}")) for one in option.choices]
        return choice(option.name, label, said, value, wrong=wrong)
    if option.kind == "monitors":
        every = [("", t("source.every_monitor")), *((one.id, one.name) for one in services().monitors.all(actor()))]
        return choice(option.name, label, every, value, wrong=wrong)
    if option.kind == "account":
        mine = [one for one in services().sources.accounts(actor()) if one.platform == COLLECTS.get(kind, kind)]
        return choice(option.name, label, [(one.id, one.handle) for one in mine], value, wrong=wrong,
                      hint=None if mine else link(t("source.no_account"), "/settings/accounts"))  # fmt: skip
    if option.kind == "list":
        return area(option.name, label, value, wrong=wrong, rows=2, hint=hint_of(kind, option) or None)
    if option.kind == "switch":
        return tick(option.name, label, value="yes", on=value == "yes")
    if option.kind == "secret":
        hint = hint_of(kind, option) or None
        return secret_field(option.name, label, wrong=wrong, required=option.required, hint=hint)
    example = {"feed": "https://", "mastodon": "https://"}.get(kind, "") if option.kind == "url" else ""
    return text_field(option.name, label, value, wrong=wrong, required=option.required, placeholder=example,
                      hint=hint_of(kind, option) or None, ltr=option.kind in {"url", "number", "date"})  # fmt: skip


def hint_of(kind: str, option: Option) -> str:
    """What to type into a field, with an example; empty where its label says it."""
    if option.name == "every":
        return t("health.minutes")
    if kind in ICONS and option.name in ("map", "items", "next"):
        return t(f"health.{option.name}_paths_hint")
    if has(f"source.hint_{kind}_{option.name}"):
        return t(f"source.hint_{kind}_{option.name}")
    return t(f"source.hint_{option.name}") if has(f"source.hint_{option.name}") else ""


def _file_form(given: Given, wrong: Wrong) -> Component:
    file = html.Div(
        [
            html.Span(t("source.option_path"), className="lab w5"),
            html.Button([icon("upload", 20), html.Span(t("health.choose_file"), className="grow cut")], type="button",
                        className="drop", **{"data-pick": ".csv,.tsv,.jsonl,.ndjson,.json,.gz,.txt"}),
            html.Small(t("health.file_hint"), className="c3 t12"),
            html.Span(wrong["path"], className="wrong t12", role="alert") if wrong.get("path") else None,
        ],
        className="fld",
    )  # fmt: skip
    platforms = [(one, _platform(one)) for one in FILE_PLATFORMS]
    more = html.Details(
        [
            html.Summary(t("health.more_options")),
            text_field("zone", t("source.option_zone"), given.get("zone", _zone()), wrong=wrong, ltr=True,
                       hint=t("source.hint_zone")),
            text_field("encoding", t("source.option_encoding"), given.get("encoding", ""), wrong=wrong, ltr=True,
                       hint=t("health.encoding_hint")),
            text_field("map", t("source.option_map"), given.get("map", ""), wrong=wrong, ltr=True,
                       hint=t("health.map_hint")),
        ],
        open=any(wrong.get(one) for one in ("zone", "encoding", "map")),
    )  # fmt: skip
    inside = [
        alert(html.Bdi(wrong[""]), "neg", "alert-circle") if wrong.get("") else None,
        file,
        choice("platform", t("source.option_platform"), platforms, given.get("platform", "x"), wrong=wrong),
        tick("open_cases", t("source.option_open_cases"), value="yes", on=given.get("open_cases") == "yes",
             hint=t("health.open_cases_hint")),
        more,
        html.Div(html.I(), className="progress"),
        html.Div([act(t("common.cancel"), "health", "close", kind=""),
                  button(t("health.import"), kind="pri", type="submit")], className="row ends"),
    ]  # fmt: skip
    upload = {**does("health", "uploaded"), "data-upload": "/sources/file"}
    return html.Form(inside, className="aform", **upload)


def _platform(name: str) -> str:
    if name == "web":
        return t("source.platform_web")
    return t(f"inbox.platform_{name}") if has(f"inbox.platform_{name}") else name.capitalize()


def _zone() -> str:
    return services().setup.workspace(actor()).zone


def add(step: Step) -> Shown:
    """Set the source up, or show the form again with what is wrong beside its field."""
    given = step.texts()
    chosen = {key: value for key, value in given.items() if key not in ("name", look.LOOKED) and value}
    try:
        if seen := _first_look(step.of, chosen, given.get(look.LOOKED, "")):
            return Shown(dialog=_panel(step.of, given, seen=seen))
        called = given.get("name", "") or _name(step.of, chosen)
        added = services().sources.add_with_secret(actor(), step.of, called, chosen)
    except SourceProblemsError as error:
        return Shown(dialog=_panel(step.of, given, wrong_fields(error.problems)))
    show(toast(t("health.added")))
    return Shown(dialog=webhook.made(added.source.id, added.secret) if added.secret else None, again=True)


def _first_look(kind: str, chosen: Given, looked: str) -> Component | None:
    """What the source would bring, where it can show that and it was not seen for these options."""
    now = content_id(*(f"{key}={value}" for key, value in sorted(chosen.items())))
    if looked == now or not isinstance(services().sources.kinds.get(kind), Previewing):
        return None
    try:
        return look.shown(services().sources.preview(actor(), kind, chosen), now)
    except SourceProblemsError:
        raise
    except ShenavaError as error:
        key = f"error.source_{type(error).__name__}"
        said = t(key, where=chosen.get("url", "")) if has(key) else plain_sentence(error)
        raise SourceProblemsError([Problem("url", "failed_look", said, {"why": said})]) from error


def uploaded(step: Step) -> Shown:
    """After a file was handed over: it is being read, or the form again with what is wrong with it."""
    if step.of:
        show(toast(t("health.file_added")))
        return Shown(dialog=None, again=True)
    wrong = {step.text("option"): step.text("problem") or t("health.upload_failed")}
    return Shown(dialog=_panel("file", step.texts(), wrong))


def _name(kind: str, chosen: Given) -> str:
    address = chosen.get("server") or (chosen.get("url", "") if kind in ("feed", "json") else "")
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    return host.removeprefix("www.") or t(f"source.{kind}")


def wrong_fields(problems: list[Problem]) -> dict[str, str]:
    """Problems by option, in the viewer's language."""
    return {one.option: option_problem(one) for one in reversed(problems)}


def wrong_file() -> str:
    """What is said where no file was chosen."""
    return t("health.file_missing")
