"""An epoch on arrays: what is many Values to everybody else, while nobody looks.

A compiled batch takes microseconds; reading a number from each parameter, adding to its
gradient and changing it takes as many for every twenty of them. So between the first
and the last batch of an epoch parameters, gradients and the optimiser's state are NumPy
arrays, and the Values get their numbers back at its end, or before anyone looks at
them: an optimiser that does not follow a rule, or a schedule that can reach the model.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import numpy as np

from autograd import Value
from autograd.contents import values_in
from nn.optim import Optimizer
from nn.rules import LBFGS
from nn.training.job import Job


def follows_rule(optimizer: Any) -> bool:
    """Return whether a step is the optimiser's rule, which arrays follow as well.

    A rule is the same for floats and for arrays, and this is tried out.
    """
    own = ("step", "_propose", "propose_arrays")
    if any(getattr(type(optimizer), f) is not getattr(Optimizer, f) for f in own):
        return False
    return all(_is_of_arrays(member) for _, member in optimizer._members())  # noqa: SLF001 - its own kind


def _is_of_arrays(optimizer: Optimizer) -> bool:
    """Return whether a rule does the same with arrays as with each of their floats."""
    x, g = [0.5, -1.25, 3.0], [0.125, 0.0, -2.5]
    columns = [[0.5, 0.25, 1.5]] * optimizer._columns()  # noqa: SLF001 - as above
    try:
        one = optimizer._rule(0.125, math.sqrt)  # noqa: SLF001 - as above
        all_of_them = optimizer._rule(0.125, np.sqrt)  # noqa: SLF001 - as above
        right = [tuple(map(float, ys)) for ys in map(one, x, g, *columns)]
        found = all_of_them(*map(np.array, (x, g, *columns)))
        arrays = [np.broadcast_to(ys, len(x)).tolist() for ys in found]
    except Exception:  # noqa: BLE001 - whatever a rule of floats raises on arrays
        return False
    return right == list(zip(*arrays, strict=True))


def reaches(function: Any, params: Sequence[Value]) -> bool:
    """Return whether a function can look at parameters, by what it holds."""
    if not callable(function):
        return False
    own = set(map(id, params))
    return any(id(value) in own for value in values_in(function))


def share_of_right(scores: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return what `nn.accuracy` does, of arrays of scores."""
    found, right = np.concatenate(scores), np.array(targets)
    if found.ndim == 1:
        return float(((found > 0.0) == (right > 0.5)).mean())
    return float((found.argmax(axis=1) == right).mean())


@cache
def _alone() -> Callable[[], Any]:
    """Return what keeps BLAS to one thread: its batches are too small to be shared."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return nullcontext
    return partial(ThreadpoolController().limit, limits=1, user_api="blas")


class Flat:
    """Parameters and an optimiser's state as arrays.

    Args:
        job: the training.
        source: computes losses and gradients: `Dense` or `Batches`.

    Attributes:
        good: the parameters at which a loss was finite last.
        loaded: whether the numbers are here, and those of the Values may be older.
        alone: makes a context in which BLAS has one thread.

    """

    def __init__(self, job: Job, source: Any) -> None:
        self.job = job
        self.optimizer: Any = job.optimizer
        self.source = source
        self.scored = bool(job.metrics)
        self.alone = _alone()
        self._bent = any(job.penalty) or job.clip != (math.inf, math.inf)
        self.loaded = False
        self._look()
        self._held: Any = slice(None)
        held = self.optimizer.params
        if len(job.params) != len(held) or not all(map(operator.is_, job.params, held)):
            place = {id(p): i for i, p in enumerate(job.params)}
            self._held = np.array([place[id(p)] for p in held], dtype=int)

    def _look(self) -> None:
        self.by_rule = follows_rule(self.optimizer)
        self.watched = not self.by_rule or reaches(self.optimizer.lr, self.job.params)

    def load(self, good: Any) -> None:
        """Take the numbers from the Values."""
        if not self.loaded:
            self._look()
        self._w = np.array([p.data for p in self.job.params])
        self._g = np.zeros(len(self._w))
        self._state = tuple(map(np.array, self.optimizer._state))  # noqa: SLF001 - as its own
        self.good = np.array(good)
        self._moved = False
        self.loaded = True

    def store(self) -> None:
        """Give the numbers back, if there are new ones."""
        if not self._moved:
            return
        for p, number, slope in zip(
            self.job.params, self._w.tolist(), self._g.tolist(), strict=True
        ):
            p.data = number
            p.grad = slope
        if self.by_rule:
            self.optimizer._state = tuple(s.tolist() for s in self._state)  # noqa: SLF001 - as its own
        self._moved = False

    def step(self, table: Any, batch: Any, good: Any) -> tuple[float, Any] | None:
        """Learn from a batch; return its loss, and its scores.

        It is None, and nothing is changed, where something is not as usual. ``good`` is
        what `good` begins with, if the numbers are not here.
        """
        if not self.loaded:
            self.load(good)
        with np.errstate(all="ignore"):  # what is not finite is looked for
            if self.watched and not self.source.look():
                return None
            loss, g, scores = self._gradient(table, batch, self._w, scored=self.scored)
            if not math.isfinite(loss):
                return None
            if self.watched:
                self._moved, self._g = True, g
                self.good = self._w
                self.store()
                self._step_aloud(table, batch)
                self.load(self.good)
                return loss, scores
            found, state = self.optimizer.propose_arrays(
                self._w[self._held], g[self._held], self._state
            )
            w = found
            if len(found) < len(self._w):
                w = self._w.copy()
                w[self._held] = found
            # What overflows is not finite either, and the ordinary step says which.
            if not all(math.isfinite(x @ x) for x in (w, *state)):
                return None
        self.good, self._w, self._g, self._state = self._w, w, g, state
        self.optimizer.steps += 1
        self._moved = True
        return loss, scores

    def loss(self, table: Any) -> tuple[float, Any] | None:
        """Return the loss of all rows of a table and their scores, or None likewise."""
        w = np.array([p.data for p in self.job.params])
        loss, scores = self.source.loss(table, w)
        return (loss, scores) if math.isfinite(loss) else None

    def _step_aloud(self, table: Any, batch: Any) -> None:
        """Have the optimiser step on the Values, as it does for everybody."""

        def closure() -> float:
            w = np.array([p.data for p in self.job.params])
            loss, g, _ = self._gradient(table, batch, w, scored=False)
            if not math.isfinite(loss):
                raise FloatingPointError
            for p, slope in zip(self.job.params, g.tolist(), strict=True):
                p.grad = slope
            return loss

        self.optimizer.step(*[closure] * isinstance(self.optimizer, LBFGS))

    def _gradient(
        self, table: Any, batch: Any, w: Any, *, scored: bool
    ) -> tuple[float, Any, Any]:
        """Return loss, gradient and scores, with the penalty, the gradient clipped."""
        loss, g, scores = self.source.gradient(table, batch, w, scored=scored)
        if not self._bent:
            return loss, g, scores
        l2, l1 = self.job.penalty
        x, slopes = w[self._held], g[self._held]
        if l2:
            loss, slopes = loss + l2 * float(x @ x), slopes + 2.0 * l2 * x
        if l1:
            loss, slopes = loss + l1 * float(abs(x).sum()), slopes + l1 * np.sign(x)
        norm, bound = self.job.clip
        if bound < math.inf:
            slopes = slopes.clip(-bound, bound)
        if norm < math.inf:
            size = math.sqrt(float(slopes @ slopes))
            slopes = slopes * (norm / size) if size > norm else slopes
        g[self._held] = slopes
        return loss, g, scores
