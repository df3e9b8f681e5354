"""Branches as data: one program for all ways, where that is right; else as before."""

from __future__ import annotations

import math

import numpy as np
import pytest
from outcomes import bits, outcome

from autograd import Value, grad, jit, trace, value_and_grad, vmap
from autograd import math as am
from autograd.compiler.targets import to

approx = pytest.approx

POINTS = (2.5, 0.5, -0.5, -2.5, 0.0, 1.0, -1.0, 40.0)


def two_sides(x):
    if x > 0:
        y = am.log(x)
    else:
        y = x * x
    return y * 2.0


def elifs(x):
    if x > 1.0:
        y = 1.0 / (x - 1.0)
    elif x > 0.0:
        y = am.sqrt(x)
    elif x < -1.0:
        y = am.log(-x)
    else:
        y = x
    return y


def early_return(x):
    if x < -1.0:
        return 0.0
    y = am.exp(x)
    if y > 2.0:
        return y - x
    return y * x


def expression(x):
    return am.sqrt(x) if x > 0 else -x


def nested(x):
    total = 0.0
    if x > -2.0:
        if x > 0.0 and am.log(x) < 1.0:
            total = total + x
        else:
            total = total - x * x
        if not x > 0.5 or x == 1.0:
            total = total * 2.0
    return total + x


def chained(x):
    return x * x if -1.0 < x <= 1.0 else abs(x)


def a_loop(x):
    total = x
    for i in range(5):
        if total > i:
            total = total * 0.5 + i
        elif x < -i:
            total = total - x
    return total


def a_break(x):
    total = x
    for z in (0.5, -1.0, 2.0, 0.25):
        total = total * z + x
        if total > 1.5:
            break
        if total < -3.0:
            continue
        total = total - 0.125
    return total


def found_in_a_loop(x):
    for i in range(4):
        if x < i - 1:
            return x * i
    return 10.0


def flags(x):
    high = x > 1.0
    found = False
    if high or x < -1.0:
        found = True
    if found and not high:
        return -x
    return x if high else x * x


def extremes(x):
    low, high = sorted([x, 0.75])
    return max(0.0, x) + 2.0 * min(x, 1.0, -0.5) + abs(x) + 3.0 * low + high


def helper(x):
    if x > 1.0:
        return am.log(x)
    return x - 1.0


def by_a_helper(x):
    return helper(x) * helper(-x) if x < 0.25 else helper(x + 1.0)


def whole_conditions(x):
    y = am.where(x > 0.5, x * x, -x)
    if any(t > 1.0 for t in (x, -x)) and all(t < 30.0 for t in [x]):
        y = y * 2.0
    return y if am.isfinite(x) else 0.0


def pairs(x):
    a, b = x, 1.0
    if x > 0:
        a, b = b, a
    return a * 2.0 + b


def raising(x):
    y = x
    if x > 0:
        if x > 30.0:
            raise ValueError("too large")
        y = am.log(x)
    return y


MERGED = [
    two_sides, elifs, early_return, expression, nested, chained, a_loop, a_break,
    found_in_a_loop, flags, extremes, by_a_helper, whole_conditions, pairs,
]  # fmt: skip


@pytest.mark.parametrize("f", MERGED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("at", POINTS)
def test_a_function_is_one_program_wherever_it_is_recorded(f, at):
    assert not trace(f, at).guards
    program = trace(value_and_grad(f), at)
    # At a kink there is a derivative of its own: this is asked, and nothing else.
    assert {g.relation for g in program.guards} <= {"=="}
    for x in POINTS:
        assert trace(f, at)(x) == [f(x)]
        if program.holds(program.run([x])):
            assert program(x) == approx([*value_and_grad(f)(x)], rel=1e-15), x


def jit_of(f):
    compiled = jit(f)
    for x in POINTS:
        compiled(x)
    return compiled


@pytest.mark.parametrize("f", [*MERGED, raising], ids=lambda f: f.__name__)
def test_compiled_and_in_batches_it_is_what_python_computes(f):
    compiled = jit(value_and_grad(f))
    second = jit(grad(grad(f)))
    for x in POINTS:
        assert outcome(f, x) == outcome(jit(f), x) or f is not raising
        if isinstance(outcome(f, x), type):
            continue
        assert compiled(x) == approx([*value_and_grad(f)(x)], rel=1e-14), x
        assert second(x) == approx(grad(grad(f))(x), rel=1e-13), x
    assert f is raising or len(jit_of(f).programs) == 1
    rows = np.array([x for x in POINTS if not isinstance(outcome(f, x), type)])
    batch = vmap(value_and_grad(f))
    expected = [value_and_grad(f)(x) for x in rows.tolist()]
    assert np.array(batch(rows)).T == approx(np.array(expected), rel=1e-14)


def test_the_listing_and_the_sources_show_the_choice():
    program = trace(expression, 2.0)
    assert "where(" in str(program)
    assert "where" in to(program, "numpy")


def test_an_error_of_a_side_is_an_error_where_that_side_is_chosen():
    compiled = jit(elifs)
    assert compiled(0.5) == math.sqrt(0.5)
    with pytest.raises(ZeroDivisionError):
        jit(lambda x: 1.0 / (x - 1.0) if x > 0.5 else x)(1.0)
    f = jit(lambda x: am.log(x - 1.0) if x > 0.0 else x)
    assert f(-3.0) == -3.0
    assert f(2.5) == math.log(1.5)
    with pytest.raises(ValueError, match="math domain error"):
        f(0.5)


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_comparisons_of_nan_turn_out_as_in_python(x):
    def f(x):
        a = 1.0 if x < 2.0 else 2.0
        b = 10.0 if not x >= 2.0 else 20.0
        c = 100.0 if x != x else 200.0  # noqa: PLR0124
        return a + b + c + (1000.0 if x == x else 0.0)  # noqa: PLR0124

    for at in (1.0, 3.0):
        assert trace(f, at)(x) == [f(x)]


def test_the_gradient_of_a_side_that_is_not_chosen_is_a_strong_zero():
    def f(x):
        return am.sqrt(x) if x > 0.0 else 2.0 * x

    assert jit(grad(f))(0.0) == 2.0
    assert jit(grad(f))(-1.0) == 2.0
    assert trace(grad(f), 4.0)(0.0) == [2.0]


# --- What is not merged -------------------------------------------------------------

HEARD = []
STATE = {"k": 1.0}


class Box:
    def __init__(self):
        self.count = 0
        self._k = 2.0

    @property
    def k(self):
        self.count += 1
        return self._k


BOX = Box()


def appends(x):
    seen = [x]
    if x > 0.0:
        seen.append(x * x)
    return sum(seen)


def counts(x):
    n = 0
    if x > 0.0:
        n = n + 1
    if n == 1:
        return x * 3.0
    return -x


def looks_up(x):
    ys = [0.5, 2.0, -1.0]
    n = 0
    for y in ys:
        if x > y:
            n += 1
    return ys[n % 3] * x


def through_a_property(x):
    if x > 0.0:
        return x * BOX.k
    return -x


def assigns_attributes(x):
    if x > 0.0:
        BOX.last = x
        return x
    return -x


def changes_a_global(x):
    global TOTAL  # noqa: PLW0603
    TOTAL = 0
    if x > 0.0:
        TOTAL = 1
    return x * TOTAL


def changes_an_enclosing_variable(x):
    n = 1.0

    def inner(y):
        nonlocal n
        if y > 0.0:
            n = n * 2.0
        return y

    return inner(x) * n


def unbound(x):
    if x > 0.0:
        y = x * 2.0
    if x > 1.0:
        return y
    return x


def with_a_walrus(x):
    if (y := x * 2.0) > 1.0:
        return y
    return -y


def deletes(x):
    y = x
    if x > 0.0:
        del y
        y = x * x
    return y


def catches(x):
    try:
        return am.log(x)
    except ValueError:
        return x


def asserts(x):
    if x > 0.0:
        assert x < 100.0
        return x * x
    return x


def whiles(x):
    n = 0
    while x > 1.0:
        x = x * 0.5
        n += 1
    return x + n


def recursive(x):
    if x > 1.0:
        return recursive(x - 1.0) * x
    return x


def yields(x):
    def terms():
        yield x
        if x > 0.0:
            yield x * x

    return sum(terms())


def in_a_with(x):
    from contextlib import nullcontext

    with nullcontext():
        if x > 0.0:
            return x * x
    return x


def lists_of_both(x):
    if x > 0.0:
        ys = [x, 1.0]
    else:
        ys = [2.0, x, x]
    ys.append(x)
    return sum(ys) * len(ys)


def dynamic_default(x, y=None):
    if y is None:
        y = x if x > 0 else 1.0
    return x * y


NOT_MERGED = [
    appends, counts, looks_up, through_a_property, assigns_attributes,
    changes_a_global, changes_an_enclosing_variable, unbound, with_a_walrus, deletes,
    catches, asserts, whiles, recursive, yields, in_a_with, lists_of_both,
    dynamic_default,
]  # fmt: skip


@pytest.mark.parametrize("f", NOT_MERGED, ids=lambda f: f.__name__)
def test_what_has_effects_or_structure_is_right_as_it_was(f):
    compiled = jit(value_and_grad(f))
    for x in (*POINTS, *POINTS):
        if x == 40.0 and f is recursive:
            continue
        assert compiled(x) == approx([*value_and_grad(f)(x)], rel=1e-13), x
    rows = np.array([x for x in POINTS if x < 30.0])
    expected = [value_and_grad(f)(x) for x in rows.tolist()]
    found = vmap(value_and_grad(f))(rows)
    assert np.array(found).T == approx(np.array(expected), rel=1e-13)


def test_an_effect_of_a_side_does_not_happen_for_nothing():
    def f(x):
        if x > 0.0:
            HEARD.append("positive")
            return x
        return -x

    HEARD.clear()
    trace(f, -2.0)
    assert not HEARD
    trace(f, 2.0)
    assert HEARD


def test_a_side_that_is_too_long_stays_a_guard():
    def f(x):
        if x > 0.0:
            for _ in range(4_000):
                x = x * 0.5 + 1.0
        return x

    assert len(trace(f, -1.0).code) < 100
    assert trace(f, -1.0).guards


@pytest.mark.parametrize("kind", [float, np.float64, Value])
def test_what_is_compared_with_what_is_no_recorded_number_is_decided(kind):
    limit = kind(1.5)

    def f(x):
        return x * x if x > limit else -x

    for x in (1.0, 2.0):
        found = jit(f)(x)
        assert bits(found) == bits(f(x))


def test_a_compiled_function_with_a_recorded_branch_runs_without_the_tape():
    def outer(x):
        inner = lambda y: y if y > 0 else -y  # noqa: E731
        return inner, inner(x)

    kept = []

    def f(x):
        inner, y = outer(x)
        kept.append(inner)
        return y

    assert jit(f)(-2.0) == 2.0
    assert kept[0](-3.0) == 3.0
    assert grad(kept[0])(-3.0) == -1.0


def test_standard_functions_compile_without_being_lifted_by_hand():
    def f(x):
        y = math.exp(float(x)) if isinstance(x, float) else 0.0
        return math.log(y) if y > 1.0 else math.sin(x)

    compiled = jit(value_and_grad(f))
    assert compiled(2.0) == approx((2.0, 1.0))
    assert compiled(-2.0) == approx((math.sin(-2.0), math.cos(2.0)))
    assert len(compiled.programs) == 1
