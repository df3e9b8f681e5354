"""check_grads: passes what is right at any scale, and fails a rule 0.05 % wrong."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from autograd import Value, check_grads
from autograd import math as am
from autograd.primitives import TABLE, Primitive
from autograd.value import apply

# Tables of integers and last bits have no derivative that differences could see.
STEPPED = {"nextafter", "ulp"}
UNARY = [
    row
    for name, row in TABLE.items()
    if row.is_unary and row.arity == 1 and name not in STEPPED
]


def away_from_kinks(row, x):
    """Return whether the differences around x meet no kink and no whole number."""
    kinks = [point[0] for point in row.kinks]
    return all(abs(x - kink) > 0.2 for kink in kinks) and abs(x % 0.5 - 0.25) < 0.2


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
@pytest.mark.parametrize("order", [1, 2])
def test_every_unary_row_of_the_table_passes(row, order):
    generator = random.Random(row.name)
    low, high = row.domain[0]
    points = [generator.uniform(low, high) for _ in range(40)]
    points = [x for x in points if away_from_kinks(row, x)][:3]
    assert points
    for x in points:
        check_grads(row, x, order=order)


# --- The checker is checked ---------------------------------------------------------


def planted(row, wrong=1.0005):
    """Return the row's function with its first partial off by 0.05 %."""
    partials = [lambda *args: wrong * row.partials[0](*args), *row.partials[1:]]
    off = Primitive(row.name, row.value, partials)

    def function(*args):
        if any(isinstance(x, Value) for x in args):
            return apply(off, args)
        return row.value(*args)

    function.__name__ = row.name
    return function


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("exp", (0.5,)), ("tanh", (0.3,)), ("sqrt", (2.0,)), ("erf", (-0.4,)),
        ("sin", (1e-8,)), ("mul", (3.0, 4.0)), ("atan2", (0.5, -2.0)),
        ("lgamma", (3.5,)), ("neg", (1e8,)),
    ],
)  # fmt: skip
def test_a_partial_that_is_a_two_thousandth_wrong_fails(name, args):
    check_grads(TABLE[name], *args, order=1)
    check_grads(planted(TABLE[name], wrong=1.0), *args, order=1)
    with pytest.raises(AssertionError, match=f"order 1 of {name} is wrong"):
        check_grads(planted(TABLE[name]), *args)


def test_the_failure_names_the_argument_both_numbers_and_the_worst_direction():
    sine = planted(TABLE["sin"])

    def model(p, x):
        return [p["w"][1] * x, sine(p["w"][0]) * x + p["b"]]

    with pytest.raises(AssertionError) as caught:
        check_grads(model, {"w": (0.5, 2.0), "b": 1.0}, 3.0)
    message = str(caught.value)
    assert "order 1 of model is wrong, worst by argument 0['w'][0]" in message
    assert "output 1, by argument 0['w'][0] at [1.0, 0.5, 2.0, 3.0]" in message
    right = 3.0 * math.cos(0.5)
    assert f"by autograd            {right * 1.0005!r}"[:40] in message
    numeric = float(message.partition("differences")[2].partition(",")[0])
    assert numeric == pytest.approx(right, rel=1e-9)
    assert "your own" in message


def test_of_two_wrong_directions_the_worse_is_named():
    bad, worse = planted(TABLE["sin"], 1.01), planted(TABLE["cos"], 1.2)
    with pytest.raises(AssertionError, match=r"worst by argument 1\[1, 0\]"):
        check_grads(
            lambda x, a: bad(x[0]) + worse(a[1, 0]) + a.sum(), [0.5], np.ones((2, 2))
        )


def test_a_second_derivative_that_is_wrong_is_found_at_order_2():
    # The first is right everywhere, but is said not to depend on x.
    slope = Primitive("slope", math.exp, [lambda _y, _x: 0.0])

    def partial(_y, x):
        return apply(slope, (x,)) if isinstance(x, Value) else math.exp(x)

    row = Primitive("half_right", math.exp, [partial])

    def half_right(x):
        return apply(row, (x,)) if isinstance(x, Value) else math.exp(x)

    check_grads(half_right, 0.5, order=1)
    with pytest.raises(AssertionError, match="order 2 of half_right") as caught:
        check_grads(half_right, 0.5)
    assert "output 0, by argument 0, by argument 0 at" in str(caught.value)


# --- What it can be given -----------------------------------------------------------


def test_nested_structures_and_arrays_are_checked_through():
    def f(p, rows, scale=2.0):
        h = p["w"] @ rows + p["b"]
        return {"out": [am.tanh(v) * scale for v in h], "norm": am.hypot(*p["b"])}

    p = {"w": np.array([[0.5, -1.0, 0.25], [2.0, 0.1, -0.7]]), "b": [0.3, -0.2]}
    check_grads(f, p, np.array([1.0, -0.5, 2.0]))
    check_grads(f, p, (np.array([1.0, -0.5, 2.0])), 3.0, order=1)


def test_a_function_of_nothing_and_of_no_result_passes():
    check_grads(lambda: 1.0)
    check_grads(lambda _: [], 1.0)
    check_grads(lambda _: 3.0, 1.0, order=3)


def test_values_are_points_as_floats_are():
    x = Value(0.5, name="x")
    x.grad = 7.0
    check_grads(lambda a, b: a * am.exp(b), x, Value(1.0))
    assert (x.data, x.grad) == (0.5, 7.0)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize(
    "f", [am.tanh, am.exp, am.sin, lambda x: x**3 - x, am.sigmoid, am.atan],
    ids=["tanh", "exp", "sin", "cubic", "sigmoid", "atan"],
)  # fmt: skip
def test_the_scale_of_arguments_and_results_does_not_matter(f, scale):
    def stretched(x):
        return f(x / scale)

    def raised(x):
        return scale * f(x)

    for x in (0.7, -1.3):
        check_grads(stretched, x * scale)
        check_grads(raised, x)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_an_error_is_found_at_any_scale(scale):
    sine = planted(TABLE["sin"])
    with pytest.raises(AssertionError, match="is wrong"):
        check_grads(lambda x: sine(x / scale), 0.7 * scale)
    with pytest.raises(AssertionError, match="is wrong"):
        check_grads(lambda x: scale * sine(x), 0.7)


# --- Kinks --------------------------------------------------------------------------


@pytest.mark.parametrize("f", [am.relu, am.fabs, lambda x: am.clip(x, -1.0, 1.0)])
@pytest.mark.parametrize("x", [-0.4, 0.3, 2.0])
def test_beside_a_kink_the_derivative_is_checked(f, x):
    check_grads(f, x)


def test_at_a_kink_the_policy_is_told_from_the_differences():
    # The mean of both sides is what differences see: 1/2 for relu, 0 for abs.
    check_grads(am.fabs, 0.0, order=1)
    with pytest.raises(
        AssertionError, match=r"(?s)autograd +0\.0.*move.*kink"
    ) as caught:
        check_grads(am.relu, 0.0, order=1)
    assert "differences  0.5" in str(caught.value)


def test_a_tie_is_split_as_the_differences_see_it():
    check_grads(am.maximum, 1.0, 1.0, order=1)
    check_grads(lambda x: am.clip(x, -1.0, 1.0), 1.0, order=1)


def test_one_side_of_a_border_is_no_place_to_check_but_near_it_is():
    with pytest.raises(ValueError, match=r"cannot be checked at .*argument 0"):
        check_grads(am.sqrt, 0.0)
    check_grads(am.sqrt, 1e-9)
