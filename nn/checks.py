"""What numbers an argument may be: Python's, and NumPy's wherever these are taken."""

from __future__ import annotations

import math
import operator
from typing import Any

from autograd import Value

MSG_RANGE = "{what} is {bounds}, not {got!r}"
MSG_COUNT = "{what} is a positive int{other}, not {got!r}"


def real(what: str, number: Any, low: float = 0.0, below: float = math.inf) -> float:
    """Return ``number`` as one of Python's, if it is from ``low`` to under ``below``.

    Raises:
        TypeError: if it is no real number.
        ValueError: if it is out of these bounds.

    >>> real("the rate", 0.5), real("the rate", 1)
    (0.5, 1)

    """
    bounds = f"a number from {low}"
    bounds += "" if below == math.inf else f" to less than {below}"
    plain = number.item() if getattr(number, "ndim", None) == 0 else number
    if not isinstance(plain, int | float) or isinstance(plain, bool):
        raise TypeError(MSG_RANGE.format(what=what, bounds=bounds, got=number))
    if not low <= plain < below:
        raise ValueError(MSG_RANGE.format(what=what, bounds=bounds, got=number))
    return plain


def number_of(thing: Any) -> float:
    """Return a real number, one of NumPy's or an array of no axes too, as a float.

    Raises:
        TypeError: if it is none.

    """
    return Value(thing.item() if getattr(thing, "ndim", None) == 0 else thing).data


def count(what: str, number: Any, other: str = "") -> int:
    """Return ``number`` as one of Python's, if it is a positive int.

    Raises:
        TypeError: if it is no int.
        ValueError: if it is not positive.

    """
    message = MSG_COUNT.format(what=what, other=other, got=number)
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(message)
    try:
        plain = operator.index(number)
    except TypeError:  # an array, or NumPy's bool
        raise TypeError(message) from None
    if plain < 1:
        raise ValueError(message)
    return plain
