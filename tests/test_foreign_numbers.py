"""Numbers and arrays of other kinds: as the float they are, or refused by name."""

from __future__ import annotations

import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd import math as am
from autograd.primitives import TABLE

KINDS = {
    "float32": np.float32,
    "float16": np.float16,
    "longdouble": np.longdouble,
    "int64": lambda x: np.int64(round(x) or 1),
    "uint8": lambda x: np.uint8(round(x) or 1),
    "bool_": lambda x: np.bool_(x > 0),
    "an array of no axes": lambda x: np.array(x, dtype=np.float32),
    "Fraction": lambda x: Fraction(x).limit_denominator(1000),
    "Decimal": lambda x: Decimal(str(x)),
}  # fmt: skip
OF_INTS = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm", "ldexp"}
OF_LISTS = {"fsum", "prod", "logsumexp", "softmax", "log_softmax"}


def calls(name, kind):
    """Yield arguments in which one is of that kind, and the same as floats."""
    if name in OF_LISTS:
        yield ([0.5, kind(1.1)],), ([0.5, float(kind(1.1))],)
    elif name in {"dist", "sumprod"}:
        p, q = [0.5, kind(1.1)], [kind(0.3), 0.7]
        yield (p, q), (list(map(float, p)), list(map(float, q)))
    elif name == "where":
        yield (True, kind(0.7), 0.3), (True, float(kind(0.7)), 0.3)
    else:
        for numbers in ((0.3, 0.7, 1.3), (1.3, 0.7, 0.3), (2.0, 0.3, 0.7)):
            for n in (1, 2, 3):
                for i in range(n):
                    args = [kind(x) if i == k else x for k, x in enumerate(numbers[:n])]
                    yield args, [float(x) for x in args]


def outcome(function, args):
    try:
        return repr(function(*args))
    except (TypeError, ValueError, ArithmeticError) as error:
        return type(error)


@pytest.mark.parametrize("kind", KINDS)
def test_every_function_takes_other_numbers_as_floats_or_refuses_them(kind):
    names = [x for x in am.__all__ if callable(getattr(am, x)) and x not in OF_INTS]
    wrong = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in names:
            for args, floats in calls(name, KINDS[kind]):
                found = outcome(getattr(am, name), args)
                expected = outcome(getattr(am, name), floats)
                if found not in {expected, TypeError}:
                    wrong[name] = args, found, expected
    assert wrong == {}


def test_a_float32_in_a_list_does_not_make_its_functions_round():
    assert am.logsumexp([0.5, np.float32(1)]) == am.logsumexp([0.5, 1.0])
    assert am.softmax([np.float32(0.5), 1.0]) == am.softmax([0.5, 1.0])


def test_a_number_of_another_kind_gives_a_float_in_a_row_of_the_table():
    assert type(TABLE["relu"](np.float32(0.3))) is float
    assert TABLE["square"](np.uint8(200)) == 40000.0


TRANSFORMS = {
    "grad": lambda f, x: grad(f)(x),
    "value_and_grad": lambda f, x: value_and_grad(f)(x),
    "jacobian": lambda f, x: jacobian(f)(x),
    "hessian": lambda f, x: hessian(f)(x),
    "hvp": lambda f, x: hvp(f)(x, x),
    "vjp": vjp,
    "jvp": lambda f, x: jvp(f, (x,), (x,)),
}
REFUSED = {
    "MaskedArray": lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
    "matrix": lambda: np.asmatrix([[1.0, 2.0]]),
    r"\('a', '<f8'\)": lambda: np.array([(1.0, 2.0)], dtype=[("a", float), ("b", int)]),
    "set": lambda: {1.0, 2.0},
    r"sparse csr_matrix.*toarray": lambda: pytest.importorskip(
        "scipy.sparse"
    ).csr_matrix([[1.0, 0.0]]),
    "range": lambda: range(3),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_a_derivative_cannot_keep_is_refused_by_name(transform, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        x = REFUSED[name]()
    with pytest.raises(TypeError, match=name):
        TRANSFORMS[transform](lambda _x: 1.0, x)


@pytest.mark.parametrize("bad", [np.array("3.5"), np.array(1j), np.complex128(1j)])
def test_what_only_numpy_makes_a_float_of_is_no_number(bad):
    for function in (am.exp, am.fsum, am.hypot):
        with pytest.raises(TypeError):
            function([bad] if function is am.fsum else bad)
