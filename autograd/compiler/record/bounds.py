"""Comparisons with numbers of every type, said as comparisons with floats.

A program compares floats. What the recorded code compared a Value with may be an int
beyond 2**53, a Fraction, a Decimal, a NumPy scalar of 32 bits: each compares with a
float in a way of its own (exactly; or in 32 bits), and converting it to a float would
move the bound. But whatever the way, "at least c" is false for all floats up to some
point and true from there on. So that point is found by bisection, asking the number
itself, and the comparison with it says the same for every float.

What has no such order (objects of the user's, columns of pandas) is refused.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

# What equals no float, and has no order among them.
NO_NUMBERS = (
    type(None), str, bytes, bytearray, list, tuple, dict, set, frozenset, type, range,
)  # fmt: skip
Asked = tuple[str, float, bool]  # a relation, a bound, and how it turned out

FLOAT = 8  # bytes
EXACT = 2**53  # up to here every int is a float


def plain(c: Any) -> float | None:
    """Return a number as the float that every float compares with in the same way.

    >>> plain(3), plain(2**53 + 1)
    (3.0, None)

    """
    kind: Any = type(c)
    if kind is float:
        return c  # type: ignore[no-any-return]
    if isinstance(c, int) and kind.__lt__ is int.__lt__ and kind.__eq__ is int.__eq__:
        return float(c) if -EXACT <= c <= EXACT else None
    if isinstance(c, float) and (
        kind.__module__ == "numpy"
        or (kind.__lt__ is float.__lt__ and kind.__eq__ is float.__eq__)
    ):
        return float(c)
    return None


def is_ordered(c: Any) -> bool:
    """Return whether a number that is no float is ordered among floats."""
    kind: Any = type(c)
    if kind in {Fraction, Decimal}:
        return True
    if isinstance(c, int) and kind.__lt__ is int.__lt__:
        return True
    return _is_of_numpy(c) and c.ndim == 0 and c.dtype.kind in "fiub"


def is_array(c: Any) -> bool:
    """Return whether it is NumPy's own array: of numbers, or of objects."""
    return type(c).__name__ == "ndarray" and _is_of_numpy(c)


def _is_of_numpy(c: Any) -> bool:
    return type(c).__module__ == "numpy" and hasattr(c, "dtype")


def asked(relation: str, x: float, c: Any, outcome: bool) -> Iterator[Asked]:
    """Yield comparisons of x with floats that say together what one with c said.

    >>> list(asked("<", 0.25, Fraction(1, 3), True))
    [('<', 0.33333333333333337, True)]
    >>> list(asked("==", 0.25, Fraction(1, 3), False))
    []

    """
    bound = plain(c)
    if bound is not None:
        yield relation, bound, outcome
        return
    if c != c:  # noqa: PLR0124 - NaN: no float makes a difference
        return
    at_least = _first(lambda x: x >= c)
    if at_least is None:
        return  # c is beyond infinity, which no number is
    beyond = _first(lambda x: x > c)  # None if c is infinite
    if relation in {">=", "<"}:
        yield relation, at_least, outcome
    elif relation in {">", "<="}:
        if beyond is None:
            yield relation, math.inf, outcome
        else:
            yield (">=" if relation == ">" else "<"), beyond, outcome
    elif beyond != at_least:  # else no float is equal to c
        last = math.inf if beyond is None else math.nextafter(beyond, -math.inf)
        if last == at_least:
            yield relation, last, outcome
        else:
            yield from _within(x, at_least, last)


def _within(x: float, low: float, high: float) -> Iterator[Asked]:
    """Say whether x is within an interval, or on which side of it."""
    if x < low:
        yield "<", low, True
    elif x > high:
        yield ">", high, True
    else:  # or NaN, which is in no order with anything
        yield ">=", low, x >= low
        yield "<=", high, x <= high


def _first(holds: Callable[[float], Any]) -> float | None:
    """Return the first float for which a monotone condition holds; -inf is a float."""
    with _quietly():
        if not holds(math.inf):
            return None
        low, high = _rank(-math.inf) - 1, _rank(math.inf)
        while high - low > 1:
            middle = (low + high) // 2
            if holds(_of_rank(middle)):
                high = middle
            else:
                low = middle
    return _of_rank(high)


def _rank(x: float) -> int:
    """Return a float's place in the order of all floats, 0 for 0.0."""
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return int(bits) if bits >= 0 else -int(bits & (2**63 - 1))


def _of_rank(i: int) -> float:
    bits = i if i >= 0 else -i | -(2**63)
    x: float = struct.unpack("<d", struct.pack("<q", bits))[0]
    return x


def _quietly() -> Any:
    """Let no bound that is tried overflow with a warning, if NumPy is in use."""
    import contextlib
    import sys

    numpy: Any = sys.modules.get("numpy")
    return contextlib.nullcontext() if numpy is None else numpy.errstate(all="ignore")


def decisive(relation: str, array: Any, outcomes: Any) -> list[tuple[Any, bool]]:
    """Return the numbers of an array that decide all of its comparisons, and how.

    If x is above some of them and not above the others, the largest of those and the
    least of these say it all. Short floats are still in an array, of one: NumPy 1 has
    them compare with a float otherwise than a scalar of theirs does.
    """
    found: list[tuple[Any, bool]] = []
    for outcome in (True, False):
        numbers = array[outcomes == outcome]
        numbers = numbers[numbers == numbers]  # noqa: PLR0124 - NaN decides nothing
        if not numbers.size:
            continue
        if relation in {"==", "!="}:
            import numpy as np

            found += [(c, outcome) for c in np.unique(numbers)]
        elif (relation in {"<", "<="}) == outcome:
            found.append((numbers.min(), outcome))
        else:
            found.append((numbers.max(), outcome))
    if array.dtype.kind == "f" and array.dtype.itemsize < FLOAT:
        return [(c.reshape(1), outcome) for c, outcome in found]
    return found
