"""Definitions of exponentials, logarithms and sinc."""

from __future__ import annotations

import math

from autograd.compiler.passes.definitions.tools import (
    Definition,
    Number,
    corrected,
    is_finite,
    two_difference,
)
from autograd.primitives.arithmetic import (
    copysign,
    equal,
    greater,
    quotient,
    rint,
    select,
)
from autograd.primitives.elementary import (
    LN2,
    atanh,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    sin,
    sinh,
    sqrt,
)


def _exp_of_difference(a: Number, b: Number) -> Number:
    d, rest = two_difference(a, b)
    y = exp(d)
    return corrected(y, y, rest)


def _sech_squared(x: Number) -> Number:
    t = exp(-2.0 * abs(x))
    return quotient(4.0 * t, (1.0 + t) * (1.0 + t))


def _cbrt(x: Number) -> Number:
    size = abs(x)
    y = exp2(quotient(log2(size), 3.0))
    y = y - quotient(y - quotient(size, y * y), 3.0)
    return select(greater(size, 0.0) * is_finite(x), copysign(y, x), x)


def _log_cosh(x: Number) -> Number:
    half = sinh(0.5 * x)
    far = abs(x) + log1p(exp(-2.0 * abs(x))) - LN2
    return select(greater(1.0, abs(x)), log1p(2.0 * (half * half)), far)


def _logit(p: Number) -> Number:
    middle = greater(p, 0.25) * greater(0.75, p)
    return select(middle, 2.0 * atanh(2.0 * p - 1.0), log(p) - log1p(-p))


def _xlogy(x: Number, y: Number) -> Number:
    return select(equal(x, 0.0) * equal(y, y), 0.0, x * log(y))


def _sin_pi(x: Number) -> Number:
    turn = x - 2.0 * rint(0.5 * x)
    half = copysign(1.0, turn) - turn
    return sin(math.pi * select(greater(abs(turn), 0.5), half, turn))


def _sinc(x: Number) -> Number:
    x = abs(x)
    return select(x, quotient(_sin_pi(x), math.pi * x), 1.0)


def _sinc_partial(n: Number, x: Number) -> Number:
    order = int(n)
    odd = order % 2
    size = abs(x)
    z = math.pi * size
    near, square = 0.0, z * z
    for k in reversed(range((order + odd) // 2, order // 2 + 20)):
        below = (2 * k + 1) * math.factorial(2 * k - order)
        near = near * square + (-1.0) ** k / below
    near = near * math.pi ** (order + odd) * (size if odd else 1.0)
    far = _sinc(size)
    turn = size - 2.0 * rint(0.5 * size)
    for k in range(1, order + 1):
        wave = math.pi ** (k - 1) * _sin_pi(turn + 0.5 * (k % 4))
        far = quotient(wave - float(k) * far, size)
    y = select(greater(1.5 + 0.7 * order, z), near, far)
    return copysign(1.0, x) * y if odd else y


DEFINITIONS: dict[str, Definition] = {
    "exp_of_difference": _exp_of_difference,
    "cbrt": _cbrt,
    "rsqrt": lambda x: quotient(1.0, sqrt(x)),
    "log_or_nan": log,
    "sech_squared": _sech_squared,
    "log1mexp": lambda x: select(greater(x, LN2), log1p(-exp(-x)), log(-expm1(-x))),
    "xlogy": _xlogy,
    "logit": _logit,
    "logit_slope": lambda p: quotient(1.0, p * (1.0 - p)),
    "log_cosh": _log_cosh,
    "sinc": _sinc,
    "sinc_partial": _sinc_partial,
}
