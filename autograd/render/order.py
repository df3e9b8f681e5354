"""In which order the units of a picture stand: that of the computation.

A topological order lists a weight long before the neuron that reads it. A picture
shows layers one after the other and neurons 1, 2, 3, each with its weights. So a unit
has the place of the first edge that leads to it, a leaf that of the first edge from it,
and a frame that of the first thing computed in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from autograd.render.view import Box, Node, View

NESTING = 6
ACROSS, DOWN = 150, 130
SCREEN = 1200

Unit = Node | Box
Place = tuple[int, bool, int]  # of an edge to it, or of it; whether it is no leaf


def arranged(
    view: View, *, backward: bool = False
) -> Iterator[tuple[str, Unit | None]]:
    """Yield nodes and boxes by scope, each ``("", unit)``.

    Between them are ``(name, None)`` where a frame opens, and ``("", None)`` where the
    latest one closes.

    Args:
        view: what is shown.
        backward: whether the last is to come first.

    """
    units = _units(view)
    places = _places(view)
    first: dict[tuple[str, ...], Place] = {}
    for computed in (True, False):
        for unit in units:
            place, names = places[unit.key], frames(unit.scope)
            for depth in range(1, len(names) + 1) if place[1] is computed else ():
                path = names[:depth]
                if path not in first or (computed and place < first[path]):
                    first[path] = place

    def order(unit: Unit) -> list[Place]:
        names = frames(unit.scope)
        outer = [first[names[:depth]] for depth in range(1, len(names) + 1)]
        return [*outer, places[unit.key]]

    stack: tuple[str, ...] = ()
    for unit in sorted(units, key=order, reverse=backward):
        names = frames(unit.scope)
        shared = 0
        while shared < min(len(stack), len(names)) and stack[shared] == names[shared]:
            shared += 1
        yield from [("", None)] * (len(stack) - shared)
        yield from [(name or " ", None) for name in names[shared:]]
        stack = names
        yield "", unit
    yield from [("", None)] * len(stack)


def frames(scope: str) -> tuple[str, ...]:
    """Return the frames in which a scope's nodes stand; the deepest share one."""
    return tuple(scope.split("/", NESTING - 1)) if scope else ()


def before_leaves(view: View) -> Iterator[tuple[str, str]]:
    """Yield pairs of which the second, a leaf, is to stand after the first.

    A weight is to stand with the layer that reads it, after the layer before. Nothing
    that is computed before depends on a leaf that one unit alone reads.
    """
    scopes = {unit.key: unit.scope for unit in _units(view)}
    made = {edge.target for edge in view.edges}
    readers: dict[str, set[str]] = defaultdict(set)
    for edge in view.edges:
        readers[edge.source].add(edge.target)
    last = {
        edge.target: edge.source
        for edge in view.edges
        if edge.source in made and scopes[edge.source] != scopes[edge.target]
    }
    for leaf, targets in readers.items():
        if leaf not in made and len(targets) == 1:
            (target,) = targets
            if target in last and scopes[target] and scopes[target] == scopes[leaf]:
                yield last[target], leaf


def beside(view: View) -> list[list[str]]:
    """Return the boxes that stand side by side, in their order: a layer's neurons."""
    depth = dict.fromkeys((unit.key for unit in _units(view)), 0)
    for edge in view.edges:
        depth[edge.target] = max(depth[edge.target], depth[edge.source] + 1)
    rows: dict[tuple[str, int], list[str]] = defaultdict(list)
    for _, unit in arranged(view):
        if isinstance(unit, Box):
            rows[unit.scope, depth[unit.key]].append(unit.key)
    return [row for row in rows.values() if len(row) > 1]


def direction_of(view: View) -> str:
    """Return the direction in which the picture is likely to be narrower.

    A page scrolls downward, and is narrow; but a small graph reads from left to right.
    """
    long, wide = ranks(view)
    return "LR" if long * ACROSS <= max(SCREEN, wide * DOWN) else "TB"


def ranks(view: View) -> tuple[int, int]:
    """Return how many units stand one after the other, and how many side by side."""
    count = Counter(_steps(view).values())
    return len(count), max(count.values())


def _units(view: View) -> list[Unit]:
    return [*view.nodes, *view.boxes]


def _steps(view: View) -> dict[str, int]:
    """Return how many steps each unit is from the outputs, by the longest way."""
    keys = [box.key for box in view.boxes] + [node.key for node in view.nodes]
    place = {key: i for i, key in enumerate(keys)}
    steps = dict.fromkeys(keys, 0)
    for edge in reversed(view.edges):
        if place[edge.source] < place[edge.target]:
            steps[edge.source] = max(steps[edge.source], steps[edge.target] + 1)
    return steps


def _places(view: View) -> dict[str, Place]:
    """Return where in the computation each unit comes."""
    places: dict[str, Place] = {}
    for k, edge in enumerate(view.edges):
        places.setdefault(edge.target, (k, True, k))
    for k, edge in enumerate(view.edges):
        if edge.source not in places:
            places[edge.source] = (places[edge.target][0], False, k)
    for unit in _units(view):
        places.setdefault(unit.key, (len(view.edges), False, len(places)))
    return places
