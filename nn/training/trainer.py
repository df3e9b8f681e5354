"""The steps of a training: batch after batch, and the way back from one that failed.

A batch goes one of two ways, with the same numbers: *eagerly*, row by row, or compiled
(`nn.training.path`). One that fails the second way goes the first, so that what is
raised is what the model and the loss raise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from autograd import Value, no_grad
from nn.losses import accuracy, l1, l2
from nn.optim import Optimizer, clip_gradients
from nn.rules import LBFGS
from nn.training.data import Table, plain_numbers
from nn.training.path import MSG_MUST, EagerPathError, Plan, eager_loss, why

if TYPE_CHECKING:
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
MSG_CHANGED = "the model was changed in a way that the recording does not know"


class Trainer:
    """The steps, and the way back from one that went wrong."""

    def __init__(
        self,
        model: Model,
        loss: Loss,
        metrics: Sequence[Metric],
        optimizer: Optimizer,
        penalty: tuple[float, float] = (0.0, 0.0),
        clip: tuple[float, float] = (math.inf, math.inf),
    ) -> None:
        own = model.parameters()
        params = dict.fromkeys(own)
        if not any(p in params for p in optimizer.params):
            raise ValueError(MSG_STRANGER)
        params.update(dict.fromkeys(optimizer.params))
        self.model = model
        self.loss = loss
        self.metrics = metrics
        self.optimizer = optimizer
        self.penalty = penalty
        self.clip = clip
        self.params = list(params)
        self.good = [p.data for p in self.params]
        self.plan: Plan | None = None
        self.source: Any = None
        self.compiled_for: object = None
        self.flat: Flat | None = None
        self.alone: Callable[[], Any] = nullcontext
        self.why_eager = MSG_NEVER
        self.must = False

    def compile(self, plan: Plan, *, must: bool) -> None:
        """Compute batches natively from now on, if it can be done."""
        self.plan = plan
        self.must = must
        self.source, self.why_eager = plan.compiled(must=must)
        self.flat = None
        self.compiled_for = self.source and self.source.watched.version
        if self.source is not None:
            from nn.training.flat import Flat, alone

            given = self.optimizer, self.source, self.penalty, self.clip
            self.flat = Flat(self.params, *given, scored=bool(self.metrics))
            self.alone = alone()

    def is_open(self) -> bool:
        """Return whether somebody else's code runs after a step or an epoch."""
        own = any(metric is not accuracy for metric in self.metrics)
        return own or (self.flat is not None and self.flat.watched)

    def look_again(self, epoch: int) -> None:
        """Compile anew, or no more, if somebody has changed the model meanwhile."""
        if self.source is None or self.plan is None:
            return
        self.source.watched.changed()
        if self.source.watched.version is not self.compiled_for:
            own = self.model.parameters()
            now = list(dict.fromkeys((*own, *self.optimizer.params)))
            if list(map(id, now)) != list(map(id, self.params)):
                self.params = self.plan.params = now
                self.good = [p.data for p in now]
            self.compile(self.plan, must=self.must)
        elif self.plan.differs(self.source, epoch % len(self.plan.tables[0])):
            self._give_up(EagerPathError(MSG_CHANGED), epoch, "batch 1")

    def _give_up(self, error: Exception, epoch: int, place: str) -> None:
        """Go on eagerly."""
        self.why_eager = MSG_LATER.format(epoch=epoch, batch=place, why=why(error))
        if self.must:
            raise RuntimeError(MSG_MUST.format(self.why_eager)) from error
        self.source = self.flat = None

    def train(
        self, data: Table, order: list[int], size: int, epoch: int
    ) -> tuple[float, dict[str, float]]:
        """Return the mean loss of an epoch's batches, and what the metrics say."""
        n = len(order)
        losses, scores = [], []
        flat = self.flat
        places: Any = order
        if flat:
            import numpy as np

            places = np.array(order)
            if not flat.loaded:
                flat.load(self.good)
        with self.alone() if flat else nullcontext():
            try:
                for i in range(0, n, size):
                    batch = places[i : i + size]
                    found, failed = self._step(flat, data, batch)
                    if not found:
                        self.give_back()
                        flat = None
                        place = f"batch {i // size + 1}"
                        found = self._pass(data, order[i : i + size], epoch, place)
                        if failed and self.source:  # and the ordinary way did not
                            self._give_up(failed, epoch, place)
                    losses.append(len(batch) / n * found[0])
                    scores.append(found[1])
            except BaseException:
                self.give_back()
                raise
        return math.fsum(losses), self._figures(scores, data, order)

    def _step(
        self, flat: Flat | None, data: Table, batch: Any
    ) -> tuple[Any, Exception | None]:
        """Return loss and scores of a step on arrays, if it was taken; or the error."""
        try:
            return flat and flat.step(data, batch), None
        except ArithmeticError:
            return None, None  # the ordinary step says so
        except Exception as error:  # noqa: BLE001 - the ordinary step tells
            return None, error

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
        failed: Exception | None = None
        if self.source is not None:
            import numpy as np

            try:
                w = np.array([p.data for p in self.params])
                loss, scores = self.source.loss(data, w)
                if math.isfinite(loss):
                    return loss, self._figures([scores], data, order)
            except Exception as error:  # noqa: BLE001 - the eager path tells
                failed = error
        with no_grad():
            loss, scores = self._pass(data, order, epoch, "validation", learn=False)
        if failed:
            self._give_up(failed, epoch, "validation")
        return loss, self._figures([scores], data, order)

    def _figures(
        self, scores: list[Any], data: Table, order: Sequence[int]
    ) -> dict[str, float]:
        """Return what the metrics say to the scores of all batches."""
        if not self.metrics:
            return {}
        targets = [data.targets[k] for k in order]
        if self.is_open():
            self.give_back()
        metrics = [(getattr(m, "__name__", None) or repr(m), m) for m in self.metrics]
        if self.metrics == (accuracy,) and hasattr(scores[0], "dtype"):
            from nn.training.flat import share_of_right

            return {"accuracy": share_of_right(scores, targets)}
        lists: list[Any] = []
        for part in scores:
            lists += part.tolist() if hasattr(part, "tolist") else plain_numbers(part)
        return {name: float(metric(lists, targets)) for name, metric in metrics}

    def _pass(
        self,
        data: Table,
        batch: Sequence[int],
        epoch: int,
        place: str,
        *,
        learn: bool = True,
    ) -> tuple[float, Any]:
        """Return the loss and the scores of some rows, having learnt from them."""
        part = data.take(batch)
        try:
            loss, predictions = self._forward(part)
            number = _finite(loss)
            if learn:
                self.good = [p.data for p in self.params]
                number = self._learn(loss)
                if isinstance(self.optimizer, LBFGS):
                    self.optimizer.step(lambda: self._learn(self._forward(part)[0]))
                else:
                    self.optimizer.step()
        except Exception as error:
            for p, good in zip(self.params, self.good, strict=True):
                p.data = good
            if isinstance(error, ArithmeticError):
                message = MSG_DIVERGED.format(epoch=epoch, batch=place, why=error)
                raise FloatingPointError(message) from error
            error.add_note(f"This was in epoch {epoch}, {place}, of nn.fit.")
            raise
        return number, predictions

    def _forward(self, part: Table) -> tuple[Any, list[Any]]:
        """Return the loss of some rows as a node, and the predictions."""
        predictions = [self.model(row) for row in part.rows]
        return eager_loss(self.loss, predictions, part), predictions

    def _learn(self, loss: Any) -> float:
        """Set the gradients of a loss, with the penalty; return the whole loss."""
        for p in self.params:
            p.grad = 0.0
        for factor, penalty in zip(self.penalty, (l2, l1), strict=True):
            if factor:
                loss = loss + factor * penalty(self.optimizer.params)
        loss.backward()
        if self.clip != (math.inf, math.inf):
            clip_gradients(self.optimizer.params, *self.clip)
        return _finite(loss)


def _finite(loss: Any) -> float:
    number: float = loss.data
    if not math.isfinite(number):
        message = f"the loss is {number}"
        raise FloatingPointError(message)
    return number
