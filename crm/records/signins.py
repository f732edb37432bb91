"""People on their way to a platform and back, and the apps of ours by which they sign in there."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from crm.records.sql import upsert
from crm.records.tables import sign_in_apps, sign_ins


class SignInRow(Struct, frozen=True):
    """One sign-in under way. `sealed` holds, encrypted, the app and the verifier."""

    state_hash: str
    workspace: str
    user_id: str
    session: str
    platform: str
    base_url: str
    sealed: bytes
    expires_at: datetime


def add(tx: Connection, row: SignInRow) -> None:
    """Remember a sign-in."""
    tx.execute(insert(sign_ins).values(**{name: getattr(row, name) for name in SignInRow.__struct_fields__}))


def take(tx: Connection, state_hash: str) -> SignInRow | None:
    """The sign-in of a state, which nobody can take again."""
    gone = delete(sign_ins).where(sign_ins.c.state_hash == state_hash).returning(sign_ins)
    row = tx.execute(gone).first()
    return None if row is None else SignInRow(**(row._asdict() | {"sealed": bytes(row.sealed)}))


def forget_old(tx: Connection, now: datetime) -> None:
    """Forget sign-ins from which nobody came back."""
    tx.execute(delete(sign_ins).where(sign_ins.c.expires_at <= now))


def app_of(tx: Connection, workspace: str, platform: str, base_url: str) -> bytes | None:
    """The encrypted app of a workspace on a server; None where it has none."""
    query = select(sign_in_apps.c.sealed).where(
        sign_in_apps.c.workspace == workspace,
        sign_in_apps.c.platform == platform,
        sign_in_apps.c.base_url == base_url,
    )
    found = tx.execute(query).scalar()
    return None if found is None else bytes(found)


def put_app(tx: Connection, workspace: str, platform: str, base_url: str, sealed: bytes) -> None:
    """Keep an app of a workspace on a server, in place of the one before."""
    row = {"workspace": workspace, "platform": platform, "base_url": base_url, "sealed": sealed}
    upsert(tx, sign_in_apps, [row], ["workspace", "platform", "base_url"])
