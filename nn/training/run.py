"""A training that is under way: epoch after epoch, when it is over, how it is resumed.

A checkpoint is all that a training goes on from, in one file of JSON, which writes a
float with the digits that give the same float again; so a run that is resumed goes on
with the same bits.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from nn.module import Module
from nn.optim import put
from nn.saving import read_json, write_json
from nn.training.history import History
from nn.training.job import Job
from nn.training.trainer import Trainer

FORMAT = "scalar-autograd checkpoint"

MSG_NOT_HERE = (
    "{path} is the checkpoint of another training: {what}. Resume with the same model, "
    "optimiser and data, or start a new run without resume=True"
)

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


def save_run(path: str | os.PathLike[str], run: Run) -> None:
    """Write where a training is."""
    optimizer, best = run.job.optimizer, run.best
    rate: Any = optimizer.lr
    content = {
        "format": FORMAT,
        "version": 1,
        "parameters": [p.data for p in run.job.params],
        "optimizer": optimizer.state_dict(),
        "rate": vars(rate) if hasattr(rate, "see") else None,
        "history": dataclasses.asdict(run.history),
        "order": run.order,
        "dice": [*run.rng.getstate()],
        "best": [best.loss, best.waited, best.lowest, best.numbers],
    }
    write_json(path, content)


def load_run(path: str | os.PathLike[str], run: Run) -> None:
    """Go on from where a training was, if there is such a file.

    Raises:
        ValueError: if it is damaged or another's; nothing is changed then.

    """
    if not os.path.exists(path):  # noqa: PTH110 - a path of any kind
        return
    found = read_json(path, FORMAT)
    job, best = run.job, run.best
    rate: Any = job.optimizer.lr
    try:
        numbers = list(map(float, found["parameters"]))
        shown, parts = found["history"], dataclasses.fields(run.history)
        for what, fits in (
            (f"it has {len(numbers)} parameters", len(numbers) == len(job.params)),
            ("its rows are others", sorted(found["order"]) == sorted(run.order)),
            (
                "its history has other parts",
                set(shown) == {part.name for part in parts},
            ),
        ):
            if not fits:
                raise ValueError(MSG_NOT_HERE.format(path=path, what=what))
        version, words, rest = found["dice"]
        Random().setstate((version, tuple(words), rest))  # noqa: S311 - to try it
        loss, waited, lowest, values = found["best"]
        job.optimizer.load_state_dict(found["optimizer"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(MSG_NOT_HERE.format(path=path, what=error)) from error
    put(job.params, numbers)
    run.trainer.good = numbers
    if found.get("rate"):
        vars(rate).update(found["rate"])
    vars(run.history).update(shown)
    run.order[:] = found["order"]
    run.rng.setstate((version, tuple(words), rest))
    best.loss, best.waited, best.lowest, best.numbers = loss, waited, lowest, values
