"""Rows of numbers: made plain, and looked through before training starts.

NumPy is never imported here: an array knows how to turn itself into lists, and a frame
how to turn itself into an array, whose rows are made lists when they are asked for. One
pass finds what is no number or not finite and says where it is, since a NaN that gets
into a network is in all of its parameters one step later.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from numbers import Real
from typing import Any

from autograd import Value
from nn.checks import real
from nn.layers import MLP, Layer
from nn.neuron import Neuron

MSG_NOT_FINITE = (
    "{place} is {got}: training data must be finite. Leave such rows out, or fill them "
    "in, before training"
)
MSG_NOT_A_NUMBER = (
    "{place} is {got!r}, not a number. Encode what is not a number before training"
)
MSG_LABEL = (
    "{place} is {got!r}, and a label is a number: write classes = sorted(set(y)) and "
    "[classes.index(label) for label in y], or take nn.sklearn.MLPClassifier, which "
    "encodes labels of any kind"
)
MSG_TABLE = "{what} is a list of rows or an array, not {kind}"
MSG_SPARSE = "{what} is sparse, and rows are whole: give {what}.toarray()"
MSG_MASKED = (
    "{what} is a masked array, and training would not see the mask: give "
    "{what}.filled(number), or leave out what is masked"
)
MSG_LENGTHS = (
    "{what} has {rows} rows and its targets are {targets}: each row needs a target"
)
MSG_EMPTY = "{what} has no rows"
MSG_WIDTH = "{what}, row {row} has {got} numbers, but the model expects {nin}"
MSG_DEEP = (
    "{what}, row {row} is an array of several axes, but the model expects a row of "
    "numbers: write X.reshape(len(X), -1)"
)
MSG_WEIGHTS = "sample_weight is a number from 0 for each of the {rows} rows, not {got}"
MSG_CLASS_WEIGHTS = (
    "class_weight is a dict of labels and numbers from 0; it is {got!r}, and the "
    "label {label!r} is in y"
)


@dataclass
class Table:
    """Rows and their targets; as arrays too, once they are to be run over natively."""

    rows: Sequence[Any]
    targets: list[Any]
    weights: list[float] | None = None
    arrays: Any = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, batch: Sequence[int]) -> Table:
        """Return some of the rows."""
        weights = None if self.weights is None else [self.weights[k] for k in batch]
        rows, targets = self.rows, self.targets
        return Table([rows[k] for k in batch], [targets[k] for k in batch], weights)


class Rows(Sequence[Any]):
    """Rows of an array, a number or a list each, made when they are asked for."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, k: Any) -> Any:
        return self.array[k].tolist()


def read_table(
    what: str,
    inputs: Iterable[Any],
    targets: Iterable[Any],
    model: object,
    weights: tuple[Any, Any] = (None, None),
) -> Table:
    """Return rows and targets: finite numbers, or lists of them.

    Args:
        what: what messages call the inputs.
        inputs: n rows: numbers, lists of them at any depth, arrays, frames.
        targets: n targets of the same kind.
        model: if one of `nn.layers`, each row must have as many numbers as it expects.
        weights: that of each sample, and that of each class; None for the same.

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
    rows = read_rows(what, inputs, model)
    labels = list(_read(f"the targets of {what}", targets)[:])
    if len(rows) != len(labels):
        message = MSG_LENGTHS.format(what=what, rows=len(rows), targets=len(labels))
        raise ValueError(message)
    if not rows:
        raise ValueError(MSG_EMPTY.format(what=what))
    return Table(rows, labels, _read_weights(*weights, labels))


def read_rows(what: str, inputs: Iterable[Any], model: object) -> Sequence[Any]:
    """Return rows that fit the model as `read_table` does."""
    rows = _read(what, inputs)
    nin = model.nin if isinstance(model, MLP | Layer | Neuron) else None
    for i, row in enumerate(rows[:1] if isinstance(rows, Rows) else rows):
        got = len(row) if isinstance(row, list) else 1
        deep = isinstance(row, list) and any(isinstance(x, list) for x in row[:1])
        if nin is not None and deep:
            raise ValueError(MSG_DEEP.format(what=what, row=i))
        if nin is not None and got != nin:
            raise ValueError(MSG_WIDTH.format(what=what, row=i, got=got, nin=nin))
    return rows


def _read_weights(
    sample_weight: Any, class_weight: Any, targets: list[Any]
) -> list[float] | None:
    """Return a weight for each row, or None where all weigh the same."""
    weights = [1.0] * len(targets)
    if sample_weight is not None:
        weights = list(_read("sample_weight", sample_weight)[:])
        fine = all(isinstance(w, Real) and float(w) >= 0.0 for w in weights)
        if len(weights) != len(targets) or not fine:
            got = f"{len(weights)} of them" if fine else "what it is"
            raise ValueError(MSG_WEIGHTS.format(rows=len(targets), got=got))
    elif class_weight is None:
        return None
    if class_weight is not None:
        known = class_weight if isinstance(class_weight, Mapping) else {}
        for i, label in enumerate(targets):
            try:
                weights[i] *= real("a weight", known[label])
            except (TypeError, KeyError, ValueError):  # a label that is a list, too
                message = MSG_CLASS_WEIGHTS.format(got=class_weight, label=label)
                raise ValueError(message) from None
    return [float(w) for w in weights]


def _read(what: str, data: Any) -> Sequence[Any]:
    columns: list[Any] = []
    if hasattr(data, "toarray"):
        raise TypeError(MSG_SPARSE.format(what=what))
    if hasattr(data, "mask") and hasattr(data, "filled"):
        raise TypeError(MSG_MASKED.format(what=what))
    if hasattr(data, "to_numpy"):  # a frame or series, whose columns have names
        columns = list(getattr(data, "columns", ()))
        data = data.to_numpy()
    numpys = type(data).__module__ == "numpy" and bool(getattr(data, "ndim", None))
    numbers = numpys and data.dtype.kind in "fiu" and data.size
    if numbers and math.isfinite(data.min()) and math.isfinite(data.max()):
        return Rows(data.copy())  # looked at at once, instead of one by one
    data = data.tolist() if hasattr(data, "tolist") else data
    in_order = not isinstance(data, str | bytes | Mapping | AbstractSet)
    if not in_order or not isinstance(data, Iterable):
        raise TypeError(MSG_TABLE.format(what=what, kind=type(data).__name__))
    found = []
    for i, row in enumerate(data):
        place = f"{what}, row {i}"
        if columns and isinstance(row, list):
            pairs = zip(columns, row, strict=True)
            found.append([_clean(x, f"{place}, column {c!r}") for c, x in pairs])
        else:
            found.append(_clean(row, place))
    return found


def plain_numbers(predictions: Any) -> Any:
    """Return predictions as floats and lists of floats."""
    if isinstance(predictions, list | tuple):
        return [plain_numbers(x) for x in predictions]
    return predictions.data if isinstance(predictions, Value) else predictions


def _clean(item: Any, place: str) -> Any:
    """Return a number or a list, having looked at all that is in it."""
    if hasattr(item, "tolist"):
        item = item.tolist()
    if isinstance(item, list | tuple):
        return [_clean(x, f"{place}, column {i}") for i, x in enumerate(item)]
    number = item.data if isinstance(item, Value) else item
    if not isinstance(number, Real):
        label = place.startswith("the targets") and isinstance(item, str)
        message = MSG_LABEL if label else MSG_NOT_A_NUMBER
        raise TypeError(message.format(place=place, got=item))
    if not math.isfinite(number):
        raise ValueError(MSG_NOT_FINITE.format(place=place, got=number))
    return item
