"""What other threads do with the numbers of a function that is being recorded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autograd import Value, grad, jit, math, value_and_grad, vmap

POINTS = (1.5, -0.5, 2.5)


def summed(x):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda k: x * k, [1.0, 2.0, 3.0]))


def asked(x):
    with ThreadPoolExecutor(2) as pool:
        if any(pool.map(lambda k: x > k, [1.0, 2.0])):
            return 2.0 * x
    return 3.0 * x


def asked_from_the_right(x):
    with ThreadPoolExecutor(2) as pool:
        return x if any(pool.map(lambda k: Value(k) < x, [1.0, 2.0])) else 3.0 * x


def chosen(x):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda k: x * k if x > 0.0 else k - x, [1.0, 2.0]))


def in_a_thread(x):
    found = []
    thread = threading.Thread(target=lambda: found.append(math.exp(x)))
    thread.start()
    thread.join()
    return found[0]


FUNCTIONS = [summed, asked, asked_from_the_right, chosen, in_a_thread]
WAYS = {
    "jit": (jit, lambda f: f),
    "jit of grad": (lambda f: jit(grad(f)), grad),
    "grad of jit": (lambda f: grad(jit(f)), grad),
    "jit of value_and_grad": (lambda f: jit(value_and_grad(f)), value_and_grad),
    "vmap": (lambda f: lambda x: vmap(f)(np.array([x, 1.0]))[0], lambda f: f),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_what_other_threads_compute_is_not_frozen(f, way):
    compiled, plain = (make(f) for make in way)
    for x in POINTS:
        assert compiled(x) == pytest.approx(plain(x), rel=1e-14)


def test_it_says_why_such_a_function_runs_eagerly():
    compiled = jit(summed)
    compiled(1.5)
    assert "another thread" in compiled.why_eager


def test_what_other_threads_compute_of_other_numbers_is_no_matter():
    stop = threading.Event()

    def work():
        v = Value(2.0)
        while not stop.is_set():
            assert v * v > 3.0
            assert v.data == 2.0

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for k in range(20):
            compiled = jit(lambda x, k=k: x * k if x > 1.0 else x)
            assert [compiled(2.0), compiled(0.5)] == [2.0 * k, 0.5]
            assert compiled.why_eager == ""
    finally:
        stop.set()
        thread.join()
