"""What a text wants, feels and speaks of: several answers at once, read together because reading costs most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from crm.words import Aspect, Label


class Signals(Struct, frozen=True):
    """What one text signals.

    `intents` are all that the model is sure of, likeliest first; one label without a value where it is sure of none.
    `emotion` is `none` where no feeling shows. Every aspect has a sentiment of its own.
    """

    intents: tuple[Label, ...]
    emotion: Label
    offence: Label
    aspects: tuple[Aspect, ...] = ()


class SignalReader(Protocol):
    """Pure and deterministic; safe to share between threads. See :class:`crm.ports.classifier.Classifier`."""

    name: str
    version: str

    def read(self, texts: Sequence[str], languages: Sequence[str | None]) -> list[Signals]:
        """One answer per text, in the order given; any string is a text.

        `languages` are what the language model says of each: bars differ by language.
        """
        ...
