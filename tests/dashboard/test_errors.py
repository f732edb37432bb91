"""What went wrong, in both languages: every class and code that the program has, and nothing that it does not have."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import collectors
import crm
import responders
import stream
from collectors.file.source import FileSource
from crm.errors import InvalidInputError, ShenavaError, StoreError
from crm.policies.replies import WayClosedError
from crm.ports.source import Problem, Rejected
from crm.ports.transport import UnreachableError
from crm.usecases.monitors import MonitorChangedError
from crm.usecases.sources import AccountRefusedError, SourceProblemsError
from crm.usecases.team import EmailTakenError, LastAdministratorError
from dashboard import errors
from dashboard.components import failed, failure
from dashboard.context import Viewer, viewing
from dashboard.markup import render
from dashboard.text import MESSAGES, has
from tests.dashboard.fakes import NOW, an_actor, fake_services

PERSIAN = re.compile("[\u0600-\u06ff]")
# Where the second argument of these names why an item or a file can't be used.
CODED = {
    "NormaliseError": "error.row_",
    "Fault": "error.row_",
    "UnusableFileError": "source.problem_",
    "CantBeAskedError": "error.row_",
}
BY_VARIABLE = {
    "no_profile",
    "private_profile",
    "bad_date",
    "two_dates",
    "hashtags_used_up",
    "hashtag_refused",
    "mention_gone",
    "comments_disabled",
    "video_gone",
    "video_closed",
}


@pytest.fixture
def persian() -> Iterator[None]:
    with viewing(Viewer(fake_services(an_actor("fa")), "fa", an_actor("fa"), NOW)):
        yield


def of_catalogue(start: str) -> set[str]:
    """The keys of errors that begin so, without that beginning."""
    with (MESSAGES / "en" / "error.po").open("rb") as file:
        return {str(one.id).removeprefix(start) for one in read_po(file) if str(one.id).startswith(start)}


def classes(root: type[Exception]) -> set[str]:
    return {root.__name__}.union(*(classes(one) for one in root.__subclasses__()))


def codes() -> set[tuple[str, str]]:
    """Every code that a collector gives, with the beginning of its key."""
    found = set()
    for path in Path(collectors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODED:
                code = node.args[1] if len(node.args) > 1 else None
                if isinstance(code, ast.Constant):
                    found.add((CODED[node.func.id], str(code.value)))
    return found | {("error.row_", code) for code in BY_VARIABLE}


def test_every_kept_error_with_a_sentence_is_a_class_of_the_program() -> None:
    for package in (crm, collectors, responders, stream):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    known = classes(ShenavaError)
    for area in ("source", "reply", "dead"):
        named = of_catalogue(f"error.{area}_")
        assert named
        assert named <= known, area


def test_every_code_of_a_rejected_row_or_file_has_a_sentence_and_the_other_way_round() -> None:
    given = codes()
    assert {code for start, code in given if not has(f"{start}{code}")} == set()
    assert of_catalogue("error.row_") == {code for start, code in given if start == "error.row_"}


@pytest.mark.parametrize("error", [
    MonitorChangedError("Nanmah"), EmailTakenError("x@example.org"), LastAdministratorError(), StoreError("full"),
    UnreachableError("https://news.example/feed", "refused"), AccountRefusedError("bluesky", "inactive"),
    WayClosedError("dm", ["reply"]), SourceProblemsError([Problem("url", "required", "url is missing.")]),
])  # fmt: skip
@pytest.mark.usefixtures("persian")
def test_raised_errors_are_told_in_the_readers_language(error: ShenavaError) -> None:
    assert PERSIAN.search(errors.sentence(error))
    assert str(error) not in str(failure(error)["sub"])
    assert str(error) not in render(failed(error))


@pytest.mark.usefixtures("persian")
def test_what_has_no_sentence_stays_english_and_is_marked_as_such() -> None:
    error = InvalidInputError("A tag needs a name.")
    english = '<bdi dir="ltr" lang="en">A tag needs a name.</bdi>'
    assert failure(error)["sub"] == "\u2068A tag needs a name.\u2069"
    assert english in render(failed(error))
    assert render(errors.kept("reply", None, str(error))) == english
    assert render(errors.kept("dead", "ValueError", str(error))) == english
    assert render(errors.rejected(Rejected("line 1", str(error)))) == english
    assert errors.in_full("dead", "ValueError", str(error)) is None


@pytest.mark.usefixtures("persian")
def test_the_exact_words_stand_behind_a_sentence_of_the_catalogue() -> None:
    assert "بلواسکای" in render(errors.kept("reply", "PermanentError", "Bluesky refused: 422.", "بلواسکای"))
    exact = errors.in_full("reply", "PermanentError", "Bluesky refused: 422.")
    assert exact is not None
    assert "Bluesky refused: 422." in render(exact)


@pytest.mark.parametrize(("content", "said"), [
    (b"", "خالی است"), (b"<html>", "صفحهٔ وب"), (b"a,b\n1,2\n", "به متن پست‌ها نمی‌ماند"), (b"\x00\x01", "متنی نیست"),
])  # fmt: skip
@pytest.mark.usefixtures("persian")
def test_why_a_file_cannot_be_imported_is_told_in_the_readers_language(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(content)
    problems = FileSource().check({"path": str(path), "platform": "x"})
    assert said in errors.sentence(SourceProblemsError(problems))
