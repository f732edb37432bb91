"""Commands about data: importing, searching, back-ups, dead letters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shenava.options import Data, house, installed, screen_for

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from crm.policies.access import Actor
    from shenava.wiring import House

SHOWN = 10


def add(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(name="import")(import_files)
    app.command()(customers)
    app.command()(search)
    app.command()(topics)
    app.command()(backup)
    app.command()(restore)
    app.command()(migrate)
    app.command(name="dead-letters")(letters)
    app.command(hidden=True)(prepare)


def operator(one: House) -> Actor:
    """Whoever may use the command line may do everything in the first workspace."""
    from crm.policies.access import Actor
    from shenava import importing

    workspace = importing.the_workspace(one)
    return Actor("system", workspace, "administrator", "command line", private=True)


def import_files(
    files: Annotated[list[Path], typer.Argument(help="CSV or JSON Lines, gzip or not.")],
    platform: Annotated[str, typer.Option(help="Where the posts come from, for example x or instagram.")],
    columns: Annotated[
        str, typer.Option("--map", help="Columns by field: text=body,author=user. The rest is guessed.")
    ] = "",
    zone: Annotated[str, typer.Option(help="Zone of dates that name none, for example Asia/Tehran.")] = "UTC",
    encoding: Annotated[str, typer.Option(help="The files' encoding, where it can't be told.")] = "",
    open_cases: Annotated[bool, typer.Option("--open-cases", help="Let recent mentions in it open cases.")] = False,
    data: Data = None,
) -> None:
    """Import posts from files; the same command again goes on where it stopped."""
    from collectors.file import guess_mapping
    from shenava import importing

    screen = screen_for(stderr=True)
    options = {"platform": platform, "map": columns, "zone": zone, "encoding": encoding}
    options = {name: value for name, value in options.items() if value}
    if open_cases:
        options["open_cases"] = "yes"
    for path in files:
        if path.is_file() and not columns:
            guessed = guess_mapping(path, encoding)
            screen.print(f"{path.name}: " + ", ".join(f"{field} = {column}" for field, column in guessed.items()))
    one = house(data)
    with _progress(screen) as progress:
        read = progress.add_task("Posts read", total=None)
        waiting = progress.add_task("Made searchable", total=None, visible=False)
        most = 0

        def tell(phase: str, number: int) -> None:
            nonlocal most
            if phase == "read":
                progress.update(read, completed=number)
            else:
                most = max(most, number)
                progress.update(waiting, visible=True, total=most, completed=most - number)

        done = importing.run(one, files, options, tell)
    for bad in done.rejected[:SHOWN]:
        screen.print(f"Not used: {bad.where}: {bad.reason}", markup=False)
    if done.rejected_total > SHOWN:
        screen.print(f"... and {done.rejected_total - SHOWN} more; the Health page lists them.")
    print(json.dumps({"posts": done.posts, "rejected": done.rejected_total}))
    one.close()


def customers(
    file: Annotated[Path, typer.Argument(help="A customer list: CSV, gzip or not.")],
    columns: Annotated[str, typer.Option("--map", help="Columns by field: name=Title,phone=Mobile.")] = "",
    store: Annotated[bool, typer.Option("--store", help="Store them, after who stands in it twice was shown.")] = False,
    data: Data = None,
) -> None:
    """Show who stands twice in a list of customers; with --store, store them, the same ones as one."""
    from collectors.file.columns import parse_map
    from shenava import customerlist

    one, screen = house(data), screen_for(stderr=True)
    actor = operator(one)
    looked = customerlist.look(one, actor, file, parse_map(columns, customerlist.FIELDS))
    for some in looked.twice:
        shown = ", ".join(f"{name} ({row})" for name, row in zip(some.names, some.rows, strict=True))
        screen.print(f"The same with {some.probability:.0%}: {shown}", markup=False)
    stored, refused = 0, list[tuple[int, str]]()
    if store:
        with _told(screen, "Storing") as tell:
            stored, refused = customerlist.store(one, actor, looked, tell)
    for row, reason in refused[:SHOWN]:
        screen.print(f"Not stored: line {row}: {reason}", markup=False)
    print(json.dumps({
        "customers": len(looked.lines), "twice": [list(some.rows) for some in looked.twice], "stored": stored,
        "known": len(looked.known), "unnamed": len(looked.unnamed), "refused": len(refused),
    }))  # fmt: skip
    one.close()


def topics(data: Data = None) -> None:
    """Find the topics of every monitor now; an installation that runs does it every day where somebody began it."""
    from crm.errors import InvalidInputError
    from crm.records import jobs, workspaces
    from crm.usecases.topics import FIND, ask_all
    from shenava.jobs import SETTLE, Jobs

    one = installed(data)
    begun, asked = one.clock.now(), ask_all(one.records, one.clock)
    one.clock.sleep(SETTLE.total_seconds() + 1)
    done, work = 0, Jobs(one, (FIND,))
    with _told(screen_for(stderr=True), "Finding topics") as tell:
        tell("Finding topics", 0, asked)
        while found := work.step(limit=1):
            done += found
            tell("Finding topics", min(done, asked), asked)
    with one.records.read() as tx:
        every = [job for each in workspaces.every(tx) for job in jobs.recent(tx, each.id, FIND, asked)]
    failed = sorted({job.error or "" for job in every if job.state == "failed" and job.created_at >= begun})
    print(json.dumps({"monitors": asked, "found": done, "failed": failed}, ensure_ascii=False))
    one.close()
    if failed:
        raise InvalidInputError(failed[0])


def search(
    query: Annotated[str, typer.Argument(help='Words, "phrases", AND OR NOT, sentiment:negative …')],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object: total, hits.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    data: Data = None,
) -> None:
    """Search all posts."""
    one = installed(data)
    page = one.services.search.search(operator(one), query, limit=limit)
    if as_json:
        hits = [
            {
                "key": hit.post.post.key, "text": hit.post.post.text, "author": hit.post.post.author.handle,
                "posted_at": hit.post.post.posted_at.isoformat(), "url": hit.post.post.url,
                "language": hit.post.language.value, "sentiment": hit.post.sentiment.value,
                "urgency": hit.post.urgency.value, "monitors": list(hit.post.monitors),
                "thread": hit.post.thread_key, "made_up": hit.post.made_up,
            }
            for hit in page.hits
        ]  # fmt: skip
        print(json.dumps({"total": page.total, "hits": hits}, ensure_ascii=False))
    else:
        screen = screen_for()
        screen.print(f"{page.total} posts")
        for hit in page.hits:
            post = hit.post.post
            facts = (
                f"{post.posted_at:%Y-%m-%d %H:%M}",
                post.platform,
                post.author.handle,
                hit.post.sentiment.value or "?",
            )
            screen.print("  ".join(facts), style="dim", markup=False)
            screen.print(post.text, markup=False)
    one.close()


def backup(data: Data = None) -> None:
    """Back up the data folder (without the key file); back-ups older than 30 days go."""
    one, screen = installed(data), screen_for(stderr=True)
    with _told(screen, "Copying") as tell:
        made = one.back_up(tell)
    print(made)


def restore(
    file: Annotated[Path, typer.Argument(help="A back-up made by `shenava backup`.")],
    ledger: Annotated[
        str, typer.Option(help="Where stores are servers: the URL of the records of before, for what was erased since.")
    ] = "",
    data: Data = None,
) -> None:
    """Put a back-up back; what was there is kept aside, and what was erased since stays erased."""
    from shenava import restoring

    screen = screen_for(stderr=True)
    with _told(screen, "Restoring") as tell:
        done = restoring.restore(house(data), file, ledger, tell)
    if done.aside:
        screen.print(f"The data that were here before lie in {done.aside}; delete them when you are content.")
    print(json.dumps({"made_at": done.made_at.isoformat(), "erased_again": done.erased_again}))


def migrate(
    stream: Annotated[str, typer.Option(help="The new stream: kafka://host:9092/shenava")] = "",
    index: Annotated[str, typer.Option(help="The new index: elasticsearch+http://host:9200/shenava")] = "",
    records: Annotated[str, typer.Option(help="The new records: postgresql+psycopg://user@host/shenava")] = "",
    data: Data = None,
) -> None:
    """Move to other stores, with everything stopped; the same command again goes on where it stopped.

    Both sides are compared by counts and hashes. What is here stays as it was.
    """
    from shenava import migrating
    from shenava.settings import without_password

    screen = screen_for(stderr=True)
    with _told(screen, "Copying") as tell:
        moved = list(migrating.run(installed(data), stream, index, records, tell))
    named = {"stream_url": stream, "index_url": index, "records_url": records}
    screen.print("Equal on both sides. From now on the settings must say, in shenava.toml or the environment:")
    for name, url in named.items():
        if url:
            screen.print(f"{name} = {json.dumps(without_password(url))}", markup=False)
            if url != without_password(url):
                screen.print("  and its password in the environment, as docs/scaling.md says", markup=False)
    print(json.dumps({"moved": [{"what": one.what, "rows": one.rows, "digest": one.digest} for one in moved]}))


def letters(
    replay: Annotated[bool, typer.Option("--replay", help="Send all of them through the pipeline again.")] = False,
    data: Data = None,
) -> None:
    """List posts that could not be handled, and replay them once the cause is mended."""
    from crm.records import dead_letters

    one = installed(data)
    actor = operator(one)
    with one.records.read() as tx:
        groups = dead_letters.waiting(tx, actor.workspace)
    for group in groups:
        print(f"{group.posts}\t{group.group}\t{group.error_kind}\t{group.error}")
    if replay:
        count = one.services.health.replay(actor, [key for group in groups for key in group.ids])
        print(f"{count} sent again")
    one.close()


def prepare(demo: Annotated[bool, typer.Option("--demo")] = False, data: Data = None) -> None:
    """Bring the data folder up to date, before the roles start."""
    from shenava.demo.load import ask

    one = house(data)
    one.vault.key("audit")
    for store in (one.records, one.log, one.index):
        assert store is not None
    if demo:
        ask(one)
    one.close()


@contextmanager
def _told(screen: Console, title: str) -> Iterator[Callable[[str, int, int], None]]:
    """One bar, and what tells it the step, how much is done, and how much there is (0: unknown)."""
    with _progress(screen) as progress:
        task = progress.add_task(title, total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total or None)


def _progress(screen: Console) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=screen, transient=not screen.is_terminal,
    )  # fmt: skip
