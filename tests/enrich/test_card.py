"""The model card tells the figures that were measured when the shipped weights were learned."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from crm.errors import InvalidInputError
from enrich import card
from enrich.card import Figure
from enrich.language import WEIGHTS

ROOT = Path(__file__).resolve().parents[2]


def test_the_card_shows_the_figures_of_the_shipped_weights() -> None:
    figures = msgspec.json.decode((WEIGHTS / "figures.json").read_bytes(), type=list[Figure])
    assert card.table(figures) in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def test_figures_replace_those_before(tmp_path: Path) -> None:
    page = tmp_path / "models.md"
    page.write_text(f"above\n{card.BEGIN}\nold\n{card.END}\nbelow\n", encoding="utf-8")
    card.write(page, [Figure("sentiment", "some set", 3, 0.5, 0.25)])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("above\n")
    assert text.endswith("\nbelow\n")
    assert "| sentiment | some set | 3 | 0.500 | 0.250 |  |  |" in text
    assert "old" not in text


def test_a_card_without_a_place_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "models.md"
    page.write_text("nothing here", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="no place"):
        card.write(page, [])
    assert page.read_text(encoding="utf-8") == "nothing here"


def test_weights_are_small_and_hold_no_objects() -> None:
    files = list(WEIGHTS.glob("*.npz"))
    assert len(files) == 8
    assert sum(file.stat().st_size for file in files) <= 24_000_000
