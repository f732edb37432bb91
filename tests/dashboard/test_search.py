"""The pages of mentions, as functions and over HTTP."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace
from plotly.utils import PlotlyJSONEncoder

from crm.errors import NotFoundError
from crm.query import MESSAGES, QueryError, parse, spans
from dashboard.app import create_app
from dashboard.components.query_text import EXAMPLES, explain, explained, spans_of
from dashboard.pages import search as page
from dashboard.pages import thread
from dashboard.text import t
from enrich.duplicates import MinHash
from tests.dashboard.client import Browser
from tests.dashboard.console import Mentions, mentions
from tests.doubles.office import START, said

pytestmark = pytest.mark.slow


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Mentions]:
    with mentions(tmp_path) as one:
        yield one


def drawn(component: Any) -> str:
    """The whole tree as JSON, as a browser gets it."""
    return json.dumps(component, cls=PlotlyJSONEncoder, ensure_ascii=False)


def hrefs(tree: str) -> list[str]:
    """The addresses in a drawn tree."""
    return [part.split('"')[0] for part in tree.split('"href": "')[1:]]


def test_hits_are_shown_with_their_marks_and_ways_on(console: Mentions) -> None:
    console.index.write([said("a", "my card is gone"), said("b", "nothing", at=1)])
    with console.seen():
        tree = drawn(page.layout(q="card"))
    assert "1 post" in tree
    assert '"type": "Mark"' in tree
    assert '"data-post": "bluesky:a"' in tree
    assert "/thread?key=bluesky%3Aa" in tree
    assert "/monitors/new?query=card" in tree
    assert "/search.csv?q=card&order=newest" in tree


@pytest.mark.parametrize(("language", "expected"), [
    ("en", "Line 1, column 10:"), ("fa", "سطر ۱، ستون ۱۰:"),
])  # fmt: skip
def test_a_wrong_query_is_explained_at_its_column_and_nothing_breaks(
    console: Mentions, language: Any, expected: str
) -> None:
    with console.seen(language):
        tree = drawn(page.layout(q="card AND sentimnt:bad"))
        assert expected in tree
        assert t("search.not_searched") in tree


def test_pages_go_on_by_a_cursor_and_back_to_the_first(console: Mentions) -> None:
    console.index.write([said(f"p{at:03}", "card", at=at) for at in range(page.PAGE + 2)])
    with console.seen():
        first = drawn(page.layout(q="card"))
        following = next(href for href in hrefs(first) if "after=" in href)
        query = {name: values[0] for name, values in parse_qs(urlsplit(following).query).items()}
        second = drawn(page.layout(**query))
    assert f"1 to {page.PAGE}" in first
    assert f"{page.PAGE + 1} to {page.PAGE + 2}" in second
    assert second.count('"data-post"') == 2
    assert "/search?q=card" in hrefs(second)


def test_an_order_that_is_none_is_the_newest(console: Mentions) -> None:
    with console.seen():
        assert page.checked_order("; drop") == "newest"
        assert page.go(1, " card ", "?q=x&order=oldest") == "/search?q=card&order=oldest"
        assert page.go(1, None, "") == "/search"


def test_what_a_role_may_not_do_is_not_offered(console: Mentions) -> None:
    console.index.write([said("a", "card")])
    with console.seen(role="agent"):
        agent = drawn(page.layout(q="card"))
    with console.seen(role="analyst"):
        analyst = drawn(page.layout(q="card"))
    assert "/search.csv" not in agent
    assert "/monitors/new" not in agent
    assert '"data-act": "case"' in agent
    assert '"data-act": "case"' not in analyst


def test_nothing_found_offers_everything(console: Mentions) -> None:
    with console.seen():
        assert t("search.none") in drawn(page.layout(q="unicorn"))
        assert t("search.clear") in drawn(page.layout(q="unicorn"))


def test_a_case_is_opened_from_a_hit(console: Mentions) -> None:
    console.index.write([said("a")])
    console.office.index.write([said("a")])
    with console.seen():
        _, href = page.act({"act": "case", "post": "bluesky:a"})
        assert str(href).startswith("/inbox?case=")
        with pytest.raises(NotFoundError):
            page.act({"act": "case", "post": "bluesky:elsewhere"})


def test_a_conversation_stands_in_order_with_ours_apart(console: Mentions) -> None:
    console.index.write(
        [said("root", at=1), said("answer", "here to help", at=9, root="root", own=True), said("other", thread="x")]
    )
    with console.seen():
        tree = drawn(thread.layout(key="bluesky:root"))
        assert tree.index("bluesky:root") < tree.index("here to help")
        assert '"m our"' in tree
        assert "bluesky:other" not in tree
        assert t("search.thread_none") in drawn(thread.layout(key="bluesky:nothing"))
        assert t("search.thread_none") in drawn(thread.layout())


def test_the_file_holds_every_hit_and_no_formula(console: Mentions) -> None:
    console.index.write([said(f"p{at}", "card", at=at) for at in range(3)])
    console.index.write([said("evil", '=HYPERLINK("http://evil") card', at=9), said("dm", "card", private=True)])
    browser = Browser(create_app(console.services, now=lambda: START), "session-1")
    answer = browser.get("/search.csv", params={"q": "card", "order": "newest"})
    assert answer.status_code == 200
    assert "shenava-search-2026-03-21.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["key"] for row in rows] == ["bluesky:evil", "bluesky:p2", "bluesky:p1", "bluesky:p0"]
    assert rows[0]["text"].startswith("'=HYPERLINK")
    assert (rows[1]["posted_at"], rows[1]["monitors"]) == ("2026-03-21T11:32:00+03:30", "Nanmah")


def test_files_are_refused_in_words(console: Mentions) -> None:
    signed_in = Browser(create_app(console.services), "session-1")
    wrong = signed_in.get("/search.csv", params={"q": "(card"})
    assert (wrong.status_code, "never closed" in wrong.text) == (422, True)
    sessions = console.services.accounts.sessions
    sessions["session-1"] = replace(sessions["session-1"], role="agent")
    assert signed_in.get("/search.csv", params={"q": "card"}).status_code == 403
    assert Browser(create_app(console.services)).get("/search.csv").status_code == 303


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_example_of_the_help_is_a_query(language: Any) -> None:
    for name in EXAMPLES:
        parse(t(f"query.example_{name}", language), now=START)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_fault_has_a_text(console: Mentions, language: Any) -> None:
    names = ("characters", "limit", "found", "suggestion", "field", "allowed")
    with console.seen(language):
        for code in MESSAGES:
            error = QueryError(code, "x", 0, 1, **dict.fromkeys(names, "7"))
            assert not explained(error).startswith("query.")
            assert "{" not in explained(error)
            assert explained(error) in drawn(explain(error))


def test_colours_follow_the_language() -> None:
    text = 'card OR "no way" AND lang:fa ('
    painted = {text[start:end]: name for start, end, name in spans_of(text)}  # type: ignore[misc, index]
    assert (painted["OR"], painted['"no way"'], painted["lang:"], painted["("]) == ("k", "w", "f", "er")
    assert len(spans_of(text)) == len(spans(text))


CAMPAIGN = "everybody at this bank lost the money of a card again today {}"


def campaign(console: Mentions, count: int) -> None:
    """Many accounts say nearly the same, somebody else something else."""
    posts = [said(f"c{n}", CAMPAIGN.format("!" * n), at=n, who=f"did:{n % 5}") for n in range(count)]
    posts += [said("other", "a card that works well for me every single day", at=99, who="did:other")]
    bands = MinHash().bands([one.post.text for one in posts])
    console.index.write([replace(one, bands=its) for one, its in zip(posts, bands, strict=True)])


@pytest.mark.parametrize(("language", "says"), [
    ("en", "and 6 more like it · by 5 accounts in all"), ("fa", "و ۶ پست همانند دیگر · روی‌هم از ۵ حساب"),
])  # fmt: skip
def test_what_many_say_is_shown_once_with_a_count_that_opens_all_of_it(
    console: Mentions, language: Any, says: str
) -> None:
    campaign(console, 7)
    with console.seen(language):
        tree = drawn(page.layout(q="card"))
        (opened,) = [parse_qs(urlsplit(href).query) for href in hrefs(tree) if "alike" in href]
        every = drawn(page.layout(q=opened["q"][0]))
        nothing_else = drawn(page.layout(q="works"))
    assert says in "".join(re.findall(r'"children": \[("[^]]*")\]', tree)).replace('", "', "")
    assert tree.count('"data-post"') == 2
    assert opened["q"] == ["(card) alike:bluesky:c6"]
    assert every.count('"data-post"') == 7
    assert "row g1 alike" not in every, "who asked for all of them sees them all"
    assert nothing_else.count('"data-post"') == 1


@pytest.mark.parametrize("language", ["en", "fa"])
def test_repeated_texts_are_listed_with_an_example(console: Mentions, language: Any) -> None:
    campaign(console, 7)
    with console.seen(language):
        plain = drawn(page.layout(q="card"))
        (way,) = [parse_qs(urlsplit(href).query) for href in hrefs(plain) if "view=" in href]
        tree = drawn(page.layout(**{name: values[0] for name, values in way.items()}))
        none = drawn(page.layout(q="works", view="repeated"))
        wrong = drawn(page.layout(q="card AND", view="repeated"))
        assert t("search.repeated_none") in none
        assert t("search.not_searched") in wrong
        assert t("search.open_repeated") in tree
    assert way == {"q": ["card"], "view": ["repeated"]}
    assert tree.count('"data-post"') == 1
    assert "/search?q=%28card%29+alike%3Abluesky%3Ac6" in tree
    assert "/search?q=card" in hrefs(tree)


def test_an_address_of_near_duplicates_of_a_post_that_is_not_there_finds_nothing(console: Mentions) -> None:
    campaign(console, 3)
    with console.seen():
        assert t("search.none") in drawn(page.layout(q="alike:bluesky:gone"))
        assert '"data-post": "bluesky:other"' in drawn(page.layout(q="NOT alike:bluesky:c1 card"))
