"""Scalar code that repeats itself, of random shape, compiled: its loops against eager.

Machine code has loops where code repeats itself side by side, computes one loop's
results in another's where they match one by one, and all lanes at once where numbers
lie in line. Random programs have nothing of that; these are written with lists, as
layers are: maps, sums of products, scans, in every order of elements.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

from autograd import jit, math, value_and_grad, vmap
from autograd.compiler.passes import pipeline

pytest.importorskip("llvmlite")

BLOCK, BY_DEFAULT, MANY = 5, 6, 200  # programs in a block, and blocks
SHARED, ROW, ROWS = 90, 7, 21
WIDTHS = (2, 5, 8, 16, 19, 33)
MAPS = (
    math.tanh,
    math.sin,
    math.relu,
    math.sigmoid,
    lambda x: x * x,
    lambda x: 1.0 - 0.5 * x,
    lambda x: math.exp(-x * x),
    lambda x: math.maximum(x, 0.25) - math.minimum(x, 0.125),
)
PAIRS = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / (1.0 + b * b),
    math.hypot,
)


def order(rng, n):
    """Return an order of n elements: as they are, more often than not."""
    kind = rng.choice(("same", "same", "back", "turned", "mixed", "one", "twice"))
    places = list(range(n))
    if kind == "mixed":
        rng.shuffle(places)
    turn = rng.randrange(n)
    return {
        "back": places[::-1],
        "turned": places[turn:] + places[:turn],
        "one": [turn] * n,
        "twice": [k // 2 for k in places],
    }.get(kind, places)


def scan(xs):
    """Return the links of a chain over some numbers."""
    links, y = [], 0.5
    for x in xs:
        y = 0.75 * y + 0.25 * x
        links.append(y)
    return links


def layer(w, at, xs, m):
    """Return m sums of products of some numbers with shared ones from a place on."""
    n = len(xs)

    def weight(k):
        return w[(at + k) % SHARED]

    return [
        math.sumprod([weight(j * n + k) for k in range(n)], xs) / n + weight(j)
        for j in range(m)
    ]


def vector_program(seed):
    """Return a function of shared numbers and of a row's, which draws what it does."""

    def f(w, x):
        rng = random.Random(seed)
        at = rng.randrange(SHARED)
        vectors = [layer(w, at, [x[k] for k in range(ROW)], rng.choice(WIDTHS))]
        for _ in range(rng.randrange(3, 9)):
            xs = rng.choice(vectors[-2:])
            n = len(xs)
            ys = rng.choice([v for v in vectors if len(v) == n])
            kind = rng.choice(("map", "map", "pair", "pair", "layer", "scan", "shared"))
            if kind == "map":
                new = [*map(rng.choice(MAPS), xs)]
            elif kind == "pair":
                new = [*map(rng.choice(PAIRS), xs, [ys[k] for k in order(rng, n)])]
            elif kind == "layer":
                new = layer(w, rng.randrange(SHARED), xs, rng.choice(WIDTHS))
            elif kind == "scan":
                new = scan([xs[k] for k in order(rng, n)])
            else:
                new = [a * w[k] for a, k in zip(xs, order(rng, n), strict=True)]
            vectors.append(new)
        return sum(math.tanh(y) for v in vectors[-2:] for y in v)

    return f


def close(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    size = 1.0 + np.abs(expected).max()
    return (
        found.shape == expected.shape and np.abs(found - expected).max() < 1e-11 * size
    )


def assert_compiled_right(seeds):
    rng = np.random.default_rng(seeds[0])
    w, rows = rng.normal(size=SHARED), rng.normal(size=(ROWS, ROW))
    for seed in seeds:
        f = vector_program(seed)
        eager = value_and_grad(f, (0, 1))
        expected = [eager(w, x) for x in rows]
        values = [value for value, _ in expected]
        by_w, by_x = ([g[k] for _, g in expected] for k in (0, 1))

        compiled = jit(eager)
        for x, (value, (gw, gx)) in zip(rows[:3], expected, strict=False):
            found, (found_w, found_x) = compiled(w, x)
            assert close(found, value), seed
            assert close(found_w, gw), seed
            assert close(found_x, gx), seed

        found, (found_w, found_x) = vmap(eager, (None, 0))(w, rows)
        assert close(found, values), seed
        assert close(found_w, by_w), seed
        assert close(found_x, by_x), seed

        total = value_and_grad(vmap(f, (None, 0), reduce="sum"))
        for reduced in (total, jit(total)):
            found, found_w = reduced(w, rows)
            assert close(found, np.sum(values)), seed
            assert close(found_w, np.sum(by_w, axis=0)), seed


@pytest.mark.shared
@pytest.mark.parametrize("block", range(BY_DEFAULT))
def test_vector_code_of_random_shape_is_compiled_right(block):
    assert_compiled_right(range(BLOCK * block, BLOCK * block + BLOCK))


@pytest.mark.shared
@pytest.mark.parametrize("block", range(BY_DEFAULT))
def test_vector_code_of_random_shape_is_right_in_loops(block, monkeypatch):
    monkeypatch.setattr(pipeline, "SHORT", 60)
    monkeypatch.setattr(pipeline, "pays", lambda rolled: rolled.has_loops)
    assert_compiled_right(range(BLOCK * block, BLOCK * block + BLOCK))


@pytest.mark.fuzz
@pytest.mark.parametrize("block", range(BY_DEFAULT, MANY))
def test_much_vector_code_of_random_shape_is_compiled_right(block):
    assert_compiled_right(range(BLOCK * block, BLOCK * block + BLOCK))
