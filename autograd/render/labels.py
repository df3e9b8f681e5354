"""What a picture says about each thing, in words; the formats only spell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from autograd.render.view import Box, Edge, Node, View, number

NESTING = 6
NAME_LENGTH = 32
OPS_SHOWN = 3
NOTE_LENGTH = 200
CROWDED = 3
ACROSS, DOWN = 150, 130
SCREEN = 1200
TOLD = 12

Unit = Node | Box


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


def head(node: Node) -> str:
    """Return a node's name and formula, "" for a leaf without a name."""
    both = " = ".join(filter(None, (legible(node.name), node.formula)))
    if node.kind == "guard":
        both = f"guard {node.formula}"
    return legible(both, 2 * NAME_LENGTH)


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
    return (*view.folded, *view.legend)


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


def arranged(view: View) -> Iterator[tuple[str, Unit | None]]:
    """Yield nodes and boxes by scope, each ``("", unit)``.

    Between them are ``(name, None)`` where a frame opens, and ``("", None)`` where the
    latest one closes.
    """
    stack: tuple[str, ...] = ()
    units: list[Unit] = [*view.nodes, *view.boxes]
    for unit in sorted(units, key=lambda unit: _frames(unit.scope)):
        names = _frames(unit.scope)
        shared = 0
        while shared < min(len(stack), len(names)) and stack[shared] == names[shared]:
            shared += 1
        yield from [("", None)] * (len(stack) - shared)
        yield from [(legible(name) or " ", None) for name in names[shared:]]
        stack = names
        yield "", unit
    yield from [("", None)] * len(stack)


def direction_of(view: View) -> str:
    """Return the direction in which the picture is likely to be narrower.

    A page scrolls downward, and is narrow; but a small graph reads from left to right.
    """
    long, wide = ranks(view)
    return "LR" if long * ACROSS <= max(SCREEN, wide * DOWN) else "TB"


def ranks(view: View) -> tuple[int, int]:
    """Return how many units stand one after the other, and how many side by side."""
    keys = [box.key for box in view.boxes] + [node.key for node in view.nodes]
    place = {key: i for i, key in enumerate(keys)}
    steps = [0] * len(place)
    for edge in reversed(view.edges):
        source, target = place[edge.source], place[edge.target]
        if source < target:
            steps[source] = max(steps[source], steps[target] + 1)
    count = Counter(steps)
    return len(count), max(count.values())


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


def _frames(scope: str) -> tuple[str, ...]:
    """Return the frames in which a scope's nodes stand; the deepest share one."""
    return tuple(scope.split("/", NESTING - 1)) if scope else ()
