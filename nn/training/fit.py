"""fit: train a model on rows of numbers until it has converged.

Everything that can be wrong with the arguments is found before the first step
(`nn.training.job`, `nn.training.data`), and the loss is tried on predictions of
the form that the model gives. What goes wrong later, a loss or a step that is not
finite, stops the training and leaves the model with the parameters of the last good
step: the latest at which a loss was finite.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from nn.checks import count, real
from nn.initializers import generator
from nn.losses import accuracy
from nn.optim import Optimizer
from nn.rules import Adam
from nn.training.by_row import CLASSIFYING, is_among
from nn.training.fingerprint import fingerprint
from nn.training.history import History
from nn.training.job import (
    MSG_EACH,
    MSG_METRICS,
    Job,
    Loss,
    Metric,
    Model,
    bool_or_none,
    check_parts,
    count_or_none,
    functions,
    tables_of,
    try_loss,
)
from nn.training.run import Best, Callback, Run, load_run, set_mode
from nn.training.trainer import Trainer

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
    epochs = count("epochs", epochs)
    batch_size = count_or_none("batch_size", batch_size)
    patience = count_or_none("patience", patience)
    compiled = bool_or_none(compiled)
    callbacks = functions(each_epoch, MSG_EACH)
    tolerance = real("the tolerance", tolerance, 0.0, 1.0)
    longest = math.inf if patience is None else patience
    best = Best(model, tolerance, longest, keeps=restore_best)
    penalty = real("l2", l2), real("l1", l1)
    clip = _bound("clip_norm", clip_norm), _bound("clip_value", clip_value)
    rng = generator(seed)
    weights = sample_weight, class_weight
    tables = tables_of(model, X, y, validation, weights, rng)
    set_mode(model, training=True)
    before = None if compiled is False else fingerprint(model)
    for table in tables:
        try_loss(model, loss, table)
    steady = compiled is not False and fingerprint(model) == before
    optimizer = optimizer or Adam(model.parameters(), lr=0.01)
    if metrics is None and is_among(loss, CLASSIFYING):
        metrics = accuracy
    measured = functions(metrics, MSG_METRICS)
    order = list(range(len(tables[0])))
    how = measured, optimizer, penalty, clip, tables, batch_size or len(order)
    job = Job(model, loss, *how, epochs, steady)
    run = Run(job, Trainer(job), order, rng, best)
    if checkpoint is not None and resume:
        load_run(checkpoint, run)
    if compiled is not False:
        run.trainer.compile(must=compiled is True)
    bar = _tqdm() if progress else None
    with bar(total=epochs, desc="fit", unit="epoch") if bar else nullcontext() as shown:
        run.go(callbacks, shown, checkpoint, shuffle=shuffle)
    if restore_best:
        best.restore()
    return run.history


@cache
def _tqdm() -> Any:
    """Return what makes a progress bar; being cached, complain only once."""
    try:
        bar: Any = import_module("tqdm").tqdm
    except ImportError:
        warnings.warn(MSG_NO_TQDM, stacklevel=3)
        return None
    if sys.platform == "emscripten":  # a browser has no threads
        bar.monitor_interval = 0
    return bar


def _bound(what: str, number: float | None) -> float:
    return math.inf if number is None else real(what, number)
