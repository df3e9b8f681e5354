"""The colours of a picture, each for a light page and for a dark one.

A drawing is written in the light colours. Its SVG carries the dark ones in a style
sheet that browsers apply where the reader prefers dark (`prefers-color-scheme`), so one
file serves both; bitmaps are light. The ground is always the picture's own, so that
the light form can be read on a dark page too.

Colour never tells anything alone. What a node *is* shows in its border: an output's is
thick, a constant's dashed, that of a box or a compiled function double. A fill tells
how large the gradient is, and words at the head of the picture say so; where there is
no gradient yet, it tells once more what the node is. What is marked says it in words.
"""

from __future__ import annotations

import re

GROUND = "#ffffff"
INK = "#1f2733"
LINE = "#8a94a3"
FRAME, FRAME_LINE = "#f5f7fa", "#c9d0da"
WARNING = "#b3261e"

# Of a kind of node: fill, border, style, width of the border.
STYLE = {
    "leaf": ("#e3eefb", "#3f6fa8", "rounded,filled", 1.0),
    "inner": ("#fefefe", "#6b7685", "rounded,filled", 1.0),
    "output": ("#e4f4e4", "#2f7d3a", "rounded,filled", 2.0),
    "constant": ("#f3f3f3", "#6b7686", "rounded,filled,dashed", 1.0),
    "guard": ("#fdf0f6", "#a0447a", "filled,dashed", 1.0),
    "box": ("#f6ecd2", "#94742a", "filled", 1.2),
}
# Of a gradient: none, then five steps from the smallest to the largest; of one that is
# positive, and of one that is negative.
LEVELS = ("#fdfdfd", "#fff0d9", "#ffdcaa", "#ffc272", "#fba53a", "#ea8410")
FALLING = ("#fdfdfd", "#eeeafb", "#dcd3f7", "#c4b5f0", "#a993e6", "#8d70da")
# Of a network's weights, and of its outputs from the smallest to the largest.
PLUS, MINUS = "#2b6cb0", "#b7501e"
POSITIVE = ("#eef4fb", "#d3e4f5", "#aecdec", "#84b3e0")
NEGATIVE = ("#fcf0ea", "#f8d9c9", "#f0b89c", "#e79670")

DARK = {
    GROUND: "#14181d",
    INK: "#e8ebef",
    LINE: "#7d8896",
    FRAME: "#1b2129",
    FRAME_LINE: "#3b4450",
    WARNING: "#ff7b72",
    "#e3eefb": "#1c3049",
    "#3f6fa8": "#7fb0e8",
    "#fefefe": "#232a33",
    "#6b7685": "#98a3b1",
    "#e4f4e4": "#1b3a22",
    "#2f7d3a": "#6fcf7d",
    "#f3f3f3": "#2a2d31",
    "#6b7686": "#98a3b2",
    "#fdf0f6": "#3a2030",
    "#a0447a": "#e08bbd",
    "#f6ecd2": "#3b321b",
    "#94742a": "#d0ad5c",
    LEVELS[0]: "#20262e",
    LEVELS[1]: "#33291c",
    LEVELS[2]: "#48351a",
    LEVELS[3]: "#614414",
    LEVELS[4]: "#7b520d",
    LEVELS[5]: "#945f04",
    FALLING[1]: "#252135",
    FALLING[2]: "#312a4d",
    FALLING[3]: "#40366a",
    FALLING[4]: "#52448b",
    FALLING[5]: "#6653ad",
    PLUS: "#6aa9ea",
    MINUS: "#e58b5b",
    POSITIVE[0]: "#1a2532",
    POSITIVE[1]: "#1d3550",
    POSITIVE[2]: "#1f4870",
    POSITIVE[3]: "#205d96",
    NEGATIVE[0]: "#2b2019",
    NEGATIVE[1]: "#482a1a",
    NEGATIVE[2]: "#693a20",
    NEGATIVE[3]: "#8c4c27",
}
# What is told of shades, where the page is dark: there the strongest is the brightest.
DARK_WORDS = {
    "Darker": "Brighter",
    "darker": "brighter",
    "darkest": "brightest",
    "lighter": "darker",
    "white": "black",
}
SHADES = re.compile(rf"\b({'|'.join(DARK_WORDS)})\b")


def in_both(line: str) -> str:
    """Return a line of a legend; if it tells of shades, one for light and one for dark.

    >>> print(in_both('<text x="1">darker = larger</text>'))
    <text class="sa-light" x="1">darker = larger</text>
    <text class="sa-dark" display="none" x="1">brighter = larger</text>
    >>> in_both('<text x="1">dashed = negative</text>')
    '<text x="1">dashed = negative</text>'

    """
    dark = SHADES.sub(lambda found: DARK_WORDS[found[1]], line)
    if dark == line:
        return line
    light = line.replace("<text ", '<text class="sa-light" ', 1)
    return (
        light
        + "\n"
        + dark.replace("<text ", '<text class="sa-dark" display="none" ', 1)
    )


def style_sheet() -> str:
    """Return the style sheet that turns a picture dark where readers prefer that."""
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}'
        for light, dark in DARK.items()
    )
    rules += ".sa-light{display:none}.sa-dark{display:inline}"
    return f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
