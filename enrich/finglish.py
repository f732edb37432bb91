"""Learning how Persian is written in Latin letters: the tables of :mod:`crm.text.finglish`, and how well they read.

``shenava train DATA --only finglish`` and ``shenava eval finglish FILE``.

Sentences written in both ways are aligned word by word; expectation maximisation learns from four fifths of them what
stands for each letter, and which vowels that Persian leaves out are written between two.
"""

from __future__ import annotations

import gzip
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from crm.errors import InvalidInputError
from crm.ports.clock import Clock
from crm.query import alike
from crm.text import finglish, heard, tokens
from crm.text.finglish import Letter, Letters, Reader
from enrich import sets

TASK = "finglish"
ROUNDS = 6
_OTHERWISE = 0.06
SURE = 0.99
"""How alike the consonants of two words must be for them to be taken for the same."""

_GAPS = ("", "a", "e", "o", "i", "u", "aa", "ee", "oo", "ou", "y")
_LATIN = re.compile(r"[a-z']+")
_LIKE = 0.5
_RARE, _COMMON = 1, 2
"""Rows that must hold a word: of sets that may be shipped, of the others."""
_ENGLISH = (
    *sets.ENGLISH, "clinc150", "shorttext_googlenews", "shorttext_stackoverflow", "tweeteval_emotion", "app_reviews_vu",
    "purchase_intent_tweets",
)  # fmt: skip
_FOREIGN = ("en", "de", "fr", "es", "it", "pt")
_XLMT = ("english", "french", "german", "italian", "portuguese", "spanish")
_FOREIGN_ROWS = 2


class Pair(msgspec.Struct, frozen=True):
    """A Latin word and the folded Persian one in its place; how alike their consonants are (0 to 1)."""

    latin: str
    persian: str
    alike: float
    held: bool


class Sentence(msgspec.Struct, frozen=True):
    """One sentence in Latin letters (`text`) and in Persian ones."""

    text: str
    persian: str


class Read(msgspec.Struct, frozen=True):
    """How many of the words are read right: as the first reading, among the first two, among three.

    `found` are those that a query for the Persian word finds, in whatever way it is said; `unknown` Persian words are
    not in the table.
    """

    words: int
    first: float
    two: float
    three: float
    found: float
    unknown: int


def pairs(rows: Iterable[Sentence], letters: Letters) -> list[Pair]:
    """The words of sentences that are given in both ways."""
    found: list[Pair] = []
    for row in rows:
        latin = _LATIN.findall(row.text.lower())
        persian = [token for token in tokens(row.persian) if letters.knows(token)]
        found += [Pair(a, b, alike, sets.held(row.text)) for a, b, alike in _aligned(latin, persian, letters)]
    return found


def _aligned(latin: Sequence[str], persian: Sequence[str], letters: Letters) -> list[tuple[str, str, float]]:
    """The most alike words in the same order."""
    best = [[0.0] * (len(persian) + 1) for _ in range(len(latin) + 1)]
    alike = [[_alike(a, b, letters) for b in persian] for a in latin]
    for i in range(len(latin) - 1, -1, -1):
        for j in range(len(persian) - 1, -1, -1):
            both = best[i + 1][j + 1] + alike[i][j] if alike[i][j] >= _LIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], both)
    found, i, j = [], 0, 0
    while i < len(latin) and j < len(persian):
        if alike[i][j] >= _LIKE and best[i][j] == best[i + 1][j + 1] + alike[i][j]:
            found.append((latin[i], persian[j], alike[i][j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _alike(latin: str, persian: str, letters: Letters) -> float:
    """How alike the consonants of two words are; a v must have a letter of its own."""
    sounds, theirs = finglish.consonants(finglish.plain(latin)), letters.consonants(persian)
    voiced = sum(latin.count(char) for char in "vw") - sum(
        letters.letters[char].written[0][0][0] == "v" for char in persian
    )
    if not sounds and not theirs:
        likeness = 1.0 if len(latin) <= 3 and len(persian) <= 3 else 0.4
    else:
        likeness = 1 - _edits(sounds, theirs) / max(len(sounds), len(theirs))
    return likeness - 0.4 * max(voiced, 0) - (0.3 if abs(len(latin) - 1.5 * len(persian)) > 4 else 0)


def _edits(one: str, other: str) -> int:
    before = list(range(len(other) + 1))
    for at, char in enumerate(one, 1):
        now = [at]
        for place, theirs in enumerate(other, 1):
            now.append(min(before[place] + 1, now[-1] + 1, before[place - 1] + (char != theirs)))
        before = now
    return before[-1]


def untaught() -> Letters:
    """The letters as the written table has them, everything equally likely."""
    letters = {}
    for line in finglish.lines("letters.txt"):
        letter, kind, sound, *written = line.split()
        options = tuple(("" if text == "-" else text, -math.log(len(written))) for text in written)
        letters[letter] = Letter(kind, sound, (options, options, options))
    even = tuple((gap, math.log(0.5 if not gap else 0.5 / (len(_GAPS) - 1))) for gap in _GAPS)
    return Letters(letters, {before + after: even for before in "VHC" for after in "VHCE"})


Counts = dict[tuple[str, int], dict[str, float]]


def taught(words: Iterable[Pair], letters: Letters) -> Letters:
    """The letters with the chances that fit these pairs best."""
    sure = [(one.persian, finglish.plain(one.latin)) for one in words if one.alike >= SURE]
    for _ in range(ROUNDS):
        letter_counts: Counts = defaultdict(lambda: defaultdict(float))
        gap_counts: Counts = defaultdict(lambda: defaultdict(float))
        for word, latin in sure:
            _expect(word, latin, letters, letter_counts, gap_counts)
        letters = _maximised(letters, letter_counts, gap_counts)
    return letters


def _steps(word: str, letters: Letters) -> Iterator[tuple[bool, tuple[str, int], finglish.Costs]]:
    """What is written one after the other: whether it is a letter, what it is counted under, what it may be."""
    for at, char in enumerate(word):
        letter, last = letters.letters[char], at == len(word) - 1
        place = 0 if at == 0 else 2 if last else 1
        yield True, (char, place), letter.written[place]
        gap = letter.kind + ("E" if last else letters.letters[word[at + 1]].kind)
        yield False, (gap, 0), letters.gaps[gap]


def _expect(word: str, latin: str, letters: Letters, letter_counts: Counts, gap_counts: Counts) -> None:
    """Add how often each thing is written in all the ways to write `word` as `latin`, weighed by their chance."""
    steps = list(_steps(word, letters))
    forward = [{0: 1.0}]
    for _, _, written in steps:
        reached: dict[int, float] = defaultdict(float)
        for place, chance in forward[-1].items():
            for text, cost in written:
                if latin.startswith(text, place):
                    reached[place + len(text)] += chance * math.exp(cost)
        forward.append(reached)
    whole = forward[-1].get(len(latin), 0.0)
    if not whole:
        return
    behind = {len(latin): 1.0}
    for (is_letter, key, written), before in zip(reversed(steps), reversed(forward[:-1]), strict=True):
        counts, earlier = (letter_counts if is_letter else gap_counts)[key], dict[int, float]()
        for place, chance in before.items():
            for text, cost in written:
                if latin.startswith(text, place) and (rest := behind.get(place + len(text), 0.0)):
                    share = math.exp(cost) * rest
                    earlier[place] = earlier.get(place, 0.0) + share
                    counts[text] += chance * share / whole
        behind = earlier


def _maximised(letters: Letters, letter_counts: Counts, gap_counts: Counts) -> Letters:
    """The chances as counted; a place where a letter is rare leans on the letter anywhere."""
    found = {}
    for char, letter in letters.letters.items():
        texts = [text for text, _ in letter.written[0]]
        every = {text: sum(letter_counts[char, place].get(text, 0.0) for place in range(3)) for text in texts}
        anywhere = _shares(texts, every, {}, 0.3)
        places = [_allowed(_shares(texts, letter_counts[char, place], anywhere, 3.0)) for place in range(3)]
        found[char] = Letter(letter.kind, letter.sound, (_costs(places[0]), _costs(places[1]), _costs(places[2])))
    gaps = {gap: _costs(_shares(_GAPS, gap_counts[gap, 0], {}, 0.3)) for gap in letters.gaps}
    return Letters(found, gaps)


def _shares(
    texts: Sequence[str], counts: Mapping[str, float], lean: Mapping[str, float], strength: float
) -> dict[str, float]:
    """Shares of 1; `strength` counts are added, spread as `lean` says, or so many to each."""
    added = {text: strength * lean[text] if lean else strength for text in texts}
    total = sum(counts.get(text, 0.0) + added[text] for text in texts)
    return {text: (counts.get(text, 0.0) + added[text]) / total for text in texts}


def _allowed(shares: Mapping[str, float]) -> dict[str, float]:
    """No way to write a letter is next to impossible: these sentences write gh and kh where posts have q and x."""
    return {text: (1 - _OTHERWISE) * share + _OTHERWISE / len(shares) for text, share in shares.items()}


def _costs(shares: Mapping[str, float]) -> finglish.Costs:
    return tuple((text, round(math.log(share), 3)) for text, share in shares.items())


def common_words(data: Path, everything: bool) -> Counter[str]:
    """How many rows hold each Persian word, folded as the index folds it.

    Words of sets that may not be shipped must be in two rows at least. Without `everything`, sentences held out are
    passed over.
    """
    rows: Counter[str] = Counter()
    free: set[str] = set()
    for text, shipped in _persian(data, everything):
        said = {token for token in tokens(text) if "\u0600" <= token[0] <= "\u08ff"}
        rows.update(said)
        free |= said if shipped else set()
    return Counter({word: n for word, n in rows.items() if n >= (_RARE if word in free else _COMMON)})


def _persian(data: Path, everything: bool) -> Iterator[tuple[str, bool]]:
    for file in (*sets.PERSIAN, "fa_digikala"):
        yield from ((str(row["text"]), False) for row in sets.rows(data, file))
    for row in sets.rows(data, "langid_lingua"):
        if row["label"] == "fa":
            yield str(row["text"]), True
    for row in sets.rows(data, "finglish_pairs"):
        if everything or not sets.held(str(row["text"])):
            yield str(row["persian"]), True


def foreign_words(data: Path) -> list[str]:
    """Words of other languages in Latin letters that stand in two rows at least, in order."""
    rows: Counter[str] = Counter()
    for file in _ENGLISH:
        for row in sets.rows(data, file):
            rows.update(set(tokens(str(row["text"]))))
    for file, column, wanted in (("langid_lingua", "label", _FOREIGN), ("xlmt_multilingual_sentiment", "lang", _XLMT)):
        for row in sets.rows(data, file):
            if row[column] in wanted:
                rows.update(set(tokens(str(row["text"]))))
    return sorted(word for word, n in rows.items() if n >= _FOREIGN_ROWS and finglish.is_latin(word))


def dictionary(data: Path) -> dict[str, str]:
    """The words of the MIT dictionary that stand for one folded Persian word."""
    found = {}
    with gzip.open(data / "finglish_dict" / "f2p-dict.txt.gz", "rt", encoding="utf-8") as rows:
        for row in rows:
            latin, _, persian = row.strip().partition(" ")
            folded = tokens(persian)
            if finglish.is_latin(latin) and len(folded) == 1:
                found[latin] = folded[0]
    return found


def learn(data: Path, out: Path) -> tuple[Read, Read]:
    """Learn the tables into `out`; returns how held-out words are read: those with the same consonants, and all.

    What is measured was learned from four fifths, what is written from all. Raises InvalidInputError where a set is
    missing.
    """
    start, fixed = untaught(), dictionary(data)
    every = pairs([Sentence(str(row["text"]), str(row["persian"])) for row in sets.rows(data, "finglish_pairs")], start)
    split = Reader(taught([one for one in every if not one.held], start), common_words(data, False), fixed)
    held = [one for one in every if one.held]
    figures = measured([one for one in held if one.alike >= SURE], split), measured(held, split)
    letters, counts = taught(every, start), common_words(data, True)
    out.mkdir(parents=True, exist_ok=True)
    _pack(out / "finglish.json.gz", msgspec.json.encode(letters))
    _pack(out / "words_fa.txt.gz", _lines(f"{word} {n}" for word, n in sorted(counts.items(), key=_commonest)))
    _pack(out / "finglish_words.txt.gz", _lines(f"{latin} {word}" for latin, word in sorted(fixed.items())))
    _pack(out / "latin.txt.gz", _lines(foreign_words(data)))
    return figures


def train_finglish(data: Path, out: Path = finglish.TABLES) -> dict[str, object]:
    """What ``shenava train DATA --only finglish`` does and prints. See :func:`learn`."""
    same, every = learn(data, out)
    return {"held out, same consonants": msgspec.to_builtins(same), "held out, all": msgspec.to_builtins(every)}


def evaluate_finglish(file: Path, clock: Clock) -> dict[str, object]:
    """What ``shenava eval finglish FILE`` prints: how many words of its sentences are read as what stands in Persian.

    Rows are JSON Lines with `text` and `persian`. Words are aligned, and those counted whose consonants are the same.
    Raises InvalidInputError where the file can't be read or holds no such row.
    """
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
            rows = [msgspec.json.decode(line, type=Sentence) for line in lines if line.strip()]
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise InvalidInputError(f"{file.name} holds no lines of text and persian: {error}.") from error
    words = [one for one in pairs(rows, finglish.reader().letters) if one.alike >= SURE]
    if not words:
        raise InvalidInputError(f"{file.name} holds no sentence whose words stand in both ways.")
    start = clock.monotonic()
    for row in rows:
        heard(row.text)
    seconds = clock.monotonic() - start
    found = measured(words, finglish.reader())
    return {
        "task": TASK, "n": found.words, "accuracy": found.first, "macro_f1": None, "macro_recall": None,
        "per_label": {}, "abstained": 0, "posts_per_second": round(len(rows) / max(seconds, 1e-9), 1),
        "model": f"{TASK} 1", "among_two": found.two, "among_three": found.three, "found": found.found,
        "unknown": found.unknown,
    }  # fmt: skip


def measured(words: Sequence[Pair], reader: Reader) -> Read:
    """How many of these words the reader reads right."""
    right, found, unknown = [0, 0, 0], 0, 0
    for one in words:
        said = reader.readings(one.latin, 3)
        unknown += not reader.common(one.persian)
        found += not {one.persian, *(form[0] for form in alike.also((one.persian,)) if len(form) == 1)}.isdisjoint(
            said[:2]
        )
        for most in range(3):
            right[most] += one.persian in said[: most + 1]
    first, two, three, met = (round(n / max(len(words), 1), 4) for n in (*right, found))
    return Read(len(words), first, two, three, met, unknown)


def _commonest(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]


def _lines(rows: Iterable[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _pack(path: Path, content: bytes) -> None:
    # Without the time of packing: the same rows give the same file.
    path.write_bytes(gzip.compress(content, 9, mtime=0))
