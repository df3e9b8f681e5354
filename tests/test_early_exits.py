"""A loop stops where what is left of it changes nothing, and computes the same bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from outcomes import bits

from autograd import grad, hessian, jit, lift, value_and_grad, vmap
from autograd.compiler import Guard, Instruction, Program, to
from autograd.compiler.calls.runner import Runner
from autograd.compiler.loop import Along, Loop
from autograd.compiler.machine import lower, rolled
from autograd.compiler.machine.lower import CORE
from autograd.compiler.passes import pipeline
from autograd.compiler.passes.exits import exits, exits_shown
from autograd.compiler.passes.pipeline import machine_passes, run
from autograd.compiler.targets import compile_python
from autograd.primitives import TABLE

ROWS = [2.0, 3.0, 0.01, 400.0, 1e8, 1.0, 2.5, 1e-6, 7.0]


def root(a):
    """Return a square root, by Newton's method to a tolerance that becomes larger."""
    x = a
    for k in range(90):
        new = x - (x * x - a) / (2 * x)
        if abs(new - x) < 1e-13 * (k + 1):
            break
        x = new
    return x


def hits(a):
    """Return a sum until it is larger than 3, which it is early, late, or never."""
    total = 0.0
    for k in range(80):
        total = total + math.sin(a * 0.01 * k) ** 2
        if total > 3.0 + 0.001 * k:
            return total * a
    return total


def nested(a):
    """Return what inner loops make that leave early, each in its own turn."""
    y = a
    for _ in range(40):
        z = y
        for j in range(12):
            z = 0.5 * z + 0.1 * math.cos(z)
            if z < 0.2 + 0.01 * j:
                break
        y = 0.9 * y + 0.1 * z
    return y


FUNCTIONS = [root, hits, nested]


@pytest.fixture(autouse=True)
def _short_loops(monkeypatch):
    """Let loops be kept in short programs, too."""
    monkeypatch.setattr(pipeline, "SHORT", 15)
    monkeypatch.setattr(pipeline, "pays", lambda _: True)


def left(compiled):
    """Return how the loops of a compiled function's program stop early."""
    (program,) = compiled.programs
    return exits_shown(program, run(machine_passes(CORE), program))


def looping(*names, constants=(), outputs=None, kept=()):
    """Return a program whose loop runs instructions on a flag, x and a line of reads.

    Args:
        names: the instructions: a name and operands; inputs are flag 0, x 1, read 2,
            constants follow.
        constants: of the body.
        outputs: what the flag and x become.
        kept: what is kept of each iteration.

    """
    code = tuple(Instruction(TABLE[name], operands) for name, *operands in names)
    code = tuple(Instruction(s.primitive, tuple(s.operands)) for s in code)
    body = Program(("",) * 3, constants, code, (*outputs, *kept))
    loop = Loop(5, body, (0, 1), (Along(2, 1),))
    ends = (7, 8, *range(9, 9 + 5 * len(kept)))
    return Program(("",) * 7, (), (loop,), ends)


STOPS = (("greater", 2, 3), ("maximum", 0, 4), ("add", 1, 2), ("where", 5, 1, 6))


def test_a_loop_rests_once_its_flag_keeps_all_it_carries():
    program = looping(*STOPS, constants=(0.5,), outputs=(5, 7)).check()
    (leave,) = exits(program).values()
    assert leave.rest == {0: 1.0}


@pytest.mark.parametrize(
    "changed",
    [
        {3: ("add", 1, 2)},  # x changes whatever the flag is
        {3: ("where", 4, 1, 6)},  # that this iteration ends, not that one has
        {1: ("mul", 0, 4)},  # the flag is not there for ever
        {1: ("add", 0, 4)},  # what counts is no flag
    ],
)
def test_a_loop_does_not_rest_that_goes_on_changing(changed):
    steps = [changed.get(i, step) for i, step in enumerate(STOPS)]
    assert exits(looping(*steps, constants=(0.5,), outputs=(5, 7)).check()) == {}


def test_what_is_kept_and_differs_from_turn_to_turn_keeps_a_loop_running():
    options = {"constants": (0.5,), "outputs": (5, 7)}
    assert exits(looping(*STOPS, **options, kept=(7,)))
    assert not exits(looping(*STOPS, **options, kept=(4,)))


def test_a_guard_that_may_fail_at_rest_keeps_a_loop_running():
    program = looping(*STOPS, constants=(0.5,), outputs=(5, 7))
    (loop,) = program.code
    for a, found in ((1, 1), (2, 0)):
        body = loop.body.replace(guards=(Guard("<", a, 3),))
        guarded = program.replace(code=(Loop(5, body, loop.carried, loop.reads),))
        assert len(exits(guarded)) == found


def test_an_infinity_in_turns_that_never_ran_is_seen():
    masked = (("sub", 4, 0), ("mul", 2, 5), ("add", 1, 6), ("greater", 7, 3))
    steps = (*masked, ("maximum", 0, 8), ("where", 0, 1, 7))
    plain = looping(*steps, constants=(0.5, 1.0), outputs=(9, 10), kept=(6,)).check()
    strong = [
        ("strong_mul", 5, 2) if name == "mul" else (name, *x) for name, *x in steps
    ]
    assert not exits(plain)
    assert exits(looping(*strong, constants=(0.5, 1.0), outputs=(9, 10), kept=(6,)))


@pytest.mark.parametrize("f", [root, hits])
def test_the_gradients_loop_starts_where_the_other_one_stopped(f):
    compiled = jit(value_and_grad(f))
    compiled(3.0)
    lead, *others = left(compiled).values()
    assert lead.rest
    assert -1 in {x.step for x in others}
    assert len(others) == sum(type(s) is Loop for s in compiled.programs[0].code) - 1


def test_the_second_derivatives_loops_go_through_the_same_turns():
    compiled = jit(grad(grad(root)))
    compiled(3.0)
    steps = [x.step for x in left(compiled).values()]
    assert len(steps) > 2
    assert {*steps} == {1, -1}


@pytest.mark.parametrize("f", FUNCTIONS)
def test_single_numbers_have_the_bits_of_loops_that_run_to_their_end(f, monkeypatch):
    for function in (f, value_and_grad(f), grad(grad(f))):
        found = [jit(function)(a) for a in ROWS]
        with monkeypatch.context() as patch:
            patch.setattr(rolled, "exits", lambda _: {})
            patch.setattr(lower, "exits_shown", lambda *_: {})
            assert bits(tuple(found)) == bits(tuple(map(jit(function), ROWS)))


@pytest.mark.parametrize("f", FUNCTIONS)
def test_rows_that_leave_at_different_times_are_what_python_gives(f):
    rows = np.array(ROWS * 5)[: 5 * len(ROWS) - 2]
    values, slopes = vmap(value_and_grad(f))(rows)
    plain = value_and_grad(lift(f))
    expected = np.array([plain(a) for a in rows])
    np.testing.assert_allclose(values, [f(a) for a in rows], rtol=1e-14)
    np.testing.assert_allclose(slopes, expected[:, 1], rtol=1e-11)
    again = vmap(value_and_grad(f))(rows[::-1])
    np.testing.assert_allclose(again[1], slopes[::-1], rtol=1e-11)


def test_second_derivatives_are_what_python_gives():
    compiled = jit(hessian(lambda v: root(v[0]) * v[1]))
    plain = hessian(lambda v: lift(root)(v[0]) * v[1])
    for a in ROWS:
        np.testing.assert_allclose(compiled([a, 2.0]), plain([a, 2.0]), rtol=1e-9)


def test_an_interrupted_long_loop_that_rests_is_right(monkeypatch):
    monkeypatch.setattr(rolled, "WORK", 60)  # looks for Ctrl-C every few iterations
    compiled = jit(value_and_grad(root))
    for a in ROWS:
        np.testing.assert_allclose(
            compiled(a), value_and_grad(lift(root))(a), rtol=1e-11
        )


@pytest.mark.parametrize("before", [True, False])
def test_a_loop_that_only_asks_is_not_taken_for_the_one_at_its_place(before):
    program = looping(*STOPS, constants=(0.5,), outputs=(5, 7), kept=(7,))
    (loop,) = program.code
    asks = Program(("",), (9.0,), (), (), (Guard("<", 0, 1),))
    asking = Loop(5, asks, (), (Along(2, 1),))
    code = (asking, loop) if before else (loop, asking)
    both = program.replace(code=code).check()
    assert exits(both).keys() == exits(program).keys()
    runner = Runner(both)
    row = [0.0, 1.0, 0.1, 0.2, 0.9, 0.3, 0.4]
    assert runner.run(row) == list(program(*row))
    assert runner.run([*row[:-1], 10.0]) is None


@pytest.mark.parametrize("f", [root, hits])
def test_sources_leave_a_loop_that_rests_with_the_bits_of_the_whole_one(f):
    compiled = jit(f)
    compiled(2.0)
    (program,) = compiled.programs
    assert "break" in to(program, "python")
    assert "break;" in to(program, "c")
    assert "break" not in to(program, "numpy")  # rows stop at different times
    run_source = compile_python(program)
    for a in ROWS:
        assert list(map(bits, run_source(a))) == list(map(bits, program(a)))


def test_a_source_runs_a_loop_to_its_end_whose_turns_others_read():
    kept = looping(*STOPS, constants=(0.5,), outputs=(5, 7), kept=(7,)).check()
    assert exits(kept)
    assert "break" not in to(kept, "python")
