"""What the processes write to stderr: lines for a person, or JSON Lines for a log store. No secret is in either."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TextIO

Form = Literal["text", "json"]
HIDDEN = "[hidden]"

_NAMES = "token|secret|password|passwd|api[-_]?key|signature|authorization|cookie|jwt"
_SECRETS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{HIDDEN}@"),
    (
        re.compile(
            rf"""(?ix) ( [\w-]{{0,40}} (?:{_NAMES}) [\w-]{{0,40}} ["']? \s* [=:] \s* ["']? )
            (?!\[hidden\]) (?!(?:bearer|basic)\s) [^\s"'&,;)}}\]]+ """
        ),
        rf"\1{HIDDEN}",
    ),
)


def without_secrets(text: str) -> str:
    """`text` with whatever looks like a credential hidden: tokens, passwords, addresses with a password in them."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class Lines(logging.Formatter):
    """For a person: time, logger, level and message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(name)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One entry, its traceback below it."""
        return without_secrets(super().format(record))


class JSONLines(logging.Formatter):
    """For a log store: one object a line with at, level, role, logger, message, and error and trace where one was."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        """One entry."""
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "role": self._role,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info and record.exc_info[0]:
            entry["error"] = record.exc_info[0].__name__
            entry["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def configure(role: str, form: Form, to: TextIO | None = None) -> None:
    """Log this process's warnings, and what Shenava itself has to tell, in `form`, to stderr unless said."""
    handler = logging.StreamHandler(to)
    handler.setFormatter(JSONLines(role) if form == "json" else Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # The client tells of every try; what comes of them is said by our own errors.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    logging.getLogger("shenava").setLevel(logging.INFO if form == "json" else logging.WARNING)
