"""A training that is under way: epoch after epoch, and when it is over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from nn.module import Module
from nn.training.checkpoint import save_run
from nn.training.history import History
from nn.training.job import Job
from nn.training.trainer import Trainer

Callback = Callable[[History], object]


@dataclass
class Run:
    """A training that is under way."""

    job: Job
    trainer: Trainer
    order: list[int]
    rng: Random
    best: Best
    history: History = field(default_factory=History)

    def go(
        self, callbacks: Sequence[Callback], bar: Any, checkpoint: Any, *, shuffle: bool
    ) -> None:
        """Go through all epochs, until there is a reason to stop."""
        history, trainer, epochs = self.history, self.trainer, self.job.epochs
        start = time.perf_counter() - history.seconds
        try:
            while history.epochs < epochs and history.stopped_because == "epochs":
                if history.epochs and (callbacks or trainer.is_open()):
                    trainer.look_again(history.epochs + 1)
                self._epoch(shuffle=shuffle)
                history.seconds = time.perf_counter() - start
                if bar is not None:
                    bar.update()
                    bar.set_postfix(history.latest())
                if callbacks or checkpoint is not None:
                    trainer.give_back()
                for callback in callbacks:
                    callback(history)
                if checkpoint is not None:
                    save_run(checkpoint, self)
        except KeyboardInterrupt:
            history.stopped_because = "interrupted"
        finally:
            trainer.give_back()
        history.seconds = time.perf_counter() - start
        history.path = "eager" if trainer.flat is None else "compiled"
        history.why_eager = trainer.why_eager

    def _epoch(self, *, shuffle: bool) -> None:
        """Go once through all rows, and note what came of it."""
        history, trainer = self.history, self.trainer
        if shuffle:
            _shuffle(self.order, self.rng)
        k = history.epochs + 1
        loss, figures = trainer.train(self.order, k)
        history.epochs = k
        history.losses.append(loss)
        _note(history.metrics, figures)
        for table in self.job.tables[1:]:
            set_mode(self.job.model, training=False)
            try:
                loss, figures = trainer.measure(table, k)
            finally:
                set_mode(self.job.model, training=True)
            history.validation_losses.append(loss)
            _note(history.validation_metrics, figures)
        if self.best.keeps:
            trainer.give_back()
        if self.best.is_over(loss):
            history.stopped_because = "converged"
        see = getattr(self.job.optimizer.lr, "see", None)
        if see is not None:
            trainer.give_back()
            see(loss)


@dataclass
class Best:
    """Tell from each epoch's loss whether to stop, and keep the best parameters."""

    model: Any
    tolerance: float
    patience: float
    keeps: bool
    loss: float = math.inf
    waited: int = 0
    lowest: float = math.inf
    numbers: list[float] | None = None

    def is_over(self, loss: float) -> bool:
        """Take note of an epoch's loss; return whether it was one too many."""
        if self.keeps and loss < self.lowest:
            self.lowest = loss
            self.numbers = [p.data for p in self.model.parameters()]
        best = self.loss
        if best == math.inf or loss < best - self.tolerance * abs(best):
            self.loss = loss
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self) -> None:
        """Give the model the parameters of the epoch with the lowest loss."""
        for p, number in zip(self.model.parameters(), self.numbers or (), strict=False):
            p.data = number


def set_mode(model: Any, *, training: bool) -> None:
    """Say to the model whether it is trained, where it has parts that may ask."""
    if isinstance(model, Module) and model.training != training:
        model.train(training)


def _shuffle(order: list[int], rng: Random) -> None:
    """Do what ``rng.shuffle(order)`` does, with the same numbers, in half the time."""
    bits = rng.getrandbits
    for i in range(len(order) - 1, 0, -1):
        width = (i + 1).bit_length()
        k = bits(width)
        while k > i:
            k = bits(width)
        order[i], order[k] = order[k], order[i]


def _note(metrics: dict[str, list[float]], figures: dict[str, float]) -> None:
    for name, figure in figures.items():
        metrics.setdefault(name, []).append(figure)
