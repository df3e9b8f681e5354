"""halving: a search by bisection that somebody wrote as a loop.

Such a loop computes a point x between two bounds, and replaces one bound by it as some
comparison of r and s says (`autograd.lifting.searches` finds them). The root moves with
what is in r and s, but x only follows from the bounds: differentiated as it stands, it
has the slope of the bounds at which the search began. So where r and s are Values, what
a comparison decides there is given the slope of the root, and keeps its number:

    dx = -d(r - s) / (d(r - s) by x)

    if r < s:          ->  __lift_l1__ = r; __lift_r1__ = s
        low = x            __lift_k1__ = __lift_halve__(k1, (l1,), r1, (low, high), x)
    else:                  low = __lift_linked__(low, k1), and high, and x
        high = x           if l1 < r1: ...

Where the point is moved by a step that is halved, up or down as the sign of r says,
it is the point that is linked:

    s = sign(r)        ->  __lift_l1__ = r; __lift_k1__ = ...
    x += d * s             x = __lift_linked__(x, k1); s = sign(__lift_l1__); x += d * s

From one turn to the next it is exact to the width of the bracket.

What ends with a wide bracket is no root: a quantiser of three bits is such a loop, and
has the slope that its steps have. So nothing is linked before the bracket is `NARROW`
against its first width; where r - s is linear in x, as in converters of many bits, it
is to be `NARROWER`. From then on a search of which no slope can be had (a sign alone is
compared, two inner points as in a search for a minimum) is an error.
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


NARROW, NARROWER = 1e-3, 1e-7
ABOUT = 4.0  # how many steps away the root may be
CURVED = 1e-6  # how far the slopes of r - s differ where it is not linear


class Link:
    """What is known of a search in one turn.

    Attributes:
        delta: what is added to the bounds and the point: 0.0, as a node.
        is_whole: whether that has the slope of the root; before, it only makes the
            point a node, by which r - s has a slope.
        first: the first width of the bracket.
        fixed: whether this was a float: then widths are the same for all numbers.
        slopes: the least and the largest slope of r - s that was seen.

    """

    def __init__(self, before: Link | None, low: Any, high: Any) -> None:
        self.delta: Any = 0.0
        self.is_whole = False
        width = high - low
        self.fixed: bool = before.fixed if before else not is_value(width)
        self.first: Any = before.first if before else abs(width)
        self.slopes: tuple[float, float] = (
            before.slopes if before else (math.inf, -math.inf)
        )
        self.width = abs(plain(width)) if self.fixed else abs(width)

    def is_narrow(self, share: float) -> bool:
        """Return whether the bracket has become narrow."""
        return bool(self.width <= share * self.first)

    def saw(self, slope: float) -> bool:
        """Return whether r - s is curved, as far as its slopes up to now tell."""
        least, most = min(self.slopes[0], slope), max(self.slopes[1], slope)
        self.slopes = least, most
        return bool(most - least > CURVED * max(abs(least), abs(most)))


def halve(
    before: Link | None,
    factors: tuple[Any, ...],
    other: Any,
    bracket: Any,
    x: Any,
    *,
    steps: bool = False,
) -> Link | None:
    """Return how a root moves, None if it does not.

    Args:
        before: what this returned in the turn before.
        factors: what is compared; several, if it is their product that is.
        other: with what.
        bracket: the two bounds.
        x: the point where this was computed; None if there are two.
        steps: whether the point is moved by steps, and the second bound is the step:
            then the root is about, or this is no search for it.

    """
    if not has_values([*factors, other]) or not all(map(_is_number, bracket)):
        return None
    link = Link(before, *bracket)
    if all(map(_is_number, (*factors, other, x))):
        if not is_value(x):
            nodes = (r for r in (*factors, other) if is_value(r))
            finite = next((r for r in nodes if math.isfinite(plain(r))), None)
            if finite is not None:  # 0 times an infinity would be NaN
                link.delta = 0.0 * finite
            return link
        for factor in factors:
            if _follow(link, factor - other, x, steps=steps):
                return link
    if link.is_narrow(NARROW) and not steps:
        raise LiftError(MSG_HALVING.format(place_of(1)))
    return link


def _follow(link: Link, r: Any, x: Any, *, steps: bool) -> bool:
    """Link with the slope of the root of r, once it is one; return if r has a slope."""
    slope = pullback(r, 1.0, [x])[0] if is_value(r) else 0.0
    numbers = plain(r), plain(slope)
    if numbers[1] == 0.0 or not all(map(math.isfinite, numbers)):
        return False
    is_curved = link.saw(numbers[1])
    if steps and not abs(r / slope) <= ABOUT * link.width:
        return True
    if link.is_narrow(NARROW if is_curved else NARROWER):
        slope = slope.detach() if type(slope) is Value else slope
        link.delta = (x - x.detach()) - (r - r.detach()) / slope
        link.is_whole = True
    return True


def linked(x: Any, link: Link | None) -> Any:
    """Return a bound, or the point, with the slope of the root."""
    if link is None:
        return x
    if link.is_whole:
        return (x.detach() if is_value(x) else x) + link.delta
    return x + link.delta if type(x) is float else x


def _is_number(x: Any) -> bool:
    return is_value(x) or isinstance(x, (float, int))


HOOKS = {
    "__lift_halve__": halve,
    "__lift_linked__": linked,
}
