"""ACCURACY.md's table of kinks and borders, line by line, by every path.

`POLICY` mirrors its lines, and a test compares the two, so that neither can be
changed alone. Each line has cases: a function of the ``math`` module it is given and of
numbers, the point, and the derivative by each argument that is published for it.

A further way to differentiate is one function in `PATHS`: it takes a case's function
and its point, and returns the value there and the derivatives, as floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, grad, jacobian, jvp, no_grad, value_and_grad, vjp
from autograd import math as am

PAGE = Path(__file__).parent.parent / ".github" / "ACCURACY.md"
INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Case:
    """A function, a point at which its derivative is a matter of policy, and which."""

    name: str
    f: Callable[..., Any]
    at: tuple[float, ...]
    derivatives: tuple[float, ...]


def zero_times(f):
    return lambda x: 0.0 * f(x)


def by_method(name):
    return lambda x: getattr(x, name, lambda: getattr(am, name)(x))()


# --- The lines, as the page has them ----------------------------------------------

POLICY: dict[tuple[str, str], list[Case]] = {
    ("`relu` at 0, `abs` at 0, `hypot` and `dist` at the origin", "0"): [
        Case("relu", am.relu, (0.0,), (0.0,)),
        Case("relu of -0.0", am.relu, (-0.0,), (0.0,)),
        Case("the method relu", by_method("relu"), (0.0,), (0.0,)),
        Case("abs", abs, (0.0,), (0.0,)),
        Case("fabs", am.fabs, (-0.0,), (0.0,)),
        Case("hypot", am.hypot, (0.0, 0.0), (0.0, 0.0)),
        Case("hypot of three", am.hypot, (0.0, -0.0, 0.0), (0.0, 0.0, 0.0)),
        Case("dist", lambda a, b: am.dist([a, 1.0], [b, 1.0]), (2.0, 2.0), (0.0, 0.0)),
    ],
    ("a tie of `maximum`, `minimum`, `clip`", "split evenly"): [
        Case("maximum of equals", am.maximum, (1.0, 1.0), (0.5, 0.5)),
        Case("minimum of equals", am.minimum, (-2.0, -2.0), (0.5, 0.5)),
        Case("maximum of both zeros", am.maximum, (0.0, -0.0), (0.5, 0.5)),
        Case("clip at its upper bound", lambda x, b: am.clip(x, -1.0, b), (1.0, 1.0),
             (0.5, 0.5)),
        Case("clip at its lower bound", lambda x, b: am.clip(x, b, 1.0), (-1.0, -1.0),
             (0.5, 0.5)),
    ],
    ("`sqrt`, `cbrt` at 0", "infinite"): [
        Case("sqrt", am.sqrt, (0.0,), (INF,)),
        Case("cbrt", am.cbrt, (0.0,), (INF,)),
        Case("a power of one half", lambda x: x**0.5, (0.0,), (INF,)),
    ],
    ("`floor`, `ceil`, `round`, `trunc`", "0"): [
        Case(f"{f.__name__} at {x}", f, (x,), (0.0,))
        for f in (math.floor, math.ceil, round, math.trunc)
        for x in (2.0, -0.5, 0.3, 1e300)
    ] + [Case("round to a digit", lambda x: round(x, 1), (0.25,), (0.0,))],
    ("`x % y` by `y`", "`-(x // y)`"): [
        Case("a whole multiple", lambda x, y: x % y, (6.0, 3.0), (1.0, -2.0)),
        Case("between", lambda x, y: x % y, (7.5, 2.0), (1.0, -3.0)),
        Case("a negative x", lambda x, y: x % y, (-5.0, 3.0), (1.0, 2.0)),
        Case("a negative y", lambda x, y: x % y, (5.0, -3.0), (1.0, 2.0)),
        Case("divmod", lambda x, y: divmod(x, y)[1], (7.5, 2.0), (1.0, -3.0)),
    ],
    ("`x ** y` by `y` at x = 0; at a negative x", "0; NaN"): [
        Case("0 squared", lambda x, y: x**y, (0.0, 2.0), (0.0, 0.0)),
        Case("0 to the 1st", lambda x, y: x**y, (0.0, 1.0), (1.0, 0.0)),
        Case("0 to a root", lambda x, y: x**y, (0.0, 1.5), (0.0, 0.0)),
        Case("0 to the 0th", lambda x, y: x**y, (0.0, 0.0), (0.0, 0.0)),
        Case("-2 cubed", lambda x, y: x**y, (-2.0, 3.0), (12.0, NAN)),
        Case("pow of -1", am.pow, (-1.0, 2.0), (-2.0, NAN)),
    ],
    (
        "a node whose adjoint is exactly 0",
        "passes nothing on, not even to an infinite partial",
    ): [
        Case("sqrt times 0", zero_times(am.sqrt), (0.0,), (0.0,)),
        Case("cbrt times 0", zero_times(am.cbrt), (0.0,), (0.0,)),
        Case("relu of -sqrt", lambda x: am.relu(-am.sqrt(x)), (0.0,), (0.0,)),
        Case("floor of sqrt", lambda x: math.floor(am.sqrt(x)), (0.0,), (0.0,)),
        Case("sqrt of floor", lambda x: am.sqrt(math.floor(x)), (0.5,), (0.0,)),
        Case("0 times sqrt beside x", lambda x: x + 0.0 * am.sqrt(x), (0.0,), (1.0,)),
    ],
    ("a branch that `where`, `maximum`, `clip` did not choose", "gets nothing"): [
        Case("where", lambda x: am.where(x > 0.0, am.sqrt(x), 2.0 * x), (0.0,), (2.0,)),
        Case("where, both branches", lambda a, b: am.where(a > b, a, b), (2.0, 1.0),
             (1.0, 0.0)),
        Case("maximum", lambda x: am.maximum(am.sqrt(x), 3.0 * x + 1.0),
             (0.0,), (3.0,)),
        Case("minimum", lambda x: am.minimum(am.sqrt(x) + 1.0, x), (0.0,), (1.0,)),
        Case("clip", lambda x: am.clip(am.sqrt(x), 1.0, 2.0), (0.0,), (0.0,)),
        Case("under an infinite adjoint",
             lambda x, y: am.sqrt(am.where(x > 1.0, y, x)), (0.0, 0.0), (INF, 0.0)),
    ],
}  # fmt: skip

CASES = [case for cases in POLICY.values() for case in cases]


# --- The paths ----------------------------------------------------------------------


def by_backward(f, at):
    leaves = [Value(x) for x in at]
    y = f(*leaves)
    y.backward()
    return y.data, tuple(leaf.grad for leaf in leaves)


def by_grad(f, at):
    return value_and_grad(f, tuple(range(len(at))))(*at)


def by_jacobian(f, at):
    return f(*at), jacobian(f, tuple(range(len(at))))(*at)


def by_vjp(f, at):
    value, pull = vjp(f, *at)
    return value, pull(1.0)


def by_jvp(f, at):
    unit = [[float(i == k) for i in range(len(at))] for k in range(len(at))]
    pairs = [jvp(f, at, tuple(direction)) for direction in unit]
    return pairs[0][0], tuple(tangent for _, tangent in pairs)


def by_formulas(f, at):
    """Differentiate by the formulas over Values, as an enclosing transform does."""
    w = Value(1.0)
    positions = tuple(range(len(at)))
    value, derivatives = value_and_grad(lambda *x: w * f(*x), positions)(*at)
    return value.data, tuple(getattr(d, "data", d) for d in derivatives)


def by_grad_of_grad(f, at):
    """Take grad(x): the value of the inner derivative, seen through an outer one."""
    positions = tuple(range(len(at)))
    inner = grad(f, positions)
    outer = [value_and_grad(lambda *x, i=i: inner(*x)[i], positions) for i in positions]
    return f(*at), tuple(function(*at)[0] for function in outer)


PATHS = [
    by_backward, by_grad, by_jacobian, by_vjp, by_jvp, by_formulas, by_grad_of_grad,
]  # fmt: skip


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_line_of_the_policy_holds_by_every_path(case, path):
    value, derivatives = path(case.f, case.at)
    assert value == case.f(*case.at)
    found = [float(d) for d in derivatives]
    assert len(found) == len(case.derivatives)
    assert all(map(same, found, case.derivatives)), found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_float_stays_a_float_and_a_value_has_its_number(case):
    expected = case.f(*case.at)
    assert isinstance(expected, (float, int))
    assert case.f(*map(Value, case.at)).data == expected
    with no_grad():
        assert case.f(*map(Value, case.at)).data == expected


# --- Second derivatives where a policy says more than the first ----------------------

SECOND = [
    ("relu", am.relu, 0.0, 0.0), ("abs", abs, 0.0, 0.0),
    ("floor", math.floor, 2.0, 0.0), ("round", round, 0.5, 0.0),
    ("sqrt(floor(x))", lambda x: am.sqrt(math.floor(x)), 0.5, 0.0),
    ("where", lambda x: am.where(x > 0.0, am.sqrt(x), x * x), 0.0, 2.0),
    ("maximum", lambda x: am.maximum(am.sqrt(x), x * x + 1.0), 0.0, 2.0),
    ("0 * sqrt", zero_times(am.sqrt), 0.0, 0.0),
    ("clip", lambda x: am.clip(x * x, -1.0, 1.0), 1.0, 0.5 * 2.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("f", "x", "second"),
    [case[1:] for case in SECOND],
    ids=[case[0] for case in SECOND],
)
def test_second_derivatives_follow_the_policy_too(f, x, second):
    assert grad(grad(f))(x) == second
    assert jacobian(jacobian(f))(x) == second
    assert jvp(grad(f), (x,), (1.0,))[1] == second
    assert vjp(grad(f), x)[1](1.0) == (second,)


# --- The page ---------------------------------------------------------------------


def lines_of_the_page():
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("## Kinks and borders")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    cells = [row.strip("|").split("|") for row in rows[2:]]
    return [tuple(cell.strip() for cell in row) for row in cells]


def test_the_page_s_table_is_the_one_that_is_tested():
    assert lines_of_the_page() == list(POLICY)
    assert all(POLICY.values())


def test_where_a_float_function_raises_its_value_does_and_names_the_operands():
    section = PAGE.read_text(encoding="utf-8").partition("## Kinks and borders")[2]
    assert "Where a float function raises, so does its Value" in section
    with pytest.raises(ZeroDivisionError, match=r"1\.0 / x at x = 0\.0"):
        1 / Value(0, name="x")
