"""Bad input: a named error that says what to write instead, and nothing is changed.

The table is in `bad_inputs` and the modules named after what they hold; here it is run.
Further down every type that is no number is put in every place where one is needed.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

import numpy as np
import pytest
from bad_domains import DOMAINS, OURS
from bad_functions import CHECKS, COMPILED, MATH, TRANSFORMS
from bad_inputs import GRADIENT, NUMBERS, leaves, run
from bad_networks import LOSSES, MODULES, TRAINING
from bad_values import BACKWARD, OPERATORS, TURNED, VALUES

from autograd import Value
from autograd import math as am

ROWS = [
    *VALUES, *OPERATORS, *TURNED, *BACKWARD, *DOMAINS, *OURS, *MATH, *TRANSFORMS,
    *CHECKS, *COMPILED, *MODULES, *LOSSES, *TRAINING,
]  # fmt: skip


def assert_nothing_is_left_behind(names):
    """Assert that leaves are as they were, and that this thread is in no context."""
    for name, leaf in names.items():
        expected = (NUMBERS[name], GRADIENT, name, "")
        found = (leaf.data, leaf.grad, leaf.name, leaf.op)
        assert repr(found) == repr(expected)
    made = names["x"] * names["y"]
    assert (made.op, made.scope, made.where) == ("*", "", "")
    made.backward()
    assert (made.grad, names["x"].grad, names["y"].grad) == (1.0, 7.5, 9.0)


@pytest.mark.parametrize("row", ROWS)
def test_a_bad_input_is_refused_with_a_lesson_and_changes_nothing(row):
    names = leaves()
    with pytest.raises(row.error) as caught:
        run(row, names)
    assert type(caught.value) is row.error
    # NumPy wraps what we say.
    message = str(caught.value.__cause__ or caught.value)
    assert re.search(row.words, message, re.DOTALL)
    assert_nothing_is_left_behind(names)


@pytest.mark.parametrize("row", DOMAINS)
def test_where_a_value_is_out_of_a_domain_the_float_is_too(row):
    with pytest.raises(row.error) as caught:
        run(row, {**NUMBERS, "m": math})
    assert type(caught.value) is row.error


def test_there_are_two_hundred_bad_inputs_and_all_are_different():
    table = [param.values[0] for param in ROWS]
    assert len(table) >= 200
    assert len({row.sentence for row in table}) == len(table)
    assert len({row.statement for row in table}) == len(table)


# --- Every type that is no number, wherever a number is needed ----------------------


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
