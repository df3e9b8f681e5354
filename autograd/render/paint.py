"""Paint Graphviz's SVG as PNG or PDF with matplotlib, where there is no ``dot``.

Graphviz in the wheel writes SVG but neither bitmaps nor PDF. Its SVG is made of four
elements (polygon, polyline, path, text) with plain attributes, one scale and one
translation, so to paint it takes no SVG library, of which none is light. The xdot
operations in its JSON output would be the obvious source; but there filled curves are
marked as unfilled and backslashes are doubled, while the SVG is right.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

DOTS_PER_INCH = 144
POINTS_PER_INCH = 72
LARGEST_BITMAP = 30_000
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
NARROW_FONTS = ("Helvetica", "Arial", "Liberation Sans", "Nimbus Sans")
ALIGNED = {"start": "left", "middle": "center", "end": "right"}

MSG_NO_PAINTER = (
    "without the system's program `dot`, PNG and PDF pictures are painted by "
    "matplotlib, which is missing too: pip install matplotlib, or install the system's "
    "package graphviz, or save as .svg"
)


def paint(svg: bytes, format_: str) -> bytes:
    """Return Graphviz's SVG as a PNG or PDF file.

    Args:
        svg: as Graphviz writes it.
        format_: ``"png"`` or ``"pdf"``.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.

    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModuleNotFoundError(MSG_NO_PAINTER) from error
    root = ET.fromstring(svg)  # noqa: S314 (Graphviz wrote it a moment ago)
    width, height = _numbers(root.attrib["viewBox"])[2:]
    graph: Any = root.find("{*}g")
    # As in: scale(0.7 0.7) rotate(0) translate(14.4 972.4)
    scale, *_, x, y = _numbers(graph.attrib["transform"])
    figure = Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(-x, width / scale - x)
    axes.set_ylim(height / scale - y, -y)
    for layer, element in enumerate(graph.iter()):
        kind = element.tag.rpartition("}")[2]
        if element.get("display") == "none":  # a bitmap is light
            continue
        if kind == "text":
            _write(axes, element, layer, scale)
        elif kind in ("polygon", "polyline", "path"):
            _stroke(axes, element, kind, layer, scale)
    dpi = min(DOTS_PER_INCH, LARGEST_BITMAP * POINTS_PER_INCH / max(width, height))
    metadata = {"CreationDate": None} if format_ == "pdf" else {}
    stream = io.BytesIO()
    figure.savefig(stream, format=format_, dpi=dpi, metadata=metadata)
    return stream.getvalue()


def _numbers(text: str) -> list[float]:
    return [float(digits) for digits in NUMBER.findall(text)]


def _colour(element: Any, name: str) -> str:
    colour: str = element.get(name, "black")
    return "none" if colour == "transparent" else colour


@cache
def _font() -> tuple[str, float]:
    """Return a font as narrow as the one Graphviz measured, or how to shrink another.

    DejaVu Sans comes with matplotlib, so it is always there, and is wide.
    """
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    for name in NARROW_FONTS:
        if name in installed:
            return name, 1.0
    return "DejaVu Sans", 0.86


def _write(axes: Any, element: Any, layer: int, scale: float) -> None:
    font, narrower = _font()
    axes.text(
        float(element.get("x")),
        float(element.get("y")),
        (element.text or "").replace("\u00a0", " "),
        color=_colour(element, "fill"),
        fontsize=narrower * scale * float(element.get("font-size")),
        fontfamily=font,
        ha=ALIGNED[element.get("text-anchor", "start")],
        va="baseline",
        parse_math=False,
        zorder=layer,
    )


def _stroke(axes: Any, element: Any, kind: str, layer: int, scale: float) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    flat = _numbers(element.get("d" if kind == "path" else "points"))
    points = list(zip(flat[::2], flat[1::2], strict=True))
    step = Path.CURVE4 if kind == "path" else Path.LINETO
    dashes = element.get("stroke-dasharray")
    axes.add_patch(
        PathPatch(
            Path(points, [Path.MOVETO] + [step] * (len(points) - 1)),
            facecolor=_colour(element, "fill"),
            edgecolor=_colour(element, "stroke"),
            linewidth=scale * float(element.get("stroke-width", 1.0)),
            linestyle=(0, _numbers(dashes)) if dashes else "solid",
            zorder=layer,
        )
    )
