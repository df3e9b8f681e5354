"""The loss of a batch as one node, out of machine code.

The loss of nn's own losses is the mean of a formula for each row (`nn.losses`), so that
`autograd.vmap` records model and formula at one row, and runs them natively over all
rows of a batch. A batch whose loss is not finite, or which raises, is computed eagerly,
so that the error is the one that the model makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd import no_grad
from nn.losses import OF_A_ROW, cross_entropy
from nn.training.data import Table
from nn.training.fingerprint import Watched
from nn.training.path import EagerlyError, check_output

WAYS = 16  # to be compiled, before comparisons are taken to differ for every row
EXACT = 2**53  # ints up to here are floats

MSG_ROWS = "the {0} are not numbers, or lists of numbers, of one form"
MSG_WIDE = "the {0} hold ints that no float is equal to"
MSG_UNREAD = (
    "the model holds {0!r}, which cannot be looked into, so a change of it would go "
    "unnoticed"
)
MSG_WAYS = "its comparisons go more than {0} ways"


class Batches:
    """A model's loss and predictions for batches of rows, by machine code.

    Args:
        model: the model.
        loss: one of `nn.losses`.
        tables: all rows that there will be; they are made arrays here.

    Raises:
        EagerlyError: if there is no array of them.

    """

    def __init__(
        self, model: Any, loss: Callable[..., Any], tables: Sequence[Table]
    ) -> None:
        from autograd import vmap

        of_a_row = OF_A_ROW[loss]

        def loss_of_a_row(_: object, x: Any, t: Any) -> Any:
            return of_a_row(model(_plain(x)), _plain(t))

        def prediction(_: object, x: Any) -> Any:
            return model(_plain(x))

        self._key = Watched(model)  # what vmap records anew for, if it changes
        self._look()
        self._loss = vmap(loss_of_a_row, (None, 0, 0), reduce="mean")
        self._predict = vmap(prediction, (None, 0))
        self._classes = _classes(model, tables[0].rows[0], loss)
        for table in tables:
            inputs = _array("rows", table.rows)
            table.arrays = inputs, _array("targets", table.targets)
        if len({table.arrays[0].shape[1:] for table in tables if table.arrays}) > 1:
            raise EagerlyError(MSG_ROWS.format("rows"))

    def _look(self) -> None:
        self._key.look()
        if self._key.unread:
            raise EagerlyError(MSG_UNREAD.format(self._key.unread[0]))

    def _rows(self, table: Table, batch: list[int] | None) -> tuple[Any, Any]:
        """Return the arrays of a batch."""
        self._look()
        assert table.arrays is not None  # noqa: S101 - they were made at the start
        inputs, targets = table.arrays
        if batch is not None:
            inputs, targets = inputs[batch], targets[batch]
        if self._classes:
            targets = _one_hot(targets, self._classes)
        return inputs, targets

    def flat(
        self, table: Table, batch: list[int], numbers: Any, places: Callable[..., Any]
    ) -> tuple[float, Any] | None:
        """Return the loss of a batch and its gradient, by numbers for the parameters.

        Args:
            table: the rows.
            batch: which of them.
            numbers: an array.
            places: tells for captured Values which of the numbers are theirs.

        """
        import numpy as np

        inputs, targets = self._rows(table, batch)
        found = self._loss.with_numbers((self._key, inputs, targets), numbers, places)
        if found is None:
            return None
        (loss,), partials, at = found
        gradient = np.zeros(len(numbers))
        gradient[at] = partials[0]
        return float(loss), gradient

    def flat_predictions(
        self, table: Table, batch: list[int], numbers: Any, places: Callable[..., Any]
    ) -> list[Any] | None:
        """Return the predictions for a batch, by numbers for the parameters."""
        inputs, _ = self._rows(table, batch)
        found = self._predict.with_numbers((self._key, inputs), numbers, places)
        return None if found is None else _rows_of(found)

    def run(
        self, table: Table, batch: list[int] | None, *, predict: bool
    ) -> tuple[Any, list[Any]]:
        """Return the loss of a batch, and its predictions if they are asked for.

        Args:
            table: the rows.
            batch: which of them; None for all.
            predict: whether to return predictions; else there are none.

        Raises:
            ArithmeticError: if the loss is not finite.
            EagerlyError: if there are too many ways to compile.

        """
        inputs, targets = self._rows(table, batch)
        loss = self._loss(self._key, inputs, targets)
        if not math.isfinite(loss.data):
            message = f"the loss is {loss.data}"
            raise FloatingPointError(message)
        predictions: list[Any] = []
        if predict:
            with no_grad():
                predictions = _rows_of(self._predict(self._key, inputs))
        if len(self._loss.programs) > WAYS:
            raise EagerlyError(MSG_WAYS.format(WAYS))
        return loss, predictions


def _plain(x: Any) -> Any:
    """Return what the eager path calls the model with: a number, or lists of them."""
    return x.tolist() if hasattr(x, "shape") else x


def _rows_of(found: Any) -> list[Any]:
    """Return a prediction for each row, from an array for each of its numbers."""
    if type(found) in {list, tuple}:
        kind: Any = type(found)
        columns = [array.tolist() for array in found]
        return [kind(row) for row in zip(*columns, strict=True)]
    return list(found.tolist())


def _array(what: str, rows: list[Any]) -> Any:
    """Return rows as an array of numbers.

    Raises:
        EagerlyError: if there is none, or it would hold other numbers.

    """
    import numpy as np

    try:
        array = np.array(rows)
    except (TypeError, ValueError) as error:  # lists of several lengths, or Values
        raise EagerlyError(MSG_ROWS.format(what)) from error
    if array.dtype.kind not in "fiub" or array.size == 0:
        raise EagerlyError(MSG_ROWS.format(what))
    if array.dtype.kind in "iu" and not np.all(abs(array) <= EXACT):
        raise EagerlyError(MSG_WIDE.format(what))
    return array.astype(np.float64)


def _one_hot(labels: Any, classes: int) -> Any:
    import numpy as np

    return (labels[:, None] == np.arange(classes)).astype(np.float64)


def _classes(model: Any, row: Any, loss: Callable[..., Any]) -> int:
    """Return the number of classes, 0 if the loss has none."""
    with no_grad():
        y = model(row)
    check_output(y)
    return len(y) if loss is cross_entropy else 0
