"""Accounts matched to customers and records of a list to each other, measured on rows whose truth is known."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm.errors import InvalidInputError
from enrich.linkage import Pair, groups, link
from enrich.tasks import evaluate_file

WRITTEN = Path(__file__).parent / "written"
SARA = {"id": "c1", "name": "سارا احمدی", "city": "تهران", "link": "", "handle": ""}
OTHERS = ("omid karimi", "narges rezaei", "kaveh nouri", "mina akbari", "arash bayat", "parisa sadeghi", "elham taheri",
          "reza vahidi")  # fmt: skip
OMID = {"id": "c2", "name": "Omid Karimi", "city": "", "link": "", "handle": "@omidak"}


def account(handle: str, name: str, place: str = "") -> dict[str, str]:
    return {"platform": "x", "handle": handle, "name": name, "place": place, "link": "", "bio": ""}


def measured(path: Path) -> dict[str, Any]:
    return evaluate_file("matching", path)


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", "utf-8")
    return path


def test_accounts_of_customers_and_of_nobody_are_counted(tmp_path: Path) -> None:
    written(
        tmp_path / "handles.jsonl",
        {"customer": SARA, "account": account("sara_ahmadi", "Sara Ahmadi"), "same": True, "enough": True},
        {"customer": OMID, "account": account("shabgard", "Omid"), "same": True, "enough": False},
    )
    written(
        tmp_path / "distractors.jsonl",
        {"id": "n1", "account": account("s.ahmadi", "Sara Ahmadi"), "same": False, "near": "c1"},
        {"id": "n2", "account": account("omidak", "باران"), "same": False},
        {"id": "n3", "account": account("x", "y"), "same": False},
    )
    found = measured(tmp_path)
    assert (found["n"], found["customers"], found["suggested"]) == (5, 2, 3)
    assert (found["precision"], found["recall"], found["recall_where_enough"]) == (0.3333, 0.5, 1.0)
    assert found["accuracy"] == 0.4
    assert measured(tmp_path / "handles.jsonl")["precision"] == 1.0


def test_the_hard_set_keeps_its_figures() -> None:
    found = measured(WRITTEN)
    assert (found["n"], found["customers"]) == (5_500, 500)
    assert found["precision"] >= 0.985
    assert found["recall_where_enough"] >= 0.78
    assert found["recall"] >= 0.6


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_records_with_typing_errors_are_found(shared: Callable[[str], Path], number: int) -> None:
    found = measured(shared(f"data/er_febrl/dataset{number}.csv.gz"))
    assert found["f1"] >= 0.995


def test_what_can_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("name\nSara\n", "utf-8")
    (tmp_path / "empty.jsonl").write_text("", "utf-8")
    (tmp_path / "wrong.jsonl").write_text('\n{"text": "x"}\n', "utf-8")
    for name, said in (("list.csv", "rec_id"), ("empty.jsonl", "no row"), ("wrong.jsonl", "line 2"), ("", "neither"),
                       ("none.jsonl", "can't be read")):  # fmt: skip
        with pytest.raises(InvalidInputError, match=said):
            measured(tmp_path / name)


def test_a_compressed_list_is_read(tmp_path: Path) -> None:
    rows = ["rec_id, name, phone", "rec-1-org, sara ahmadi, 12345678", "rec-1-dup-0, sara ahmady, 12345678"]
    with gzip.open(tmp_path / "list.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join([*rows, *(f"rec-{at}-org, {name}, 77{at}45{at}" for at, name in enumerate(OTHERS, 2))]))
    found = measured(tmp_path / "list.csv.gz")
    assert (found["n"], found["pairs"], found["f1"]) == (10, 1, 1.0)


def test_a_list_with_both_letters_is_linked() -> None:
    others = [{"name": f"{a} {b}", "city": c, "phone": f"0912{at}{at}431"}
              for at, (a, b, c) in enumerate(zip(
                  ("Omid", "نرگس", "Kaveh", "مینا", "Arash", "پریسا", "Reza", "الهام"),
                  ("Karimi", "رضایی", "Nouri", "اکبری", "Bayat", "صادقی", "Vahidi", "طاهری"),
                  ("Tehran", "شیراز", "Qom", "رشت", "Yazd", "کرج", "Sari", "اهواز"), strict=True))]  # fmt: skip
    twice = [{"name": "Sara Ahmadi", "city": "Tehran", "phone": "09121234567"},
             {"name": "سارا احمدي", "city": "تهران", "phone": "۰۹۱۲۱۲۳۴۵۶۷"}]  # fmt: skip
    assert [(one.one, one.other) for one in link([*twice, *others])] == [(0, 1)]


@pytest.mark.parametrize("rows", [[], [{"name": "Sara"}], [{"name": ""}, {"name": ""}], [{}, {}]])
def test_a_list_without_anything_to_compare_has_nobody_twice(rows: list[dict[str, str]]) -> None:
    assert link(rows) == []


def test_records_are_grouped_by_way_of_others() -> None:
    assert groups([Pair(4, 7, 0.9), Pair(0, 1, 1), Pair(7, 9, 0.95)]) == [[0, 1], [4, 7, 9]]
