"""Bad input: a named error that says what to write instead, and no gradient changed."""

from __future__ import annotations

import cmath
import math
import re
from decimal import Decimal

import numpy as np
import pytest

from autograd import Value, scope
from autograd import math as am


@pytest.fixture
def x():
    """Return a leaf with a gradient that every error must leave as it is."""
    leaf = Value(2.0, name="rate")
    leaf.grad = 7.0
    yield leaf
    assert (leaf.data, leaf.grad) == (2.0, 7.0)


NOT_NUMBERS = [
    "2.0", b"2", None, 1j, np.complex128(1), [1.0], (1.0,), {}, {1.0}, object(),
    np.array([1.0, 2.0]), np.array(1.0), np.array("a"), Decimal(1), np.bool_(True),
    Value, abs, ...,
]  # fmt: skip
not_a_number = pytest.mark.parametrize(
    "bad",
    NOT_NUMBERS,
    ids=[f"{type(bad).__name__}{i}" for i, bad in enumerate(NOT_NUMBERS)],
)


@not_a_number
def test_data_that_is_no_real_number_is_refused(bad, x):
    with pytest.raises(TypeError, match=r"one real number, not .*make several Values"):
        Value(bad)
    with pytest.raises(TypeError, match="one real number"):
        x.data = bad


@not_a_number
def test_a_gradient_or_seed_that_is_no_real_number_is_refused(bad, x):
    y = x * x
    with pytest.raises(TypeError, match="gradient is one real number"):
        x.grad = bad
    with pytest.raises(TypeError, match="real number"):
        y.backward(bad)
    assert y.grad == 0.0


def test_a_value_is_no_data_for_another_value(x):
    with pytest.raises(TypeError, match=r"not a Value \(Value\(data=2.0"):
        Value(x)


def test_data_too_large_for_a_float_overflows_as_the_float_does(x):
    with pytest.raises(OverflowError):
        Value(10**400)
    with pytest.raises(OverflowError):
        x.data = 10**400


@pytest.mark.parametrize("bad", [3, 1.5, b"w", ["w"]], ids=repr)
def test_a_name_that_is_no_string_is_refused(bad, x):
    with pytest.raises(TypeError, match=r"name.*(is a string|expected str)"):
        Value(1.0, name=bad)
    with pytest.raises(TypeError, match=r"a name is a string|expected str"):
        x.name = bad
    with pytest.raises(TypeError):
        scope(bad)


def test_a_scope_without_a_name_is_refused():
    with pytest.raises(TypeError, match="not empty"):
        scope("")


# --- Gradients dropped in silence ---------------------------------------------------


@pytest.mark.parametrize("function", [float, int, complex])
def test_turning_a_value_into_a_plain_number_names_data_and_our_math(function, x):
    with pytest.raises(TypeError, match=r"Write v\.data.*autograd\.math"):
        function(x)


@pytest.mark.parametrize(
    "function",
    [
        math.exp, math.log, math.sqrt, math.tanh, math.erf, math.isnan, math.degrees,
        cmath.exp, lambda v: math.fsum([v, v]), lambda v: math.atan2(1.0, v),
        lambda v: math.hypot(v, 1.0), lambda v: math.pow(v, 2.0),
        lambda v: np.array([v], dtype=float), lambda v: np.zeros(1).__setitem__(0, v),
        "%f".__mod__, lambda v: math.ldexp(v, 2),
    ],
    ids=range(16),
)  # fmt: skip
def test_functions_that_would_drop_the_gradient_refuse_and_name_the_right_one(
    function, x
):
    with pytest.raises((TypeError, ValueError)) as caught:
        function(x)
    # NumPy wraps what we say.
    message = str(caught.value.__cause__ or caught.value)
    assert re.search(r"v\.data.*autograd\.math", message)


@pytest.mark.parametrize("function", [hex, chr, range, bytes, oct])
def test_a_value_is_no_integer(function, x):
    with pytest.raises(TypeError):
        function(x)
    with pytest.raises(TypeError):
        [1, 2, 3][x]


# --- Operands -----------------------------------------------------------------------

OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "divmod": divmod,
    "@": lambda a, b: a @ b,
    "<<": lambda a, b: a << b,
    "&": lambda a, b: a & b,
}
NOT_OPERANDS = ["2.0", b"2", None, 1j, [1.0], (1.0,), {}, object(), Decimal(1)]


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize(
    "bad", NOT_OPERANDS, ids=[type(b).__name__ for b in NOT_OPERANDS]
)
def test_an_operand_that_is_no_real_number_is_refused(op, bad, x):
    with pytest.raises(TypeError):
        OPERATORS[op](x, bad)
    if not (op == "%" and isinstance(bad, (str, bytes))):  # "%s" % v formats
        with pytest.raises(TypeError):
            OPERATORS[op](bad, x)


@pytest.mark.parametrize("bad", ["2.0", b"2", 1j], ids=repr)
def test_a_string_or_complex_operand_is_named_in_the_message(bad, x):
    with pytest.raises(TypeError, match="operands are Values and real numbers"):
        x + bad
    with pytest.raises(TypeError, match="operands are Values and real numbers"):
        bad * x


@pytest.mark.parametrize("bad", ["a", None, 1j, [1.0]], ids=repr)
@pytest.mark.parametrize(
    "function",
    [
        lambda v, b: am.sumprod([v, b], [1.0, 2.0]),
        lambda v, b: am.sumprod([1.0, 2.0], [v, b]),
        lambda v, b: am.fsum([v, b]),
        lambda v, b: am.prod([v, b]),
        am.hypot,
        lambda v, b: am.logsumexp([v, b]),
        am.maximum,
        lambda v, b: am.clip(v, b, 1.0),
        lambda v, b: am.where(v, v, b),
        lambda v, b: am.fma(v, v, b),
        am.pow,
        lambda v, b: am.atan2(b, v),
        lambda v, b: v.leaky_relu(b),
        lambda v, b: am.dist([v], [b]),
    ],
    ids=range(14),
)
def test_a_function_s_argument_that_is_no_real_number_is_refused(function, bad, x):
    with pytest.raises(TypeError):
        function(x, bad)


def test_wrong_numbers_of_arguments_are_refused(x):
    with pytest.raises(TypeError, match="takes 1 argument, not 2"):
        am.tanh(x, x)
    with pytest.raises(TypeError, match="takes 2 arguments, not 1"):
        am.maximum(x)
    with pytest.raises(TypeError):
        x.exp(1.0)
    with pytest.raises(TypeError, match="integers"):
        pow(x, 2, 5)
    with pytest.raises(TypeError):
        pow(2, x, 5)
    with pytest.raises(TypeError, match="integer"):
        round(x, 2.0)
    with pytest.raises(TypeError, match="write x \\* 2\\*\\*i"):
        am.ldexp(x, 2.0)


def test_sequences_of_different_length_are_refused(x):
    with pytest.raises(ValueError, match="differ in length: 1 and 2"):
        am.sumprod([x], [1.0, 2.0])
    with pytest.raises(ValueError, match="same dimension, not 1 and 2"):
        am.dist([x], [1.0, 2.0])
    with pytest.raises(ValueError, match="empty sum"):
        am.logsumexp([])


@pytest.mark.parametrize(
    "attribute", ["op", "parents", "partials", "operands", "scope"]
)
def test_what_was_recorded_cannot_be_set(attribute, x):
    with pytest.raises(AttributeError):
        setattr(x * x, attribute, ())
    with pytest.raises(AttributeError):
        x.lr = 0.1


def test_the_data_of_an_inner_node_cannot_be_set(x):
    y = x * x
    with pytest.raises(AttributeError, match=r"inner node \(op '\*'\).*Change a leaf"):
        y.data = 1.0
    assert y.data == 4.0
