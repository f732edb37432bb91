"""Platforms and languages as people call them, and what may be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crm.policies.access import may
from crm.records.sources import SourceRow
from dashboard.context import actor, services
from dashboard.text import t

LANGUAGES = ("fa", "fa-Latn", "en", "ar", "ur", "other")
USUAL = ("bluesky", "mastodon", "rss", "x", "instagram", "telegram", "googleplay", "bazaar")
COLLECTS: Mapping[str, str] = {
    "jetstream": "bluesky", "mastodon": "mastodon", "feed": "rss", "hackernews": "hackernews",
    "telegram": "telegram", "bale": "bale", "x": "x", "reddit": "reddit",
    "instagram": "instagram", "instagram_public": "instagram", "facebook": "facebook", "youtube": "youtube",
    "bluesky": "bluesky", "mastodon_account": "mastodon",
}  # fmt: skip
"""The platform of each kind of source that has only one."""

_NAMED = frozenset({
    "bluesky", "mastodon", "rss", "x", "instagram", "telegram", "googleplay", "bazaar", "reddit", "youtube",
    "facebook", "linkedin", "tiktok", "github", "hackernews", "bale",
})  # fmt: skip


def platform_name(platform: str) -> str:
    """What people call a platform; one of an import keeps the name it was given."""
    return t(f"monitors.platform_{platform}") if platform in _NAMED else platform


def language_name(language: str) -> str:
    """What people call a language; empty is one that the model left open."""
    known = language in LANGUAGES
    return t(f"monitors.language_{language.replace('-', '_')}") if known else t("monitors.language_unknown")


def sources() -> Sequence[SourceRow]:
    """The sources of the workspace, for who may see them."""
    return services().sources.all(actor()) if may(actor(), "read_health") else []


def platform_of(source: SourceRow) -> str:
    """The platform that a source collects."""
    return COLLECTS.get(source.kind) or source.options.get("platform", source.kind)


def platform_choices(chosen: Iterable[str] = ()) -> list[dict[str, str]]:
    """What the select of platforms offers: those we collect first, those that were `chosen` always."""
    mine = (platform_of(one) for one in sources() if one.enabled)
    return [{"value": one, "label": platform_name(one)} for one in dict.fromkeys([*mine, *USUAL, *chosen])]


def language_choices() -> list[dict[str, str]]:
    """What the select of languages offers."""
    return [{"value": one, "label": language_name(one)} for one in LANGUAGES]
