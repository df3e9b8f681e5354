"""Rows of arithmetic: conditions, operators, rounding, the larger and the smaller."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

from autograd.primitives.row import (
    EVERY,
    POSITIVE,
    REAL,
    at_a_half,
    at_a_multiple,
    at_an_integer,
    at_zero,
    row,
    row_of_any_number,
    zeros,
)

# What `autograd.math` takes from here.
__all__ = [
    "clip",
    "copysign",
    "fabs",
    "fma",
    "fmod",
    "heaviside",
    "maximum",
    "minimum",
    "nextafter",
    "reciprocal",
    "remainder",
    "sign",
    "square",
    "ulp",
]

# Where the audit measures a sawtooth: elsewhere its teeth are too close together.
SAWTOOTH = ((-1e30, 1e30), (1e-3, math.inf))
# Below, a quotient has lost bits or soon will.
TINY = 1e-290


def _quotient(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0.0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _over_square(a: float, b: float) -> float:
    y = _quotient(a, b)
    if a == 0.0 or math.isinf(b) or not abs(y) < TINY:
        return _quotient(y, b)
    # a/b has lost bits to underflow, which the second division may bring to light.
    return math.ldexp(_quotient(_quotient(math.ldexp(a, 600), b), b), -600)


def _scale(*xs: float) -> float:
    largest = max(map(abs, xs))
    if not 0.0 < largest < math.inf:
        return 1.0
    return math.ldexp(1.0, min(-math.frexp(largest)[1], 1023))


def _round_to(a: float, digits: float) -> float:
    return round(a, int(digits))


def _maximum(a: float, b: float) -> float:
    return a if a >= b or a != a else b


def _minimum(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _clip(x: float, low: float, high: float) -> float:
    if low > high:
        message = f"the lower bound {low!r} is above the upper bound {high!r}"
        raise ValueError(message)
    return _minimum(_maximum(x, low), high)


def _fma(a: float, b: float, c: float) -> float:
    if math.isinf(c) and math.isfinite(a) and math.isfinite(b):
        return c
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        y = a * b + c
        if y != y and a == a and b == b and c == c:
            raise ValueError("invalid operation in fma")
        return y
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    return float(exact) if exact else a * b + c


# --- Conditions: 1.0 where true, 0.0 elsewhere; no derivative passes through them ---

greater = row(
    "greater",
    lambda a, b: float(a > b),
    zeros,
    zeros,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: mp.mpf(a > b),
    safe=(),
)
equal = row(
    "equal",
    lambda a, b: float(a == b),
    zeros,
    zeros,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: mp.mpf(a == b),
    safe=(),
)
step = row(
    "step",
    lambda x: float(x > 0.0),
    zeros,
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.mpf(x > 0),
    at_kink=at_zero,
    safe=(),
)
sign = row(
    "sign",
    lambda x: float(x > 0.0) - float(x < 0.0),
    zeros,
    at_kink=at_zero,
    kinks={(0.0,): (0.0,)},
    exact=lambda mp, x: mp.sign(x),
    safe=(),
    doc="Return 1 for a positive x, -1 for a negative one, 0 at 0.",
)
heaviside = row(
    "heaviside",
    lambda x, at_zero: at_zero if x == 0.0 else x if math.isnan(x) else float(x > 0.0),
    zeros,
    lambda y, x, at_zero: equal(x, 0.0),
    domain=(REAL, (0.0, 1.0)),
    exact=lambda mp, x, h: h if x == 0 else mp.mpf(x > 0),
    at_kink=at_zero,
    kinks={(0.0, 0.5): (0.0, 1.0)},
    safe=(),
    doc="Return 0 for a negative x, 1 for a positive one, the second argument at 0.",
)
select = row(
    "where",
    lambda c, a, b: a if c else b,
    zeros,
    lambda y, c, a, b: 1.0 - equal(c, 0.0),
    lambda y, c, a, b: equal(c, 0.0),
    domain=((0.0, 1.0), REAL, REAL),
    safe=(),
    doc="Return a where the condition holds, b elsewhere.",
    selects=True,
    exact=lambda mp, c, a, b: a if c else b,
)

scale = row_of_any_number(
    "scale",
    _scale,
    lambda y, *xs: [0.0] * len(xs),
    safe=(),
    doc="Return the power of 2 that brings the largest of the xs near 1.",
    exact=lambda mp, *xs: mp.mpf(_scale(*map(float, xs))),
)

# --- Arithmetic ---------------------------------------------------------------------

add = row(
    "add",
    operator.add,
    lambda y, a, b: 1.0,
    lambda y, a, b: 1.0,
    symbol="+",
    precedence=1,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: a + b,
    spreads=EVERY,
    safe=(),
)
sub = row(
    "sub",
    operator.sub,
    lambda y, a, b: 1.0,
    lambda y, a, b: -1.0,
    symbol="-",
    precedence=1,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: a - b,
    spreads=EVERY,
    safe=(),
)
mul = row(
    "mul",
    operator.mul,
    lambda y, a, b: b,
    lambda y, a, b: a,
    symbol="*",
    precedence=2,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: a * b,
    spreads=EVERY,
    safe=(),
)
div = row(
    "div",
    operator.truediv,
    lambda y, a, b: 1.0 / b,
    lambda y, a, b: -over_square(a, b),
    symbol="/",
    precedence=2,
    domain=(REAL, POSITIVE),
    exact=lambda mp, a, b: a / b,
    spreads=(0,),
    safe=((1, "!=", 0.0),),
)
floordiv = row(
    "floordiv",
    operator.floordiv,
    zeros,
    zeros,
    symbol="//",
    precedence=2,
    domain=(REAL, POSITIVE),
    extent=SAWTOOTH,
    exact=lambda mp, a, b: mp.floor(a / b),
    at_kink=at_a_multiple,
    safe=((1, "!=", 0.0),),
)
mod = row(
    "mod",
    operator.mod,
    lambda y, a, b: 1.0,
    lambda y, a, b: -(a // b),
    symbol="%",
    precedence=2,
    domain=(REAL, POSITIVE),
    extent=SAWTOOTH,
    at_kink=at_a_multiple,
    kinks={(6.0, 3.0): (1.0, -2.0), (-5.0, 3.0): (1.0, 2.0)},
    exact=lambda mp, a, b: a - b * mp.floor(a / b),
    safe=((1, "!=", 0.0),),
)
quotient = row(
    "quotient",
    _quotient,
    lambda y, a, b: quotient(1.0, b),
    lambda y, a, b: -over_square(a, b),
    domain=(REAL, POSITIVE),
    spreads=(0,),
    safe=(),
    doc="Return a / b as IEEE 754 has it: 1/0 is infinite, 0/0 is NaN.",
    exact=lambda mp, a, b: a / b,
)
over_square = row(
    "over_square",
    _over_square,
    lambda y, a, b: over_square(1.0, b),
    lambda y, a, b: -2.0 * quotient(y, b),
    domain=(REAL, POSITIVE),
    exact=lambda mp, a, b: a / b**2,
    spreads=(0,),
    safe=(),
    doc="Return a / b**2, accurate where a / b underflows.",
)
strong_mul = row(
    "strong_mul",
    lambda a, b: a * b if a else 0.0 * a,
    lambda y, a, b: b,
    lambda y, a, b: a,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: a * b,
    safe=(),
    doc="Return a * b, 0 where a is 0 though b be infinite: an adjoint of 0 is strong.",
)
neg = row(
    "neg",
    operator.neg,
    lambda y, x: -1.0,
    symbol="-",
    precedence=3,
    exact=lambda mp, x: -x,
    spreads=EVERY,
    safe=(),
)
square = row(
    "square",
    lambda x: x * x,
    lambda y, x: 2.0 * x,
    exact=lambda mp, x: x * x,
    spreads=EVERY,
    safe=(),
    doc="Return x * x.",
)
reciprocal = row(
    "reciprocal",
    lambda x: 1.0 / x,
    lambda y, x: -over_square(1.0, x),
    domain=(POSITIVE,),
    composed=True,
    exact=lambda mp, x: 1 / x,
    doc="Return 1 / x.",
    safe=((0, "!=", 0.0),),
)
absolute = row(
    "abs",
    abs,
    lambda y, x: sign(x),
    at_kink=at_zero,
    kinks={(0.0,): (0.0,)},
    spreads=EVERY,
    safe=(),
    doc="Return the absolute value of x.",
    methods=("abs", "fabs"),
    exact=lambda mp, x: abs(x),
)
fabs = absolute
round_to = row(
    "round",
    _round_to,
    zeros,
    zeros,
    domain=(REAL, (1.0, 1.0)),
    at_kink=at_a_half,
    kinks={(0.25, 1.0): (0.0, 0.0)},
    doc="Return x rounded to a number of decimals, halves to even.",
    exact=lambda mp, x, n: mp.nint(x * 10**n) / 10**n,
)
rint = row(
    "rint",
    lambda x: float(round(x)),
    zeros,
    at_kink=at_a_half,
    kinks={(0.5,): (0.0,)},
    doc="Return x rounded to an integer, halves to even, as a float.",
    exact=lambda mp, x: mp.nint(x),
    safe=((0, "finite", 0.0),),
)
whole = row(
    "whole",
    lambda x: float(round(x)) if math.isfinite(x) else x,
    zeros,
    methods=(),  # it is there for the partials of others
    exact=lambda mp, x: mp.nint(x),
    at_kink=at_a_half,
    kinks={(0.5,): (0.0,)},
    safe=(),
    doc="Return x rounded to an integer; unlike `rint` it takes what is not finite.",
)
floor = row(
    "floor",
    lambda x: float(math.floor(x)),
    zeros,
    kinks={(1.0,): (0.0,)},
    at_kink=at_an_integer,
    safe=((0, "finite", 0.0),),
)
ceil = row(
    "ceil",
    lambda x: float(math.ceil(x)),
    zeros,
    kinks={(1.0,): (0.0,)},
    at_kink=at_an_integer,
    safe=((0, "finite", 0.0),),
)
trunc = row(
    "trunc",
    lambda x: float(math.trunc(x)),
    zeros,
    at_kink=at_an_integer,
    kinks={(0.0,): (0.0,)},
    exact=lambda mp, x: mp.sign(x) * mp.floor(abs(x)),
    safe=((0, "finite", 0.0),),
)

# --- Two arguments and more ---------------------------------------------------------

maximum = row(
    "maximum",
    _maximum,
    lambda y, a, b: greater(a, b) + 0.5 * equal(a, b),
    lambda y, a, b: greater(b, a) + 0.5 * equal(a, b),
    domain=(REAL, REAL),
    at_kink=operator.eq,
    kinks={(1.0, 1.0): (0.5, 0.5)},
    safe=(),
    doc="Return the larger of a and b; NaN if either is.",
    selects=True,
    exact=lambda mp, a, b: max(a, b),
)
minimum = row(
    "minimum",
    _minimum,
    lambda y, a, b: greater(b, a) + 0.5 * equal(a, b),
    lambda y, a, b: greater(a, b) + 0.5 * equal(a, b),
    domain=(REAL, REAL),
    at_kink=operator.eq,
    kinks={(1.0, 1.0): (0.5, 0.5)},
    safe=(),
    doc="Return the smaller of a and b; NaN if either is.",
    selects=True,
    exact=lambda mp, a, b: min(a, b),
)
clip = row(
    "clip",
    _clip,
    lambda y, x, low, high: (
        (greater(x, low) + 0.5 * equal(x, low))
        * (greater(high, x) + 0.5 * equal(high, x))
    ),
    lambda y, x, low, high: greater(low, x) + 0.5 * equal(x, low),
    lambda y, x, low, high: greater(x, high) + 0.5 * equal(x, high),
    methods=("clip",),
    domain=(REAL, (-1.0, -0.5), (0.5, 1.0)),
    at_kink=lambda x, low, high: x in (low, high),
    kinks={(1.0, -1.0, 1.0): (0.5, 0.0, 0.5), (-1.0, -1.0, 1.0): (0.5, 0.5, 0.0)},
    doc="Return x, but at least low and at most high.",
    selects=True,
    exact=lambda mp, x, low, high: min(max(x, low), high),
)
copysign = row(
    "copysign",
    math.copysign,
    lambda y, a, b: copysign(1.0, a) * copysign(1.0, b),
    zeros,
    domain=(POSITIVE, REAL),
    exact=lambda mp, a, b: abs(a) if b >= 0 else -abs(a),
    safe=(),
)
fmod = row(
    "fmod",
    math.fmod,
    lambda y, a, b: 1.0,
    lambda y, a, b: whole(quotient(y, b) - quotient(a, b)),
    domain=(REAL, POSITIVE),
    extent=SAWTOOTH,
    methods=("fmod",),
    exact=lambda mp, a, b: a - b * mp.sign(a / b) * mp.floor(abs(a / b)),
    at_kink=at_a_multiple,
    safe=((0, "finite", 0.0), (1, "!=", 0.0)),
)
remainder = row(
    "remainder",
    math.remainder,
    lambda y, a, b: 1.0,
    lambda y, a, b: whole(quotient(y, b) - quotient(a, b)),
    domain=(REAL, POSITIVE),
    extent=SAWTOOTH,
    exact=lambda mp, a, b: a - b * mp.nint(a / b),
    at_kink=lambda a, b: math.fmod(a / b, 1.0) in {-0.5, 0.5},
    safe=((0, "finite", 0.0), (1, "!=", 0.0)),
)
nextafter = row(
    "nextafter",
    math.nextafter,
    lambda y, a, b: 1.0,
    zeros,
    domain=(REAL, REAL),
    exact=lambda mp, a, b: a,
    safe=(),
)
ulp = row(
    "ulp",
    math.ulp,
    zeros,
    exact=lambda mp, x: mp.mpf(math.ulp(x)),
    safe=(),
)
fma = row(
    "fma",
    getattr(math, "fma", _fma),
    lambda y, a, b, c: b,
    lambda y, a, b, c: a,
    lambda y, a, b, c: 1.0,
    domain=(REAL, REAL, REAL),
    doc="Return a*b + c, rounded once.",
    exact=lambda mp, a, b, c: a * b + c,
)
