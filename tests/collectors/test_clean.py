"""Text out of markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.clean import clean, from_html, linked, mentioned
from collectors.seen import Seen

MARKUP = {
    "plain words": "plain words",
    "<p>one</p><p>two</p>": "one\n\ntwo",
    "one<br>two<br/>three": "one\ntwo\nthree",
    "<ul><li>one</li><li>two</li></ul>": "one\n\ntwo",
    "a\n   b<b>c</b>": "a bc",
    "&lt;script&gt;": "<script>",
    "<script>alert(1)</script>words": "words",
    "<style>p{}</style><iframe src=x>no</iframe>words": "words",
    "words <img src=x onerror=alert(1)>": "words",
    "سلام <b>دنیا</b>\u200cی": "سلام دنیا\u200cی",
    "<![broken": "<![broken",
    "1 < 2 & 3 > 2": "1 < 2 & 3 > 2",
}


@pytest.mark.parametrize("markup", MARKUP)
def test_html(markup: str) -> None:
    assert from_html(markup)[0] == MARKUP[markup]


def test_links_of_the_writer_only() -> None:
    markup = (
        '<a href="https://a.example">a</a><a href="javascript:x">b</a><a href="/c">c</a>'
        '<a class="u-url mention" href="https://d.example/@d">@d</a><a href="https://a.example">again</a>'
    )
    assert from_html(markup)[1] == ("https://a.example",)


def test_handles_and_links_in_plain_text() -> None:
    text = "@ann.example and @بانک_ما, not a@b.example: https://x.example/a?b=c). https://y.example/ب، @ann.example"
    assert mentioned(text) == ("ann.example", "بانک_ما")
    assert linked(text) == ("https://x.example/a?b=c", "https://y.example/ب")


@given(st.text(st.characters(codec=None)))
def test_every_text_can_be_stored(text: str) -> None:
    assert "\x00" not in clean(text)
    clean(text).encode()
    found, links = from_html(text)
    assert all("\x00" not in one for one in (found, *links))
    "".join((found, *links)).encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_good_texts_stay_as_they_are(text: str) -> None:
    assert clean(text) == text


def test_the_oldest_is_forgotten_first() -> None:
    seen = Seen(2, {"a": "1"})
    assert not seen.take("a", "1")
    assert seen.take("b", "1")
    assert seen.take("a", "2")
    assert seen.take("c", "1")
    assert seen.saved() == {"a": "2", "c": "1"}
    assert "b" not in seen
