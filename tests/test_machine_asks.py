"""Hold what happens when machine code asks Python: whose function, and what it raises.

A primitive of somebody's own may be called like a row of the table. An interruption, or
an error that comes only once, reaches whoever called, and no result of that call is
used.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from autograd import grad, jit, math, primitive, vmap
from autograd.compiler.calls.jit import Jit
from autograd.compiler.calls.vmap_runner import threads
from autograd.primitives import TABLE

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")


class OnlyOnceError(Exception):
    """What a primitive raises when it is armed."""


@pytest.fixture
def armed():
    """Return a list of numbers: at the next of them `doubled` raises."""
    return []


@pytest.fixture
def doubled(armed):
    def double(x):
        if x in armed:
            armed.clear()
            raise OnlyOnceError
        return 2.0 * x

    return primitive(double, [lambda _y, _x: 2.0])


@pytest.mark.parametrize("name", TABLE)
def test_a_primitive_called_like_a_row_is_computed_as_what_it_is(name):
    def value(x):
        return 7.0 * x + 1.0

    value.__name__ = name
    own = primitive(value, [lambda _y, _x: 7.0])

    def f(x):
        return own(x) * x

    assert jit(f)(2.0) == 30.0
    assert jit(grad(f))(2.0) == grad(jit(f))(2.0) == 29.0
    assert vmap(f)(np.array([2.0, 3.0])).tolist() == [30.0, 66.0]


def test_an_error_that_comes_once_reaches_who_called(armed, doubled):
    f, g = jit(lambda x: doubled(x) + 1.0), vmap(lambda x: doubled(x) + 1.0)
    rows = np.linspace(0.0, 1.0, 1000)
    assert f(1.0) == 3.0
    assert g(rows)[-1] == 3.0
    armed.append(2.5)
    with pytest.raises(OnlyOnceError):
        f(2.5)
    assert f(2.5) == 6.0
    armed.append(1.0)
    with pytest.raises(OnlyOnceError):
        g(rows)
    assert g(rows)[-1] == 3.0


def test_an_error_in_another_thread_reaches_that_thread_alone(armed, doubled):
    f = jit(lambda x: doubled(x) + 1.0)
    f(1.0)
    armed.append(2.5)
    raised = []

    def call():
        try:
            f(2.5)
        except OnlyOnceError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert len(raised) == 1
    assert f(1.0) == 3.0


def test_an_error_on_a_way_that_python_does_not_go_is_not_raised():
    def positive(x):
        if x < 0.0:
            raise OnlyOnceError
        return 2.0 * x

    own = primitive(positive, [lambda _y, _x: 2.0])

    def f(x):
        if x > 0.0:
            return own(x)
        return 3.0 * x if own(-x) > 4.0 else -x

    points = [1.0, -1.0, -3.0, 2.0, -1.0]
    expected = [2.0, 1.0, -9.0, 4.0, 1.0]
    compiled = jit(f)
    assert [compiled(x) for x in points] == expected
    assert vmap(f)(np.array(points)).tolist() == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupted_batch_raises_and_returns_nothing(count):
    reached = threading.Event()

    def slow(x):
        reached.set()
        time.sleep(0.0005)
        return 2.0 * x

    own = primitive(slow, [lambda _y, _x: 2.0])
    f = vmap(lambda x: own(x) + 1.0)
    f(np.ones(2))
    reached.clear()

    def interrupt():
        reached.wait()
        signal.raise_signal(signal.SIGINT)

    before = threads()
    threads(count)
    thread = threading.Thread(target=interrupt)
    # What runs in the background of a shell ignores the signal.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            f(np.ones(4000))
    finally:
        threads(before)
        thread.join()
        signal.signal(signal.SIGINT, handler)
    assert f(np.ones(2)).tolist() == [3.0, 3.0]


def test_what_jit_did_not_make_says_so():
    with pytest.raises(TypeError, match=r"write jit\(f\)"):
        Jit.__new__(Jit)()


def test_dropping_what_was_compiled_leaves_calls_right():
    f = jit(lambda x: math.sin(x) * 2.0)
    expected = f(0.5)
    f.variants.clear()
    assert f(0.5) == expected
