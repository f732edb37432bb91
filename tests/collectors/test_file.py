"""Importing files: the conformance suite, and every way in which a file can be strange."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.file import FileSource
from crm.errors import InvalidInputError
from crm.words import Collected
from tests.conformance.source import Collecting, Heard, Options, Resuming, Stage

ROWS = 1203


def write(path: Path, content: str | bytes) -> dict[str, str]:
    """Options that import a file with this content as posts of x."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return {"path": str(path), "platform": "x"}


def stage_for(options: dict[str, str]) -> Stage:
    return Stage(FileSource(), options, [], {}, workspace="w1", platform="x")


def imported(path: Path, content: str | bytes, **options: str) -> Heard:
    """What an import of a file with this content gives, up to its end."""
    return read_all(stage_for({**write(path, content), **options}))


def read_all(stage: Stage, cursor: str = "") -> Heard:
    heard = Heard()
    with stage.running(stage.job(cursor)) as batches:
        heard.batches.extend(batches)
    return heard


def texts(heard: Heard) -> list[str]:
    return [event.post.text for event in heard.collected]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    rows = [{"id": n, "text": f"post {n}", "author": "ann", "created_at": "2026-03-21T08:00:00Z"} for n in range(ROWS)]
    options = write(tmp_path / "posts.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    bad = {
        "path": {"path": str(tmp_path / "missing.csv")},
        "platform": {"platform": "My Platform!"},
        "map": {"map": "colour=red"},
        "zone": {"zone": "Asia/Nowhere"},
        "encoding": {"encoding": "utf-9"},
    }
    return Stage(FileSource(), options, [f"x:{n}" for n in range(ROWS)], bad, workspace="w1", platform="x")


class TestOptions(Options):
    pass


class TestCollecting(Collecting):
    def test_imports_are_marked_and_open_no_case_unless_asked(self, stage: Stage) -> None:
        assert {(event.origin, event.open_cases) for event in stage.hear().collected} == {("import", False)}
        assert all(event.open_cases for event in stage.hear(open_cases="yes").collected)

    def test_batches_hold_at_most_500(self, stage: Stage) -> None:
        assert [len(batch.events) for batch in read_all(stage).batches] == [500, 500, 203]


class TestResuming(Resuming):
    def test_a_file_that_grew_goes_on(self, stage: Stage) -> None:
        cursor = read_all(stage).cursor
        with Path(stage.options["path"]).open("a") as stream:
            stream.write(json.dumps({"id": "new", "text": "later", "created_at": "2026-03-22"}) + "\n")
        assert read_all(stage, cursor).keys == ["x:new"]

    def test_another_file_under_the_same_name_is_noticed(self, stage: Stage) -> None:
        cursor = stage.hear().batches[0].cursor
        path = Path(stage.options["path"])
        path.write_text(path.read_text().replace("post 0", "post zero"))
        with pytest.raises(InvalidInputError, match="another file than the one whose import stopped after 500 rows"):
            read_all(stage, cursor)


ROW = {
    "id": "7", "text": "سلام، کارت من کار نمی‌کند 😡\nخط دوم; with, signs\tand \"quotes\"", "author": "mina",
    "created_at": "2026-03-21 08:00:00", "likes": "3",
}  # fmt: skip


def table(separator: str, encoding: str = "utf-8") -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(ROW), delimiter=separator)
    writer.writeheader()
    writer.writerow(ROW)
    writer.writerow({**ROW, "id": "8", "text": "دوباره گفتم"})
    return stream.getvalue().encode(encoding)


FORMS = {
    "csv": table(","), "tsv": table("\t"), "semicolon": table(";"), "pipe": table("|"),
    "csv_mark": table(",", "utf-8-sig"), "utf16": table(",", "utf-16"), "utf16_bare": table(",", "utf-16-le"),
    "jsonl": json.dumps(ROW).encode(), "jsonl_mark": b"\xef\xbb\xbf" + json.dumps(ROW, ensure_ascii=False).encode(),
    "jsonl_utf16": json.dumps(ROW, ensure_ascii=False).encode("utf-16"),
    "array": json.dumps([ROW, {**ROW, "id": "8"}], indent=2).encode(),
    "announced": b"sep=;\r\n" + table(";"),
    "old_lines": table(",").replace(b"\r\n", b"\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_forms(tmp_path: Path, form: str, packed: bool) -> None:
    content = FORMS[form]
    heard = imported(tmp_path / "posts.dat", gzip.compress(content) if packed else content)
    assert heard.rejected == []
    post = heard.collected[0].post
    assert (post.key, post.text, post.author.handle, post.counts.likes) == ("x:7", ROW["text"], "mina", 3)
    assert post.posted_at == datetime(2026, 3, 21, 8, tzinfo=UTC)


def test_windows_1256_is_recognised(tmp_path: Path) -> None:
    words = "id,text\n1,اين كارت كار نمي كند و پول من برگشت نخورده است\n2,ok thanks\n"
    assert texts(imported(tmp_path / "a.csv", words.encode("cp1256"))) == [
        "اين كارت كار نمي كند و پول من برگشت نخورده است", "ok thanks",
    ]  # fmt: skip


def test_windows_1252_is_recognised(tmp_path: Path) -> None:
    words = "id,text\n1,Mañana está bien – „très“ drôle\n2,plain words here\n"
    assert texts(imported(tmp_path / "a.csv", words.encode("cp1252")))[0] == "Mañana está bien – „très“ drôle"


def test_an_encoding_that_can_not_be_told_says_what_was_tried(tmp_path: Path) -> None:
    words = "id,text\n" + "1,Привет как дела сегодня\n" * 50
    with pytest.raises(InvalidInputError, match="not UTF-8, UTF-16, Windows-1256 or Windows-1252"):
        imported(tmp_path / "a.csv", words.encode("koi8-r"))
    assert texts(imported(tmp_path / "a.csv", words.encode("koi8-r"), encoding="koi8-r"))[0].startswith("Привет")


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
    "workbook": (b"PK\x03\x04" + bytes(range(256)) * 9, "Excel"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "binary"),
    "no_header": (b"1,2026-03-21,hello there my friend\n2,2026-03-22,so long my friend\n", "first line"),
    "no_texts": (b"id,number\n1,2\n3,4\n", "looks like the texts"),
    "only_header": (b"id,text\n", "No row"),
    "broken_json": (b'{"id": 1, "text"\n{"nothing\n', "No row"),
    "damaged_gzip": (gzip.compress(b"id,text\n")[:4] + b"rubbish", "damaged|can't be read|empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    content, reason = REFUSED[name]
    with pytest.raises(InvalidInputError, match=reason):
        imported(tmp_path / "strange.csv", content)


def test_a_row_at_fault_is_named_and_the_others_come(tmp_path: Path) -> None:
    lines = [
        '{"id": 1, "text": "one", "date": "2026-03-21"}', '{"id": 2, "text": "tw',
        '{"id": 3, "text": "", "date": "2026-03-21"}',
        '{"id": 4, "text": "four", "date": "soon"}', "[1, 2]", "", '{"id": 7, "text": "seven", "date": "2026-03-21"}',
        '{"id": 8, "text": "eight"}', '{"id": 9, "text": 9, "date": "2026-03-21"}',
    ]  # fmt: skip
    heard = imported(tmp_path / "a.jsonl", "\n".join(lines))
    assert heard.keys == ["x:1", "x:7"]
    reasons = {one.where: one.reason for one in heard.rejected}
    assert list(reasons) == ["line 2", "line 3", "line 4", "line 5", "line 8", "line 9"]
    assert "broken JSON" in reasons["line 2"]
    assert reasons["line 3"] == "column text: there is no text"
    assert reasons["line 4"] == "column date: 'soon' is no date that we can read"
    assert "no JSON object" in reasons["line 5"]
    assert "date is missing" in reasons["line 8"]
    assert "is no text" in reasons["line 9"]


def test_columns_at_fault_are_named_by_the_line_where_the_row_begins(tmp_path: Path) -> None:
    heard = imported(tmp_path / "a.csv", 'id,text\n1,"two\nlines"\n2\n3,three,too many\n4,four words here,\n')
    assert texts(heard) == ["two\nlines", "four words here"]
    assert [(one.where, one.reason.split(" where")[0]) for one in heard.rejected] == [
        ("line 4", "it has 1 columns"), ("line 5", "it has 3 columns"),
    ]  # fmt: skip


def test_bytes_of_another_encoding_spoil_only_their_row(tmp_path: Path) -> None:
    good = "".join(f"{n},سلام دنیا\n" for n in range(99)).encode()
    heard = imported(tmp_path / "a.csv", b"id,text\n" + good + b"99,\xe1\xe2\xff\n100,hello there\n")
    assert len(heard.collected) == 100
    assert [one.where for one in heard.rejected] == ["line 101"]
    assert "bytes that are not utf-8" in heard.rejected[0].reason


def test_a_quotation_mark_that_never_closes(tmp_path: Path) -> None:
    rest = "".join(f"{n},words {'of a post ' * 20}\n" for n in range(3, 2000))
    heard = imported(tmp_path / "a.csv", f'id,text\n1,good words here\n2,"never closed\n{rest}')
    assert texts(heard)[0] == "good words here"
    assert heard.rejected[0].where == "line 3"
    assert "quotation mark" in heard.rejected[0].reason
    assert len(heard.collected) > 500


@pytest.mark.parametrize("form", ["lines", "table"])
def test_a_file_cut_short_keeps_what_was_read(tmp_path: Path, form: str) -> None:
    lines = [f'{{"id": {n}, "text": "post {n * 7919 % 1000} said"}}' for n in range(3000)]
    table = ["id,text", *(f"{n},post {n * 7919 % 1000} said" for n in range(3000))]
    packed = gzip.compress("\n".join(lines if form == "lines" else table).encode())
    stage = stage_for(write(tmp_path / "a.gz", packed[: len(packed) * 2 // 3]))
    heard = Heard()
    with (
        pytest.raises(InvalidInputError, match="cut short or damaged after line"),
        stage.running(stage.job()) as batches,
    ):
        heard.batches.extend(batches)
    assert 1000 < len(heard.keys) < 3000
    assert heard.keys == [f"x:{n}" for n in range(len(heard.keys))]


def test_an_array_cut_short_keeps_what_was_read(tmp_path: Path) -> None:
    whole = json.dumps([{"id": n, "text": f"post {n}"} for n in range(2000)])
    stage = stage_for(write(tmp_path / "a.json", whole[:-20]))
    heard = Heard()
    with pytest.raises(InvalidInputError, match="after item 1999"), stage.running(stage.job()) as batches:
        heard.batches.extend(batches)
    assert len(heard.keys) == 1999


STRANGE = [
    "x" * 100_000,
    "\u202eright to left\u202c \u2067سلام\u2069",
    "🙏🏽👨‍👩‍👧",
    "a\x00b",
    "\ud83d half",
    "  spaces  ",
    "١٢٣",
]


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: ascii(text[:12]))
def test_strange_texts_stay_as_they_are(tmp_path: Path, text: str) -> None:
    heard = imported(tmp_path / "a.jsonl", json.dumps({"id": 1, "text": text}) + '\n{"id": 2, "text": "plain words"}\n')
    assert texts(heard)[0] == text.replace("\x00", "").replace("\ud83d", "\ufffd")


def test_a_long_text_in_a_table(tmp_path: Path) -> None:
    assert texts(imported(tmp_path / "a.csv", f"id,text\n1,{'آ' * 100_000}\n2,short one\n"))[0] == "آ" * 100_000


IDS = {
    '"3.0"': "3", "3.0": "3", "19137": "19137", '"570306133677760513"': "570306133677760513", '"abc-1"': "abc-1",
    "570306133677760513": "570306133677760513",
}  # fmt: skip


@pytest.mark.parametrize("written", IDS)
def test_ids(tmp_path: Path, written: str) -> None:
    heard = imported(tmp_path / "a.jsonl", f'{{"id": {written}, "text": "words", "in_response_to": {written}}}')
    post = heard.collected[0].post
    assert (post.native_id, post.parent_key) == (IDS[written], f"x:{IDS[written]}")


@pytest.mark.parametrize("written", ['"5.70306E+17"', "5.7030613367776e17", '""', "null", '"nan"', "NaN"])
def test_what_is_no_id_any_more_gets_one_from_the_content(tmp_path: Path, written: str) -> None:
    lines = [f'{{"id": {written}, "text": "words {n}", "parent": {written}}}' for n in (1, 2, 1)]
    posts = [event.post for event in imported(tmp_path / "a.jsonl", "\n".join(lines)).collected]
    assert posts[0].native_id == posts[2].native_id != posts[1].native_id
    assert posts[0].parent_key is None
    assert posts[0].author.native_id != posts[1].author.native_id


def test_without_dates_the_files_own_counts(tmp_path: Path) -> None:
    heard = imported(tmp_path / "a.csv", "id,text\n1,hello there\n")
    modified = datetime.fromtimestamp(int((tmp_path / "a.csv").stat().st_mtime), UTC)
    assert heard.collected[0].post.posted_at == modified


def test_a_zone_for_dates_without_one(tmp_path: Path) -> None:
    content = "text,تاریخ\nکارت من کار نمی کند,۱۴۰۴/۱۲/۲۹ ۱۲:۰۰\nhello there,2026-03-20T08:30:00Z\n"
    posts = [event.post for event in imported(tmp_path / "a.csv", content, zone="Asia/Tehran").collected]
    assert {post.posted_at for post in posts} == {datetime(2026, 3, 20, 8, 30, tzinfo=UTC)}


def test_what_x_escapes_is_unescaped_once(tmp_path: Path) -> None:
    row = '{"id": 1, "text": "salt &amp; vinegar &amp;lt; &lt;3 @vinegar https://example.com/a."}'
    post = imported(tmp_path / "a.jsonl", row).collected[0].post
    assert post.text == "salt & vinegar &lt; <3 @vinegar https://example.com/a."
    assert (post.mentions, post.links) == (("vinegar",), ("https://example.com/a",))
    other = imported(tmp_path / "a.jsonl", row, platform="forum").collected[0]
    assert isinstance(other, Collected)
    assert "&amp;" in other.post.text


def test_comments_on_one_picture_are_no_conversation_but_link_to_it(tmp_path: Path) -> None:
    rows = [{"id": n, "text": f"words {n}", "post": "B99Ek3LD6ea"} for n in (1, 2)]
    heard = imported(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)), platform="instagram")
    assert [event.post.thread_key for event in heard.collected] == ["instagram:1", "instagram:2"]
    assert {event.post.url for event in heard.collected} == {"https://www.instagram.com/p/B99Ek3LD6ea/"}


@pytest.mark.parametrize(("said", "root"), [({}, "x:1"), ({"map": "root="}, None)])
def test_what_only_later_rows_of_json_name_is_read_as_well(
    tmp_path: Path, said: dict[str, str], root: str | None
) -> None:
    rows = [{"id": number, "text": f"words {number}"} for number in range(1, 700)]
    rows += [{"id": 700, "text": "an answer", "conversation_id": "1", "likes": 7}, {"id": 701, "text": "no more"}]
    heard = imported(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)), platform="x", **said)
    *_, answer, last = (event.post for event in heard.collected)
    assert (answer.root_key, answer.counts.likes) == (root, 7)
    assert (last.root_key, last.counts.likes) == (None, 0)
    assert not heard.rejected
