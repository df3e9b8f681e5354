"""A batch as matrix products: how chains of nn's own layers are compiled.

For all rows of a batch the sums of a layer are one product of two matrices, of the
layer's weights with their biases, and of the rows, one a column, above a row of ones:
BLAS computes it many times faster than row by row. A layer's weights lie in the array
of all parameters as they stand in ``parameters()``, neuron by neuron, so the matrix is
a view of it; and what a layer returns is written where the next one reads it, above
the ones, so nothing is moved.

What an activation and a loss do to each number, and their derivatives, come out of
machine code (`autograd.vmap`); the most usual have a formula for arrays. Nothing is
trusted: the first batch is computed eagerly as well (`nn.training.path`).

Letters: ``x`` rows with a 1 at their ends, ``a`` the inputs of a layer above ones,
``y`` its sums and then its outputs, ``d`` the derivative of the loss by one of them,
``w`` all parameters.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, value_and_grad, vmap
from autograd import math as functions
from nn.activations import OTHERS, activation_function
from nn.blocks import chain_of
from nn.training.batches import array_of, fill, plain, row_form, taken
from nn.training.by_row import on_arrays
from nn.training.data import Table
from nn.training.fingerprint import Watched
from nn.training.job import Job
from nn.training.path import EagerPathError

MSG_CHAIN = "the model is no chain of nn's own layers"
MSG_FORM = "the rows are not lists of numbers of one length"


class Chain:
    """A chain of layers on arrays.

    Args:
        model: an MLP, a Sequential, a Layer.
        params: all parameters, in the order of the arrays that it is called with.

    Raises:
        EagerPathError: if the model is no such chain.

    """

    def __init__(self, model: Any, params: Sequence[Value]) -> None:
        self.watched = Watched(model)
        chain = chain_of(model)
        if chain is None:
            raise EagerPathError(MSG_CHAIN)
        self.layers: list[_Sums] = []
        held: list[Value] = []
        for layer in chain:
            rows = [neuron._row for neuron in layer.neurons]  # noqa: SLF001 - as nn's own
            kinds = {(neuron.activation, len(neuron._row)) for neuron in layer.neurons}  # noqa: SLF001 - as above
            if len(kinds) > 1:
                raise EagerPathError(MSG_CHAIN)
            start = len(held)
            held += [p for row in rows for p in row]
            part, shape = slice(start, len(held)), (len(rows), len(rows[0]))
            activate = _activation(kinds.pop()[0])
            self.layers.append(_Sums(layer.nin, part, shape, activate))
        self.outputs = chain[-1].nout
        self.at = _places(held, params)

    def rows(self, rows: Sequence[Any]) -> Any:
        """Return rows as a matrix with a column of ones."""
        found = array_of("rows", rows)
        found = found[:, None] if found.ndim == 1 else found
        if found.ndim != 2 or found.shape[1] != self.layers[0].nin:
            raise EagerPathError(MSG_FORM)
        return np.concatenate([found, np.ones((len(found), 1))], axis=1)

    def predict(self, rows: Sequence[Any], w: Any) -> Any:
        """Return the scores of rows."""
        return self.scores(self.forward(self.rows(rows), w))

    def forward(self, x: Any, w: Any, steps: list[Any] | None = None) -> Any:
        """Return the last outputs, a column for each row; note the steps to learn."""
        w = w if self.at is None else w[self.at]
        a = x.T
        for layer in self.layers:
            matrix = layer.matrix(w)
            room = np.empty((len(matrix) + 1, len(x)))
            room[-1] = 1.0
            y = np.matmul(matrix, a[: matrix.shape[1]], out=room[:-1])
            slope = layer.activate and layer.activate(y, steps is not None)
            if steps is not None:
                steps.append((layer, a, matrix, slope))
            a = room
        return y

    def scores(self, y: Any) -> Any:
        """Return the last outputs as a model gives them: of one neuron, a number."""
        return y[0] if self.outputs == 1 else y.T


class Dense(Chain):
    """The loss of batches of a chain, and its gradient.

    Args:
        job: the training, whose tables are made arrays here.

    Raises:
        EagerPathError: if the model is no chain, or the rows are no matrix.

    """

    summed = False  # whether the loss is the sum over the rows, and not the mean

    def __init__(self, job: Job) -> None:
        super().__init__(job.model, job.params)
        row_loss, labels = row_form(job)
        single = self.outputs == 1
        formula = on_arrays(job.loss, single=single)
        self.of_losses = formula or _losses(row_loss, single=single)
        fill(job, labels, self.rows)

    def look(self) -> bool:
        """Return whether the model is what it was."""
        return self.watched.stays()

    def gradient(
        self, table: Table, batch: Any, w: Any, *, scored: bool = True
    ) -> tuple[float, Any, Any]:
        """Return the loss of some rows, its gradient, and their scores."""
        del scored  # they are there anyway
        x, targets, *weights = taken(table, batch)
        n = 1 if self.summed else len(x)
        steps: list[Any] = []
        y = self.forward(x, w, steps)
        losses, d = self.of_losses(y, targets)
        for weight in weights:
            losses, d = losses * weight, d * weight
        d = d / n
        g = np.empty(len(w) if self.at is None else len(self.at))
        for layer, a, matrix, slope in reversed(steps):
            if slope is not None:
                d *= slope
            np.matmul(d, a[: matrix.shape[1]].T, out=layer.matrix(g))
            if layer is not self.layers[0]:
                d = matrix[:, : layer.nin].T @ d
        if self.at is not None:
            of_chain, g = g, np.zeros(len(w))
            np.add.at(g, self.at, of_chain)  # a weight that is shared is there twice
        return float(losses.sum()) / n, g, self.scores(y)

    def loss(self, table: Table, w: Any) -> tuple[float, Any]:
        """Return the loss of all rows of a table, and their scores."""
        x, targets, *weights = table.arrays
        y = self.forward(x, w)
        losses, _ = self.of_losses(y, targets)
        for weight in weights:
            losses = losses * weight
        return float(losses.sum()) / (1 if self.summed else len(x)), self.scores(y)


class _Sums(NamedTuple):
    """A layer as a matrix: a row for each neuron, its weights and its bias."""

    nin: int
    part: slice
    shape: tuple[int, int]
    activate: Callable[[Any, bool], Any] | None

    def matrix(self, w: Any) -> Any:
        """Return the layer's own of the chain's weights, to be looked at or written."""
        return w[self.part].reshape(self.shape)


def _places(held: Sequence[Value], params: Sequence[Value]) -> Any:
    """Return where each of the chain's weights is, None if they are all in order."""
    if len(held) == len(params) and all(map(operator.is_, held, params)):
        return None
    place = {id(p): i for i, p in enumerate(params)}
    if not place.keys() >= set(map(id, held)):
        raise EagerPathError(MSG_CHAIN)
    return np.array([place[id(p)] for p in held])


def _activation(activation: Any) -> Callable[[Any, bool], Any] | None:
    """Return what makes sums the outputs, in place, and returns their slopes if asked.

    None where the outputs are the sums.
    """
    function = activation_function(activation)
    if isinstance(activation, str) and activation not in OTHERS:
        function = getattr(functions, activation)  # which takes floats as well
    if function is None:
        return None

    def relu(y: Any, learn: bool) -> Any:
        np.maximum(y, 0.0, out=y)
        return y > 0.0 if learn else None

    def tanh(y: Any, learn: bool) -> Any:
        np.tanh(y, out=y)
        return 1.0 - y * y if learn else None

    both, alone = vmap(value_and_grad(function)), vmap(function)

    def natively(y: Any, learn: bool) -> Any:
        found, slope = both(y.ravel()) if learn else (alone(y.ravel()), None)
        y[:] = found.reshape(y.shape)
        return slope if slope is None else slope.reshape(y.shape)

    known = {"relu": relu, "tanh": tanh}
    return known.get(activation, natively) if isinstance(activation, str) else natively


def _losses(row_loss: Callable[[Any, Any], Any], *, single: bool) -> Callable[..., Any]:
    """Return what `on_arrays` does, for a loss without a formula."""

    def of_scores(scores: Any, t: Any) -> Any:
        row = plain(scores)
        return row_loss(row[0] if single else row, plain(t))

    both = vmap(value_and_grad(of_scores))

    def natively(y: Any, t: Any) -> tuple[Any, Any]:
        losses, d = both(np.ascontiguousarray(y.T), t)
        return losses, np.asarray(d).reshape(y.T.shape).T

    return natively
