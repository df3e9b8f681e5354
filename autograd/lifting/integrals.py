"""integrals: `scipy.integrate.quad` of Values, differentiated by its own rule.

SciPy integrates on floats, and says into which intervals it has cut the range. On these
the integral is written again as a sum of 21 Gauss points each, whose derivatives by
whatever the integrand uses, and by the limits, are those of the integral, to every
order. An infinite range is brought to (0, 1] as QUADPACK does. Where the sum is not
what SciPy found (a singularity, which it extrapolates) there is an error.

A recording has the same intervals for other numbers, for which SciPy would take others.
So there the range is halved until the integrand is about a polynomial in each interval,
that is until its parts of the highest degrees that the points tell are small. Whether
they are is a guard, and numbers for which it fails are recorded with intervals of their
own.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from autograd import math as am
from autograd.context import tape_in_use
from autograd.lifting.errors import LiftError, has_values, place_of
from autograd.lifting.silent import on_floats
from autograd.lifting.stand_ins import plain, stand_in

MSG_SINGULAR = (
    "{0}: the integral is {1!r}, but {2!r} by the points that would be differentiated. "
    "The integrand is singular: substitute the variable so that it is not"
)
MSG_ROUGH = (
    "an integral has an integrand that is rough (a kink or a peak), and into which "
    "intervals its range is to be cut depends on the numbers"
)

POINTS = 21  # an odd number: a peak is most often in the middle
REST = 1e-7  # of the integral: how large the parts of highest degree may be
MOST = 100  # intervals that are looked at


def enter(module: Any) -> None:
    """Enter the rows of ``scipy.integrate``."""
    original = module.quad

    def quad(f: Any, a: Any, b: Any, args: Any = (), **options: Any) -> Any:
        from autograd.lifting.calls import call

        args = args if isinstance(args, tuple) else (args,)

        def g(x: Any) -> Any:
            return call(f, x, *args)

        low, high = float(plain(a)), float(plain(b))
        options.pop("full_output", None)
        found = original(on_floats(g), low, high, full_output=1, **options)
        y, error, information = found[:3]
        middle = on_a_unit(low, high)(0.5)[0]
        if not (has_values([a, b]) or has_values(g(middle))):
            return y, error
        total = _again(g, a, b, low, high, information)
        if not abs(plain(total) - y) <= 10.0 * error + 1e-9 * abs(y):
            raise LiftError(MSG_SINGULAR.format(place_of(2), y, plain(total)))
        return total, error

    stand_in(original, quad, always=True)


def on_a_unit(a: Any, b: Any) -> Callable[[Any], tuple[Any, Any]]:
    """Return how a number of (0, 1) is taken to the range: to where, and how fast."""
    if plain(b) == math.inf:
        return lambda t: (a + (1.0 - t) / t, 1.0 / (t * t))
    if plain(a) == -math.inf:
        return lambda t: (b - (1.0 - t) / t, 1.0 / (t * t))
    return lambda t: (a + (b - a) * t, b - a)


def _again(g: Any, a: Any, b: Any, low: float, high: float, information: Any) -> Any:
    """Return the integral as a sum over Gauss points."""
    if low == -math.inf and high == math.inf:
        return _again(lambda x: g(x) + g(-x), 0.0, high, 0.0, high, information)
    if tape_in_use() is not None:
        return _cut(g, a, b)
    n = information["last"]
    starts, stops = information["alist"][:n].tolist(), information["blist"][:n].tolist()
    infinite = math.isinf(low) or math.isinf(high)
    total: Any = 0.0
    for start, end in sorted(zip(starts, stops, strict=True)):
        first, last = start, end
        if not infinite:
            ends = (start - low) / (high - low), (end - low) / (high - low)
            first, last = sorted(ends)  # SciPy turns a range round
        total = total + _Part(g, a, b, first, last).total
    return total


def _cut(g: Any, a: Any, b: Any) -> Any:
    """Return the integral over parts that are fine enough, each of which is a guard.

    Raises:
        EagerlyError: if there are too many.

    """
    total: Any = 0.0
    part = _Part(g, a, b, 0.0, 1.0)
    size, todo = part.size, [part]
    for _ in range(MOST):
        part = todo.pop()
        if part.rest <= REST * size < math.inf:
            total = total + part.total
            if not todo:
                return total
        else:
            todo += [_Part(g, a, b, *ends) for ends in part.halves()]
    raise tape_in_use().eagerly(MSG_ROUGH)


class _Part:
    """An integral over a part of (0, 1], of what is taken to the range.

    Attributes:
        total: the integral.
        size: that of the absolute value.
        rest: how large the parts of the highest degrees are, which the points tell.

    """

    def __init__(self, g: Any, a: Any, b: Any, start: float, end: float) -> None:
        points, weights, highest = rule()
        self.start, self.end = start, end
        half, middle = (end - start) / 2.0, (end + start) / 2.0
        places = map(on_a_unit(a, b), [middle + half * point for point in points])
        numbers = [speed * g(x) for x, speed in places]
        self.total: Any = 0.0
        for weight, y in zip(weights, numbers, strict=True):
            self.total = self.total + weight * half * y
        if tape_in_use() is not None:
            self.size: Any = half * am.sumprod(weights, [abs(y) for y in numbers])
            rests = (abs(am.sumprod(row, numbers)) for row in highest)
            self.rest: Any = half * sum(rests, 0.0)

    def halves(self) -> list[tuple[float, float]]:
        """Return the ends of both halves, the last one first."""
        middle = (self.start + self.end) / 2.0
        return [(middle, self.end), (self.start, middle)]


@functools.cache
def rule() -> tuple[list[float], list[float], list[list[float]]]:
    """Return Gauss points and weights, and those of the parts of highest degrees."""
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss(POINTS)
    degrees = range(POINTS - 2, POINTS)
    table = np.polynomial.legendre.legvander(points, POINTS - 1)
    highest = [(n + 0.5) * weights * table[:, n] for n in degrees]
    return points.tolist(), weights.tolist(), [row.tolist() for row in highest]
