"""What `explain` tells of a loop: its last iteration, its first, how many between."""

from __future__ import annotations

import re

import pytest

from autograd import Value, explain, math


def repeated(x, times):
    for _ in range(times):
        x = x + 0.001 * math.sin(x)
    return 2.0 * x


def garch(w, returns):
    h, total = 0.1, 0.0
    for r in returns:
        h = w + 0.1 * r * r + 0.8 * h
        total = total + math.log(h) + r * r / h
    return total


def between(text):
    """Return how many iterations are left out, and of how many steps each."""
    (found,) = re.findall(
        r"([\d,]+) iterations of a loop, in the same (\d+) steps", text
    )
    return int(found[0].replace(",", "")), int(found[1])


@pytest.mark.parametrize("times", [20, 100, 5000])
def test_the_last_and_the_first_iteration_of_a_loop_are_told(times):
    x = Value(1.0, name="x")
    text = str(explain(repeated(x, times)))
    left_out, steps = between(text)
    assert steps == 3
    # The first iteration finds x where all others find what was made, so it is told
    # besides the first one that is like the others.
    assert left_out == times - 3
    assert len(re.findall(r"\d\. v\d+ = sin", text)) == 3
    assert "v1 = sin(x) = sin(1) = 0.841471" in text


def test_what_a_loop_passes_on_is_the_derivative_there():
    w = Value(0.05, name="w")
    y = garch(w, [0.1, 0.2, -0.3, 0.4] * 50)
    text = str(explain(y))
    y.backward()
    assert between(text)[1] == 7
    (inside,) = re.findall(r"adds to the gradient of w: (\S+)", text)
    assert 0.0 < float(inside) < w.grad
    assert f"d {text.partition(' = ')[0]}/d w = {w.grad:.6g}" in text


def test_a_loop_whose_steps_differ_is_told_as_any_other_code():
    x = Value(1.0, name="x")
    y = x
    for k in range(60):
        y = math.sin(y) if k % 7 in {0, 2, 3} else math.cos(y) * x if k % 5 else y + x
    text = str(explain(y))
    assert "iterations" not in text
    assert "in between" in text


def test_scopes_come_before_loops():
    from autograd import scope

    x = Value(1.0, name="x")
    with scope("inner"):
        y = repeated(x, 50)
    assert "iterations" not in str(explain(y))


def test_html_and_latex_tell_of_the_loop_as_well():
    told = explain(repeated(Value(1.0, name="x"), 50))
    assert "47 iterations of a loop" in told.to_html()
    assert "47 iterations of a loop" in told.to_latex()


def test_a_loop_is_found_in_time_proportional_to_it():
    from autograd.explanation.loops import _lengths, _run

    forms = [("+", (k % 3,)) for k in range(30_000)]
    assert _lengths(forms) == [3]
    assert _run(forms, 3) == (30_000, 0)
    assert _run([*forms, ("-", ()), *forms[:9]], 3) == (30_000, 0)
    assert _run([("-", ()), *forms], 3) == (30_000, 1)
