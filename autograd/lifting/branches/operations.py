"""operations: what recorded code does to numbers and things, in a side and outside.

Outside of all sides an operator is Python's. In a side it must not have an effect, or
raise where the side is not chosen: operands are masked, and what is not known to be
harmless (an operator, an attribute, an iterator of somebody's class) fails the side.
"""

from __future__ import annotations

import inspect
import types
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython

from autograd.context import tape_in_use
from autograd.lifting import calls as lifted
from autograd.lifting import operators
from autograd.lifting.branches.conditions import (
    Condition,
    compare,
    is_number,
    plain,
    truth,
)
from autograd.lifting.branches.merging import merged
from autograd.lifting.branches.sides import FailedError, mask, masked
from autograd.lifting.operators import BINARY, IN_PLACE, UNARY
from autograd.value import Value

if cython.compiled:
    from cython.cimports.autograd.context import Context, contexts, current
else:
    from autograd.context import Context, contexts, current

_VALUE = cython.declare(object, Value)
NUMBERS = {Value, float, int, bool}
KNOWN = NUMBERS | {str, bytes, type(None), tuple, list, dict, range, Condition}
VIEWS = {type({}.keys()), type({}.values()), type({}.items())}
PASSING = {zip, enumerate, reversed}

RAISING = {"Div", "FloorDiv", "Mod", "Pow"}


def is_array(x: object) -> bool:
    """Return whether x is an array, of NumPy or of a recording."""
    return type(x).__name__ in {"ndarray", "RecordedArray"}


def known(x: Any) -> Any:
    """Return x if its operators have no effects.

    Raises:
        FailedError: if it is of a class that is not known.

    """
    if type(x) not in KNOWN:
        raise FailedError
    return x


@cython.cfunc
@cython.inline
def _is_plain(x: object) -> cython.bint:
    kind: object = type(x)
    return kind is _VALUE or kind is float or kind is int


@cython.cfunc
@cython.inline
def _are_free(a: object, b: object) -> cython.bint:
    """Return whether an operator is Python's here: nearly always."""
    if not (_is_plain(a) and _is_plain(b)):
        return False
    context: Context = current() if contexts else None
    return context is None or context.tape is None or not context.tape.sides


def add(a: Any, b: Any) -> Any:
    """Apply an operator; this one and the next three are the commonest."""
    return a + b if _are_free(a, b) else binary("Add", a, b)


def sub(a: Any, b: Any) -> Any:
    """Apply an operator."""
    return a - b if _are_free(a, b) else binary("Sub", a, b)


def mult(a: Any, b: Any) -> Any:
    """Apply an operator."""
    return a * b if _are_free(a, b) else binary("Mult", a, b)


def div(a: Any, b: Any) -> Any:
    """Apply an operator."""
    return a / b if _are_free(a, b) else binary("Div", a, b)


def binary(name: str, a: Any, b: Any) -> Any:
    """Apply an operator."""
    if type(a) is Condition or type(b) is Condition:
        a, b = plain(a), plain(b)
    f = BINARY[name]
    own = mask()
    if own is None:
        if type(a) in KNOWN and type(b) in KNOWN:
            return f(a, b)
        return operators.binary(name, f, a, b)
    known(a), known(b)
    if name in RAISING and (type(a) is Value or type(b) is Value):
        a, b = masked(f, (a, b), own)
    return f(a, b)


def in_place(name: str, a: Any, b: Any) -> Any:
    """Apply an operator as ``a += b`` does."""
    if mask() is None:
        return operators.in_place(name, IN_PLACE[name], a, plain(b))
    if type(a) in {list, dict}:
        raise FailedError  # others may hold it
    return binary(name, a, b)


def unary(name: str, x: Any) -> Any:
    """Apply an operator of one operand."""
    if mask() is not None:
        known(x)
    f = UNARY[name]
    return f(x) if type(x) in KNOWN else operators.unary(name, f, x)


def attribute(x: Any, name: str) -> Any:
    """Return an attribute; in a side, one that is merely looked up."""
    if type(x) is Value or mask() is None:
        return (
            lifted.attribute(x, name)
            if name in lifted.OF_FLOATS or name in lifted.PARTS_OF_ARRAYS
            else lifted.property_of(x, name)
        )
    if isinstance(x, types.ModuleType):
        if name not in vars(x):
            raise FailedError
        return vars(x)[name]
    kind: Any = type(x)
    if not isinstance(x, type) and kind.__getattribute__ is not object.__getattribute__:
        raise FailedError
    found = inspect.getattr_static(x, name)
    simple = (types.FunctionType, staticmethod, classmethod, types.MemberDescriptorType)
    if hasattr(type(found), "__get__") and not isinstance(found, simple):
        if kind in KNOWN:  # a method of a builtin class
            return getattr(x, name)
        raise FailedError
    return getattr(x, name)


def item(x: Any, index: Any) -> Any:
    """Return ``x[index]``."""
    if mask() is not None and type(x) not in KNOWN and not is_array(x):
        raise FailedError
    return x[index] if type(x) in KNOWN else operators.item(x, index)


def items(x: Any, *, fresh: bool = False) -> Any:
    """Return what is to be iterated over; in a side, nothing that is used up by it."""
    if mask() is not None and not (
        type(x) in KNOWN
        or type(x) in VIEWS
        or is_array(x)
        or (fresh and type(x) in PASSING)
    ):
        raise FailedError
    return x if type(x) in KNOWN else operators.items(x)


def contains(x: Any, container: Any) -> bool:
    """Return whether x is in a container."""
    if mask() is not None:
        known(x), known(container)
    found = operators.contains(x, container)
    return lifted.contains(x, container) if found is NotImplemented else found


def compared(relation: str, a: Any, b: Any) -> Any:
    """Compare where a bool is wanted, not only a way."""
    if mask() is not None:
        known(a), known(b)
    return plain(compare(relation, a, b))


def asked(x: Any) -> Any:
    """Return what decides whether x is true."""
    if type(x) not in KNOWN:
        if mask() is not None:
            raise FailedError
        return operators.truth(x)
    return truth(x)


def extreme(relation: str, numbers: Any) -> Any:
    """Return the largest or smallest number, the first of several, as Python does."""
    numbers = list(numbers)
    best = numbers[0]
    for x in numbers[1:]:
        c = compare(relation, x, best)
        if type(c) is Condition:
            best = merged(c, "", x, best, frozenset())
        elif c:
            best = x
    return best


def are_numbers(xs: Any) -> bool:
    """Return whether all are numbers, and some Values, of which there are several."""
    return (
        len(xs) > 1
        and tape_in_use() is not None
        and all(map(is_number, xs))
        and any(type(x) is Value for x in xs)
    )


def ordered(a: Any, b: Any) -> list[Any]:
    """Return two numbers in order, as `sorted` does."""
    c = compare("<", b, a)
    if type(c) is not Condition:
        return [b, a] if c else [a, b]
    return [merged(c, "", x, y, frozenset()) for x, y in ((b, a), (a, b))]
