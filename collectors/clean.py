"""Text as people wrote it, from what platforms send: no markup, nothing that a store refuses."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    ("address", "article", "blockquote", "dd", "div", "dl", "dt", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
     "li", "ol", "p", "pre", "section", "table", "tr", "ul")
)  # fmt: skip
_UNSEEN = frozenset(("script", "style", "template", "noscript", "iframe", "object"))
_CALLS = re.compile(r"@(?<![\w@/.]@)(\w+(?:[.-]\w+)*)")
_LINKS = re.compile(r"https?://[^\s<>\"«»]+[^\s<>\"«».,;:!?؟،؛)\]}'’]", re.IGNORECASE)


def clean(text: str) -> str:
    """The text without NUL, and with halves of surrogate pairs replaced; everything else stays, bidi marks too."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "") if "\x00" in text else text


def mentioned(text: str) -> tuple[str, ...]:
    """Handles written with an at sign, each once, in order."""
    return tuple(dict.fromkeys(_CALLS.findall(text))) if "@" in text else ()


def linked(text: str) -> tuple[str, ...]:
    """Web addresses in the text, each once, in order."""
    return tuple(dict.fromkeys(_LINKS.findall(text))) if "://" in text else ()


class _Reader(HTMLParser):
    """Collects what a reader of the page sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._hidden += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag == "p" else "\n")
        elif tag == "a":
            said = dict(attrs)
            # Fediverse servers mark links to people and hashtags, which are no links of the writer's
            if (link := said.get("href")) and "mention" not in (said.get("class") or ""):
                self.links.append(link)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n\n" if tag == "p" else "\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            # line breaks of the source mean nothing in a page
            self.parts.append(re.sub(r"[ \t\r\n\f]+", " ", data))


def from_html(markup: str) -> tuple[str, tuple[str, ...]]:
    """The plain text of a piece of HTML, and the web addresses that it links to.

    Paragraphs are parted by an empty line; scripts, styles and markup are left out; never fails.
    """
    if "<" not in markup and "&" not in markup:
        return clean(markup).strip(), ()
    reader = _Reader()
    try:
        reader.feed(clean(markup))
        reader.close()
    except AssertionError:
        # the parser's answer to some broken declarations: what it read so far stands
        pass
    text = re.sub(r" ?\n ?", "\n", "".join(reader.parts))
    links = dict.fromkeys(link for link in reader.links if link.startswith(("http://", "https://")))
    return re.sub(r"\n{3,}", "\n\n", text).strip(), tuple(links)
