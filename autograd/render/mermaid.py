"""Write a `View` as a Mermaid flowchart, which GitHub and JupyterLab draw in Markdown.

Mermaid reads Markdown, HTML and its own signs in a label, so every character but
letters, digits, blanks and the harmless ``. _ ,`` is written by its number (``#43;``).
It draws no more than 500 edges, and spaciously, so `draw` folds a graph further for it.
"""

from __future__ import annotations

from autograd.naming import legible
from autograd.render import colours
from autograd.render.dot import look
from autograd.render.labels import (
    alternative,
    edge_label,
    is_crowded,
    lines_of,
    notes,
    title,
)
from autograd.render.order import arranged, direction_of
from autograd.render.view import Node, View

LIMIT = 40
PLAIN = frozenset(" ._,")


def mermaid(view: View, *, partials: bool = False, direction: str | None = None) -> str:
    """Return a view as the text of a Mermaid flowchart.

    Args:
        view: what to show.
        partials: whether edges bear the local derivatives.
        direction: ``"LR"`` from left to right, ``"TB"`` downward, None as fits.

    """
    lines = [
        f"flowchart {direction or direction_of(view)}",
        f"accTitle: {_escaped(title(view))}",
        f"accDescr: {_escaped(alternative(view))}",
    ]
    if notes(view):
        said = "<br>".join(map(_escaped, notes(view)))
        lines.append(f'notes["{said}"]')
        lines.append(f"style notes fill:none,stroke:none,color:{colours.LINE}")
    frames = 0
    styles = []
    for name, unit in arranged(view):
        if unit is not None:
            left, right = ("[[", "]]") if _is_double(unit) else ("[", "]")
            words = "<br>".join(_escaped(line) for line in lines_of(unit) if line)
            lines.append(f'{unit.key}{left}"{words}"{right}')
            fill, line, style, width = look(unit, view)
            dashes = ",stroke-dasharray:4 3" if "dashed" in style else ""
            styles.append(
                f"style {unit.key} fill:{fill},stroke:{line},color:{colours.INK},"
                f"stroke-width:{width}px{dashes}"
            )
        elif name:
            lines.append(f'subgraph frame{frames}["{_escaped(name)}"]')
            styles.append(
                f"style frame{frames} fill:{colours.FRAME},"
                f"stroke:{colours.FRAME_LINE},color:{colours.INK}"
            )
            frames += 1
        else:
            lines.append("end")
    bare = view.boxes and is_crowded(view)
    for edge in view.edges:
        words = "" if bare else edge_label(edge, partials=partials)
        label = f'|"{_escaped(words)}"|' if words else ""
        lines.append(f"{edge.source} -->{label} {edge.target}")
    return "\n".join((*lines, *styles, ""))


def _is_double(unit: object) -> bool:
    return not isinstance(unit, Node) or bool(unit.inside)


def _escaped(text: str) -> str:
    return "".join(
        c if c.isalnum() or c in PLAIN else f"#{ord(c)};"
        for c in legible(text, max(1, len(text)))
    )
