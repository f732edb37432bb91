"""A row of the trail as a sentence: which one it is, and what stands in its gaps.

The rows are sealed as they were written, with codes, ids and ISO times; here these become words, names and the
viewer's dates. What a row says is taken as it may be: an older version wrote less, and details can be erased.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from crm.records.audit import AuditRow
from crm.usecases.trail import TrailPage
from dashboard.dates import full
from dashboard.monitors.names import platform_name
from dashboard.numbers import number
from dashboard.text import t, tn

Detail = Mapping[str, object]


class Sentence(NamedTuple):
    """Which sentence of the catalogue (``audit.said_…``) and its words, apart from what it is about."""

    key: str
    words: Mapping[str, object] = {}


def sentence(row: AuditRow, page: TrailPage) -> Sentence:
    """How the row is told; where its details are gone, or nothing more is known of such a row, by its action alone."""
    known = row.subject in page.people or row.subject in page.things
    bare = Sentence("bare" if known else "plain", {"did": did(row.action)})
    if row.detail is None:
        return bare
    teller = _TELLERS.get(row.action)
    if teller is not None:
        return teller(row, row.detail, page.people)
    told = t(f"audit.said_{row.action}")
    return bare if told.startswith("audit.") else Sentence(row.action)


def did(action: str) -> str:
    """An action in words; one without a text of its own is shown as it is stored."""
    return _known(t(f"audit.did_{action}"), action.replace("_", " "))


def _known(text: str, raw: str) -> str:
    # A code that a newer or older version wrote has no text; then the catalogue gives the key back.
    return raw if text.partition(".")[0] in {"audit", "common", "inbox", "team"} and " " not in text else text


def _text(detail: Detail, key: str) -> str:
    value = detail.get(key)
    return "" if value is None else str(value)


def _person(people: Mapping[str, str], user_id: str) -> str:
    return people.get(user_id, t("audit.somebody"))


def _assigned(row: AuditRow, detail: Detail, people: Mapping[str, str]) -> Sentence:
    whom = _text(detail, "to")
    if not whom:
        return Sentence("case_unassigned")
    return Sentence("case_taken") if whom == row.actor else Sentence("case_assigned", {"whom": _person(people, whom)})


def _status(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    old, new = _text(detail, "from"), _text(detail, "to")
    return Sentence(
        "case_status",
        {"old": _known(t(f"inbox.status_{old}"), old), "new": _known(t(f"inbox.status_{new}"), new)},
    )


def _priority(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    old, new = _text(detail, "from"), _text(detail, "to")
    return Sentence(
        "case_priority",
        {"old": _known(t(f"inbox.priority_{old}"), old), "new": _known(t(f"inbox.priority_{new}"), new)},
    )


def _snoozed(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    try:
        until = full(datetime.fromisoformat(_text(detail, "until")))
    except ValueError:
        until = _text(detail, "until")
    return Sentence("case_snoozed", {"time": until})


def _tag(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence(row.action, {"tag": _text(detail, "tag")})


def _rule(_row: AuditRow, detail: Detail, people: Mapping[str, str]) -> Sentence:
    tags, priority = detail.get("tags"), _text(detail, "priority")
    done = [t("inbox.rule_tag", tag=str(tag)) for tag in (tags if isinstance(tags, list) else [])]
    if whom := _text(detail, "assignee"):
        done.append(t("inbox.rule_assign", whom=_person(people, whom)))
    if priority:
        done.append(t("inbox.rule_priority", priority=_known(t(f"inbox.priority_{priority}"), priority)))
    if detail.get("complete"):
        done.append(t("inbox.rule_complete"))
    return Sentence("case_rule", {"rule": _text(detail, "rule"), "done": t("inbox.list_comma").join(done)})


def _hidden(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence(row.action, {"rule": _text(detail, "rule")})


def _named(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence(row.action, {"name": _text(detail, "name")})


def _role(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    role = _text(detail, "role")
    return Sentence(row.action, {"role": _known(t(f"team.role_{role}"), role)})


def _active(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence("let_in" if detail.get("active") else "put_out")


def _reach(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    limits = detail.get("monitors")
    seen = tn("audit.reach_monitors", len(limits)) if isinstance(limits, list) else t("audit.reach_all")
    private = t("audit.reach_private") if detail.get("private") else t("audit.reach_public")
    return Sentence("set_reach", {"seen": seen, "private": private})


def _enabled(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence("resume_source" if detail.get("enabled") else "pause_source")


def _cap(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    posts, platform = detail.get("posts"), platform_name(_text(detail, "platform"))
    if not isinstance(posts, int):
        return Sentence("lift_cap", {"platform": platform})
    return Sentence("set_cap", {"platform": platform, "posts": number(posts)})


def _count(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    count = detail.get("count")
    letters = tn("audit.letters", count) if isinstance(count, int) else t("audit.some_letters")
    return Sentence(row.action, {"letters": letters})


def _correct(_row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    task, value = _text(detail, "task"), _text(detail, "value")
    shown = {
        "sentiment": _known(t(f"common.sentiment_{value}"), value),
        "urgency": _known(t(f"inbox.priority_{value}"), value),
        "language": _known(t(f"inbox.language_{value}"), value),
        "emotion": _known(t(f"labels.emotion_{value}"), value),
        "offence": t("labels.is_offensive") if value == "offensive" else t("labels.intent_other"),
    }.get(task, value)
    return Sentence("correct", {"task": _known(t(f"audit.task_{task}"), task), "value": shown})


def _export(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    what = t(f"audit.the_{row.subject if row.subject in {'trends', 'audit'} else 'posts'}")
    query = _text(detail, "query")
    return Sentence("export_of", {"what": what, "query": query}) if query else Sentence("export", {"what": what})


def _tied(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    evidence = _text(detail, "evidence")
    return Sentence(row.action, {"evidence": _known(t(f"inbox.evidence_{evidence}"), evidence)})


def _token(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence(row.action, {"token": _text(detail, "name")})


def _workspace(row: AuditRow, detail: Detail, _people: Mapping[str, str]) -> Sentence:
    return Sentence(row.action, {"zone": _text(detail, "zone")})


_TELLERS: Mapping[str, Callable[[AuditRow, Detail, Mapping[str, str]], Sentence]] = {
    "add_member": _role,
    "case_assigned": _assigned,
    "case_hidden": _hidden,
    "case_priority": _priority,
    "case_rule": _rule,
    "case_snoozed": _snoozed,
    "case_status": _status,
    "case_tagged": _tag,
    "case_untagged": _tag,
    "change_workspace": _workspace,
    "correct": _correct,
    "create_api_token": _token,
    "discard": _count,
    "export": _export,
    "identity_tied": _tied,
    "name_workspace": _named,
    "replay": _count,
    "set_active": _active,
    "set_cap": _cap,
    "set_reach": _reach,
    "set_role": _role,
    "set_source": _enabled,
}
