"""Toasts: what just happened, and undo while it can be undone."""

from __future__ import annotations

from collections.abc import Mapping

from dash import set_props

from crm.errors import RetryableError, ShenavaError
from dashboard.errors import plain_sentence
from dashboard.text import t

Toast = dict[str, object]


def toast(
    text: str, *, sub: str = "", undo: Mapping[str, object] | None = None, seconds: float = 5, bad: bool = False
) -> Toast:
    """The value for the store ``toast``: output it, or hand it to :func:`show`.

    Pressing undo writes `undo` with a time into the store ``undo``: listen with ``Input("undo", "data")``
    and look whether its ``kind`` is yours. `seconds` is how long it stays.
    """
    made: Toast = {
        "text": text,
        "sub": sub,
        "seconds": seconds,
        "tone": "bad" if bad else "",
        "closeLabel": t("common.close"),
    }
    if undo is not None:
        made |= {"undo": dict(undo), "undoLabel": t("common.undo")}
    return made


def failure(error: Exception) -> Toast:
    """The toast of an error: that it failed, and why, in the person's language."""
    key = "common.failed_later" if isinstance(error, RetryableError) else "common.failed_title"
    sub = plain_sentence(error) if isinstance(error, ShenavaError) else t("common.failed_unknown")
    return toast(t(key), sub=sub, seconds=12, bad=True)


def show(made: Toast) -> None:
    """Show a toast from within a callback."""
    set_props("toast", {"data": made})
