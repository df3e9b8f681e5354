"""NumPy's functions in lifted code: what they give on Values, and what they refuse."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from scipy import interpolate

from autograd import Value, grad, jit, lift


def matrix(x):
    return np.array([[x, 1.0, 0.5], [0.2, x * x, 1.0], [0.1, 0.3, 2.0]])


def spread(x):
    a = np.array([x, x * x, 2.0 * x])
    return a.std() + np.var(a, ddof=1) + np.std(matrix(x), axis=1)[1]


def algebra(x):
    m = matrix(x)
    inverse = np.linalg.inv(m)[0, 1]
    y = np.linalg.solve(m, np.array([x, 1.0, 2.0]))[2]
    return np.linalg.det(m) + inverse + y + np.linalg.cholesky(m @ m.T)[2, 1]


def singular(x):
    return np.linalg.det(np.array([[x - 0.7, 2.0], [1.0, 0.0]]))


def in_place(x):
    e = np.array(x, copy=True, ndmin=1).astype(np.float64)
    e += 2.0
    np.reciprocal(e, out=e)
    np.exp(e, out=e)
    return e[0].copy()


def filled(x):
    a = np.zeros(5)
    b = np.ones_like(a)
    a[0] = np.sin(x)
    for k in range(1, 5):
        a[k] = a[k - 1] * x
        b[k] += a[k]
    return a.sum() * b[4] * np.eye(5)[2, 2]


def masked(x):
    a = np.array([x, 2.0 * x, 3.0 * x])
    out = np.empty(a.shape, dtype=float)
    low = a < 1.5
    out[low] = a[low] / 12.92
    out[~low] = ((a[~low] + 0.055) / 1.055) ** 2.4
    return out.sum()


def close_or_not(x):
    return x * x if ~np.isclose(x, 3.0) and ~np.isnan(x) else 0.0


class Angle:
    def __init__(self, degrees):
        self.degrees = degrees

    def __float__(self):
        return self.degrees * 0.5


def of_an_object(x):
    import math

    return float(Angle(x)) + math.sin(Angle(x * x))


FUNCTIONS = [
    spread, algebra, singular, in_place, filled, masked, close_or_not, of_an_object,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", [0.7, 1.3])
def test_arrays_of_values_have_the_slope_of_arrays_of_floats(f, x):
    h = 1e-6
    expected = (f(x + h) - f(x - h)) / (2 * h)
    assert grad(lift(f))(x) == pytest.approx(expected, rel=1e-7)
    assert float(lift(f)(Value(x)).data) == pytest.approx(float(f(x)), rel=1e-13)
    assert jit(grad(f))(x) == pytest.approx(expected, rel=1e-7)


def test_an_array_made_where_no_value_is_about_refuses_one():
    made = np.zeros(2)

    def f(x):
        made[0] = x
        return made[0]

    with pytest.raises(TypeError, match="in silence"):
        lift(f)(Value(1.0))


def test_a_part_of_an_array_alone_is_not_computed():
    with pytest.raises(TypeError, match="out="):
        lift(lambda a: np.exp(a, where=[True, False]))(np.array([Value(1.0), 2.0]))


def kind_of_number(x):
    if isinstance(x, (int, float)):
        return x * x
    if isinstance(x, (list, str)):
        return 0.0
    raise TypeError(x)


def test_asking_for_the_kind_of_a_number_does_not_keep_it_from_being_compiled():
    g = jit(grad(lift(kind_of_number)))
    assert g(3.0) == 6.0
    assert g.why_eager == ""
    assert len(g.programs) == 1


XS = np.linspace(0.0, 3.0, 9)
CUBIC = interpolate.CubicSpline(XS, np.sin(XS))
PCHIP = interpolate.PchipInterpolator(XS, np.exp(XS))
STRAIGHT = interpolate.interp1d(XS, np.cos(XS))
BEYOND = interpolate.interp1d(XS, np.cos(XS), fill_value="extrapolate")


def splines(x):
    smooth = interpolate.make_interp_spline(XS, np.cos(XS))
    return CUBIC(x) * PCHIP(x) + STRAIGHT(x) + BEYOND(x + 4.0) + smooth(x * x)


def of_a_sample(x):
    a, b = [x, x * x, 2.0, 0.3], [1.0, x, 3.0, 0.5]
    line = statistics.linear_regression(a, b)
    return (
        statistics.fmean(a) * statistics.stdev(a) + statistics.pvariance(b)
        + statistics.geometric_mean(a) + statistics.harmonic_mean(b) + line.slope
        + line.intercept * statistics.correlation(a, b) + statistics.mean(a)
        + statistics.covariance(a, b) * statistics.pstdev(b) * statistics.variance(b)
    )  # fmt: skip


def infinite(x):
    huge = np.exp(np.array([1400.0 * x]))[0]
    return x * x if np.isfinite(huge) else x * 3.0 + np.where(x > 0, x, np.log(-x))


class Point(np.ndarray):
    def __new__(cls, xs):
        if not np.isfinite(xs).all():
            raise ValueError(xs)
        return np.asarray(xs).view(cls)


def of_a_class_of_arrays(x):
    a, b = np.atleast_1d(x, [x, 2.0])
    return Point(Point([x, a[0] * x])).sum().item() * b[1]


def of_a_scalar_of_numpys(x):
    y = np.sqrt(np.asarray([x, 2.0]))[0]
    return y * x if y.ndim == 0 and y.shape == () else x


def of_operators_of_floats(x):
    return float.__mul__(x, 3.0) - float.__rsub__(x, 2.0) + float.__neg__(x * x)


def of_a_normal_distribution(x):
    a, b = statistics.NormalDist(), statistics.NormalDist(mu=x, sigma=1.0 + x)
    return a.cdf(x) * b.pdf(0.3) + a.inv_cdf(x / 2.0) + b.cdf(0.1)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(
    "f",
    [
        splines, of_a_sample, infinite, of_a_class_of_arrays, of_operators_of_floats,
        of_a_normal_distribution, of_a_scalar_of_numpys,
    ],
)  # fmt: skip
@pytest.mark.parametrize("x", [0.7, 1.2])
def test_tables_samples_and_infinities_have_the_slope_of_floats(f, x):
    h = 1e-6
    with np.errstate(all="ignore"):
        expected = (f(x + h) - f(x - h)) / (2 * h)
    assert grad(lift(f))(x) == pytest.approx(float(expected), rel=1e-6)
    assert jit(grad(f))(x) == pytest.approx(float(expected), rel=1e-6)


def test_the_second_derivative_of_a_spline_is_its_second_derivative():
    assert grad(grad(lift(CUBIC)))(1.1) == pytest.approx(CUBIC(1.1, 2))


def test_a_table_is_outside_what_scipy_says_it_is():
    with pytest.raises(ValueError, match="above the interpolation range"):
        lift(STRAIGHT)(Value(3.5))


def test_a_sample_that_is_too_short_raises_what_it_raises():
    with pytest.raises(statistics.StatisticsError):
        lift(lambda x: statistics.stdev([x]))(Value(3.5))
