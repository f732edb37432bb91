"""Which encoding a file's first bytes are in."""

from __future__ import annotations

import codecs
import re

from collectors.errors import UnusableFileError

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_ARABIC_WORDS = re.compile("[\u0621-\u06cc]{2,}")
_HIGH = re.compile("[^\x00-\x7f]")
_WESTERN = re.compile("[À-ÖØ-öø-ÿŒœŠšŽžŸ€£°§«»‘’“”–—…•·\u00a0¿¡ªº²³½©®™]")
_MOSTLY = 0.7
_COMMON, _COMMON_SHARE = "اليونرمه", 0.35
"""The letters that make up about half of any Persian or Arabic text."""
_WESTERN_SHARE = 0.3
"""Western European languages write less than this share of their letters with accents."""


def detect(name: str, head: bytes) -> str:
    """The encoding of a file called `name` that begins with `head`.

    Raises: UnusableFileError for binary files and encodings that can't be told.
    """
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    if wide := _without_mark(head):
        return wide
    if b"\x00" in head or len(_CONTROLS.findall(head)) > len(head) // 100:
        message = f"{name} is a binary file; posts are read from CSV, TSV, JSON Lines or JSON."
        raise UnusableFileError(message, "binary_file", name=name)
    return "utf-8" if _is_utf8(head) else _one_byte(name, head)


def _without_mark(head: bytes) -> str:
    """UTF-16 without its mark: nearly every separator, digit and line break has a zero byte on one side."""
    even, odd = head[0::2], head[1::2]
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        breaks = sum(others.count(sign) for sign in (b"\n", b",", b"\t", b'"', b" "))
        if zeros.count(0) > max(4, len(zeros) // 20) and others.count(0) == 0 and breaks:
            return encoding
    return ""


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        # a few broken rows in a file of UTF-8 are the rows' fault
        broken = len(_HIGH.findall(head.decode("utf-8", errors="ignore")))
        return broken > 0 and head.decode("utf-8", errors="replace").count("\ufffd") < broken // 20 and error.start > 0
    return True


def _one_byte(name: str, head: bytes) -> str:
    arabic, western = head.decode("cp1256"), head.decode("cp1252", errors="replace")
    high = len(_HIGH.findall(arabic))
    words = "".join(_ARABIC_WORDS.findall(arabic))
    if len(words) >= _MOSTLY * high and sum(map(words.count, _COMMON)) > _COMMON_SHARE * len(words):
        return "cp1256"
    letters = sum(map(str.isalpha, western))
    if len(_WESTERN.findall(western)) >= _MOSTLY * high and high < letters * _WESTERN_SHARE:
        return "cp1252"
    raise UnusableFileError(
        f"The encoding of {name} can't be told: it is not UTF-8, UTF-16, Windows-1256 or Windows-1252; "
        "name it (--encoding, for example iso-8859-6), or save the file as UTF-8.",
        "unknown_encoding", name=name,
    )  # fmt: skip
