"""What a person says of a source of JSON, judged and read. Shared by the source that asks and the one that is told."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from collectors.errors import UnusableFileError
from collectors.file.columns import parse_map
from collectors.file.source import PLATFORM_NAME, zone_problem
from collectors.json.mapping import FIELDS, Paths
from collectors.json.normalise import Rules
from crm.ports.source import Option, Problem
from crm.words import Origin

KEPT: Mapping[str, Origin] = {"cases": "addressed", "matching": "stream", "everything": "import"}
"""What becomes of the posts: kept and made work for the team, kept where a monitor matches, or only kept."""

PLATFORM = Option("platform", "text", required=True)
MAP = Option("map", "text")
ITEMS = Option("items", "text")
ZONE = Option("zone", "text", default="UTC")


def kept(default: str) -> Option:
    """The option that says what becomes of the posts."""
    return Option("kept", "choice", default=default, choices=tuple(KEPT))


def problems(options: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the options that both sources have."""
    found, platform = [], options.get("platform", "").strip().lower()
    if not platform:
        found.append(Problem("platform", "required", "platform is missing."))
    elif not PLATFORM_NAME.fullmatch(platform):
        message = f"{platform!r} is no name of a platform; use Latin letters and digits, for example eitaa or forum."
        found.append(Problem("platform", "bad_platform", message, {"value": platform}))
    if (said := options.get("kept", "")) and said not in KEPT:
        found.append(Problem("kept", "bad_choice", f"{said!r} is none of {', '.join(KEPT)}.", {"value": said}))
    try:
        parse_map(options.get("map", ""), FIELDS)
    except UnusableFileError as error:
        found.append(Problem("map", error.code, str(error), error.params))
    return found + zone_problem(options)


def rules_of(options: Mapping[str, str], base: str, default: str) -> Rules:
    """How the options say that objects become posts. Raises: UnusableFileError for a map that can't be read."""
    paths = Paths(
        parse_map(options.get("map", ""), FIELDS), options.get("items", "").strip(), options.get("next", "").strip()
    )
    origin = KEPT[options.get("kept", "") or default]
    zone = ZoneInfo(options.get("zone", "").strip() or "UTC")
    return Rules(options["platform"].strip().lower(), paths, zone, base, origin)
