"""Eight threads make the first calls of one compiled function, and all are right.

What is compiled late is compiled once: where two threads made an engine each, one was
freed while its code ran. Every kind of function that compiles is among them.
"""

from __future__ import annotations

import math
import sys
import threading

import pytest

from autograd import Value, jit, value_and_grad, vmap
from autograd import math as am

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

THREADS = 8


@pytest.fixture(autouse=True)
def switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def plain(k):
    f = jit(lambda x: am.sin(x) * k + x * x)
    return f, lambda x: math.sin(x) * k + x * x, number


def branching(k):
    f = value_and_grad(lambda x: am.exp(-x * k) + (x if x > 0.45 else -x))

    def expected(x):
        sign = 1.0 if x > 0.45 else -1.0
        return math.exp(-x * k) + sign * x, -k * math.exp(-x * k) + sign

    return jit(f), expected, number


def batched(k):
    f = vmap(lambda x: am.tanh(k * x) * x)
    return f, lambda x: np.tanh(k * x) * x, rows


def nested(k):
    x = np.linspace(0.0, 1.0, 40)
    loss = vmap(lambda w, x: (w * x - 1.0) ** 2 * k, (None, 0), reduce="sum")

    def expected(w):
        rest = w * x - 1.0
        return 2.0 * k * (rest @ rest), 4.0 * k * (rest @ x)

    return jit(value_and_grad(lambda w: loss(w, x) * 2.0)), expected, number


def deep(k):
    def steps(x, sin):
        for _ in range(60 + int(k)):
            x = x * 0.99 + sin(x) * 0.01
        return x

    return jit(lambda x: steps(x, am.sin)), lambda x: steps(x, math.sin), number


def wide(k):
    f = jit(lambda *xs: sum(x * x * (i + k) for i, x in enumerate(xs)))

    def gradient(xs):
        values = [Value(x) for x in xs]
        f(*values).backward()
        return [v.grad for v in values]

    return gradient, lambda xs: [2.0 * x * (i + k) for i, x in enumerate(xs)], numbers


def number(j):
    return 0.1 * (j + 1)


def numbers(j):
    return [number(j) + 0.01 * i for i in range(40)]


def rows(j):
    return np.linspace(0.0, 1.0, 50) + 0.01 * j


KINDS = (plain, branching, batched, nested, deep, wide)


def first_calls_are_right(count):
    for i in range(count):
        f, expected, argument = KINDS[i % len(KINDS)](1.0 + i)
        found, start = [[] for _ in range(THREADS)], threading.Barrier(THREADS)

        def call(j, f=f, argument=argument, found=found, start=start):
            start.wait()
            for _ in range(3):
                found[j].append(f(argument(j)))

        threads = [threading.Thread(target=call, args=(j,)) for j in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for j in range(THREADS):
            wanted = np.ravel(expected(argument(j)))
            assert len(found[j]) == 3  # a thread that failed has fewer
            for y in found[j]:
                np.testing.assert_allclose(np.ravel(y), wanted, 1e-12, 1e-13)


def test_threads_that_call_a_fresh_function_first_are_right():
    first_calls_are_right(12)


@pytest.mark.fuzz
def test_two_hundred_fresh_functions_are_right_in_threads():
    first_calls_are_right(200)
