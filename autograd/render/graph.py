"""A graph of things to be drawn, and the `View` of it that a picture shows.

A graph of Values and a Program both become a `Graph`: things in topological order, each
a Value or a place in a program, their scopes, and the edges between them as numbers.
That is what is folded, and only what is shown as itself then gets words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from autograd import naming
from autograd.render.fold import Folding, Skeleton, fold
from autograd.render.formula import formula
from autograd.render.marks import OFF, brief_mark, dead_scopes, marks_of
from autograd.render.place import Place, operations_inside
from autograd.render.view import Box, Edge, Node, View
from autograd.value import CONSTANT, Value

PARALLEL = 4

Thing = Value | Place


@dataclass
class Graph:
    """Things in topological order, and the edges between them.

    Attributes:
        things: the nodes.
        scopes: the scope of each.
        sources: the first end of each edge, in the order of ``targets``.
        targets: the second end of each edge, ascending.
        roots: the places of what was asked to be drawn.
        names: what things are called, by their places; see `name_all`.
        places: the place of each Value, by its id.
        program: the name of the program, if that is what is drawn.
        grads: whether gradients are shown.

    """

    things: list[Thing] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    roots: frozenset[int] = frozenset()
    names: dict[int, str] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    program: str = ""
    grads: bool = True

    def add(self, thing: Thing, scope: str, parents: Sequence[int]) -> int:
        """Add a thing after all it depends on; return its place."""
        i = len(self.things)
        self.things.append(thing)
        if isinstance(thing, Value):
            self.places[id(thing)] = i
        self.scopes.append(scope)
        self.sources.extend(parents)
        self.targets.extend([i] * len(parents))
        return i

    def name_all(self, known: Mapping[int, str]) -> None:
        """Call each thing by a name of its own, as `explain` does.

        Args:
            known: names for Values that have none, by their ids.

        """
        values = {i: x for i, x in enumerate(self.things) if isinstance(x, Value)}
        scopes = [self.scopes[i] for i in values]
        own = {i: x.name for i, x in enumerate(self.things) if isinstance(x, Place)}
        found = naming.names([*values.values()], scopes, known, {*own.values()})
        self.names = {**own, **dict(zip(values, found, strict=True)), **self.names}

    def view(self, limit: int) -> View:
        """Return what a picture of at most that many units shows."""
        roots = self.roots
        skeleton = Skeleton(
            scopes=self.scopes,
            sources=self.sources,
            targets=self.targets,
            pinned=roots if len(roots) <= limit // 3 else frozenset(),
            named=tuple(i for i, x in enumerate(self.things) if not x.op and x.name),
        )
        folding = fold(skeleton, limit)
        dead = dead_scopes(self.things)
        return View(
            nodes=tuple(
                self._node(i, dead) for i, unit in enumerate(folding.units) if unit == i
            ),
            boxes=self._boxes(folding, dead),
            edges=_edges(self.things, skeleton, folding),
            total=len(self.things),
            limit=limit,
            program=self.program,
        )

    def _node(self, i: int, dead: set[str]) -> Node:
        thing = self.things[i]
        kind = "output" if i in self.roots else _kind(thing)
        scope = self.scopes[i]
        if isinstance(thing, Place):
            return thing.node(f"n{i}", self.names.get(i, thing.name), scope, kind)

        def name_of(value: Value) -> str:
            return naming.within(self.names[self.places[id(value)]], scope)

        return Node(
            key=f"n{i}",
            name=naming.within(self.names[i], scope),
            formula=formula(thing, name_of),
            op=thing.op,
            data=thing.data,
            grad=thing.grad if self.grads else None,
            scope=scope,
            kind=kind,
            marks=marks_of(thing, dead),
            inside=operations_inside(thing),
        )

    def _boxes(self, folding: Folding, dead: set[str]) -> tuple[Box, ...]:
        if not folding.boxes:
            return ()
        count = len(self.things)
        ops: list[Counter[str]] = [Counter() for _ in folding.boxes]
        marks: list[Counter[str]] = [Counter() for _ in folding.boxes]
        grads: list[float | None] = [None] * len(folding.boxes)
        for thing, unit in zip(self.things, folding.units, strict=True):
            if unit < count:
                continue
            b = unit - count
            ops[b][thing.op] += 1
            if isinstance(thing, Place):
                continue
            mark = brief_mark(thing, dead)
            if mark and mark != OFF:
                marks[b][mark] += 1
            size = abs(thing.grad)
            if self.grads and isfinite(size) and size >= (grads[b] or 0.0):
                grads[b] = size
        return tuple(
            Box(
                key=f"box{b}",
                name=name,
                scope=scope,
                count=ops[b].total(),
                ops=tuple(ops[b].most_common()),
                grad=grads[b],
                marks=tuple(marks[b].most_common()),
            )
            for b, (scope, name) in enumerate(folding.boxes)
        )


def _kind(thing: Thing) -> str:
    if isinstance(thing, Place):
        return thing.kind
    if thing.primitive is None:
        return "leaf"
    return "constant" if thing.primitive is CONSTANT else "inner"


def _edges(
    things: list[Thing], skeleton: Skeleton, folding: Folding
) -> tuple[Edge, ...]:
    """Return the edges between units; many parallel ones become one with a count."""
    count = len(things)

    def key(unit: int) -> str:
        return f"n{unit}" if unit < count else f"box{unit - count}"

    units = folding.units
    uses: dict[tuple[int, int], int] = {}
    partials: dict[tuple[int, int], list[float | None]] = {}
    last, position = -1, 0
    local: Sequence[float | None] | None = None
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
                local = things[t].partials
            partials.setdefault(pair, []).append(local[position] if local else None)
    edges = []
    for (source, target), times in uses.items():
        ends = key(source), key(target)
        if times < PARALLEL and max(source, target) < count:
            edges += [Edge(*ends, partial) for partial in partials[source, target]]
        else:
            only = partials[source, target][0] if times == 1 else None
            edges.append(Edge(*ends, only, times))
    return tuple(edges)
