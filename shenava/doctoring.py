"""`shenava doctor`: what is configured, reachable and missing, and the mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct, structs

from crm.errors import ShenavaError
from crm.ports.checked import Checkable
from crm.ports.index import Scope
from crm.ports.source import Probing
from crm.records import migrate, roles, sources
from crm.records.sources import AccountRow
from shenava import pipeline, supervisor
from shenava.keys import Place
from shenava.locks import holder
from shenava.wiring import KEY_FILE, House

PARTS = {"enrich": ("index", "cases"), "understand": ("enrich",)}
"""Under which names a role's process speaks, where not under its own."""

_PLACES = {
    Place.ENVIRONMENT: "in the environment",
    Place.FILE: "in the data folder",
    Place.KEYRING: "in the system's key ring",
}
SILENCE = timedelta(seconds=30)
"""How long a role that works may say nothing: it speaks every two seconds."""
COSTLY = "see the middle and the costly tier in docs/models.md, or take SHENAVA_SENTIMENT_MODEL out"


class Finding(Struct, frozen=True):
    """One thing that was looked at; `mend` is empty where it is well."""

    what: str
    ok: bool
    state: str
    mend: str = ""

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return structs.asdict(self)


def examine(house: House) -> list[Finding]:
    """Look at every store, source and account; each credential gets one harmless call."""
    if not house.data.exists():
        mend = "start `shenava up` once, or name the folder with --data"
        return [Finding("data folder", False, f"{house.data} is not there", mend)]
    found = [
        _looked("key", lambda: _key(house), f"put {KEY_FILE} or the key ring back, or set SHENAVA_SECRET_KEY"),
        _looked("records", lambda: _records(house), _mend(house.settings.records)),
        _looked("stream", lambda: _stream(house), _mend(house.settings.stream)),
        _looked("index", lambda: _index(house), _mend(house.settings.index)),
        _running(house),
        *([_looked("sentiment model", lambda: _costly(house), COSTLY)] if house.settings.sentiment_model else []),
    ]
    if all(finding.ok for finding in found[:2]):
        found += [*_every("sources", _sources, house), *_every("accounts", _accounts, house)]
    return found


def heard_of(house: House, role: str) -> list[Finding]:
    """Whether every part of a role on this machine said lately that it works, for whoever watches its process."""
    with house.records.read() as tx:
        said = {row.name: row.at for row in roles.every(tx, pipeline.machine())}
    return [_heard_of(part, said.get(part), house.clock.now()) for part in PARTS.get(role, (role,))]


def _heard_of(part: str, at: datetime | None, now: datetime) -> Finding:
    if at is None:
        return Finding(part, False, "never said that it works", "look at its log")
    ok = now - at < SILENCE
    return Finding(part, ok, f"last heard of at {at:%Y-%m-%d %H:%M:%S} UTC", "" if ok else "look at its log")


def _looked(what: str, look: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(what, True, look())
    except ShenavaError as error:
        return Finding(what, False, str(error), mend)


def _every(what: str, look: Callable[[House], Iterator[Finding]], house: House) -> list[Finding]:
    """What was found of each of them; that they can't be read is one finding more."""
    try:
        return list(look(house))
    except ShenavaError as error:
        return [Finding(what, False, str(error), _mend(house.settings.records))]


def _key(house: House) -> str:
    house.vault.key("audit")
    return _PLACES[house.key_place.place]


def _mend(url: str) -> str:
    return "restore a back-up with `shenava restore`" if url.startswith("sqlite:") else "see that the server runs"


def _whole(store: object) -> None:
    if isinstance(store, Checkable):
        store.check()


def _records(house: House) -> str:
    _whole(house.records)
    return f"version {migrate.current(house.records)}"


def _stream(house: House) -> str:
    _whole(house.log)
    return f"{len(house.log.lag())} groups"


def _index(house: House) -> str:
    _whole(house.index)
    house.index.get(Scope(""), ["nothing"])
    return house.settings.index.partition(":")[0]


def _costly(house: House) -> str:
    from enrich.models import costly_sentiment

    said = house.settings
    return f"{costly_sentiment(said.sentiment_model, said.sentiment_model_labels).name} answers"


def _running(house: House) -> Finding:
    """Whether `shenava up` works on this folder; where it doesn't, whether its port is free for it."""
    if found := holder(house.data):
        process, address = found
        return Finding("shenava up", True, f"runs as process {process}" + (f" at {address}" if address else ""))
    settings = house.settings
    try:
        supervisor.check_port(settings.host, settings.port)
    except supervisor.PortInUseError as error:
        return Finding("shenava up", False, "does not run", str(error))
    return Finding("shenava up", True, f"does not run; port {settings.port} is free for it")


def _sources(house: House) -> Iterator[Finding]:
    with house.records.read() as tx:
        rows = sources.every(tx)
    if not rows:
        yield Finding("sources", True, "none set up yet; add one on the Health page or import a file")
    for row in rows:
        ok = row.state not in {"failed", "waiting"}
        yield Finding(f"source {row.name}", ok, row.error or row.state, "" if ok else "mend it on the Health page")


def _accounts(house: House) -> Iterator[Finding]:
    with house.records.read() as tx:
        rows = sources.every_account(tx)
    for row in rows:
        mend = "connect it again on the Settings page"
        found = _looked(f"account {row.platform} {row.handle}", partial(_account, house, row), mend)
        yield found
        if found.ok:
            yield from _hindrances(house, row)


def _hindrances(house: House, row: AccountRow) -> Iterator[Finding]:
    """What keeps an account that is connected from being read."""
    what = f"reading {row.platform} {row.handle}"
    for kind in house.kinds.values():
        if kind.platform == row.platform and isinstance(kind, Probing):
            try:
                found = kind.probe(house.account_tokens.fresh(row.workspace, row.id), house.transport, house.clock)
            except ShenavaError as error:
                yield Finding(what, False, str(error), "try again, or connect it again on the Settings page")
            else:
                if found is not None:
                    yield Finding(what, False, found.what, found.mend)


def _account(house: House, row: AccountRow) -> str:
    checked = house.account_tokens.checked(row, house.responders[row.platform])
    if not checked.ok:
        raise NotConnectedError(row, checked.problem)
    return "connected"


class NotConnectedError(ShenavaError):
    """The platform does not accept a credential."""

    def __init__(self, row: AccountRow, problem: str) -> None:
        super().__init__(f"{row.platform} does not accept the credential of {row.handle} ({problem}).")
