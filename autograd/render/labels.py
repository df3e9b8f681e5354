"""What a picture says about each thing, in words; the formats only spell it."""

from __future__ import annotations

from autograd.naming import legible
from autograd.render.order import Unit
from autograd.render.view import Box, Edge, Node, View, number

HEAD_LENGTH = 64
OPS_SHOWN = 3
NOTE_LENGTH = 200
CROWDED = 3
TOLD = 12


def head(node: Node) -> str:
    """Return a node's name and formula, "" for a leaf without a name."""
    both = " = ".join(filter(None, (legible(node.name), node.formula)))
    if node.kind == "guard":
        both = f"guard {node.formula}"
    return legible(both, HEAD_LENGTH)


def lines_of(unit: Unit) -> list[str]:
    """Return the lines of a label; the first is the head, which may be empty."""
    if isinstance(unit, Node):
        lines = [head(unit)]
        if unit.inside:
            lines.append(_inside(unit))
        if unit.data is not None:
            lines.append(f"data {number(unit.data)}")
        if unit.grad is not None:
            lines.append(f"grad {number(unit.grad)}")
        return lines + [f"! {mark}" for mark in unit.marks]
    lines = [f"{legible(unit.name)}: {unit.count:,} nodes", kinds(unit)]
    return lines + [f"! {_marked(*pair)}" for pair in unit.marks]


def descriptions(view: View) -> dict[str, str]:
    """Return in words what each node and box shows, by key: the text alternative."""
    words = {}
    for node in view.nodes:
        parts = [_inside(node)] if node.inside else []
        if node.data is not None:
            parts.append(f"data {number(node.data)}")
        if node.grad is not None:
            parts.append(f"grad {number(node.grad)}")
        told = ", ".join((*parts, *node.marks)) or node.kind
        words[node.key] = f"{head(node) or 'leaf'}: {told}"
    for box in view.boxes:
        parts = [f"{box.count:,} nodes", kinds(box)]
        if box.grad:
            parts.append(f"grad up to {number(box.grad)}")
        told = ", ".join((*parts, *[_marked(*pair) for pair in box.marks]))
        words[box.key] = f"{legible(box.name)}: {told}"
    return words


def notes(view: View) -> tuple[str, ...]:
    """Return the lines at the head of a picture: what is folded, what colours mean."""
    return (*filter(None, (view.warning,)), *view.folded, *view.legend)


def title(view: View) -> str:
    """Return what the picture is of."""
    if view.program:
        return f"program {legible(view.program)}: {view.total:,} nodes"
    names = [legible(x.name) for x in view.nodes if x.is_output and x.name]
    of = f" of {', '.join(names[:TOLD])}" if names else ""
    return f"graph{of}: {view.total:,} nodes"


def alternative(view: View) -> str:
    """Return what the picture shows in words: the title, and the last steps."""
    told = list(descriptions(view).values())
    words = " ".join((f"{title(view)}.", *notes(view), f"{'; '.join(told[-TOLD:])}."))
    return legible(words, len(words))


def edge_label(edge: Edge, *, partials: bool) -> str:
    """Return what an edge bears: how many uses it stands for, the local derivative."""
    words = [f"\u00d7{edge.count:,}"] if edge.count > 1 else []
    if partials and edge.partial is not None:
        words.append(number(edge.partial))
    return " ".join(words)


def is_crowded(view: View) -> bool:
    """Return whether there are so many edges that labels on them would hide them."""
    return len(view.edges) > CROWDED * (len(view.nodes) + len(view.boxes))


def kinds(box: Box) -> str:
    """Return how many of each operation are in a box."""
    words = [
        f"{count:,} {op}" if op else f"{count:,} {'leaf' if count == 1 else 'leaves'}"
        for op, count in box.ops[:OPS_SHOWN]
    ]
    more = ", …" if len(box.ops) > OPS_SHOWN else ""
    return legible(", ".join(words) + more, NOTE_LENGTH)


def _inside(node: Node) -> str:
    return f"compiled, {node.inside:,} operation{'s'[: node.inside != 1]}"


def _marked(mark: str, count: int) -> str:
    return f"{count:,} {mark}"
