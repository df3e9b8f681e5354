"""The loss of a batch as one node, out of machine code, for any model.

A loss is the mean of a formula for each row (`nn.training.by_row`), so `autograd.vmap`
records model and formula at one row, and runs them natively over all rows of a batch. A
batch whose loss is not finite, or which raises, is computed eagerly, so that the error
is the one that the model makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import Value, no_grad, vmap
from autograd.math import sumprod
from nn.losses import cross_entropy
from nn.optim import put
from nn.training.by_row import as_scores, is_among, of_a_row
from nn.training.data import Table, plain_numbers
from nn.training.fingerprint import Watched
from nn.training.job import Job
from nn.training.path import EagerPathError, check_output

WAYS = 16  # to be compiled, before comparisons are taken to differ for every row
CLASSES = 32  # at most, for which one's own loss is asked
EXACT = 2**53  # ints up to here are floats

MSG_ROWS = "the {0} are not numbers, or lists of numbers, of one form"
MSG_WIDE = "the {0} hold ints that no float is equal to"
MSG_UNREAD = (
    "the model holds {0!r}, which cannot be looked into, so a change of it would go "
    "unnoticed"
)
MSG_WAYS = "its comparisons go more than {0} ways"


class Batches:
    """A model's loss and predictions for batches of rows, by machine code.

    Args:
        job: the training, whose tables are made arrays here.

    Raises:
        EagerPathError: if there is no array of them.

    """

    summed = False  # whether the loss is the sum over the rows, and not the mean

    def __init__(self, job: Job) -> None:
        row_loss, labels = row_form(job)

        def loss_of_a_row(watched: Watched, x: Any, t: Any, *weight: Any) -> Any:
            y = row_loss(watched.model(plain(x)), plain(t))
            return weight[0] * y if weight else y

        # What vmap records anew for, if it changes. A model that the functions held
        # would be looked at in every call.
        self.watched = Watched(job.model)
        self.look()
        fill(job, labels, lambda rows: array_of("rows", rows))
        if len({table.arrays[0].shape[1:] for table in job.tables}) > 1:
            raise EagerPathError(MSG_ROWS.format("rows"))
        axes = None, *[0] * len(job.tables[0].arrays)
        self._loss = vmap(loss_of_a_row, axes, reduce="mean")
        self._predict = vmap(prediction, (None, 0))
        self._place = {p: i for i, p in enumerate(job.params)}
        self._places: dict[int, tuple[Any, Any]] = {}

    def look(self) -> bool:
        """Look at the model again, which is recorded anew if it has changed.

        Raises:
            EagerPathError: if it holds what cannot be looked into.

        """
        self.watched.look()
        if self.watched.unread:
            raise EagerPathError(MSG_UNREAD.format(self.watched.unread[0]))
        return True

    def gradient(
        self, table: Table, batch: Any, w: Any, *, scored: bool = True
    ) -> tuple[float, Any, Any]:
        """Return the loss of some rows, its gradient, and their scores if asked for.

        Raises:
            EagerPathError: if there are too many ways to compile.

        """
        arrays = taken(table, batch)
        n = len(arrays[0]) if self.summed else 1
        found = self._loss.with_numbers((self.watched, *arrays), w, self._at)
        if found is None:  # rows that go several ways, which nodes can
            return self._by_nodes(arrays, n, w, scored=scored)
        (loss,), partials, at = found
        g = np.zeros(len(w))
        g[at] = partials[0]
        scores = None
        if scored:
            columns = self._predict.with_numbers((self.watched, arrays[0]), w, self._at)
            scores = (
                self._scores(arrays[0], w) if columns is None else matrix_of(columns)
            )
        return n * float(loss), n * g, scores

    def loss(self, table: Table, w: Any) -> tuple[float, Any]:
        """Return the loss of all rows of a table, and their scores."""
        scores = self._scores(table.arrays[0], w)
        with no_grad():
            loss = self._loss(self.watched, *table.arrays)
        return (len(table) if self.summed else 1) * plain_numbers(loss), scores

    def _by_nodes(
        self, arrays: list[Any], n: int, w: Any, *, scored: bool
    ) -> tuple[float, Any, Any]:
        put(self._place, w.tolist())
        loss = self._loss(self.watched, *arrays)
        if len(self._loss.programs) > WAYS:
            raise EagerPathError(MSG_WAYS.format(WAYS))
        for p in self._place:
            p.grad = 0.0
        loss.backward()
        g = np.array([p.grad for p in self._place])
        scores = self._scores(arrays[0], w) if scored else None
        return n * loss.data, n * g, scores

    def _scores(self, rows: Any, w: Any) -> Any:
        put(self._place, w.tolist())
        with no_grad():
            return matrix_of(self._predict(self.watched, rows))

    def _at(self, values: Sequence[Value]) -> Any:
        """Return which of the parameters some Values are, None if some are none."""
        known = self._places.get(id(values))
        if known is None:
            found = [self._place.get(value) for value in values]
            at = None if None in found else np.array(found, dtype=int)
            known = self._places[id(values)] = values, at  # they live as long as this
        return known[1]


def matrix_of(columns: Any) -> Any:
    """Return an array of a row of scores for each row, from one for each of them."""
    if type(columns) in {list, tuple}:
        return np.stack(list(map(matrix_of, columns)), axis=1)
    numbers = columns.dtype != object
    return columns if numbers else np.array(plain_numbers(columns.tolist()))


def prediction(watched: Watched, x: Any) -> Any:
    """Return what a model says to a row, to be recorded."""
    return watched.model(plain(x))


def plain(x: Any) -> Any:
    """Return what the eager path calls the model with: a number, or lists of them."""
    return x.tolist() if hasattr(x, "shape") else x


def array_of(what: str, rows: Sequence[Any]) -> Any:
    """Return rows as an array of floats.

    Raises:
        EagerPathError: if there is none, or it would hold other numbers.

    """
    array: Any = getattr(rows, "array", None)
    try:
        array = np.array(rows) if array is None else array
    except (TypeError, ValueError) as error:  # lists of several lengths, or Values
        raise EagerPathError(MSG_ROWS.format(what)) from error
    if array.dtype.kind not in "fiub" or array.size == 0:
        raise EagerPathError(MSG_ROWS.format(what))
    if array.dtype.kind in "iu" and not np.all(abs(array) <= EXACT):
        raise EagerPathError(MSG_WIDE.format(what))
    return array.astype(np.float64)


def row_form(job: Job) -> tuple[Callable[[Any, Any], Any], list[int] | None]:
    """Return what a loss is the mean of, and the labels if its targets are classes.

    Then the target of a row is 1.0 at the place of its label and 0.0 at all others,
    since what is recorded once cannot look up.
    """
    loss, tables = job.loss, job.tables
    with no_grad():
        y = job.model(tables[0].rows[0])
    check_output(y)
    row_loss = of_a_row(loss)
    if is_among(loss, [cross_entropy]):
        return row_loss, list(range(len(as_scores(y))))
    labels = {t for table in tables for t in table.targets if type(t) is int}
    first = tables[0].targets[0]
    if type(first) is int and len(labels) <= CLASSES:
        try:
            with no_grad():
                loss([y], [float(first)])
        except (TypeError, IndexError):  # it looks up, so it is asked for each label
            known = sorted(labels)
            return lambda p, t: sumprod([loss([p], [k]) for k in known], t), known
    return row_loss, None


def fill(job: Job, labels: list[int] | None, rows_of: Callable[[Any], Any]) -> None:
    """Make arrays of all tables: rows, targets, and weights if there are any.

    If there are labels, a target is a row with a place for each.
    """
    for table in job.tables:
        rows, targets = rows_of(table.rows), array_of("targets", table.targets)
        if labels is not None:
            targets = (targets[:, None] == np.array(labels)).astype(np.float64)
        weights = [] if table.weights is None else [np.array(table.weights)]
        table.arrays = [rows, targets, *weights]


def taken(table: Table, batch: Any) -> list[Any]:
    """Return some rows of a table's arrays."""
    return [x.take(batch, axis=0) for x in table.arrays]
