"""From files to servers and back: an installation moves, works there, is backed up, and comes back whole."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from shenava.settings import Settings, without_password
from shenava.wiring import House
from tests.e2e.installation import EMAIL, PASSWORD, Installation, until
from tests.services.postgresql import PostgreSQL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.server,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("engines"),
]
POSTS, LATER, WRITERS = 400, 60, 20


class Servers:
    """Stores of new names on the real servers, and how an installation is told of them."""

    def __init__(self, kafka: str, elasticsearch: str, records: str) -> None:
        name = f"move-{secrets.token_hex(4)}"
        self.stream = f"{kafka}/{name}?partitions=3&replication=1"
        self.index = f"elasticsearch+{elasticsearch}/{name}?shards=1&replicas=0"
        self.records = without_password(records)
        self.secret = {"SHENAVA_RECORDS_PASSWORD": str(make_url(records).password)}

    @property
    def options(self) -> list[str]:
        """For `shenava migrate`."""
        return ["--stream", self.stream, "--index", self.index, "--records", self.records]

    @property
    def environment(self) -> dict[str, str]:
        """For everything that works on them."""
        urls = {"STREAM": self.stream, "INDEX": self.index, "RECORDS": self.records}
        return {**self.secret, **{f"SHENAVA_{name}_URL": url for name, url in urls.items()}}


@pytest.fixture
def servers(kafka: str, elasticsearch: str, postgresql: PostgreSQL) -> Iterator[tuple[Servers, Servers]]:
    """Two sets of stores on the same servers."""
    with postgresql.database() as first, postgresql.database() as second:
        yield Servers(kafka, elasticsearch, first), Servers(kafka, elasticsearch, second)


def rows(file: Path, numbers: range) -> Path:
    """Posts in two languages by a few writers, over three months."""
    with file.open("w", encoding="utf-8") as out:
        for number in numbers:
            text = f"کارت شماره {number} کار نمی‌کند" if number % 2 else f"My card {number} was charged twice"
            said = {
                "id": str(number), "text": text, "author": f"writer{number % WRITERS}",
                "date": f"2026-{1 + number % 3:02}-{1 + number % 27:02}T10:{number % 60:02}:00Z",
            }  # fmt: skip
            out.write(json.dumps(said, ensure_ascii=False) + "\n")
    return file


def done(one: Installation, *words: str) -> Any:
    """What a command printed as JSON; fails where the command does."""
    ended = one.run(*words)
    assert ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
    return json.loads(ended.stdout)


def everything(one: Installation, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(one, "search", query, "--json", "--limit", "1000")["hits"]
    return found


def installed(folder: Path, where: Servers | None = None) -> Installation:
    folder.mkdir()
    one = Installation(folder)
    if where is not None:
        one.environment.update(where.environment)
    return one


def test_an_installation_moves_to_servers_and_its_back_up_comes_back_anywhere(
    servers: tuple[Servers, Servers], tmp_path: Path
) -> None:
    first, second = servers
    one = installed(tmp_path / "one")
    done(one, "import", str(rows(tmp_path / "posts.jsonl", range(POSTS))), "--platform", "x")
    house = House(Settings(data=one.data))
    house.accounts.create_administrator(EMAIL, "Negar", PASSWORD)
    house.close()
    before, persian = everything(one), everything(one, "كارت")
    assert (len(before), len(persian)) == (POSTS, POSTS // 2)

    one.environment.update(first.secret)
    moved = {side["what"]: side["rows"] for side in done(one, "migrate", *first.options)["moved"]}
    assert moved["posts"] == POSTS
    assert everything(one) == before  # the files stay as they were

    one.environment.update(first.environment)
    assert everything(one) == before
    assert everything(one, "كارت") == persian
    assert EMAIL in one.run("users").stdout
    with one.started():
        done(one, "import", str(rows(tmp_path / "later.jsonl", range(POSTS, POSTS + LATER))), "--platform", "x")
        until(lambda: len(everything(one)) == POSTS + LATER, "what was imported over Kafka is found")
        done(one, "erase", "--author", "x:writer1", "--json")
        file = one.run("backup").stdout.strip()
        done(one, "erase", "--author", "x:writer2", "--json")
    share = (POSTS + LATER) // WRITERS
    left = POSTS + LATER - 2 * share
    until(lambda: len(everything(one)) == left, "nobody finds what was erased")
    kept = everything(one)

    two = installed(tmp_path / "two", second)
    again = done(two, "restore", file, "--ledger", first.records)["erased_again"]
    assert again == share
    until(lambda: len(everything(two)) == left, "what was restored is found")
    assert everything(two) == kept
    assert EMAIL in two.run("users").stdout

    laptop = installed(tmp_path / "laptop")
    done(laptop, "restore", file)
    assert len(everything(laptop)) == left + share  # it knows of no erasure after the back-up
    assert everything(laptop, "author:writer1") == []

    home = installed(tmp_path / "home")
    home.data.mkdir()
    files = {name: f"sqlite:///{home.data / name}.sqlite" for name in ("stream", "index", "records")}
    done(two, "migrate", *(part for name, url in files.items() for part in (f"--{name}", url)))
    assert everything(home) == kept
