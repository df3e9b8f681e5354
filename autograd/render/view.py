"""Turn a graph of Values into plain folded nodes and edges, which every format draws.

A `View` is what a picture shows and nothing else: strings, numbers and no Values, so
that it is stable (no addresses), safe to keep, and the same for each format. What is
shown as itself and what inside a box is decided in `autograd.render.fold`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.primitives.elementary import sumprod
from autograd.render.fold import EARLIER, OTHERS, Folding, Skeleton, fold
from autograd.value import CONSTANT, Value
from autograd.walk import topological_order

LIMIT = 300
PARALLEL = 4
FORMULA = 40
NAME_IN_FORMULA = 16

MSG_NOT_A_VALUE = (
    "draw() shows how a Value was computed, and {0} {1} remembers nothing of that. "
    "Compute with Values, x = Value(2.0), and draw the result: draw(x * x); several "
    "results are drawn together as a tuple or a list"
)
MSG_NOTHING = "draw() was given no Value: put at least one into the tuple or list"
MSG_LIMIT = "limit is the number of nodes to show, an int of at least 1, not {0!r}"


@dataclass(frozen=True, slots=True)
class Node:
    """A node shown as itself.

    Attributes:
        key: what edges call it, its place in the topological order: ``"n4"``.
        name: the Value's name, "" if it has none.
        formula: the operation with names and constants put in, ``"w * x"``; "" for a
            leaf. ``_`` stands for an operand without a name.
        op: the operation alone, ``"*"``.
        data: the number.
        grad: the derivative that the last `backward()` left.
        scope: the path of the scope it belongs to.
        kind: one of ``"output"`` (what was asked to be drawn), ``"leaf"``,
            ``"constant"`` and ``"inner"``.

    """

    key: str
    name: str
    formula: str
    op: str
    data: float
    grad: float
    scope: str
    kind: str

    @property
    def is_output(self) -> bool:
        """Whether it is what was asked to be drawn."""
        return self.kind == "output"


@dataclass(frozen=True, slots=True)
class Box:
    """A box that stands for many nodes.

    Attributes:
        key: what edges call it: ``"box0"``.
        name: that of the scope it stands for, or what else is in it.
        scope: the path of the scope in which the box stands.
        count: how many nodes are in it.
        ops: how many of each operation, the most frequent first; "" for leaves.

    """

    key: str
    name: str
    scope: str
    count: int
    ops: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of a node or box by another.

    Attributes:
        source: the key of the parent.
        target: the key of the node computed from it.
        partial: the local derivative, None where the edge stands for several uses.
        count: how many uses it stands for.

    """

    source: str
    target: str
    partial: float | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shows.

    Attributes:
        nodes: in topological order.
        boxes: the folded parts.
        edges: in the order of their targets.
        total: the number of nodes in the graph, shown or folded.
        limit: the number of units that were to be shown at most.

    """

    nodes: tuple[Node, ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    total: int
    limit: int

    @property
    def folded(self) -> tuple[str, ...]:
        """Lines that say what was folded and why, for people; empty if nothing was."""
        if not self.boxes:
            return ()
        hidden = sum(box.count for box in self.boxes)
        boxes = "1 box" if len(self.boxes) == 1 else f"{len(self.boxes):,} boxes"
        reason = f"more than {self.limit:,}"
        if self.total <= self.limit:
            reason = "with too many edges to read"
        lines = [f"{self.total:,} nodes, {reason}: {hidden:,} are folded into {boxes}."]
        scopes = [
            f"{box.scope}/{box.name}".removeprefix("/")
            for box in self.boxes
            if box.name not in (OTHERS, EARLIER)
        ]
        if scopes:
            lines.append(f"Most boxes are scopes, such as {_briefly(min(scopes))}.")
        return (*lines, f"A higher limit shows more: draw(v, limit={2 * self.limit}).")


def view_of(values: Value | Sequence[Value], *, limit: int = LIMIT) -> View:
    """Return the graph of one Value, or of several drawn together, as plain data.

    Args:
        values: the outputs.
        limit: how many nodes and boxes to show at most.

    Raises:
        TypeError: if ``values`` is not a Value or a tuple or list of them.
        ValueError: if there is nothing to draw, or ``limit`` is not positive.

    >>> x = Value(3.0, name="x")
    >>> [(edge.source, edge.target, edge.partial) for edge in view_of(x * x).edges]
    [('n0', 'n1', 3.0), ('n0', 'n1', 3.0)]

    """
    outputs = _outputs(values)
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(MSG_LIMIT.format(limit))
    order = _order(outputs)
    place = {id(value): i for i, value in enumerate(order)}
    sources: list[int] = []
    targets: list[int] = []
    for i, value in enumerate(order):
        parents = value.parents
        sources.extend(map(place.__getitem__, map(id, parents)))
        targets.extend([i] * len(parents))
    roots = frozenset(place[id(value)] for value in outputs)
    scopes = _scopes(order, sources, targets)
    skeleton = Skeleton(
        scopes=scopes,
        sources=sources,
        targets=targets,
        pinned=roots if len(roots) <= limit // 3 else frozenset(),
        named=tuple(i for i, v in enumerate(order) if not v.op and v.name),
    )
    folding = fold(skeleton, limit)
    count = len(order)
    return View(
        nodes=tuple(
            _node(order[i], f"n{i}", scopes[i], is_output=i in roots)
            for i in range(count)
            if folding.units[i] == i
        ),
        boxes=_boxes(order, folding),
        edges=_edges(order, skeleton, folding),
        total=count,
        limit=limit,
    )


def _outputs(values: object) -> list[Value]:
    several = isinstance(values, (tuple, list))
    outputs: list[Value] = []
    for value in values if isinstance(values, (tuple, list)) else [values]:
        if not isinstance(value, Value):
            what = f"{type(value).__name__}" + (" in the sequence" if several else "")
            article = "an" if what[:1] in "aeiouAEIOU" else "a"
            raise TypeError(MSG_NOT_A_VALUE.format(article, what))
        outputs.append(value)
    if not outputs:
        raise ValueError(MSG_NOTHING)
    return outputs


def _order(outputs: list[Value]) -> list[Value]:
    """Return what the outputs depend on, once each, parents before children."""
    order: dict[int, Value] = {}
    for output in outputs:
        if id(output) not in order:
            for value in topological_order(output):
                order.setdefault(id(value), value)
    return list(order.values())


def _key(unit: int, count: int) -> str:
    return f"n{unit}" if unit < count else f"box{unit - count}"


def _scopes(order: list[Value], sources: list[int], targets: list[int]) -> list[str]:
    """Return where each node belongs; a leaf used in one scope only belongs there.

    A weight is made once, outside the scope in which its neuron works every time.
    """
    scopes = [value.scope for value in order]
    users: dict[int, str] = {}
    for s, t in zip(sources, targets, strict=True):
        if not scopes[s] and users.setdefault(s, scopes[t]) != scopes[t]:
            users[s] = ""
    for i, scope in users.items():
        if order[i].primitive is None:
            scopes[i] = scope
    return scopes


def _node(value: Value, key: str, scope: str, *, is_output: bool) -> Node:
    return Node(
        key=key,
        name=value.name or "",
        formula=formula(value),
        op=value.op,
        data=value.data,
        grad=value.grad,
        scope=scope,
        kind="output" if is_output else _kind(value),
    )


def _kind(value: Value) -> str:
    if value.primitive is None:
        return "leaf"
    return "constant" if value.primitive is CONSTANT else "inner"


def _boxes(order: list[Value], folding: Folding) -> tuple[Box, ...]:
    if not folding.boxes:
        return ()
    count = len(order)
    ops: list[Counter[str]] = [Counter() for _ in folding.boxes]
    for value, unit in zip(order, folding.units, strict=True):
        if unit >= count:
            ops[unit - count][value.op] += 1
    return tuple(
        Box(f"box{b}", name, scope, ops[b].total(), tuple(ops[b].most_common()))
        for b, (scope, name) in enumerate(folding.boxes)
    )


def _edges(
    order: list[Value], skeleton: Skeleton, folding: Folding
) -> tuple[Edge, ...]:
    """Return the edges between units; many parallel ones become one with a count."""
    count = len(order)
    units = folding.units
    uses: dict[tuple[int, int], int] = {}
    partials: dict[tuple[int, int], list[float]] = {}
    last, position = -1, 0
    local: tuple[float, ...] | None = None
    for s, t in zip(skeleton.sources, skeleton.targets, strict=True):
        if t == last:
            position += 1
        else:
            last, position, local = t, 0, None
        pair = (units[s], units[t])
        if pair[0] == pair[1]:
            continue
        seen = uses.get(pair, 0)
        uses[pair] = seen + 1
        if seen < PARALLEL:
            if local is None:
                local = order[t].partials
            partials.setdefault(pair, []).append(local[position])
    edges = []
    for (source, target), times in uses.items():
        ends = _key(source, count), _key(target, count)
        if times < PARALLEL and max(source, target) < count:
            edges += [Edge(*ends, partial) for partial in partials[source, target]]
        else:
            only = partials[source, target][0] if times == 1 else None
            edges.append(Edge(*ends, only, times))
    return tuple(edges)


def formula(value: Value) -> str:
    """Return a node's operation with the names and constants of its operands put in.

    >>> w, x = Value(2.0, name="w"), Value(3.0)
    >>> formula(w * x), formula(1.0 - w), formula(x), formula(x * x)
    ('w * _', '1 - w', '', '*')

    """
    row = value.primitive
    if row is None:
        return ""
    operands = value.operands
    if not operands:
        return "constant"
    symbol = value.op
    words = [_word(operand) for operand in operands[:FORMULA]]
    if row is sumprod and len(words) == len(operands):
        half = len(words) // 2
        terms = map(_product, words[:half], words[half:])
        text = " + ".join(terms)
        if len(text) <= FORMULA:
            return text
    if set(words) == {"_"}:
        return symbol if len(operands) <= 2 else f"{symbol} of {len(operands)}"
    if row.precedence and len(words) == 1:
        return symbol + words[0]
    if row.precedence:
        return f" {symbol} ".join(words)
    text = f"{symbol}({', '.join(words)})"
    if len(text) <= FORMULA and len(words) == len(operands):
        return text
    constants = [_word(x) for x in operands if type(x) is not Value]
    listed = ", ".join(constants[:3]) + (", …" if len(constants) > 3 else "")
    return f"{symbol} of {len(operands)}" + (f" with {listed}" if constants else "")


def number(x: float) -> str:
    """Return a number to 4 significant digits; zero has no sign."""
    return f"{x + 0.0:.4g}"


def _word(operand: Value | float) -> str:
    if type(operand) is not Value:
        return number(float(operand))
    return _briefly(operand.name, NAME_IN_FORMULA) if operand.name else "_"


def _product(a: str, b: str) -> str:
    return a if b == "1" else b if a == "1" else f"{a} * {b}"


def _briefly(text: str, length: int = FORMULA) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
