"""tables: functions given by points, straight between them or smooth and monotone.

Where an argument lies in a table is a comparison for each piece, and each piece would
be a recording of its own. So a table is one primitive of its argument, and of its
ordinates if these are Values. Its value, and that of each of its derivatives, is
computed by ordinary code with branches on floats (`opaque`).

Letters: ``h`` are the steps of the abscissae, ``s`` the slopes of the chords, ``d`` the
derivatives at the points.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from autograd.lifting.silent import silence
from autograd.primitives import Primitive
from autograd.transforms import grad
from autograd.value import Value

KINDS = ("linear", "pchip")

MSG_KIND = 'a table is "linear" or "pchip", not {0!r}'
MSG_POINTS = (
    "a table has at least two points, as many ordinates as abscissae, and its "
    "abscissae are floats that increase: not {0!r} and {1!r}"
)
MSG_OUTSIDE = (
    "{0!r} is outside of the table, which goes from {1!r} to {2!r}: "
    'write interpolate(xs, ys, outside="constant") where it is to go on as it ends'
)


def opaque(f: Callable[..., Any], name: str) -> Primitive:
    """Return a function with branches as one primitive, differentiable to every order.

    Args:
        f: takes floats or Values, and returns a number; of its arguments alone.
        name: what drawings and messages call it.

    """
    further: list[Primitive] = []

    def value(*xs: float) -> float:
        with silence():  # a piece that was chosen for these floats is nobody's
            return float(f(*xs))

    def partials(_y: Any, *args: Any) -> list[Any]:
        if all(type(x) is float for x in args):
            with silence():
                return list(grad(f, tuple(range(len(args))))(*args))
        if not further:
            count = range(len(args))
            further.extend([opaque(grad(f, k), f"{name}_{k}") for k in count])
        return [derivative(*args) for derivative in further]

    return Primitive(name, value, partials, elementary=False)


def interpolate(
    xs: Sequence[float],
    ys: Sequence[Any],
    kind: str = "linear",
    outside: str = "raise",
) -> Callable[[Any], Any]:
    """Return the function that goes through points.

    Args:
        xs: the abscissae, floats that increase.
        ys: the ordinates, floats or Values: then it is differentiable by them as well.
        kind: "linear", straight between the points; or "pchip", piecewise cubic with a
            continuous derivative, and monotone where the points are (F. N. Fritsch and
            J. Butland, 1984; the ends as in SciPy).
        outside: "raise" beyond the first and last point, or "constant".

    Raises:
        ValueError: for points that make no table; when called, beyond the last point.

    >>> from autograd import grad
    >>> f = interpolate([0.0, 1.0, 3.0], [0.0, 2.0, 2.0])
    >>> f(0.25), grad(f)(0.25), f(3)
    (0.5, 2.0, 2.0)
    >>> grad(lambda y: interpolate([0.0, 2.0], [1.0, y])(0.5))(7.0)
    0.25
    >>> smooth = interpolate([0.0, 1.0, 3.0], [0.0, 2.0, 2.0], kind="pchip")
    >>> smooth(1.0), grad(smooth)(1.0), grad(grad(smooth))(0.5)
    (2.0, 0.0, ...)

    """
    if kind not in KINDS:
        raise ValueError(MSG_KIND.format(kind))
    floats, ordinates = [float(x) for x in xs], list(ys)
    few = len(floats) < 2 or len(floats) != len(ordinates)
    if few or any(a >= b for a, b in pairwise(floats)):
        raise ValueError(MSG_POINTS.format(list(xs), ordinates))
    piece = _straight if kind == "linear" else _cubic

    def at(x: Any, *points: Any) -> Any:
        if not floats[0] <= x <= floats[-1]:
            if outside != "constant":
                raise ValueError(MSG_OUTSIDE.format(x, floats[0], floats[-1]))
            return 0.0 * x + points[0 if x < floats[0] else -1]
        i = min(bisect_right(floats, x), len(floats) - 1) - 1
        return piece(x, i, floats, points)

    if any(type(y) is Value for y in ordinates):
        table = opaque(at, kind)
        return lambda x: table(_float(x), *[_float(y) for y in ordinates])
    fixed = [float(y) for y in ordinates]
    return opaque(lambda x: at(x, *fixed), kind)


def _float(x: Any) -> Any:
    return x if type(x) is Value else float(x)


def _straight(x: Any, i: int, xs: Sequence[float], ys: Sequence[Any]) -> Any:
    return ys[i] + (x - xs[i]) * ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))


def _cubic(x: Any, i: int, xs: Sequence[float], ys: Sequence[Any]) -> Any:
    h = xs[i + 1] - xs[i]
    s = (ys[i + 1] - ys[i]) / h
    d0, d1 = _slope(i, xs, ys), _slope(i + 1, xs, ys)
    t = x - xs[i]
    return ys[i] + t * (
        d0 + t * ((3.0 * s - 2.0 * d0 - d1) / h + t * (d0 - 2.0 * s + d1) / (h * h))
    )


def _slope(i: int, xs: Sequence[float], ys: Sequence[Any]) -> Any:
    """Return the derivative at point i: 0 at a turn, else a mean of the chords'."""
    n = len(xs)
    if n == 2:
        return _chord(0, xs, ys)
    if i in {0, n - 1}:
        near, far = (0, 1) if i == 0 else (n - 2, n - 3)
        return _end(
            xs[near + 1] - xs[near],
            xs[far + 1] - xs[far],
            _chord(near, xs, ys),
            _chord(far, xs, ys),
        )
    before, after = _chord(i - 1, xs, ys), _chord(i, xs, ys)
    if not (before > 0.0 < after or before < 0.0 > after):
        return 0.0
    w1 = 2.0 * (xs[i + 1] - xs[i]) + (xs[i] - xs[i - 1])
    w2 = (xs[i + 1] - xs[i]) + 2.0 * (xs[i] - xs[i - 1])
    return (w1 + w2) / (w1 / before + w2 / after)


def _chord(i: int, xs: Sequence[float], ys: Sequence[Any]) -> Any:
    return (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i])


def _end(h0: float, h1: float, s0: Any, s1: Any) -> Any:
    """Return the derivative at an end: of the parabola, unless that turns."""
    d = ((2.0 * h0 + h1) * s0 - h0 * s1) / (h0 + h1)
    if not (d > 0.0 < s0 or d < 0.0 > s0):
        return 0.0
    if not (s0 > 0.0 < s1 or s0 < 0.0 > s1) and abs(d) > 3.0 * abs(s0):
        return 3.0 * s0
    return d
