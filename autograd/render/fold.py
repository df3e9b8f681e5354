"""Decide which nodes of a large graph are drawn and which are folded into boxes.

A drawing of some hundred nodes is the most that a person can read and that a layout can
place in a moment, so a larger graph is shown as fewer *units*: a unit is a node, or a
box that stands for many. Three ways lead there:

- scopes fold, the deepest ones first, and all of one depth together, so that the
  neurons of a layer look alike;
- where a scope holds further scopes and a crowd of nodes of its own (the losses of a
  thousand samples beside the model), the crowd folds and the scopes can stay open;
- what has no scopes (a loop of 10⁵ steps, a sum of 10⁶ terms) keeps its outputs and
  the nodes nearest to them, and all that was computed earlier becomes one box.

Folding knows nothing of Values: it reads a `Skeleton`, lists of numbers, which any
graph with an order can give. Every step is linear in nodes and edges; the depth at
which scopes fold is found by bisection.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

EDGES_PER_NODE = 4
NAMED_INPUTS = 12
KEPT_SHARE = 10
EARLIER = "earlier nodes"
OTHERS = "other nodes"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What folding needs to know of a graph whose nodes are in topological order.

    Attributes:
        scopes: the scope of each node, ``"mlp/layer1"``.
        sources: the first end of each edge, in the order of ``targets``.
        targets: the second end of each edge, ascending.
        pinned: nodes that are always shown: the outputs.
        named: leaves that are shown where there is room for all of them.

    """

    scopes: list[str]
    sources: list[int]
    targets: list[int]
    pinned: frozenset[int] = frozenset()
    named: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Folding:
    """Say for each node by which unit it is shown.

    Attributes:
        units: for node ``i`` either ``i``, shown as itself, or ``n + b`` for box ``b``
            of a graph of ``n`` nodes.
        boxes: for each box the scope in which it stands, and its name: that of the
            scope it stands for, or `OTHERS` or `EARLIER`.

    """

    units: list[int]
    boxes: list[tuple[str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        """Return how many units are shown."""
        return len(set(self.units))


def fold(skeleton: Skeleton, limit: int) -> Folding:
    """Fold as little as possible, so that at most ``limit`` units remain.

    Args:
        skeleton: the graph.
        limit: the largest number of units to show; four times as many edges may join
            them.

    >>> chain = Skeleton(["", "a/b", "a/b", "a"], [0, 1, 2], [1, 2, 3])
    >>> fold(chain, limit=4).units
    [0, 1, 2, 3]
    >>> fold(chain, limit=3)
    Folding(units=[0, 4, 4, 3], boxes=[('a', 'b')])

    """
    everything = Folding(list(range(len(skeleton.scopes))))
    if _fits(skeleton, everything, limit):
        return everything
    crowd = max(1, limit // KEPT_SHARE)
    mostly_scoped = 2 * skeleton.scopes.count("") <= len(skeleton.scopes)
    level, folding = _fold_deepest(skeleton, limit, None)
    if mostly_scoped:
        deeper, crowdless = _fold_deepest(skeleton, limit, crowd)
        if deeper > level:
            return crowdless
    if level >= 0:
        return folding
    return _fold_earlier(skeleton, folding, limit)


def _fold_deepest(
    skeleton: Skeleton, limit: int, crowd: int | None
) -> tuple[int, Folding]:
    """Return the folding that keeps the most levels of scopes open, and how many.

    If not even the outermost scopes fold to few enough units, the number is -1.
    """
    deepest = max(map(_depth, set(skeleton.scopes)))
    foldings = {0: _fold_scopes(skeleton, 0, crowd)}
    if not _fits(skeleton, foldings[0], limit):
        return -1, foldings[0]

    def is_too_much(level: int) -> bool:
        foldings[level] = _fold_scopes(skeleton, level, crowd)
        return not _fits(skeleton, foldings[level], limit)

    level = bisect_left(range(1, deepest), 1, key=is_too_much)
    return level, foldings[level]


def _depth(path: str) -> int:
    return path.count("/") + 1 if path else 0


def _fits(skeleton: Skeleton, folding: Folding, limit: int) -> bool:
    if len(folding) > limit:
        return False
    return len(_joined(skeleton, folding.units)) <= limit * EDGES_PER_NODE


def _joined(skeleton: Skeleton, units: list[int]) -> set[tuple[int, int]]:
    """Return the pairs of different units with an edge between them."""
    unit_of = units.__getitem__
    # Ten million edges pass here: built-in functions go through them faster than loops.
    pairs = set(
        zip(map(unit_of, skeleton.sources), map(unit_of, skeleton.targets), strict=True)
    )
    return {(source, target) for source, target in pairs if source != target}


def _spared(skeleton: Skeleton, limit: int) -> set[int]:
    """Return the nodes that are shown in any case."""
    few = len(skeleton.named) <= min(NAMED_INPUTS, limit)
    return {*skeleton.pinned, *(skeleton.named if few else ())}


def _fold_scopes(skeleton: Skeleton, level: int, crowd: int | None) -> Folding:
    """Fold every scope deeper than ``level``; 0 folds the outermost ones.

    Args:
        skeleton: the graph.
        level: how many names of a path stay open.
        crowd: if given, more nodes than this that are in an open scope, but in no
            scope below it, are folded too.

    """
    count = len(skeleton.scopes)
    sizes = Counter(skeleton.scopes)
    outer_scopes = {""}
    for path in sizes:
        outer = path.rpartition("/")[0]
        while outer not in outer_scopes:
            outer_scopes.add(outer)
            outer = outer.rpartition("/")[0]
    box_of: dict[str, int] = {}
    numbers: dict[tuple[str, str], int] = {}
    for path, size in sizes.items():
        if _depth(path) > level:
            *names, name = path.split("/", level + 1)[: level + 1]
            box = ("/".join(names), name)
        elif crowd is not None and size > crowd:
            scope, _, name = path.rpartition("/")
            box = (path, OTHERS) if path in outer_scopes else (scope, name)
        else:
            continue
        box_of[path] = count + numbers.setdefault(box, len(numbers))
    units = [box_of.get(path, i) for i, path in enumerate(skeleton.scopes)]
    spared = skeleton.pinned if crowd is None else _spared(skeleton, crowd)
    for i in spared:
        units[i] = i
    return _without_boxes_of_one(units, list(numbers))


def _without_boxes_of_one(units: list[int], boxes: list[tuple[str, str]]) -> Folding:
    """Show the only node of a box instead of the box, and number the boxes anew."""
    count = len(units)
    sizes = Counter(units)
    numbers: dict[int, int] = {}
    shown = [
        count + numbers.setdefault(unit, len(numbers))
        if unit >= count and sizes[unit] > 1
        else i
        for i, unit in enumerate(units)
    ]
    return Folding(shown, [boxes[unit - count] for unit in numbers])


def _fold_earlier(skeleton: Skeleton, folding: Folding, limit: int) -> Folding:
    """Keep the units nearest to the outputs; everything earlier becomes one box.

    Nearness is the number of steps on the longest way to an output, so that nothing
    that is kept is needed by what is folded, and the box stands before all the rest.
    What is kept fits on a screen: a chain of 300 would be a picture 20,000 dots long.
    """
    units = folding.units
    count = len(units)
    steps = [0] * count
    edges = zip(reversed(skeleton.sources), reversed(skeleton.targets), strict=True)
    for s, t in edges:
        if steps[t] >= steps[s]:
            steps[s] = steps[t] + 1
    nearest: dict[int, int] = {}
    for i, unit in enumerate(units):
        nearest[unit] = min(steps[i], nearest.get(unit, count))
    # Sorting is stable: of equally near units the first computed are kept.
    ranked = sorted(nearest, key=nearest.__getitem__)
    spared = _spared(skeleton, limit)
    earlier = count + len(folding.boxes)
    room = max(1, limit // KEPT_SHARE)
    while True:
        kept = {*ranked[:room], *spared}
        merged = [unit if unit in kept else earlier for unit in units]
        result = _without_boxes_of_one(merged, [*folding.boxes, ("", EARLIER)])
        if room == 1 or _fits(skeleton, result, limit):
            return result
        room //= 2
