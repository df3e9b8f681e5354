"""ieee: what an operation gives where Python would raise, under `errstate`.

Python raises where a result is infinite or undefined; IEEE 754 has an infinity or a NaN
there, and so has NumPy. A row's value raises as `math` does; here is what stands in its
place. Partials need nothing of the kind, since they never raise (see
`autograd.primitives`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.context import DIVIDE, INVALID, OVER, ignored
from autograd.primitives import TABLE, Primitive
from autograd.primitives.row import excuse_with

Found = tuple[int, float]


def excused(
    primitive: Primitive, floats: tuple[Any, ...], error: Exception
) -> float | None:
    """Return the result in the place of an error, None if that is not ignored.

    Args:
        primitive: what raised.
        floats: its arguments.
        error: what it raised.

    """
    ignoring = ignored()
    if not ignoring or not all(isinstance(x, (float, int)) for x in floats):
        return None
    kind, y = _result(primitive, floats, error)
    return y if kind & ignoring else None


def _result(primitive: Primitive, xs: tuple[float, ...], error: Exception) -> Found:
    if any(math.isnan(x) for x in xs):
        return INVALID, math.nan
    rule = RULES.get(primitive.name) if primitive.in_table else None
    if rule is not None:
        return rule(*xs)
    if isinstance(error, OverflowError):
        return OVER, math.inf
    kind = DIVIDE if isinstance(error, ZeroDivisionError) else INVALID
    return kind, math.nan


def _of_kind(y: float, kind: int) -> Found:
    """Return a result with its kind: undefined if it is NaN."""
    return INVALID if math.isnan(y) else kind, y


def _div(a: float, b: float) -> Found:
    return _of_kind(TABLE["quotient"](a, b), DIVIDE)


def _pow(a: float, b: float) -> Found:
    return _of_kind(TABLE["power"](a, b), DIVIDE if a == 0.0 else OVER)


def _itself(x: float, *_: float) -> Found:
    return INVALID, x  # floor and kin of an infinity


def _odd(x: float, *_: float) -> Found:
    return OVER, math.copysign(math.inf, x)


def _fma(a: float, b: float, c: float) -> Found:
    return _of_kind(a * b + c, OVER)


def _fsum(*xs: float) -> Found:
    return _of_kind(sum(sorted(xs, key=abs)), OVER)


def _ldexp(x: float, n: float) -> Found:
    if n == -math.inf:
        return _of_kind(x * 0.0, OVER)
    y = math.nan if x == 0.0 and math.isinf(n) else math.copysign(math.inf, x)
    return _of_kind(x if x == 0.0 and math.isfinite(n) else y, OVER)


def _pole(at: float, y: float) -> Callable[..., Found]:
    """Return the rule of a function that is infinite at one point."""

    def rule(x: float, *_: float) -> Found:
        return (DIVIDE, y) if x == at else (INVALID, math.nan)

    return rule


def _poles(low: float, high: float) -> Callable[..., Found]:
    """Return the rule of a function from -inf to inf between two points."""

    def rule(x: float) -> Found:
        if x in {low, high}:
            return DIVIDE, -math.inf if x == low else math.inf
        return INVALID, math.nan

    return rule


def _rsqrt(x: float) -> Found:
    return (DIVIDE, math.inf) if x == 0.0 else (INVALID, math.nan)


def _gamma(x: float) -> Found:
    if x == 0.0:
        return DIVIDE, math.copysign(math.inf, x)
    return (OVER, math.inf) if x > 0.0 else (INVALID, math.nan)


def _lgamma(x: float) -> Found:
    return (OVER if x > 0.0 else DIVIDE), math.inf


def _xlogy(x: float, y: float) -> Found:
    if y == 0.0 and x != 0.0:
        return DIVIDE, math.copysign(math.inf, -x)
    return INVALID, math.nan


# What is not here overflows to infinity, and is undefined elsewhere.
RULES: dict[str, Callable[..., Found]] = {
    "div": _div,
    "reciprocal": lambda x: _div(1.0, x),
    "floordiv": _div,
    "pow": _pow,
    "floor": _itself,
    "ceil": _itself,
    "trunc": _itself,
    "rint": _itself,
    "fma": _fma,
    "fsum": _fsum,
    "sinh": _odd,
    "ldexp": _ldexp,
    "rsqrt": _rsqrt,
    "log": _pole(0.0, -math.inf),
    "log2": _pole(0.0, -math.inf),
    "log10": _pole(0.0, -math.inf),
    "log1p": _pole(-1.0, -math.inf),
    "log1mexp": _pole(0.0, -math.inf),
    "atanh": _poles(-1.0, 1.0),
    "logit": _poles(0.0, 1.0),
    "gamma": _gamma,
    "lgamma": _lgamma,
    "xlogy": _xlogy,
}

excuse_with(excused)
