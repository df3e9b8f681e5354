"""splines: SciPy's tables and splines, called with a Value.

Such an object is a function of one number, and knows its derivative, which is another
one: so it is a primitive, to every order.
"""

from __future__ import annotations

import functools
import pickle
from typing import Any

from autograd.custom import primitive
from autograd.lifting.arrays import elementwise
from autograd.lifting.errors import LiftError, has_values, place_of
from autograd.lifting.stand_ins import plain
from autograd.value import Value

MSG_SPLINE = (
    "{0}: {1} has no derivative method, or is called with more than x: make the table "
    "with autograd.interpolate, or with a spline of scipy.interpolate"
)


def enter(module: Any) -> None:
    """Enter nothing: these are objects, whose calls `of_values` takes."""
    del module


def of_values(f: Any, args: Any, kwargs: Any) -> Any:
    """Return what stands for an object of ``scipy.interpolate``; None on floats."""
    if not any(map(has_values, (*args, *kwargs.values()))):
        return None
    if len(args) != 1 or kwargs or not callable(getattr(f, "derivative", None)):
        if type(f).__name__ == "interp1d" and f._kind == "linear" and len(args) == 1:  # noqa: SLF001 - it tells nowhere else
            return functools.partial(_straight, f)
        raise LiftError(MSG_SPLINE.format(place_of(2), type(f).__name__))
    return elementwise(functools.partial(_at, f))


class _Same:
    """A spline that is equal to one of the same content, however often it is made."""

    def __init__(self, f: Any) -> None:
        self.f = f
        self.content = type(f), pickle.dumps(f)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


@functools.lru_cache(maxsize=500)
def _primitive(same: _Same) -> Any:
    """Return a spline as a primitive, always the same one."""
    f = same.f

    def partial(_: Any, x: Any) -> Any:
        return _at(_derivative(same), x)

    return primitive(lambda x: float(f(x)), partial, name=type(f).__name__)


@functools.lru_cache(maxsize=500)
def _derivative(same: _Same) -> Any:
    return same.f.derivative()


def _at(f: Any, x: Any) -> Any:
    """Return a spline's value, a node if x is a Value."""
    return _primitive(_Same(f))(x) if type(x) is Value else float(f(x))


def _straight(f: Any, x: Any) -> Any:
    """Return a straight table's value at x; SciPy itself says what is outside."""
    from bisect import bisect_right

    xs, ys = f.x.tolist(), f.y.tolist()
    i = min(max(bisect_right(xs, x) - 1, 0), len(xs) - 2)
    if not (f._extrapolate or xs[0] <= x <= xs[-1]):  # noqa: SLF001 - as above
        return float(f(plain(x)))
    return ys[i] + (x - xs[i]) * ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))
