"""Roots and minima as functions of what is in their equations, and tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize
from scipy.interpolate import PchipInterpolator

from autograd import (
    Value,
    check_grads,
    grad,
    hessian,
    interpolate,
    jacobian,
    jit,
    lift,
    minimum,
    primitive,
    solve,
    value_and_grad,
    vmap,
)


def kepler(m, e):
    return solve(lambda x: x - e * math.sin(x) - m, m)


def square_root(a):
    return solve(lambda x: x * x - a, (0.0, 50.0))


def pair(s, p):
    """Two numbers of sum s and product p, the smaller first."""
    return solve(lambda xs: [xs[0] + xs[1] - s, xs[0] * xs[1] - p], [0.1, 3.0])


@pytest.mark.parametrize("a", [0.01, 2.0, 4.0, 30.0])
def test_a_root_in_a_bracket_has_derivatives_of_every_order(a):
    f = square_root
    for power, factor in ((0.5, 1.0), (-0.5, 0.5), (-1.5, -0.25), (-2.5, 0.375)):
        assert f(a) == pytest.approx(factor * a**power, rel=1e-14)
        f = grad(f)


def test_a_root_near_a_start_is_differentiated_by_all_that_is_in_the_equation():
    m, e = 1.0, 0.3
    x = kepler(m, e)
    assert x - e * math.sin(x) == pytest.approx(m, abs=1e-15)
    slope = 1.0 - e * math.cos(x)
    expected = (1.0 / slope, math.sin(x) / slope)
    assert grad(kepler, (0, 1))(m, e) == pytest.approx(expected, rel=1e-14)
    check_grads(kepler, m, e, order=2)


def test_captured_values_are_parents_of_the_root():
    a = Value(9.0, name="a")
    y = solve(lambda x: x * x - a, 2.0)
    (2.0 * y).backward()
    assert y.data == pytest.approx(3.0)
    assert a.grad == pytest.approx(2.0 / 6.0)
    assert y.parents == (a,)


def test_arguments_are_passed_on():
    root = solve(lambda x, a, b: a * x - b, 1.0, Value(2.0), 6.0)
    assert root.data == 3.0


def test_without_values_a_root_is_a_float():
    assert type(square_root(2.0)) is float
    assert solve(lambda x: x * x - 4.0, np.float64(1.0)) == pytest.approx(2.0)
    assert [type(x) for x in pair(3.0, 2.0)] == [float, float]


def test_the_roots_of_a_system_have_derivatives_of_every_order():
    s, p = 3.5, 2.0
    d = math.sqrt(s * s - 4.0 * p)
    assert pair(s, p) == pytest.approx([(s - d) / 2, (s + d) / 2])
    by = jacobian(lambda v: pair(v[0], v[1]))([s, p])
    assert by[0] == pytest.approx([(1 - s / d) / 2, 1 / d])
    assert by[1] == pytest.approx([(1 + s / d) / 2, -1 / d])
    second = hessian(lambda v: pair(v[0], v[1])[0])([s, p])
    assert second[0] == pytest.approx([(s * s / d**3 - 1 / d) / 2, -s / d**3])
    assert second[1] == pytest.approx([-s / d**3, 2 / d**3])


def test_a_minimum_is_differentiated_like_a_root():
    lowest = lambda a, b: minimum(lambda x: math.exp(x - a) - b * x, 0.0)  # noqa: E731
    assert lowest(1.0, 2.0) == pytest.approx(1.0 + math.log(2.0))
    assert grad(lowest, (0, 1))(1.0, 2.0) == pytest.approx((1.0, 0.5))
    assert grad(grad(lowest, 1), 1)(1.0, 2.0) == pytest.approx(-0.25)
    of_two = lambda a: minimum(  # noqa: E731
        lambda x: (x[0] - a) ** 2 + (x[0] * x[1] - 1.0) ** 2, [1.0, 1.0]
    )
    assert of_two(2.0) == pytest.approx([2.0, 0.5], rel=1e-7)
    assert jacobian(of_two)(2.0) == pytest.approx([1.0, -0.25], rel=1e-6)


@pytest.mark.parametrize("f", [kepler, lambda m, e: square_root(m * e + 1.0)])
def test_a_compiled_root_is_one_program_whatever_the_iterations(f):
    g = jit(value_and_grad(f))
    for m in (0.1, 1.0, 2.0, 3.0, 0.5):
        assert g(m, 0.3) == pytest.approx(value_and_grad(f)(m, 0.3), rel=1e-13)
    assert len(g.programs) == 1
    second = jit(grad(grad(f)))
    assert second(1.0, 0.3) == pytest.approx(grad(grad(f))(1.0, 0.3), rel=1e-12)


def test_a_batch_of_roots_is_one_program():
    rows = np.linspace(0.1, 3.0, 50)
    g = vmap(value_and_grad(kepler), (0, None))
    values, slopes = g(rows, 0.3)
    expected = [value_and_grad(kepler)(m, 0.3) for m in rows.tolist()]
    assert np.array(expected) == pytest.approx(np.array([values, slopes]).T, rel=1e-13)
    assert len(g.programs) == 1


def test_an_equation_that_goes_another_way_elsewhere_is_right_too():
    def f(a):
        return solve(lambda x: (x if x < 1.0 else x * x) - a, (0.0, 100.0))

    g = jit(value_and_grad(f))
    for a in (0.5, 4.0, 0.25, 9.0):
        root, slope = (a, 1.0) if a < 1.0 else (math.sqrt(a), 0.5 / math.sqrt(a))
        assert g(a) == pytest.approx((root, slope), rel=1e-13)


def test_no_root_is_an_error_that_says_so():
    with pytest.raises(ValueError, match=r"no root of .* was found from 1\.0"):
        solve(lambda x: x * x + 1.0, 1.0)
    with pytest.raises(ValueError, match="of one sign"):
        solve(lambda x: x * x - 1.0, (-2.0, 2.0))
    with pytest.raises(ValueError, match="returned 1 numbers for 2 unknowns"):
        solve(lambda xs: [xs[0]], [1.0, 2.0])
    with pytest.raises(TypeError, match="solve takes a function"):
        solve(3.0, 1.0)


def test_a_double_root_has_no_derivative():
    a = Value(0.0)
    with pytest.raises(ZeroDivisionError, match="does not move smoothly"):
        solve(lambda x: x * x - a, 0.0)


SOLVERS = {
    "brentq": lambda f, a: optimize.brentq(f, 0.0, 10.0, args=(a,)),
    "brenth": lambda f, a: optimize.brenth(f, 0.0, 10.0, (a,)),
    "bisect": lambda f, a: optimize.bisect(f, 0.0, 10.0, args=a),
    "ridder": lambda f, a: optimize.ridder(f, 0.0, 10.0, args=(a,)),
    "toms748": lambda f, a: optimize.toms748(f, 0.0, 10.0, args=(a,)),
    "newton": lambda f, a: optimize.newton(f, 1.0, args=(a,)),
    "slope": lambda f, a: optimize.newton(f, 1.0, lambda x, a: 3 * x * x + a, (a,)),
    "pair": lambda f, a: optimize.brentq(f, 0.0, 10.0, (a,), full_output=True)[0],
    "scalar": lambda f, a: optimize.root_scalar(f, (a,), bracket=(0.0, 10.0)).root,
    "fsolve": lambda f, a: optimize.fsolve(f, 1.0, (a,))[0],
}


@pytest.mark.parametrize("name", SOLVERS)
def test_the_root_finders_of_scipy_have_the_derivative_of_the_root(name):
    def cubic(x, a):
        return x**3 + a * x - 3.0

    def f(a):
        return SOLVERS[name](cubic, a)

    a = 2.0
    assert lift(f)(a) == f(a) == pytest.approx(1.0)
    assert grad(lift(f))(a) == pytest.approx(-1.0 / 5.0, rel=1e-7)
    assert grad(grad(lift(f)))(a) == pytest.approx(4.0 / 125.0, rel=1e-6)
    g = jit(grad(lift(f)))
    assert [g(a) for a in (2.0, 2.5)] == pytest.approx(
        [grad(lift(f))(a) for a in (2.0, 2.5)], rel=1e-7
    )
    assert len(g.programs) == 1


XS = [0.0, 0.5, 1.5, 2.0, 4.0]
YS = [1.0, 2.0, 2.5, 1.0, 0.0]


def test_tables_are_those_of_numpy_and_scipy():
    straight, smooth = interpolate(XS, YS), interpolate(XS, YS, "pchip")
    theirs = PchipInterpolator(XS, YS)
    for x in np.linspace(0.0, 4.0, 101).tolist():
        assert straight(x) == pytest.approx(np.interp(x, XS, YS), rel=1e-14)
        assert smooth(x) == pytest.approx(float(theirs(x)), rel=1e-13, abs=1e-14)
        if x not in XS:
            assert grad(smooth)(x) == pytest.approx(float(theirs(x, 1)), abs=1e-12)
            assert grad(grad(smooth))(x) == pytest.approx(
                float(theirs(x, 2)), abs=1e-11
            )


@pytest.mark.parametrize("kind", ["linear", "pchip"])
def test_tables_are_differentiated_by_their_ordinates(kind):
    def f(ys, x):
        return interpolate(XS, ys, kind)(x) ** 2

    check_grads(f, YS, 0.7, order=2)
    check_grads(f, YS, 3.1, order=2)


@pytest.mark.parametrize("kind", ["linear", "pchip"])
def test_a_compiled_table_is_one_program_for_all_pieces(kind):
    table = interpolate(XS, YS, kind)
    rows = np.linspace(0.01, 3.99, 200)
    g = vmap(value_and_grad(lambda x: table(x * 1.0) * x))
    values, slopes = g(rows)
    expected = [value_and_grad(lambda x: table(x) * x)(x) for x in rows.tolist()]
    assert np.array(expected) == pytest.approx(np.array([values, slopes]).T, rel=1e-13)
    assert len(g.programs) == 1


def test_beyond_a_table_is_an_error_or_constant():
    with pytest.raises(ValueError, match="outside of the table"):
        interpolate(XS, YS)(Value(4.5))
    constant = interpolate(XS, YS, outside="constant")
    assert (constant(-1.0), constant(9.0), grad(constant)(9.0)) == (1.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="at least two points"):
        interpolate([0.0, 0.0], [1.0, 2.0])
    with pytest.raises(ValueError, match='"linear" or "pchip"'):
        interpolate(XS, YS, "cubic")


def test_a_primitive_that_bears_a_rows_name_is_not_compiled_as_that_row():
    mine = primitive(lambda x: x + 1.0, lambda *_: 1.0, name="exp")
    two = primitive(lambda a, b: a + b, [lambda *_: 1.0] * 2, name="mul")
    assert jit(lambda x: mine(x) * 2.0)(1.0) == 4.0
    assert jit(lambda x: two(x, 3.0) * 2.0)(1.0) == 8.0
    rows = np.array([1.0, 2.0, 5.0])
    assert vmap(lambda x: two(mine(x), x), reduce="sum")(rows) == 19.0


def area_ratio(m):
    return np.asanyarray(1.0 + 0.2 * m * m) ** 3 / (1.728 * m)


def subsonic(ratio):
    return optimize.bisect(lambda m: area_ratio(m) - ratio, np.float64(0.0), 1.0)


def test_a_search_from_a_pole_is_one_program_for_all_numbers():
    g = jit(value_and_grad(subsonic))
    with np.errstate(divide="ignore"):
        for ratio in (1.5, 1.6, 2.0):
            m, slope = g(ratio)
            assert float(area_ratio(m)) == pytest.approx(ratio, rel=1e-10)
            h = 1e-6
            by = (area_ratio(m + h) - area_ratio(m - h)) / (2 * h)
            assert slope == pytest.approx(float(1.0 / by), rel=1e-6)
    assert len(g.programs) == 1
