"""Losses: how wrong predictions are, as one Value to call ``backward()`` on.

Each takes a sequence of predictions, Values or floats, and a sequence of targets, and
returns the mean over the samples. All but `mse_loss` take raw scores (*logits*): what a
model computes before any sigmoid or softmax, since log(sigmoid(z)) loses the small
numbers that softplus and logsumexp keep.

Everything is checked before the first node is made. Sums are n-ary nodes, so a loss
over n samples makes about 2 n nodes.

Settings are given by `functools.partial`:
``fit(..., loss=partial(cross_entropy, label_smoothing=0.1))``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from numbers import Real
from typing import Any

from autograd import Value
from autograd.math import fabs, fsum, logsumexp, minimum, relu, softplus, sumprod
from nn.checks import check_numbers, pairs_of, real, scores_of
from nn.module import Module

Scalar = Value | float

MSG_PARAMETERS = "l2 takes a module, or a sequence of its parameters, not {got!r}"
MSG_ROW = (
    "{loss} takes a row of scores, one for each class, but prediction {i} is {got!r}. "
    "For one score a sample take binary_cross_entropy_with_logits or hinge_loss"
)
MSG_SIGN = (
    "{loss} takes the labels -1 and 1, but target {i} is {got!r}. From labels 0 and 1 "
    "write [2 * y - 1 for y in targets]"
)
MSG_PROBABILITY = (
    "{loss} takes targets between 0 and 1, but target {i} is {got!r}. From labels -1 "
    "and 1 write [(y + 1) / 2 for y in targets]"
)
MSG_CLASS = (
    "{loss} takes ints from 0 to {last} as labels, since there are {n} scores a "
    "sample, but target {i} is {got!r}"
)


def mse_loss(predictions: Iterable[Any], targets: Iterable[Any]) -> Any:
    """Return the mean squared error, the mean of (p - t)**2.

    Args:
        predictions: Values or floats; or rows of them, for several outputs.
        targets: as many of the same form.

    Raises:
        TypeError, ValueError: if the two differ in form or length.

    >>> mse_loss([1.0, 2.0], [1.0, 4.0])
    2.0

    """
    errors = _errors("mse_loss", predictions, targets)
    return sumprod(errors, errors) / len(errors)


def mae_loss(predictions: Iterable[Any], targets: Iterable[Any]) -> Any:
    """Return the mean absolute error, the mean of |p - t|; arguments as `mse_loss`.

    >>> mae_loss([1.0, 2.0], [1.0, 4.0])
    1.0

    """
    errors = _errors("mae_loss", predictions, targets)
    return fsum(map(fabs, errors)) / len(errors)


def huber_loss(
    predictions: Iterable[Any], targets: Iterable[Any], delta: float = 1.0
) -> Any:
    """Return the mean of e**2 / 2 for errors up to delta, and of a line beyond.

    Huber, "Robust estimation of a location parameter", 1964. Arguments as `mse_loss`.

    >>> huber_loss([0.5, 3.0], [0.0, 0.0])
    1.3125

    """
    delta = real("delta", delta)
    errors = _errors("huber_loss", predictions, targets)
    return fsum([bent(e, delta) for e in errors]) / len(errors)


def mean_of(f: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return the loss that is the mean of a function of a prediction and a target.

    >>> loss = mean_of(lambda p, t: (p - t) ** 4)
    >>> loss([1.0, 2.0], [0.0, 0.0])
    8.5

    """
    return partial(mean_by, f=f)


def mean_by(
    predictions: Iterable[Any], targets: Iterable[Any], f: Callable[[Any, Any], Any]
) -> Any:
    """Return the mean of a function of a prediction and a target."""
    ps, ts = pairs_of("the loss", predictions, targets)
    return fsum([f(p, t) for p, t in zip(ps, ts, strict=True)]) / len(ps)


def _errors(loss: str, predictions: Any, targets: Any) -> tuple[Any, ...]:
    """Return p - t for all numbers, of rows too."""
    ps, ts = pairs_of(loss, predictions, targets)
    if any(isinstance(x, list | tuple) for x in (*ps, *ts)):
        rows = [pairs_of(loss, p, t) for p, t in zip(ps, ts, strict=True)]
        ps = [p for row, _ in rows for p in row]
        ts = [t for _, row in rows for t in row]
    check_numbers(loss, "prediction", ps)
    check_numbers(loss, "target", ts)
    return tuple([p - t for p, t in zip(ps, ts, strict=True)])


def bent(e: Any, delta: float = 1.0) -> Any:
    """Return e**2 / 2 of a small error, a line's height of a larger one."""
    size = fabs(e)
    near = minimum(size, delta)
    return near * (size - 0.5 * near)


def binary_cross_entropy_with_logits(
    logits: Iterable[Scalar], targets: Iterable[float]
) -> Any:
    """Return the mean of -t log(sigmoid(z)) - (1 - t) log(sigmoid(-z)).

    Args:
        logits: one z for each sample: the log of the odds that it is of class 1.
        targets: 0 or 1 for each, or a probability between.

    Raises:
        TypeError, ValueError: if the two differ in length, or a target is not between
            0 and 1.

    >>> round(binary_cross_entropy_with_logits([0.0, 1000.0], [1, 0]), 6)
    500.346574

    """
    loss = "binary_cross_entropy_with_logits"
    zs, ts = scores_of(loss, logits, targets)
    for i, t in enumerate(ts):
        if not isinstance(t, Real) or not 0.0 <= float(t) <= 1.0:
            raise ValueError(MSG_PROBABILITY.format(loss=loss, i=i, got=t))
    ts = [float(t) for t in ts]
    # Both terms are positive, so that nothing cancels; one of them is usually absent.
    ones = [(softplus(-z), t) for z, t in zip(zs, ts, strict=True) if t]
    zeros = [(softplus(z), 1.0 - t) for z, t in zip(zs, ts, strict=True) if t != 1.0]
    terms, weights = zip(*ones, *zeros, strict=True)
    return sumprod(terms, weights) / len(zs)


def cross_entropy(
    logits: Iterable[Sequence[Scalar]],
    targets: Iterable[int],
    label_smoothing: float = 0.0,
) -> Any:
    """Return the mean of -log(softmax(row)[t]), for several classes.

    Args:
        logits: a row of scores for each sample, one score a class.
        targets: the class of each sample, an int from 0.
        label_smoothing: the share of each label that is given to all classes alike.
            Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.

    Raises:
        TypeError, ValueError: if the two differ in length, a label is no int or is out
            of range, or the rows differ in length.

    >>> round(cross_entropy([[1.0, 1.0], [0.0, 1000.0]], [0, 1]), 6)
    0.346574

    """
    loss = "cross_entropy"
    rows, ts = pairs_of(loss, logits, targets)
    for i, row in enumerate(rows):
        if not isinstance(row, list | tuple) or len(row) < 2:
            raise TypeError(MSG_ROW.format(loss=loss, i=i, got=row))
    n = len(rows[0])
    smooth = real("label_smoothing", label_smoothing, 0.0, 1.0)
    for i, (row, t) in enumerate(zip(rows, ts, strict=True)):
        if len(row) != n:
            message = f"{loss} got {n} scores in row 0, but {len(row)} in row {i}"
            raise ValueError(message)
        if not hasattr(t, "__index__"):
            raise TypeError(MSG_CLASS.format(loss=loss, last=n - 1, n=n, i=i, got=t))
        if not 0 <= t < n:
            raise ValueError(MSG_CLASS.format(loss=loss, last=n - 1, n=n, i=i, got=t))
    terms = (
        *[logsumexp(row) for row in rows],
        *[row[t] for row, t in zip(rows, ts, strict=True)],
    )
    if smooth:
        m = len(rows)
        terms = (*terms, *[x for row in rows for x in row])
        shares = (smooth - 1.0,) * m + (-smooth / n,) * (m * n)
        return sumprod(terms, (1.0,) * m + shares) / m
    return sumprod(terms, (1.0,) * len(rows) + (-1.0,) * len(rows)) / len(rows)


def hinge_loss(scores: Iterable[Scalar], targets: Iterable[float]) -> Any:
    """Return the mean of max(0, 1 - t z): 0 for all that are right by a margin of 1.

    Args:
        scores: one z for each sample, whose sign is the class.
        targets: -1 or 1 for each.

    Raises:
        TypeError, ValueError: if the two differ in length, or a target is not -1 or 1.

    >>> hinge_loss([2.0, 0.5, 0.5], [1, 1, -1])
    0.6666666666666666

    """
    zs, ts = scores_of("hinge_loss", scores, targets)
    for i, t in enumerate(ts):
        if t not in (-1.0, 1.0):
            raise ValueError(MSG_SIGN.format(loss="hinge_loss", i=i, got=t))
    margins: list[Any] = [1.0 - float(t) * z for z, t in zip(zs, ts, strict=True)]
    # The method is compiled; the function would first ask what it was given.
    terms = [m.relu() if hasattr(m, "relu") else relu(m) for m in margins]
    return fsum(terms) / len(terms)


def l2(parameters: Module | Iterable[Scalar]) -> Any:
    """Return the sum of the squares of all parameters, as one node.

    Args:
        parameters: a module or a sequence of Values.

    >>> l2([Value(3.0), Value(4.0)]).data
    25.0

    """
    values = _values(parameters)
    return sumprod(values, values)


def l1(parameters: Module | Iterable[Scalar]) -> Any:
    """Return the sum of the absolute values of all parameters.

    >>> l1([Value(3.0), Value(-4.0)]).data
    7.0

    """
    return fsum(map(fabs, _values(parameters)))


def _values(parameters: Module | Iterable[Scalar]) -> tuple[Scalar, ...]:
    if isinstance(parameters, Module):
        parameters = parameters.parameters()
    try:
        return tuple(parameters)
    except TypeError:
        raise TypeError(MSG_PARAMETERS.format(got=parameters)) from None


def accuracy(predictions: Iterable[Any], targets: Iterable[Any]) -> float:
    """Return the share of samples whose predicted class is the target.

    Args:
        predictions: a score for each sample, positive for the one class (labels 1) and
            not positive for the other (labels 0 or -1); or a row of scores for each,
            the greatest of which is the class.
        targets: the labels.

    Raises:
        TypeError, ValueError: if the two differ in length.

    >>> accuracy([0.3, -0.2, 0.1], [1, -1, -1]), accuracy([[0.1, 0.9, 0.2]], [1])
    (0.6666666666666666, 1.0)

    """
    ps, ts = pairs_of("accuracy", predictions, targets)
    check_numbers("accuracy", "target", ts)
    right = 0
    for p, t in zip(ps, ts, strict=True):
        if isinstance(p, list | tuple):
            right += max(range(len(p)), key=p.__getitem__) == t
        else:
            check_numbers("accuracy", "prediction", [p])
            right += (p > 0.0) == (t > 0.5)
    return right / len(ps)
