"""A platform that renews tokens, and secrets that it renews."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from crm.ports.responder import Account
from crm.ports.signin import App, Begun, SignInRefusedError
from crm.records import sources
from tests.doubles.office import START, WORKSPACE, Office


class Renewer:
    """Renews each refresh token once; `errors` come before it is spent, `lost` after."""

    platform, registers = "bluesky", False

    def __init__(self) -> None:
        self.spent: list[str] = []
        self.errors: list[BaseException] = []
        self.lost: list[BaseException] = []
        self.life = 7200.0
        self.wait: Callable[[], object] = bool

    def begin(self, app: App | None, base_url: str, redirect_uri: str, state: str) -> Begun:
        raise NotImplementedError

    def finish(self, app: App, base_url: str, redirect_uri: str, code: str, verifier: str) -> tuple[str, ...]:
        raise NotImplementedError

    def refresh(self, account: Account) -> str:
        if self.errors:
            raise self.errors.pop(0)
        old = json.loads(account.secret)["refresh_token"]
        if old in self.spent:
            raise SignInRefusedError("bluesky", "refused", "invalid_grant")
        self.spent.append(old)
        self.wait()
        if self.lost:
            raise self.lost.pop(0)
        return secret(len(self.spent), self.life)


def secret(number: int, ends: float = 0.0, **more: str) -> str:
    """A secret whose token ends `ends` seconds after START."""
    at = str(int((START + timedelta(seconds=ends)).timestamp()))
    return json.dumps({"access_token": f"t{number}", "refresh_token": f"r{number}", "expires_at": at, **more})


def keep(office: Office, kept: str, **more: object) -> None:
    """Put another secret into the office's account."""
    with office.records.write() as tx:
        row = next(one for one in sources.accounts_of(tx, WORKSPACE) if one.id == "a1")
        sources.put_account(tx, row, office.vault.encrypt(kept))
        if more:
            sources.change_account(tx, "a1", **more)
