"""The parts: what they show, and that nobody's text becomes markup."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from dash import html
from hypothesis import given
from hypothesis import strategies as st

import dashboard
from crm.errors import InvalidInputError
from crm.words import Author, Counts, EnrichedPost, Label, Post
from dashboard.components import (
    clock,
    failed,
    failure,
    figure,
    highlighted,
    initials,
    post_card,
    sentiment,
    sparkline,
    toast,
)
from dashboard.context import Viewer, viewing
from dashboard.markup import element, render
from dashboard.page import Page, find, query
from tests.dashboard.fakes import NOW, an_actor, fake_services

ROOT = Path(dashboard.__file__).parent


@pytest.fixture(autouse=True)
def _somebody_looks() -> object:
    with viewing(Viewer(fake_services(an_actor()), "en", an_actor(), NOW)):
        yield


def words(node: object) -> str:
    """The text of a component."""
    return re.sub("<[^>]*>", "", render(node)).replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'").replace(
        "&quot;", '"').replace("&amp;", "&")  # fmt: skip


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_highlighting_never_changes_the_text(text: str, spans: list[tuple[int, int]]) -> None:
    assert words(highlighted(text, spans)) == text


def test_highlights_and_handles() -> None:
    shown = render(highlighted("سلام @nan_mah از #نان_ماه خریدم", [(0, 4)]))
    assert "<mark>سلام</mark>" in shown
    assert '<bdi class="h">@nan_mah</bdi>' in shown
    assert "<bdi>#نان_ماه</bdi>" in shown
    assert "<bdi" not in render(highlighted("mail me at a@b.example"))


@given(st.text())
def test_text_and_attributes_are_escaped(text: str) -> None:
    shown = render(element("p", text, title=text))
    assert shown.count("<") == 2
    assert words(element("p", text)) == text


def test_markup_follows_react() -> None:
    assert render(html.Div("x", className="a", style={"marginInlineStart": 4, "--part": 1}, **{"aria-label": "b"})) == (
        '<div class="a" style="margin-inline-start:4px;--part:1" aria-label="b">x</div>'
    )
    assert render(element("input", checked=True, disabled=False, value=None)) == "<input checked>"


@pytest.mark.parametrize(("minutes", "tone"), [(-8, "late"), (5, "soon"), (55, "")])
def test_the_clock_says_how_it_stands(minutes: int, tone: str) -> None:
    due = NOW + timedelta(minutes=minutes)
    shown = clock(due, due - timedelta(hours=1))
    assert shown.className == f"sla {tone}".strip()
    assert ("late" in words(shown)) == (tone == "late")


def test_no_clock() -> None:
    assert words(clock(None)) == "No clock"


def test_sentiment_is_more_than_colour() -> None:
    assert "Negative, 96%" in words(sentiment("negative", words=True, probability=0.96))
    assert "Unsure" in render(sentiment(None))


@pytest.mark.parametrize(("name", "letters"), [("Lena Korda", "LK"), ("مهسا رستگار", "م"), ("@vela_example", "V"),
                                               ("golnar@mast.example", "G"), ("  ", "?"), ("🙂", "?")])  # fmt: skip
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_post_shows_its_people_safely() -> None:
    author = Author("bluesky", "a", "tobin.example", "<b>Tobin</b>")
    post = Post(
        "bluesky", "1", author, "<script>no</script>", NOW, url="javascript:alert(1)", counts=Counts(likes=12_000)
    )
    label = Label(None, 0.4, "m", "1")
    hit = EnrichedPost("w1", post, "", Label("en", 1, "m", "1"), label, label, 1, "t", made_up=True)
    shown = render(post_card(hit))
    assert "<script>" not in shown
    assert "javascript:" not in shown
    assert "@tobin.example" in shown
    assert "Made up" in shown
    assert "12K" in shown


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_a_sparkline_stays_in_its_box(values: list[float]) -> None:
    style = sparkline(values, "x", width=72, height=22).style["--line-of"]
    path = re.findall(r"[ML]([\d.-]+)%20([\d.-]+)", style)
    assert all(0 <= float(x) <= 72 and 0 <= float(y) <= 22 for x, y in path)


def test_a_figure_with_an_address_is_a_link() -> None:
    assert 'href="/inbox"' in render(figure("Mentions", "18,420", href="/inbox", change="+12%", tone="pos"))


def test_a_failure_keeps_its_sentence_and_hides_the_unknown() -> None:
    assert failure(InvalidInputError("The name is missing."))["sub"] == "The name is missing."
    assert "secret" not in str(failure(ValueError("secret path")))
    assert "The index is busy." in words(failed("The index is busy.", "again"))


def test_undo_travels_with_its_toast() -> None:
    made = toast("Sent", undo={"kind": "reply", "id": "r1"}, seconds=8)
    assert made["undo"] == {"kind": "reply", "id": "r1"}
    assert made["undoLabel"] == "Undo"


def test_every_icon_that_is_used_exists() -> None:
    known = set(re.findall(r"\.i-([\w-]+)\{", (ROOT / "assets" / "icons.css").read_text()))
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py"))
    names = re.findall(r"""\bicon\(\s*"([\w-]+)\"""", code) + re.findall(r"""\bicon(?:_name)?="([\w-]+)\"""", code)
    names += re.findall(r"""\bicon_button\(\s*"([\w-]+)\"""", code)
    assert set(names) - known == set()


def test_styles_are_logical() -> None:
    physical = re.compile(r"(?<![\w-])(?:margin|padding|border)-(?:left|right)|(?<![\w-])(?:left|right):")
    wrong = [path.name for path in (ROOT / "assets").glob("*.css") if physical.search(path.read_text(encoding="utf-8"))]
    assert wrong == []


def test_pages_are_found_by_their_address() -> None:
    some = [Page("/monitors", "a.b", html.Div), Page("/monitors/{monitor}", "a.c", html.Div)]
    assert find("/monitors/", some) == (some[0], {})
    assert find("/monitors/m%201", some) == (some[1], {"monitor": "m 1"})
    assert find("/monitors/a/b", some) is None
    assert query("?view=mine&a-b=1&view=all") == {"view": "all"}
