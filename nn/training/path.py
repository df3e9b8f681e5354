"""Which path a training takes, eager or compiled, and why.

Machine code computes the same numbers faster, once it is there. What cannot be recorded
(`nn.training.batches` says what can), or is over before it would be compiled, stays on
the eager path, with a reason that `History.why_eager` keeps.

Nothing is trusted: before the first step loss, gradient and predictions of one batch
are computed on both paths, and have to agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd import COMPILED, Value, topological_order
from autograd.math import fsum
from nn.losses import OF_A_ROW
from nn.training.data import Table

if TYPE_CHECKING:
    from nn.training.batches import Batches

# In seconds, on one machine: what a node and an operand cost eagerly, forward and
# backward; what compiling costs, and each operand in it; what a compiled batch costs,
# and each parameter in it; and what each parameter costs at the end of an epoch. No
# clock decides, so that a training repeats to the bit.
EAGER = (2.5e-7, 1.1e-8) if COMPILED else (2e-6, 3e-7)
COMPILING = (0.35, 8e-5)
CALLING = (1.2e-4, 5e-8)
ENDING = 3e-7


CLOSE = 1e-9  # how near the two paths have to be
ROUNDED = 1e-13  # what rounding leaves of numbers that cancel

MSG_LOSS = "the loss is not one of nn's own"
MSG_UNSTEADY = "calling the model draws random numbers, or changes it"
MSG_SMALL = "too little to do: compiling would take longer"
MSG_MISSING = "{0} is not installed: pip install 'scalar-autograd[jit]'"
MSG_OUTPUT = "the model does not return a Value or a flat list of them"
MSG_RAISED = "{0}: {1}"
MSG_OTHER = "compiled, the {0} of the first batch is another than computed eagerly"
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
            from nn.training.batches import Batches

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
            "predictions": [x.data for y in predictions for x in as_scores(y)],
        }


def _size_of(model: Any, row: Any) -> tuple[int, int]:
    """Return how many nodes the model makes for a row, and of how many operands."""
    y = model(row)
    check_output(y)
    nodes = [v.parents for v in topological_order(fsum(as_scores(y))) if v.parents]
    return len(nodes), sum(map(len, nodes))


def check_output(y: Any) -> None:
    """Raise unless a prediction is a Value or a flat list of them."""
    if not all(type(x) is Value for x in as_scores(y)):
        raise EagerlyError(MSG_OUTPUT)


def as_scores(y: Any) -> Sequence[Any]:
    """Return the scores of one prediction."""
    return y if type(y) in {list, tuple} else [y]
