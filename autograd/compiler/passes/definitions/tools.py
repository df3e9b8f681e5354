"""What definitions share: what rounding takes away, and sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.primitives import TABLE
from autograd.primitives.arithmetic import equal, select
from autograd.primitives.elementary import SPLITTER

Number = Any
Definition = Callable[..., Number]


def is_finite(x: Number) -> Number:
    """Return 1.0 for a finite number, else 0.0."""
    return equal(x - x, 0.0)


def is_infinite(x: Number) -> Number:
    """Return 1.0 for an infinite number, else 0.0."""
    return equal(abs(x), math.inf)


def in_pairs(combine: Definition, xs: Sequence[Number]) -> Number:
    """Combine neighbours until one is left: errors grow with the number's logarithm."""
    while len(xs) > 1:
        pairs = [combine(xs[i], xs[i + 1]) for i in range(0, len(xs) - 1, 2)]
        xs = [*pairs, *xs[len(xs) & ~1 :]]
    return xs[0]


def total(xs: Sequence[Number]) -> Number:
    """Return the sum."""
    return in_pairs(TABLE["add"], xs) if xs else 0.0


def two_sum(a: Number, b: Number) -> tuple[Number, Number]:
    """Return a + b rounded, and what rounding took away (Knuth)."""
    y = a + b
    z = y - a
    return y, (a - (y - z)) + (b - z)


def two_difference(a: Number, b: Number) -> tuple[Number, Number]:
    """Return a - b rounded, and what rounding took away."""
    y = a - b
    z = y - a
    return y, (a - (y - z)) - (b + z)


def two_product(a: Number, b: Number) -> tuple[Number, Number]:
    """Return a * b rounded, and what rounding took away (Dekker, Veltkamp)."""
    t = SPLITTER * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = SPLITTER * b
    b_high = t - (t - b)
    b_low = b - b_high
    y = a * b
    return y, a_low * b_low - (
        ((y - a_high * b_high) - a_low * b_high) - a_high * b_low
    )


def corrected(y: Number, slope: Number, rest: Number) -> Number:
    """Return y at a point moved by the rest; that is NaN beside what is infinite."""
    return select(is_finite(rest), y + slope * rest, y)


def polynomial(coefficients: Sequence[float], x: Number) -> Number:
    """Return the polynomial with these coefficients, the constant one first."""
    y = 0.0
    for c in reversed(coefficients):
        y = y * x + c
    return y
