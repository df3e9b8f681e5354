"""Rows of a**b and of its derivatives, by a and by b, to any order.

Naively ``b * a**(b-1)`` is wrong in three ways: the power may be out of range where the
product is not; b - 1 is rounded, and a power multiplies that by log(a); and for a sum
as 1 + b*log(a), which the mixed derivative has, a root is a place without digits.
Here powers are taken in parts and put together with their exponents apart, what
rounding took from b - n is put back, and sums that cancel are done in decimals.

Letters: a**b, differentiated n times by a and m times by b, is

    a**(b-n) * sum over j of (m choose j) * f_j * log(a)**(m-j),

where f_j is the j-th derivative of b*(b-1)*...*(b-n+1).
"""

from __future__ import annotations

import decimal
import math
import operator
from typing import Any

from autograd.primitives.arithmetic import TINY
from autograd.primitives.row import POSITIVE, REAL, at_zero, row

DIGITS = decimal.Context(prec=60)
CANCELS = 0.25
MSG_ORDER = "an order of derivation is an integer, so there is no derivative by it"


def _pow(a: float, b: float) -> float:
    y = operator.pow(a, b)  # compiled, a**b is C's, which does not raise
    if isinstance(y, complex):
        message = "a negative number to a fractional power is not a real number"
        raise ValueError(message)  # noqa: TRY004 - as math.pow does
    return float(y)


def _power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0.0 and b % 2.0 == 1.0 else math.inf
    except ValueError:
        if a != 0.0:
            return math.nan
        return math.copysign(math.inf, a) if b % 2.0 == 1.0 else math.inf


def _power_slope(a: float, b: float) -> float:
    if b == 0.0:
        return 0.0
    less = b - 1.0
    if a and (b - (less - (less - b))) - (1.0 + (less - b)):  # rounded: no good power
        t = _power(a, b)
        if TINY < abs(t) < math.inf and TINY < abs(t / a) < math.inf:
            return b * (t / a)
    else:
        t = _power(a, less)
        if TINY < abs(t) < math.inf:
            return b * t
    return _power_partial(1.0, 0.0, a, b)


def _power_log(a: float, b: float) -> float:
    if a > 0.0:
        t = _power(a, b)
        if TINY < t < math.inf:
            return t * math.log(a)
    return _power_partial(0.0, 1.0, a, b)


def _power_partial(n: float, m: float, a: float, b: float) -> float:
    """Return the derivative of a**b of order n by a and m by b, whole numbers."""
    if a != a or b != b or (a < 0.0 and (m or b % 1.0)):
        return math.nan
    if math.isinf(a) or math.isinf(b):
        return _sum_of_logs(n, m, a, b) * _power(a, b - n)
    if m:
        c, exponent = math.frexp(_sum_of_logs(n, m, a, b))
    else:
        c, exponent = 1.0, 0
        for k in range(int(n)):
            factor, e = math.frexp(b - k)
            c *= factor
            exponent += e
    if c == 0.0:
        return 0.0
    if a == 0.0:
        return math.ldexp(c, exponent) if b == n else c * _power(a, b - n)
    return _times_power(c, exponent, a, b, n)


def _sum_of_logs(n: float, m: float, a: float, b: float) -> float:
    """Return the sum over j; log(0) counts as 0, as x**y by y does at x = 0."""
    log = math.log(a) if m and a > 0.0 else 0.0
    if n == 0.0:
        return log ** int(m)
    if n == m == 1.0:
        y = 1.0 + b * log
        if not abs(y) < CANCELS:
            return y
    if not (math.isfinite(a) and math.isfinite(b)):
        return float(_taylor_sum(n, m, b, log, 1.0))
    with decimal.localcontext(DIGITS):
        exact = decimal.Decimal(a).ln() if a > 0.0 else decimal.Decimal(0)
        return float(_taylor_sum(n, m, decimal.Decimal(b), exact, decimal.Decimal(1)))


def _taylor_sum(n: float, m: float, b: Any, log: Any, one: Any) -> Any:
    """Return the sum over j, in the arithmetic that ``b``, ``log`` and ``one`` have."""
    # (b+t) * (b-1+t) * ... in powers of t: f_j is j! times a coefficient.
    series = [one] + [0 * one] * int(m)
    for k in range(int(n)):
        for j in range(int(m), 0, -1):
            series[j] = series[j] * (b - k) + series[j - 1]
        series[0] *= b - k
    total = 0 * one
    for j, coefficient in enumerate(series):
        total = total * log + math.perm(int(m), j) * coefficient
    return total


def _times_power(c: float, exponent: int, a: float, b: float, n: float) -> float:
    """Return c * 2**exponent * a**(b-n), finite numbers, with one late rounding."""
    less = b - n
    z = less - b
    rest = (b - (less - z)) - (n + z)  # what rounding took away: Knuth's TwoSum
    if a < 0.0 and b % 2.0 != n % 2.0:
        c = -c
    a = abs(a)
    parts = 1
    t = _power(a, less)
    while not TINY < t < math.inf and parts < 4:
        parts *= 2
        t = _power(a, less / parts)
    if not 0.0 < t < math.inf:
        return math.copysign(t, c)  # where c overflows as well, the power outdoes it
    mantissa, e = math.frexp(t)
    for _ in range(parts):
        c *= mantissa
        exponent += e
    try:
        return math.ldexp(c * math.exp(rest * math.log(a)), exponent)
    except OverflowError:
        return math.copysign(math.inf, c)


def _no_derivative(_y: Any, *_args: Any) -> float:
    raise TypeError(MSG_ORDER)


power = row(
    "power",
    _power,
    lambda y, a, b: power_slope(a, b),
    lambda y, a, b: power_log(a, b),
    domain=(POSITIVE, REAL),
    at_kink=at_zero,
    safe=(),
    doc="Return a**b as IEEE 754 has it: 0**-1 is infinite, (-8)**0.5 is NaN.",
    exact=lambda mp, a, b: mp.power(a, b),
)
power_slope = row(
    "power_slope",
    _power_slope,
    lambda y, a, b: power_partial(2.0, 0.0, a, b),
    lambda y, a, b: power_partial(1.0, 1.0, a, b),
    domain=(POSITIVE, REAL),
    exact=lambda mp, a, b: b * mp.power(a, b - 1),
    safe=(),
    doc="Return b * a**(b-1), accurate where a**(b-1) is out of range; 0 for b = 0.",
)
power_log = row(
    "power_log",
    _power_log,
    lambda y, a, b: power_partial(1.0, 1.0, a, b),
    lambda y, a, b: power_partial(0.0, 2.0, a, b),
    domain=(POSITIVE, REAL),
    exact=lambda mp, a, b: mp.power(a, b) * mp.log(a),
    safe=(),
    doc="Return a**b * log(a), the derivative of a**b by b; 0 for a = 0.",
)
power_partial = row(
    "power_partial",
    _power_partial,
    _no_derivative,
    _no_derivative,
    lambda y, n, m, a, b: power_partial(n + 1.0, m, a, b),
    lambda y, n, m, a, b: power_partial(n, m + 1.0, a, b),
    domain=((1.0, 1.0), (1.0, 1.0), POSITIVE, REAL),
    exact=lambda mp, n, m, a, b: (
        mp.power(a, b - n) * _taylor_sum(n, m, b, mp.log(a), mp.mpf(1))
    ),
    elementary=False,
    safe=(),
    doc="Return the derivative of a**b, n times by a and m times by b.",
)
pow = row(
    "pow",
    _pow,
    *power.partials,
    symbol="**",
    precedence=4,
    domain=(POSITIVE, REAL),
    at_kink=at_zero,
    kinks={
        (0.0, 2.0): (0.0, 0.0),
        (0.0, 1.0): (1.0, 0.0),
        (0.0, 0.5): (math.inf, 0.0),
        (0.0, 0.0): (0.0, 0.0),
    },
    exact=lambda mp, a, b: mp.power(a, b),
)
