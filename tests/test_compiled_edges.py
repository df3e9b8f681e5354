"""Compiled functions at their edges: what once went wrong, or nearly."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

from autograd import grad, jit, math, primitive, vmap
from autograd.compiler.calls.vmap_runner import threads


def test_a_loop_over_two_loops_results_in_turns_reads_both():
    def f(xs):
        a = [math.tanh(x) for x in xs]
        b = [math.sin(y) for y in a]
        turns = zip(a, b, strict=True)
        c = [p - q if k % 2 == 0 else q - p for k, (p, q) in enumerate(turns)]
        return [math.exp(z) for z in c]

    rows = np.random.default_rng(0).normal(size=(20, 200))
    expected = [f(row.tolist()) for row in rows]
    assert jit(f)(rows[0].tolist()) == pytest.approx(expected[0], rel=1e-13)
    found = vmap(lambda row: np.array(f(list(row))))(rows)
    assert found == pytest.approx(np.array(expected), rel=1e-13)


def test_a_captured_array_is_no_argument_of_the_next_call():
    x = np.arange(5.0)
    batch = vmap(lambda u: u * u, reduce="sum")

    @jit
    def f(factor=1.0):
        return batch(x) * factor

    assert [f(), f(2.0), f(), f(3.0)] == [30.0, 60.0, 30.0, 90.0]


def test_machine_code_takes_as_many_numbers_as_it_was_made_for():
    f = jit(lambda x: x * 2.0)
    assert f.numbers((1.0,)) is None  # there is none yet
    assert f(1.0) == 2.0
    assert f.numbers((1.0,) * 100_000) is None


@pytest.mark.parametrize("of", [jit, lambda f: lambda x: vmap(f)(np.full(50, x))[0]])
def test_an_interruption_of_a_primitive_in_python_is_raised(of):
    calls = []

    def value(x):
        calls.append(x)
        if len(calls) == 60:
            raise KeyboardInterrupt
        return 2.0 * x

    double = primitive(value, lambda _y, _x: 2.0)
    f = of(lambda x: double(x) + 1.0)

    def often():
        for _ in range(100):
            assert f(1.0) == 3.0

    with pytest.raises(KeyboardInterrupt):
        often()
    assert f(1.0) == 3.0


def test_arrays_that_were_pickled_are_arrays():
    f = jit(lambda w: w * 2.0)
    w = pickle.loads(pickle.dumps(np.arange(3.0)))  # noqa: S301
    for x in (np.ones(3), w, w, np.ones(3)):
        assert f(x).tolist() == (2.0 * x).tolist()


def test_a_function_of_rows_may_return_nothing_at_all():
    assert vmap(lambda _x: (), reduce="sum")(np.ones(3)) == ()
    assert vmap(lambda _x: ())(np.ones(3)) == ()


def test_batches_within_batches_in_many_threads_wait_for_no_thread_in_line():
    before = threads()
    threads(2)
    try:
        inner = vmap(lambda x: math.exp(-x * x) + x)
        many = np.ones(200_000)
        inner(many)
        entered = threading.local()
        together = threading.Barrier(4)
        armed = [False]

        def slow(x):
            if armed[0] and not getattr(entered, "once", False):
                entered.once = True
                together.wait(30)
                inner(many)
            return x

        row = primitive(slow, lambda _y, _x: 1.0)
        outer = vmap(lambda x: row(x) * 2.0 + 1.0)
        xs = np.ones(400_000)
        outer(xs)
        armed[0] = True
        users = [
            threading.Thread(target=outer, args=(xs,), daemon=True) for _ in range(2)
        ]
        for user in users:
            user.start()
        for user in users:
            user.join(60)
        assert not any(user.is_alive() for user in users)
    finally:
        threads(before)


def test_the_slope_of_a_function_with_a_captured_array_and_floats_alone():
    x = np.arange(4.0)
    batch = vmap(lambda w, u: (w - u) ** 2, (None, 0), reduce="mean")
    f = jit(grad(lambda w: batch(w, x)))
    for w in (0.0, 1.5, 3.0):
        assert f(w) == pytest.approx(2.0 * (w - 1.5), abs=1e-14)
