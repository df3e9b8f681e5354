"""errstate: IEEE's results instead of errors, in eager and in compiled code."""

from __future__ import annotations

import math as libm
import threading

import pytest

import autograd
from autograd import Value, errstate, grad, jit, math, value_and_grad, vmap

np = pytest.importorskip("numpy")
special = pytest.importorskip("scipy.special")

INF = libm.inf

# NumPy's and SciPy's functions are the oracle.
UNARY = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log,
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sqrt": np.sqrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin,
    "acos": np.arccos, "sinh": np.sinh, "cosh": np.cosh, "acosh": np.arccosh,
    "atanh": np.arctanh, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
    "rint": np.rint, "gamma": special.gamma, "lgamma": special.gammaln,
    "logit": special.logit,
}  # fmt: skip
BINARY = {
    "div": np.divide, "floordiv": np.floor_divide, "mod": np.remainder,
    "pow": np.power, "fmod": np.fmod, "xlogy": special.xlogy,
}  # fmt: skip
POINTS = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -3.0, 1e308, -1e308, 1e3, -1e3]
POINTS += [INF, -INF, libm.nan]


def same(x, y):
    return (libm.isnan(x) and libm.isnan(y)) or libm.isclose(x, y, rel_tol=1e-13)


def raises(row, *xs):
    try:
        row(*xs)
    except (ArithmeticError, ValueError):
        return True
    return False


def quiet():
    return errstate(over="ignore", divide="ignore", invalid="ignore")


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number_give_what_numpy_gives(name):
    row = autograd.primitives.TABLE[name]
    for x in POINTS:
        if not raises(row, x):
            continue
        with np.errstate(all="ignore"):
            expected = float(UNARY[name](x))
        if name == "gamma" and x <= 0.0:  # as C has it; SciPy before 1.15 has not
            expected = libm.copysign(INF, x) if x == 0.0 else libm.nan
        with quiet():
            assert same(row(Value(x)).data, expected), x
            assert same(row(x), expected), x


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers_give_what_numpy_gives(name):
    row = autograd.primitives.TABLE[name]
    for x in POINTS:
        for y in POINTS:
            if not raises(row, x, y):
                continue
            with np.errstate(all="ignore"):
                expected = float(BINARY[name](x, y))
            with quiet():
                assert same(row(Value(x), Value(y)).data, expected), (x, y)


def test_each_kind_of_error_is_ignored_by_its_own_word():
    cases = {
        "over": lambda: math.exp(Value(1e3)),
        "divide": lambda: 1.0 / Value(0.0),
        "invalid": lambda: math.log(Value(-1.0)),
    }
    for name, compute in cases.items():
        with errstate(**{name: "ignore"}):
            assert not libm.isfinite(compute().data)
        others = {other: "ignore" for other in cases if other != name}
        with errstate(**others), pytest.raises((ArithmeticError, ValueError)):
            compute()
        with errstate(all="ignore", **{name: "raise"}):
            for other, its in cases.items():
                if other != name:
                    its()
            with pytest.raises((ArithmeticError, ValueError)):
                compute()


def test_it_ends_where_it_is_left_and_nests():
    x = Value(0.0)
    with errstate(all="ignore"):
        with errstate(all="raise"), pytest.raises(ZeroDivisionError):
            1.0 / x
        assert (1.0 / x).data == INF
    with pytest.raises(ZeroDivisionError):
        1.0 / x


def test_it_holds_in_its_own_thread_alone():
    raised = []

    def compute():
        try:
            1.0 / Value(0.0)
        except ZeroDivisionError as error:
            raised.append(error)

    with errstate(all="ignore"):
        thread = threading.Thread(target=compute)
        thread.start()
        thread.join()
    assert raised


def test_numpys_other_choices_are_refused_by_name():
    with pytest.raises(ValueError, match="warn"):
        errstate(over="warn")


def test_derivatives_are_what_the_formulas_give():
    with quiet():
        assert value_and_grad(lambda x: 1.0 / x)(0.0) == (INF, -INF)
        assert value_and_grad(math.log)(0.0) == (-INF, INF)
        assert value_and_grad(lambda x: x**3)(-1e200) == (-INF, INF)
        assert value_and_grad(math.exp)(1e3) == (INF, INF)
        assert grad(grad(lambda x: 1.0 / x))(0.0) == INF
        assert libm.isnan(grad(lambda x: x / x)(0.0))


def test_a_users_primitive_is_infinite_where_it_overflows():
    cube = autograd.primitive(libm.exp, lambda y, _x: y, name="own_exp")
    with quiet():
        assert value_and_grad(cube)(1e3) == (INF, INF)


CASES = [
    (lambda x: 1 / x, 0.0),
    (lambda x: x / x, 0.0),
    (math.log, 0.0),
    (math.log, -1.0),
    (lambda x: x**-2, 0.0),
    (lambda x: x**3, -1e200),
    (math.exp, 1e3),
    (math.sqrt, -1.0),
    (math.sinh, -1e3),
    (math.gamma, -2.0),
    (lambda x: 1 / x if x > -1 else x, 0.0),
    (lambda x: math.exp(-x * 1e3) + 1e3 if x > -2 else x, -1.0),
]


@pytest.mark.parametrize(("f", "x"), CASES, ids=map(str, range(len(CASES))))
def test_compiled_functions_give_what_eager_code_gives(f, x):
    def own(x):
        return f(x)

    compiled, slopes = jit(own), jit(value_and_grad(own))
    rows, rows_slopes = vmap(own), vmap(value_and_grad(own))
    near = np.array([0.75, x, x, 0.5])
    assert same(compiled(0.75), value_and_grad(own)(0.75)[0])
    for _ in range(2):
        with quiet():
            y, slope = value_and_grad(own)(x)
            expected = [value_and_grad(own)(t) for t in near.tolist()]
            assert same(compiled(x), y)
            assert all(map(same, slopes(x), (y, slope)))
            assert same(grad(compiled)(x), slope)
            assert all(map(same, rows(near), [e[0] for e in expected]))
            for found, e in zip(
                zip(*rows_slopes(near), strict=True), expected, strict=True
            ):
                assert all(map(same, found, e))
        # Outside everything raises as before.
        for call in (compiled, slopes, lambda x: rows(np.array([x]))):
            with pytest.raises((ArithmeticError, ValueError)):
                call(x)
    assert compiled.why_eager == ""


def test_a_compiled_function_that_was_first_called_inside_raises_outside():
    compiled = jit(lambda x: 1.0 / x)
    with quiet():
        assert compiled(0.0) == INF
        assert compiled(2.0) == 0.5
    assert compiled(2.0) == 0.5
    with pytest.raises(ZeroDivisionError):
        compiled(0.0)


def test_sums_over_rows_are_infinite_where_a_row_is():
    loss = vmap(lambda w, x: math.exp(w * x), (None, 0), reduce="sum")
    x = np.array([1.0, 1e3, 2.0])
    with quiet():
        assert value_and_grad(loss)(1.0, x) == (INF, INF)
    with pytest.raises(OverflowError):
        loss(1.0, x)


def test_hessian_vector_products_take_further_arguments_as_scipy_passes_them():
    optimize = pytest.importorskip("scipy.optimize")

    def rosen(x, a):
        return a * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2

    found = optimize.minimize(
        rosen, [-1.2, 1.0], args=(100.0,), method="Newton-CG",
        jac=grad(rosen), hessp=autograd.hvp(rosen),
        options={"xtol": 1e-10},
    )  # fmt: skip
    assert found.success
    assert found.x == pytest.approx([1.0, 1.0], abs=1e-8)
    x, v = np.array([0.3, -0.7]), np.array([2.0, -1.0])
    full = autograd.hessian(rosen)(x, 7.0) @ v
    assert autograd.hvp(rosen)(x, v, 7.0) == pytest.approx(full, rel=1e-14)
