"""Schedules: learning rates as functions of the number of steps taken, which pickle.

Any function of an int is one: ``SGD(params, lr=lambda k: 1.0 - 0.009 * k)``. Those here
are the usual ones. `Plateau` alone looks at more, the loss of each epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from nn.checks import count, real

Schedule = Callable[[int], float]

MSG_DROPS = "the steps at which a rate drops are ints in rising order, not {0!r}"


def constant(rate: float) -> Schedule:
    """Return the schedule that stays as it is.

    >>> constant(0.1)(1000)
    0.1

    """
    return partial(_linear, real("rate", rate), real("rate", rate), 1)


def linear_decay(start: float, end: float, steps: int) -> Schedule:
    """Return a schedule in a straight line from ``start`` to ``end``, then constant.

    >>> [linear_decay(1.0, 0.1, steps=100)(k) for k in (0, 50, 100, 200)]
    [1.0, 0.55, 0.1, 0.1]

    """
    steps = int(real("steps", steps, 1))
    return partial(_linear, real("start", start), real("end", end), steps)


def cosine_decay(start: float, end: float, steps: int) -> Schedule:
    """Return a schedule along half a cosine from ``start`` to ``end``, then constant.

    Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR
    2017, equation 5, without the restarts.

    >>> [round(cosine_decay(1.0, 0.0, steps=4)(k), 3) for k in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]

    """
    steps = int(real("steps", steps, 1))
    return partial(_cosine, real("start", start), real("end", end), steps)


def exponential_decay(start: float, factor: float, every: int = 1) -> Schedule:
    """Return a schedule that multiplies by ``factor`` after ``every`` steps.

    >>> [exponential_decay(1.0, 0.5, every=10)(k) for k in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]

    """
    every = int(real("every", every, 1))
    return partial(_exponential, real("start", start), real("factor", factor), every)


def step_decay(start: float, factor: float, at: Sequence[int]) -> Schedule:
    """Return a schedule that multiplies by ``factor`` at each of some steps.

    >>> [step_decay(1.0, 0.1, at=[10, 20])(k) for k in (9, 10, 19)]
    [1.0, 0.1, 0.1]

    """
    try:
        drops = [count("a step", k) for k in at]
    except TypeError:
        raise TypeError(MSG_DROPS.format(at)) from None
    if drops != sorted(drops):
        raise ValueError(MSG_DROPS.format(at))
    return partial(_step, real("start", start), real("factor", factor), drops)


def warm_up(schedule: float | Schedule, steps: int) -> Schedule:
    """Return a schedule that rises for some steps, before another one begins.

    >>> [warm_up(1.0, steps=4)(k) for k in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]

    """
    if not callable(schedule):
        schedule = constant(schedule)
    return partial(_warm_up, schedule, count("steps", steps))


def one_cycle(
    peak: float, steps: int, rising: float = 0.3, low: float = 0.04, end: float = 4e-6
) -> Schedule:
    """Return a schedule up to ``peak`` along half a cosine, and down along another.

    Smith & Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018.

    Args:
        peak: the highest rate.
        steps: of the whole cycle, after which the rate stays.
        rising: the share of them on the way up.
        low: the first rate, as a share of the peak.
        end: the last rate, as a share of the peak.

    >>> [round(one_cycle(1.0, 10)(k), 2) for k in (0, 3, 10)]
    [0.04, 1.0, 0.0]

    """
    steps = count("steps", steps)
    peak = real("peak", peak)
    up = max(1, round(steps * real("rising", rising, 0.0, 1.0)))
    first, last = peak * real("low", low), peak * real("end", end)
    return partial(_one_cycle, first, peak, last, up, max(1, steps - up))


class Plateau:
    """A schedule that multiplies by ``factor`` when the loss no longer falls.

    Args:
        start: the first rate.
        factor: for each plateau.
        patience: how many epochs in a row may be without progress.
        tolerance: an epoch is progress if its loss is below the best by more than this
            share of it.
        low: the rate does not fall below this one.

    `nn.fit` shows it the loss of each epoch; elsewhere call ``see(loss)``.

    >>> rate = Plateau(1.0, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     rate.see(loss)
    >>> rate(100)
    0.5

    """

    def __init__(
        self,
        start: float,
        factor: float = 0.1,
        patience: int = 10,
        tolerance: float = 1e-4,
        low: float = 0.0,
    ) -> None:
        self.rate = real("start", start)
        self.factor = real("factor", factor, 0.0, 1.0)
        self.patience = count("patience", patience)
        self.tolerance = real("the tolerance", tolerance, 0.0, 1.0)
        self.low = real("low", low)
        self.best = math.inf
        self.waited = 0

    def __call__(self, _steps: int) -> float:
        """Return the rate now."""
        return self.rate

    def see(self, loss: float) -> None:
        """Take note of the loss of an epoch."""
        if self.best == math.inf or loss < self.best - self.tolerance * abs(self.best):
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.rate, self.waited = max(self.low, self.rate * self.factor), 0


def _linear(start: float, end: float, steps: int, k: int) -> float:
    share = min(k / steps, 1.0)
    return (1.0 - share) * start + share * end


def _cosine(start: float, end: float, steps: int, k: int) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * min(k / steps, 1.0)))


def _exponential(start: float, factor: float, every: int, k: int) -> float:
    return float(start * factor ** (k // every))


def _step(start: float, factor: float, drops: list[int], k: int) -> float:
    return float(start * factor ** sum(k >= drop for drop in drops))


def _warm_up(schedule: Schedule, steps: int, k: int) -> float:
    return schedule(0) * (k + 1) / steps if k < steps else schedule(k - steps)


def _one_cycle(
    first: float, peak: float, last: float, up: int, down: int, k: int
) -> float:
    if k < up:
        return _cosine(first, peak, up, k)
    return _cosine(peak, last, down, k - up)
