"""Bisections that somebody wrote as loops: the slope of the root, or an error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from autograd import grad, jit, lift, value_and_grad, vmap
from autograd.lifting import LiftError


def by_an_if(a):
    low, high = 0.0, 10.0
    while high - low > 1e-13:
        mid = (low + high) / 2
        if mid * mid < a:
            low = mid
        else:
            high = mid
    return mid


def by_signs_of_a_product(a):
    low, high = 0.0, 4.0

    def f(x):
        return math.exp(x) * 2.0 - a

    f_low = f(low)
    for _ in range(60):
        x = low + 0.5 * (high - low)
        f_x = f(x)
        if f_low * f_x < 0.0:
            high = x
        else:
            low, f_low = x, f_x
    return 0.5 * (low + high) + a


def by_a_return(a):
    low, high = 1.0, 10.0
    while True:
        mid = 0.5 * (low + high)
        y = mid**3 - a
        if abs(y) < 1e-12 or high - low < 1e-14:
            return mid
        if y > 0:
            high = mid
        else:
            low = mid


def by_arithmetic(a):
    low, high = 1.0, 10.0
    for _ in range(60):
        m = (low + high) / 2.0
        t = m**3
        condition = t <= a
        low = low + (m - low) * condition
        high = high + (m - high) * (not condition)
    return m * t


def between_bounds_that_move(a):
    low, high = 0.1 * a, a + 1.0
    m = (low + high) / 2
    while high - low > 1e-12:
        if m * m > a:
            high = m
        else:
            low = m
        m = (low + high) / 2
    return m


def by_newton_in_a_bracket(a):
    low, high, x = 0.0, 10.0, 9.0
    for _ in range(60):
        y, slope = x * x - a, 2.0 * x + 1.0  # not quite its slope
        if y < 0.0:
            low = x
        else:
            high = x
        x = x - y / slope
        if x > high or x < low:
            x = 0.5 * (low + high)
    return x


def by_steps_of_a_sign(a):
    x, step, before = 4.0, 2.0, 0.0
    while abs(x - before) > 1e-13:
        before = x
        s = math.copysign(1.0, a - x * x)
        x += step * s
        step /= 2.0
    return x


def by_steps_up_or_down(a):
    x, step = 4.0, 2.0
    for _ in range(50):
        if x * x < a:
            x += step
        else:
            x -= step
        step *= 0.5
    return x


def by_chosen_steps(a):
    x, step = 4.0, 2.0
    for _ in range(50):
        x = x + (step if x * x < a else -step)
        step = step / 2
    return x


# The function, its closed form, and the first and second derivative of that.
SEARCHES = [
    (
        by_newton_in_a_bracket,
        lambda a: a**0.5,
        lambda a: 0.5 * a**-0.5,
        lambda a: -0.25 * a**-1.5,
    ),
    (by_an_if, lambda a: a**0.5, lambda a: 0.5 * a**-0.5, lambda a: -0.25 * a**-1.5),
    (
        by_signs_of_a_product,
        lambda a: math.log(a / 2.0) + a,
        lambda a: 1.0 / a + 1.0,
        lambda a: -1.0 / a**2,
    ),
    (
        by_a_return,
        lambda a: a ** (1 / 3),
        lambda a: a ** (-2 / 3) / 3,
        lambda a: -2 * a ** (-5 / 3) / 9,
    ),
    (
        by_arithmetic,
        lambda a: a ** (4 / 3),
        lambda a: 4 * a ** (1 / 3) / 3,
        lambda a: 4 * a ** (-2 / 3) / 9,
    ),
    (
        between_bounds_that_move,
        lambda a: a**0.5,
        lambda a: 0.5 * a**-0.5,
        lambda a: -0.25 * a**-1.5,
    ),
]
SEARCHES += [
    (f, *SEARCHES[1][1:])
    for f in (by_steps_of_a_sign, by_steps_up_or_down, by_chosen_steps)
]
IDS = [f.__name__ for f, *_ in SEARCHES]


@pytest.mark.parametrize(("f", "root", "slope", "bend"), SEARCHES, ids=IDS)
@pytest.mark.parametrize("a", [3.0, 5.5])
def test_what_a_bisection_finds_has_the_slope_of_the_root(f, root, slope, bend, a):
    lifted = lift(f)
    assert lifted(a) == f(a) == pytest.approx(root(a), rel=1e-11)
    y, dy = value_and_grad(lifted)(a)
    assert y == f(a)
    assert dy == pytest.approx(slope(a), rel=1e-9)
    assert grad(grad(lifted))(a) == pytest.approx(bend(a), rel=1e-7)
    assert jit(grad(f))(a) == pytest.approx(slope(a), rel=1e-9)


@pytest.mark.shared
@pytest.mark.parametrize(("f", "root", "slope", "bend"), SEARCHES, ids=IDS)
def test_bisections_in_a_batch_have_the_slopes_of_their_roots(f, root, slope, bend):
    del bend
    rows = np.linspace(3.0, 5.0, 7)
    ys, slopes = vmap(value_and_grad(f))(rows)
    assert ys == pytest.approx(list(map(root, rows)), rel=1e-11)
    assert slopes == pytest.approx(list(map(slope, rows)), rel=1e-9)


def of_a_sign(a):
    low, high = 0.0, 10.0
    while high - low > 1e-13:
        mid = (low + high) / 2
        if math.copysign(1.0, mid * mid - a) < 0.0:
            low = mid
        else:
            high = mid
    return mid


def for_a_minimum(a):
    low, high, part = 0.0, 5.0, 0.618
    for _ in range(80):
        c = high - part * (high - low)
        d = low + part * (high - low)
        if (c - a) ** 2 < (d - a) ** 2:
            high = d
        else:
            low = c
    return (low + high) / 2


@pytest.mark.parametrize("f", [of_a_sign, for_a_minimum])
def test_a_search_whose_slope_cannot_be_seen_is_an_error(f):
    assert lift(f)(2.0) == f(2.0)
    with pytest.raises(LiftError, match=r"test_lift_searches.*autograd\.solve"):
        grad(lift(f))(2.0)


def quantised(x, bits):
    low, high = 0.0, 8.0
    for _ in range(bits):
        m = (low + high) / 2
        if x < m:
            high = m
        else:
            low = m
    return low * x


def by_levels(x):
    code, step = 0.0, 8.0 / 4096
    low, high = 0.0, 4096.0
    for _ in range(12):
        m = 0.5 * (low + high)
        if m * step < x:
            low = m
            code = m
        else:
            high = m
    return code * x


def coarse_root(x):
    low, high = 0.0, 8.0
    for _ in range(10):
        m = (low + high) / 2
        if m * m > x:
            high = m
        else:
            low = m
    return low * x


QUANTISERS = [
    lambda x: quantised(x, 3), lambda x: quantised(x, 12), by_levels, coarse_root,
]  # fmt: skip


@pytest.mark.parametrize("f", QUANTISERS, ids=["3", "12", "levels", "coarse"])
def test_what_ends_with_a_wide_bracket_has_the_slope_of_its_steps(f):
    rows = [3.3, 0.7, 5.1, 7.99]
    plain = [grad(f)(x) for x in rows]
    assert [f(x) / x for x in rows] == pytest.approx(
        plain
    )  # what it multiplies x by is a step
    assert [grad(lift(f))(x) for x in rows] == plain
    compiled = jit(grad(f))
    assert [compiled(x) for x in rows] == plain
    assert vmap(grad(f))(np.array(rows)).tolist() == plain


def of_floats_alone(a):
    low, high = 0.0, 2.0
    while high - low > 1e-13:
        mid = (low + high) / 2
        if mid * mid < 2.0:
            low = mid
        else:
            high = mid
    return mid * a


def leapfrog(a):
    x, v, dt = 1.0, 0.0, 0.05
    for _ in range(50):
        half = v - 0.5 * dt * x * a
        x = x + dt * half
        if x < 0.2:
            half = half * 0.9
        v = half - 0.5 * dt * x * a
    return x


def averages(a):
    x, y = a, 1.0
    while abs(x - y) > 1e-15:
        mean = (x + y) / 2
        x, y = mean, math.sqrt(x * y)
    return x


def friction_that_fades(a):
    v, loss = 10.0, 0.02
    for _ in range(900):
        v -= loss * math.copysign(1.0, v * v - a)
        loss *= 0.99
    return v * a


@pytest.mark.parametrize(
    "f", [of_floats_alone, leapfrog, averages, friction_that_fades]
)
@pytest.mark.parametrize("a", [0.7, 1.9])
def test_other_loops_are_differentiated_as_they_stand(f, a):
    h = 1e-6
    expected = (f(a + h) - f(a - h)) / (2 * h)
    assert grad(lift(f))(a) == pytest.approx(expected, rel=1e-7)
    assert jit(grad(f))(a) == pytest.approx(expected, rel=1e-7)


def least_of_one(a):
    return minimize_scalar(lambda x: (x - a) ** 2 + a * math.exp(x)).x * a


def least_of_two(a):
    def f(x, b):
        return (x[0] - b) ** 4 + (x[0] - 2.0 * b) ** 2 + (x[1] - b * x[0]) ** 2

    found = minimize(f, [a, 1.0], args=(a,), tol=1e-10)
    return found.x[0] * found.x[1] + found.fun


@pytest.mark.parametrize("f", [least_of_one, least_of_two])
@pytest.mark.parametrize("a", [1.3, 2.0])
def test_a_minimum_that_scipy_finds_moves_as_it_does(f, a):
    h = 1e-2
    wide, narrow = ((f(a + d) - f(a - d)) / (2 * d) for d in (h, h / 2))
    expected = (4 * narrow - wide) / 3
    assert lift(f)(a) == f(a)
    y, slope = value_and_grad(lift(f))(a)
    assert y == pytest.approx(f(a), rel=1e-12)
    assert slope == pytest.approx(expected, rel=1e-4)
    assert jit(grad(f))(a) == pytest.approx(slope, rel=1e-6)
    assert vmap(grad(f))(np.array([a, 1.7]))[0] == pytest.approx(slope, rel=1e-6)


def test_a_minimum_at_a_bound_is_an_error():
    def f(a):
        return minimize_scalar(
            lambda x: (x - a) ** 2, bounds=(0.0, 1.0), method="bounded"
        ).x

    assert grad(lift(f))(0.5) == pytest.approx(1.0)
    with pytest.raises(LiftError, match=r"test_lift_searches.*at a bound"):
        grad(lift(f))(1.5)
