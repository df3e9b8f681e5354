"""halving: a search by bisection that somebody wrote as a loop.

Such a loop computes a point x between two bounds, and replaces one bound by it as some
comparison of r and s says (`autograd.lifting.searches` finds them). The root moves with
what is in r and s, but x only follows from the bounds: differentiated as it stands, it
has the slope of the bounds at which the search began. So where r and s are Values, what
a comparison decides there is given the slope of the root, and keeps its number:

    dx = -d(r - s) / (d(r - s) by x)

    if r < s:          ->  __lift_l1__ = r; __lift_r1__ = s
        low = x            __lift_k1__ = __lift_halve__((l1,), r1, x)
    else:                  low = __lift_linked__(low, k1), and high, and x
        high = x           if l1 < r1: ...

From one turn to the next it is exact to the width of the bracket. Where no slope can be
had (a sign alone is compared, two inner points as in a search for a minimum) it is an
error, and never the wrong slope. The rule is that of
`autograd.solving.implicit`.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.lifting.errors import LiftError, has_values, is_value, place_of
from autograd.lifting.stand_ins import plain
from autograd.transforms import pullback
from autograd.value import Value

MSG_HALVING = (
    "{0} narrows a bracket by comparisons alone, as bisection does, and the slope of "
    "what it finds cannot be seen in them: find it with autograd.solve or "
    "autograd.minimum, or with scipy.optimize"
)


class Link:
    """What is added to the bounds and the point: 0.0, with the slope of the root.

    Attributes:
        delta: the node.
        is_whole: whether it has the slope; not in the first turn of a search from
            floats, whose point is a float.

    """

    def __init__(self, delta: Any, *, is_whole: bool) -> None:
        self.delta = delta
        self.is_whole = is_whole


def halve(factors: tuple[Any, ...], other: Any, x: Any) -> Link | None:
    """Return how a root moves, None if it does not.

    Args:
        factors: what is compared; several, if it is their product that is.
        other: with what.
        x: the point where this was computed.

    """
    if not has_values([*factors, other]):
        return None
    if not all(map(_is_number, (*factors, other, x))):
        raise LiftError(MSG_HALVING.format(place_of(1)))
    if not is_value(x):
        return Link(sum(r - r for r in (*factors, other)), is_whole=False)
    for factor in factors:
        r: Any = factor - other
        slope = pullback(r, 1.0, [x])[0] if is_value(r) else 0.0
        numbers = plain(r), plain(slope)
        if numbers[1] != 0.0 and all(map(math.isfinite, numbers)):
            slope = slope.detach() if type(slope) is Value else slope
            step = (r - r.detach()) / slope
            return Link((x - x.detach()) - step, is_whole=True)
    raise LiftError(MSG_HALVING.format(place_of(1)))


def linked(x: Any, link: Link | None) -> Any:
    """Return a bound, or the point, with the slope of the root."""
    if link is None:
        return x
    return (x.detach() if is_value(x) else x) + link.delta


def halved(link: Any) -> None:
    """Refuse what a search ended with before it had a slope."""
    if type(link) is Link and not link.is_whole:
        raise LiftError(MSG_HALVING.format(place_of(1)))


def _is_number(x: Any) -> bool:
    return is_value(x) or isinstance(x, (float, int))


HOOKS = {
    "__lift_halve__": halve,
    "__lift_halved__": halved,
    "__lift_linked__": linked,
}
