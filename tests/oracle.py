"""What the rows of the table should give, from mpmath: another book, to 50 digits.

`ORACLE` maps names of rows to functions over mpmath's numbers, written from the
definitions of the functions and not from the rows; `oracle_of` takes a row's own column
``exact`` where `ORACLE` has nothing, and a test compares the two where it has.
Derivatives are mpmath's, numerical and to more digits than a float has; so the table's
partials are compared with nothing that was derived by hand.

`assert_row_is_right` is the check itself; a test holds that it finds a planted error.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
from mpmath import mp

from autograd import Value, grad
from autograd.primitives import Primitive

DIGITS = 50

# Relative, and absolute for results that happen to lie near zero.
VALUE = (1e-13, 1e-15)
FIRST = (1e-12, 1e-14)
SECOND = (1e-11, 1e-13)


class UnclearError(Exception):
    """At this point the function is a matter of signed zeros, which mpmath lacks."""


def _sign(x: Any) -> Any:
    return mpmath.mpf((x > 0) - (x < 0))


def _truncated(x: Any) -> Any:
    return _sign(x) * mpmath.floor(abs(x))


def _copysign(a: Any, b: Any) -> Any:
    if b == 0:
        raise UnclearError
    return abs(a) * _sign(b)


def _nearest(x: Any) -> Any:
    return mpmath.nint(x)


def _scale(*xs: Any) -> Any:
    largest = max(abs(x) for x in xs)
    return mpmath.power(2, -mpmath.floor(mpmath.log(largest, 2)) - 1) if largest else 1


def _half_dot(pq: Sequence[Any], combine: Callable[[Any, Any], Any]) -> Any:
    n = len(pq) // 2
    return mpmath.fsum(combine(pq[i], pq[n + i]) for i in range(n))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


ORACLE: dict[str, Callable[..., Any]] = {
    "greater": lambda a, b: mpmath.mpf(a > b),
    "equal": lambda a, b: mpmath.mpf(a == b),
    "step": lambda x: mpmath.mpf(x > 0),
    "sign": _sign,
    "where": lambda c, a, b: a if c != 0 else b,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "quotient": lambda a, b: a / b,
    "over_square": lambda a, b: a / (b * b),
    "floordiv": lambda a, b: mpmath.floor(a / b),
    "mod": lambda a, b: a - b * mpmath.floor(a / b),
    "fmod": lambda a, b: a - b * _truncated(a / b),
    "remainder": lambda a, b: a - b * _nearest(a / b),
    "pow": mpmath.power,
    "power": mpmath.power,
    "power_slope": lambda a, b: b * mpmath.power(a, b - 1),
    "power_log": lambda a, b: mpmath.power(a, b) * mpmath.log(a),
    "neg": lambda x: -x,
    "abs": abs,
    "round": lambda x, digits: _nearest(x * 10**digits) / 10**digits,
    "rint": _nearest,
    "floor": mpmath.floor,
    "ceil": mpmath.ceil,
    "trunc": _truncated,
    "sqrt": mpmath.sqrt,
    "cbrt": mpmath.cbrt,
    "exp": mpmath.exp,
    "exp2": lambda x: mpmath.power(2, x),
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "log10": lambda x: mpmath.log(x) / mpmath.log(10),
    "log1p": mpmath.log1p,
    "log_or_nan": mpmath.log,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "atan2": mpmath.atan2,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "asinh": mpmath.asinh,
    "acosh": mpmath.acosh,
    "atanh": mpmath.atanh,
    "sech_squared": lambda x: mpmath.sech(x) ** 2,
    "degrees": lambda x: x * 180 / mpmath.pi,
    "radians": lambda x: x * mpmath.pi / 180,
    "one_minus_square": lambda x: 1 - x * x,
    "exp_minus_square": lambda x: mpmath.exp(-x * x),
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "gamma": mpmath.gamma,
    "lgamma": mpmath.loggamma,
    "digamma": lambda x: mpmath.psi(0, x),
    "polygamma": lambda n, x: mpmath.psi(int(n), x),
    "sigmoid": _sigmoid,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x * _sigmoid(x),
    "maximum": max,
    "minimum": min,
    "clip": lambda x, low, high: min(max(x, low), high),
    "copysign": _copysign,
    "ldexp": lambda x, i: x * mpmath.power(2, i),
    "nextafter": lambda a, _: a,  # to within the one ulp that it is about
    "ulp": lambda x: mpmath.power(2, mpmath.floor(mpmath.log(abs(x), 2)) - 52),
    "fma": lambda a, b, c: a * b + c,
    "scale": _scale,
    "hypot": lambda *xs: mpmath.sqrt(mpmath.fsum(x * x for x in xs)),
    "dist": lambda *pq: mpmath.sqrt(_half_dot(pq, lambda a, b: (a - b) ** 2)),
    "sumprod": lambda *pq: _half_dot(pq, lambda a, b: a * b),
    "fsum": lambda *xs: mpmath.fsum(xs),
    "prod": lambda *xs: mpmath.fprod(xs),
    "logsumexp": lambda *xs: mpmath.log(mpmath.fsum(mpmath.exp(x) for x in xs)),
}


def oracle_of(row: Primitive) -> Callable[..., Any]:
    """Return the row's function over mpmath's numbers."""
    return ORACLE.get(row.name) or functools.partial(row.exact, mpmath)


def intervals(row: Primitive) -> list[tuple[float, float]]:
    """Return where to sample each argument; a row of any number gets four."""
    repeat = (4 if row.arity is None else row.arity) // len(row.domain)
    return list(row.domain) * repeat


def points(row: Primitive, count: int) -> Iterator[tuple[float, ...]]:
    """Yield points of the row's domain, the same ones in every run."""
    generator = random.Random(row.name)
    for _ in range(count):
        yield tuple(generator.uniform(low, high) for low, high in intervals(row))


def varying(row: Primitive) -> list[int]:
    """Return the arguments to differentiate by: those that are not just a setting."""
    return [i for i, (low, high) in enumerate(intervals(row)) if low < high]


def partial_derivative(
    function: Callable[..., Any], args: Sequence[Any], orders: Sequence[int]
) -> Any:
    """Return mpmath's derivative of that order by each argument."""
    with mp.workdps(DIGITS):
        exact = [mpmath.mpf(x) for x in args]
        if len(args) == 1:
            return mpmath.diff(function, exact[0], orders[0])
        return mpmath.diff(function, tuple(exact), tuple(orders))


def assert_near(found: float, truth: Any, tolerance: tuple[float, float]) -> None:
    """Compare with a number of 50 digits, and say by how much it is off."""
    relative, absolute = tolerance
    truth = mpmath.re(truth)
    error = abs(mpmath.mpf(found) - truth)
    off = f"{found!r} is {mpmath.nstr(error, 3)} off {mpmath.nstr(truth, 20)}"
    assert math.isfinite(found), off
    assert error <= relative * abs(truth) + absolute, off


def assert_row_is_right(row: Primitive, oracle: Callable[..., Any], count: int) -> None:
    """Compare values and all first and second derivatives at points of the domain."""
    for args in points(row, count):
        with mp.workdps(DIGITS):
            assert_near(row(*args), oracle(*[mpmath.mpf(x) for x in args]), VALUE)
        node = row(*as_values(row, args))
        partials = iter(node.partials)
        for i in varying(row):
            orders = [int(k == i) for k in range(len(args))]
            truth = partial_derivative(oracle, args, orders)
            assert_near(next(partials), truth, FIRST)
            assert_near(grad(row, i)(*args), truth, FIRST)
            for j in varying(row):
                mixed = [orders[k] + int(k == j) for k in range(len(args))]
                found = grad(grad(row, i), j)(*args)
                assert_near(found, partial_derivative(oracle, args, mixed), SECOND)


def as_values(row: Primitive, args: Sequence[float]) -> list[Any]:
    """Return Values for the arguments to differentiate by, the others as they are."""
    moving = varying(row)
    return [Value(x) if i in moving else x for i, x in enumerate(args)]
