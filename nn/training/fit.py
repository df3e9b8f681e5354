"""fit: train a model on rows of numbers until it has converged.

Everything that can be wrong with the arguments is found before the first step: rows and
targets are looked through (`nn.training.data`), and the loss is tried on predictions of
the form that the model gives. What goes wrong later, a loss or a step that is not
finite, stops the training and leaves the model with the parameters of the last good
step: the latest at which a loss was finite.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd import Value, no_grad
from nn.initializers import generator
from nn.losses import (
    accuracy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
)
from nn.optim import Adam, Optimizer
from nn.training.data import Table, read_table
from nn.training.fingerprint import fingerprint
from nn.training.path import Plan
from nn.training.trainer import Loss, Metric, Model, Trainer

if TYPE_CHECKING:
    from random import Random


CLASSIFYING = (binary_cross_entropy_with_logits, cross_entropy, hinge_loss)

MSG_LOSS_TYPE = (
    "the loss returned {got!r}. It must return a Value computed from the predictions: "
    "with a plain number, taken by .data perhaps, nothing can be learnt"
)
MSG_NO_TQDM = (
    "fit shows no progress bar, since tqdm is not installed: write pip install tqdm, "
    "or progress=False"
)
MSG_FUNCTION = (
    "the {what} of fit is a function of a list of predictions and a list of targets, "
    "like nn.{example}, not {got!r}"
)
MSG_MODEL = (
    "fit trains a model, something with parameters() that is called with a row, like "
    "nn.MLP, not {got!r}"
)
MSG_OPTIMIZER = (
    "the optimizer of fit is one like SGD(model.parameters(), lr=0.1), not {got!r}"
)
MSG_VALIDATION = "validation is a pair, (rows, targets), not {got!r}"
MSG_TOLERANCE = "the tolerance is a share from 0 to less than 1, not {got!r}"
MSG_COMPILED = "compiled is True, False or None, not {got!r}"
MSG_EACH = "each_epoch is called with the history, so it is a function, not {got!r}"
MSG_COUNT = "{what} is a positive int{other}, not {got!r}"


@dataclass
class History:
    """What happened during `fit`.

    Attributes:
        losses: the mean loss of each epoch, over its batches as they were trained on.
        accuracy: the metric of each epoch; empty where there is none.
        validation_losses: the loss on the validation data after each epoch, if given.
        validation_accuracy: the metric on them.
        epochs: how many epochs there were.
        stopped_because: "converged", or "epochs" if all of them were used up.
        seconds: how long they took, with what was compiled for them.
        path: "compiled", or "eager".
        why_eager: if it was eager, from the beginning or later on, why.

    """

    losses: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_losses: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    epochs: int = 0
    stopped_because: str = "epochs"
    seconds: float = 0.0
    path: str = "eager"
    why_eager: str = ""

    def latest(self) -> dict[str, float]:
        """Return the last epoch's figures by name."""
        figures = {
            "loss": self.losses,
            "accuracy": self.accuracy,
            "validation_loss": self.validation_losses,
            "validation_accuracy": self.validation_accuracy,
        }
        return {name: numbers[-1] for name, numbers in figures.items() if numbers}

    def __repr__(self) -> str:
        words = [f"epochs={self.epochs}", f"stopped_because={self.stopped_because!r}"]
        words += [f"{name}={number:.4g}" for name, number in self.latest().items()]
        words += [f"seconds={self.seconds:.2f}", f"path={self.path!r}"]
        if 0 < len(self.why_eager) <= 60:
            words.append(f"why_eager={self.why_eager!r}")
        return f"History({', '.join(words)})"


def fit(
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
    validation: tuple[Iterable[Any], Iterable[Any]] | None = None,
    metric: Metric | None = None,
    progress: bool = True,
    compiled: bool | None = None,
    each_epoch: Callable[[History], object] | None = None,
) -> History:
    """Train ``model`` on mini-batches until its loss no longer falls.

    Batches are computed by machine code where that pays, with the same numbers as
    eagerly but for rounding. It can be done for the losses of nn, rows of one form and
    a model that is a function of its row, and needs NumPy and llvmlite. It pays if
    computing all epochs eagerly takes longer than compiling, some tenths of a second:
    as a rule from 30 to 100 million rows x epochs x operands of a row's nodes on, and
    a twentieth of that where the engine itself is not compiled. What else the model
    does, like printing, happens while it is recorded only. The history says which path
    was taken, and why.

    Args:
        model: is called with one row at a time.
        X: n rows: lists or an array. An int stays an int, so that it may be an index.
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
        validation: rows and targets that are not trained on.
        metric: as the loss, but returns a float; None for `nn.accuracy` where the loss
            is one of those that classify.
        progress: whether to show a bar, for which tqdm is needed.
        compiled: whether to use machine code: None if it can be used and pays, True in
            any case, False never.
        each_epoch: is called with the history so far after each epoch, to look on.

    Raises:
        TypeError, ValueError: if an argument cannot be used: something in X or y is no
            number or not finite, a row has a wrong length, the loss does not take a
            label. Nothing is changed then.
        FloatingPointError: if a loss or a step is not finite, saying where.
        RuntimeError: if ``compiled`` is True and cannot be, saying why.

    >>> from nn import MLP
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]
    >>> model = MLP(2, [8, 1], "tanh", seed=0)
    >>> history = fit(model, X, y, loss=hinge_loss, epochs=500, progress=False)
    >>> history.stopped_because, history.accuracy[-1]
    ('converged', 1.0)

    """
    _check_parts(model, loss, metric, optimizer)
    data = Table(*read_table("X", X, y, model))
    tables = [data]
    if validation:
        tables.append(Table(*read_table("validation X", *_pair(validation), model)))
    _check_settings(epochs, batch_size, patience, compiled, each_epoch)
    rng = generator(seed)
    if metric is None and loss in CLASSIFYING:
        metric = accuracy
    before = None if compiled is False else fingerprint(model)
    for table in tables:
        _try_loss(model, loss, table)
    trainer = Trainer(
        model, loss, metric, optimizer or Adam(model.parameters(), lr=0.01)
    )

    history = History()
    start = time.perf_counter()
    order = list(range(len(data)))
    patient = _Patience(tolerance, patience)
    if compiled is not False:
        plan = Plan(
            model=model,
            loss=loss,
            params=trainer.params,
            tables=tables,
            size=batch_size or len(data),
            epochs=epochs,
            measured=metric is not None,
            steady=fingerprint(model) == before,
        )
        trainer.compile(plan, must=compiled is True)
    bar = _tqdm()(total=epochs, desc="fit", unit="epoch") if progress else _NoBar()
    with bar:
        while history.epochs < epochs:
            history.epochs += 1
            if shuffle:
                rng.shuffle(order)
            figures = trainer.train(data, order, batch_size, history.epochs)
            _note(figures, history.losses, history.accuracy)
            for held_out in tables[1:]:
                figures = trainer.measure(held_out, history.epochs)
                _note(figures, history.validation_losses, history.validation_accuracy)
            bar.update()
            bar.set_postfix(history.latest())
            if each_epoch is not None:
                each_epoch(history)
            if patient.is_over(figures[0]):
                history.stopped_because = "converged"
                break
    history.seconds = time.perf_counter() - start
    history.path = "eager" if trainer.batches is None else "compiled"
    history.why_eager = trainer.why_eager
    return history


class _Patience:
    """Tell from each epoch's loss whether to stop."""

    def __init__(self, tolerance: float, patience: int | None) -> None:
        if not isinstance(tolerance, int | float):
            raise TypeError(MSG_TOLERANCE.format(got=tolerance))
        if not 0.0 <= tolerance < 1.0:
            raise ValueError(MSG_TOLERANCE.format(got=tolerance))
        self.tolerance = tolerance
        self.patience = math.inf if patience is None else patience
        self.best: float | None = None
        self.waited = 0

    def is_over(self, loss: float) -> bool:
        if self.best is None or loss < self.best - self.tolerance * abs(self.best):
            self.best = loss
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience


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


def _try_loss(model: Model, loss: Loss, table: Table) -> None:
    """Find what the loss says to all targets, with one prediction for all of them."""
    # An overflow is reported by the training itself, which knows where it was.
    with no_grad(), suppress(ArithmeticError):
        result = loss([model(table.rows[0])] * len(table), table.targets)
        if not isinstance(result, Value):
            raise TypeError(MSG_LOSS_TYPE.format(got=result))


def _note(
    figures: tuple[float, float | None], losses: list[float], metrics: list[float]
) -> None:
    loss, metric = figures
    losses.append(loss)
    if metric is not None:
        metrics.append(metric)


def _pair(validation: Any) -> tuple[Any, Any]:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise TypeError(MSG_VALIDATION.format(got=validation))
    rows, targets = validation
    return rows, targets


def _check_parts(model: object, loss: object, metric: object, optimizer: Any) -> None:
    """Raise unless these can be called, and have what `fit` asks of them."""
    if not callable(model) or not hasattr(model, "parameters"):
        raise TypeError(MSG_MODEL.format(got=model))
    if not callable(loss):
        raise TypeError(MSG_FUNCTION.format(what="loss", example="mse_loss", got=loss))
    if metric is not None and not callable(metric):
        message = MSG_FUNCTION.format(what="metric", example="accuracy", got=metric)
        raise TypeError(message)
    if optimizer is not None and not (
        hasattr(optimizer, "params") and hasattr(optimizer, "step")
    ):
        raise TypeError(MSG_OPTIMIZER.format(got=optimizer))


def _check_settings(
    epochs: object,
    batch_size: object,
    patience: object,
    compiled: object,
    each_epoch: object,
) -> None:
    _check_count("epochs", epochs)
    if batch_size is not None:
        _check_count("batch_size", batch_size, " or None")
    if patience is not None:
        _check_count("patience", patience, " or None")
    if compiled is not None and not isinstance(compiled, bool):
        raise TypeError(MSG_COMPILED.format(got=compiled))
    if each_epoch is not None and not callable(each_epoch):
        raise TypeError(MSG_EACH.format(got=each_epoch))


def _check_count(what: str, number: object, other: str = "") -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        error = ValueError if isinstance(number, int) else TypeError
        raise error(MSG_COUNT.format(what=what, other=other, got=number))
