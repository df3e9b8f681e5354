r"""Write a `View` in the DOT language of Graphviz.

Labels are plain text, the form in which nothing goes wrong. HTML-like labels would give
bold names, but the wheel that stands in for ``dot`` is built without the parser for
them, and shows each node's key instead without a word of complaint. Records would give
a line below the name, but ``dot`` loses edges between records that come to lie side by
side. In plain labels ``"``, ``&`` and the backslash have a meaning; the first two are
written as character references, and the backslash is doubled.
"""

from __future__ import annotations

from textwrap import wrap

from autograd.naming import legible
from autograd.render import colours
from autograd.render.labels import (
    NOTE_LENGTH,
    edge_label,
    is_crowded,
    lines_of,
    notes,
)
from autograd.render.marks import OFF
from autograd.render.order import (
    Unit,
    arranged,
    before_leaves,
    beside,
    direction_of,
    ranks,
)
from autograd.render.view import Node, View

FONT = "Helvetica"
# What is folded fits on one screen, if it can then still be read: inches, and units.
SCREEN = "18.5,9.5"
LONG, WIDE = 12, 24
NOTE_WIDTH = 66  # characters: a note is not to be wider than a small graph
MEANING = str.maketrans({'"': "&quot;", "&": "&amp;", "\\": r"\\"})


def dot_lines(view: View, *, partials: bool, direction: str | None) -> list[str]:
    """Return the lines of a DOT graph between its braces.

    Args:
        view: what to show.
        partials: whether edges bear the local derivatives.
        direction: ``"LR"`` from left to right, ``"TB"`` downward, None as fits.

    """
    direction = direction or direction_of(view)
    # From left to right, what comes first in a frame is put at the bottom of it.
    units: list[Unit] = [*view.nodes, *view.boxes]
    framed = any(unit.scope for unit in units)
    upward = framed and direction in {"LR", "RL"}
    rows = beside(view)
    lines = _attributes(view, direction)
    if rows:  # a second search for fewer crossings would undo their order
        lines.append("remincross=false")
    clusters, step = 0, -1 if upward else 1
    chains = {row[::step][-1]: row[::step] for row in rows}
    for name, unit in arranged(view, backward=upward):
        if unit is not None:
            lines.append(_unit(unit, view))
            if unit.key in chains:  # here, since it is to be within their frame
                row = " -> ".join(chains[unit.key])
                lines.append(f"{{rank=same {row} [style=invis]}}")
        elif name:
            lines.append(f'subgraph cluster_{clusters} {{ label="{_text(name)}"')
            clusters += 1
        else:
            lines.append("}")
    bare = view.boxes and is_crowded(view)
    for edge in view.edges[::step]:
        words = "" if bare else edge_label(edge, partials=partials)
        label = f' [label="\u00a0{words}"]' if words else ""
        lines.append(f"{edge.source} -> {edge.target}{label}")
    lines += [f"{a} -> {b} [style=invis]" for a, b in before_leaves(view)]
    return [f"\t{line}\n" for line in lines]


def notes_label(view: View, *more: str) -> str:
    """Return the label of the lines at the head of a picture."""
    lines = [
        line
        for note in (*notes(view), *more)
        for line in wrap(note, NOTE_WIDTH, break_long_words=False)
    ]
    return "".join(rf"{_text(line, NOTE_LENGTH)}\l" for line in lines)


def _attributes(view: View, direction: str) -> list[str]:
    crowded = is_crowded(view)
    font = f'fontname="{FONT}" fontcolor="{colours.INK}"'
    graph = (
        f'rankdir={direction} bgcolor="{colours.GROUND}" pad=0.2 labelloc=t '
        f"{'' if crowded else 'ordering=in '}"
        f"nodesep={0.08 if crowded else 0.25} ranksep={1.0 if crowded else 0.4} "
        f'labeljust=l style="rounded,filled" color="{colours.FRAME_LINE}" '
        f'fillcolor="{colours.FRAME}"'
    )
    node = 'shape=box margin="0.1,0.06" height=0.3 width=0.6'
    width = 0.5 if crowded else 1.0
    edge = f'color="{colours.LINE}" arrowsize=0.6 penwidth={width}'
    lines = [
        f"graph [{font} fontsize=11 {graph}]",
        f"node [{font} fontsize=11 {node}]",
        f"edge [{font} fontsize=10 {edge}]",
    ]
    long, wide = ranks(view)
    if view.boxes and direction in {"LR", "RL"} and long <= LONG and wide <= WIDE:
        lines.append(f'size="{SCREEN}"')
    label = notes_label(view)
    return [*lines, f'label="{label}"'] if label else lines


def _text(text: str, length: int = 32) -> str:
    return legible(text, length).translate(MEANING)


def _unit(unit: Unit, view: View) -> str:
    fill, line, style, width = look(unit, view)
    looks = f'fillcolor="{fill}" color="{line}" style="{style}" penwidth={width}'
    first, *others = (_text(text, NOTE_LENGTH) for text in lines_of(unit))
    if isinstance(unit, Node):
        double = "peripheries=2 " if unit.inside else ""
        label = rf"{first}\n" if first.strip() and others else first
        label += "".join(rf"{text}\l" for text in others)
    else:
        double = "peripheries=2 "
        label = r"\n".join((first, *others))
    return f'{unit.key} [{double}{looks} label="{label}"]'


def look(unit: Unit, view: View) -> tuple[str, str, str, float]:
    """Return a unit's fill, the colour, style and width of its border."""
    kind = unit.kind if isinstance(unit, Node) else "box"
    fill, line, style, width = colours.STYLE[kind]
    if view.gradients[0]:
        levels = colours.FALLING if (unit.grad or 0.0) < 0.0 else colours.LEVELS
        fill = levels[view.level(unit.grad)]
    if unit.marks and unit.marks != (OFF,):
        line, width = colours.WARNING, 2.0
    return fill, line, style, width
