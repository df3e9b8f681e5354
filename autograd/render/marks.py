"""Mark what is wrong with nodes: not finite, dead, saturated.

The words and bounds are those of `diagnose`, which explains them at length. A relu is
*dead* if all relus of its scope are off in this graph, in many samples, or if those of
its whole layer are; else it is only *off* here, which is a relu's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import isfinite

from autograd.diagnosis.layers import FLAT, MANY_SAMPLES, SATURATING, layer_of
from autograd.primitives import TABLE
from autograd.primitives.activations import relu
from autograd.value import Value

NOT_FINITE = "not finite"
STEEP = "slope not finite"
DEAD = "dead"
OFF = "off"
SATURATED = "saturated"

_BOUND = {TABLE[name]: FLAT * steepest for name, steepest in SATURATING.items()}


def dead_scopes(values: Iterable[object]) -> set[str]:
    """Return the scopes whose relus are all off, and not by mere chance."""
    total: Counter[str] = Counter()
    alive: set[str] = set()
    for value in values:
        if type(value) is Value and value.primitive is relu:
            total[value.scope] += 1
            if value.data > 0.0:
                alive.add(value.scope)
    layers = {layer_of(scope) for scope in alive}
    return {
        scope
        for scope, count in total.items()
        if scope not in alive
        and (count >= MANY_SAMPLES or layer_of(scope) not in layers)
    }


def marks_of(value: Value, dead: set[str]) -> tuple[str, ...]:
    """Return what is wrong with a node.

    Args:
        value: the node.
        dead: the scopes whose relus are all off.

    """
    mark = brief_mark(value, dead)
    if not mark and not all(map(isfinite, value.partials)):
        return (STEEP,)
    return (mark,) if mark else ()


def brief_mark(value: Value, dead: set[str]) -> str:
    """Return what is wrong with a node as far as it is told in a moment, or ""."""
    if not (isfinite(value.data) and isfinite(value.grad)):
        return NOT_FINITE
    row = value.primitive
    if row is relu:
        if value.data > 0.0:
            return ""
        return DEAD if value.scope in dead else OFF
    if row in _BOUND and _is_flat(value.partials, _BOUND[row]):
        return SATURATED
    return ""


def _is_flat(partials: Sequence[float], bound: float) -> bool:
    return len(partials) == 1 and abs(partials[0]) < bound
