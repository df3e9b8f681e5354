"""What lifted code decides by itself is right anywhere: pivots, intervals, types.

A recording serves other numbers than it was made with: whatever was decided on the way
has to be a guard, or right for all of them. The oracle is NumPy, SciPy and Python on
floats, and closed forms of the slopes.
"""

from __future__ import annotations

import enum
import math
import numbers
import statistics
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import integrate

from autograd import Value, grad, jit, lift, value_and_grad, vmap
from autograd.solving import solve


def matrix(x, y):
    return np.array([[x, 1.0], [1.0, y]])


def inverse(x, y):
    return np.linalg.inv(matrix(x, y))[0, 0]


def determinant(x, y):
    return np.linalg.det(matrix(x, y))


def solution(x, y):
    return np.linalg.solve(matrix(x, y), np.array([1.0, 2.0]))[1]


def slopes(f, x, y):
    """Return value and slopes of one of the three, by their closed forms."""
    d = x * y - 1.0
    if f is determinant:
        return d, (y, x)
    if f is inverse:
        return y / d, (-y * y / d**2, -1.0 / d**2)
    top = 2.0 * x - 1.0
    return top / d, (2.0 / d - top * y / d**2, -top * x / d**2)


@pytest.mark.parametrize("f", [inverse, determinant, solution])
def test_a_pivot_of_a_recording_is_no_divisor_where_it_is_about_zero(f):
    compiled = jit(value_and_grad(f, (0, 1)))
    points = [(5.0, 2.0), (1e-17, 2.0), (0.0, 2.0), (-3.0, 1.0), (1e-9, 3.0)]
    for point in (*points, points[0]):
        value, found = compiled(*point)
        right = slopes(f, *point)
        assert value == pytest.approx(right[0], rel=1e-12)
        assert found == pytest.approx(right[1], rel=1e-12)
    values = vmap(f)(*np.array(points).T)
    assert values == pytest.approx([slopes(f, *p)[0] for p in points], rel=1e-12)


def of_three(x, y):
    a = np.array([[x, 1.0, 0.2], [1.0, y, 0.3], [0.5, 0.1, x + y]])
    return np.linalg.solve(a, np.array([1.0, 2.0, x]))[1]


@pytest.mark.parametrize("f", [of_three, inverse])
def test_pivots_that_are_equal_or_infinite_are_no_leak_and_no_number(f):
    compiled = jit(f)
    points = [(1.0, 1.5), (-1.0, 1.0), (1.0, -math.inf), (0.7, 0.3), (2.0, 2.0)]
    for point in (*points, points[0]):
        right = pytest.approx(f(*point), rel=1e-12, nan_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, about infinities
            assert compiled(*point) == right
    at_a_tie = jit(of_three)
    assert at_a_tie(1.0, 1.0) == pytest.approx(of_three(1.0, 1.0), rel=1e-12)
    assert at_a_tie(0.7, 0.3) == pytest.approx(of_three(0.7, 0.3), rel=1e-12)


def test_a_singular_matrix_has_a_determinant_and_its_slopes():
    for point in ((1.0, 1.0), (2.0, 0.5)):
        assert jit(determinant)(*point) == 0.0
        assert jit(value_and_grad(determinant, (0, 1)))(*point) == (0.0, point[::-1])


@pytest.mark.parametrize("f", [inverse, solution])
def test_a_singular_matrix_raises_what_numpy_raises(f):
    compiled = jit(f)
    compiled(5.0, 2.0)
    for point in ((1.0, 1.0), (2.0, 0.5)):
        with pytest.raises(np.linalg.LinAlgError):
            compiled(*point)


def test_a_matrix_that_is_not_positive_definite_raises_what_numpy_raises():
    root = jit(value_and_grad(lambda x, y: np.linalg.cholesky(matrix(x, y))[1, 1]))
    root(5.0, 2.0)
    for point in ((1.0, 1.0), (2.0, 0.4), (-1.0, 1.0)):
        with pytest.raises(np.linalg.LinAlgError):
            root(*point)


def test_slopes_of_two_unknowns_are_solved_with_pivots_of_their_own():
    # a p + q = 1 and p + b q = 2, where a is about 0 later.
    def unknown(a, b):
        p, _ = solve(
            lambda z: [a * z[0] + z[1] - 1.0, z[0] + b * z[1] - 2.0], [0.5, 0.5]
        )
        return p

    compiled = jit(grad(unknown, (0, 1)))
    for a, b in ((5.0, 2.0), (1e-17, 3.0), (-0.5, 1.0)):
        d = a * b - 1.0
        top = b - 2.0
        right = -top * b / d**2, 1.0 / d - top * a / d**2
        assert compiled(a, b) == pytest.approx(right, rel=1e-9)


def bell(a):
    return integrate.quad(lambda t: 1.0 / (1.0 + (a * t) ** 2), -1.0, 1.0)[0]


def decay(a):
    return integrate.quad(lambda t: math.exp(-t * a), 0.0, math.inf)[0]


def waves(a):
    return integrate.quad(math.sin, 0.0, a)[0]


INTEGRALS = [
    (bell, lambda a: 2.0 * math.atan(a) / a,
     lambda a: 2.0 / (a * (1.0 + a * a)) - 2.0 * math.atan(a) / a**2,
     [0.5, 3.0, 100.0, 1e4]),
    (decay, lambda a: 1.0 / a, lambda a: -1.0 / a**2, [1.0, 0.01, 50.0]),
    (waves, lambda a: 1.0 - math.cos(a), math.sin, [1.0, 30.0, 200.0]),
]  # fmt: skip


@pytest.mark.parametrize(("f", "value", "slope", "points"), INTEGRALS)
def test_an_integral_is_cut_anew_where_the_integrand_is_another(
    f, value, slope, points
):
    for order in (points, points[::-1]):
        compiled = jit(value_and_grad(f))
        for a in (*order, order[0]):
            right = value(a), slope(a)
            assert compiled(a) == pytest.approx(right, rel=1e-9)
    assert vmap(f)(np.array(points)) == pytest.approx(list(map(value, points)))


def test_an_integral_is_the_first_thing_that_is_compiled(tmp_path, run_python):
    program = tmp_path / "first.py"
    program.write_text(
        "from scipy import integrate\nfrom autograd import jit\n"
        "@jit\ndef f(a):\n"
        "    return integrate.quad(lambda t: a * t, 0.0, 2.0)[0]\n"
        "assert abs(f(3.0) - 6.0) < 1e-12\n"
    )
    done = run_python(program)
    assert done.returncode == 0, done.stderr


def between(a, b):
    return integrate.quad(lambda t: t * t, a, b)[0]


@pytest.mark.parametrize("way", [lift, jit])
def test_an_integral_may_go_from_right_to_left(way):
    f = value_and_grad(way(between), (0, 1))
    for a, b in ((0.7, -1.3), (-1.0, 2.0)):
        value, slope = f(a, b)
        assert value == pytest.approx((b**3 - a**3) / 3.0)
        assert slope == pytest.approx((-a * a, b * b))


def kinked(a):
    return integrate.quad(lambda t: a * max(t, 1.0), 0.0, 2.0)[0]


def test_an_integral_that_overflows_is_cut_as_scipy_cuts_it():
    compiled = jit(kinked)
    for a in (1.0, 5e307, -5e307):
        assert compiled(a) == pytest.approx(2.5 * a, rel=1e-9)


# --- Patterns -----------------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: float
    y: float


def by_its_type(x):
    match x:
        case int():
            return 5.0 * x
        case float(v):
            return math.sin(v)
    return -1.0


def by_an_abstract_class(x):
    match x:
        case str() | None:
            return 0.0
        case numbers.Real() as r:
            return math.sin(r)
    return -1.0


def by_its_parts(x):
    match [x, (1.0, Point(x, 2))]:
        case [float(), (float(a), Point(float(b), y=int(n)))]:
            return math.sin(a * b) * n / 2.0
    return -1.0


def by_a_dotted_name(x):
    match Colour.RED if x > 0.0 else Colour.BLUE:
        case Colour.RED:
            return math.sin(x)
        case Colour.BLUE:
            return math.sin(x)
    return -1.0


def by_a_type_in_a_loop(x):
    total = 0.0
    for part in (x, 2, "a", None):
        match part:
            case float(v):
                total += math.sin(v)
            case int(v):
                total += v
            case str() | None:
                total -= 1.0
    return total


PATTERNS = [
    by_its_type, by_an_abstract_class, by_its_parts, by_a_dotted_name,
    by_a_type_in_a_loop,
]  # fmt: skip


@pytest.mark.parametrize("f", PATTERNS)
@pytest.mark.parametrize("x", [0.7, -1.3, 0.0])
def test_a_pattern_takes_a_value_as_a_float(f, x):
    assert f(x) == pytest.approx(math.sin(x))
    right = pytest.approx((math.sin(x), math.cos(x)))
    assert lift(f)(x) == f(x)
    assert jit(f)(x) == f(x)
    assert value_and_grad(lift(f))(x) == right
    assert jit(value_and_grad(f))(x) == right
    assert vmap(f)(np.array([x, x])) == pytest.approx(f(x))


# --- Arrays and numbers that are not finite -----------------------------------------


def whole_array(x):
    return np.array([[x, 1], [2, 3]], dtype=np.int32).sum() * x


def bools(x):
    return np.array([x, 0.0, 2.0], dtype=bool).sum() * x


def as_ints(x):
    return np.asarray([x * 3.0, 2.0]).astype(int)[0] * x


@pytest.mark.parametrize("f", [whole_array, bools, as_ints])
def test_an_array_of_ints_or_bools_is_rounded_as_numpy_does(f):
    for x in (0.7, 1.9, -2.6, 0.4):
        slope = f(x) / x  # what was counted is constant
        assert value_and_grad(lift(f))(x) == pytest.approx((f(x), slope))
        assert jit(value_and_grad(f))(x) == pytest.approx((f(x), slope))


def made_finite(x):
    return np.nan_to_num(x, nan=2.0) * 0.5


def limited(x):
    return np.nan_to_num(x, nan=2.0, posinf=5.0, neginf=-7.0) * 0.5


def interpolated(x):
    return np.interp(x, [0.0, 1.0, 3.0], [1.0, 3.0, 0.0])


def by_values(x):
    return np.interp(0.5, [0.0, 1.0 + x * x], [x, 2.0])


def largest(x):
    numbers = np.array([0.5, x, 2.0])
    return numbers[np.argmax(numbers)] + numbers[numbers.argmin()] * np.argmin(numbers)


CASES = [made_finite, limited, interpolated, largest]


def test_a_recording_for_finite_numbers_finds_a_nan_among_them():
    for f in (by_values, largest):
        compiled = jit(f)
        for x in (0.7, math.nan, 3.0, -1.0, math.nan):
            assert compiled(x) == pytest.approx(f(x), nan_ok=True)


@pytest.mark.parametrize("f", CASES)
@pytest.mark.parametrize("x", [0.7, math.inf, -math.inf, math.nan])
def test_what_is_not_finite_becomes_what_numpy_makes_of_it(f, x):
    for found in (jit(f)(x), lift(f)(Value(x))):
        number = found.data if isinstance(found, Value) else found
        assert number == pytest.approx(f(x), nan_ok=True)


def spread(x):
    return statistics.stdev([x, 0.1 * x, 1.0, 2.0])


def test_a_deviation_does_not_overflow_where_squares_would():
    compiled = jit(spread)
    for x in (1.0, 1e200, -1e300):
        assert compiled(x) == pytest.approx(spread(x), rel=1e-12)


def halved(x, y):
    low, high = 0.0, 3.0
    for _ in range(60):
        middle = (low + high) / 2.0
        f = math.exp(400.0 * middle * x) - 2.0 if middle * x < 1.7 else math.inf
        if f > y:
            high = middle
        else:
            low = middle
    return (low + high) / 2.0


def test_a_search_that_meets_an_infinity_keeps_its_number_and_its_slope():
    root = math.log(3.0) / 400.0
    assert lift(halved)(Value(1.0), Value(1.0)).data == halved(1.0, 1.0)
    right = root, (-root, 1.0 / 1200.0)
    for way in (
        value_and_grad(lift(halved), (0, 1)),
        jit(value_and_grad(halved, (0, 1))),
    ):
        value, found = way(1.0, 1.0)
        assert (value, *found) == pytest.approx((right[0], *right[1]))
