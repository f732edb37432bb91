"""A console whose mentions are real: searches and trends over an index in a folder, the rest faked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from crm.policies.access import Actor, Role
from crm.usecases.campaigns import Campaigns
from crm.usecases.learning import Learning
from crm.usecases.monitors import Monitors
from crm.usecases.quality import Quality
from crm.usecases.search import Search
from crm.usecases.topics import Topics
from crm.usecases.trends import Trends
from dashboard.context import Language, Viewer, viewing
from enrich.duplicates import MinHash
from index.sqlite import SQLiteIndex
from tests.dashboard.fakes import an_actor, fake_services
from tests.doubles.office import Office, open_office


@dataclass
class Mentions:
    """The office, its index, and the bundle that a console takes."""

    office: Office
    index: SQLiteIndex
    services: Any

    @contextmanager
    def seen(self, language: Language = "en", role: Role = "administrator", **more: Any) -> Iterator[Actor]:
        """Look as somebody."""
        who = replace(an_actor(language, role), **more)
        with viewing(Viewer(self.services, language, who, self.office.clock.now())):
            yield who


@contextmanager
def mentions(folder: Path) -> Iterator[Mentions]:
    """Open it, and close it afterwards."""
    office, index = open_office(folder), SQLiteIndex(folder / "index.sqlite")
    parts = (office.records, index, office.clock)
    search = Search(*parts)
    services = fake_services(
        an_actor(),
        search=search,
        campaigns=Campaigns(search, index, MinHash()),
        trends=Trends(*parts),
        topics=Topics(*parts),
        quality=Quality(*parts),
        learning=Learning(office.records, office.clock),
        monitors=Monitors(*parts),
        inbox=office.inbox,
    )
    yield Mentions(office, index, services)
    index.close()
    office.records.close()
