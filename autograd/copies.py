"""Copies and pickles of Values, to any depth of the graph, and shared parts shared.

`copy`, `deepcopy` and `pickle` follow references by recursion, which a chain of a few
hundred nodes would exhaust. So both are done node by node, parents first:

- `deepcopy` hands on one memo to all that is copied together, from the ids of originals
  to their copies. A graph goes into it as far as it is not there yet.
- `pickle` has a memo too, but shows it to nobody: it knows an object again by identity.
  So a Value is reduced to the flat list of its graph's inner nodes, in which a stand-in
  takes the place of each. A stand-in refers to those of its parents, which come before
  it in the list, and is restored as the node itself. As long as some pickler remembers
  a stand-in no other is made for its node, so all roots in one pickle share theirs.

History: one list of records for each root, as it was at first, kept leaves shared, but
gave ``(h, h + 1)`` back as two separate graphs.
"""

from __future__ import annotations

import copyreg
import threading
from typing import Any
from weakref import WeakValueDictionary

from autograd.context import tape_in_use
from autograd.forks import held_while_forking
from autograd.value import CONSTANT, MSG_COPY, Value, copy_with, fields, restore
from autograd.walk import topological_order

Fields = tuple[Any, ...]


def _copy(root: Value, memo: dict[int, Any] | None) -> Value:
    """Return a copy: a deep one given a memo, else one over the same leaves."""
    if memo is None:
        leaves = [x for x in topological_order(root) if not x.operands]
        memo = {id(leaf): leaf for leaf in leaves if leaf is not root}
    todo = [root]
    while todo:
        node = todo[-1]
        if id(node) not in memo:
            missing = [x for x in node.parents if id(x) not in memo]
            if missing:
                todo += missing
                continue
            primitive, data, grad, label, a, b, *partials = fields(node)
            a, b = _copied(a, memo), _copied(b, memo)
            memo[id(node)] = _node(primitive, data, grad, label, a, b, *partials)
        todo.pop()
    copy: Value = memo[id(root)]
    return copy


def _copied(operand: Any, memo: dict[int, Any]) -> Any:
    if type(operand) is Value:
        return memo[id(operand)]
    if type(operand) is tuple:
        # All neurons of a layer have one tuple of inputs.
        copy = memo.get(id(operand))
        if copy is None:
            copy = memo[id(operand)] = tuple([_copied(x, memo) for x in operand])
        return copy
    return operand


class _StandIn:
    """What `pickle` gets to see in the place of an inner node."""

    __slots__ = ("__weakref__", "node")

    def __init__(self, node: Value) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Any, Fields]:
        primitive, data, grad, label, a, b, *partials = fields(self.node)
        a, b = _with_stand_ins(a), _with_stand_ins(b)
        return _node, (primitive, data, grad, label, a, b, *partials)


# By the node's id. A stand-in keeps its node, so no id is used again while it is here.
_stand_ins: WeakValueDictionary[int, _StandIn] = WeakValueDictionary()
_lock = held_while_forking(threading.Lock())


def _stand_in(node: Value) -> _StandIn:
    found = _stand_ins.get(id(node))
    if found is None:
        with _lock:  # threads that pickle one graph at once must have the same
            found = _stand_ins.setdefault(id(node), _StandIn(node))
    return found


def _with_stand_ins(operand: Any) -> Any:
    if type(operand) is tuple:
        return tuple([_with_stand_ins(x) for x in operand])
    is_inner = type(operand) is Value and operand.operands
    return _stand_in(operand) if is_inner else operand


def _reduce(root: Value) -> tuple[Any, ...]:
    tape = tape_in_use()
    if tape is not None:
        raise tape.eagerly(MSG_COPY)
    if not root.operands:
        primitive, *rest = fields(root)
        return _leaf, (primitive is CONSTANT, rest)
    inner = [node for node in topological_order(root) if node.operands]
    return _last, ([_stand_in(node) for node in inner],)


def _node(*state: Any) -> Value:
    node = Value(0.0)
    restore(node, *state)
    return node


def _leaf(constant: bool, rest: list[Any]) -> Value:
    return _node(CONSTANT if constant else None, *rest)


def _last(nodes: list[Value]) -> Value:
    return nodes[-1]


copyreg.pickle(Value, _reduce)
copy_with(_copy)
