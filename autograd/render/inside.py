"""Open the node of a compiled function: put what is in its program in its place.

The program is run again on fresh Values with the operands' numbers and differentiated
from the node's own gradient, so that what shows has all its numbers and no node of the
user's is touched. Of a function of rows (`vmap`) what shows is the program for one row,
without numbers, since there are as many as rows.
"""

from __future__ import annotations

from math import isfinite

from autograd.compiler.program import Program
from autograd.context import recording
from autograd.render.formula import UNNAMED
from autograd.render.graph import Graph
from autograd.render.place import places_of
from autograd.render.view import number
from autograd.value import Value
from autograd.walk import topological_order


def open_up(graph: Graph, at: dict[int, int], value: Value, program: Program) -> int:
    """Add what is inside of a compiled function's node; return its result's place."""
    rows = _rows(value)
    inside = _replay if rows is None else _row
    result = inside(graph, at, value, program, rows or range(0))
    if value.name:
        graph.names[result] = value.name
    return result


def _rows(value: Value) -> range | None:
    """Return which inputs are of rows, None where a function takes no rows."""
    row = value.primitive
    rows: range | None = None if row is None else getattr(row.value, "rows", None)
    return rows


def each(value: Value) -> str:
    """Return what to add to the name of a compiled function that is open."""
    return "" if _rows(value) is None else ", for one row"


@recording
def _replay(
    graph: Graph, at: dict[int, int], value: Value, program: Program, _rows: range
) -> int:
    """Add the program's graph at the operands' numbers, all numbers included."""
    fresh = [
        Value(x.data, name=x.name) if isinstance(x, Value) else x
        for x in value.operands
    ]
    y = program(*fresh)[0]
    if isfinite(value.grad):
        y.backward(value.grad)
    graph.places |= {
        id(new): at[id(old)]
        for new, old in zip(fresh, value.operands, strict=True)
        if isinstance(new, Value)
    }
    inner = {
        id(new): at[id(old)]
        for new, old in zip(fresh, value.operands, strict=True)
        if isinstance(new, Value)
    }
    for node in topological_order(y):
        if id(node) not in inner:
            parents = [inner[id(x)] for x in node.parents]
            inner[id(node)] = graph.add(node, value.scope, parents)
    # Kept as long as the graph, so that no other Value gets the id of one of these.
    return inner[id(y)]


def _row(
    graph: Graph, at: dict[int, int], value: Value, program: Program, rows: range
) -> int:
    """Add the program of one row, whose inputs are the operands and the row's own."""
    program = program.unrolled()
    shared = iter(value.operands)
    inner: dict[int, int] = {}
    known: dict[int, str] = {}
    for i in range(len(program.inputs)):
        x = None if i in rows else next(shared)
        if isinstance(x, Value):
            inner[i] = at[id(x)]
            known[i] = x.name or UNNAMED
        elif x is not None:
            known[i] = number(x)
    for place in places_of(program, known, guards=False):
        if place.at not in inner:
            parents = [inner[i] for i in place.uses() if i in inner]
            inner[place.at] = graph.add(place, value.scope, parents)
    return inner[program.outputs[0]]
