"""The compiled path of `fit`: the loss of a batch as one node, out of machine code.

The loss of nn's own losses is the mean of a formula for each row (`nn.losses`), so that
`autograd.vmap` records model and formula at one row, and runs them natively over all
rows of a batch. What cannot be recorded so, or is over before it would be compiled,
stays on the eager path, with a reason that `History.why_eager` keeps.

Nothing is trusted: before the first step loss, gradient and predictions of one batch
are computed on both paths, and have to agree. A batch whose loss is not finite, or
which raises, is computed eagerly, so that the error is the one that the model makes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from autograd import COMPILED, Value, no_grad, topological_order
from autograd.math import fsum
from nn.fingerprint import watched
from nn.losses import OF_A_ROW, cross_entropy

# In seconds, on one machine: what a node and an operand cost eagerly, forward and
# backward; what compiling costs, and each operand in it; what a compiled batch costs,
# and each parameter in it; and what each parameter costs at the end of an epoch. No
# clock decides, so that a training repeats to the bit.
EAGER = (2.5e-7, 1.1e-8) if COMPILED else (2e-6, 3e-7)
COMPILING = (0.35, 8e-5)
CALLING = (1.2e-4, 5e-8)
ENDING = 3e-7

WAYS = 16  # to be compiled, before comparisons are taken to differ for every row
CLOSE = 1e-9  # how near the two paths have to be
ROUNDED = 1e-13  # what rounding leaves of numbers that cancel
EXACT = 2**53  # ints up to here are floats

MSG_LOSS = "the loss is not one of nn's own"
MSG_UNSTEADY = "calling the model draws random numbers, or changes it"
MSG_SMALL = "too little to do: compiling would take longer"
MSG_MISSING = "{0} is not installed: pip install 'scalar-autograd[jit]'"
MSG_ROWS = "the {0} are not numbers, or lists of numbers, of one form"
MSG_WIDE = "the {0} hold ints that no float is equal to"
MSG_OUTPUT = "the model does not return a Value or a flat list of them"
MSG_RAISED = "{0}: {1}"
MSG_OTHER = "compiled, the {0} of the first batch is another than computed eagerly"
MSG_WAYS = "its comparisons go more than {0} ways"
MSG_MUST = (
    "fit cannot take the compiled path, which compiled=True asks for: {0}. Leave "
    "compiled out, and it takes the eager one"
)


class EagerlyError(Exception):
    """Why the eager path it is."""


def why(error: Exception) -> str:
    """Return the reason that an error is for taking the eager path."""
    if isinstance(error, EagerlyError):
        return str(error)
    return MSG_RAISED.format(type(error).__name__, error)


@dataclass
class Table:
    """Rows and their targets; as arrays too, once they are to be run over natively."""

    rows: list[Any]
    targets: list[Any]
    arrays: tuple[Any, Any] | None = None

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class Plan:
    """What is to be trained, as far as it decides which path is taken."""

    model: Any
    loss: Callable[..., Any]
    params: Sequence[Value]
    tables: Sequence[Table]
    size: int
    epochs: int
    measured: bool
    steady: bool

    def compiled(self, *, must: bool) -> tuple[Batches | None, str]:
        """Return what computes batches natively; or None, and why not.

        Raises:
            RuntimeError: if it must and cannot.

        """
        try:
            self._check(must=must)
            batches = Batches(self.model, self.loss, self.tables)
            self._try(batches)
        except Exception as error:
            reason = why(error)
            if must:
                raise RuntimeError(MSG_MUST.format(reason)) from error
            return None, reason
        return batches, ""

    def _check(self, *, must: bool) -> None:
        if not any(self.loss is known for known in OF_A_ROW):
            raise EagerlyError(MSG_LOSS)
        if not self.steady:
            raise EagerlyError(MSG_UNSTEADY)
        if not must and not self._pays():
            raise EagerlyError(MSG_SMALL)
        for library in ("numpy", "llvmlite"):
            try:
                import_module(library)
            except ImportError as error:
                raise EagerlyError(MSG_MISSING.format(library)) from error

    def _pays(self) -> bool:
        """Return whether all epochs take longer than compiling, by a rough count."""
        nodes, operands = _size_of(self.model, self.tables[0].rows[0])
        n = len(self.tables[0])
        row = EAGER[0] * nodes + EAGER[1] * operands
        batch = CALLING[0] + CALLING[1] * len(self.params)
        epoch = math.ceil(n / self.size) * batch + ENDING * len(self.params)
        saved = self.epochs * (n * row - epoch)
        return saved > COMPILING[0] + COMPILING[1] * operands

    def _try(self, batches: Batches) -> None:
        """Compute one batch on both paths, and leave everything as it was."""
        table = self.tables[0]
        batch = list(range(min(self.size, len(table))))
        kept = [p.grad for p in self.params]
        try:
            found = self._passed(*batches.run(table, batch, predict=self.measured))
            rows, targets = table.rows[: len(batch)], table.targets[: len(batch)]
            predictions = [self.model(row) for row in rows]
            right = self._passed(self.loss(predictions, targets), predictions)
        finally:
            for p, gradient in zip(self.params, kept, strict=True):
                p.grad = gradient
        size = max(map(abs, right["predictions"]), default=0.0)
        for what, ours in found.items():
            theirs = right[what]
            near = CLOSE * max(map(abs, theirs), default=0.0) + ROUNDED * size
            pairs = zip(ours, theirs, strict=True) if ours else ()
            if not all(abs(a - b) <= near for a, b in pairs):
                raise EagerlyError(MSG_OTHER.format(what))

    def _passed(self, loss: Any, predictions: list[Any]) -> dict[str, list[float]]:
        """Return all numbers of a batch."""
        for p in self.params:
            p.grad = 0.0
        loss.backward()
        return {
            "loss": [loss.data],
            "gradient": [p.grad for p in self.params],
            "predictions": [x.data for y in predictions for x in _flat(y)],
        }


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

        self._key = watched(model)  # what vmap records anew for, if it changes
        self._loss = vmap(loss_of_a_row, (None, 0, 0), reduce="mean")
        self._predict = vmap(prediction, (None, 0))
        self._classes = _classes(model, tables[0].rows[0], loss)
        for table in tables:
            inputs = _array("rows", table.rows)
            table.arrays = inputs, _array("targets", table.targets)
        if len({table.arrays[0].shape[1:] for table in tables if table.arrays}) > 1:
            raise EagerlyError(MSG_ROWS.format("rows"))

    def _rows(self, table: Table, batch: list[int] | None) -> tuple[Any, Any]:
        """Return the arrays of a batch."""
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


def _size_of(model: Any, row: Any) -> tuple[int, int]:
    """Return how many nodes the model makes for a row, and of how many operands."""
    y = model(row)
    _check_output(y)
    nodes = [v.parents for v in topological_order(fsum(_flat(y))) if v.parents]
    return len(nodes), sum(map(len, nodes))


def _classes(model: Any, row: Any, loss: Callable[..., Any]) -> int:
    """Return the number of classes, 0 if the loss has none."""
    with no_grad():
        y = model(row)
    _check_output(y)
    return len(y) if loss is cross_entropy else 0


def _check_output(y: Any) -> None:
    if not all(type(x) is Value for x in _flat(y)):
        raise EagerlyError(MSG_OUTPUT)


def _flat(y: Any) -> Sequence[Any]:
    return y if type(y) in {list, tuple} else [y]


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
