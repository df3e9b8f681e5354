"""operations: what recorded code does to numbers and things, in a side and outside.

Outside of all sides an operator is Python's. In a side it must not have an effect, or
raise where the side is not chosen: operands are masked, and what is not known to be
harmless (an operator, an attribute, an iterator of somebody's class) fails the side.
"""

# cython: language_level=3, binding=True, embedsignature=True

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython

from autograd.context import tape_in_use
from autograd.lifting import calls as lifted
from autograd.lifting.branches.conditions import (
    Condition,
    compare,
    is_number,
    plain,
    truth,
)
from autograd.lifting.branches.merging import merged
from autograd.lifting.branches.sides import FailedError, mask, masked
from autograd.value import Value

if cython.compiled:
    from cython.cimports.autograd.context import Context, contexts, current
else:
    from autograd.context import Context, contexts, current

_CONDITION = cython.declare(object, Condition)
NUMBERS = {Value, float, int, bool}
KNOWN = NUMBERS | {str, bytes, type(None), tuple, list, dict, range, Condition}
VIEWS = {type({}.keys()), type({}.values()), type({}.items())}
PASSING = {zip, enumerate, reversed}

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul,
    "Div": operator.truediv, "FloorDiv": operator.floordiv, "Mod": operator.mod,
    "Pow": operator.pow, "MatMult": operator.matmul, "LShift": operator.lshift,
    "RShift": operator.rshift, "BitOr": operator.or_, "BitXor": operator.xor,
    "BitAnd": operator.and_,
}  # fmt: skip
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.iadd, "Sub": operator.isub, "Mult": operator.imul,
    "Div": operator.itruediv, "FloorDiv": operator.ifloordiv, "Mod": operator.imod,
    "Pow": operator.ipow, "MatMult": operator.imatmul, "LShift": operator.ilshift,
    "RShift": operator.irshift, "BitOr": operator.ior, "BitXor": operator.ixor,
    "BitAnd": operator.iand,
}  # fmt: skip
RAISING = {"Div", "FloorDiv", "Mod", "Pow"}
UNARY: dict[str, Callable[[Any], Any]] = {
    "USub": operator.neg, "UAdd": operator.pos, "Invert": operator.invert,
    "Not": operator.not_,
}  # fmt: skip


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
def _are_free(a: object, b: object) -> cython.bint:
    """Return whether an operator is Python's here: nearly always."""
    if type(a) is _CONDITION or type(b) is _CONDITION:
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
        return f(a, b)
    known(a), known(b)
    if name in RAISING and (type(a) is Value or type(b) is Value):
        a, b = masked(f, (a, b), own)
    return f(a, b)


def in_place(name: str, a: Any, b: Any) -> Any:
    """Apply an operator as ``a += b`` does."""
    if mask() is None:
        return IN_PLACE[name](a, plain(b))
    if type(a) in {list, dict}:
        raise FailedError  # others may hold it
    return binary(name, a, b)


def unary(name: str, x: Any) -> Any:
    """Apply an operator of one operand."""
    if mask() is not None:
        known(x)
    return UNARY[name](x)


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
    return x[index]


def items(x: Any, *, fresh: bool = False) -> Any:
    """Return what is to be iterated over; in a side, nothing that is used up by it."""
    if mask() is not None and not (
        type(x) in KNOWN
        or type(x) in VIEWS
        or is_array(x)
        or (fresh and type(x) in PASSING)
    ):
        raise FailedError
    return x


def contains(x: Any, container: Any) -> bool:
    """Return whether x is in a container."""
    if mask() is not None:
        known(x), known(container)
    return lifted.contains(x, container)


def compared(relation: str, a: Any, b: Any) -> Any:
    """Compare where a bool is wanted, not only a way."""
    if mask() is not None:
        known(a), known(b)
    return plain(compare(relation, a, b))


def asked(x: Any) -> Any:
    """Return what decides whether x is true."""
    if mask() is not None and type(x) not in KNOWN:
        raise FailedError
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
