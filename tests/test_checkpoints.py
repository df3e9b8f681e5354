"""Loops cut into segments, which run again, give what loops that remember all give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from random_loops import random_function

from autograd import value_and_grad, vmap
from autograd.compiler import Guard, Instruction, Program
from autograd.compiler.calls.variant import gradient_of
from autograd.compiler.calls.vmap_runner import BatchRunner, Columns
from autograd.compiler.loop import Along, At, Loop
from autograd.compiler.machine import host, lower
from autograd.compiler.passes import checkpoints as cutting
from autograd.compiler.passes.checkpoints import checkpoints
from autograd.compiler.passes.cycles import cycles
from autograd.compiler.passes.pipeline import optimize
from autograd.compiler.passes.roll import roll
from autograd.compiler.record.trace import record_once
from autograd.primitives import TABLE

SEEDS = (12, 15, 21, 27, 29, 36, 38, 44, 48, 51, 61, 67, 70, 76)  # of loops to cut
ADD, MUL, EXP = TABLE["add"], TABLE["mul"], TABLE["exp"]


class Cuts:
    """Loops that are cut while programs are compiled, whatever they cost."""

    def __init__(self, monkeypatch):
        self.found = []
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(cutting, "TRAFFIC", math.inf)
        monkeypatch.setattr(lower, "checkpoints", self._note)
        self.keep_within(0)

    def _note(self, *args):
        cuts = checkpoints(*args)
        self.found += cuts
        return cuts

    def keep_within(self, numbers):
        """Have a cache that holds so many numbers, for one row."""
        size = lambda: numbers * host.lanes()  # noqa: E731
        self.monkeypatch.setattr(host, "cache_size", size)


@pytest.fixture
def cuts(monkeypatch):
    return Cuts(monkeypatch)


def compiled(program, rows, cuts, numbers):
    cuts.keep_within(numbers)
    return BatchRunner(program, rows, reduce=False)


def same(a, b):
    return (a.view(np.uint64) == b.view(np.uint64)).all()


def gradient_with_loops(seed):
    """Return a rolled program with all derivatives, and its inputs."""
    f, data = random_function(seed)

    def with_derivatives(xs):
        y = f(*xs)
        y = sum(y[1:], y[0]) if seed % 3 else y
        return [y, *gradient_of(y, xs)]

    program = record_once(with_derivatives, data, "f").program
    return optimize(roll(program)), optimize(program), data


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_random_gradients_have_the_same_bits_when_segments_run_again(seed, cuts):
    rolled, straight, data = gradient_with_loops(seed)
    rng = np.random.default_rng(seed)
    rows = np.array(data) + 1e-3 * rng.standard_normal((19, len(data)))
    columns, inputs = Columns([rows]), range(len(data))
    whole, right = compiled(rolled, inputs, cuts, 10**9).run([], columns)
    assert not cuts.found
    for numbers in (1, 30):
        found, held = compiled(rolled, inputs, cuts, numbers).run([], columns)
        assert (held is None) == (right is None)
        assert right is None or (held == right).all()
        assert same(found, whole)
    assert cuts.found
    want = [straight.run(row)[straight.outputs[0]] for row in rows.tolist()]
    fine = np.full(len(rows), fill_value=True) if right is None else right
    np.testing.assert_allclose(whole[0][fine], np.array(want)[fine], rtol=1e-9)


def wandering(steps):
    """Return a function whose steps keep many numbers, and compare some."""

    def f(a, b):
        x, y, total = a, b, 0.0
        for _ in range(steps):
            x, y = 0.9 * x + 0.1 * x * y - 0.05 * y * y, 0.8 * y + 0.15 * x * x
            total = total + x * y * y
        return total + x

    return f


@pytest.mark.parametrize("steps", [401, 1234])
@pytest.mark.parametrize("reduce", [None, "sum"])
def test_a_batch_has_the_bits_of_one_that_remembers_all(steps, reduce, cuts):
    rng = np.random.default_rng(steps)
    a, b = rng.uniform(-0.6, 0.6, (2, 45))
    results = []
    for numbers in (10**9, 500, 2000):
        cuts.keep_within(numbers)
        f = value_and_grad(wandering(steps), (0, 1))
        y, slopes = vmap(f, (0, 0), reduce=reduce)(a, b)
        results.append(np.array([y, *slopes]))
    assert cuts.found
    assert same(results[0], results[1])
    assert same(results[0], results[2])
    if reduce is None:
        y, slopes = value_and_grad(wandering(steps), (0, 1))(a[3], b[3])
        want = [y, *slopes]
        np.testing.assert_allclose(results[1][:, 3], want, rtol=1e-11, atol=1e-300)


def test_loops_with_loops_in_them_run_again_as_well(cuts):
    turn = Program(("",), (0.9,), (Instruction(MUL, (0, 1)),), (2, 2))
    turns = Program(("",), (), (Loop(3, turn, (0,), ()),), (1, 2, 3, 4))
    adds = Program(("", ""), (), (Instruction(ADD, (0, 1)),), (2,))
    total = Program(("",) * 4, (), (Loop(3, adds, (0,), (Along(1, 1),)),), (4,))
    ends = [Along(3 + 50 * i + 49, -1) for i in (2, 0, 1)]
    code = (Loop(50, turns, (0,), ()), Loop(50, total, (1,), tuple(ends)))
    program = Program(("",), (0.0,), code, (2, 153, 60)).check()
    columns = Columns([np.random.default_rng(0).standard_normal((13, 1))])
    whole, _ = compiled(program, [0], cuts, 10**9).run([], columns)
    assert not cuts.found
    found, _ = compiled(program, [0], cuts, 20).run([], columns)
    assert [cut.count for cut in cuts.found] == [50]
    assert same(found, whole)
    want = [program(*row) for row in columns.arrays[0].tolist()]
    assert same(found, np.array(want).T)


def test_memory_is_that_of_a_window_and_checkpoints_alone(cuts):
    f = value_and_grad(wandering(5_000), (0, 1))
    batch = vmap(f, (0, 0))
    a, b = np.full(3, 0.3), np.full(3, -0.2)
    cuts.keep_within(2000)
    batch(a, b)
    cut = cuts.found[-1]
    (variant,) = next(iter(batch.variants.values()))
    room = variant.runner(partials=False, reduce=False).layout.varying
    kept = len(cut.kept) * cut.count
    assert kept > 10_000
    assert room < kept / 8


# --- Which loops are cut --------------------------------------------------------------


SQUARE = Program(("",), (), (Instruction(MUL, (0, 0)),), (1, 0))


def summing(*reads):
    """Return a loop that adds up what it reads."""
    n = len(reads)
    adds = [Instruction(ADD, (n + j if j else 0, j + 1)) for j in range(n)]
    return Loop(64, Program(("",) * (1 + n), (), tuple(adds), (2 * n,)), (1,), reads)


def two_loops(*reads, outputs=(), count=64, body=SQUARE, more=()):
    """Return a loop that squares its number, keeping all, and one that reads that.

    Its places: an input at 0, a constant at 1; the first loop's last number at 2, what
    it kept from 3 on; then the second loop's sum.
    """
    code = (Loop(count, body, (0,), ()), summing(*reads), *more)
    return Program(("",), (0.0,), code, (3 + count, *outputs)).check()


def test_a_mirrored_loop_is_cut_with_the_one_that_it_reads():
    [cut] = checkpoints(two_loops(Along(66, -1), outputs=(3, 66)), 4)
    assert (cut.forward, cut.mirror, cut.count) == (2, 67, 64)
    assert cut.reads == {0: (0, 63)}
    assert cut.spots == {3: (0, 0), 66: (0, 63)}
    assert (cut.marked, cut.kept, cut.last, cut.ahead) == ([0], [0], 63, 0)
    assert cut.segments * cut.length >= 64


def test_a_segment_begins_where_the_earliest_number_is_that_it_reads():
    [cut] = checkpoints(two_loops(Along(67, -1), Along(68, -1), count=66), 4)
    assert (cut.last, cut.ahead) == (65, 1)


@pytest.mark.parametrize(
    "program",
    [
        two_loops(Along(3, 1)),  # in the order that it was kept in
        two_loops(At(tuple(range(66, 2, -1)))),
        two_loops(At((0,) * 63 + (5,))),
        two_loops(Along(66, -1), Along(3, 1)),
        two_loops(Along(66, -1), outputs=tuple(range(3, 69)), count=70),
        two_loops(Along(66, -1), more=(summing(Along(66, -1)),)),
    ],
)
def test_a_loop_is_not_cut_that_others_read_in_another_way(program):
    assert checkpoints(program, 4) == []


def test_a_loop_is_not_cut_whose_numbers_the_cache_holds():
    assert checkpoints(two_loops(Along(66, -1)), 64) == []


def test_a_loop_is_not_cut_that_computes_while_its_numbers_come():
    dear = Program(("",), (), (Instruction(EXP, (0,)),), (1, 0))
    program = two_loops(Along(66, -1), body=dear)
    assert checkpoints(program, 4) == checkpoints(program, 0.9) == []


def test_an_iteration_takes_as_long_as_its_longest_chain_or_all_it_computes():
    chain = [Instruction(ADD, (2 + i, 0)) for i in range(10)]  # from the read number on
    assert cycles(Program(("",) * 3, (), tuple(chain), (12,)), 1) == 10 * 4
    assert cycles(Program(("",) * 3, (), tuple(chain), (0,)), 1) == 10
    late = Instruction(TABLE["sumprod"], (0, 1, 2, 1, 1, 1))  # one product of three
    assert cycles(Program(("",) * 3, (), (late,), (3,)), 1) == 4
    inner = Loop(5, Program(("",), (), (Instruction(ADD, (0, 0)),), (1,)), (0,), ())
    assert cycles(Program(("",), (), (inner,), (1,)), 1) == 5 * 4


def test_a_loop_that_takes_very_much_memory_is_cut_if_its_second_run_is_cheap():
    code = (Instruction(MUL, (0, 0)), Instruction(EXP, (1,)))
    body = Program(("", ""), (), code, (2, 3, 0))  # the exponentials are not read
    forward = Loop(64, body, (0, 1), ())
    total = Program(("", ""), (), (Instruction(ADD, (0, 1)),), (2,))
    mirror = Loop(64, total, (1,), (Along(67, -1),))
    program = Program(("",), (0.0,), (forward, mirror), (3, 68)).check()
    assert checkpoints(program, 4) == []
    [cut] = checkpoints(program, 0.9)
    assert cut.again.body.written == 1


def test_a_loop_is_not_cut_that_may_stop_early():
    program = two_loops(Along(66, -1))
    assert checkpoints(program, 4, {2}) == []
    assert checkpoints(program, 4, {67}) == []


def test_what_runs_again_is_only_what_is_read_backward_and_asks_no_guard():
    body = Program(
        ("", ""),
        (),
        (Instruction(MUL, (0, 0)), Instruction(ADD, (1, 2))),
        (2, 3, 2),
        (Guard("<", 0, 1),),
    )
    forward = Loop(64, body, (0, 1), ())
    total = Program(("", ""), (), (Instruction(ADD, (0, 1)),), (2,))
    mirror = Loop(64, total, (1,), (Along(67, -1),))
    [cut] = checkpoints(Program(("",), (0.0,), (forward, mirror), (68,)).check(), 4)
    assert cut.marked == [0]
    assert cut.again.body.written == 1
    assert not cut.again.body.guards
