"""What numbers an argument may be, and predictions and targets.

NumPy's numbers are taken wherever Python's are.
"""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

from autograd import Value

MSG_RANGE = "{what} is {bounds}, not {got!r}"
MSG_COUNT = "{what} is a positive int{other}, not {got!r}"
MSG_LENGTHS = (
    "{loss} got {predictions} predictions and {targets} targets: it needs one target "
    "for each prediction"
)
MSG_EMPTY = "{loss} got no predictions: the mean over no samples is not defined"
MSG_SEQUENCE = "{loss} takes {what} as a sequence, one for each sample, not {got!r}"
MSG_SCORE = (
    "{loss} takes one score for each sample, but prediction {i} is {got!r}. For a "
    "model with several outputs take cross_entropy or mse_loss"
)
MSG_NUMBER = "{loss} takes numbers, but {what} {i} is {got!r} (of type {kind})"


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


def pairs_of(loss: str, predictions: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Return both as lists of one length, at least 1."""
    ps = _list(loss, "predictions", predictions)
    ts = _list(loss, "targets", targets)
    if len(ps) != len(ts):
        message = MSG_LENGTHS.format(loss=loss, predictions=len(ps), targets=len(ts))
        raise ValueError(message)
    if not ps:
        raise ValueError(MSG_EMPTY.format(loss=loss))
    return ps, ts


def scores_of(loss: str, scores: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Return both as lists of one length, the scores single numbers."""
    zs, ts = pairs_of(loss, scores, targets)
    for i, z in enumerate(zs):
        if isinstance(z, list | tuple):
            raise TypeError(MSG_SCORE.format(loss=loss, i=i, got=z))
    check_numbers(loss, "prediction", zs)
    return zs, ts


def check_numbers(loss: str, what: str, items: list[Any]) -> None:
    """Raise unless all are Values and real numbers."""
    for i, x in enumerate(items):
        if not isinstance(x, Value | Real):
            kind = type(x).__name__
            message = MSG_NUMBER.format(loss=loss, what=what, i=i, got=x, kind=kind)
            raise TypeError(message)


def _list(loss: str, what: str, items: Any) -> list[Any]:
    items = items.tolist() if hasattr(items, "tolist") else items
    try:
        return list(items)
    except TypeError:
        raise TypeError(MSG_SEQUENCE.format(loss=loss, what=what, got=items)) from None
