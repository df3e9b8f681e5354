"""backward: what it adds, where, how often, and what it leaves alone."""

from __future__ import annotations

import math
import sys

import pytest

from autograd import Value, topological_order
from autograd import math as am


def test_leaves_accumulate_and_inner_nodes_get_this_pass_s_derivative():
    x = Value(3.0)
    square = x * x
    y = square * square + square
    y.backward()
    assert (x.grad, square.grad, y.grad) == (114.0, 19.0, 1.0)


def test_a_second_backward_adds_the_same_gradient_again():
    x = Value(3.0)
    square = x * x
    y = square * square + square
    for times in (1, 2, 3):
        y.backward()
        assert (x.grad, square.grad, y.grad) == (114.0 * times, 19.0, 1.0)


def test_backward_on_an_inner_node_after_the_root_forgets_the_root_s_adjoint():
    x = Value(2.0)
    inner = x * 5.0
    (inner * 7.0).backward()
    inner.backward()
    assert (inner.grad, x.grad) == (1.0, 40.0)


def test_two_losses_add_up_on_the_leaves_they_share():
    x = Value(2.0)
    shared = x * x
    (3.0 * shared).backward()
    (shared + x).backward()
    assert (x.grad, shared.grad) == (12.0 + 5.0, 1.0)


def test_a_leaf_used_many_times_collects_every_use():
    x = Value(1.5)
    total = am.fsum([x] * 10 + [x * x] * 3) + x - x / 1.0 + (-x)
    total.backward()
    assert x.grad == 10.0 + 3 * 3.0 - 1.0


def test_a_shared_subgraph_of_exponentially_many_paths_is_walked_once():
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60
    assert len(topological_order(y)) == 61


def test_backward_on_a_leaf_adds_the_seed():
    x = Value(1.0)
    x.backward()
    x.backward(2.5)
    assert x.grad == 3.5


@pytest.mark.parametrize("seed", [2.0, -0.5, 3, True, math.inf, 0.0])
def test_the_seed_scales_every_derivative(seed):
    x = Value(3.0)
    y = x * x
    y.backward(seed=seed)
    assert (x.grad, y.grad) == (6.0 * seed, seed)


def test_gradients_can_be_set_and_what_is_set_is_added_to():
    x = Value(3.0)
    x.grad = 100
    (x * 2.0).backward()
    assert x.grad == 102.0
    x.grad = 0
    assert (x.grad, type(x.grad)) == (0.0, float)


def test_changing_a_leaf_after_the_forward_pass_leaves_the_recorded_derivatives():
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert (y.data, x.grad) == (9.0, 6.0)


def test_an_adjoint_of_zero_passes_nothing_on_to_an_infinite_partial():
    x = Value(0.0)
    y = 0.0 * am.sqrt(x)
    y.backward()
    assert x.grad == 0.0


def test_an_adjoint_that_cancels_to_zero_passes_nothing_on():
    x = Value(0.0)
    root = am.sqrt(x)
    (root - root).backward()
    assert x.grad == 0.0


def test_a_partial_of_zero_passes_no_infinite_adjoint_on():
    x, z = Value(0.0), Value(1.0)
    am.sqrt(am.where(True, x, z)).backward()
    assert (x.grad, z.grad) == (math.inf, 0.0)


def test_an_infinite_partial_that_counts_is_infinite():
    x = Value(0.0)
    am.sqrt(x).backward()
    assert x.grad == math.inf


def test_nan_reaches_the_leaves_it_concerns_and_no_others():
    x, z = Value(1.0), Value(1.0)
    (x * math.nan + z).backward()
    assert math.isnan(x.grad)
    assert z.grad == 1.0


def test_detach_cuts_the_graph_and_keeps_the_number():
    x = Value(3.0)
    cut = (x * x).detach()
    assert (cut.data, cut.parents, cut.op) == (9.0, (), "const")
    y = cut * x
    y.backward()
    assert (x.grad, cut.grad) == (9.0, 0.0)


def test_a_constant_takes_no_gradient_and_its_data_can_be_changed():
    c = Value(2.0).detach()
    c.data = 5.0
    x = Value(1.0)
    (c * x).backward()
    assert (c.grad, x.grad) == (0.0, 5.0)


def test_order_has_parents_first_each_node_once_and_the_root_last():
    x, y = Value(2.0), Value(3.0)
    a = x * y
    b = a + x
    root = am.hypot(b, a, b, 1.0)
    order = topological_order(root)
    assert len(order) == len({id(node) for node in order}) == 5
    assert order[-1] is root
    seen = set()
    for node in order:
        assert all(id(parent) in seen for parent in node.parents)
        seen.add(id(node))


def test_a_walk_that_was_interrupted_does_not_disturb_the_next():
    x = Value(1.0)
    y = x
    for _ in range(200):
        y = y * 1.0 + x
    calls = 0

    def interrupt(frame, event, _):
        nonlocal calls
        if frame.f_code.co_name != "_visit":
            return None
        calls += event == "line"
        if calls == 800:
            raise KeyboardInterrupt
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        topological_order(y)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    assert calls in {0, 800}  # the compiled form has no lines to stop at
    y.backward()
    assert (x.grad, len(topological_order(y))) == (201.0, 401)
