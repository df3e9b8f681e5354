"""Good input in the wrong place: a named error that says where, no gradient changed.

Outside a function's domain; walks from what is no graph; transforms of what is no
function of numbers.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import Value, grad, no_grad, topological_order, value_and_grad
from autograd import math as am


@pytest.fixture
def x():
    """Return a leaf with a gradient that every error must leave as it is."""
    leaf = Value(2.0, name="rate")
    leaf.grad = 7.0
    yield leaf
    assert (leaf.data, leaf.grad) == (2.0, 7.0)


# --- Domain errors: the float's, and naming the operands ----------------------------


@pytest.mark.parametrize(
    ("function", "error", "where"),
    [
        (lambda v: v / 0, ZeroDivisionError, r"v / 0\.0 at v = -2\.0"),
        (lambda v: v / Value(0.0, "w"), ZeroDivisionError, r"v / w at v = .*w = 0\.0"),
        (lambda v: 1 / (v + 2), ZeroDivisionError, r"1\.0 / 0\.0"),
        (lambda v: v // 0.0, ZeroDivisionError, r"v // 0\.0"),
        (lambda v: v % 0.0, ZeroDivisionError, r"v % 0\.0"),
        (lambda v: divmod(v, 0.0), ZeroDivisionError, r"v // 0\.0"),
        (lambda v: (v + 2) ** -1, ZeroDivisionError, r"0\.0 \*\* -1\.0"),
        (lambda v: v**0.5, ValueError, r"v \*\* 0\.5"),
        (lambda v: 2.0 ** (v * -1e3), OverflowError, r"2\.0 \*\* 2000\.0"),
        (lambda v: (v * 1e200) ** 2, OverflowError, r"\*\* 2\.0"),
        (am.log, ValueError, r"log\(v\) at v = -2\.0"),
        (am.sqrt, ValueError, r"sqrt\(v\) at v = -2\.0"),
        (am.asin, ValueError, r"asin\(v\)"),
        (am.acosh, ValueError, r"acosh\(v\)"),
        (am.atanh, ValueError, r"atanh\(v\)"),
        (am.log1p, ValueError, r"log1p\(v\)"),
        (am.gamma, ValueError, r"gamma\(v\)"),
        (lambda v: am.log(v + 2), ValueError, r"log\(0\.0\)"),
        (lambda v: am.log(2.0, v), ValueError, r"log\(v\)"),
        (lambda v: am.log(2.0, v + 3), ZeroDivisionError, r"/ 0\.0"),
        (lambda v: am.exp(v * -400), OverflowError, r"exp\(800\.0\)"),
        (lambda v: (v * -400).exp(), OverflowError, r"exp\(800\.0\)"),
        (lambda v: am.cosh(v * 400), OverflowError, r"cosh"),
        (lambda v: am.pow(v, 0.5), ValueError, r"v \*\* 0\.5"),
        (lambda v: am.pow(v + 2, -1), ValueError, r"0\.0 \*\* -1\.0"),
        (lambda v: am.fmod(v, 0.0), ValueError, r"fmod\(v, 0\.0\)"),
        (lambda v: am.sin(v / 1e-308 / 1e-308), ValueError, r"sin\(-inf\)"),
        (lambda v: am.clip(v, 1.0, 0.0), ValueError, r"clip\(v, 1\.0, 0\.0\)"),
        (lambda v: round(v * math.inf), OverflowError, r"rint\(-inf\)"),
        (lambda v: math.floor(v * math.nan), ValueError, r"floor\(nan\)"),
        (lambda v: am.fsum([v * 1e308, -math.inf, math.inf]), ValueError, r"fsum\("),
    ],
    ids=range(31),
)
def test_outside_its_domain_a_function_raises_as_the_float_and_says_where(
    function, error, where, x
):
    v = Value(-2.0, name="v")
    v.grad = 3.0
    with pytest.raises(error, match=where) as caught:
        function(v)
    assert type(caught.value) is error
    assert v.grad == 3.0


# --- Walks and transforms -----------------------------------------------------------


def test_backward_on_a_constant_says_why_it_is_one(x):
    with no_grad():
        y = x * x
    for constant in (y, (x * x).detach()):
        with pytest.raises(ValueError, match=r"detached or made under no_grad\(\)"):
            constant.backward()


@pytest.mark.parametrize("bad", [2.0, "v", None, [Value(1.0)]], ids=repr)
def test_a_graph_hangs_on_a_value(bad):
    with pytest.raises(
        TypeError, match=r"a graph hangs on a Value|expected autograd.value.Value"
    ):
        topological_order(bad)


@pytest.mark.parametrize(
    "bad", ["3", None, 1j, True, object, [1.0, "a"], {"k": None}], ids=repr
)
def test_an_argument_that_holds_no_number_is_refused(bad, x):
    with pytest.raises(TypeError, match=r"float.*NumPy array"):
        grad(lambda _: x * 1.0)(bad)


@pytest.mark.parametrize(
    "bad",
    [
        np.array(["a"]), np.array([1j]), np.array([True]), np.array([None]),
        np.array([2.0, "b"], dtype=object), np.array(["2020"], dtype="M8[Y]"),
    ],
    ids=range(6),
)  # fmt: skip
def test_an_array_that_holds_no_numbers_is_refused(bad, x):
    with pytest.raises(TypeError, match="differentiate by"):
        grad(lambda _: x * 1.0)(bad)


@pytest.mark.parametrize(
    "bad", [None, "3", 1j, [], [1.0, 2.0], np.ones(3), {"a": 1.0, "b": 2.0}], ids=repr
)
def test_a_result_that_is_not_one_number_is_refused(bad, x):
    with pytest.raises(TypeError, match="<lambda>"):
        value_and_grad(lambda _: bad)(1.0)


def test_an_argument_that_is_not_there_is_refused(x):
    for arguments, keywords in (((), {}), ((), {"x": 1.0})):
        with pytest.raises(TypeError, match="argnums is"):
            grad(lambda x: x * x)(*arguments, **keywords)
    with pytest.raises(TypeError, match="argnums is"):
        grad(lambda x: x * x, argnums=1)(1.0)


def test_an_error_inside_a_differentiated_function_comes_through(x):
    with pytest.raises(ZeroDivisionError, match=r"1\.0 / 0\.0"):
        grad(lambda p: 1.0 / (p - x))(2.0)
