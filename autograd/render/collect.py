"""Collect what is to be drawn: a graph of Values, or a Program, as a `View`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from autograd.compiler.program import Program
from autograd.outdated import outdated
from autograd.render.graph import Graph
from autograd.render.inside import each, open_up
from autograd.render.place import places_of, program_inside
from autograd.render.view import LIMIT, View
from autograd.value import Value
from autograd.walk import topological_order

MOST = 200_000  # instructions of a program that is drawn
MSG_MOST = (
    "{0} runs {1:,} instructions, and a picture has room for {2:,}: print(program) "
    "lists loops as loops"
)
MSG_NOT_A_VALUE = (
    "draw() shows how a Value was computed, and {0} {1} remembers nothing of that. "
    "Compute with Values, x = Value(2.0), and draw the result: draw(x * x); several "
    "results are drawn together as a tuple or a list; of a compiled function draw a "
    "program, draw(f.programs[0])"
)
MSG_NOTHING = "draw() was given no Value: put at least one into the tuple or list"
CHANGED = (
    "Attention: the .data of a leaf was changed after nodes were computed from it. "
    "They show what was recorded: compute them again."
)
MSG_LIMIT = "limit is the number of nodes to show, an int of at least 1, not {0!r}"
MSG_OPEN = "there is no compiled function {0!r} in this graph to open; there {1}"
MSG_OPEN_TYPE = (
    "open is the name of a compiled function, or a tuple of names, not {0!r}"
)


def view_of(
    values: Value | Sequence[Value] | Program,
    *,
    limit: int = LIMIT,
    opened: str | Sequence[str] = (),
    names: Mapping[int, str] | None = None,
    known: Mapping[int, str] | None = None,
    grads: bool = True,
) -> View:
    """Return the graph of one Value, of several drawn together, or of a program.

    Args:
        values: the outputs, or the program.
        limit: how many nodes and boxes to show at most.
        opened: the names of the compiled functions whose programs are shown.
        names: what some Values are called, by their ids.
        known: what Values without a name are called, by their ids.
        grads: whether gradients are shown.

    Raises:
        TypeError: if ``values`` is not a Value or a tuple or list of them.
        ValueError: if there is nothing to draw, ``limit`` is not positive, or there is
            no such function to open.

    >>> x = Value(3.0, name="x")
    >>> [(edge.source, edge.target, edge.partial) for edge in view_of(x * x).edges]
    [('n0', 'n1', 3.0), ('n0', 'n1', 3.0)]

    """
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(MSG_LIMIT.format(limit))
    wanted = (opened,) if isinstance(opened, str) else tuple(opened)
    if not all(isinstance(name, str) for name in wanted):
        raise TypeError(MSG_OPEN_TYPE.format(opened))
    if isinstance(values, Program):
        graph, there = _graph_of_program(values), Counter[str]()
    else:
        graph, there = _graph_of_values(
            outputs_of(values), wanted, names or {}, known or {}
        )
    for name in wanted:
        if name not in there:
            others = ", ".join(map(repr, there))
            what = f"is {others}" if others else "is none at all"
            raise ValueError(MSG_OPEN.format(name, what))
    graph.grads = grads
    view = graph.view(limit)
    values = [x for x in graph.things if isinstance(x, Value)]
    return replace(view, warning=CHANGED) if outdated(values) else view


def outputs_of(values: object) -> list[Value]:
    """Return what is to be drawn as a list.

    Raises:
        TypeError: if there is anything but Values.
        ValueError: if there is nothing.

    """
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


def _graph_of_program(program: Program) -> Graph:
    if program.performed > MOST:
        raise ValueError(MSG_MOST.format(program.name, program.performed, MOST))
    graph = Graph(program=program.name)
    at: dict[int, int] = {}
    scopes = program.iterations() if program.has_loops else []
    program = program.unrolled()
    first = program.first_result
    for place in places_of(program):
        parents = [at[i] for i in place.uses() if i in at]
        inside = scopes and place.guard is None and place.at >= first
        i = graph.add(place, scopes[place.at - first] if inside else "", parents)
        if place.guard is None:
            at[place.at] = i
    graph.roots = frozenset(at[i] for i in program.outputs)
    return graph


def _graph_of_values(
    outputs: list[Value],
    wanted: tuple[str, ...],
    names: Mapping[int, str],
    known: Mapping[int, str],
) -> tuple[Graph, Counter[str]]:
    """Return the graph, and the names of the compiled functions in it."""
    graph = Graph()
    at: dict[int, int] = {}
    there: Counter[str] = Counter()
    frames: dict[int, str] = {}
    for value in _order(outputs):
        program = program_inside(value)
        if program is not None:
            there[value.op] += 1
            if value.op in wanted:
                frame = f"{value.scope}/{value.op}{each(value)}".removeprefix("/")
                start = len(graph.things)
                at[id(value)] = open_up(graph, at, value, program)
                frames |= dict.fromkeys(range(start, len(graph.things)), frame)
                continue
        parents = [at[id(x)] for x in value.parents]
        at[id(value)] = graph.add(value, value.scope, parents)
    _place_leaves(graph)
    for i, frame in frames.items():
        graph.scopes[i] = frame
    graph.roots = frozenset(at[id(value)] for value in outputs)
    for key, name in names.items():
        graph.names[at[key]] = name
    graph.places |= at
    graph.name_all(known)
    return graph, there


def _order(outputs: list[Value]) -> list[Value]:
    """Return what the outputs depend on, once each, parents before children."""
    if len(outputs) == 1:
        return topological_order(outputs[0])
    order: dict[int, Value] = {}
    for output in outputs:
        if id(output) not in order:
            for value in topological_order(output):
                order.setdefault(id(value), value)
    return list(order.values())


def _place_leaves(graph: Graph) -> None:
    """Say where leaves belong: in the scope that uses them if there is only one.

    A weight is made once, outside the scope in which its neuron works every time. What
    is used outside all scopes as well, as in a penalty, still belongs there.
    """
    scopes = graph.scopes
    users: dict[int, str] = {}
    for s, t in zip(graph.sources, graph.targets, strict=True):
        inside = scopes[t] and not scopes[s]
        if inside and users.setdefault(s, scopes[t]) != scopes[t]:
            users[s] = ""
    for i, scope in users.items():
        if not graph.things[i].op:
            scopes[i] = scope
