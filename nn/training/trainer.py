"""The steps of a training: batch after batch, and the way back from one that failed.

A batch goes one of two ways, with the same numbers: *eagerly*, row by row, or compiled
(`nn.training.path`). One that fails the second way goes the first, so that what is
raised is what the model and the loss raise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from autograd import no_grad
from nn.losses import accuracy, l1, l2
from nn.optim import clip_gradients, put
from nn.rules import LBFGS
from nn.training.data import Table, plain_numbers
from nn.training.job import Job
from nn.training.path import (
    MSG_MUST,
    EagerPathError,
    compiled,
    differs,
    eager_loss,
    why,
)

if TYPE_CHECKING:
    from nn.training.flat import Flat

MSG_DIVERGED = (
    "fit stopped in epoch {epoch}, {batch}: {why}. The model has the parameters of the "
    "last good step. A smaller learning rate, or inputs scaled to about 1, helps"
)
MSG_NEVER = "compiled=False"
MSG_LATER = "from epoch {epoch}, {batch} on: {why}"
MSG_CHANGED = "the model was changed in a way that the recording does not know"


class Trainer:
    """The steps, and the way back from one that went wrong."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.good = [p.data for p in job.params]
        self.flat: Flat | None = None
        self.why_eager = MSG_NEVER
        self.must = False

    def compile(self, *, must: bool) -> None:
        """Compute batches natively from now on, if it can be done."""
        self.must = must
        source, self.why_eager = compiled(self.job, must=must)
        self.flat = None
        if source is not None:
            from nn.training.flat import Flat

            self.flat = Flat(self.job, source)

    def is_open(self) -> bool:
        """Return whether somebody else's code runs after a step or an epoch."""
        own = any(metric is not accuracy for metric in self.job.metrics)
        return own or (self.flat is not None and self.flat.watched)

    def look_again(self, epoch: int) -> None:
        """Compile anew, or no more, if somebody has changed the model meanwhile."""
        if self.flat is None:
            return
        if not self.flat.source.watched.stays():
            if self.job.look():
                self.good = [p.data for p in self.job.params]
            self.compile(must=self.must)
        elif differs(self.job, self.flat.source, epoch % len(self.job.tables[0])):
            self._give_up(EagerPathError(MSG_CHANGED), epoch, "batch 1")

    def _give_up(self, error: Exception, epoch: int, place: str) -> None:
        """Go on eagerly."""
        self.why_eager = MSG_LATER.format(epoch=epoch, batch=place, why=why(error))
        if self.must:
            raise RuntimeError(MSG_MUST.format(self.why_eager)) from error
        self.flat = None

    def train(self, order: list[int], epoch: int) -> tuple[float, dict[str, float]]:
        """Return the mean loss of an epoch's batches, and what the metrics say."""
        n, size, data = len(order), self.job.size, self.job.tables[0]
        losses, scores = [], []
        places: Any = order
        if self.flat:
            import numpy as np

            places = np.array(order)
        with self.flat.alone() if self.flat else nullcontext():
            for i in range(0, n, size):
                batch = places[i : i + size]
                found = self._step(data, batch, epoch, f"batch {i // size + 1}")
                losses.append(len(batch) / n * found[0])
                scores.append(found[1])
        return math.fsum(losses), self._figures(scores, data, order)

    def _step(
        self, data: Table, batch: Any, epoch: int, place: str, *, learn: bool = True
    ) -> tuple[float, Any]:
        """Return the loss and the scores of some rows, having learnt from them."""
        failed: Exception | None = None
        flat = self.flat
        if flat:
            try:
                found = flat.step(data, batch, self.good) if learn else flat.loss(data)
                if found:
                    return found
            except ArithmeticError:
                pass  # the ordinary way says so
            except Exception as error:  # noqa: BLE001 - the ordinary way tells
                failed = error
            self.give_back()
        with nullcontext() if learn else no_grad():
            found = self._pass(data, batch, epoch, place, learn=learn)
        if failed:  # and the ordinary way did not
            self._give_up(failed, epoch, place)
        return found

    def give_back(self) -> None:
        """Let the Values have the numbers that are in arrays, for anybody to see."""
        if self.flat and self.flat.loaded:
            self.flat.store()
            self.flat.loaded = False
            self.good = self.flat.good.tolist()

    def measure(self, data: Table, epoch: int) -> tuple[float, dict[str, float]]:
        """Return loss and metrics on rows that are not trained on."""
        order = list(range(len(data)))
        self.give_back()
        with self.flat.alone() if self.flat else nullcontext():
            loss, scores = self._step(data, order, epoch, "validation", learn=False)
        return loss, self._figures([scores], data, order)

    def _figures(
        self, scores: list[Any], data: Table, order: Sequence[int]
    ) -> dict[str, float]:
        """Return what the metrics say to the scores of all batches."""
        metrics = self.job.metrics
        if not metrics:
            return {}
        targets = [data.targets[k] for k in order]
        if self.is_open():
            self.give_back()
        if metrics == (accuracy,) and hasattr(scores[0], "dtype"):
            from nn.training.flat import share_of_right

            return {"accuracy": share_of_right(scores, targets)}
        lists: list[Any] = []
        for part in scores:
            lists += part.tolist() if hasattr(part, "tolist") else plain_numbers(part)
        names = [getattr(m, "__name__", None) or repr(m) for m in metrics]
        figures = [float(metric(lists, targets)) for metric in metrics]
        return dict(zip(names, figures, strict=True))

    def _pass(
        self, data: Table, batch: Any, epoch: int, place: str, *, learn: bool
    ) -> tuple[float, Any]:
        """Do eagerly what `_step` does."""
        part, optimizer = data.take(batch), self.job.optimizer
        try:
            loss, predictions = self._forward(part)
            number = _finite(loss)
            if learn:
                self.good = [p.data for p in self.job.params]
                number = self._learn(loss)
                if isinstance(optimizer, LBFGS):
                    optimizer.step(lambda: self._learn(self._forward(part)[0]))
                else:
                    optimizer.step()
        except Exception as error:
            put(self.job.params, self.good)
            if isinstance(error, ArithmeticError):
                message = MSG_DIVERGED.format(epoch=epoch, batch=place, why=error)
                raise FloatingPointError(message) from error
            error.add_note(f"This was in epoch {epoch}, {place}, of nn.fit.")
            raise
        return number, predictions

    def _forward(self, part: Table) -> tuple[Any, list[Any]]:
        """Return the loss of some rows as a node, and the predictions."""
        model = self.job.model
        predictions = [model(row) for row in part.rows]
        return eager_loss(self.job.loss, predictions, part), predictions

    def _learn(self, loss: Any) -> float:
        """Set the gradients of a loss, with the penalty; return the whole loss."""
        params = self.job.optimizer.params
        for p in self.job.params:
            p.grad = 0.0
        for factor, penalty in zip(self.job.penalty, (l2, l1), strict=True):
            if factor:
                loss = loss + factor * penalty(params)
        loss.backward()
        if self.job.clip != (math.inf, math.inf):
            clip_gradients(params, *self.job.clip)
        return _finite(loss)


def _finite(loss: Any) -> float:
    number: float = loss.data
    if not math.isfinite(number):
        message = f"the loss is {number}"
        raise FloatingPointError(message)
    return number
