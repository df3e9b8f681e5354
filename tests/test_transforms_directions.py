"""jacobian, hessian, hvp, vjp, jvp: against closed forms, and against each other."""

from __future__ import annotations

import math
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import scipy.optimize

from autograd import (
    Value,
    check_grads,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from autograd import math as am

Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - as users write them

# --- Against closed forms -----------------------------------------------------------

A = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, -2.0]])
X = np.array([0.5, -1.5, 2.0])


def linear(x):
    return A @ x


def quadratic(x):
    return (x @ (A.T @ A) @ x) * 0.5


def test_the_jacobian_of_a_linear_map_is_its_matrix():
    found = jacobian(linear)(X)
    assert (found.shape, found.dtype) == ((2, 3), np.dtype(float))
    assert (found == A).all()


def test_the_hessian_of_a_quadratic_form_is_its_matrix():
    found = hessian(quadratic)(X)
    assert (found.shape, found.dtype) == ((3, 3), np.dtype(float))
    assert found == pytest.approx(A.T @ A, rel=1e-15)
    v = np.array([1.0, -2.0, 0.5])
    assert hvp(quadratic)(X, v) == pytest.approx(A.T @ A @ v, rel=1e-14)


def test_pullback_and_pushforward_of_a_linear_map_are_its_transpose_and_itself():
    value, pull = vjp(linear, X)
    bar, dot = np.array([1.0, 3.0]), np.array([-1.0, 0.5, 2.0])
    assert value == pytest.approx(A @ X)
    assert pull(bar)[0] == pytest.approx(A.T @ bar)
    assert pull(bar)[0] == pytest.approx(A.T @ bar)  # as often as one likes
    value, tangent = jvp(linear, (X,), (dot,))
    assert value == pytest.approx(A @ X)
    assert tangent == pytest.approx(A @ dot)


def test_the_jacobian_of_an_elementwise_map_is_diagonal():
    found = jacobian(np.tanh)(X)
    assert found == pytest.approx(np.diag(1.0 / np.cosh(X) ** 2), rel=1e-14)


def test_the_jacobian_of_an_array_by_an_array_has_both_shapes():
    m = np.arange(6.0).reshape(2, 3)
    found = jacobian(lambda m: m.T * 2.0)(m)
    assert found.shape == (3, 2, 2, 3)
    for i in range(3):
        for j in range(2):
            expected = np.zeros((2, 3))
            expected[j, i] = 2.0
            assert (found[i, j] == expected).all()


def test_the_hessian_of_rosenbrock_is_the_textbook_s():
    def rosenbrock(p):
        x, y = p
        return (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2

    x, y = -1.2, 1.0
    assert grad(rosenbrock)([x, y]) == pytest.approx([-215.6, -88.0])
    assert hessian(rosenbrock)([x, y]) == [
        pytest.approx([2.0 - 400.0 * (y - 3.0 * x * x), -400.0 * x]),
        pytest.approx([-400.0 * x, 200.0]),
    ]


def test_several_argnums_give_blocks():
    def f(x, y):
        return x * x * y + y**3

    assert jacobian(f, (0, 1))(2.0, 3.0) == (12.0, 31.0)
    assert hessian(f, (0, 1))(2.0, 3.0) == ((6.0, 4.0), (4.0, 18.0))
    assert hessian(f, 1)(2.0, 3.0) == 18.0
    assert hessian(f, -1)(2.0, 3.0) == 18.0


def test_structures_come_out_with_the_argument_s_in_the_place_of_each_number():
    def f(p):
        return {"sum": p["w"][0] + p["w"][1], "pair": Pair(p["w"][0] * p["b"], 3.0)}

    found = jacobian(f)({"w": [2.0, 5.0], "b": 7.0})
    assert found == {
        "sum": {"w": [1.0, 1.0], "b": 0.0},
        "pair": Pair({"w": [7.0, 0.0], "b": 2.0}, {"w": [0.0, 0.0], "b": 0.0}),
    }


def test_directions_have_structures_too():
    def f(p, c):
        return [p["m"] @ p["v"], Pair(c * p["v"].sum(), am.exp(c))]

    p = {"m": np.array([[1.0, 2.0], [3.0, 4.0]]), "v": np.array([0.5, -1.0])}
    dot = {"m": np.array([[0.0, 1.0], [0.0, 0.0]]), "v": np.array([1.0, 0.0])}
    (product, pair), (product_dot, pair_dot) = jvp(f, (p, 2.0), (dot, 3.0))
    assert product == pytest.approx(p["m"] @ p["v"])
    assert pair == Pair(-1.0, math.exp(2.0))
    assert product_dot == pytest.approx([1.0 - 1.0, 3.0])
    assert pair_dot == Pair(3.0 * -0.5 + 2.0, 3.0 * math.exp(2.0))
    _, pull = vjp(f, p, 2.0)
    p_bar, c_bar = pull([np.array([1.0, 10.0]), Pair(100.0, 0.0)])
    assert p_bar["m"] == pytest.approx(np.outer([1.0, 10.0], p["v"]))
    assert p_bar["v"] == pytest.approx(np.array([31.0, 42.0]) + 200.0)
    assert c_bar == -50.0


def test_an_ordered_dict_stays_one_and_empty_parts_stay_empty():
    def f(p):
        return p["b"] * p["a"][0]

    p = OrderedDict(b=2.0, nothing=[], a=(3.0,))
    found = hessian(f)(p)
    assert list(found) == ["b", "nothing", "a"]
    assert found["b"] == OrderedDict(b=0.0, nothing=[], a=(1.0,))
    assert found["nothing"] == []
    assert hvp(f)(p, OrderedDict(b=1.0, nothing=[], a=(10.0,))) == OrderedDict(
        b=10.0, nothing=[], a=(1.0,)
    )


# --- Against each other -------------------------------------------------------------

# Smooth, of sizes near 1: what differs is then a formula, never cancellation.
FUNCTIONS = {
    "a polynomial": (lambda p: p[0] ** 3 * p[1] - 2.0 * p[1] ** 2 * p[2],
                     [0.7, -1.3, 2.0]),
    "a quotient": (lambda p: (p[0] - p[1]) / (1.0 + p[1] * p[1]), [0.5, 0.8]),
    "a power": (lambda p: p[0] ** p[1] + p[1] ** p[0], [1.3, 0.6]),
    "waves": (lambda p: am.sin(p[0] * p[1]) * am.cos(p[2]) - am.tan(p[0]),
              [0.4, 1.1, 0.2]),
    "logarithms": (lambda p: am.log(p[0], p[1]) * am.log1p(p[0] * p[1]), [2.5, 3.5]),
    "a neuron": (lambda p: am.tanh(am.sumprod(p[:2], p[2:]) + 0.1),
                 [0.5, -0.3, 0.8, 1.2]),
    "a network": (
        lambda p: am.softplus(p[0] * am.tanh(p[1] * 0.7) + am.sigmoid(p[2]) * p[0]),
        [0.6, -0.9, 0.4],
    ),
    "a loss": (lambda p: am.logsumexp(p) - p[1] + am.hypot(*p), [0.3, -0.4, 1.2]),
    "a softmax": (lambda p: am.sumprod(am.softmax(p), p), [0.3, -0.4, 1.2]),
    "a product": (lambda p: am.prod(p) + am.fsum([x * x for x in p]), [0.3, -0.4, 1.2]),
    "areas": (lambda p: am.erf(p[0]) * am.ndtr(p[1]) + am.lgamma(p[2]),
              [0.3, -0.4, 1.7]),
    "angles": (lambda p: am.atan2(p[0], p[1]) * am.asin(0.3 * p[0]), [0.9, 1.4]),
    "branches": (lambda p: am.where(p[0] > p[1], p[0] * p[1], 0.0) + abs(p[1]) ** 3,
                 [0.9, -1.4]),
}  # fmt: skip
every_function = pytest.mark.parametrize(
    ("f", "x"), FUNCTIONS.values(), ids=FUNCTIONS.keys()
)


def close(found, expected):
    scale = max(map(abs, expected), default=0.0) + 1e-3
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-11 * scale)


@every_function
def test_all_transforms_agree(f, x):
    n = len(x)
    gradient = grad(f)(x)
    assert jacobian(f)(x) == gradient
    value, pull = vjp(f, x)
    assert value == value_and_grad(f)(x)[0] == f(x)
    assert pull(1.0) == (gradient,)
    units = [[float(i == k) for i in range(n)] for k in range(n)]
    close([jvp(f, (x,), (unit,))[1] for unit in units], gradient)
    second = hessian(f)(x)
    assert any(any(row) for row in second)
    for unit, row in zip(units, second, strict=True):
        close(hvp(f)(x, unit), row)  # symmetry, since this is a column
        close(vjp(grad(f), x)[1](unit)[0], row)
        close(jvp(grad(f), (x,), (unit,))[1], row)


@every_function
def test_third_derivatives_agree_in_any_order_of_modes(f, x):
    v = [0.5 + 0.25 * i for i in range(len(x))]

    def along(g):
        return lambda x: jvp(g, (x,), (v,))[1]

    def back(g):
        return lambda x: am.sumprod(grad(g)(x), v)

    expected = along(along(along(f)))(x)
    assert expected != 0.0
    for g in (back(along(along(f))), along(back(back(f))), back(back(back(f)))):
        close([g(x)], [expected])


@every_function
def test_finite_differences_agree(f, x):
    check_grads(f, x, order=3)


# --- Any order, and no confusion ----------------------------------------------------


def test_gradients_of_gradients_of_gradients():
    assert grad(grad(grad(lambda x: x**4)))(2.0) == 48.0
    assert grad(grad(grad(am.sin)))(0.5) == pytest.approx(-math.cos(0.5), rel=1e-15)
    assert jacobian(jacobian(jacobian(am.exp)))(0.5) == pytest.approx(math.exp(0.5))
    cubic = lambda x: jvp(lambda y: hvp(lambda z: z**3)(y, 1.0), (x,), (1.0,))[1]  # noqa: E731
    assert cubic(2.0) == 6.0


@pytest.mark.parametrize("inner", ["grad", "jacobian", "jvp", "vjp", "value_and_grad"])
@pytest.mark.parametrize("outer", ["grad", "jacobian", "jvp", "vjp", "value_and_grad"])
def test_no_transform_inside_another_confuses_their_perturbations(outer, inner):
    derivative = {
        "grad": grad,
        "jacobian": jacobian,
        "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
        "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    }
    d, e = derivative[outer], derivative[inner]
    assert d(lambda x: x * e(lambda y: x + y)(1.0))(1.0) == 1.0
    assert d(lambda x: x * e(lambda y: x * y)(x))(3.0) == 6.0
    assert d(lambda x: e(lambda y: x * y * y)(x))(3.0) == 12.0
    assert d(lambda x: e(lambda y: e(lambda z: x * y * z)(y) * y)(x))(2.0) == 8.0


@pytest.mark.parametrize("constant", [2.0, [1.0, 2.0], np.ones(3), {"a": 1.0}])
def test_a_function_that_ignores_its_argument_has_zero_derivatives(constant):
    def zeros(tree):
        return np.asarray(tree["a"] if isinstance(tree, dict) else tree) == 0.0

    assert np.all(zeros(grad(lambda _: 5.0)(constant)))
    assert np.all(zeros(hvp(lambda _: 5.0)(constant, constant)))
    value, tangent = jvp(lambda _: 5.0, (constant,), (constant,))
    assert (value, tangent) == (5.0, 0.0)
    assert np.all(zeros(vjp(lambda _: 5.0, constant)[1](1.0)[0]))
    assert jacobian(lambda _: [5.0, 6.0])(1.0) == [0.0, 0.0]
    assert hessian(lambda _: 5.0)(1.0) == 0.0


def test_no_one_s_gradient_is_touched_by_any_of_them():
    w, x, inner = Value(3.0), Value(2.0), Value(5.0) * 2.0
    w.grad, x.grad = 7.0, 8.0

    def f(x):
        return [x * w * inner, am.exp(x * 0.1)]

    def g(x):
        return am.fsum(f(x)) ** 2

    jacobian(f)(x)
    hessian(g)(x)
    hvp(g)(x, 1.0)
    vjp(f, x)[1]([1.0, w])
    jvp(f, (x,), (w,))
    with no_grad():
        hessian(g)(2.0)
    assert (w.grad, x.grad, inner.grad) == (7.0, 8.0, 0.0)
    assert inner.parents[0].grad == 0.0


def test_directions_that_are_values_stay_connected():
    v, bar = Value(2.0), Value(3.0)
    _, tangent = jvp(lambda x: x**2, (5.0,), (v,))
    tangent.backward()
    assert (tangent.data, v.grad) == (20.0, 10.0)
    (pulled,) = vjp(lambda x: x**2, 5.0)[1](bar)
    pulled.backward()
    assert (pulled.data, bar.grad) == (30.0, 10.0)


# --- SciPy takes them as they stand -------------------------------------------------


def rosenbrock(x):
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize(
    "options",
    [
        {"fun": value_and_grad(rosenbrock), "jac": True},
        {"fun": rosenbrock, "jac": grad(rosenbrock)},
        {"fun": rosenbrock, "jac": grad(rosenbrock), "hess": hessian(rosenbrock),
         "method": "Newton-CG"},
        {"fun": rosenbrock, "jac": grad(rosenbrock), "hess": hessian(rosenbrock),
         "method": "trust-exact"},
        {"fun": value_and_grad(rosenbrock), "jac": True, "hessp": hvp(rosenbrock),
         "method": "trust-ncg"},
    ],
    ids=["value_and_grad", "grad", "newton", "trust-exact", "hvp"],
)  # fmt: skip
def test_scipy_minimizes_with_derivatives_as_they_come(options):
    found = scipy.optimize.minimize(x0=np.array([-1.2, 1.0, 0.5]), **options)
    assert found.success
    assert found.x == pytest.approx(np.ones(3), abs=1e-4)


def test_scipy_solves_equations_and_least_squares_with_jacobians():
    def equations(p):
        x, y = p
        return np.array([x + 0.5 * (x - y) ** 3 - 1.0, 0.5 * (y - x) ** 3 + y])

    found = scipy.optimize.root(equations, np.zeros(2), jac=jacobian(equations))
    assert found.success
    assert equations(found.x) == pytest.approx(np.zeros(2), abs=1e-9)
    fit = scipy.optimize.least_squares(equations, np.zeros(2), jac=jacobian(equations))
    assert fit.x == pytest.approx(found.x, abs=1e-7)


def test_a_pullback_is_of_the_numbers_that_were_recorded():
    p, q = Value(2.0), Value(5.0)
    _, pull = vjp(lambda x: p * x * x + am.sin(q * x), 3.0)
    p.data, q.data = 10.0, 1.0
    (found,) = pull(1.0)
    assert found.data == pytest.approx(12.0 + 5.0 * math.cos(15.0))
    found.backward()
    assert p.grad == 6.0
    assert q.grad == pytest.approx(math.cos(15.0) - 15.0 * math.sin(15.0))
    p.data = 2.0
    (again,) = pull(1.0)
    assert again.data == found.data
