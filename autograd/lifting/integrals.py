"""integrals: `scipy.integrate.quad` of Values, differentiated by its own rule.

SciPy integrates on floats, and says into which intervals it has cut the range. On these
the integral is written again as a sum of 20 Gauss points each, whose derivatives by
whatever the integrand uses, and by the limits, are those of the integral, to every
order. An infinite range is brought to (0, 1] as QUADPACK does. Where the sum is not
what SciPy found (a singularity, which it extrapolates) there is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.lifting.errors import LiftError, has_values, place_of
from autograd.lifting.silent import on_floats
from autograd.lifting.stand_ins import plain, stand_in

MSG_SINGULAR = (
    "{0}: the integral is {1!r}, but {2!r} by the points that would be differentiated. "
    "The integrand is singular: substitute the variable so that it is not"
)


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
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss(20)
    n = information["last"]
    starts, ends = information["alist"][:n].tolist(), information["blist"][:n].tolist()
    infinite = math.isinf(low) or math.isinf(high)
    to = on_a_unit(a, b)
    total: Any = 0.0
    for start, end in sorted(zip(starts, ends, strict=True)):
        first, last = start, end
        if not infinite:
            first, last = (start - low) / (high - low), (end - low) / (high - low)
        half, middle = (last - first) / 2.0, (last + first) / 2.0
        for point, weight in zip(points.tolist(), weights.tolist(), strict=True):
            x, speed = to(middle + half * point)
            total = total + weight * half * speed * g(x)
    return total
