"""Predictions for many rows at once, compiled where that can be done.

A chain of nn's own layers is matrix products; any other model is recorded once for all
rows, if there are enough of them. The first row is computed eagerly as well, and if it
comes out differently, so are all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from autograd import no_grad, vmap
from nn.module import Module
from nn.training.by_row import as_scores
from nn.training.data import plain_numbers, read_rows
from nn.training.fingerprint import Watched, fingerprint
from nn.training.path import EagerPathError, is_near
from nn.training.run import set_mode

FEW = 300  # rows that are sooner computed than compiled for

_compiled: WeakKeyDictionary[Any, tuple[Watched, Any]] = WeakKeyDictionary()


def predict(model: Module, X: Any) -> Any:  # noqa: N803 - as in `fit`
    """Return an array of what a model says to each row; see `Module.predict`."""
    import numpy as np

    rows = read_rows("X", X, model)
    if not rows:
        return np.zeros(0)
    mode = model.training
    set_mode(model, training=False)
    try:
        with no_grad():
            before = fingerprint(model)
            first = plain_numbers(as_scores(model(rows[0])))  # type: ignore[operator]
            if fingerprint(model) == before:
                found = _natively(model, rows)
                if found is not None and is_near(found[0].ravel().tolist(), first):
                    return found
            eager = plain_numbers([as_scores(model(row)) for row in rows])  # type: ignore[operator]
    finally:
        set_mode(model, training=mode)
    found = np.array(eager, dtype=np.float64)
    return found[:, 0] if len(first) == 1 else found


def _natively(model: Any, rows: Sequence[Any]) -> Any:
    """Return the predictions out of products or machine code, None if out of none."""
    import numpy as np

    from nn.training.batches import array_of, matrix_of, prediction
    from nn.training.dense import Chain

    params = model.parameters()
    try:
        w = np.array([p.data for p in params])
        return Chain(model, params).predict(rows, w)
    except EagerPathError:
        if len(rows) < FEW:
            return None
    try:
        import llvmlite  # noqa: F401 - whether it is there

        known = _compiled.get(model)
        if known is None:
            known = _compiled[model] = Watched(model), vmap(prediction, (None, 0))
        watched, function = known
        watched.model = model
        watched.look()
        if watched.unread:
            return None
        return matrix_of(function(watched, array_of("rows", rows)))
    except Exception:  # noqa: BLE001 - the eager path raises what there is
        return None
    finally:
        if model in _compiled:
            _compiled[model][0].model = None  # or it would keep itself alive


def probabilities(scores: Any) -> Any:
    """Return the shares of classes from scores; see `Module.predict_proba`."""
    import numpy as np

    if scores.ndim == 1:
        e = np.exp(-np.abs(scores))
        p = np.where(scores >= 0.0, 1.0, e) / (1.0 + e)
        return np.stack([1.0 - p, p], axis=1)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
