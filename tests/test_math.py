"""autograd.math is the standard library's math over floats, and over Values."""

from __future__ import annotations

import inspect
import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from outcomes import bits, outcome

from autograd import Value
from autograd import math as am

SPECIAL = [
    0.0, -0.0, 0.5, 1.0, -1.0, 2.5, -2.5, 3.0, 170.0, 800.0, -800.0, 5e-324, 1e-308,
    1e308, -1e308, math.inf, -math.inf, math.nan,
]  # fmt: skip

# What works on integers, or is not a function of floats alone.
INTEGERS = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}
NEWER = {"fmax", "fmin", "isnormal", "issubnormal", "signbit"}
SHARED = [
    name
    for name in dir(math)
    if not name.startswith("_") and name not in INTEGERS | NEWER
]
UNARY = [
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "degrees",
    "erf", "erfc", "exp", "exp2", "expm1", "fabs", "gamma", "lgamma", "log", "log10",
    "log1p", "log2", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "ulp",
]  # fmt: skip
BINARY = ["atan2", "copysign", "fmod", "log", "nextafter", "pow", "remainder", "hypot"]


def test_every_function_on_floats_is_here_under_the_same_name():
    assert sorted(set(SHARED) - set(am.__all__)) == []


def test_all_names_what_is_there():
    assert [name for name in am.__all__ if not hasattr(am, name)] == []


@pytest.mark.parametrize("name", [n for n in SHARED if callable(getattr(math, n))])
def test_floats_in_give_the_standard_library_s_floats_out(name):
    ours, theirs = getattr(am, name), getattr(math, name)
    try:
        parameters = list(inspect.signature(theirs).parameters.values())
        n = len([p for p in parameters if p.kind is not p.KEYWORD_ONLY])
    except ValueError:
        n = 2 if name in {"hypot", "log"} else 1
    samples = {
        "dist": [([1.0, 2.0], [4.0, 6.0])],
        "fsum": [([0.1] * 10,)],
        "prod": [([2.0, 3.0],)],
        "ldexp": [(0.75, 4), (1.0, -1080), (1.0, 1024)],
        "sumprod": [([1.0, 2.0], [3.0, 4.0])],
        "fma": [(2.0, 3.0, 4.0)],
    }.get(name) or [(x, 0.7, 0.3)[:n] for x in SPECIAL]
    for args in samples:
        assert outcome(ours, *args) == outcome(theirs, *args), args


@pytest.mark.parametrize("name", UNARY)
def test_a_value_in_gives_the_float_s_bits_or_error_out(name):
    for x in SPECIAL:
        assert outcome(getattr(am, name), Value(x)) == outcome(getattr(math, name), x)


@pytest.mark.parametrize("name", BINARY)
def test_a_value_in_either_place_gives_the_float_s_bits_or_error_out(name):
    ours, theirs = getattr(am, name), getattr(math, name)
    for x in SPECIAL:
        for y in SPECIAL:
            expected = outcome(theirs, x, y)
            for args in ((Value(x), Value(y)), (Value(x), y), (x, Value(y))):
                assert outcome(ours, *args) == expected, (x, y)


@pytest.mark.parametrize("x", SPECIAL)
def test_the_parts_of_a_number_are_the_float_s(x):
    assert bits(am.modf(Value(x))) == bits(math.modf(x))
    m, e = am.frexp(Value(x))
    assert (bits(m), e) == (bits(math.frexp(x)[0]), math.frexp(x)[1])
    for name in ("isnan", "isinf", "isfinite"):
        assert getattr(am, name)(Value(x)) is getattr(math, name)(x)
    for i in (0, 3, -3, 1100, -2200, 10**400, -(10**400)):
        assert outcome(am.ldexp, Value(x), i) == outcome(math.ldexp, x, i)


def test_the_parts_of_a_number_have_the_derivatives_they_should():
    x = Value(-2.75)
    fraction, whole = am.modf(x)
    (fraction + 100.0 * whole).backward()
    assert x.grad == 1.0
    x = Value(12.0)
    am.frexp(x)[0].backward()
    assert x.grad == 2.0**-4
    x = Value(3.0)
    am.ldexp(x, 5).backward()
    assert x.grad == 32.0


def test_rounding_functions_of_the_standard_library_take_values():
    x = Value(2.5)
    parts = [math.floor(x), math.ceil(x), math.trunc(x), am.floor(x), round(x)]
    assert [part.data for part in parts] == [2.0, 3.0, 2.0, 2.0, 2.0]
    am.fsum(parts).backward()
    assert x.grad == 0.0


def test_closeness_is_by_value():
    assert am.isclose(Value(1.0), 1.0 + 1e-12)
    assert not am.isclose(Value(1.0), Value(1.1), rel_tol=0.05)
    assert am.isclose(Value(1.0), Value(1.1), abs_tol=0.2)


def test_a_logarithm_to_a_base_has_a_derivative_by_both():
    x, base = Value(8.0), Value(2.0)
    y = am.log(x, base)
    y.backward()
    assert y.data == math.log(8.0) / math.log(2.0)
    assert x.grad == pytest.approx(1 / (8.0 * math.log(2.0)), rel=1e-15)
    assert base.grad == pytest.approx(-3.0 / (2.0 * math.log(2.0)), rel=1e-15)


# --- What users of derivatives need -------------------------------------------------


def test_softmax_sums_to_one_and_survives_large_numbers():
    weights = am.softmax([Value(1000.0), Value(1001.0), 999.0])
    assert sum(w.data for w in weights) == pytest.approx(1.0, rel=1e-15)
    logs = am.log_softmax([Value(1000.0), Value(1001.0), 999.0])
    assert [math.exp(y.data) for y in logs] == pytest.approx(
        [w.data for w in weights], rel=1e-12
    )


def test_softmax_has_the_jacobian_that_it_should():
    xs = [Value(0.3), Value(-1.2), Value(2.0)]
    weights = am.softmax(xs)
    weights[0].backward()
    p = [w.data for w in weights]
    expected = [p[0] * ((j == 0) - p[j]) for j in range(3)]
    assert [x.grad for x in xs] == pytest.approx(expected, rel=1e-13)


def test_softmax_and_logsumexp_of_floats_are_floats():
    assert am.softmax([0.0, 0.0]) == [0.5, 0.5]
    assert type(am.logsumexp([1.0])) is float


@pytest.mark.parametrize(
    ("xs", "y"),
    [
        ([-math.inf, 0.0], 0.0),
        ([-math.inf, -math.inf], -math.inf),
        ([math.inf, 1.0], math.inf),
        ([math.inf, math.nan], math.nan),
        ([math.nan, math.inf], math.nan),
    ],
)
def test_logsumexp_knows_infinities_and_nan(xs, y):
    assert am.logsumexp(xs) == pytest.approx(y, nan_ok=True)
    assert am.logsumexp([Value(x) for x in xs]).data == pytest.approx(y, nan_ok=True)


def test_where_takes_the_chosen_branch_s_derivative_only():
    x, z = Value(2.0), Value(5.0)
    y = am.where(x > 0, x * x, z)
    assert y.data == 4.0
    y.backward()
    assert (x.grad, z.grad) == (4.0, 0.0)
    assert am.where(False, 1.0, 2.0) == 2.0


def test_where_shields_from_an_infinite_partial_on_the_other_branch():
    x = Value(0.0)
    am.where(x > 0, am.sqrt(x), x).backward()
    assert x.grad == 1.0


def test_a_tie_of_maximum_minimum_and_clip_splits_evenly():
    a, b = Value(1.0), Value(1.0)
    am.maximum(a, b).backward()
    am.minimum(a, b).backward()
    assert (a.grad, b.grad) == (1.0, 1.0)
    x, low, high = Value(2.0), Value(0.0), Value(2.0)
    am.clip(x, low, high).backward()
    assert (x.grad, low.grad, high.grad) == (0.5, 0.0, 0.5)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extrema_of_nan_are_nan(name):
    f = getattr(am, name)
    for a, b in ((math.nan, 1.0), (1.0, math.nan)):
        assert math.isnan(f(a, b))
        assert math.isnan(f(Value(a), b).data)


def test_fma_rounds_once():
    a, b = 1.0 + 2.0**-30, 1.0 - 2.0**-30
    y = am.fma(Value(a), b, -1.0)
    assert y.data == -(2.0**-60)
    assert (y.op, y.partials) == ("fma", (b,))
    assert am.fma(1e300, 1e300, -math.inf) == -math.inf


@pytest.mark.parametrize(
    ("function", "x", "partial"),
    [
        (am.tanh, 20.0, 4.0 * math.exp(-40.0)),
        (am.tanh, -300.0, 4.0 * math.exp(-600.0)),
        (am.sigmoid, 40.0, math.exp(-40.0)),
        (am.sigmoid, -700.0, math.exp(-700.0)),
        (am.softplus, -700.0, math.exp(-700.0)),
        (am.expm1, -40.0, math.exp(-40.0)),
        (am.erf, 20.0, 2.0 / math.sqrt(math.pi) * 1.9151695967140057e-174),
        (am.atan, 1e200, 0.0),
        (am.atan, 1e150, 1e-300),
        (am.asinh, 1e300, 1e-300),
        (am.asin, 1.0 - 2.0**-53, 2.0**26),
    ],
)
def test_partials_stay_accurate_where_a_naive_formula_cancels_or_overflows(
    function, x, partial
):
    assert function(Value(x)).partials[0] == pytest.approx(partial, rel=4e-15)
