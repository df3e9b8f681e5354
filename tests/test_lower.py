"""Loops, tiles and blocks of machine code give what the program says."""

from __future__ import annotations

from itertools import pairwise

import pytest

from autograd import jit, math, value_and_grad, vmap

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")


def chain(x, w):
    v = x
    for _ in range(200):
        v = (v * w + x - 0.5) * 0.999
    return v


def test_a_result_written_before_a_loop_is_read_after_it():
    both = value_and_grad(chain, (0, 1))
    value, slopes = jit(both)(1.5, 0.99)
    expected, others = both(1.5, 0.99)
    assert [value, *slopes] == pytest.approx([expected, *others], rel=1e-12)


@pytest.mark.parametrize("n", [3, 15, 16, 17, 40, 1001])
def test_long_sums_of_products_are_complete_whatever_their_length(n):
    xs = np.random.default_rng(n).normal(size=n).tolist()

    def f(*xs):
        return sum(a * b for a, b in pairwise(xs)) + xs[0], sum(a**3 for a in xs)

    assert jit(f)(*xs) == pytest.approx(f(*xs), rel=1e-11)


def network(w, x, y, sizes):
    at = 0
    for n, m in pairwise(sizes):
        zs = []
        for _ in range(m):
            zs.append(math.sumprod(w[at : at + n], x) + w[at + n])
            at += n + 1
        x = zs if m == 1 else [math.tanh(z) for z in zs]
    return (x[0] - y) ** 2


def by_matrices(w, x, y, sizes):
    layers, at = [], 0
    for n, m in pairwise(sizes):
        layers.append(w[at : at + m * (n + 1)].reshape(m, n + 1))
        at += m * (n + 1)
    inputs = []
    for layer in layers:
        inputs.append(x)
        x = x @ layer[:, :-1].T + layer[:, -1]
        x = x if layer is layers[-1] else np.tanh(x)
    error, slopes = x[:, 0] - y, []
    delta = 2.0 * error[:, None] / len(y)
    for layer, before in zip(layers[::-1], inputs[::-1], strict=True):
        whole = [delta.T @ before, delta.sum(0)[:, None]]
        slopes.insert(0, np.concatenate(whole, axis=1).ravel())
        delta = (delta @ layer[:, :-1]) * (1.0 - before**2)
    return (error**2).mean(), np.concatenate(slopes)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 31, 33, 100, 129])
@pytest.mark.parametrize("sizes", [(2, 16, 16, 1), (3, 9, 7, 1), (1, 33, 1)])
def test_networks_agree_with_matrices_in_blocks_that_are_not_full(sizes, rows):
    rng = np.random.default_rng(rows)
    w = 0.5 * rng.normal(size=sum((n + 1) * m for n, m in pairwise(sizes)))
    x, y = rng.normal(size=(rows, sizes[0])), rng.normal(size=rows)

    def loss(w, x, y):
        return network(w, x, y, sizes)

    f = jit(value_and_grad(vmap(loss, (None, 0, 0), reduce="mean")))
    value, gradient = f(w, x, y)
    expected, slopes = by_matrices(w, x, y, sizes)
    assert value == pytest.approx(expected, rel=1e-11)
    assert gradient == pytest.approx(slopes, rel=1e-9, abs=1e-12)
    again, same = f(w, np.asfortranarray(x), y)
    assert (again, same.tolist()) == (value, gradient.tolist())


def test_what_needs_a_batch_is_not_computed_before_it():
    sizes = (2, 16, 16, 1)
    rng = np.random.default_rng(0)
    w = 0.5 * rng.normal(size=337)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=20)

    def loss(w, x, y):
        return network(w, x, y, sizes)

    loss_and_gradient = value_and_grad(vmap(loss, (None, 0, 0), reduce="sum"))

    @jit
    def step(w, x, y):
        rates = [math.exp(u) for u in w]
        value, g = loss_and_gradient(w, x, y)
        return value, np.array([u - r * s for u, r, s in zip(w, rates, g, strict=True)])

    value, after = step(w, x, y)
    expected, slopes = by_matrices(w, x, y, sizes)
    assert value == pytest.approx(20 * expected, rel=1e-11)
    right = w - np.exp(w) * 20 * slopes
    assert after == pytest.approx(right, rel=1e-9, abs=1e-12)
