"""Fields of sources: whoever meets one for the first time reads what to type."""

from __future__ import annotations

import pytest

from collectors import all_sources
from dashboard.admin.health.add import hint_of
from dashboard.context import Language, Viewer, viewing
from tests.dashboard.fakes import NOW, an_actor, fake_services

TYPED = frozenset({"text", "url", "list", "date", "secret"})


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_field_that_is_typed_into_has_a_hint(language: Language) -> None:
    fields = [
        (source.kind, option) for source in all_sources() if source.kind != "file"
        for option in source.options if option.kind in TYPED
    ]  # fmt: skip
    assert len(fields) > 20
    with viewing(Viewer(fake_services(an_actor(language)), language, an_actor(language), NOW)):
        assert [(kind, option.name) for kind, option in fields if not hint_of(kind, option)] == []
