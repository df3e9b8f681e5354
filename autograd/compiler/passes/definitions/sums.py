"""Definitions of primitives of any number of operands."""

from __future__ import annotations

import math

from autograd.compiler.passes.definitions.tools import (
    Definition,
    Number,
    in_pairs,
    is_finite,
    is_infinite,
    total,
    two_sum,
)
from autograd.primitives.arithmetic import equal, maximum, quotient, rint, scale, select
from autograd.primitives.elementary import LN2, exp, hypot, ldexp, log1p, log2, sqrt


def _hypot(*xs: Number) -> Number:
    if len(xs) < 2:
        return abs(xs[0]) if xs else 0.0
    s = scale(*xs)
    length = quotient(sqrt(total([x * s * (x * s) for x in xs])), s)
    return select(in_pairs(maximum, [is_infinite(x) for x in xs]), math.inf, length)


def hypot_in_pairs(*xs: Number) -> Number:
    """Return the hypot of any number, by that of two."""
    return in_pairs(hypot, [abs(x) for x in xs]) if xs else 0.0


def scale_of_largest(*xs: Number) -> Number:
    """Return the scale of any number, by that of one."""
    return scale(in_pairs(maximum, [abs(x) for x in xs]))


def _cosine(x: Number, *others: Number) -> Number:
    s = scale(x, *others)
    length = hypot(x * s, *[other * s for other in others])
    return select(length, quotient(x * s, length), 0.0)


def _dist(*pq: Number) -> Number:
    n = len(pq) // 2
    return hypot(*[a - b for a, b in zip(pq[:n], pq[n:], strict=True)])


def _sumprod(*pq: Number) -> Number:
    n = len(pq) // 2
    y = 0.0
    for i in range(n):
        y = y + pq[i] * pq[n + i] if i else pq[0] * pq[n]
    return y


def _fsum(*xs: Number) -> Number:
    """Return the sum as if in twice the precision (Ogita, Rump, Oishi 2005: Sum2)."""
    if not xs:
        return 0.0
    y, error = xs[0], 0.0
    for x in xs[1:]:
        y, rest = two_sum(y, x)
        error = error + rest
    return select(is_finite(error), y + error, y)


def _prod(*xs: Number) -> Number:
    y = 1.0
    for i, x in enumerate(xs):
        y = y * x if i else x
    return y


def _product(*xs: Number) -> Number:
    y, exponent = 1.0, 0.0
    for x in xs:
        s = scale(x)
        y = y * (s * x)
        t = scale(y)
        y = y * t
        exponent = exponent - log2(s) - log2(t)
    # A library's logarithm of a power of two need not be whole.
    return ldexp(y, rint(exponent)) if xs else 1.0


def _logsumexp(*xs: Number) -> Number:
    # The largest's own weight is 1, which log1p adds; of equals, one is the largest.
    top = in_pairs(maximum, xs)
    is_top = [equal(x, top) for x in xs]
    others = [
        select(flag, 0.0, exp(x - top)) for flag, x in zip(is_top, xs, strict=True)
    ]
    return top + log1p((total(is_top) - 1.0) + total(others))


def _logaddexp(a: Number, b: Number) -> Number:
    y = maximum(a, b) + log1p(exp(-abs(a - b)))
    return select(equal(a, b), a + LN2, y)


DEFINITIONS: dict[str, Definition] = {
    "hypot": _hypot,
    "cosine": _cosine,
    "dist": _dist,
    "sumprod": _sumprod,
    "fsum": _fsum,
    "prod": _prod,
    "product": _product,
    "logsumexp": _logsumexp,
    "logaddexp": _logaddexp,
}
