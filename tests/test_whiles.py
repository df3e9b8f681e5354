"""Whiles whose end is data: one program for any number of turns, and right."""

import math
import pickle
import threading

import numpy as np
import pytest

from autograd import Value, grad, jit, lift, value_and_grad, vmap
from autograd.compiler import trace

# --- Functions ------------------------------------------------------------------------


def newton(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        dx = (x * x - a) / (2 * x)
        x = x - dx
    return x


def escape(c):
    x, n = 0.0, 0
    while n < 40 and x <= 4.0:
        x = x * x + c
        n += 1
    return x + n


def counted_twice(a):
    n = m = 0
    while a > 1.0:
        a, n, m = a * 0.7, n + 1, m - 2
    return a + n * 10.0 + m


def friction(a):
    x = 8.0
    while True:
        new = -2 * math.log10(a / 1e4 + 2.51 * x / 1e5)
        if abs(new - x) < 1e-14 * abs(new):
            break
        x = new
    return 1 / x**2


def adaptive(a):
    t, y, h = 0.0, 1.0, 0.1
    while t < 1.0:
        h = min(h, 1.0 - t)
        k1 = -a * y * y
        k2 = -a * (y + h * k1) ** 2
        error = abs(h * (k2 - k1) / 2)
        if error <= 1e-3:
            t, y = t + h, y + h * (k1 + k2) / 2
        h = h * min(2.0, max(0.3, 0.9 * (1e-3 / (error + 1e-300)) ** 0.5))
    return y


def with_exits(x):
    n = 0
    while x > 1.0:
        n += 1
        x = x * 0.7
        if n > 30:
            return -x
        if x > 60.0:
            break
        if x < 1.2:
            continue
        x = x - 0.01
    else:
        x = x + 3.0
    return x * n


def else_and_break(a):
    s = 0.0
    for k in range(5):
        y = a + k
        while y > 1.0:
            y = y * 0.5 - 0.01
            if y < 0.6 + 0.01 * k:
                break
        else:
            s = s + y
            if s > 3.0:
                break
            continue
        s = s + 2 * y
    return s


def returns(a):
    while True:
        while a > 10:
            a = a * 0.5
            if a < 7:
                return a * a
        a = a + 1.7
        if a * a > 70:
            break
    return -a


def nested(a):
    s, y = 0.0, a
    while y > 0.1:
        z, m = y, 0
        while z * z > 0.01 * a and m < 9:
            z = z * 0.6
            m += 1
        s = s + z * m
        y = y * 0.5
    return s


def in_a_side(a):
    if a > 5.0:
        y = a
        while y > 2.0:
            y = math.sqrt(y)
    else:
        y = a * a
    return y


def called(a):
    return newton(a) + newton(2.0 * a)


def raising(a):
    while a < 100.0:
        a = a * a + 0.5
        if a == 6.75:
            raise ValueError("six")
    return a


def logarithms(a):
    while a > 1.0:
        a = a - math.log(a) - 0.2 / a
    return a


def for_and_break(a):
    x = a
    for _ in range(80):
        dx = (x * x - a) / (2 * x)
        x = x - dx
        if abs(dx) < 1e-12:
            break
    return x


ONE = [
    newton, escape, counted_twice, friction, adaptive, with_exits, else_and_break,
    returns, nested, in_a_side, called, raising, logarithms, for_and_break,
]  # fmt: skip


def indexed(a):
    n = 0
    while a > 1.0:
        a = a / 2
        n += 1
    return [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0][n] * a


def indexed_at_an_end(a):
    n = 0
    while n < 3 and a > 1.0:
        a = a / 2
        n += 1
    return [1.0, 2.0, 3.0, 4.0][n % 4] * a


def listed(a):
    seen = []
    while a > 1.0:
        seen.append(a)
        a = a / 2
    return sum(seen) + a


def unbound(a):
    while a > 1.0:
        a = a / 2
        last = a
    return last + a


def multiplied(a):
    p = 1
    while a > 1.0:
        a = a * 0.9
        p *= 3
    return a * p


def remembered(a):
    before = None
    while a > 1.0:
        before = a
        a = a / 2
    return a if before is None else before


MANY = [indexed, indexed_at_an_end, listed, multiplied, remembered]
ROWS = [0.3, 0.9, 1.0, 1.5, 2.0, 3.3, 5.0, 6.1, 9.0, 14.0, 23.0, 55.0]


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


# --- One program ----------------------------------------------------------------------


@pytest.mark.parametrize("f", [*ONE, *MANY], ids=lambda f: f.__name__)
def test_a_while_gives_what_python_gives(f):
    compiled = jit(f)
    for x in ROWS:
        close(compiled(x), f(x))
    assert f in MANY or len(compiled.programs) <= (
        2 if f in {adaptive, logarithms} else 1
    )


@pytest.mark.parametrize("f", [*ONE, *MANY], ids=lambda f: f.__name__)
def test_a_while_recorded_for_one_row_has_the_bits_of_every_row(f):
    for x in ROWS:
        program = trace(f, x)
        for y in ROWS:
            try:
                results = program.run([y])
            except (ArithmeticError, ValueError):
                assert x != y
                continue
            if program.holds(results):
                assert float(results[program.outputs[0]]).hex() == float(f(y)).hex()
            assert program.holds(results) or x != y


@pytest.mark.parametrize("f", [*ONE, *MANY], ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [1, 3, len(ROWS)])
def test_rows_of_a_batch_end_their_turns_at_different_times(f, n):
    rows = np.array(ROWS[-n:])
    close(vmap(f)(rows), [f(x) for x in rows.tolist()])


@pytest.mark.parametrize("f", [*ONE, *MANY], ids=lambda f: f.__name__)
def test_whiles_have_the_derivatives_of_the_eager_engine(f):
    first = jit(value_and_grad(f))
    second = jit(grad(grad(f)))
    for x in ROWS:
        close(first(x), value_and_grad(lift(f))(x))
        close(second(x), grad(grad(lift(f)))(x))
    values, slopes = vmap(value_and_grad(f))(np.array(ROWS))
    close(values, [f(x) for x in ROWS])
    close(slopes, [grad(lift(f))(x) for x in ROWS])


def test_a_variable_that_only_turns_set_is_unbound_where_there_were_none():
    compiled = jit(unbound)
    close(compiled(5.0), unbound(5.0))
    with pytest.raises(UnboundLocalError):
        compiled(0.5)


def test_more_turns_than_were_recorded_are_recorded_with_a_larger_capacity():
    def halved(a):
        n = 0.0
        while a > 1.0:
            a, n = a * 0.5, n + 1.0
        return n

    compiled = jit(halved)
    rows = [2.0**k + 0.5 for k in range(120)]
    assert [compiled(x) for x in rows] == [halved(x) for x in rows]
    assert len(compiled.programs) == 3  # of 16, 64 and 256 turns


def test_a_loop_of_a_fixed_number_of_turns_is_recorded_to_its_end():
    compiled = jit(escape)
    assert [compiled(c) for c in (3.0, 0.2, -1.0)] == [
        escape(c) for c in (3.0, 0.2, -1.0)
    ]
    assert compiled.programs[0].guards == ()


# --- Errors, and what never ends ------------------------------------------------------


def test_an_error_in_a_turn_is_raised_for_the_row_that_made_it():
    def steps(a):
        while a > 0.5:
            a = a - 1.0 / (a - 2.0)
        return a

    compiled = jit(steps)
    close(compiled(0.25), 0.25)
    with pytest.raises(ZeroDivisionError):
        compiled(2.0)
    with pytest.raises(ValueError, match="six"):
        jit(raising)(2.5)


def test_a_side_that_is_not_chosen_may_hold_a_loop_that_never_ends():
    def only_if(a):
        n = 5 if a > 0.0 else -1
        if a > 0.0:
            while n != 0:
                n -= 1
        return a * n

    compiled = jit(only_if)
    assert [compiled(x) for x in (2.0, -2.0)] == [0.0, 2.0]


def test_infinite_numbers_of_turns_that_never_were_do_not_reach_gradients():
    def grows(a):
        s = 0.0
        while a < 1e300:
            s = s + 1.0 / a
            a = a * a * 1e10
        return s

    for x in (2.0, 1e3, 1e301):
        close(jit(value_and_grad(grows))(x), value_and_grad(lift(grows))(x))
    rows = np.array([2.0, 1e3, 1e301])
    close(vmap(grad(grows))(rows), [grad(lift(grows))(x) for x in rows.tolist()])


# --- Elsewhere ------------------------------------------------------------------------


def test_a_compiled_while_travels_and_serves_threads():
    compiled = jit(value_and_grad(newton))
    compiled(2.0)
    copy = pickle.loads(pickle.dumps(compiled))  # noqa: S301 - our own
    found = {}

    def work(k):
        found[k] = [copy(x) for x in ROWS]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for each in found.values():
        for (value, slope), x in zip(each, ROWS, strict=True):
            expected = value_and_grad(lift(newton))(x)
            close([value, slope], expected)
    assert len(copy.programs) == 1


def test_a_compiled_while_is_a_node_among_others():
    x = Value(3.0)
    y = jit(newton)(x * x)
    y.backward()
    close([y.data, x.grad], [3.0, 1.0])


def test_rows_are_summed_as_they_are_one_by_one():
    rows = np.array(ROWS)
    total, slopes = vmap(value_and_grad(newton), reduce="sum")(rows)
    close(total, sum(newton(x) for x in ROWS))
    close(slopes, sum(grad(lift(newton))(x) for x in ROWS))
