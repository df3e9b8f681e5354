"""Rows of numbers: made plain lists once, and looked through before training starts.

NumPy is never imported here: an array knows how to turn itself into lists. One pass
finds what is no number or not finite and says where it is, since a NaN that gets into a
network is in all of its parameters one step later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from numbers import Real
from typing import Any

from autograd import Value
from nn.layers import MLP, Layer, Neuron

MSG_NOT_FINITE = (
    "{place} is {got}: training data must be finite. Leave such rows out, or fill them "
    "in, before training"
)
MSG_NOT_A_NUMBER = (
    "{place} is {got!r}, not a number. Encode what is not a number, and give a "
    "DataFrame as frame.to_numpy()"
)
MSG_TABLE = (
    "{what} is a list of rows or an array, not {kind}. Give a DataFrame as "
    "frame.to_numpy()"
)
MSG_LENGTHS = (
    "{what} has {rows} rows and its targets are {targets}: each row needs a target"
)
MSG_EMPTY = "{what} has no rows"
MSG_WIDTH = "{what}, row {row} has {got} numbers, but the model expects {nin}"


@dataclass
class Table:
    """Rows and their targets; as arrays too, once they are to be run over natively."""

    rows: list[Any]
    targets: list[Any]
    arrays: tuple[Any, Any] | None = None

    def __len__(self) -> int:
        return len(self.rows)


def read_table(
    what: str, inputs: Iterable[Any], targets: Iterable[Any], model: object
) -> tuple[list[Any], list[Any]]:
    """Return rows and targets as lists of finite numbers or of lists of them.

    Args:
        what: what messages call the inputs.
        inputs: n rows: numbers, lists of them at any depth, arrays.
        targets: n targets of the same kind.
        model: if one of `nn.layers`, each row must have as many numbers as it expects.

    Raises:
        TypeError: if something is not a number, naming its row and column.
        ValueError: if a number is not finite, naming its row and column; if the two
            differ in length or are empty; if a row has a wrong length.

    >>> read_table("X", [[0.5, float("nan")]], [1], None)
    Traceback (most recent call last):
        ...
    ValueError: X, row 0, column 1 is nan: training data must be finite. Leave such rows
    out, or fill them in, before training

    """
    rows = _read(what, inputs)
    labels = _read(f"the targets of {what}", targets)
    if len(rows) != len(labels):
        message = MSG_LENGTHS.format(what=what, rows=len(rows), targets=len(labels))
        raise ValueError(message)
    if not rows:
        raise ValueError(MSG_EMPTY.format(what=what))
    nin = model.nin if isinstance(model, MLP | Layer | Neuron) else None
    for i, row in enumerate(rows):
        got = len(row) if isinstance(row, list) else 1
        if nin is not None and got != nin:
            raise ValueError(MSG_WIDTH.format(what=what, row=i, got=got, nin=nin))
    return rows, labels


def _read(what: str, data: Any) -> list[Any]:
    data = data.tolist() if hasattr(data, "tolist") else data
    in_order = not isinstance(data, str | bytes | Mapping | AbstractSet)
    rows = list(data) if in_order and isinstance(data, Iterable) else None
    # To go through a data frame is to go through the names of its columns.
    if rows is None or (rows and isinstance(rows[0], str)):
        raise TypeError(MSG_TABLE.format(what=what, kind=type(data).__name__))
    return [_clean(row, f"{what}, row {i}") for i, row in enumerate(rows)]


def _clean(item: Any, place: str) -> Any:
    """Return a number or a list, having looked at all that is in it."""
    if hasattr(item, "tolist"):
        item = item.tolist()
    if isinstance(item, list | tuple):
        return [_clean(x, f"{place}, column {i}") for i, x in enumerate(item)]
    number = item.data if isinstance(item, Value) else item
    if not isinstance(number, Real):
        raise TypeError(MSG_NOT_A_NUMBER.format(place=place, got=item))
    if not math.isfinite(number):
        raise ValueError(MSG_NOT_FINITE.format(place=place, got=number))
    return item
