"""Functions of unmodified libraries from PyPI, lifted: exact gradients, compiled.

Not run by default, since the libraries are no part of the tests' environment: install
the group `libraries`, then ``pytest -m libraries``. Differences are taken of the
library itself, on floats, extrapolated, at the step where they agree best.
"""

from __future__ import annotations

import importlib
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from libraries import CASES, FAILING, ROUNDED, SLOW_ORIGINALS, VERSIONS

from autograd import jit, lift, value_and_grad, vmap

STEPS = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
ROWS = 1_000
# Third parties' warnings are their own.
pytestmark = [pytest.mark.filterwarnings("default")]


def number(y):
    return y.item() if getattr(y, "shape", None) == () and hasattr(y, "item") else y


def functions(case):
    """Return the function of the library, and the lifted one."""
    twin = lift(case.module)
    slow = case.library in SLOW_ORIGINALS
    original = twin if slow else importlib.import_module(case.module)
    return (
        lambda *xs: float(number(case.f(original, *xs))),
        lambda *xs: number(case.f(twin, *xs)),
    )


def slope(f, point, k):
    """Return the difference quotient by argument k, and how far it may be off."""

    def quotient(h):
        above, below = list(point), list(point)
        above[k] += h
        below[k] -= h
        return (f(*above) - f(*below)) / (above[k] - below[k])

    found = []
    for step in STEPS:
        h = step * (abs(point[k]) or 1.0)
        wide, middle, narrow = quotient(h), quotient(h / 2), quotient(h / 4)
        first, second = (4 * middle - wide) / 3, (4 * narrow - middle) / 3
        found.append((abs(first - second), second))
    error, best = min(found)
    return best, error


def gradient(f, case):
    return value_and_grad(f, tuple(range(len(case.point))))


def parametrized(*left_out):
    marks = {
        name: pytest.mark.xfail(reason=reason, strict=True)
        for reasons in left_out
        for name, reason in reasons.items()
    }
    return [
        pytest.param(c, id=f"{c.library}-{c.name}", marks=marks.get(c.name, ()))
        for c in CASES
    ]


@pytest.mark.libraries
@pytest.mark.parametrize("case", parametrized(FAILING, ROUNDED))
def test_the_gradient_is_that_of_the_library_on_floats(case):
    plain, lifted = functions(case)
    y = plain(*case.point)
    assert float(lifted(*case.point)) == y
    value, slopes = gradient(lifted, case)(*case.point)
    assert value == pytest.approx(y, rel=1e-12)
    for k, found in enumerate(slopes):
        expected, error = slope(plain, case.point, k)
        size = abs(y) / (abs(case.point[k]) or 1.0)
        allowed = case.rel * abs(expected) + 1e-9 * size + 3.0 * error
        assert found == pytest.approx(expected, rel=0.0, abs=allowed)


def right(found, expected):
    """Return whether a value and its gradient are the engine's."""
    pairs = zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True)
    size = 1e-12 * abs(expected[0])
    return all(a == pytest.approx(b, rel=1e-9, abs=size) for a, b in pairs)


@pytest.mark.libraries
@pytest.mark.parametrize("case", parametrized(FAILING))
def test_it_compiles_to_the_same_gradient(case):
    f = gradient(functions(case)[1], case)
    compiled = jit(f)
    for scale in (1.0, 1.0001, 0.9999):
        point = [x * scale for x in case.point]
        assert right(compiled(*point), f(*point))


@pytest.mark.libraries
@pytest.mark.parametrize("case", parametrized(FAILING))
def test_a_thousand_rows_have_the_same_gradients(case):
    f = gradient(functions(case)[1], case)
    rows = [x * (1.0 + 1e-4 * np.linspace(-1.0, 1.0, ROWS)) for x in case.point]
    values, slopes = vmap(f)(*rows)
    for i in range(0, ROWS, 111):
        found = values[i], [column[i] for column in slopes]
        assert right(found, f(*[float(column[i]) for column in rows]))


@pytest.mark.libraries
def test_the_libraries_are_those_that_were_recorded():
    assert {name: version(name) for name in VERSIONS} == VERSIONS
    assert {case.library for case in CASES} == set(VERSIONS)


def test_the_list_is_as_long_as_it_is_said_to_be():
    config = tomllib.loads(
        Path(__file__).parents[1].joinpath("pyproject.toml").read_text()
    )
    group = config["dependency-groups"]["libraries"]
    assert group == [f"{name}=={version}" for name, version in VERSIONS.items()]
    assert len(CASES) >= 110
    assert len(VERSIONS) >= 50
    assert len(FAILING) + len(ROUNDED) <= 0.08 * len(CASES)
