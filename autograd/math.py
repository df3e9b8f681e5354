"""The standard library's `math` module, over floats and Values.

Floats in, float out; a Value anywhere in, a Value out that remembers how it was made.
Every function of `math` that makes sense on a float is here under the same name, so
``from autograd import math`` differentiates code that was written for floats, and
further those that users of derivatives need: activations, softmax, clip, where.

Most names are rows of the table in `autograd.primitives` as they stand. What follows
them are the functions of sequences, and those that are several rows. These ask Values
by comparing them, and never read the number: so a function that is being recorded shows
on its tape what the outcome depended on. They are functions in Python: in the body of a
class they become methods, which the standard library's do not, so write
``f = staticmethod(math.log)`` there.
"""

from __future__ import annotations

import functools as _functools
import math as _math
from collections.abc import Iterable, Sequence
from math import (
    ceil,
    comb,
    e,
    factorial,
    floor,
    gcd,
    inf,
    isqrt,
    lcm,
    nan,
    perm,
    pi,
    tau,
    trunc,
)
from numbers import Real
from typing import Any

from autograd.context import tape_in_use as _tape_in_use
from autograd.dot import sumprod
from autograd.primitives import activations as _activations
from autograd.primitives import arithmetic as _arithmetic
from autograd.primitives import elementary as _elementary
from autograd.primitives import normal as _normal
from autograd.primitives import special as _special
from autograd.primitives.activations import *  # noqa: F403 - each says what is public
from autograd.primitives.arithmetic import *  # noqa: F403
from autograd.primitives.elementary import *  # noqa: F403
from autograd.primitives.normal import *  # noqa: F403
from autograd.primitives.row import as_number as _as_number
from autograd.primitives.special import *  # noqa: F403
from autograd.value import Value
from autograd.value import number as _number

__all__ = [
    "ceil",
    "comb",
    "dist",
    "e",
    "factorial",
    "floor",
    "frexp",
    "fsum",
    "gcd",
    "inf",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isqrt",
    "lcm",
    "ldexp",
    "log",
    "log_softmax",
    "logsumexp",
    "modf",
    "nan",
    "perm",
    "pi",
    "pow",
    "prod",
    "softmax",
    "sumprod",
    "tau",
    "trunc",
    "where",
]
__all__ += _activations.__all__
__all__ += _arithmetic.__all__
__all__ += _elementary.__all__
__all__ += _normal.__all__
__all__ += _special.__all__

Number = Any  # a float, or a Value


MSG_TOLERANCES = "tolerances must be non-negative"
MSG_ITEMS = "{0} takes one sequence of numbers, not {1!r}: write {0}([x, y])"
MSG_ITEM = "number {0} of what goes into a softmax is {1!r} (of type {2}), not a number"


def _plain(x: Number) -> float:
    return _number(x) if isinstance(x, Value) else x


def _items(xs: Iterable[Number], function: str) -> tuple[Number, ...]:
    try:
        return tuple([_as_number(x) for x in xs])
    except TypeError:
        if isinstance(xs, Iterable):
            raise  # out of the iterable itself
        raise TypeError(MSG_ITEMS.format(function, xs)) from None


def _call(function: str, *args: Number) -> str:
    """Return how a call is written, and where it was made, as the engine does."""
    names = [getattr(x, "name", None) for x in args]
    pairs = list(zip(args, names, strict=True))
    words = ", ".join(name or repr(_plain(x)) for x, name in pairs)
    known = ", ".join(f"{name} = {_plain(x)!r}" for x, name in pairs if name)
    return f"{function}({words})" + (f" at {known}" if known else "")


def _reason(error: Exception) -> str:
    return str(error).partition(":")[0]


def log(x: Number, base: Number | None = None) -> Number:
    """Return the logarithm of x, natural or to the given base.

    Raises:
        ValueError: if x or the base is not positive.
        ZeroDivisionError: if the base is 1.

    >>> log(8.0, 2.0)
    3.0
    >>> y = log(Value(4.0))
    >>> y.partials
    (0.25,)

    """
    if base is None:
        return _elementary.log(x)
    if not (isinstance(x, Value) or isinstance(base, Value)):
        return _math.log(x, base)
    try:
        return _elementary.log(x) / _elementary.log(base)
    except (ValueError, ZeroDivisionError) as error:
        message = f"{_reason(error)}: {_call('log', x, base)}"
        raise type(error)(message) from None


def pow(x: Number, y: Number) -> Number:  # noqa: A001 - math's name
    """Return x to the power y; unlike ``x ** y`` it raises ValueError for 0**-1.

    >>> pow(Value(3.0), 2).data
    9.0

    """
    if not (isinstance(x, Value) or isinstance(y, Value)):
        return _math.pow(x, y)
    try:
        return x**y
    except ArithmeticError as error:
        try:
            _math.pow(_plain(x), _plain(y))
        except (ValueError, OverflowError) as its:
            raise type(its)(str(error)) from None
        raise


def frexp(x: Number) -> tuple[Number, int]:
    """Return m and e with x = m * 2**e and m in [0.5, 1); e is an int, a constant.

    >>> m, e = frexp(Value(12.0))
    >>> m.data, e, m.partials
    (0.75, 4, (0.0625,))

    """
    m, e = _math.frexp(_plain(x))
    if not isinstance(x, Value):
        return m, e
    # The int is part of a recording, which so holds only where it is the same.
    if isfinite(x) and x != 0.0:
        low, high = _math.ldexp(0.5, e), _math.ldexp(0.5, e + 1) if e < 1024 else inf
        _ = low <= abs(x) < high
    return ldexp(x, -e), e


def ldexp(x: Number, i: int) -> Number:
    """Return x * 2**i.

    Raises:
        TypeError: if i is not an int.

    >>> ldexp(Value(0.75), 4).data
    12.0

    """
    if not isinstance(i, int):
        message = f"the exponent of ldexp is an int, not {i!r}; write x * 2**i"
        raise TypeError(message)
    # Beyond these every result is 0 or overflows, and float(10**400) would not go.
    return _elementary.ldexp(x, max(-5000, min(5000, i)))


def modf(x: Number) -> tuple[Number, Number]:
    """Return the fractional part, which has x's derivative, and the whole part.

    >>> fraction, whole = modf(Value(2.5))
    >>> fraction.data, whole.data
    (0.5, 2.0)

    """
    if not isinstance(x, Value):
        return _math.modf(x)
    if isinf(x):
        return _arithmetic.copysign(0.0, x), _arithmetic.copysign(inf, x)
    fraction = _arithmetic.fmod(x, 1.0)
    # The whole part is a constant with x's sign, which it would lose at -0.5.
    return fraction, _arithmetic.copysign((x - fraction).detach(), x)


def isnan(x: Number) -> bool:
    """Return whether x is not a number, by value."""
    return x != x if isinstance(x, Value) else _math.isnan(x)  # noqa: PLR0124


def isinf(x: Number) -> bool:
    """Return whether x is infinite, by value."""
    return x in (inf, -inf) if isinstance(x, Value) else _math.isinf(x)


def isfinite(x: Number) -> bool:
    """Return whether x is neither infinite nor NaN, by value."""
    return -inf < x < inf if isinstance(x, Value) else _math.isfinite(x)


def isclose(
    a: Number, b: Number, *, rel_tol: float = 1e-9, abs_tol: float = 0.0
) -> bool:
    """Return whether a and b are close, by value, as `math.isclose` does."""
    if _tape_in_use() is None:
        return _math.isclose(_plain(a), _plain(b), rel_tol=rel_tol, abs_tol=abs_tol)
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError(MSG_TOLERANCES)
    if a == b:
        return True
    if isinf(a) or isinf(b):
        return False
    size = _arithmetic.maximum(abs(a), abs(b))
    return bool(abs(a - b) <= _arithmetic.maximum(rel_tol * size, abs_tol))


def fsum(xs: Iterable[Number]) -> Number:
    """Return the sum, rounded once; one node of n parents.

    >>> fsum([Value(0.1)] * 10).data
    1.0

    """
    return _elementary.fsum(*_items(xs, "fsum"))


def prod(xs: Iterable[Number], *, start: Number = 1) -> Number:
    """Return the product; one node of n parents, whose partials divide by none.

    >>> prod([Value(0.0), Value(2.0), Value(3.0)]).partials
    (6.0, 0.0, 0.0)

    """
    xs = _items(xs, "prod")
    return (
        _elementary.prod(*xs)
        if type(start) is int and start == 1
        else _elementary.prod(start, *xs)
    )


def dist(p: Sequence[Number], q: Sequence[Number]) -> Number:
    """Return the Euclidean distance of two points; one node.

    Raises:
        ValueError: if they have different dimensions.

    >>> dist([Value(3.0), 0.0], [0.0, 4.0]).data
    5.0

    """
    p, q = _items(p, "dist"), _items(q, "dist")
    if len(p) != len(q):
        message = f"both points must have the same dimension, not {len(p)} and {len(q)}"
        raise ValueError(message)
    return _elementary.dist(*p, *q)


def logsumexp(xs: Iterable[Number]) -> Number:
    """Return log(sum of e**x), without overflow; one node of n parents.

    Raises:
        ValueError: if there is nothing to sum.

    >>> logsumexp([Value(1000.0), Value(1000.0)]).data
    1000.6931471805599

    """
    xs = _items(xs, "logsumexp")
    if not xs:
        message = "logsumexp of nothing: the logarithm of an empty sum, log(0)"
        raise ValueError(message)
    return _elementary.logsumexp(*xs)


def softmax(xs: Iterable[Number]) -> list[Number]:
    """Return e**x over their sum for each x, without overflow.

    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]

    """
    weights = [_elementary.exp(x) for x in _below_the_largest(xs)]
    total = fsum(weights)
    return [weight / total for weight in weights]


def log_softmax(xs: Iterable[Number]) -> list[Number]:
    """Return the logarithms of the softmax, accurate where that is 0 or 1.

    >>> log_softmax([1000.0, 1000.0])
    [-0.6931471805599453, -0.6931471805599453]

    """
    xs = _below_the_largest(xs)
    total = logsumexp(xs)
    return [x - total for x in xs]


def _below_the_largest(xs: Iterable[Number]) -> list[Number]:
    """Return each x minus the largest, a constant: a shift changes no softmax."""
    xs = _items(xs, "softmax")
    if not xs:
        message = "softmax of nothing: it has one number for each that goes in"
        raise ValueError(message)
    for i, x in enumerate(xs):
        if not isinstance(x, (Value, Real)):
            raise TypeError(MSG_ITEM.format(i, x, type(x).__name__))
    largest: Number
    if _tape_in_use() is None:
        largest = max(_plain(x) for x in xs)
    else:
        largest = _functools.reduce(_arithmetic.maximum, xs)
        largest = largest.detach() if isinstance(largest, Value) else largest
    return [x - largest for x in xs]


def where(condition: object, a: Number, b: Number) -> Number:
    """Return a if the condition holds, else b; the derivative is the chosen one's.

    >>> x = Value(-2.0)
    >>> where(x > 0, x, -x).data
    2.0

    """
    if not isinstance(condition, Value):
        condition = float(bool(condition))
    return _arithmetic.select(condition, a, b)
