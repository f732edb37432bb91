"""A house full of posts, in which some people and posts must be forgotten: their traces are words nobody else says.

Every trace begins with one rare word and ends with another, because an index of words keeps only what differs
from the word before it.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from crm import envelope
from crm.ports.dead import DeadLetter
from crm.records import sources
from crm.records.sources import AccountRow, SourceRow
from crm.usecases.casework import CaseSink
from crm.usecases.customers import CustomerDraft
from crm.usecases.indexing import IndexSink
from crm.words import COLLECTED, ENRICHED, Collected, EnrichedPost
from shenava.tidying import UPLOADS
from tests.dashboard.bureau import Bureau
from tests.doubles.office import START, WORKSPACE, actor, said

HEAD, TAIL = "zqxvkj", "wlpqhz"
BOSS = actor("administrator", "administrator", private=True)
BATCH = 500
POSTS_EACH = 5


def trace(number: int) -> str:
    """A word that only the forgotten say."""
    return f"{HEAD}{number}{TAIL}"


def traces_in(content: bytes) -> list[bytes]:
    """The rare words that stand in some bytes."""
    small = content.lower()
    return [word for word in (HEAD.encode(), TAIL.encode()) if word in small]


@dataclass
class Crowd:
    """Who must be forgotten, and everything that was said: `posts` of them are single posts of people who stay."""

    authors: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)
    said: list[EnrichedPost] = field(default_factory=list)

    def people(self, count: int) -> Iterator[EnrichedPost]:
        """`count` people with five posts each: three by themselves, two in threads of others who stay."""
        for number in range(count):
            who = f"did:{trace(number)}"
            self.authors.append(f"bluesky:{who}")
            for at in range(POSTS_EACH):
                parent = f"s{number}" if at > 2 else ""
                text = f"my card {trace(number)} is late, کارتم {trace(number)} نرسید {at}"
                yield said(f"f{number}-{at}", text, at=number + at / 10, who=who, parent=parent, root=parent,
                           bio=f"I am {trace(number)}")  # fmt: skip

    def singles(self, count: int) -> Iterator[EnrichedPost]:
        """`count` posts to be forgotten of people who stay."""
        for number in range(count):
            self.posts.append(f"bluesky:g{number}")
            yield said(f"g{number}", f"late {trace(number)}", at=number + 0.5, who=f"did:stays{number % 50}")

    def rest(self, count: int) -> Iterator[EnrichedPost]:
        """`count` posts of people who stay; a fifth of them wants an answer."""
        for number in range(count):
            wants = number % 5 == 0
            yield said(f"s{number}", f"the parcel {number} came, بسته رسید", at=number, who=f"did:stays{number % 50}",
                       monitors=("m1",) if wants else (), sentiment="negative" if wants else "positive")  # fmt: skip


def fill(bureau: Bureau, people: int, singles: int, total: int) -> Crowd:
    """Bring everything into every store, twice over so that rows move, and let the team work on some of it."""
    crowd = Crowd()
    rest = total - people * POSTS_EACH - singles
    crowd.said = [*crowd.rest(rest), *crowd.people(people), *crowd.singles(singles)]
    crowd.said.sort(key=lambda post: post.post.posted_at)
    index, team = IndexSink(bureau.records, bureau.index, bureau.clock), CaseSink(bureau.records, bureau.clock)
    for start in range(0, len(crowd.said), BATCH):
        some = crowd.said[start : start + BATCH]
        bureau.log.append(COLLECTED, [envelope.record(_collected(post)) for post in some])
        bureau.log.append(ENRICHED, [envelope.record(post) for post in some])
        index.write(some)
        team.write([post for post in some if post.monitors])
    for start in range(0, len(crowd.said), BATCH):
        index.write([said_again(post, 2) for post in crowd.said[start : start + BATCH : 3]])
    _die(bureau, crowd)
    _work(bureau, crowd)
    _upload(bureau, crowd)
    return crowd


def _collected(post: EnrichedPost) -> Collected:
    return Collected("source", post.post, START, workspace=WORKSPACE)


def said_again(post: EnrichedPost, revision: int) -> EnrichedPost:
    """The same post, understood once more."""
    return replace(post, revision=revision)


def _die(bureau: Bureau, crowd: Crowd) -> None:
    """Every seventh post of those to be forgotten died on its way, each third of those unreadably."""
    letters = []
    for number, post in enumerate(_forgotten(crowd)[::7]):
        value = envelope.encode(post)
        value = value[: len(value) - 2] if number % 3 == 0 else value
        letters.append(DeadLetter(f"d{number}", ENRICHED, "index", 0, number, post.key, value, "E",
                                  "no", START, 1, WORKSPACE))  # fmt: skip
    bureau.dead.add(letters)


def _forgotten(crowd: Crowd) -> list[EnrichedPost]:
    gone = {*crowd.authors, *crowd.posts}
    return [post for post in crowd.said if post.post.key in gone or post.post.author.key in gone]


def _work(bureau: Bureau, crowd: Crowd) -> None:
    """Customers, ties, notes, answers, corrections, searches that name somebody."""
    services, lena = bureau.services, actor("agent")
    with bureau.records.write() as tx:
        account = AccountRow(
            "a1", WORKSPACE, "bluesky", "https://x.example", "n", "did:n", "connected", None, None, START
        )
        sources.put_account(tx, account, bureau.vault.encrypt("hush"))
    for number, author in enumerate(crowd.authors):
        case = services.customers.card(lena, author).cases[0]
        services.inbox.add_note(lena, case.id, f"called {trace(number)}")
        services.replies.approve_and_send(lena, case.id, "reply", f"Dear {trace(number)}, sorry", "en")
        if number % 3 == 0:
            draft = CustomerDraft(f"Ms {trace(number)}", f"{trace(number)}@example.org", f"+9891200{number:05}",
                                  fields={"link": f"https://{trace(number)}.example"})  # fmt: skip
            customer = services.customers.save(lena, draft)
            services.customers.tie(lena, author, customer.id, detail=f"said {trace(number)}")
            crowd.customers.append(customer.id)
        if number % 4 == 0:
            services.corrections.correct(lena, f"bluesky:f{number}-0", "sentiment", "neutral")
            list(services.search.export(actor("manager", "manager"), f'author:"{author}"').posts)


def _upload(bureau: Bureau, crowd: Crowd) -> None:
    """A file that was imported and read, and one whose import failed."""
    folder = bureau.data / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    with bureau.records.write() as tx:
        for name, state in (("read", "finished"), ("failed", "failed")):
            path = folder / f"{name}.csv"
            path.write_text("id,text\n" + "\n".join(f"{post.key},{post.post.text}" for post in _forgotten(crowd)))
            then = (bureau.clock.now() - timedelta(hours=2)).timestamp()
            os.utime(path, (then, then))
            sources.put(tx, SourceRow(name, WORKSPACE, "file", path.name, {"path": str(path)}, START, state=state))


def files_with_traces(data: Path) -> dict[str, list[bytes]]:
    """The files of a data folder, but for old back-ups and what a restore put aside, in which a rare word stands."""
    found = {}
    for path in sorted(data.rglob("*")):
        old = path.relative_to(data).parts[0]
        if path.is_file() and old != "backups" and not old.startswith("replaced-"):
            words = traces_in(path.read_bytes())
            if words:
                found[str(path.relative_to(data))] = words
    return found


def backup_with_traces(backup: Path) -> list[str]:
    """The files of a back-up in which a rare word stands."""
    with tarfile.open(backup) as archive:
        return [one.name for one in archive if (file := archive.extractfile(one)) and traces_in(file.read())]
