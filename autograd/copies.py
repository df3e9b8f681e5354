"""Copies and pickles of Values, to any depth of the graph.

`copy`, `deepcopy` and `pickle` follow references by recursion, which a chain of a few
hundred nodes would exhaust. So a Value is reduced to one flat list: the inner nodes in
topological order, each as its `fields` with the operands replaced by their places in
the list. Leaves stay objects, so that two losses that share parameters still share
them after they went through one pickle.
"""

from __future__ import annotations

import copyreg
from typing import Any

from autograd.value import CONSTANT, Value, fields, restore
from autograd.walk import topological_order

Fields = tuple[Any, ...]


def _reduce(root: Value) -> tuple[Any, ...]:
    if not root.operands:
        primitive, *rest = fields(root)
        return _leaf, (primitive is CONSTANT, rest)
    places: dict[int, int] = {}
    records: list[Fields] = []
    order = topological_order(root)
    for node in order:
        if node.operands:
            primitive, data, grad, label, a, b, *partials = fields(node)
            places[id(node)] = len(records)
            a, b = _without_nodes(a, places), _without_nodes(b, places)
            records.append((primitive, data, grad, label, a, b, *partials))
    return _graph, (records,)


# Not closures in the functions that use them: one that calls itself is a cycle, and
# would keep all the nodes until the garbage collector comes.
def _without_nodes(operand: Any, places: dict[int, int]) -> Any:
    if isinstance(operand, tuple):
        return tuple([_without_nodes(x, places) for x in operand])
    return places.get(id(operand), operand)


def _with_nodes(operand: Any, nodes: list[Value]) -> Any:
    if isinstance(operand, tuple):
        return tuple([_with_nodes(x, nodes) for x in operand])
    return nodes[operand] if isinstance(operand, int) else operand


def _node(state: Fields) -> Value:
    node = Value(0.0)
    restore(node, *state)
    return node


def _leaf(constant: bool, rest: list[Any]) -> Value:
    return _node((CONSTANT if constant else None, *rest))


def _graph(records: list[Fields]) -> Value:
    nodes: list[Value] = []
    for primitive, data, grad, label, a, b, *partials in records:
        operands = _with_nodes(a, nodes), _with_nodes(b, nodes)
        nodes.append(_node((primitive, data, grad, label, *operands, *partials)))
    return nodes[-1]


copyreg.pickle(Value, _reduce)
