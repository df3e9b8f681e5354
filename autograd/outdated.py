"""Nodes that were computed from other numbers than their leaves have now.

A node keeps the number and the partials that were recorded; the leaf, which may be
assigned to, does not keep its old one. Whoever tells of both must know of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd.value import Value


def outdated(nodes: Iterable[Value]) -> dict[int, float | None]:
    """Return what nodes would be now, by their ids, where that is something else.

    Only leaves can be assigned to, so only nodes that have them for operands are
    computed again; None stands for what would raise. The table's row gives the same
    bits as the engine did. A compiled function's node comes from machine code, whose
    functions may round otherwise: there the last digits tell nothing.

    >>> x = Value(2.0)
    >>> y = x * 3.0
    >>> x.data = 5.0
    >>> list(outdated([x, y]).values())
    [15.0]

    """
    found: dict[int, float | None] = {}
    for node in nodes:
        if any(type(x) is Value and not x.operands for x in node.operands):
            now = _recomputed(node)
            if now is None or not _same(now, node):
                found[id(node)] = now
    return found


def _same(now: float, node: Value) -> bool:
    if now == node.data or (math.isnan(now) and math.isnan(node.data)):
        return True
    exact = node.primitive is None or node.primitive.in_table
    return not exact and math.isclose(now, node.data, rel_tol=1e-9, abs_tol=1e-12)


def _recomputed(node: Value) -> float | None:
    numbers = [x.data if type(x) is Value else x for x in node.operands]
    try:
        value: float = node.primitive.value(*numbers)  # type: ignore[union-attr]
    except (ArithmeticError, ValueError):
        return None
    except TypeError:  # made by Value.from_partials: nobody knows how to compute it
        return node.data
    return value
