"""Eight threads, ten thousand graphs each, none wrong; and walks inside walks.

Threads have graphs and contexts of their own; what they share, leaves and scopes, is
right whatever the order in which they run. The interpreter is told to switch threads as
often as it can.
"""

from __future__ import annotations

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import COMPILED, Value, debug, grad, no_grad, scope, topological_order
from autograd import math as am

THREADS = 8
GRAPHS = 10_000


@pytest.fixture(autouse=True)
def switch_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def wrong_in_threads(count_wrong):
    """Return how many graphs are wrong, over all threads, which start together."""
    barrier = threading.Barrier(THREADS)

    def start(k):
        barrier.wait()
        return count_wrong(k)

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(start, range(THREADS)))


def test_graphs_over_leaves_of_their_own_are_right():
    def count_wrong(k):
        wrong = 0
        for i in range(GRAPHS):
            x, y = Value(float(k)), Value(float(i))
            (x * y + x * x).backward()
            wrong += (x.grad, y.grad) != (i + 2.0 * k, float(k))
        return wrong

    assert wrong_in_threads(count_wrong) == 0


def test_gradients_of_shared_leaves_add_up_exactly():
    x, y = Value(3.0), Value(5.0)

    def count_wrong(k):
        wrong = 0
        for _ in range(GRAPHS):
            z = x * y + float(k) * x
            z.backward()
            wrong += z.data != 15.0 + 3.0 * k
        return wrong

    assert wrong_in_threads(count_wrong) == 0
    assert x.grad == GRAPHS * sum(5.0 + k for k in range(THREADS))
    assert y.grad == GRAPHS * THREADS * 3.0


def test_passes_over_one_shared_graph_add_up_exactly():
    x = Value(2.0)
    shared = am.fsum([x * x, x, x * 3.0])

    def count_wrong(k):
        for i in range(GRAPHS // 10):
            shared.backward()
            if i % 100 == k:
                assert len(topological_order(shared)) == 4
        return 0

    assert wrong_in_threads(count_wrong) == 0
    assert x.grad == GRAPHS // 10 * THREADS * 8.0


def test_transforms_in_threads_are_right_and_touch_no_gradient():
    w = Value(2.0)

    def count_wrong(k):
        wrong = 0
        for i in range(GRAPHS // 10):
            x = float(i % 7)
            wrong += grad(lambda x: x * x * k)(x) != 2.0 * k * x
            wrong += grad(lambda x: w * x * x)(x).data != 4.0 * x
        return wrong

    assert wrong_in_threads(count_wrong) == 0
    assert w.grad == 0.0


def test_each_thread_has_its_own_scope_recording_and_debugging():
    x = Value(1.0)

    def count_wrong(k):
        wrong = 0
        for _ in range(GRAPHS):
            if k % 3 == 0:
                with scope(f"thread{k}"):
                    y = x * 2.0
                wrong += (y.op, y.scope, y.where) != ("*", f"thread{k}", "")
            elif k % 3 == 1:
                with no_grad():
                    y = x * 2.0
                wrong += (y.op, y.scope) != ("const", "")
            else:
                with debug():
                    y = x * 2.0
                wrong += y.op != "*" or not y.where.rpartition(":")[0].endswith(".py")
            y = x * 2.0
            wrong += (y.op, y.scope, y.where) != ("*", "", "")
        return wrong

    assert wrong_in_threads(count_wrong) == 0


def test_one_scope_entered_under_different_ones_has_each_thread_s_path():
    x, shared, inner = Value(1.0), scope("shared"), scope("inner")
    outers = [scope(f"outer{k}") for k in range(THREADS)]

    def count_wrong(k):
        wrong = 0
        for _ in range(GRAPHS):
            with outers[k], shared:
                wrong += (x * 2.0).scope != f"outer{k}/shared"
                with inner:
                    wrong += (x * 2.0).scope != f"outer{k}/shared/inner"
        return wrong

    assert wrong_in_threads(count_wrong) == 0


@pytest.mark.skipif(COMPILED, reason="what is compiled has no lines to stop at")
def test_a_scope_may_be_entered_by_another_thread_at_any_line_of_entering_it():
    x, shared = Value(1.0), scope("shared")
    contexts = sys.modules["autograd.context"].__file__
    calls = []

    def enter_too():
        with scope("other"), shared:
            calls.append((x * 2.0).scope)

    def interrupt(frame, event, _):
        if frame.f_code.co_filename != contexts:
            return None
        if event == "line":
            sys.settrace(None)
            pool.submit(enter_too).result()
            sys.settrace(interrupt)
        return interrupt

    before = sys.gettrace()
    with ThreadPoolExecutor(1) as pool, scope("outer"):
        sys.settrace(interrupt)
        try:
            with shared:
                path = (x * 2.0).scope
        finally:
            sys.settrace(before)
    assert path == "outer/shared"
    assert set(calls) == {"other/shared"}


# --- A walk in the middle of another ------------------------------------------------


class Finaliser:
    """Garbage that does something when the collector finds it."""

    def __init__(self, action):
        self.action = action
        self.itself = self

    def __del__(self):
        self.action()


def test_finalisers_that_walk_the_same_graph_disturb_no_pass():
    x, y = Value(2.0), Value(3.0)
    product = x * y
    calls = []

    def walk_too():
        calls.append(None)
        (product * y).backward()
        grad(lambda v: v * product)(1.0)

    before = gc.get_threshold()
    rounds = 1000
    try:
        gc.set_threshold(1, 1, 1)
        for _ in range(rounds):
            Finaliser(walk_too)
            (product + x).backward()
            assert len(topological_order(product + x)) == 4
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert len(calls) == rounds
    # each pass 4 and 2, each finaliser's 9 and 12
    assert (x.grad, y.grad) == (rounds * (4.0 + 9.0), rounds * (2.0 + 12.0))


@pytest.mark.skipif(COMPILED, reason="what is compiled has no lines to stop at")
def test_a_pass_may_be_interrupted_by_others_at_any_line():
    x, y, z = Value(2.0), Value(3.0), Value(5.0)
    product = x * y
    loss = am.fsum([product * x, product, y]) * x
    other = am.sumprod([product, loss, y], [z, 1.0, x]) + z
    calls = []
    walks = sys.modules["autograd.walk"].__file__

    def interrupt(frame, event, _):
        if frame.f_code.co_filename != walks:
            return None
        if event == "line":
            sys.settrace(None)
            calls.append(None)
            other.backward()
            found = grad(lambda v: v * loss)(1.0).data
            assert found == loss.data
            sys.settrace(interrupt)
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        loss.backward()
    finally:
        sys.settrace(before)
    assert len(calls) > 100
    found = [v.grad for v in (x, y, z)]
    for v in (x, y, z):
        v.grad = 0.0
    for _ in calls:
        other.backward()
    loss.backward()
    assert found == [v.grad for v in (x, y, z)]
    assert product.grad == x.data * x.data + x.data  # of the last pass alone
