"""What a person fills in for a source of an account on an open platform, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collectors.moments import DateError, moment
from crm.ports.source import Option, Problem

EVERY_MINUTES, LONGEST_MINUTES = 1, 1440
DAYS_AGAIN, MOST_DAYS = 3, 30
ON = frozenset({"yes", "true", "on", "1"})
KINDS = ("search", "mentions", "own", "messages")
ACCOUNT_OPTIONS: tuple[Option, ...] = (
    *(Option(kind, "switch") for kind in KINDS),
    Option("monitors", "monitors"),
    Option("threads", "switch"),
    Option("since", "text"),
    Option("every", "number", default=str(EVERY_MINUTES)),
    Option("days_again", "number", default=str(DAYS_AGAIN)),
)


def is_on(options: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on."""
    return options.get(name, "").strip().lower() in ON


def number(options: Mapping[str, str], name: str, default: int) -> int:
    """A number, or what stands for none."""
    return int(options.get(name, "").strip() or default)


def problems(options: Mapping[str, str], kinds: Sequence[str] = KINDS) -> list[Problem]:
    """What is wrong with the options."""
    found: list[Problem] = []
    if not options.get("account", "").strip():
        found.append(Problem("account", "required", "account is missing."))
    if not any(is_on(options, kind) for kind in kinds):
        message = f"Nothing is to be collected; switch on at least one of {', '.join(kinds)}."
        found.append(Problem("search", "nothing_chosen", message))
    found += _since_problem(options.get("since", "").strip())
    found += _number_problem("every", options, 1, LONGEST_MINUTES)
    return [*found, *_number_problem("days_again", options, 0, MOST_DAYS)]


def _number_problem(name: str, options: Mapping[str, str], least: int, most: int) -> list[Problem]:
    said = options.get(name, "").strip()
    if not said or (said.isascii() and said.isdigit() and least <= int(said[:9]) <= most):
        return []
    limits = {"value": said, "least": str(least), "most": str(most)}
    return [Problem(name, "bad_number", f"{said!r} is no number between {least} and {most}.", limits)]


def _since_problem(said: str) -> list[Problem]:
    if not said:
        return []
    try:
        moment(said)
    except DateError as error:
        return [Problem("since", "bad_date", f"{error}.", {"value": said})]
    return []
