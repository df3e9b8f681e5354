"""Where a function's source is found, and what stands in its branches.

Each function is plain Python on floats. Lifted, compiled and in batches it gives the
same numbers, and the slope of the difference quotient; or it is as it was without its
source, which is right as well.
"""

from __future__ import annotations

import contextlib
import linecache
import math
import warnings

import numpy as np
import pytest
from lift_cases import FUNCTIONS

from autograd import grad, jit, lift, value_and_grad, vmap
from autograd.lifting import LiftError

ROWS = [-0.7, 0.31, 0.83, 1.31, 1.73, 2.6]


def slope(f, x):
    h = 1e-6
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_has_the_numbers_and_the_slope_of_python(name, capsys):
    f = FUNCTIONS[name]
    rows = [x for x in ROWS if x > 0.0 or name not in {"even", "property"}]
    ys, slopes = [f(x) for x in rows], [slope(f, x) for x in rows]
    lifted = lift(f)
    assert [lifted(x) for x in rows] == ys
    found = [value_and_grad(lifted)(x) for x in rows]
    assert [y for y, _ in found] == pytest.approx(ys, rel=1e-14)
    assert [g for _, g in found] == pytest.approx(slopes, rel=1e-6, abs=1e-8)
    compiled = jit(value_and_grad(f))
    for _ in range(2):  # recorded, and replayed
        found = [compiled(x) for x in rows]
        assert [y for y, _ in found] == pytest.approx(ys, rel=1e-14)
        assert [g for _, g in found] == pytest.approx(slopes, rel=1e-6, abs=1e-8)
    values, gradients = vmap(value_and_grad(f))(np.array(rows))
    assert values == pytest.approx(ys, rel=1e-14)
    assert gradients == pytest.approx(slopes, rel=1e-6, abs=1e-8)
    capsys.readouterr()


CELL = """
import math
def f(x):
    if x > 1.0:
        y = math.exp(x)
    else:
        y = math.sin(x) * 2.0
    return y
g = lambda x: math.exp(x) if x > 1.0 else math.sin(x) * 2.0
"""


def made(filename, cached):
    """Run a cell, whose lines Python's prompt or a notebook keeps, or nobody."""
    if cached:
        lines = CELL.splitlines(keepends=True)
        linecache.cache[filename] = len(CELL), None, lines, filename
    names = {"__name__": "__main__"}
    exec(compile(CELL, filename, "exec"), names)  # noqa: S102
    return names


@pytest.mark.parametrize("name", ["f", "g"])
@pytest.mark.parametrize(
    ("filename", "cached"),
    [
        ("/tmp/ipykernel_1/2345.py", True),  # noqa: S108 - a cell of a notebook
        ("<ipython-input-3-abcdef>", True),
        ("<python-input-0>", True),  # the prompt of 3.13
        ("<stdin>", False),  # and of older ones
        ("<string>", False),
    ],
)
def test_a_cell_and_a_line_at_the_prompt_are_right_with_their_source_or_without(
    name, filename, cached
):
    f = made(filename, cached)[name]
    compiled = jit(value_and_grad(f))
    if not cached:
        with pytest.warns(UserWarning, match="its source is not in"):
            lifted = lift(f)
        assert lifted(1.5) == f(1.5)
        for g in (grad(lifted), compiled):  # math.exp takes no Value
            with pytest.raises(TypeError, match=r"autograd\.math"):
                g(1.5)
        return
    lifted = lift(f)
    for x in (0.5, 1.5, 0.25, 2.0):
        y, dy = (math.exp(x),) * 2 if x > 1 else (2 * math.sin(x), 2 * math.cos(x))
        assert f(x) == y
        assert compiled(x) == pytest.approx((y, dy), rel=1e-15)
        assert value_and_grad(lifted)(x) == pytest.approx((y, dy), rel=1e-15)
    assert len(compiled.programs) == 1
    values, slopes = vmap(value_and_grad(f))(np.array([0.5, 1.5]))
    assert values == pytest.approx([2 * math.sin(0.5), math.exp(1.5)], rel=1e-15)
    assert slopes == pytest.approx([2 * math.cos(0.5), math.exp(1.5)], rel=1e-15)
    linecache.cache.pop(filename, None)


def test_a_cell_that_is_run_again_with_other_lines_is_another_function():
    filename = "<ipython-input-9-again>"
    first = made(filename, cached=True)["f"]
    assert jit(grad(first))(0.5) == pytest.approx(2 * math.cos(0.5))
    other = CELL.replace("2.0", "3.0")
    linecache.cache[filename] = len(other), None, other.splitlines(True), filename
    names = {"__name__": "__main__"}
    exec(compile(other, filename, "exec"), names)  # noqa: S102
    assert jit(grad(names["f"]))(0.5) == pytest.approx(3 * math.cos(0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its lines are gone
        lifted = lift(first)
    assert lifted(0.5) == first(0.5)
    assert jit(grad(first))(0.25) == pytest.approx(2 * math.cos(0.25))
    linecache.cache.pop(filename, None)


def test_a_file_that_was_edited_since_is_not_believed_by_what_compiles(
    tmp_path, monkeypatch
):
    text = CELL.replace("y = math.exp(x)", "y = x * x").replace("math.sin(x)", "x")
    file = tmp_path / "edited_and_compiled.py"
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    import edited_and_compiled

    file.write_text("# a line\n" + text.replace("2.0", "5.0"))
    f = edited_and_compiled.f
    for g in (jit(grad(f)), grad(f)):
        assert [g(x) for x in (0.5, 1.5)] == [2.0, 3.0]
    assert vmap(grad(f))(np.array([0.5, 1.5])).tolist() == [2.0, 3.0]


async def coroutine(x):
    return math.exp(x)


def test_a_coroutine_is_returned_as_it_is_and_says_why():
    with pytest.warns(UserWarning, match="coroutine"):
        assert lift(coroutine) is coroutine


def swallows_everything(x):
    try:
        y = float.fromhex(float.hex(x))
    except BaseException:  # noqa: BLE001
        y = 0.0
    return y * x


def swallows_in_a_branch(x):
    if x > 1.0:
        with contextlib.suppress(Exception):
            return float.hex(x) and x
        return 0.0
    return x * 2.0


@pytest.mark.parametrize("f", [swallows_everything, swallows_in_a_branch])
def test_a_library_that_swallows_every_exception_does_not_swallow_a_gradient(f):
    assert lift(f)(1.5) == f(1.5)
    with pytest.raises((LiftError, TypeError)):
        grad(lift(f))(1.5)
    with pytest.raises((LiftError, TypeError, RuntimeError)):
        jit(grad(f))(1.5)
