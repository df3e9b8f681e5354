"""Definitions of conditions, remainders, fma, scale and other arithmetic."""

from __future__ import annotations

import math

from autograd.compiler.passes.definitions.tools import (
    Definition,
    Number,
    in_pairs,
    is_finite,
    two_product,
    two_sum,
)
from autograd.primitives import arithmetic
from autograd.primitives.arithmetic import (
    TINY,
    copysign,
    equal,
    fmod,
    greater,
    maximum,
    minimum,
    quotient,
    rint,
    scale,
    select,
    step,
    trunc,
)
from autograd.primitives.elementary import exp2


def _scale(*xs: Number) -> Number:
    # Rump's unit in the first place takes four operations of floats, which must neither
    # overflow nor underflow: so the largest is brought into the middle before.
    x = in_pairs(maximum, [abs(x) for x in xs])
    k = select(
        greater(x, 2.0**500), 2.0**-600, select(greater(2.0**-500, x), 2.0**600, 1.0)
    )
    q = (2.0**52 + 1.0) * (x * k)
    unit = abs(q - (1.0 - 2.0**-53) * q)
    s = minimum(quotient(0.5, unit) * k, 2.0**1023)
    return select(greater(x, 0.0) * is_finite(x), s, 1.0)


def _over_square(a: Number, b: Number) -> Number:
    # Where a / b is tiny, it is computed of a larger a; divisions are what takes time.
    small = greater(minimum(TINY * abs(b), 1e20), abs(a)) * (1.0 - equal(a, 0.0))
    a = a * select(small, 2.0**600, 1.0)
    return quotient(quotient(a, b), b) * select(small, 2.0**-600, 1.0)


def _fma(a: Number, b: Number, c: Number) -> Number:
    s, t = scale(a), scale(b)
    product, error = two_product(a * s, b * t)
    small, large = minimum(s, t), maximum(s, t)
    y, rest = two_sum(product, c * large * small)
    y = quotient(quotient(y + (rest + error), small), large)
    # As it stands where anything is out of range, or exactly 0.
    usual = is_finite(y) * greater(abs(y), 0.0) * greater(abs(product), 0.0)
    return select(usual, y, a * b + c)


def _floordiv(a: Number, b: Number) -> Number:
    # Python's: the remainder is exact, so the quotient is within rounding of whole.
    r = fmod(a, b)
    other_sign = (1.0 - equal(r, 0.0)) * (1.0 - equal(greater(0.0, r), greater(0.0, b)))
    y = quotient(a - r, b) - other_sign
    down = arithmetic.floor(y)
    down = down + greater(y - down, 0.5)
    return select(y, down, copysign(0.0, a) * copysign(1.0, b))


def _mod(a: Number, b: Number) -> Number:
    r = fmod(a, b)
    other_sign = 1.0 - equal(greater(0.0, r), greater(0.0, b))
    return select(r, select(other_sign, r + b, r), copysign(0.0, b))


def _remainder(a: Number, b: Number) -> Number:
    # As CPython has it; the last case is a tie, decided by whether the quotient is odd.
    x, b = abs(a), abs(b)
    r = fmod(x, b)
    up = b - r
    tie = r - 2.0 * fmod(0.5 * (x - r), b)
    y = select(greater(up, r), r, select(greater(r, up), -up, tie))
    return copysign(1.0, a) * select(equal(r - r, 0.0), y, r)


def _ldexp(x: Number, i: Number) -> Number:
    # Only the last factor may round, so the steps down leave 53 bits of the exponent.
    i = select(is_finite(i), trunc(i), math.nan)
    for _ in range(2):
        up, down = greater(i, 1023.0), greater(-1022.0, i)
        x = x * select(up, 2.0**1023, select(down, 2.0**-969, 1.0))
        i = i - select(up, 1023.0, select(down, -969.0, 0.0))
    return x * exp2(minimum(maximum(i, -1022.0), 1023.0))


def _clip(x: Number, low: Number, high: Number) -> Number:
    y = minimum(maximum(x, low), high)
    return select(greater(low, high), math.nan, y)


DEFINITIONS: dict[str, Definition] = {
    "step": lambda x: greater(x, 0.0),
    "sign": lambda x: greater(x, 0.0) - greater(0.0, x),
    "heaviside": lambda x, at_zero: select(
        equal(x, 0.0), at_zero, select(equal(x, x), step(x), x)
    ),
    "div": quotient,
    "floordiv": _floordiv,
    "mod": _mod,
    "over_square": _over_square,
    "strong_mul": lambda a, b: select(a, a * b, 0.0 * a),
    "square": lambda x: x * x,
    "whole": rint,
    "clip": _clip,
    "remainder": _remainder,
    "fma": _fma,
    "ldexp": _ldexp,
    "degrees": lambda x: x * (180.0 / math.pi),
    "radians": lambda x: x * (math.pi / 180.0),
    "scale": _scale,
}
