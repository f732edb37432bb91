"""The one place that chooses implementations and hands them in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from crm.errors import StoreError
from crm.ports.clock import Clock, SystemClock
from crm.ports.index import PostIndex
from crm.ports.log import EventLog
from crm.ports.responder import Responder
from crm.ports.signin import SignIn
from crm.ports.source import Source
from crm.ports.transport import Transport
from crm.ports.vault import Vault
from crm.records import migrate
from crm.records.database import Records
from crm.records.dead_letters import RecordedDeadLetters
from crm.usecases.accounts import Accounts
from crm.usecases.acts import Acts
from crm.usecases.budgets import Budgets
from crm.usecases.campaigns import Campaigns
from crm.usecases.caseview import CaseViews
from crm.usecases.corrections import Corrections
from crm.usecases.customers import Customers
from crm.usecases.deliveries import Deliveries
from crm.usecases.disclosure import Disclosure
from crm.usecases.files import Files
from crm.usecases.health import Health
from crm.usecases.inbox import Inbox
from crm.usecases.learning import Learning
from crm.usecases.live import Live
from crm.usecases.monitors import Monitors
from crm.usecases.privacy import Kept, Privacy
from crm.usecases.quality import Quality
from crm.usecases.replies import Replies
from crm.usecases.search import Search
from crm.usecases.services import Services
from crm.usecases.setup import Setup
from crm.usecases.signing import SignIns
from crm.usecases.snapshots import Snapshots
from crm.usecases.sources import Sources
from crm.usecases.suggestions import Suggestions
from crm.usecases.team import Team
from crm.usecases.tokens import Tokens
from crm.usecases.toolbox import Toolbox
from crm.usecases.topics import Topics
from crm.usecases.trail import Trail
from crm.usecases.trends import Trends
from shenava import backup
from shenava.disk import DiskUse
from shenava.keys import KeyPlace, KeyRing, system_key_ring
from shenava.settings import Settings

if TYPE_CHECKING:
    from index import Index

logger = logging.getLogger(__name__)

KEY_FILE = "secret.key"
BACKUPS = "backups"


class House:
    """Everything an installation is made of, each part made when it is first needed."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, ring: Callable[[], KeyRing] = system_key_ring
    ) -> None:
        self.settings = settings
        self.key_place = KeyPlace(settings.data / KEY_FILE, settings.secret_key, ring)
        self.clock: Clock = clock or SystemClock()
        self.random = Random()

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data

    @cached_property
    def vault(self) -> Vault:
        """The keys, from the environment, the key file or the system's key ring."""
        self._make_folder()
        return self.key_place.open()

    @cached_property
    def records(self) -> Records:
        """The records, brought up to date; data that would be changed are backed up first."""
        self._make_folder()
        records = Records.connect(self.settings.records, self.settings.records_password)
        migrate.upgrade(records, self._save_first)
        return records

    @cached_property
    def log(self) -> EventLog:
        """The stream."""
        from stream import open_log

        self._make_folder()
        return open_log(self.settings.stream, self.clock, (self.settings.kafka_username, self.settings.kafka_password))

    @cached_property
    def index(self) -> Index:
        """The index."""
        from index import Login, open_index

        self._make_folder()
        said = self.settings
        login = Login(said.elasticsearch_api_key, said.elasticsearch_username, said.elasticsearch_password)
        return open_index(said.index, login)

    @cached_property
    def transport(self) -> Transport:
        """The one way out."""
        from shenava.transport import Guard, OutboundTransport

        return OutboundTransport(Guard(frozenset(self.settings.allow_addresses)), self.clock)

    @cached_property
    def kinds(self) -> Mapping[str, Source]:
        """Every kind of source by its name."""
        from collectors import all_sources

        return {source.kind: source for source in all_sources()}

    @cached_property
    def responders(self) -> Mapping[str, Responder]:
        """Platforms on which we answer through their interface."""
        from responders.bluesky import BlueskyResponder
        from responders.mastodon import MastodonResponder
        from responders.meta import FacebookResponder, InstagramResponder
        from responders.reddit import RedditResponder
        from responders.telegram import BaleResponder, TelegramResponder
        from responders.x import XResponder
        from responders.youtube import YouTubeResponder

        able: list[Responder] = [
            BlueskyResponder(self.transport, self.clock),
            MastodonResponder(self.transport, self.clock),
            TelegramResponder(self.transport, self.clock),
            BaleResponder(self.transport, self.clock),
            XResponder(self.transport, self.clock),
            RedditResponder(self.transport, self.clock),
            InstagramResponder(self.transport, self.clock),
            FacebookResponder(self.transport, self.clock),
            YouTubeResponder(self.transport, self.clock),
        ]
        return {one.platform: one for one in able}

    @cached_property
    def sign_ins(self) -> Mapping[str, SignIn]:
        """Platforms on which one can sign in."""
        from responders.oauth import all_sign_ins

        return all_sign_ins(self.transport, self.clock)

    @cached_property
    def account_tokens(self) -> Tokens:
        """The one owner of the accounts' secrets."""
        return Tokens(self.records, self.vault, self.clock, self.sign_ins)

    @cached_property
    def snapshots(self) -> Snapshots:
        """What enrichment and collection know of the workspaces."""
        return Snapshots(self.records, self.clock)

    @cached_property
    def dead(self) -> RecordedDeadLetters:
        """Events that could not be handled."""
        return RecordedDeadLetters(self.records)

    @cached_property
    def accounts(self) -> Accounts:
        """Log-in and passwords."""
        return Accounts(self.records, self.vault, self.clock)

    @cached_property
    def services(self) -> Services:
        """What the console, the HTTP API and the command line call."""
        from responders.manual import ManualResponder

        records, index, log, clock, vault = self.records, self.index, self.log, self.clock, self.vault
        monitors = Monitors(records, index, clock)
        sources = Sources(records, self.kinds, self.responders, self.account_tokens, clock, self.transport)
        customers = Customers(records, index, clock)
        replies = Replies(records, index, self.responders, ManualResponder, clock)
        acts = Acts(records, index, self.responders, self.account_tokens, clock)
        views = CaseViews(records, index, customers, replies, clock, acts)
        from enrich.duplicates import MinHash

        search = Search(records, index, clock)
        return Services(
            accounts=self.accounts,
            team=Team(records, self.accounts, clock),
            setup=Setup(records, index, monitors, sources, clock),
            monitors=monitors,
            sources=sources,
            budgets=Budgets(records, self.kinds, self.transport, self.account_tokens, clock),
            sign_ins=SignIns(
                records, self.sign_ins, sources, vault, clock, self.settings.redirect_uri, self.settings.apps
            ),
            inbox=Inbox(records, index, views, clock),
            replies=replies,
            files=Files(records, replies, clock),
            acts=acts,
            toolbox=Toolbox(records, clock),
            customers=customers,
            search=search,
            campaigns=Campaigns(search, index, MinHash()),
            suggestions=Suggestions(records, customers, clock),
            trends=Trends(records, index, clock),
            topics=Topics(records, index, clock),
            quality=Quality(records, index, clock),
            learning=Learning(records, clock),
            health=Health(records, log, self._replay, DiskUse(self.data, clock), clock),
            trail=Trail(records, vault, clock),
            privacy=Privacy(records, index, log, vault, clock, self._kept),
            disclosure=Disclosure(records, index, clock),
            corrections=Corrections(records, index, log, clock),
            live=Live(records, clock),
            deliveries=Deliveries(records, log, self.kinds, vault, clock, self._has_room()),
        )

    def _has_room(self) -> Callable[[], bool]:
        from shenava.pressure import Pressure

        return Pressure(self.log, self.clock).has_room

    @property
    def _kept(self) -> Kept:
        return Kept(self.settings.backups_kept_days, self.settings.index_kept_months)

    def open(self) -> tuple[Records, EventLog, PostIndex]:
        """Open every store now; threads that come later share them."""
        return self.records, self.log, self.index

    def close(self) -> None:
        """Release every store that was opened."""
        for name in ("log", "index", "records"):
            if name in self.__dict__:
                with suppress(StoreError):
                    self.__dict__[name].close()

    def back_up(self, progress: backup.Progress = backup.quiet) -> Path:
        """Back up all stores and expire old back-ups; returns the new one's path."""
        copies, now = self.data / BACKUPS, self.clock.now()
        if self.settings.embedded:
            made = backup.make(self.data, copies, now, progress)
        else:
            from shenava import snapshot

            with backup.workshop(copies) as work:
                snapshot.take(self, work, progress)
                made = backup.make(work, copies, now, progress)
        self.expire_copies()
        return made

    def expire_copies(self) -> None:
        """Delete back-ups and data put aside that are older than the settings say."""
        backup.expire(self.data / BACKUPS, self.data, self.clock.now(), self.settings.backups_kept_days)

    def _save_first(self) -> None:
        if self.settings.embedded:
            self.back_up()
        else:
            logger.warning("The tables of the records change now, in one transaction; no back-up is made by itself.")

    def _replay(self, ids: object) -> int:
        from stream.upkeep import replay

        return replay(self.dead, self.log, self.clock, list(ids))  # type: ignore[call-overload]

    def _make_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(f"The data folder {self.data} can't be made: {error.strerror}.") from error
