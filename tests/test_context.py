"""Where nodes are made: no_grad, scopes, and threads, which have their own of both."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, no_grad, scope
from autograd import math as am

# --- no_grad ------------------------------------------------------------------------


def test_under_no_grad_every_kind_of_node_is_a_constant():
    x, y = Value(2.0), Value(3.0)
    with no_grad():
        made = [
            x + y,
            x * 2,
            2 / x,
            -x,
            x**2,
            x**y,
            abs(x),
            x.exp(),
            x // y,
            x.detach(),
        ]
        made += [am.fsum([x, y]), am.sumprod((x,), (y,)), am.fma(x, y, 1.0)]
        made += [am.where(x > y, x, y), am.hypot(x, y)]
    for node in made:
        assert (node.op, node.operands, node.partials) == ("const", (), ())
    assert made[0].data == 5.0
    assert made[11].data == 6.0
    assert (x + y).parents == (x, y)


def test_leaves_made_under_no_grad_are_leaves():
    with no_grad():
        x = Value(2.0)
    (x * x).backward()
    assert x.grad == 4.0


def test_no_grad_nests_and_ends_with_an_exception():
    x = Value(2.0)
    context = no_grad()
    with pytest.raises(KeyError), context, no_grad(), context:
        raise KeyError
    assert (x * x).parents == (x, x)


def test_no_grad_decorates_a_function_and_its_recursion():
    x = Value(2.0)

    @no_grad()
    def power(n):
        return x * power(n - 1) if n else x

    assert power(3).op == "const"
    assert power.__name__ == "power"
    assert (x * x).op == "*"


# --- scopes -------------------------------------------------------------------------


def test_nodes_belong_to_the_path_of_scopes_they_were_made_in():
    x = Value(1.0)
    with scope("mlp"):
        a = x + 1
        with scope("layer"), scope("neuron"):
            b = a.tanh()
            c = am.sumprod((a, b), (b, 1.0))
        d = b * c
    e = d - 1
    paths = ["mlp", "mlp/layer/neuron", "mlp/layer/neuron", "mlp", ""]
    assert [node.scope for node in (a, b, c, d, e)] == paths


def test_a_name_does_not_lose_the_scope():
    with scope("s"):
        y = Value(1.0) * 2
    y.name = "y"
    assert (y.name, y.scope) == ("y", "s")


def test_one_scope_object_is_entered_inside_itself_and_elsewhere():
    x, s, outer = Value(1.0), scope("s"), scope("outer")
    with s:
        with s:
            assert (x + 1).scope == "s/s"
        assert (x + 1).scope == "s"
    with outer, s:
        assert (x + 1).scope == "outer/s"
    with s:
        assert (x + 1).scope == "s"


def test_a_scope_ends_with_an_exception():
    x = Value(1.0)
    with pytest.raises(ZeroDivisionError, match="division"), scope("s"):
        x / 0
    assert (x + 1).scope == ""


def test_scopes_and_no_grad_mix():
    x = Value(1.0)
    with scope("a"), no_grad(), scope("b"):
        assert (x + 1).op == "const"
    with no_grad(), scope("a"):
        pass
    with scope("a"):
        y = x + 1
    assert (y.op, y.scope) == ("+", "a")


def test_leaving_what_this_thread_did_not_enter_is_an_error():
    for context in (no_grad(), scope("s")):
        with pytest.raises(RuntimeError, match="with statement"):
            context.__exit__(None, None, None)
    entered = scope("s")
    entered.__enter__()
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="thread"):
        pool.submit(entered.__exit__, None, None, None).result()
    entered.__exit__(None, None, None)


# --- threads ------------------------------------------------------------------------

THREADS = 8


def in_threads(work):
    """Run work(k) in eight threads that start together; return the results."""
    barrier = threading.Barrier(THREADS)

    def start(k):
        barrier.wait()
        return work(k)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(start, range(THREADS)))


def test_threads_have_scopes_and_no_grad_of_their_own():
    x, shared = Value(1.0), scope("shared")

    def work(k):
        paths = set()
        for _ in range(300):
            with scope(f"thread{k}"), shared:
                paths.add((x + 1).scope)
            if k % 2:
                with no_grad():
                    paths.add((x + 1).op)
            else:
                paths.add((x + 1).op)
        return paths

    for k, paths in enumerate(in_threads(work)):
        assert paths == {f"thread{k}/shared", "const" if k % 2 else "+"}


def test_threads_with_graphs_of_their_own_do_not_disturb_each_other():
    def work(k):
        wrong = 0
        for i in range(200):
            x, y = Value(float(k)), Value(float(i))
            z = x * y + am.fsum([x * x, y, x]) - y * 2.0
            z.backward()
            wrong += (x.grad, y.grad) != (i + 2.0 * k + 1.0, k - 1.0)
        return wrong

    assert in_threads(work) == [0] * THREADS


def test_threads_that_share_leaves_add_up_exactly():
    leaves = [Value(float(i)) for i in range(20)]
    shared = am.fsum([x * x for x in leaves])

    def work(k):
        for _ in range(50):
            (shared * 2.0).backward()
            am.sumprod(leaves, [1.0] * 20).backward()
        return k

    in_threads(work)
    times = 50.0 * THREADS
    assert [x.grad for x in leaves] == [times * (4.0 * x.data + 1.0) for x in leaves]
