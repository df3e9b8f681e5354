"""NumPy's functions in lifted code: what they give on Values, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

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
