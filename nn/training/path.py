"""Which path a training takes, eager or compiled, and why.

Compiled, a batch is matrix products where the model is a chain of nn's own layers
(`nn.training.dense`), and else machine code that runs over its rows
(`nn.training.batches`). What can be neither, or is over before it would be compiled,
stays on the eager path, with a reason that `History.why_eager` keeps.

Nothing is trusted: before the first step loss, gradient and scores of one batch are
computed on both paths, and have to agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

from autograd import COMPILED, Value, no_grad, topological_order
from autograd.math import fsum
from nn.blocks import chain_of
from nn.training.by_row import OF_A_ROW, as_scores
from nn.training.data import Table, plain_numbers
from nn.training.job import Job

# In seconds, on one machine: what a node, an operand and a row cost eagerly, forward
# and backward, and a parameter in each step; for each way of compiling what it costs,
# and each operand in it; what a batch costs, and each parameter in it, and each operand
# of a row; and what each parameter costs at the end of an epoch. No clock decides, so
# that a training repeats to the bit.
EAGER = (2.5e-7, 1.1e-8, 2.5e-6) if COMPILED else (2e-6, 3e-7, 1e-5)
STEPPING = 8e-7
COMPILING = {"products": (0.0012, 7e-7), "code": (0.35, 8e-5)}
RECORDING = 1e-5  # an operand, where loops over cells are compiled once for all steps
CALLING = {"products": (5e-5, 4e-8, 8e-10), "code": (1.2e-4, 5e-8, 1e-9)}
ENDING = 3e-7
LOOPED = 2000  # operands at least of code that is searched for loops

TRIED = 4  # rows at most, of the batch that is computed on both paths
CLOSE = 1e-9  # how near the two paths have to be
ROUNDED = 1e-13  # what rounding leaves of numbers that cancel

MSG_UNSTEADY = (
    "calling the model draws random numbers, or changes it, and a compiled function "
    "is recorded once: only the eager path draws anew"
)
MSG_SMALL = "too little to do: compiling would take longer"
MSG_MISSING = "{0} is not installed: pip install 'scalar-autograd[jit]'"
MSG_OUTPUT = "the model does not return a Value or a flat list of them"
MSG_RAISED = "{0}: {1}"
MSG_INDEX = "; rows of parameters are looked up by ints with nn.Embedding"
MSG_OTHER = "compiled, the {0} of the first batch is another than computed eagerly"
MSG_OWN = (
    "the loss is neither the mean nor the sum of what it says to each row by itself, "
    "so rows cannot be computed apart: write it as nn.mean_of(f)"
)
MSG_MUST = (
    "fit cannot take the compiled path, which compiled=True asks for: {0}. Leave "
    "compiled out, and it takes the eager one"
)


class EagerPathError(Exception):
    """Why the eager path it is."""


def why(error: Exception) -> str:
    """Return the reason that an error is for taking the eager path."""
    if isinstance(error, EagerPathError):
        return str(error)
    reason = MSG_RAISED.format(type(error).__name__, error)
    return reason + MSG_INDEX * (isinstance(error, TypeError) and "indices" in reason)


def eager_loss(loss: Callable[..., Any], predictions: list[Any], table: Table) -> Any:
    """Return the loss of predictions for a table's rows, with their weights."""
    if table.weights is None:
        return loss(predictions, table.targets)
    triples = zip(table.weights, predictions, table.targets, strict=True)
    return fsum([w * loss([p], [t]) for w, p, t in triples]) / len(predictions)


def compiled(job: Job, *, must: bool) -> tuple[Any, str]:
    """Return what computes batches natively; or None, and why not.

    Raises:
        RuntimeError: if it must and cannot.

    """
    try:
        return _source(job, must=must), ""
    except Exception as error:
        if must:
            raise RuntimeError(MSG_MUST.format(why(error))) from error
        return None, why(error)


def _source(job: Job, *, must: bool) -> Any:
    if not job.steady:
        raise EagerPathError(MSG_UNSTEADY)
    way = "code" if chain_of(job.model) is None else "products"
    if not must and not _pays(job, way):
        raise EagerPathError(MSG_SMALL)
    _find("numpy")
    if way == "products":
        from nn.training.dense import Dense

        try:
            return _tried(job, Dense(job))
        except EagerPathError:
            if not must and not _pays(job, "code"):
                raise
    _find("llvmlite")
    from nn.training.batches import Batches

    return _tried(job, Batches(job))


def _pays(job: Job, way: str) -> bool:
    """Return whether all epochs take longer than compiling, by a rough count."""
    nodes, operands, steps = _size_of(job.model, job.tables[0].rows[0])
    n = len(job.tables[0])
    whole, each, inner = CALLING[way]
    row = EAGER[0] * nodes + (EAGER[1] - inner) * operands + EAGER[2]
    batch = whole + (each - STEPPING) * len(job.params)
    epoch = math.ceil(n / job.size) * batch + ENDING * len(job.params)
    saved = job.epochs * (n * row - epoch)
    once, more = COMPILING[way]
    return saved > once + more * operands / steps + RECORDING * operands


def _tried(job: Job, source: Any) -> Any:
    """Compute a batch on both paths, and leave everything as it was."""
    n = min(job.size, len(job.tables[0]), TRIED)
    own = not any(job.loss is known for known in OF_A_ROW)
    kept = [p.grad for p in job.params]
    try:
        for size in {n, max(1, n - 1)} if own else {n}:
            _compare(job, source, list(range(size)), own=own)
    finally:
        for p, gradient in zip(job.params, kept, strict=True):
            p.grad = gradient
    return source


def _compare(job: Job, source: Any, batch: list[int], *, own: bool) -> None:
    part = job.tables[0].take(batch)
    predictions = [job.model(row) for row in part.rows]
    loss = eager_loss(job.loss, predictions, part)
    for p in job.params:
        p.grad = 0.0
    loss.backward()
    scores = plain_numbers([x for y in predictions for x in as_scores(y)])
    right = [[loss.data], [p.grad for p in job.params], scores]
    size = max(map(abs, scores), default=0.0)
    first = _natively(job, source, batch)
    if own and not is_near(first[0], right[0], size):
        if source.summed or not is_near([len(batch) * first[0][0]], right[0], size):
            raise EagerPathError(MSG_OWN)
        source.summed = True
        first = _natively(job, source, batch)
    names = ("loss", "gradient", "predictions")
    for what, ours, theirs in zip(names, first, right, strict=True):
        if not is_near(ours, theirs, size):
            raise EagerPathError(MSG_OTHER.format(what))


def _natively(job: Job, source: Any, batch: list[int]) -> list[list[float]]:
    import numpy as np

    w = np.array([p.data for p in job.params])
    loss, g, scores = source.gradient(job.tables[0], batch, w)
    return [[loss], g.tolist(), scores.ravel().tolist()]


def differs(job: Job, source: Any, k: int) -> bool:
    """Return whether the loss of one row is another now than computed eagerly."""
    part = job.tables[0].take([k])
    try:
        with no_grad():
            loss = eager_loss(job.loss, [job.model(part.rows[0])], part)
    except ArithmeticError:
        return False
    if not math.isfinite(loss.data):
        return False  # the next step says so
    return not is_near(_natively(job, source, [k])[0], [loss.data])


def is_near(ours: list[float], theirs: list[float], size: float = 1.0) -> bool:
    """Return whether numbers are the same, but for rounding."""
    near = CLOSE * max(map(abs, theirs), default=0.0) + ROUNDED * size
    pairs = zip(ours, theirs, strict=True)
    return all(a == b or abs(a - b) <= near for a, b in pairs)


def _find(library: str) -> None:
    try:
        import_module(library)
    except ImportError as error:
        raise EagerPathError(MSG_MISSING.format(library)) from error


def _size_of(model: Any, row: Any) -> tuple[int, int, float]:
    """Return how many nodes the model makes for a row, of how many operands.

    And over how many steps it goes with the same parameters, each needing the one
    before: such a loop is compiled once.
    """
    chain = chain_of(model)
    if chain is not None:
        operands = sum(layer.nout * (layer.nin + 1) for layer in chain)
        return 2 * sum(layer.nout for layer in chain), operands, 1.0
    y = model(row)
    check_output(y)
    nodes = [v for v in topological_order(fsum(as_scores(y))) if v.parents]
    operands = sum(len(v.parents) for v in nodes)
    uses = [x for v in nodes for x in v.parents if not x.parents]
    depth: dict[Value, int] = {}
    for v in nodes:
        depth[v] = 1 + max(depth.get(x, 0) for x in v.parents)
    steps = len(uses) / max(1, len(set(uses)))
    looped = operands >= LOOPED and max(depth.values(), default=0) >= 2 * steps
    return len(nodes), operands, steps if looped else 1.0


def check_output(y: Any) -> None:
    """Raise unless a prediction is a Value or a flat list of them."""
    if not all(type(x) is Value for x in as_scores(y)):
        raise EagerPathError(MSG_OUTPUT)
