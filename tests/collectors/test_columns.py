"""Guessing which column is which."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.file import guess_mapping
from collectors.file.columns import folded, parse_map, settle
from crm.errors import InvalidInputError

GUESSES = {
    "id,text,author,created_at": {"id": "id", "text": "text", "author": "author", "created_at": "created_at"},
    "Tweet ID;Full Text;Screen Name;Created At;Retweet Count": {
        "text": "Full Text", "id": "Tweet ID", "author": "Screen Name", "created_at": "Created At",
        "reposts": "Retweet Count",
    },
    "شناسه,متن,نام کاربری,تاریخ,لایک": {
        "text": "متن", "id": "شناسه", "author": "نام کاربری", "created_at": "تاریخ", "likes": "لایک",
    },
    "userId,message,in_reply_to_status_id": {
        "text": "message", "author_id": "userId", "parent": "in_reply_to_status_id",
    },
}  # fmt: skip


@pytest.mark.parametrize("header", GUESSES)
def test_names(tmp_path: Path, header: str) -> None:
    width = header.replace(";", ",").count(",") + 1
    separator = ";" if ";" in header else ","
    (tmp_path / "a.csv").write_text(f"{header}\n{separator.join(map(str, range(width)))}\n", encoding="utf-8")
    assert guess_mapping(tmp_path / "a.csv") == GUESSES[header]


def test_values_tell_where_names_do_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,c\n1,2026-03-21 08:00,my card does not work\n2,2026-03-22 08:00,nor mine\n")
    assert guess_mapping(tmp_path / "a.csv") == {"text": "c", "created_at": "b"}


def test_a_post_column_with_sentences_is_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,post\n1,my card does not work\n")
    assert guess_mapping(tmp_path / "a.csv") == {"text": "post", "id": "id"}


def test_nested_objects_are_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id_str": "1", "full_text": "hello", "user": {"screen_name": "ann"}}')
    assert guess_mapping(tmp_path / "a.jsonl")["author"] == "user.screen_name"


def test_what_a_person_says_counts_and_the_rest_is_guessed() -> None:
    rows = [{"id": "1", "body": "long words of a body", "note": "short", "user": "ann"}]
    assert settle("a", rows, parse_map("text=note")) == {"text": "note", "id": "id", "author": "user"}
    assert settle("a", rows, parse_map("text=note, author=")) == {"text": "note", "id": "id"}


@pytest.mark.parametrize("said", ["text", "colour=red", "=x"])
def test_a_map_at_fault(said: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_map(said)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(InvalidInputError, match="no column 'words' for text; it has id, body"):
        settle("a.csv", [{"id": "1", "body": "b"}], {"text": "words"})


def test_spellings_are_one() -> None:
    assert {folded(name) for name in ("Created At", "createdAt", "created-at", " CREATED_AT ")} == {"created_at"}
