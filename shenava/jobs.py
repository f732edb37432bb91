"""Long work in the background of the enrich role: it is leased, resumes where it stopped, and shows how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from multiprocessing import get_context
from threading import Event

from crm import query
from crm.errors import PermanentError, RetryableError, ShenavaError
from crm.ports.index import Scope
from crm.ports.topics import FoundTopic
from crm.query.tree import Field, Node, Or
from crm.records import changes, jobs, monitors, topics, workspaces
from crm.records.jobs import Work
from crm.text import searchable
from crm.usecases.corrections import again
from crm.usecases.learning import LEARN, learn_now
from crm.usecases.monitors import RERUN, narrowed
from crm.usecases.setup import DEMO
from crm.usecases.topics import FIND, store, texts_of
from crm.words import COLLECTED
from shenava.pressure import Pressure
from shenava.wiring import House

LEASE = timedelta(minutes=2)
SETTLE = timedelta(seconds=2)
"""A run waits until every worker has seen the change that asked for it."""
PAGE = 500
MOST_TEXTS = 20_000
"""Posts of a monitor in which its topics are found, the newest."""
HEARTBEAT = timedelta(seconds=10)


def _result(asked: Future[list[FoundTopic]]) -> list[FoundTopic]:
    try:
        return asked.result()
    except BrokenProcessPool as error:
        raise PermanentError(
            "The process that finds topics was ended from outside, most likely because memory ran out; free some and "
            "try again."
        ) from error


def find_topics(texts: Sequence[str], seeds: Sequence[Sequence[str]]) -> list[FoundTopic]:
    """See :class:`crm.ports.topics.TopicFinder`; for a process of its own."""
    from enrich.encoder import StaticEncoder
    from enrich.topics import find

    return find(texts, StaticEncoder(), seeds)


class Jobs:
    """Does one piece of work at a time."""

    def __init__(self, house: House, only: Collection[str] = ()) -> None:
        """`only` some kinds of work; all where it is empty."""
        self._house = house
        self._pressure = Pressure(house.log, house.clock)
        every: dict[str, Callable[[Work], None]] = {
            RERUN: self._rerun, DEMO: self._demo, FIND: self._find_topics, LEARN: self._learn,
        }  # fmt: skip
        self._kinds = {kind: work for kind, work in every.items() if not only or kind in only}

    def step(self, limit: int | None = None) -> int:
        """Do all the work that waits, or at most `limit` pieces; returns how many were done."""
        done = 0
        for kind, work in self._kinds.items():
            while (limit is None or done < limit) and (claimed := self._claim(kind)) is not None:
                self._do(work, claimed)
                done += 1
        return done

    def _claim(self, kind: str) -> Work | None:
        now = self._house.clock.now()
        with self._house.records.write() as tx:
            return jobs.claim(tx, kind, now, now + LEASE, asked_before=now - SETTLE)

    def _do(self, work: Callable[[Work], None], claimed: Work) -> None:
        try:
            work(claimed)
        except RetryableError:
            # Its cursor is kept, so it goes on where it was.
            self._change(claimed, state="waiting")
            raise
        except ShenavaError as error:
            self._change(claimed, state="failed", error=str(error))
        else:
            self._change(claimed, state="done")

    def _change(self, work: Work, **fields: object) -> bool:
        """Write how far the work is; False where it was cancelled."""
        now = self._house.clock.now()
        with self._house.records.write() as tx:
            changes.note(tx, work.workspace, "monitor", work.id, now)
            return jobs.change(tx, work.id, now, leased_until=now + LEASE, **fields)

    def _rerun(self, work: Work) -> None:
        """Send every post that a changed monitor matches, or did match, through enrichment again."""
        house, scope = self._house, Scope(work.workspace, None, private=True)
        node = self._matches_or_did(work)
        counted = house.index.count(scope, node)
        total, done, cursor = counted[0].posts if counted else 0, work.done, work.cursor or None
        while True:
            page = house.index.search(scope, node, "oldest", PAGE, cursor)
            now = house.clock.now()
            if page.hits:
                self._pressure.wait(Event())
                house.log.append(COLLECTED, [again(hit, now) for hit in page.hits])
            done, cursor = done + len(page.hits), page.cursor
            self._change(work, done=done, total=total, cursor=cursor or "")
            if cursor is None:
                return

    def _matches_or_did(self, work: Work) -> Node:
        house, monitor_id = self._house, str(work.arguments["monitor"])
        marked: Node = Field("monitor", ":", monitor_id)
        with house.records.read() as tx:
            monitor = monitors.get(tx, work.workspace, monitor_id)
            zone = workspaces.get(tx, work.workspace).zone
        if monitor is None or not monitor.enabled:
            return marked
        parsed = query.parse(monitor.query, zone=zone, now=house.clock.now())
        return Or((marked, narrowed(parsed, monitor.platforms, monitor.languages)))

    def _find_topics(self, work: Work) -> None:
        """Find the topics of a monitor, in a process of its own, which takes its memory and its threads with it."""
        house, monitor_id = self._house, str(work.arguments["monitor"])
        with house.records.read() as tx:
            sought = topics.themes_of(tx, work.workspace, monitor_id)
        posts = texts_of(house.index, work.workspace, monitor_id, MOST_TEXTS)
        self._change(work, done=0, total=len(posts))
        texts, seeds = [searchable(one.post) for one in posts], [one.words for one in sought]
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            asked = pool.submit(find_topics, texts, seeds)
            while not asked.done():
                wait([asked], HEARTBEAT.total_seconds())
                self._change(work)
            found = _result(asked)
        store(house.records, work.workspace, monitor_id, found, sought, house.clock)
        self._change(work, done=len(posts))

    def _learn(self, work: Work) -> None:
        """Learn from the answers that people gave."""
        from enrich.encoder import StaticEncoder
        from enrich.language import LanguageModel
        from enrich.sentiment import SentimentModel

        house, model = self._house, SentimentModel(LanguageModel())
        judged = learn_now(house.records, house.index, model, StaticEncoder(), work.workspace, house.clock)
        self._change(work, done=judged.taught + judged.kept, total=judged.taught + judged.kept)

    def _demo(self, work: Work) -> None:
        from shenava.demo.load import load

        def progress(done: int, total: int) -> None:
            self._change(work, done=done, total=total)

        load(self._house, work.workspace, progress, lambda: self._change(work))
