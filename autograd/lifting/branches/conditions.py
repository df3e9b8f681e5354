"""conditions: what a comparison of Values turns out to be, as data.

Where code only wants to know which way to go, a comparison of Values is a `Condition`:
a Value that is 1.0 or 0.0, on the tape like any other. As long as it only chooses
between what both ways have computed, nothing depends on how it turned out. Whoever
takes it for a bool *asks* it: then its comparisons are guards, as they are everywhere.
NaN compares as it does in Python: ``not a < b`` is not ``a >= b``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.context import tape_in_use
from autograd.lifting import operators
from autograd.lifting.branches.sides import FailedError, attempt
from autograd.primitives.arithmetic import equal, greater, maximum, select
from autograd.primitives.relations import RELATIONS
from autograd.value import Value, number

EXACT = 2**53  # below, an int is the float that it is compared as


class Condition:
    """A condition on Values.

    Attributes:
        node: 1.0 where it holds, 0.0 elsewhere.
        holds: whether it holds for the numbers of this recording.
        of: what it is the negation of, or None.
        covers: what it holds wherever that holds, or None.

    """

    __slots__ = ("_ask", "covers", "holds", "node", "of")

    def __init__(
        self,
        node: Value,
        ask: Callable[[], Any],
        of: Condition | None = None,
        covers: Condition | None = None,
    ) -> None:
        self.node = node
        self.holds = number(node) != 0.0
        self._ask = ask
        self.of = of
        self.covers = covers

    def __bool__(self) -> bool:
        return bool(self._ask())


def is_number(x: object) -> bool:
    """Return whether x can be a number of a recording: no bool, no large int."""
    kind = type(x)
    if kind is Value or kind is float:
        return True
    return kind is int and -EXACT < x < EXACT  # type: ignore[operator]


def compare(relation: str, a: Any, b: Any) -> Any:
    """Compare: a Condition of Values, else what Python says."""
    one_is = type(a) is Value or type(b) is Value
    if not one_is or tape_in_use() is None or not (is_number(a) and is_number(b)):
        if type(a) in operators.PLAIN and type(b) in operators.PLAIN:
            return RELATIONS[relation](a, b)
        return _of_objects(relation, a, b)
    return Condition(_node(relation, a, b), lambda: RELATIONS[relation](a, b))


def _of_objects(relation: str, a: Any, b: Any) -> Any:
    """Compare things of somebody's class; in a side, they may have an effect."""
    tape = tape_in_use()
    if tape is not None and tape.sides and Condition not in {type(a), type(b)}:
        raise FailedError
    return operators.compared(relation, RELATIONS[relation], a, b)


def _node(relation: str, a: Any, b: Any) -> Any:
    a = float(a) if type(a) is int else a
    b = float(b) if type(b) is int else b
    if relation == "==":
        return equal(a, b)
    if relation == "!=":
        return 1.0 - equal(a, b)
    strictly = greater(b, a) if relation[0] == "<" else greater(a, b)
    return maximum(strictly, equal(a, b)) if relation[-1] == "=" else strictly


def chained(a: Any, *rest: Any) -> Any:
    """Compare as ``a < b <= c`` does.

    Args:
        a: the first operand.
        rest: a relation and a function that returns the next operand, in turns.

    """
    relation, next_operand, *others = rest
    b = next_operand()
    first = compare(relation, a, b)
    return both(first, lambda: chained(b, *others)) if others else first


def truth(x: Any) -> Any:
    """Return what decides whether x is true: a Condition for a Value."""
    return compare("!=", x, 0.0) if type(x) is Value else x


def negated(x: Any) -> Any:
    """Return ``not x``."""
    if type(x) is not Condition:
        return not x
    return Condition(1.0 - x.node, lambda: not x, x)


def both(x: Any, other: Callable[[], Any]) -> Any:
    """Return ``x and other()``, as far as it is true or not."""
    if type(x) is not Condition:
        return other() if x else x
    found, y = attempt(x.node, other)
    if not found:
        return bool(x) and other()
    if type(y) is not Condition:
        return x if y else False
    return Condition(x.node * y.node, lambda: bool(x) and bool(y))


def either(x: Any, other: Callable[[], Any]) -> Any:
    """Return ``x or other()``, as far as it is true or not."""
    if type(x) is not Condition:
        return x or other()
    found, y = attempt(1.0 - x.node, other)
    if not found:
        return bool(x) or other()
    if type(y) is not Condition:
        return True if y else x
    return Condition(maximum(x.node, y.node), lambda: bool(x) or bool(y))


def plain(x: Any) -> Any:
    """Return a condition as the bool that Python would have, anything else as it is."""
    return bool(x) if type(x) is Condition else x


def chosen(condition: Condition, a: Any, b: Any) -> Any:
    """Return the node of a where the condition holds, b elsewhere."""
    return select(condition.node, a, b)
