"""grad and value_and_grad: structures in, structures out, to any order."""

from __future__ import annotations

import copy
import functools
import math
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import scipy.optimize

from autograd import Value, grad, no_grad, value_and_grad
from autograd import math as am

Point = namedtuple("Point", "x y")  # noqa: PYI024 - as users write them


def test_the_gradient_of_a_number_is_a_float():
    value, derivative = value_and_grad(lambda x: x * x)(3.0)
    assert (value, derivative) == (9.0, 6.0)
    assert type(value) is type(derivative) is float


@pytest.mark.parametrize(
    "x",
    [3, np.float64(3.0), np.float32(3.0), np.int64(3)],
    ids=lambda x: type(x).__name__,
)
def test_any_real_number_is_a_point_to_differentiate_at(x):
    assert grad(lambda x: x * x)(x) == 6.0


def test_gradients_have_the_structure_of_the_argument():
    def f(tree):
        a, (b, c) = tree["w"]
        return a * b + tree["p"].x * c + tree["p"].y ** 2 + tree["o"]["k"][0]

    tree = {
        "w": [2.0, (3.0, 4.0)],
        "p": Point(5.0, 6.0),
        "o": OrderedDict(k=(7.0,)),
        "unused": [1.0, {}],
    }
    assert grad(f)(tree) == {
        "w": [3.0, (2.0, 5.0)],
        "p": Point(4.0, 12.0),
        "o": OrderedDict(k=(1.0,)),
        "unused": [0.0, {}],
    }


def test_arrays_give_float_arrays_of_the_same_shape():
    x = np.arange(6.0).reshape(2, 3)
    g = grad(lambda x: (x * x).sum())(x)
    assert (g.shape, g.dtype) == ((2, 3), np.dtype(float))
    assert (g == 2 * x).all()


def test_arrays_of_integers_are_numbers_too_and_arrays_nest_in_structures():
    g = grad(lambda p: (p["w"] @ p["x"]).sum())({"w": np.eye(2), "x": np.array([3, 4])})
    assert (g["w"] == [[3.0, 4.0], [3.0, 4.0]]).all()
    assert (g["x"] == [1.0, 1.0]).all()


def test_an_array_of_no_numbers_and_one_of_no_dimension():
    assert grad(lambda x: x.sum() + 1.0)(np.empty(0)).shape == (0,)
    assert float(grad(lambda x: x * x)(np.array(3.0))) == 6.0


def test_argnums_choose_the_arguments_and_several_give_a_tuple():
    def f(x, y, z=1.0):
        return x * y**2 * z

    assert grad(f)(3.0, 2.0) == 4.0
    assert grad(f, argnums=1)(3.0, 2.0) == 12.0
    assert grad(f, argnums=(0, 1))(3.0, 2.0, z=10.0) == (40.0, 120.0)
    assert grad(f, argnums=(1,))(3.0, 2.0) == (12.0,)
    assert grad(f, argnums=-1)(3.0, 2.0) == 12.0


def test_other_arguments_reach_the_function_as_they_are():
    seen = []
    marker = object()

    def f(x, *rest, **more):
        seen.append((rest, more))
        return x * 2.0

    assert grad(f)(1.0, "text", marker, flag=None) == 2.0
    assert seen == [(("text", marker), {"flag": None})]


def test_any_callable_can_be_differentiated():
    class Callable:
        def __call__(self, x):
            return x**3

    assert grad(Callable())(2.0) == 12.0
    assert grad(functools.partial(lambda a, x: a * x, 5.0))(2.0) == 5.0
    assert grad(am.tanh)(0.0) == 1.0
    assert grad(math.floor)(2.5) == 0.0


@pytest.mark.parametrize(
    "result", [3.0, 3, np.float64(3), np.array(3.0)], ids=lambda x: type(x).__name__
)
def test_the_derivative_of_a_constant_function_is_zero(result):
    assert value_and_grad(lambda _: result)(2.0) == (float(result), 0.0)
    assert grad(lambda _: result)([1.0, (2.0,)]) == [0.0, (0.0,)]
    assert grad(grad(lambda _: result))(2.0) == 0.0


def test_an_argument_that_does_not_matter_has_the_derivative_zero():
    assert grad(lambda x, _: x * 2.0, argnums=(0, 1))(1.0, 1.0) == (2.0, 0.0)


def test_what_was_detached_or_not_recorded_is_constant():
    assert grad(lambda x: x.detach() * x)(3.0) == 3.0

    def f(x):
        with no_grad():
            y = x * x
        return x + y

    assert grad(f)(3.0) == 1.0


# --- Any order ----------------------------------------------------------------------


def test_derivatives_nest_to_any_order():
    f = am.exp
    for _ in range(6):
        f = grad(f)
    assert f(0.5) == pytest.approx(math.exp(0.5), rel=1e-14)
    g = lambda x: x**5  # noqa: E731
    for expected in (5 * 16.0, 20 * 8.0, 60 * 4.0, 120 * 2.0, 120.0, 0.0):
        g = grad(g)
        assert g(2.0) == expected


def test_the_sixth_derivative_of_tanh_is_right():
    f = am.tanh
    for _ in range(6):
        f = grad(f)
    x = 0.3
    t = math.tanh(x)
    truth = 16 * t * (t * t - 1) * (45 * t**4 - 60 * t * t + 17)
    assert f(x) == pytest.approx(truth, rel=1e-12)


def test_a_hessian_by_nested_gradients_is_right_and_symmetric():
    def f(v):
        x, y = v
        return am.sin(x * y) + x**3 * y

    x, y = 0.7, 1.3
    rows = [grad(lambda v, i=i: grad(f)(v)[i])([x, y]) for i in range(2)]
    s, c = math.sin(x * y), math.cos(x * y)
    mixed = c - x * y * s + 3 * x * x
    assert rows[0] == pytest.approx([-y * y * s + 6 * x * y, mixed], rel=1e-14)
    assert rows[1] == pytest.approx([mixed, -x * x * s], rel=1e-14)


def test_nesting_over_arrays():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    half = lambda x: 0.5 * (x @ a @ x)  # noqa: E731
    direction = np.array([1.0, -2.0])
    product = grad(lambda x: (grad(half)(x) * direction).sum())(np.array([5.0, 7.0]))
    assert product == pytest.approx(a @ direction)


def test_perturbations_are_not_confused():
    inner = lambda x: grad(lambda y: x + y)(1.0)  # noqa: E731
    assert grad(lambda x: x * inner(x))(1.0) == 1.0


def test_perturbations_are_not_confused_when_a_value_is_handed_on():
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0) == 2 * 3.0
    assert grad(lambda x: grad(lambda y: y * y * x)(x))(3.0) == 12.0
    assert grad(lambda x: grad(lambda y: y.detach() * x)(x))(3.0) == 0.0


def test_three_levels_that_hand_each_other_s_variables_on():
    f = grad(lambda x: grad(lambda y: grad(lambda z: x * y * z * z)(y) * x)(x))
    # by z at y: 2xy·y; times x, by y: 4xx·y; at x: 4x³; by x: 12x²
    assert f(1.5) == 12 * 1.5**2


def test_the_value_of_a_nested_derivative_is_the_derivative_itself():
    f = lambda x: am.exp(x) * am.sin(x)  # noqa: E731
    value, second = value_and_grad(grad(f))(0.4)
    assert value == pytest.approx(grad(f)(0.4), rel=1e-15)
    assert second == pytest.approx(2 * math.exp(0.4) * math.cos(0.4), rel=1e-14)


# --- Other people's Values ----------------------------------------------------------


def test_closures_over_values_make_the_gradient_a_value():
    w = Value(3.0)
    value, derivative = value_and_grad(lambda x: w * x * x)(2.0)
    assert (value.data, derivative.data) == (12.0, 12.0)
    derivative.backward()
    assert w.grad == 4.0


def test_gradient_penalties_train_the_parameters_they_depend_on():
    w = Value(0.5)
    slope = grad(lambda x: am.tanh(w * x))(1.0)
    ((slope - 1.0) ** 2).backward()
    t = math.tanh(0.5)
    s = 0.5 * (1 - t * t)
    truth = 2 * (s - 1) * ((1 - t * t) - 2 * 0.5 * t * (1 - t * t))
    assert w.grad == pytest.approx(truth, rel=1e-13)


def test_no_one_s_gradient_is_touched():
    w, x = Value(3.0), Value(2.0)
    w.grad, x.grad = 7.0, 8.0
    f = lambda x: am.sumprod((w, x, x * w), (x, 2.0, w))  # noqa: E731
    value_and_grad(f)(x)
    grad(grad(f))(2.0)
    inner = w * w
    grad(lambda x: x * inner)(1.0)
    assert (w.grad, x.grad, inner.grad) == (7.0, 8.0, 0.0)


def test_a_value_as_argument_is_a_point_and_stays_connected():
    x = Value(3.0)
    derivative = grad(lambda y: y**3)(x)
    derivative.backward()
    assert (derivative.data, x.grad) == (27.0, 18.0)


def test_derivatives_are_taken_under_no_grad_too():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0
        assert grad(grad(lambda x: x**3))(2.0) == 12.0
        assert (Value(1.0) + 1.0).op == "const"


def test_backward_inside_a_differentiated_function_leaves_it_alone():
    def f(x):
        (x * 5.0).backward()
        return x * x

    assert grad(f)(3.0) == 6.0


def test_a_deep_copy_inside_is_another_graph():
    assert grad(lambda x: copy.deepcopy(x) * x)(3.0) == pytest.approx(3.0)


def test_a_zero_adjoint_shields_an_infinite_partial():
    assert grad(lambda x: 0.0 * am.sqrt(x))(0.0) == 0.0
    assert grad(lambda x: am.where(x > 0, am.sqrt(x), x))(0.0) == 1.0


def test_a_zero_adjoint_shields_at_second_order_too():
    f = lambda x: x * x * am.sqrt(x)  # noqa: E731
    assert grad(f)(0.0) == 0.0
    assert value_and_grad(grad(f))(0.0)[0] == 0.0


def test_a_long_chain_needs_no_recursion_at_first_or_second_order():
    def f(x):
        y = x
        for _ in range(20_000):
            y = y * 1.0001 + x
        return y * x

    first = grad(f)(1.0)
    assert grad(grad(f))(1.0) == pytest.approx(first, rel=1e-9)


def test_scipy_minimizes_value_and_gradient_as_they_come():
    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    start = np.array([-1.2, 1.0, 0.5])
    found = scipy.optimize.minimize(value_and_grad(rosenbrock), start, jac=True)
    assert found.success
    assert found.x == pytest.approx(np.ones(3), abs=1e-5)
    assert (
        scipy.optimize.check_grad(
            lambda x: value_and_grad(rosenbrock)(x)[0], grad(rosenbrock), start
        )
        < 1e-4
    )


@pytest.mark.parametrize("n", range(1, 6))
def test_a_power_has_all_its_derivatives_at_zero(n):
    f = lambda x: x ** float(n)  # noqa: E731
    for order in range(1, 7):
        f = grad(f)
        assert f(0.0) == (math.factorial(n) if order == n else 0.0), order
