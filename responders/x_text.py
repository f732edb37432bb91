"""X's measure of a text, and whether two texts are one.

Source: twitter-text's configuration 3 (github.com/twitter/twitter-text, config/v3.json): a text holds 280, most letters
of the scripts up to Georgian and punctuation weigh 1, everything else and each emoji 2, a link 23.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from apsw.unicode import grapheme_iter, is_extended_pictographic, is_regional_indicator

LIMIT, LINK = 280, 23
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_BARE = r"(?<![@\w./-])(?:[a-z0-9][a-z0-9-]*\.)+(?:com|org|net|info|biz|app|dev|io|co|ir|me|tv|ai|shop|site|blog|xyz)\b"
_END = r"[^\s<>\"«».,;:!?؟،؛)\]}'’]"
_URL = re.compile(rf"https?://[^\s<>\"«»]*{_END}|{_BARE}(?:/[^\s<>\"«»]*{_END})?", re.IGNORECASE)
_CALLS = re.compile(r"(?:@\w{1,15}\s+)+")


def weight(text: str) -> int:
    """The length of a text as X counts it; a link without https:// counts as one where its ending is a usual one."""
    text = normalize("NFC", text)
    links = _URL.findall(text)
    return LINK * len(links) + sum(map(_weight, grapheme_iter(_URL.sub("", text))))


def same(theirs: str, ours: str) -> bool:
    """Whether X's text, its links written out, is ours: X names those answered first, trims, and completes links."""
    left, right = _plain(theirs), _plain(ours)
    return left == right or _CALLS.sub("", left, count=1) == _CALLS.sub("", right, count=1)


def _weight(cluster: str) -> int:
    if any((is_extended_pictographic(one) and ord(one) > 255) or is_regional_indicator(one) for one in cluster):
        return 2
    if "\u20e3" in cluster:
        return 2
    return sum(1 if any(low <= ord(one) <= high for low, high in _LIGHT) else 2 for one in cluster)


def _plain(text: str) -> str:
    """Without what X changes: spaces, and how links begin and end."""
    return " ".join(_URL.sub(_bare, normalize("NFC", text)).split())


def _bare(link: re.Match[str]) -> str:
    return re.sub(r"^https?://", "", link[0], flags=re.IGNORECASE).rstrip("/").casefold()
