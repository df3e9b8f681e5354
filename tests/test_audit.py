"""The audit holds the elementary rows to their bounds, and finds what is planted."""

from __future__ import annotations

import math

import pytest

from autograd.audit import audit, error
from autograd.primitives import TABLE, Primitive

ELEMENTARY = [
    "tanh", "sigmoid", "exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sin", "cos",
    "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "erf",
    "erfc", "softplus", "log_sigmoid", "softsign", "silu", "div", "mul",
]  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTARY)
def test_no_first_derivative_of_an_elementary_row_is_lost(name):
    (report,) = audit([name], points=40)
    assert report.points >= 20
    at = [args for args, found, _ in report.first.lost_at if abs(found) > 1e-300]
    assert at == []
    assert report.first.worst <= 16.0


def test_a_partial_that_is_one_part_in_a_thousand_off_is_lost():
    right = TABLE["tanh"]
    wrong = Primitive(
        "tanh", right.value, [lambda y, x: 1.001 * right.partials[0](y, x)]
    )
    TABLE["tanh"] = wrong
    try:
        (report,) = audit(["tanh"], points=40)
    finally:
        TABLE["tanh"] = right
    assert report.first.lost > 20


def test_an_error_is_counted_in_units_in_the_last_place():
    assert error(1.0, 1.0) == (0.0, False)
    assert error(math.nextafter(1.0, 2.0), 1.0) == (1.0, False)
    assert error(math.nan, 1.0)[1]
    assert error(math.inf, 1.0)[1]
    assert error(0.0, 1.0)[1]
