"""Mantine's theme and Plotly's template on the tokens of assets/a-tokens.css."""

from __future__ import annotations

from typing import Any

LAPIS = ("#EDEFFA", "#D9DEF5", "#C5CCEF", "#A3B0FF", "#7E8CDB", "#5B6EE0", "#4C5FD0", "#3346B0", "#28388F", "#1E2B70")
_FONTS = {
    "fa": "Vazirmatn, Inter, system-ui, sans-serif",
    "en": "Inter, Vazirmatn, system-ui, sans-serif",
}

POSITIVE, NEUTRAL, NEGATIVE = "#4BA377", "#B1AEA5", "#D2604F"
"""Fills of sentiment in charts; beside them stand the marks ▲ ▬ ▼."""


def theme(language: str) -> dict[str, Any]:
    """The theme for ``dmc.MantineProvider``."""
    return {
        "primaryColor": "lapis",
        "primaryShade": 7,
        "colors": {"lapis": list(LAPIS)},
        "defaultRadius": 6,
        "fontFamily": _FONTS[language],
        "fontFamilyMonospace": "JetBrains Mono, ui-monospace, monospace",
        "fontSizes": {"xs": "12px", "sm": "13px", "md": "13px", "lg": "14px", "xl": "16px"},
        "cursorType": "pointer",
        "components": {
            name: {"defaultProps": {"size": "sm"}}
            for name in ("TextInput", "Select", "MultiSelect", "Textarea", "Switch", "Checkbox", "TagsInput")
        },
    }


def plotly_template(language: str, dark: bool) -> dict[str, Any]:
    """A layout template for ``dcc.Graph`` figures: see-through, hairlines, the font of the language."""
    ink, line = ("#B4B6BF", "#282A31") if dark else ("#55534D", "#E8E6E1")
    axis = {"gridcolor": line, "linecolor": line, "zerolinecolor": line, "tickfont": {"size": 12}, "automargin": True}
    return {
        "layout": {
            "font": {"family": _FONTS[language], "size": 12, "color": ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "xaxis": {**axis, "showgrid": False},
            "yaxis": {**axis, "side": "right" if language == "fa" else "left"},
            "showlegend": False,
            "bargap": 0.28,
            "colorway": [LAPIS[7], *(NEUTRAL, "#8A877F", "#55534D", LAPIS[4])],
            "hoverlabel": {"font": {"family": _FONTS[language]}},
        }
    }
