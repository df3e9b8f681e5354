"""Batches within compiled functions, and within the functions of other batches."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import grad, jit, math, value_and_grad, vmap

X = np.linspace(1.0, 3.0, 20)


def test_a_row_that_raises_raises_within_a_compiled_function_too():
    batch = vmap(lambda w, x: w * math.tanh(1 / x), (None, 0), "sum")
    compiled = jit(batch)
    x = X.copy()
    assert compiled(2.0, x) == pytest.approx(batch(2.0, x), rel=1e-13)
    x[3] = 0.0  # where native code has tanh(inf) = 1
    for f in (batch, compiled):
        with pytest.raises(ZeroDivisionError):
            f(2.0, x)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_a_row_that_goes_another_way_goes_it_within_a_compiled_function_too(reduce):
    def f(w, x):
        return w * math.tanh(1 / x) if x > 0 else w * x

    batch = vmap(f, (None, 0), reduce)
    compiled = jit(value_and_grad(batch))
    x = X.copy()
    for k in range(4):
        expected = getattr(np, reduce)([f(2.0, u) for u in x])
        value, slope = compiled(2.0, x)
        assert value == pytest.approx(expected, rel=1e-13)
        assert slope == pytest.approx(expected / 2.0, rel=1e-13)
        x[5 * k] = -1.0 - k


def test_guards_that_need_more_memory_than_what_they_guard_have_it():
    def f(w, x):
        first = [w[k] * w[(k * 7 + 1) % 100] for k in range(100)]
        if sum(math.tanh(a + first[0]) * x for a in first) < 1e6:
            return x * 1.5
        return x

    x, w = np.linspace(-1.0, 3.0, 200), np.random.default_rng(0).normal(size=100)
    compiled = jit(vmap(f, (None, 0), "sum"))
    for _ in range(3):
        assert compiled(w, x) == pytest.approx(1.5 * x.sum(), rel=1e-13)
    assert compiled.why_eager == ""


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_rows_may_hold_no_numbers(reduce):
    rows = np.zeros((5, 0))
    expected = {None: [9.0] * 5, "sum": 45.0, "mean": 9.0}[reduce]
    batch = vmap(lambda w, _row: w * w, (None, 0), reduce)
    assert np.array_equal(batch(3.0, rows), expected)
    assert np.array_equal(jit(batch)(3.0, rows), expected)
    if reduce:
        slope = {"sum": 30.0, "mean": 6.0}[reduce]
        assert grad(batch)(3.0, rows) == jit(grad(batch))(3.0, rows) == slope


def test_a_result_may_be_an_array_without_numbers():
    x = np.arange(3.0)
    doubled, nothing = vmap(lambda x: (2.0 * x, np.array([])))(x)
    assert doubled.tolist() == [0.0, 2.0, 4.0]
    assert nothing.shape == (3, 0)


WAYS = {
    "its own rows": lambda inner: (
        vmap(inner, (None, 0)),
        lambda w, rows: [np.sin(w * row) for row in rows],
    ),
    "other rows": lambda inner: (
        vmap(lambda w, row: inner(w + row[0], X), (None, 0)),
        lambda w, rows: [np.sin((w + row[0]) * X) for row in rows],
    ),
}


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("way", WAYS)
def test_a_row_may_be_a_batch_itself(way, reduce):
    inner = vmap(lambda w, x: math.sin(w * x), (None, 0), reduce)
    outer, by_hand = WAYS[way](inner)
    rows = np.arange(6.0).reshape(3, 2)
    expected = by_hand(0.7, rows)
    expected = [getattr(np, reduce)(e) for e in expected] if reduce else expected
    for f in (outer, jit(outer)):
        assert np.asarray(f(0.7, rows)) == pytest.approx(np.array(expected), rel=1e-13)


def test_the_gradient_of_batches_of_batches_is_that_of_a_double_sum():
    inner = vmap(lambda w, x: math.sin(w * x), (None, 0), "sum")
    outer = vmap(inner, (None, 0), "mean")
    rows = np.arange(6.0).reshape(3, 2)
    for f in (grad(outer), jit(grad(outer))):
        expected = (rows * np.cos(0.7 * rows)).sum() / 3
        assert f(0.7, rows) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    ("f", "of"),
    [
        (vmap(lambda r: r[0] * r[1], 1, "sum"), np.asarray),
        (lambda x: vmap(lambda r: r[0] * r[1], 0, "sum")(x[:, :2]), np.asarray),
        (lambda x: vmap(lambda r: r[0] * r[1], 0, "sum")(2.0 * x), np.asarray),
        (vmap(lambda r: r[0] * r[1], 0, "sum"), np.float32),
        (vmap(lambda r: r[0] * r[1], 0, "sum"), np.ndarray.tolist),
        (lambda x: vmap(lambda r: r[0] * r[1])(x).sum(), np.asarray),
        (lambda x: (+x).sum() + (-x)[0, 0], np.asarray),
    ],
    ids=["columns", "part", "computed", "single", "lists", "each", "signs"],
)
def test_what_a_compiled_function_makes_of_an_array_may_be_mapped(f, of):
    x = np.arange(12.0).reshape(4, 3)
    expected = float(f(x))
    for _ in range(2):
        assert float(jit(f)(of(x))) == expected


def test_a_copy_of_an_array_is_the_functions_own_and_the_array_is_not():
    def f(w):
        mine = np.array(w)
        mine[0] = 0.0
        return mine.sum() + w.sum()

    w = np.array([1.0, 2.0, 3.0])
    assert jit(f)(w) == f(w) == 11.0

    def minus(w):
        w -= 1.0
        return w.sum()

    def put(w):
        w[0] = 1.0
        return w.sum()

    for f in (minus, put):
        with pytest.raises(TypeError, match=r"cannot change an array.*write w = w"):
            jit(f)(w)
    assert w.tolist() == [1.0, 2.0, 3.0]


def test_a_row_s_function_that_closes_over_an_array_argument_reads_it_anew():
    inner = vmap(lambda s, x: s * x[0], (None, 0), "sum")

    @jit
    def f(x, s):
        return vmap(lambda factor: inner(factor, x), 0, "sum")(s)

    x, s = np.ones((2, 3)), np.array([1.0, 3.0])
    assert [f(x, s), f(2.0 * x, s), f(x, 3.0 * s)] == [8.0, 16.0, 24.0]


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_a_mapped_array_that_is_captured_is_read_anew(layout, dtype):
    captured = np.ones((4, 3), dtype=dtype, order=layout)
    batch = vmap(lambda s, x: s * x[0], (None, 0), "sum")
    f = jit(lambda s: batch(s, captured))
    assert f(1.0) == 4.0
    captured[:] = 2
    assert f(1.0) == 8.0


@pytest.mark.parametrize("first", [0.0, 1.0])
def test_what_is_recorded_first_does_not_decide_what_is_raised(first):
    def f(x):
        return math.atan(1 / x)

    compiled = jit(f)
    rows = np.array([first, 1.0 - first])
    for call in (lambda: vmap(f)(rows), lambda: [compiled(x) for x in rows.tolist()]):
        with pytest.raises(ZeroDivisionError):
            call()

    # A row of an array holds NumPy's numbers, which divide by 0.
    with np.errstate(divide="ignore"):
        found = vmap(lambda row: f(row[0]))(rows[:, None])
        assert found.tolist() == [f(x) for x in rows]
        compiled = jit(lambda row: f(row[0]))
        assert [compiled(x) for x in rows[:, None]] == found.tolist()
    root = jit(lambda x: (x * 2.0) ** 0.5)
    assert [root(2.0 - first), root(-1.0)][1] == (-2.0) ** 0.5


def test_a_function_that_only_nearby_would_not_be_one_program_is_one():
    def row(w, x):
        return w * x if x < 3.5 else w * w * x

    f = jit(vmap(row, (None, 0), "sum"))
    x = np.linspace(-1.0, 3.0, 20)
    assert f(2.0, x) == pytest.approx(40.0, rel=1e-13)
    assert f.why_eager == ""
    x[3] = 10.0
    expected = sum(row(2.0, u) for u in x.tolist())
    assert f(2.0, x) == pytest.approx(expected, rel=1e-13)
