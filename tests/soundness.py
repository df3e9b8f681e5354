"""What tests of compiled code's soundness share: the ways, and how results compare.

The oracle of a compiled way is the same thing uncompiled: the function on floats, or
the engine's own derivative. Both give the same number, or raise the same error.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

from autograd import Value, grad, hessian, jit, lift, value_and_grad, vmap

CLOSE = 1e-9


def numbers(result):
    """Return the numbers of a result in a list."""
    if isinstance(result, (list, tuple)):
        return [x for item in result for x in numbers(item)]
    if isinstance(result, dict):
        return [x for item in result.values() for x in numbers(item)]
    if isinstance(result, np.ndarray):
        return [x for item in result.ravel().tolist() for x in numbers(item)]
    return [result.data if isinstance(result, Value) else float(result)]


def outcome(function, *args):
    """Return the numbers of a call, or the type of what it raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, where floats overflow
            return numbers(function(*args))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        return type(error)


def alike(found, expected):
    """Return whether two outcomes are the same, but for rounding."""
    if isinstance(found, type) or isinstance(expected, type):
        return found is expected
    return len(found) == len(expected) and all(map(_close, found, expected))


def _close(x, y):
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y or math.isclose(x, y, rel_tol=CLOSE, abs_tol=1e-12)


def lifted(f):
    """Return what takes Values as f takes floats: what is compiled is lifted first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what has no source
        return lift(f)


WAYS = {
    "jit": (jit, lambda f: f),
    "jit of grad": (lambda f: jit(grad(f)), lambda f: grad(lifted(f))),
    "grad of jit": (lambda f: grad(jit(f)), lambda f: grad(lifted(f))),
    "jit of value_and_grad": (
        lambda f: jit(value_and_grad(f)),
        lambda f: value_and_grad(lifted(f)),
    ),
    "jit of hessian": (lambda f: jit(hessian(f)), lambda f: hessian(lifted(f))),
}


def wrong_calls(f, points, ways=WAYS):
    """Return the calls of f, compiled in each way, that are not what they should be."""
    found = []
    for way, (compiling, plain) in ways.items():
        expected = plain(f)
        for order in (points, points[::-1]):
            compiled = compiling(f)
            for x in [*order, order[0]]:
                got, right = outcome(compiled, x), outcome(expected, x)
                if not alike(got, right):
                    found.append((way, x, got, right))
    return found


def wrong_rows(f, points):
    """Return the batches of f and its gradient that are not what the rows should be."""
    found = []
    for name, function in (("vmap", f), ("vmap of grad", grad(lifted(f)))):
        right = {x: outcome(function, x) for x in points}
        rows = [x for x in points if not isinstance(right[x], type)]
        for order in (rows, rows[::-1]):
            if not order:
                continue
            got = outcome(vmap(function), np.array(order))
            expected = [y for x in order for y in right[x]]
            if not alike(got, expected):
                found.append((name, order, got, expected))
    return found
