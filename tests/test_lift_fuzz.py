"""Random sources: Python on floats, lifted, recorded, compiled, and their gradients.

A function out of `sources` runs on floats, and on Values over `autograd.math`: what the
eager engine makes of it is right. Then it runs lifted, on floats and on Values; it is
recorded at some points, and the programs run at all points for which their guards hold;
and some are compiled, single and in batches. All must be the engine's numbers, or raise
what Python raises.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import sources

from autograd import Value, jit, lift, value_and_grad, vmap
from autograd import math as am
from autograd.compiler import trace

BY_DEFAULT = 500
BLOCK = 50
MANY = 20_000
COMPILED = 25  # one in so many is compiled by default
POINTS = [
    (0.7, -1.3), (1.9, 0.4), (-0.6, 2.2), (-2.1, -0.9), (0.31, 0.33), (2.6, 2.7),
    (0.0, 1.0), (1.0, 1.0), (-1.0, 0.5),
]  # fmt: skip
RECORDED = (0, 3, 6)


def outcome(f, *args):
    """Return the numbers that came out, or the type of what was raised."""
    try:
        y = f(*args)
    except (ArithmeticError, ValueError) as error:
        return type(error)
    value, slopes = y if isinstance(y, tuple) else (y, ())
    numbers = [x.data if isinstance(x, Value) else x for x in (value, *slopes)]
    return [float(x) for x in numbers]


def close(found, expected):
    if isinstance(found, type) or isinstance(expected, type):
        return found is expected
    if math.isnan(expected[0]):  # of no number there is no slope
        return math.isnan(found[0])
    largest = max(map(abs, expected))
    return all(
        x == y
        or (math.isnan(x) and math.isnan(y))
        or abs(x - y) <= 1e-9 * (abs(y) + largest)
        for x, y in zip(found, expected, strict=True)
    )


def close_enough(found, expected):
    """Compare without slopes of what is infinite: whoever compiles is eager there."""
    if math.isinf(expected[0]):
        return found[0] == expected[0]
    return close(found, expected)


def same(found, expected):
    if isinstance(found, type) or isinstance(expected, type):
        return found is expected
    return [x.hex() for x in found] == [x.hex() for x in expected]


def differences(seed, *, compiled):
    """Yield what is not as it should be, in words."""
    text = sources.source(seed)
    plain = sources.made(text, math, f"source {seed}")
    eager = value_and_grad(sources.made(text, am, f"eager {seed}"), (0, 1))
    right = [outcome(eager, *p) for p in POINTS]
    yield from lifted_differences(plain, right)
    for i in RECORDED:
        yield from recorded_differences(plain, right, i)
    if compiled:
        yield from compiled_differences(plain, right)


def lifted_differences(plain, right):
    lifted = lift(plain)
    for p, z in zip(POINTS, right, strict=True):
        y = outcome(plain, *p)
        if not same(outcome(lifted, *p), y):
            yield f"lifted at {p}: {outcome(lifted, *p)}, not {y}"
        found = outcome(value_and_grad(lifted, (0, 1)), *p)
        if not close(found, z):
            yield f"gradient of lifted at {p}: {found}, not {z}"


def recorded_differences(plain, right, i):
    smooth = [k for k, y in enumerate(right) if not isinstance(y, type)]
    at = POINTS[i]
    try:
        program = trace(value_and_grad(plain, (0, 1)), *at)
    except RuntimeError:  # it runs eagerly
        return
    except (ArithmeticError, ValueError, TypeError) as error:
        if i in smooth:
            yield f"recorded at {at}: {error!r}"
        return
    for k in smooth:
        try:
            results = program.run(list(POINTS[k]))
        except (ArithmeticError, ValueError) as error:
            if k == i:
                yield f"recorded at {at}, there: {error!r}"
            continue
        if program.holds(results):
            found = [results[place] for place in program.outputs]
            if not close_enough(found, right[k]):
                yield f"recorded at {at}, at {POINTS[k]}: {found}, not {right[k]}"
        elif k == i:
            yield f"recorded at {at}: its guards do not hold there"


def compiled_differences(plain, right):
    g = jit(value_and_grad(plain, (0, 1)))
    for p, z in zip(POINTS, right, strict=True):
        found = outcome(g, *p)
        if not close(found, z):
            yield f"compiled, at {p}: {found}, not {z}"
    good = [p for p, z in zip(POINTS, right, strict=True) if not isinstance(z, type)]
    if len(good) < 2:
        return
    columns = [np.array(column) for column in zip(*good, strict=True)]
    rows = vmap(value_and_grad(plain, (0, 1)))(*columns)
    for i, p in enumerate(good):
        found = [float(x[i]) for x in (rows[0], *rows[1])]
        if not close(found, outcome(value_and_grad(lift(plain), (0, 1)), *p)):
            yield f"in a batch, at {p}: {found}"


def check(seeds, every):
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of functions with many ways
        for seed in seeds:
            words = list(differences(seed, compiled=seed % every == 0))
            if words:
                found.append(
                    f"{sources.source(seed)}\n# seed {seed}\n" + "\n".join(words)
                )
    assert not found, f"{len(found)} programs differ, the first:\n{found[0]}"


@pytest.mark.shared
@pytest.mark.parametrize("start", range(0, BY_DEFAULT, BLOCK))
def test_random_sources_do_what_python_does(start):
    check(range(start, start + BLOCK), COMPILED)


@pytest.mark.fuzz
@pytest.mark.parametrize("start", range(BY_DEFAULT, MANY, BLOCK))
def test_more_random_sources_do_what_python_does(start):
    check(range(start, start + BLOCK), 5)
