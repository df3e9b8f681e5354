"""Machine code is made quickly at first, and better when it has run often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from programs import output, random_program
from random_loops import random_function

from autograd import jit, math, value_and_grad
from autograd.compiler import Program, trace
from autograd.compiler.calls.runner import Machine
from autograd.compiler.machine import host, lower
from autograd.compiler.passes.roll import roll

pytest.importorskip("llvmlite")


def chain(p: list[float]) -> float:
    x, total = p[0], 0.0
    for k in range(300):
        x = p[1] * x * (1.0 - x)
        total = total + math.log(x) * math.sin(0.1 * k * x) + math.sigmoid(x)
    return total


@pytest.fixture(autouse=True)
def _no_code_is_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lower, "LITTLE", 0)


def test_little_code_is_made_at_leisure_at_once(
    builds: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lower, "LITTLE", 60_000)
    f = jit(lambda x: math.exp(x) * x)
    found = [f(0.7) for _ in range(9)]
    assert found == [found[0]] * 9
    assert not any(builds)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each build whether it was quick; code is good for three calls."""
    found: list[bool] = []
    build = host.build

    def counted(text: str, *, quickly: bool = False) -> object:
        found.append(quickly)
        return build(text, quickly=quickly)

    monkeypatch.setattr(host, "build", counted)
    monkeypatch.setattr(lower, "calls_for", lambda _text, _program: 3)
    return found


@pytest.mark.parametrize("argument", [np.array([0.3, 3.7]), [0.3, 3.7]])
def test_code_that_has_run_often_is_made_better_once_and_gives_the_same_bits(
    builds: list[bool], argument: object
) -> None:
    f = jit(value_and_grad(chain))
    found = [f(argument) for _ in range(9)]
    assert all(y == found[0][0] and list(g) == list(found[0][1]) for y, g in found)
    assert builds.count(False) == 1
    assert len(f.programs) == 1
    assert f.why_eager == ""


def test_calls_with_floats_go_straight_into_the_better_code(
    builds: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    f = jit(lambda x: math.exp(x) * x)
    found = {f(0.7) for _ in range(9)}
    assert len(found) == 1
    assert builds == [True, False]
    monkeypatch.setattr(type(f), "general", None)  # nothing asks Python any more
    assert f(0.7) in found


def test_better_code_does_not_answer_where_a_guard_fails(builds: list[bool]) -> None:
    def either(x: float) -> float:
        found = []
        if x < 1.0:
            found.append(math.exp(x))  # an effect, so that the branch stays a guard
        else:
            found.append(math.log(x))
        return found[0]

    f = jit(either)
    for x in [0.7, 2.0] * 9:
        assert f(x) == (math.exp(x) if x < 1.0 else math.log(x))
    assert len(f.programs) == 2
    assert sorted(builds) == [False, False, True, True]


@pytest.mark.parametrize("seed", range(16))
def test_programs_with_loops_give_the_same_bits_quickly_and_at_leisure(
    seed: int,
) -> None:
    f, xs = random_function(seed)
    compare_tiers(roll(trace(lambda xs: f(*xs), xs)), xs)


@pytest.mark.parametrize("seed", range(40))
def test_straight_programs_give_the_same_bits_quickly_and_at_leisure(seed: int) -> None:
    random_ = random_program(seed)
    f = output(random_)
    compare_tiers(trace(value_and_grad(f), random_.inputs), random_.inputs)


def compare_tiers(program: Program, xs: Sequence[float]) -> None:
    machine = Machine(program)
    quick = machine.numbers(tuple(map(float, xs)))
    assert machine.code.calls is not None
    machine.take(machine.code.better())
    assert machine.code.calls is None
    assert machine.numbers(tuple(map(float, xs))) == quick
