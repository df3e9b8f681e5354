"""A loss row by row: what it is the mean of, for machine code and for arrays.

A loss takes all predictions of a batch (`nn.losses`). To be computed natively it is
said a second time, of one row that was checked before: `OF_A_ROW`, which is recorded,
and the most usual once more as formulas for arrays, which need not be compiled. Another
one's is the loss of one row, which may turn out wrong. Nothing is trusted: the first
batch is computed by the loss itself as well (`nn.training.path`).

Letters: ``p`` a prediction, ``t`` its target, ``z`` scores, ``y`` outputs, a column for
each row, as ``z``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from autograd.math import fabs, fsum, logsumexp, relu, softplus, sumprod
from nn.losses import (
    bent,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    mae_loss,
    mean_by,
    mse_loss,
)


def _of_errors(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the mean over the outputs of a row of a function of an error."""

    def of_a_row(p: Any, t: Any, **settings: Any) -> Any:
        if not isinstance(p, list | tuple):
            return f(p - t, **settings)
        errors = [f(x - y, **settings) for x, y in zip(p, t, strict=True)]
        return fsum(errors) / len(errors)

    return of_a_row


def _smooth(
    row: Sequence[Any], one_hot: Sequence[Any], label_smoothing: float = 0.0
) -> Any:
    if label_smoothing:
        share = label_smoothing / len(row)
        one_hot = [(1.0 - label_smoothing) * t + share for t in one_hot]
    return logsumexp(row) - sumprod(row, one_hot)


# Each of a prediction and a target; the target of cross_entropy is 1.0 at the place of
# its class and 0.0 at all others, since what is recorded once cannot look up.
OF_A_ROW: dict[Callable[..., Any], Callable[..., Any]] = {
    mse_loss: _of_errors(lambda e: e * e),
    mae_loss: _of_errors(fabs),
    huber_loss: _of_errors(bent),
    mean_by: lambda p, t, f: f(p, t),
    binary_cross_entropy_with_logits: lambda z, t: sumprod(
        (softplus(-z), softplus(z)), (t, 1.0 - t)
    ),
    cross_entropy: _smooth,
    hinge_loss: lambda z, t: relu(1.0 - t * z),
}
CLASSIFYING = (binary_cross_entropy_with_logits, cross_entropy, hinge_loss)


def unwrapped(loss: Any) -> tuple[Any, dict[str, Any]]:
    """Return a loss without the settings that `functools.partial` gave it, and these.

    >>> unwrapped(partial(huber_loss, delta=0.5)) == (huber_loss, {"delta": 0.5})
    True

    """
    settings: dict[str, Any] = {}
    while isinstance(loss, partial) and not loss.args:
        loss, settings = loss.func, loss.keywords | settings
    return loss, settings


def is_among(loss: Any, losses: Iterable[Any]) -> bool:
    """Return whether a loss, whatever its settings, is one of some, by identity."""
    return any(unwrapped(loss)[0] is known for known in losses)


def of_a_row(loss: Any) -> Callable[[Any, Any], Any]:
    """Return what a loss is the mean of."""
    plain, settings = unwrapped(loss)
    known = [f for own, f in OF_A_ROW.items() if own is plain]
    return partial(known[0], **settings) if known else lambda p, t: loss([p], [t])


def as_scores(y: Any) -> Sequence[Any]:
    """Return the scores of one prediction."""
    return y if type(y) in {list, tuple} else [y]


def on_arrays(loss: Any, *, single: bool) -> Callable[..., Any] | None:
    """Return what makes of scores and targets each row's loss, and its derivatives.

    None if there is no formula for it. ``single`` is whether there is one score a row.
    """
    if loss is binary_cross_entropy_with_logits:
        return _binary if single else None
    formulas = (mse_loss, _squares), (cross_entropy, _categorical)
    return next((formula for known, formula in formulas if loss is known), None)


def _squares(y: Any, t: Any) -> tuple[Any, Any]:
    """Return the mean squares of rows of errors, and their derivatives."""
    e = y - t.reshape(y.T.shape).T
    return (e * e).mean(axis=0), e * (2.0 / len(y))


def _binary(z: Any, t: Any) -> tuple[Any, Any]:
    """Return the cross-entropies of logits, and their derivatives."""
    import numpy as np

    t = t.reshape(z.shape)
    e = np.exp(-np.abs(z))
    losses = np.maximum(z, 0.0) - t * z + np.log1p(e)
    return losses[0], np.where(z >= 0.0, 1.0, e) / (1.0 + e) - t


def _categorical(z: Any, t: Any) -> tuple[Any, Any]:
    """Return the cross-entropies of rows of scores, and their derivatives."""
    import numpy as np

    z = z - z.max(axis=0)
    e = np.exp(z)
    total = e.sum(axis=0)
    return np.log(total) - (z * t.T).sum(axis=0), e / total - t.T
