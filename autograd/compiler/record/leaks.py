"""Is a recording what the function does? Two questions that are put to each.

A number that gets into a recording unseen (a clock's, a random one, a counter's) would
be frozen into the program. So the function is recorded again at points nearby: where
it goes the same way through the same comparisons, it must do the same operations with
the same constants. A comparison with another bound is another way: `math.frexp` asks
between which powers of 2 its argument is. But if the bounds are others at the very same
point, then they are numbers that leaked.

And the function is called once on plain numbers: the recording's results must be
those. They are not where the function found out that it was called on Values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd.compiler.element import EagerlyError, Element
from autograd.compiler.listing import Listing
from autograd.compiler.record.tape import is_raising
from autograd.context import debug, ignored
from autograd.display import line
from autograd.primitives import Primitive
from autograd.value import Value, number

NEARBY = (0.3, 1e-3, -1e-3, 1e-9, 0.0)  # the very same point always goes the same way
ALIKE = 1e-9  # sums are rounded otherwise by other libraries, and by Python's own sum
NOTHING = 1e-14  # of the largest number on the way, where terms cancel to nothing

MSG_LEAK = (
    "{0} did not do the same twice: {1}. A number got into it that is no function of "
    "its arguments, so it cannot be compiled as it is: {2}"
)
LEAK_CONSTANT = "the constant {0!r} was {1!r} at a point nearby"
LEAK_CODE = "at a point nearby it did other operations though all comparisons agreed"
LEAK_WAY = "a comparison turned out otherwise for the very same arguments"
LEAK_BOUND = "it compared with {0!r}, and with {1!r} at a point nearby"
LEAK_ADVICE = (
    "a random number or a clock is to be an argument; a number read from a Value by "
    "way of text, a list of floats or an int is to stay a Value"
)
MSG_OTHER = "{0} gives {1!r} for plain numbers and {2!r} while it is recorded"
MSG_RAISES = "{0} raises {1!r} for plain numbers and nothing while it is recorded"

Recordings = Callable[[float], Any]


def near(x: float, step: float) -> float:
    """Return a number nearby; what is not finite has none."""
    y = x + step * (abs(x) or 1.0)
    return y if math.isfinite(y) else x


def hunt(first: Any, again: Recordings, name: str) -> None:
    """Record a function at points nearby, and look for what is no function of them.

    Args:
        first: its recording.
        again: records it once more, with all numbers off by a relative step.
        name: what messages call it.

    Raises:
        RuntimeError: if a number leaked into the recording, naming the line.

    """
    one = first.listing
    for step in NEARBY:
        found = _unless_it_raises(again, step)
        if found is None:
            continue
        other = found.listing
        if _way(one) != _way(other) or first.decided != found.decided:
            if step == 0.0:
                raise RuntimeError(MSG_LEAK.format(name, LEAK_WAY, LEAK_ADVICE))
            continue
        bounds = _other_bound(one, other)
        if bounds is not None:
            if step:
                continue  # another way, which may be right: look nearer
            bound = LEAK_BOUND.format(*bounds)
            raise RuntimeError(MSG_LEAK.format(name, bound, LEAK_ADVICE))
        leak = _difference(one, other)
        if leak is not None:
            what, place = leak
            with debug():
                what += _line(again(0.0), place)
            raise RuntimeError(MSG_LEAK.format(name, what, LEAK_ADVICE))
        return


def _unless_it_raises(again: Recordings, step: float) -> Any:
    """Return the recording at a point nearby, None if f raises at such numbers."""
    try:
        return again(step)
    except Exception:  # noqa: BLE001 - it can be anything, and nobody passed them
        return None


def _way(listing: Listing) -> list[Any]:
    """Return how the comparisons of a recording turned out, and what raised in it."""
    way: list[Any] = [(g.relation, g.holds) for g in listing.guards]
    if any(is_raising(row) for row, _ in listing.forms):  # at which operation?
        rows = [step.primitive for step in listing.program.straight]
        way += [row for row in rows if is_raising(row) or row.may_raise]
    return way


def _other_bound(one: Listing, other: Listing) -> tuple[float, float] | None:
    """Return two constants that differ in a comparison, None if there are none."""
    for g, h in zip(one.guards, other.guards, strict=True):
        for x, y in ((g.a, h.a), (g.b, h.b)):
            if one.is_constant(x) and other.is_constant(y):
                a = one.constants[x - len(one.inputs)]
                b = other.constants[y - len(other.inputs)]
                if a != b and (a == a or b == b):  # noqa: PLR0124 - NaN
                    return a, b
    return None


def _difference(one: Listing, other: Listing) -> tuple[str, int] | None:
    """Return how two recordings of the same way differ, and in which instruction."""
    same = one.outputs == other.outputs and _code(one) == _code(other)
    if not same or len(one.constants) != len(other.constants):
        pairs = zip(
            *[
                [(_alike(s.primitive), s.operands) for s in listing.program.straight]
                for listing in (one, other)
            ],
            strict=False,
        )
        return LEAK_CODE, next((i for i, (a, b) in enumerate(pairs) if a != b), -1)
    places = range(len(one.inputs), one.first_result)
    for place, a, b in zip(places, one.constants, other.constants, strict=True):
        if a != b and (a == a or b == b):  # noqa: PLR0124 - NaN
            users = (
                i for i, s in enumerate(one.program.straight) if place in s.operands
            )
            return LEAK_CONSTANT.format(a, b), next(users, -1)
    return None


def _code(listing: Listing) -> Any:
    """Return what tells whether two listings are of the same code."""
    forms = [(_alike(row), n) for row, n in listing.forms]
    return forms, listing.kinds, listing.starts, listing.operands


def _line(recording: Any, i: int) -> str:
    """Return words for the line that made an instruction, if it is known."""
    known = 0 <= i < len(recording.lines) and recording.lines[i]
    return f" (at {line(recording.lines[i])})" if known else ""


def _alike(primitive: Primitive) -> Any:
    """Return what a primitive is in every recording; a batch's are made anew."""
    return primitive.value.k if isinstance(primitive.value, Element) else primitive


def compare_with_plain(
    recording: Any, plain: Callable[[], list[Any]], name: str
) -> None:
    """Call a function on plain numbers, and hold its recording to the results.

    Args:
        recording: what was recorded for these numbers.
        plain: returns the numbers of the function's result.
        name: what messages call it.

    Raises:
        EagerlyError: if they differ.

    """
    try:
        numbers = plain()
    except Exception as error:
        if ignored() and isinstance(error, (ArithmeticError, ValueError)):
            return  # plain numbers raise where Values have IEEE's results
        raise EagerlyError(MSG_RAISES.format(name, error)) from error
    expected = [number(x) if isinstance(x, Value) else x for x in numbers]
    found, largest = recording.numbers, recording.largest
    tiny = NOTHING * largest
    if len(found) != len(expected):
        raise EagerlyError(MSG_OTHER.format(name, expected, found))
    for x, y in zip(found, expected, strict=True):
        if not (
            math.isclose(x, y, rel_tol=ALIKE, abs_tol=tiny)
            or (math.isnan(x) and math.isnan(y))
        ):
            raise EagerlyError(MSG_OTHER.format(name, y, x))
