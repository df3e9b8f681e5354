"""Definitions around the normal distribution; derivatives by the roots of He_n."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

from autograd.compiler.passes.definitions.tools import (
    Definition,
    Number,
    is_finite,
    two_product,
)
from autograd.primitives.arithmetic import (
    equal,
    fma,
    greater,
    minimum,
    quotient,
    rint,
    select,
)
from autograd.primitives.elementary import exp
from autograd.primitives.normal import (
    HALF_SQRT_PI,
    ONE_OVER_SQRT_TWO_PI,
    SQRT_HALF,
    SQRT_HALF_REST,
    TWO_OVER_SQRT_PI,
    erfc,
    erfcinv,
    erfinv,
    exp_square,
    ndtr,
    ndtri,
    normal_density,
)


def _head(x: Number) -> Number:
    """Return x rounded to so few bits that its square is exact."""
    return rint(2.0**20 * x) * 2.0**-20


def _exp_minus_square(x: Number) -> Number:
    h = _head(x)
    y = exp(-(h * h)) * exp((h - x) * (h + x))
    return select(greater(abs(x), 40.0), 0.0, y)


def _exp_square(x: Number) -> Number:
    h = _head(x)
    near = exp(h * h) * exp((x - h) * (x + h))
    return select(greater(30.0, abs(x)), near, exp(x * x))


def _normal_density(x: Number) -> Number:
    h = _head(x)
    y = ONE_OVER_SQRT_TWO_PI * exp(-0.5 * (h * h)) * exp(0.5 * ((h - x) * (h + x)))
    return select(greater(abs(x), 40.0), 0.0, y)


def _ndtr(x: Number) -> Number:
    z, error = two_product(-x, SQRT_HALF)
    y = erfc(z)
    rest = error - x * SQRT_HALF_REST
    # Some 1e-16 of y: the square need not be exact.
    near = y - rest * TWO_OVER_SQRT_PI * exp(-(z * z))
    return 0.5 * select(greater(abs(x), 40.0), y, near)


@cache
def hermite_roots(n: int) -> tuple[Fraction, ...]:
    """Return the squares of the positive roots of He_n, to 100 bits and more."""
    if n < 2:
        return ()
    lower, upper = [Fraction(1)], [Fraction(0), Fraction(1)]  # He_0 and He_1, by powers
    for k in range(1, n):
        following = [Fraction(0), *upper]
        for i, coefficient in enumerate(lower):
            following[i] -= k * coefficient
        lower, upper = upper, following

    def sign(u: Fraction) -> int:
        y = Fraction(0)
        for coefficient in reversed(upper[n % 2 :: 2]):
            y = y * u + coefficient
        return (y > 0) - (y < 0)

    # Between two roots of He_(n-1) there is one of He_n.
    ends = [*([] if n % 2 else [Fraction(0)]), *hermite_roots(n - 1)]
    roots = []
    for start, end in zip(ends, [*ends[1:], Fraction(4 * n)], strict=True):
        root, width, below = start, end - start, sign(start)
        for _ in range(120):
            width /= 2
            if sign(root + width) == below:
                root += width
        roots.append(Fraction(round(root * 2**110), 2**110))
    return tuple(roots)


def _hermite(n: int, x: Number, roots: float) -> Number:
    """Return the product of x minus each root of He_n, the roots' squares scaled."""
    y = x if n % 2 else 1.0
    for exact in hermite_roots(n):
        root = exact * Fraction(roots)
        factor = fma(x, x, -float(root))
        rest = float(root - Fraction(float(root)))
        y = y * (factor - rest if rest else factor)
    return y


def _exp_minus_square_partial(n: Number, x: Number) -> Number:
    order, h = int(n), _head(x)
    root = exp(-0.5 * (h * h))
    c = (-2.0) ** order * _hermite(order, x, 0.5)
    y = c * root * exp((h - x) * (h + x)) * root
    return select(greater(abs(x), 40.0), 0.0, y)


def _normal_density_partial(n: Number, x: Number) -> Number:
    order, h = int(n), _head(x)
    root = exp(-0.25 * (h * h))
    c = (-1.0) ** order * _hermite(order, x, 1.0)
    rest = ONE_OVER_SQRT_TWO_PI * exp(0.5 * ((h - x) * (h + x)))
    return select(greater(abs(x), 40.0), 0.0, c * root * rest * root)


def _inverse_slope(y: Number, tail: Number) -> Number:
    t = HALF_SQRT_PI * exp_square(y)
    y = abs(y)
    return select(is_finite(t), t * (1.0 + 2.0 * y * (t * (erfc(y) - tail))), t)


def _ndtri_slope(x: Number) -> Number:
    y = abs(ndtri(x))
    density = normal_density(y)
    off = quotient(ndtr(-y) - minimum(x, 1.0 - x), density)
    return select(equal(density, 0.0), math.inf, quotient(1.0 + y * off, density))


DEFINITIONS: dict[str, Definition] = {
    "exp_minus_square": _exp_minus_square,
    "exp_minus_square_partial": _exp_minus_square_partial,
    "exp_square": _exp_square,
    "erfinv_slope": lambda x: _inverse_slope(erfinv(x), 1.0 - abs(x)),
    "erfcinv_slope": lambda x: -_inverse_slope(erfcinv(x), minimum(x, 2.0 - x)),
    "normal_density": _normal_density,
    "normal_density_partial": _normal_density_partial,
    "ndtr": _ndtr,
    "ndtri_slope": _ndtri_slope,
}
