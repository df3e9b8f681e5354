r"""Write a `View` in the DOT language of Graphviz.

Labels are plain text, the form in which nothing goes wrong. HTML-like labels would give
bold names, but the wheel that stands in for ``dot`` is built without the parser for
them, and shows each node's key instead without a word of complaint. Records would give
a line below the name, but ``dot`` loses edges between records that come to lie side by
side. In plain labels ``"``, ``&`` and the backslash have a meaning; the first two are
written as character references, and the backslash is doubled.

The colours are dark on light with a white ground of their own, so that a picture looks
the same on a light and on a dark page. Colour says what a node is and never alone: a
leaf has no formula, an output a thick border, a constant a dashed one, a box a double
one.
"""

from __future__ import annotations

from collections import Counter

from autograd.render.view import Box, Edge, Node, View, number

FONT = "Helvetica"
INK, LINE = "#1f2733", "#8a94a3"
STYLE = {
    "leaf": ("#e3eefb", "#3f6fa8", "rounded,filled", 1.0),
    "inner": ("#ffffff", "#6b7685", "rounded,filled", 1.0),
    "output": ("#e4f4e4", "#2f7d3a", "rounded,filled", 2.0),
    "constant": ("#f3f3f3", "#6b7685", "rounded,filled,dashed", 1.0),
    "box": ("#f6ecd2", "#94742a", "filled", 1.2),
}
NESTING = 6
NAME_LENGTH = 32
OPS_SHOWN = 3
NOTE_LENGTH = 200
CROWDED = 3
ACROSS, DOWN = 150, 130
SCREEN = 1200
MEANING = str.maketrans({'"': "&quot;", "&": "&amp;", "\\": r"\\"})


def dot_lines(view: View, *, partials: bool, direction: str | None) -> list[str]:
    """Return the lines of a DOT graph between its braces.

    Args:
        view: what to show.
        partials: whether edges bear the local derivatives.
        direction: ``"LR"`` from left to right, ``"TB"`` downward, None as fits.

    """
    lines = _attributes(view, direction or _direction(view))
    stack: tuple[str, ...] = ()
    clusters = 0
    units: list[Node | Box] = [*view.nodes, *view.boxes]
    for unit in sorted(units, key=lambda unit: _names(unit.scope)):
        names = _names(unit.scope)
        shared = 0
        while shared < min(len(stack), len(names)) and stack[shared] == names[shared]:
            shared += 1
        lines += ["}"] * (len(stack) - shared)
        for name in names[shared:]:
            lines.append(f'subgraph cluster_{clusters} {{ label="{_text(name)}"')
            clusters += 1
        stack = names
        lines.append(_node(unit) if isinstance(unit, Node) else _box(unit))
    lines += ["}"] * len(stack)
    bare = view.boxes and _crowded(view)
    lines += [
        f"{edge.source} -> {edge.target}" if bare else _edge(edge, partials=partials)
        for edge in view.edges
    ]
    return [f"\t{line}\n" for line in lines]


def descriptions(view: View) -> dict[str, str]:
    """Return in words what each node and box shows, by key: the text alternative."""
    words = {}
    for node in view.nodes:
        head = legible(_head(node), 2 * NAME_LENGTH) or "leaf"
        words[node.key] = f"{head}: data {number(node.data)}, grad {number(node.grad)}"
    for box in view.boxes:
        words[box.key] = f"{legible(box.name)}: {', '.join(_counted(box))}"
    return words


def legible(text: str, length: int = NAME_LENGTH) -> str:
    r"""Return text on one line, without characters that XML or UTF-8 cannot hold.

    >>> legible("two\nlines"), legible("a" * 99, 5)
    ('two\\nlines', 'aaaa…')

    """
    if len(text) > length:
        text = text[: length - 1] + "…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def _attributes(view: View, direction: str) -> list[str]:
    crowded = _crowded(view)
    font = f'fontname="{FONT}" fontcolor="{INK}"'
    graph = (
        f'rankdir={direction} bgcolor="#ffffff" pad=0.2 nodesep=0.25 labelloc=t '
        f'labeljust=l ranksep={1.5 if crowded else 0.4} style="rounded,filled" '
        'color="#c9d0da" fillcolor="#f5f7fa"'
    )
    node = 'shape=box margin="0.1,0.06" height=0.3 width=0.6'
    edge = f'color="{LINE}" arrowsize=0.6 penwidth={0.5 if crowded else 1.0}'
    lines = [
        f"graph [{font} fontsize=11 {graph}]",
        f"node [{font} fontsize=11 {node}]",
        f"edge [{font} fontsize=10 {edge}]",
    ]
    if view.folded:
        lines.append(f'label="{folded_label(view)}"')
    return lines


def folded_label(view: View, *notes: str) -> str:
    """Return the label of the lines that say what the picture leaves out."""
    lines = (*view.folded, *notes)
    return "".join(rf"{_text(line, NOTE_LENGTH)}\l" for line in lines)


def _direction(view: View) -> str:
    """Return the direction in which the picture is likely to be narrower.

    A page scrolls downward, and is narrow; but a small graph reads from left to right.
    """
    keys = [box.key for box in view.boxes] + [node.key for node in view.nodes]
    place = {key: i for i, key in enumerate(keys)}
    steps = [0] * len(place)
    for edge in reversed(view.edges):
        source, target = place[edge.source], place[edge.target]
        if source < target:
            steps[source] = max(steps[source], steps[target] + 1)
    ranks = Counter(steps)
    across, down = len(ranks) * ACROSS, max(ranks.values()) * DOWN
    return "LR" if across <= max(SCREEN, down) else "TB"


def _names(scope: str) -> tuple[str, ...]:
    """Return the clusters in which a scope's nodes stand; the deepest share one."""
    return tuple(scope.split("/", NESTING - 1)) if scope else ()


def _text(text: str, length: int = NAME_LENGTH) -> str:
    return legible(text, length).translate(MEANING)


def _styled(kind: str) -> str:
    fill, line, style, width = STYLE[kind]
    return f'fillcolor="{fill}" color="{line}" style="{style}" penwidth={width}'


def _node(node: Node) -> str:
    head = _text(_head(node), 2 * NAME_LENGTH)
    label = rf"data {number(node.data)}\lgrad {number(node.grad)}\l"
    if head.strip():
        label = rf"{head}\n{label}"
    return f'{node.key} [{_styled(node.kind)} label="{label}"]'


def _head(node: Node) -> str:
    return " = ".join(filter(None, (legible(node.name), node.formula)))


def _counted(box: Box) -> tuple[str, str]:
    kinds = [
        f"{count:,} {op}" if op else f"{count:,} {'leaf' if count == 1 else 'leaves'}"
        for op, count in box.ops[:OPS_SHOWN]
    ]
    more = ", …" if len(box.ops) > OPS_SHOWN else ""
    return f"{box.count:,} nodes", ", ".join(kinds) + more


def _box(box: Box) -> str:
    count, kinds = _counted(box)
    lines = (_text(box.name), count, _text(kinds, NOTE_LENGTH))
    label = r"\n".join(lines)
    return f'{box.key} [peripheries=2 {_styled("box")} label="{label}"]'


def _edge(edge: Edge, *, partials: bool) -> str:
    words = [f"\u00d7{edge.count:,}"] if edge.count > 1 else []
    if partials and edge.partial is not None:
        words.append(number(edge.partial))
    label = f' [label="\u00a0{" ".join(words)}"]' if words else ""
    return f"{edge.source} -> {edge.target}{label}"


def _crowded(view: View) -> bool:
    """Return whether there are so many edges that labels on them would hide them."""
    return len(view.edges) > CROWDED * (len(view.nodes) + len(view.boxes))
