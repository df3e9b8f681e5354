"""fit: train a model on rows of numbers until it has converged.

Everything that can be wrong with the arguments is found before the first step
(`nn.training.settings`, `nn.training.data`), and the loss is tried on predictions of
the form that the model gives. What goes wrong later, a loss or a step that is not
finite, stops the training and leaves the model with the parameters of the last good
step: the latest at which a loss was finite.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nn.checks import real
from nn.initializers import generator
from nn.module import Module
from nn.optim import Optimizer
from nn.rules import Adam
from nn.training.checkpoint import load_run, save_run
from nn.training.data import Table
from nn.training.fingerprint import fingerprint
from nn.training.history import History
from nn.training.path import Plan
from nn.training.settings import (
    callbacks_of,
    check_parts,
    check_settings,
    metrics_of,
    tables_of,
    try_loss,
)
from nn.training.trainer import Loss, Metric, Model, Trainer

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

Callback = Callable[[History], object]

MSG_NO_TQDM = (
    "fit shows no progress bar, since tqdm is not installed: write pip install tqdm, "
    "or progress=False"
)


def fit(  # noqa: D417 - l2 and l1, and the bounds, are told of together
    model: Model,
    X: Iterable[Any],  # noqa: N803 - the field's name for rows of inputs
    y: Iterable[Any],
    *,
    loss: Loss,
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: int | Random | None = 0,
    tolerance: float = 1e-4,
    patience: int | None = 10,
    restore_best: bool = False,
    validation: tuple[Iterable[Any], Iterable[Any]] | float | None = None,
    metrics: Metric | Sequence[Metric] | None = None,
    sample_weight: Iterable[float] | None = None,
    class_weight: dict[Any, float] | None = None,
    l2: float = 0.0,
    l1: float = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    compiled: bool | None = None,
    each_epoch: Callback | Sequence[Callback] | None = None,
) -> History:
    """Train ``model`` on mini-batches until its loss no longer falls.

    Batches are compiled where that pays, with the same numbers as eagerly but for
    rounding. Chains of nn's own layers need NumPy for it, other models llvmlite as
    well; they have to be a function of their row. What else the model does, like
    printing, happens while it is recorded only. The history says which path was taken,
    and why.

    Args:
        model: is called with one row at a time.
        X: n rows: lists, an array, a frame. An int stays an int, so that it may be an
            index.
        y: n targets, of the form that the loss takes.
        loss: a function of the lists of a batch's predictions and of its targets.
        optimizer: holds parameters of the model; None for Adam with lr=0.01.
        epochs: how often all rows are gone through, at most.
        batch_size: the number of rows for one step; None for all of them.
        shuffle: whether each epoch takes the rows in a new order.
        seed: that order's; see `nn.initializers.generator`.
        tolerance: an epoch was worth it if its loss, on the validation data where there
            are any, is below the best one by more than this share of that.
        patience: after so many epochs that were not, the training has converged; None
            to go through all epochs.
        restore_best: whether the model ends with the parameters of its best epoch.
        validation: rows and targets that are not trained on, or the share of X and y
            that is held out.
        metrics: functions as the loss, of all predictions of an epoch as floats, each
            made before its step. None for `nn.accuracy` where the loss is one of
            those that classify, [] for none.
        sample_weight: a factor of the loss of each row.
        class_weight: a factor for each label. The loss is the mean over the rows of
            weight * loss, as in Keras; PyTorch divides by the sum of the weights.
        l2, l1: factors of the sums of squares and of absolute values of the optimiser's
            parameters, which are added to the loss that is trained on.
        clip_norm, clip_value: bounds of the gradient, see `nn.clip_gradients`.
        checkpoint: a file that each epoch leaves everything in.
        resume: whether to go on from the checkpoint, if it is there: the run ends with
            the same bits as one that was not interrupted.
        progress: whether to show a bar, for which tqdm is needed.
        compiled: whether to compile: None if it can be done and pays, True in any
            case, False never.
        each_epoch: is called with the history so far after each epoch, to look on, or
            to stop: ``history.stop("good enough")``. Several are called in order.

    Returns:
        The history; after Ctrl-C the history so far, which says so.

    Raises:
        TypeError, ValueError: if an argument cannot be used: something in X or y is no
            number or not finite, a row has a wrong length, the loss does not take a
            label. Nothing is changed then.
        FloatingPointError: if a loss or a step is not finite, saying where.
        RuntimeError: if ``compiled`` is True and cannot be, saying why.

    >>> from nn import MLP, hinge_loss
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]
    >>> model = MLP(2, [8, 1], "tanh", seed=0)
    >>> history = fit(model, X, y, loss=hinge_loss, epochs=500, progress=False)
    >>> history.stopped_because, history.accuracy[-1]
    ('converged', 1.0)

    """
    check_parts(model, loss, optimizer)
    epochs, batch_size, patience = check_settings(
        epochs, batch_size, patience, compiled
    )
    callbacks = callbacks_of(each_epoch)
    tolerance = real("the tolerance", tolerance, 0.0, 1.0)
    best = _Best(model, tolerance, patience, keeps=restore_best)
    penalty = real("l2", l2), real("l1", l1)
    clip = _bound("clip_norm", clip_norm), _bound("clip_value", clip_value)
    rng = generator(seed)
    weights = sample_weight, class_weight
    tables = tables_of(model, X, y, validation, weights, rng)
    _set_mode(model, training=True)
    before = None if compiled is False else fingerprint(model)
    for table in tables:
        try_loss(model, loss, table)
    steady = compiled is not False and fingerprint(model) == before
    optimizer = optimizer or Adam(model.parameters(), lr=0.01)
    found = metrics_of(metrics, loss)
    trainer = Trainer(model, loss, found, optimizer, penalty, clip)
    order = list(range(len(tables[0])))
    run = Run(trainer, tables, order, batch_size or len(order), rng, best)
    if checkpoint is not None and resume:
        load_run(checkpoint, run)
    history = run.history
    start = time.perf_counter() - history.seconds
    if compiled is not False:
        params = trainer.params
        plan = Plan(model, loss, params, tables, run.size, epochs, steady)
        trainer.compile(plan, must=compiled is True)
    bar = _tqdm()(total=epochs, desc="fit", unit="epoch") if progress else _NoBar()
    with bar:
        try:
            while history.epochs < epochs and history.stopped_because == "epochs":
                if callbacks and history.epochs:
                    trainer.look_again(history.epochs + 1)
                run.epoch(shuffle=shuffle)
                history.seconds = time.perf_counter() - start
                bar.update()
                bar.set_postfix(history.latest())
                if callbacks or checkpoint is not None:
                    trainer.give_back()
                for callback in callbacks:
                    callback(history)
                if checkpoint is not None:
                    save_run(checkpoint, run)
        except KeyboardInterrupt:
            history.stopped_because = "interrupted"
        finally:
            trainer.give_back()
    if restore_best:
        best.restore()
    history.seconds = time.perf_counter() - start
    history.path = "eager" if trainer.source is None else "compiled"
    history.why_eager = trainer.why_eager
    return history


@dataclass
class Run:
    """A training that is under way."""

    trainer: Trainer
    tables: list[Table]
    order: list[int]
    size: int
    rng: Random
    best: _Best
    history: History = field(default_factory=History)

    def epoch(self, *, shuffle: bool) -> None:
        """Go once through all rows, and note what came of it."""
        history, trainer = self.history, self.trainer
        if shuffle:
            self.rng.shuffle(self.order)
        k = history.epochs + 1
        loss, figures = trainer.train(self.tables[0], self.order, self.size, k)
        history.epochs = k
        history.losses.append(loss)
        _note(history.metrics, figures)
        for table in self.tables[1:]:
            _set_mode(trainer.model, training=False)
            loss, figures = trainer.measure(table, k)
            _set_mode(trainer.model, training=True)
            history.validation_losses.append(loss)
            _note(history.validation_metrics, figures)
        if self.best.keeps:
            trainer.give_back()
        if self.best.is_over(loss):
            history.stopped_because = "converged"
        see = getattr(trainer.optimizer.lr, "see", None)
        if see is not None:
            see(loss)


class _Best:
    """Tell from each epoch's loss whether to stop, and keep the best parameters."""

    def __init__(
        self, model: Any, tolerance: float, patience: int | None, *, keeps: bool
    ) -> None:
        self.model = model
        self.keeps = keeps
        self.tolerance = tolerance
        self.patience = math.inf if patience is None else patience
        self.loss = math.inf
        self.waited = 0
        self.lowest = math.inf
        self.numbers: list[float] | None = None

    def is_over(self, loss: float) -> bool:
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


class _NoBar:
    """What is shown where no progress is."""

    def __enter__(self) -> None:
        """Do nothing, as all below."""

    def __exit__(self, *exception: object) -> None: ...

    def update(self) -> None: ...

    def set_postfix(self, figures: dict[str, float]) -> None: ...


@cache
def _tqdm() -> Callable[..., Any]:
    """Return what makes a progress bar; being cached, complain only once."""
    try:
        bar: Callable[..., Any] = import_module("tqdm").tqdm
    except ImportError:
        warnings.warn(MSG_NO_TQDM, stacklevel=3)
        return lambda **_: _NoBar()
    return bar


def _bound(what: str, number: float | None) -> float:
    return math.inf if number is None else real(what, number)


def _set_mode(model: Any, *, training: bool) -> None:
    """Say to the model whether it is trained, where it has parts that may ask."""
    if isinstance(model, Module) and model.training != training:
        model.train(training)


def _note(metrics: dict[str, list[float]], figures: dict[str, float]) -> None:
    for name, figure in figures.items():
        metrics.setdefault(name, []).append(figure)
