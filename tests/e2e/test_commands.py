"""The command line as a person types it. Exit codes: 0 done, 1 failed with one sentence, 2 wrong usage."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from shenava.settings import Settings
from shenava.wiring import House
from tests.e2e.installation import EMAIL, PASSWORD, Installation
from tests.e2e.test_processes import one_line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("commands")]
CSV = """id,text,author,date
1,My card was charged twice,mina,2026-03-20T10:00:00Z
2,,omid,2026-03-20T10:01:00Z
3,کارت من کار نمی‌کند,sara,2026-03-20T10:02:00Z
4,What a day,ali,the day before yesterday
"""
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A data folder with an administrator and two posts of a CSV file, whose other rows are bad."""
    one = Installation(tmp_path_factory.mktemp("commands"))
    (one.folder / "posts.csv").write_text(CSV, encoding="utf-8")
    done = one.run("import", "posts.csv", "--platform", "x")
    assert done.returncode == 0, done.stderr
    (one.folder / "import.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    house = House(Settings(data=one.data))
    house.accounts.create_administrator(EMAIL, "Negar", PASSWORD)
    house.close()
    return one


def found(one: Installation, query: str) -> list[str]:
    done = one.run("search", query, "--json")
    assert done.returncode == 0, done.stderr
    return [hit["text"] for hit in json.loads(done.stdout)["hits"]]


def test_bad_rows_of_an_import_are_named_with_their_line(filled: Installation) -> None:
    said = (filled.folder / "import.log").read_text(encoding="utf-8")
    assert "text = text" in said
    assert "3" in said.split("text", 2)[-1]
    assert "the day before yesterday" in said
    assert len(found(filled, "")) == 2


def test_search_folds_persian_and_finds_words(filled: Installation) -> None:
    assert found(filled, "كارت") == ["کارت من کار نمی‌کند"]
    assert found(filled, "card AND platform:x") == ["My card was charged twice"]
    plain = filled.run("search", "card")
    assert "My card was charged twice" in plain.stdout


def test_a_packed_file_goes_in_once_however_often_it_is_imported(filled: Installation) -> None:
    file = filled.folder / "more.jsonl.gz"
    rows = [{"id": f"g{number}", "text": f"parcel {number}", "author": "bob"} for number in range(50)]
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
    for _ in range(2):
        assert filled.run("import", str(file), "--platform", "telegram").returncode == 0
    assert json.loads(filled.run("search", "parcel", "--json").stdout)["total"] == 50


def test_a_query_that_is_wrong_names_its_fault(filled: Installation) -> None:
    assert "has no partner" in one_line(filled.run("search", 'card AND "late'))


def test_people_and_passwords(filled: Installation) -> None:
    assert EMAIL in filled.run("users").stdout
    done = filled.run("reset-password", EMAIL)
    password = done.stdout.strip().rpartition(" ")[2]
    house = House(Settings(data=filled.data))
    assert house.accounts.log_in(EMAIL, password).user_id
    house.close()
    assert "shenava users" in one_line(filled.run("reset-password", "nobody@nanmah.example"))


def test_a_backup_brings_back_what_was_there(filled: Installation, tmp_path: Path) -> None:
    made = filled.run("backup")
    assert made.returncode == 0, made.stderr
    other = Installation(tmp_path)
    assert other.run("restore", made.stdout.strip()).returncode == 0
    assert found(other, "card") == ["My card was charged twice"]
    assert EMAIL in other.run("users").stdout
    assert "shenava: " in one_line(other.run("restore", str(filled.folder / "posts.csv")))


def test_erasing_prints_a_receipt_and_leaves_nothing(filled: Installation) -> None:
    rows = filled.folder / "gone.csv"
    rows.write_text("id,text,author\n900,please forget me,gone\n", encoding="utf-8")
    filled.run("import", str(rows), "--platform", "x")
    assert found(filled, "forget") == ["please forget me"]
    (receipt,) = json.loads(filled.run("erase", "--post", "x:900", "--post", "x:901", "--json").stdout)
    assert (receipt["posts"], len(receipt["subjects"])) == (1, 2)
    assert found(filled, "forget") == []
    assert filled.run("erase").returncode == 2
    kept = filled.folder / "receipt.json"
    kept.write_text(filled.run("erase", "--author", "x:gone").stdout, encoding="utf-8")
    assert filled.run("erase", "--verify", str(kept)).stdout.startswith("genuine")
    kept.write_text(kept.read_text(encoding="utf-8").replace('"posts":0', '"posts":9'), encoding="utf-8")
    assert "changed" in one_line(filled.run("erase", "--verify", str(kept)))


def test_the_key_is_moved_only_where_it_is_kept(filled: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled.data / "secret.key"
    text = path.read_text()
    assert one_line_out(filled.run("key")) == f"The key lies here: file, {path}"
    monkeypatch.setitem(filled.environment, "PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    assert "does not keep what it is given" in one_line(filled.run("key", "--to", "keyring"))
    assert path.read_text() == text
    assert filled.run("key", "--to", "nowhere").returncode == 2
    monkeypatch.setitem(filled.environment, "SHENAVA_SECRET_KEY", text.strip())
    assert one_line_out(filled.run("key")) == "The key lies here: environment, SHENAVA_SECRET_KEY"
    assert "SHENAVA_SECRET_KEY" in one_line(filled.run("key", "--to", "keyring"))


def one_line_out(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return line


def test_the_doctor_looks_at_everything_and_tells_no_secret(filled: Installation) -> None:
    done = filled.run("doctor", "--json")
    findings = {one["what"]: one for one in json.loads(done.stdout)}
    assert {"key", "records", "stream", "index"} <= set(findings)
    assert "does not run" in findings["shenava up"]["state"]
    assert all(one["ok"] or one["mend"] for one in findings.values())
    assert (filled.data / "secret.key").read_text().strip() not in done.stdout
    nowhere = Installation(filled.folder / "nowhere")
    nowhere.folder.mkdir()
    assert nowhere.run("doctor").returncode == 1


def test_a_model_is_measured_on_labelled_rows(tmp_path: Path) -> None:
    one, file = Installation(tmp_path), tmp_path / "labelled.jsonl"
    rows = [("I love this, thank you so much!", "good"), ("Worst service ever, I hate it.", "bad")] * 5
    file.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    words = ["eval", "sentiment", str(file), "--labels", "good=positive,bad=negative"]
    measured = json.loads(one.plain(*words).stdout)
    assert measured["accuracy"] == 1.0
    assert one_line(one.plain("eval", "beauty", str(file)))


@pytest.mark.parametrize("words", [["nonsense"], ["import"], ["import", "posts.csv"], ["up", "--port", "many"]])
def test_wrong_usage_ends_with_2(filled: Installation, words: list[str]) -> None:
    done = filled.run(*words)
    assert done.returncode == 2
    assert "Usage" in done.stderr


@pytest.mark.parametrize(("name", "content", "said"), [
    ("nowhere.csv", None, "There is no file"),
    ("posts.csv", None, "klingon"),
    ("binary.csv", "id,text\n1,سلام\n".encode("utf-32-be"), "binary"),
    ("numbers.csv", b"id,amount\n1,2\n", "text"),
    ("empty.csv", b"", "empty"),
], ids=["nowhere", "unknown encoding", "binary", "no text", "empty"])  # fmt: skip
def test_a_file_that_cannot_be_used_is_named(filled: Installation, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (filled.folder / name).write_bytes(content)
    encoding = ["--encoding", said] if said == "klingon" else []
    line = one_line(filled.run("import", name, "--platform", "x", *encoding))
    assert said in line
    assert name in line or encoding


def test_a_locked_database_is_said(filled: Installation) -> None:
    with closing(sqlite3.connect(filled.data / "records.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        line = one_line(filled.run("reset-password", EMAIL))
    assert "busy" in line or "locked" in line


@pytest.mark.faults
def test_a_full_disk_harms_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing beyond it fails as on a full one."""
    one, file = Installation(tmp_path), tmp_path / "many.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for number in range(20_000):
            out.write(json.dumps({"id": str(number), "text": f"number{number} " + "word " * 20, "author": "a"}) + "\n")
    cut_short = one.run("import", str(file), "--platform", "x", preexec_fn=_small_disk)
    assert cut_short.returncode == 1
    assert "disk" in cut_short.stderr.strip().splitlines()[-1]
    assert "Traceback" not in cut_short.stderr
    done = one.run("import", str(file), "--platform", "x")
    assert done.returncode == 0, done.stderr
    assert json.loads(one.run("search", "", "--json").stdout)["total"] == 20_000


def _small_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MEGABYTE, resource.RLIM_INFINITY))
