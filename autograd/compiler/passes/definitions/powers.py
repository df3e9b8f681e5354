"""Definitions of the derivatives of a**b.

The exponent is halved, so that the power's factors stay in range where the power times
its coefficient is; and what rounding took from b-n is put back.
"""

from __future__ import annotations

import math

from autograd.compiler.passes.definitions.tools import (
    Definition,
    Number,
    is_finite,
    is_infinite,
    two_difference,
)
from autograd.primitives.arithmetic import copysign, equal, maximum, select
from autograd.primitives.elementary import exp, log
from autograd.primitives.powers import _taylor_sum, power


def _times_power(c: Number, a: Number, b: Number, n: float) -> Number:
    """Return c * a**(b-n), accurate where the power is out of range, or b-n rounded."""
    less, rest = two_difference(b, n)
    plain = c * power(a, less)
    half = power(abs(a), 0.5 * less)
    sign = power(copysign(1.0, a), b)
    if n % 2.0:
        sign = sign * copysign(1.0, a)
    # Where the power is 0, so is the result, though the coefficient be out of range.
    y = c * half * half * exp(rest * log(abs(a)))
    y = sign * select(equal(half, 0.0) * equal(c, c), 0.0, y)
    at_the_end = maximum(equal(a, 0.0), maximum(is_infinite(a), is_infinite(b)))
    y = select(at_the_end, plain, y)
    nothing = equal(c, 0.0) * is_finite(a) * is_finite(b)
    return select(nothing, 0.0, y)


def _power_slope(a: Number, b: Number) -> Number:
    exponent = getattr(b, "number", None)
    if exponent is not None and exponent % 0.5 == 0.0 and 1.0 <= abs(exponent) <= 8.0:
        return b * power(a, exponent - 1.0)
    return select(equal(b, 0.0), 0.0, _times_power(b, a, b, 1.0))


def _log_or_zero(a: Number) -> Number:
    """Return log(a), 0 for a = 0: the policy for x**y by y."""
    return select(equal(a, 0.0), 0.0, log(a))


def _power_log(a: Number, b: Number) -> Number:
    return _times_power(_log_or_zero(a), a, b, 0.0)


def _power_partial(n: Number, m: Number, a: Number, b: Number) -> Number:
    by_a, by_b = int(n), int(m)
    if by_b:
        c = _taylor_sum(by_a, by_b, b, _log_or_zero(a), 1.0)
    else:
        c = math.prod([b - float(k) for k in range(1, by_a)], start=b) if by_a else 1.0
    return _times_power(c, a, b, float(by_a))


DEFINITIONS: dict[str, Definition] = {
    "pow": power,
    "power_slope": _power_slope,
    "power_log": _power_log,
    "power_partial": _power_partial,
}
