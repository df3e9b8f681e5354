"""A Value behaves as the float would: the same bits, or the same error."""

from __future__ import annotations

import math
import operator
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from outcomes import bits, outcome

from autograd import Value

deterministic = settings(derandomize=True, max_examples=150, deadline=None)

floats = st.one_of(
    st.floats(),
    st.floats(-10.0, 10.0),
    st.sampled_from([0.0, -0.0, 0.5, -1.5, 2.5, 5e-324, -5e-324, 1e308, math.nan]),
)
plain_numbers = st.one_of(
    floats,
    st.integers(-5, 5),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**53 + 1, 2**1024]),
    st.booleans(),
    st.fractions(),
)
numpy_scalars = st.one_of(
    st.floats().map(np.float64),
    st.floats(width=32).map(np.float32),
    st.integers(-(2**31), 2**31).map(np.int64),
    st.integers(0, 255).map(np.uint8),
)

ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    divmod,
]
COMPARISONS = [
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]
UNARY = [
    operator.neg,
    operator.pos,
    abs,
    round,
    math.floor,
    math.ceil,
    math.trunc,
]


@pytest.mark.parametrize("op", ARITHMETIC)
@deterministic
@given(x=floats, other=plain_numbers)
@example(x=0.0, other=-1)
@example(x=1e200, other=2)
@example(x=-8.0, other=1 / 3)
@example(x=1e308, other=1e-308)
@example(x=math.inf, other=0.0)
@example(x=1.1, other=2)
def test_arithmetic_gives_the_float_s_bits_or_its_error(op, x, other):
    expected = outcome(op, x, other)
    assert outcome(op, Value(x), other) == expected
    if isinstance(other, float):
        assert outcome(op, Value(x), Value(other)) == expected


@pytest.mark.parametrize("op", ARITHMETIC)
@deterministic
@given(x=floats, other=plain_numbers)
@example(x=0.0, other=0)
@example(x=-0.0, other=0)
@example(x=-1.0, other=0.0)
@example(x=2000.0, other=2)
def test_reflected_arithmetic_gives_the_float_s_bits_or_its_error(op, x, other):
    assert outcome(op, other, Value(x)) == outcome(op, other, x)


@pytest.mark.parametrize("op", ARITHMETIC)
@deterministic
@given(x=floats, other=numpy_scalars)
def test_a_numpy_scalar_is_the_float_of_the_same_number(op, x, other):
    assert outcome(op, Value(x), other) == outcome(op, x, float(other))
    assert outcome(op, other, Value(x)) == outcome(op, float(other), x)


@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.truediv])
@pytest.mark.parametrize(
    "number",
    [np.float64(2.0), np.float32(2.0), np.int64(2), Fraction(2), True, 2],
    ids=lambda number: type(number).__name__,
)
def test_what_comes_out_is_a_value_with_the_other_number_as_a_plain_float(op, number):
    x = Value(3.0)
    for node in (op(x, number), op(number, x)):
        assert type(node) is Value
        assert node.parents == (x,)
        assert [type(c) for c in node.operands if c is not x] == [float]


@pytest.mark.parametrize("op", COMPARISONS)
@deterministic
@given(x=floats, other=st.one_of(plain_numbers, st.floats().map(np.float64)))
def test_comparisons_are_the_float_s_with_any_number(op, x, other):
    assert op(Value(x), other) == op(x, other)
    assert op(other, Value(x)) == op(other, x)
    if type(other) is float:
        assert op(Value(x), Value(other)) is op(x, other)


@pytest.mark.parametrize("op", UNARY)
@deterministic
@given(x=floats)
def test_unary_operations_give_the_float_s_number_or_its_error(op, x):
    assert outcome(op, Value(x)) == outcome(lambda: float(op(x)))


@deterministic
@given(x=floats, digits=st.one_of(st.integers(-330, 330), st.just(10**400)))
def test_rounding_to_decimals_gives_the_float_s_bits(x, digits):
    assert outcome(round, Value(x), digits) == outcome(round, x, digits)


@deterministic
@given(x=floats)
def test_truth_is_the_float_s(x):
    assert bool(Value(x)) is bool(x)


@deterministic
@given(x=st.floats(-1e9, 1e9))
def test_squares_are_the_float_s_to_the_bit(x):
    for two in (2, 2.0, True + True):
        assert bits(Value(x) ** two) == bits(x**2)


@pytest.mark.parametrize("spec", [".3f", "e", "+.2g", "10.1f", "%", ",", "n"])
def test_a_format_is_the_float_s(spec):
    assert format(Value(1234.5678), spec) == format(1234.5678, spec)


def test_without_a_format_the_repr_shows_data_gradient_and_name():
    assert repr(Value(0.5)) == "Value(data=0.5, grad=0.0)"
    assert repr(Value(0.5, "w")) == "Value(data=0.5, grad=0.0, name='w')"
    assert f"{Value(0.5)}" == str(Value(0.5)) == "Value(data=0.5, grad=0.0)"


def test_two_values_of_one_number_are_equal_and_still_two_keys():
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert len({a: 0, b: 1}) == 2
    assert {a: "a"}[a] == "a"
    assert Value(math.nan) != Value(math.nan)


def test_an_operator_leaves_its_operands_alone():
    x = Value(2.0)
    y = x
    y += 1.0
    y *= x
    assert (x.data, x.parents, y.data) == (2.0, (), 6.0)


def test_a_sum_leaves_no_node_for_its_start():
    x, y = Value(2.0), Value(3.0)
    assert sum([x]) is x
    total = sum([x, y])
    assert (total.parents, total.op) == ((x, y), "+")


def test_a_sum_that_starts_at_zero_has_the_float_s_sign_of_zero():
    assert math.copysign(1.0, sum([Value(-0.0)]).data) == 1.0
    assert sum([]) == 0


def test_a_leaf_has_data_a_zero_gradient_and_no_history():
    x = Value(3, name="x")
    assert (x.data, x.grad, x.name, x.op, x.scope) == (3.0, 0.0, "x", "", "")
    assert (x.parents, x.partials, x.operands, x.primitive) == ((), (), (), None)
    assert type(x.data) is float


def test_a_node_remembers_operation_operands_and_partials():
    x = Value(3.0)
    y = 2 * x
    assert (y.op, y.primitive.name) == ("*", "mul")
    assert (y.operands, y.parents, y.partials) == ((2.0, x), (x,), (2.0,))


def test_a_name_can_be_given_later_and_taken_away():
    y = Value(1.0) + 1.0
    y.name = "sum"
    assert repr(y) == "Value(data=2.0, grad=0.0, name='sum')"
    y.name = None
    assert y.name is None


def test_values_sort_and_have_a_minimum_like_floats():
    values = [Value(3.0), Value(-1.0), Value(2.0)]
    assert [v.data for v in sorted(values)] == [-1.0, 2.0, 3.0]
    assert min(values) is values[1]
    assert max(*values) is values[0]


def test_numpy_s_sums_and_products_of_object_arrays_are_values():
    w = np.array([Value(1.0), Value(2.0)])
    x = np.array([3.0, 4.0])
    y = w @ x
    y.backward()
    assert (y.data, [v.grad for v in w]) == (11.0, [3.0, 4.0])
    assert np.sum(w).data == 3.0
    assert np.mean(w).data == 1.5
    assert np.prod(w).data == 2.0
    assert [v.data for v in w + x] == [v.data for v in x + w] == [4.0, 6.0]
    assert [v.data for v in x**w] == [3.0, 16.0]
    assert [v.data for v in (np.array([[w[0]], [w[1]]]) @ x[:1])] == [3.0, 6.0]


def test_a_value_has_the_parts_of_a_real_number():
    x = Value(2.5)
    assert (x.real is x, x.imag, x.conjugate() is x) == (True, 0.0, True)
    for number in (2.5, -3.0, 0.0, 1e300, math.inf, math.nan):
        assert Value(number).is_integer() == number.is_integer()


def test_numpy_s_variance_has_its_derivatives():
    numbers = [0.5, 2.0, -1.0]
    xs = [Value(x) for x in numbers]
    np.var(xs).backward()
    expected = [2.0 * (x - 0.5) / 3.0 for x in numbers]
    assert [x.grad for x in xs] == pytest.approx(expected, rel=1e-15)
    assert np.std(xs).data == pytest.approx(math.sqrt(1.5), rel=1e-15)


def test_an_unknown_type_of_operand_is_asked_for_its_own_answer():
    class Polite:
        def __radd__(self, other):
            return "mine"

        def __rpow__(self, other):
            return "mine"

        def __rdivmod__(self, other):
            return "mine"

    assert Value(1.0) + Polite() == Value(1.0) ** Polite() == "mine"
    assert divmod(Value(1.0), Polite()) == "mine"


def test_a_subclass_of_value_is_refused():
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Named", (Value,), {})

    class Silent:
        def __init_subclass__(cls):
            pass

    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Named", (Silent, Value), {})(1.0)
