"""Everything that a person or a program may ask for, in one bundle."""

from __future__ import annotations

from dataclasses import dataclass

from crm.usecases.accounts import Accounts
from crm.usecases.acts import Acts
from crm.usecases.budgets import Budgets
from crm.usecases.campaigns import Campaigns
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
from crm.usecases.privacy import Privacy
from crm.usecases.quality import Quality
from crm.usecases.replies import Replies
from crm.usecases.search import Search
from crm.usecases.setup import Setup
from crm.usecases.signing import SignIns
from crm.usecases.sources import Sources
from crm.usecases.suggestions import Suggestions
from crm.usecases.team import Team
from crm.usecases.toolbox import Toolbox
from crm.usecases.topics import Topics
from crm.usecases.trail import Trail
from crm.usecases.trends import Trends


@dataclass(frozen=True)
class Services:
    """The use cases, wired to their stores. The console and the HTTP API call nothing else."""

    accounts: Accounts
    team: Team
    setup: Setup
    monitors: Monitors
    sources: Sources
    budgets: Budgets
    sign_ins: SignIns
    inbox: Inbox
    replies: Replies
    files: Files
    acts: Acts
    toolbox: Toolbox
    customers: Customers
    suggestions: Suggestions
    search: Search
    campaigns: Campaigns
    trends: Trends
    topics: Topics
    quality: Quality
    learning: Learning
    health: Health
    trail: Trail
    privacy: Privacy
    disclosure: Disclosure
    corrections: Corrections
    live: Live
    deliveries: Deliveries
