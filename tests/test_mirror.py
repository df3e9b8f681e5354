"""A gradient that was written out is the one that formulas would have recorded."""

from __future__ import annotations

import math

import numpy as np
import pytest
from outcomes import bits
from random_loops import random_function
from test_loops import canonical

from autograd import Value, grad, hessian, jacobian, jvp, value_and_grad
from autograd import math as m
from autograd.compiler import jit, trace
from autograd.compiler.calls.variant import with_partials
from autograd.compiler.passes.builder import live
from autograd.compiler.passes.roll import roll
from autograd.compiler.record import deferred
from autograd.compiler.record import trace as trace_module
from autograd.compiler.record.deferred import GivenUpError
from autograd.compiler.record.trace import record, record_once
from autograd.custom import primitive


@pytest.fixture(autouse=True)
def defer_all(monkeypatch):
    monkeypatch.setattr(deferred, "FEWEST", 0)


def both(f, data):
    """Return a function's recording, and the one with gradients written out."""
    call = lambda xs: f(*xs)  # noqa: E731
    usual = record_once(call, data, "f")
    written = record_once(call, data, "f", defers=True, writes=True)
    assert written.whole is not None
    return usual.listing.program.check(), written.whole.program.check()


def assert_same(f, data):
    usual, written = both(f, data)
    assert canonical(live(written)) == canonical(live(usual))
    assert [*map(bits, written(*data))] == [*map(bits, usual(*data))]


def summed(f):
    """Return a function of one number, of one of several."""

    def g(*xs):
        found = f(*xs)
        return sum(found[1:], found[0]) if isinstance(found, list) else found

    return g


@pytest.mark.shared
@pytest.mark.parametrize("seed", range(100))
def test_gradients_of_random_loops_are_written_as_they_would_be_recorded(seed):
    f, data = random_function(seed)
    g = value_and_grad(summed(f), tuple(range(len(data))))
    try:
        assert_same(g, data)
    except GivenUpError:  # operands of maximum that are the same in some iterations
        assert any(p.name == "maximum" for p in trace(f, *data).primitives())


FUNCTIONS = {
    "sums": lambda x, y: m.fsum([x, y, x * y, 2.0]),
    "products": lambda x, y: m.sumprod([x, y, 3.0], [y, 0.0, x]),
    "norms": lambda x, y: m.hypot(x, y, x * y) + m.sqrt(x),
    "powers": lambda x, y: x**3 + x**y + 2.0**y + x**-0.5 + (x * y) ** 2.0,
    "constants": lambda x, y: 0.0 * x + x * 0.0 + y - 0.0 + (-0.0) * y + 1.0 / y,
    "quotients": lambda x, y: x / 3.0 + 3.0 / y + x / y + y % 0.7 + (x * y) / 3.0,
    "choices": lambda x, y: m.maximum(x, y) + m.where(x > y, x * y, x + y) + abs(x),
    "kinks": lambda x, y: m.relu(x - y) + m.clip(x * y, 0.0, 1.0) + m.relu(y - x),
    "squares": lambda x, y: x * x + (x * y) * (x * y) + (y - y) + y / y,
    "dead": lambda x, y: (m.log(x * y), x + y)[1],
    "nothing": lambda _x, y: y * 1.0,
    "itself": lambda x, _y: x,
    "logsumexp": lambda x, y: m.logsumexp([x, y, 1.0, x * y]),
    "constant adjoints": lambda x, y: ((x + y) - 2.0 * x) * 0.5 + -(x + x),
    "huge": lambda x, y: 1e200 * x * (1e200 * y) * 1e-300,
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("argnums", [0, 1, (0, 1)])
def test_what_formulas_do_is_written_for_every_kind_of_instruction(name, argnums):
    f = FUNCTIONS[name]
    try:
        assert_same(value_and_grad(f, argnums), [1.3, 0.7])
    except GivenUpError:
        assert name == "itself"


def test_a_result_may_use_derivatives_further():
    def step(x, y):
        value, (a, b) = value_and_grad(lambda u, v: m.sin(u * v) + u * u, (0, 1))(x, y)
        return [x - 0.1 * a, y - 0.1 * b, value, a * b if a > 0 else a - b]

    assert_same(step, [0.4, 0.7])


def test_derivatives_of_several_results_are_all_written():
    assert_same(jacobian(lambda x: [x * x, m.sin(x), m.sin(x) * x]), [0.7])


def test_derivatives_by_one_use_of_a_number_leave_out_the_other():
    assert_same(lambda x: grad(lambda z: z * x + m.sin(z * x))(x), [0.7])


@pytest.mark.parametrize(
    "f",
    [
        grad(grad(lambda x: m.sin(x * x) * x)),
        hessian(lambda x: m.sin(x * x) * x),
        lambda x: grad(lambda a: grad(lambda b: a * a * m.sin(b * a))(x))(x),
        grad(lambda a: a * grad(lambda b: m.sin(b * a))(a)),
        lambda x: jvp(lambda a: grad(lambda b: m.sin(b * a))(x), (x,), (1.0,))[1],
        lambda x: jvp(grad(lambda b: m.sin(b * x)), (0.5,), (1.0,))[1] * x,
        lambda x: grad(lambda a: m.sin(a * x))(0.5) + grad(lambda a: a * x)(x),
    ],
    ids=range(7),
)
def test_derivatives_of_derivatives_are_those_of_the_engine(f):
    compiled = jit(f)
    for x in (0.7, -0.3):
        assert math.isclose(compiled(x), f(x), rel_tol=1e-12)
    assert not compiled.why_eager


def test_what_hides_that_it_gave_up_is_found_out():
    def f(x):
        inner = grad(lambda b: m.sin(b * x))(x)
        try:
            return jvp(lambda a: a * inner, (x,), (1.0,))[1] + grad(
                lambda a: inner * a
            )(x)
        except Exception:  # noqa: BLE001 - it is what this is about
            return -1.0 * x

    assert math.isclose(jit(f)(0.7), f(0.7), rel_tol=1e-12)


def test_a_kink_that_is_met_is_recorded_as_usual():
    f = grad(lambda x: m.relu(x) * x + m.sqrt(x * x + 1.0))
    with pytest.raises(GivenUpError):
        both(f, [0.0])
    compiled = jit(f)
    assert compiled(0.0) == f(0.0)
    assert compiled(0.5) == f(0.5)


def test_instructions_of_one_kind_on_both_sides_of_a_kink_are_told_apart():
    def f(x):
        return sum((m.relu(x - k) * x for k in range(4)), 0.0)

    compiled = jit(value_and_grad(f))
    for x in (1.5, 2.0, 3.0, 0.5):
        assert compiled(x) == pytest.approx(value_and_grad(f)(x), rel=1e-14)


def test_a_users_primitive_is_recorded_as_usual():
    half = primitive(lambda x: 0.5 * x, lambda _y, _x: 0.5, name="half")
    f = grad(lambda x: half(x) * x)
    with pytest.raises(GivenUpError):
        both(f, [0.7])
    assert jit(f)(0.7) == f(0.7)


def test_a_number_that_leaks_is_still_found():
    seen = []

    def f(x):
        seen.append(0.1)
        return m.sin(x * sum(seen)) * x

    with pytest.raises(RuntimeError, match="did not do the same twice"):
        record(lambda xs, _: grad(f)(xs[0]), [0.7], "f")


def test_numbers_that_are_not_finite_are_those_of_the_engine():
    f = value_and_grad(
        lambda x, y: x * 1e200 * y * 1e200 + m.where(x > 0.0, y, x), (0, 1)
    )
    compiled = jit(f)
    for point in ((1e-300, 2.0), (1e300, 1e10), (-1.0, 1e300)):
        np.testing.assert_array_equal(compiled(*point)[1], f(*point)[1])


def test_values_get_the_same_derivatives():
    x = Value(0.7)
    y = jit(grad(lambda a: m.sin(a * a)))(x)
    y.backward()
    assert math.isclose(x.grad, grad(grad(lambda a: m.sin(a * a)))(0.7), rel_tol=1e-12)


def test_a_zero_that_was_a_value_is_multiplied_and_not_left_out():
    with pytest.raises(GivenUpError):
        both(grad(lambda x: x * Value(0.0) + m.exp(x)), [0.7])
    assert_same(grad(lambda x: Value(0.0) + x * x), [0.7])


def test_code_is_learnt_once_for_all_constants_that_it_does_not_compute_with():
    def f(x):
        y = x
        for k in range(1, 2000):
            y = y * (1.0 + k / 1e9) + (k / 7.0) / (y + k) + (y + k) / (k / 3.0 + 1.0)
        return y

    assert_same(value_and_grad(f), [0.7])


def test_partials_of_what_was_recorded_are_written_out_as_well(monkeypatch):
    def f(a, b):
        x, total = a, 0.0
        for k in range(300):
            x = b * x * (1.0 - x)
            total = total + m.log(x) / (1.0 + 0.01 * k)
        return total

    lengths = []
    record_once = trace_module.record_once

    def counted(*args, **kwargs):
        recording = record_once(*args, **kwargs)
        lengths.append(recording.length)
        return recording

    monkeypatch.setattr(trace_module, "record_once", counted)
    program = roll(trace(f, 0.3, 3.7))
    del lengths[:]
    found = with_partials(program, [0.3, 3.7])
    assert len(lengths) == 1
    assert lengths[0] < 1.1 * program.performed
    results = found.run([0.31, 3.69])
    value, gradient = value_and_grad(f, (0, 1))(0.31, 3.69)
    assert [results[x] for x in found.outputs] == [value, *gradient]
