"""The steps of a training: batch after batch, and the way back from one that failed.

A batch goes one of two ways, with the same numbers: *eagerly*, row by row, or by
machine code (`nn.training.batches`). One that fails the second way goes the first, so
that what is raised is what the model and the loss raise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from autograd import Value, no_grad
from nn.optim import Optimizer
from nn.training.data import Table
from nn.training.path import MSG_MUST, Plan, why

if TYPE_CHECKING:
    from nn.training.batches import Batches
    from nn.training.flat import Flat


class Model(Protocol):
    """What `fit` asks of a model; a Module with ``__call__`` has it."""

    def parameters(self) -> list[Value]:
        """Return what may be changed."""

    def __call__(self, row: Any, /) -> Any:
        """Return the prediction for one row."""


Loss = Callable[[list[Any], list[Any]], Any]
Metric = Callable[[list[Any], list[Any]], float]

MSG_STRANGER = (
    "the optimiser holds none of this model's parameters, so the model would not "
    "learn: make it with model.parameters()"
)
MSG_DIVERGED = (
    "fit stopped in epoch {epoch}, {batch}: {why}. The model has the parameters of the "
    "last good step. A smaller learning rate, or inputs scaled to about 1, helps"
)
MSG_NEVER = "compiled=False"
MSG_LATER = "from epoch {epoch}, {batch} on: {why}"


class Trainer:
    """The steps, and the way back from one that went wrong."""

    def __init__(
        self, model: Model, loss: Loss, metric: Metric | None, optimizer: Optimizer
    ) -> None:
        own = model.parameters()
        if not set(map(id, own)) & set(map(id, optimizer.params)):
            raise ValueError(MSG_STRANGER)
        self.model = model
        self.loss = loss
        self.metric = metric
        self.optimizer = optimizer
        self.params = list(dict.fromkeys((*own, *optimizer.params)))
        self.good = [p.data for p in self.params]
        self.batches: Batches | None = None
        self.flat: Flat | None = None
        self.why_eager = MSG_NEVER
        self.must = False

    def compile(self, plan: Plan, *, must: bool) -> None:
        """Compute batches by machine code from now on, if it can be done."""
        self.must = must
        self.batches, self.why_eager = plan.compiled(must=must)

    def train(
        self,
        data: Table,
        order: list[int],
        batch_size: int | None,
        epoch: int,
    ) -> tuple[float, float | None]:
        """Return the mean loss and metric of an epoch's batches."""
        n = len(order)
        size = batch_size or n
        losses, metrics = [], []
        flat = self._flat()
        try:
            for i in range(0, n, size):
                batch = order[i : i + size]
                share = len(batch) / n
                found = flat and self._step(flat, data, batch)
                if not found:
                    if flat:
                        self._give_back(flat)
                    place = f"batch {i // size + 1}"
                    flat = None
                    found = self._pass(data, batch, epoch, place, learn=True)
                mean, figure = found
                losses.append(share * mean)
                if figure is not None:
                    metrics.append(share * figure)
        finally:
            if flat:
                self._give_back(flat)
        return math.fsum(losses), math.fsum(metrics) if metrics else None

    def _flat(self) -> Flat | None:
        """Return what takes steps on arrays, if that can be done."""
        if self.batches is None:
            return None
        from nn.training.flat import Flat, can_be_flat

        if not can_be_flat(self.optimizer, self.metric):
            return None
        if self.flat is None:
            self.flat = Flat(self.params, self.optimizer, self.batches)
        self.flat.load()
        return self.flat

    def _step(
        self, flat: Flat, data: Table, batch: list[int]
    ) -> tuple[float, float | None] | None:
        """Return loss and metric of a step on arrays, or None if it was not taken."""
        try:
            found = flat.step(data, batch, predict=self.metric is not None)
        except Exception:  # noqa: BLE001 - the ordinary step raises what there is
            return None
        if found is None or self.metric is None:
            return found and (found[0], None)
        loss, predictions = found
        return loss, self.metric(predictions, [data.targets[k] for k in batch])

    def _give_back(self, flat: Flat) -> None:
        flat.store()
        self.good = flat.good.tolist()

    def measure(self, data: Table, epoch: int) -> tuple[float, float | None]:
        """Return loss and metric on rows that are not trained on."""
        with no_grad():
            return self._pass(data, None, epoch, "validation", learn=False)

    def _pass(
        self,
        data: Table,
        batch: list[int] | None,
        epoch: int,
        place: str,
        *,
        learn: bool,
    ) -> tuple[float, float | None]:
        targets = data.targets if batch is None else [data.targets[k] for k in batch]
        try:
            loss, predictions = self._forward(data, batch, targets, epoch, place)
            if not math.isfinite(loss.data):
                message = f"the loss is {loss.data}"
                raise FloatingPointError(message)  # noqa: TRY301 - one way back for all
            if learn:
                self.good = [p.data for p in self.params]
                for p in self.params:
                    p.grad = 0.0
                loss.backward()
                self.optimizer.step()
        except Exception as error:
            for p, number in zip(self.params, self.good, strict=True):
                p.data = number
            if isinstance(error, ArithmeticError):
                message = MSG_DIVERGED.format(epoch=epoch, batch=place, why=error)
                raise FloatingPointError(message) from error
            error.add_note(f"This was in epoch {epoch}, {place}, of nn.fit.")
            raise
        figure = None if self.metric is None else self.metric(predictions, targets)
        return loss.data, figure

    def _forward(
        self,
        data: Table,
        batch: list[int] | None,
        targets: list[Any],
        epoch: int,
        place: str,
    ) -> tuple[Any, list[Any]]:
        """Return the loss and, if there is a metric, the predictions of a batch."""
        failed: Exception | None = None
        if self.batches is not None:
            try:
                return self.batches.run(data, batch, predict=self.metric is not None)
            except Exception as error:  # noqa: BLE001 - whatever it is, see below
                failed = error
        rows = data.rows if batch is None else [data.rows[k] for k in batch]
        predictions = [self.model(row) for row in rows]
        loss = self.loss(predictions, targets)
        if failed is not None and math.isfinite(loss.data):  # it was not the numbers
            self.why_eager = MSG_LATER.format(epoch=epoch, batch=place, why=why(failed))
            if self.must:
                raise RuntimeError(MSG_MUST.format(self.why_eager)) from failed
            self.batches = None
        return loss, predictions
