"""What an installation holds in the end, beside what it must hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select

from crm.policies.access import Actor
from crm.policies.cases import PREVIEW_LENGTH, cut
from crm.ports.index import Scope
from crm.query.tree import Everything
from crm.records import cases, dead_letters, kept_posts, monitors
from crm.records.tables import cases as cases_table
from crm.records.tables import kept_posts as kept_table
from crm.words import REVISION_BITS, EnrichedPost
from shenava.wiring import House
from tests.faults.posts import Said, World

PAGE = 1000


@dataclass(frozen=True)
class Verdict:
    """What differs from the model; every field is empty after a run in which nothing went wrong."""

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    dead: int = 0

    @property
    def clean(self) -> bool:
        """Whether all is as it must be."""
        return self == Verdict()

    def __str__(self) -> str:
        found = {
            "missing": self.missing, "extra": self.extra, "doubled": self.doubled, "wrong": self.wrong,
            "wrong cases": self.cases,
        }  # fmt: skip
        said = [f"{len(those)} {name}{': ' + '; '.join(those[:5]) if those else ''}" for name, those in found.items()]
        return ", ".join([*said, f"{self.dead} dead letters"])


def judge(house: House, actor: Actor, world: World) -> Verdict:
    """Compare the index and the cases with the model."""
    held = everything(house, actor.workspace)
    found = {one.post.key: one for one in held}
    alive = world.alive
    ids = _monitor_ids(house, actor.workspace)
    with house.records.read() as tx:
        dead = dead_letters.count_waiting(tx, actor.workspace)
    total = sum(bucket.posts for bucket in house.index.count(Scope(actor.workspace, private=True), Everything()))
    doubled = [key for key, times in Counter(one.post.key for one in held).items() if times > 1]
    return Verdict(
        missing=tuple(sorted(alive.keys() - found.keys())),
        extra=tuple(sorted(found.keys() - alive.keys())),
        doubled=(*doubled, *([f"{total} counted of {len(held)}"] if total != len(held) else [])),
        wrong=tuple(
            f"{key} {fault}" for key in sorted(alive.keys() & found.keys())
            if (fault := _fault(alive[key], found[key], ids))
        ),
        cases=(*_case_faults(house, actor.workspace, world), *_kept_faults(house, actor.workspace, world)),
        dead=dead,
    )  # fmt: skip


def everything(house: House, workspace: str) -> list[EnrichedPost]:
    """Every post that the index gives out, page by page."""
    found, cursor = list[EnrichedPost](), None
    while True:
        page = house.index.search(Scope(workspace, private=True), Everything(), "oldest", PAGE, cursor)
        found += page.hits
        cursor = page.cursor
        if cursor is None:
            return found


def _monitor_ids(house: House, workspace: str) -> tuple[str, str]:
    with house.records.read() as tx:
        mine = monitors.of_workspace(tx, workspace)
    return next(one.id for one in mine if one.own), next(one.id for one in mine if not one.own)


def _fault(said: Said, found: EnrichedPost, ids: tuple[str, str]) -> str:
    brand, parcels = ids
    matched = {name for name, wanted in ((brand, said.asks), (parcels, said.of_parcels)) if wanted}
    pairs = {
        "text": (said.newest[1], found.post.text),
        "version": (said.seconds, found.version >> REVISION_BITS),
        "time": (said.at, found.post.posted_at),
        "author": (said.author, found.post.author.native_id),
        "monitors": (matched, set(found.monitors)),
        "language": (said.language, found.language.value),
        "thread": (said.thread_key, found.thread_key),
    }
    return "; ".join(f"{name}: {got!r} for {want!r}" for name, (want, got) in pairs.items() if want != got)


def _case_faults(house: House, workspace: str, world: World) -> list[str]:
    """Threads that ask something are one case each, drawn from their newest post; no other thread is any."""
    query = select(cases_table.c.thread_key, func.count()).where(cases_table.c.workspace == workspace)
    with house.records.read() as tx:
        counted = {row[0]: row[1] for row in tx.execute(query.group_by(cases_table.c.thread_key))}
        there = cases.by_threads(tx, workspace, counted)
    faults = [
        f"{thread}: {times} cases" for thread, times in counted.items() if times > 1 or thread not in world.threads
    ]
    for thread, said in world.threads.items():
        case = there.get(thread)
        if case is None:
            # Where all of it was deleted it depends on what came first whether there was a case to be emptied.
            faults += [f"{thread}: no case"] if any(not one.deleted for one in said) else []
        elif not any(one.deleted for one in said):
            newest = said[-1]
            if (case.post_key, case.posts) != (newest.key, len(said)):
                faults.append(f"{thread}: {case.posts} posts up to {case.post_key} for {len(said)} up to {newest.key}")
            elif case.preview != cut(newest.newest[1], PREVIEW_LENGTH):
                faults.append(f"{thread}: shows {case.preview!r} for {newest.newest[1]!r}")
    return faults


def _kept_faults(house: House, workspace: str, world: World) -> list[str]:
    """What cases keep: every post that asks and stands, in its newest version, and nothing deleted."""
    with house.records.read() as tx:
        keys = list(tx.execute(select(kept_table.c.post_key).where(kept_table.c.workspace == workspace)).scalars())
        kept = {one.post.key: one for one in kept_posts.of_threads(tx, workspace, list(world.threads))}
    wanted = {one.key: one for one in world.alive.values() if one.asks}
    faults = [f"{key}: kept though it was deleted" for key in keys if key not in world.alive]
    faults += [f"{key}: not kept" for key in wanted.keys() - kept.keys()]
    return faults + [
        f"{key}: kept as {kept[key].post.text!r}" for key in wanted.keys() & kept.keys()
        if kept[key].post.text != wanted[key].newest[1]
    ]  # fmt: skip
