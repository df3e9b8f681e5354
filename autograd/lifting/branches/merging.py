"""merging: one thing that stands for what either side of a branch has left.

Numbers become a node that chooses. What is the same on both sides stays. An int that
differs is structure, a list or an object has an identity, and what was assigned on one
side only is unbound on the other: these cannot be merged, and the branch is a guard.
"""

from __future__ import annotations

from typing import Any

from autograd.context import tape_in_use
from autograd.lifting.branches.conditions import Condition, chosen, is_number
from autograd.lifting.branches.sides import FailedError
from autograd.primitives.arithmetic import maximum
from autograd.value import Value


class Unbound:
    """What a variable is that has no value."""

    def __repr__(self) -> str:
        return "<unbound>"


UNBOUND = Unbound()
RESULT = "_lift_r"  # what the function returns; the flag beside it says whether it does
OWN = "_lift_"


def merged(c: Condition, name: str, a: Any, b: Any, flags: frozenset[str]) -> Any:
    """Return what a variable is after a branch.

    Args:
        c: the condition of the branch.
        name: the variable's.
        a: what it is where the condition holds.
        b: what it is elsewhere.
        flags: variables that are only asked whether they are true.

    Raises:
        FailedError: if nothing can stand for both.

    """
    if a is b:
        return a
    if name == RESULT and (a is UNBOUND or b is UNBOUND):
        return b if a is UNBOUND else a
    if name in flags or name.startswith(OWN):
        found = _flag(c, a, b)
        if found is not None:
            return found
    return _both(c, a, b, returned=name == RESULT)


def _flag(c: Condition, a: Any, b: Any) -> Any:
    kinds = {type(a), type(b)}
    if not kinds <= {bool, Condition}:
        return None
    if kinds == {bool} and a == b:
        return a
    if b is c.of and b is not None:  # a side that runs unless b holds
        if a is True:
            return True
        if type(a) is Condition and a.covers is b:
            return a
    if a is True and type(b) is Condition:
        node = maximum(c.node, b.node)
        return Condition(node, lambda: node != 0.0, covers=b)
    nodes = [x.node if type(x) is Condition else float(x) for x in (a, b)]
    node = chosen(c, *nodes)
    return Condition(node, lambda: node != 0.0)


def _both(c: Condition, a: Any, b: Any, *, returned: bool) -> Any:
    if is_number(a) and is_number(b):
        if type(a) is int and type(b) is int:
            if a == b:
                return a
            raise FailedError
        if type(a) is float and type(b) is float and a.hex() == b.hex():
            return a
        return _number(c, a, b)
    if type(a) is not type(b):
        raise FailedError
    if type(a) is tuple or (returned and type(a) is list):
        if len(a) != len(b):
            raise FailedError
        pairs = zip(a, b, strict=True)
        return type(a)(
            [x if x is y else _both(c, x, y, returned=returned) for x, y in pairs]
        )
    if returned and type(a) is dict and list(a) == list(b):
        return {k: _both(c, a[k], b[k], returned=True) for k in a}
    if type(a) in {str, bool, bytes} and a == b:
        return a
    raise FailedError


def _number(c: Condition, a: Any, b: Any) -> Any:
    """Return the node of two numbers, and note if one is an int and one is not."""
    node = chosen(c, _float(a), _float(b))
    tape = tape_in_use()
    if int in {type(a), type(b)} and tape is not None:
        tape.mixed[id(node)] = node
    return node


def counted(c: Condition, a: int, b: Any) -> Any:
    """Return the node of an int that counts turns: a where there was one more, else b.

    Raises:
        FailedError: if it is larger than floats can tell.

    """
    if not is_number(a) or not is_number(b):
        raise FailedError
    return _number(c, a, b)


def _float(x: Any) -> Any:
    return x if type(x) is Value else float(x)
