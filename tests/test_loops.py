"""Loops in a Program stand for the straight code that they were found in."""

from __future__ import annotations

import ctypes
import pickle
import shutil
import subprocess

import numpy as np
import pytest
from outcomes import bits
from random_loops import random_function

from autograd import Value, draw, value_and_grad
from autograd.compiler import Guard, Instruction, Program, jit, to, trace, vmap
from autograd.compiler.calls.runner import Machine
from autograd.compiler.calls.variant import gradient_of
from autograd.compiler.calls.vmap_runner import BatchRunner, Columns
from autograd.compiler.loop import Along, At, Loop, Numbers
from autograd.compiler.passes import repetition
from autograd.compiler.passes.pipeline import optimize
from autograd.compiler.passes.roll import roll
from autograd.compiler.record.trace import record_once
from autograd.compiler.targets import compile_numpy, compile_python
from autograd.compiler.targets.c import c_source
from autograd.math import sin
from autograd.primitives import TABLE

ADD, MUL = TABLE["add"], TABLE["mul"]
SEEDS = [*range(56), 354, 567, 763]


def summing(**changes):
    """Return x0...x3, s -> s + x0 * 0.5, that + x1 * 0.5, ...: all four sums."""
    body = Program(
        ("", ""),
        (0.5,),
        (Instruction(MUL, (1, 2)), Instruction(ADD, (0, 3))),
        (4, 4),
    )
    fields = {"count": 4, "body": body, "carried": (4,), "reads": (Along(0, 1),)}
    loop = Loop(**(fields | changes))
    outputs = (5,) if "count" in changes else tuple(range(5, 5 + loop.width))
    return Program(("",) * 5, (), (loop,), outputs)


def canonical(program):
    """Return what a straight program computes, however its constants are numbered."""
    n, first = len(program.inputs), program.first_result

    def place(x):
        if x < n:
            return ("input", x)
        if x < first:
            return ("constant", program.constants[x - n].hex())
        return ("result", x - first)

    code = [(s.primitive, *map(place, s.operands)) for s in program.code]
    guards = {(g.relation, place(g.a), place(g.b), g.holds) for g in program.guards}
    return code, [place(x) for x in program.outputs], guards


def recorded(seed):
    """Return a straight program, with or without derivatives, and its inputs."""
    f, data = random_function(seed)
    if seed % 3:
        return trace(f, *data), data

    def with_derivatives(xs):
        y = f(*xs)
        return [y, *gradient_of(y, xs)]

    return record_once(with_derivatives, data, "f").program, data


def test_a_loop_runs_its_body_again_and_again():
    assert summing()(1.0, 2.0, 3.0, 4.0, 10.0) == [15.0, 10.5, 11.5, 13.0, 15.0]


def test_a_listing_shows_a_loop_as_a_loop():
    assert str(summing()).splitlines()[1:-1] == [
        "    u0 = v4",
        "    for k in 0..3:",
        "        u3 = v[0 + k] * 0.5",
        "        u4 = u0 + u3",
        "        v[6 + k] = u4",
        "        u0 = u4",
        "    v5 = u0",
    ]


def test_a_program_with_loops_tells_both_its_lengths():
    assert (summing().written, summing().performed) == (2, 8)
    assert len(summing().unrolled().code) == 8


def test_a_program_with_loops_can_be_pickled():
    again = pickle.loads(pickle.dumps(summing()))  # noqa: S301
    assert again == summing()
    assert again(1.0, 2.0, 3.0, 4.0, 10.0) == [15.0, 10.5, 11.5, 13.0, 15.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "positive number of times, not 0"),
        ({"count": 2.0}, "positive number of times, not 2.0"),
        ({"reads": ()}, "takes 2 inputs, but 1 are carried and 0 are read"),
        ({"carried": (9,)}, "iteration 0 of a loop reads place 9"),
        ({"carried": (-1,)}, "iteration 0 of a loop reads place -1"),
        ({"reads": (Along(2, 1),)}, "iteration 3 of a loop reads place 5"),
        ({"reads": (Along(2, -1),)}, "iteration 3 of a loop reads place -1"),
        ({"reads": (At((0, 1, 2)),)}, "4 iterations reads 3 numbers"),
        ({"reads": (At((0, 1, 2, 7)),)}, "^$"),
        ({"reads": (At((0, 6, 2, 3)),)}, "^$"),
        ({"reads": (At((0, 7, 2, 3)),)}, "iteration 1 of a loop reads place 7"),
        ({"reads": (Numbers((0.0,)),)}, "4 iterations reads 1 numbers"),
        ({"carried": (4, 4, 4), "reads": ()}, "takes 2 inputs, but 3 are carried"),
    ],
)
def test_a_loop_that_reads_what_is_not_there_is_refused(changes, message):
    if message == "^$":  # what an earlier iteration kept may be read
        summing(**changes).check()
        return
    with pytest.raises(ValueError, match=message):
        summing(**changes).check()


def test_the_body_of_a_loop_is_checked_as_well():
    body = Program(("", ""), (0.5,), (Instruction(MUL, (1, 9)),), (3,))
    with pytest.raises(ValueError, match="reads place 9"):
        summing(body=body).check()


def test_a_guard_within_a_loop_holds_for_every_iteration():
    body = summing().code[0].body.replace(guards=(Guard("<", 4, 1, holds=False),))
    program = summing(body=body)
    for x, holds in ((1.0, True), (12.0, False)):
        inputs = [1.0, 1.0, 1.0, x, 4.0]
        assert program.holds(program.run(inputs)) is holds
        assert program.unrolled().holds(program.unrolled().run(inputs)) is holds
    assert "        guard not u4 < v[0 + k]" in str(program).splitlines()


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_rolled_and_unrolled_again_a_program_is_what_it_was(seed):
    program, data = recorded(seed)
    rolled = roll(program).check()
    assert canonical(rolled.unrolled().check()) == canonical(program)
    want = program(*data)
    assert [*map(bits, rolled(*data))] == [*map(bits, want)]
    assert rolled.holds(rolled.run(data))


def test_most_random_loops_are_found():
    found = [roll(recorded(seed)[0]) for seed in SEEDS]
    shorter = [p for p in found if p.has_loops and 2 * p.written < p.performed]
    assert len(shorter) > len(SEEDS) // 2


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS)
def test_machine_code_with_loops_gives_what_the_straight_program_gives(seed):
    program, data = recorded(seed)
    rolled = roll(program)
    machine = Machine(optimize(rolled))
    straight = optimize(program)
    rng = np.random.default_rng(seed)
    for scale in (0.0, 1e-6, 1e-3):
        inputs = [x + scale * rng.standard_normal() for x in data]
        results = straight.run(inputs)
        found = machine.numbers(tuple(inputs))
        if not straight.holds(results):
            assert found is None
            continue
        want = [results[x] for x in straight.outputs]
        np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-12)


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS[::3])
@pytest.mark.parametrize("few", [False, True])
def test_rows_with_loops_give_what_each_row_gives_alone(seed, few):
    program, data = recorded(seed)
    rolled = optimize(roll(program))
    rows = range(3) if few else range(len(data))
    rng = np.random.default_rng(seed)
    table = np.array(data)[list(rows)] + 1e-3 * rng.standard_normal((21, len(rows)))
    shared = [data[i] for i in range(len(data)) if i not in rows]
    columns = Columns([table])
    found, right = BatchRunner(rolled, rows, reduce=False).run(shared, columns)
    total, _ = BatchRunner(rolled, rows, reduce=True).run(shared, columns)
    straight = optimize(program)
    each = [straight.run([*row, *shared]) for row in table.tolist()]
    holds = np.array([straight.holds(results) for results in each])
    assert (holds == (True if right is None else right)).all()
    want = np.array([[results[x] for x in straight.outputs] for results in each])
    np.testing.assert_allclose(found[:, holds], want[holds].T, rtol=1e-9, atol=1e-12)
    if holds.all():
        np.testing.assert_allclose(total, want.sum(axis=0), rtol=1e-8, atol=1e-10)


@pytest.mark.shared
@pytest.mark.parametrize("seed", SEEDS[::2])
@pytest.mark.parametrize("target", [compile_python, compile_numpy])
def test_sources_with_loops_give_what_the_straight_program_gives(seed, target):
    program, data = recorded(seed)
    rolled = roll(program)
    found, holds = target(rolled, guards=True)(*data)
    assert holds
    want, _ = target(program, guards=True)(*data)
    assert [bits(float(x)) for x in found] == [bits(float(x)) for x in want]


@pytest.mark.parametrize("target", ["python", "numpy", "c"])
def test_a_source_prints_a_loop_as_a_loop(target):
    f, data = random_function(7)
    program = trace(f, *data)
    rolled = roll(program)
    source, straight = to(rolled, target), to(program, target)
    assert "for " in source
    assert len(source.splitlines()) < len(straight.splitlines()) / 2


@pytest.mark.parametrize("target", ["torch", "sympy"])
def test_a_target_without_loops_says_so_when_they_are_long(target):
    body = summing().code[0].body
    loop = Loop(100_000, body, (0,), (Along(1),))
    with pytest.raises(ValueError, match="python, numpy, c and jax print loops"):
        to(Program(("", ""), (), (loop,), (2,)), target)
    short = Loop(3, body, (0,), (Along(1),))
    assert "for " not in to(Program(("", ""), (), (short,), (2,)), target)


@pytest.mark.parametrize("read", [Along(1), At((1, 1, 1)), Numbers((0.0,) * 3)])
@pytest.mark.parametrize("carried", [0, 1])
def test_constants_in_a_loop_of_numpy_neither_raise_nor_turn_complex(read, carried):
    code = (
        Instruction(TABLE["quotient"], (1, 2)),
        Instruction(TABLE["power"], (3, 0)),
        Instruction(ADD, (4, 3)),
    )
    body = Program(("", ""), (0.0,), code, (2, 5, 2))
    loop = Loop(3, body, (carried,), (read,))
    program = Program(("",), (-0.0,), (loop,), range(2, 2 + loop.width)).check()
    found = compile_numpy(program)(2.0)
    assert np.array(found).dtype == np.float64
    np.testing.assert_array_equal(found[1:4], [np.nan, np.nan, np.nan])


def test_the_source_for_jax_folds_a_loop_into_a_function_of_its_state():
    body = summing().code[0].body
    loop = Loop(100_000, body, (0,), (Along(1),))
    source = to(Program(("", ""), (), (loop,), (2,)), "jax")
    assert "(v, v2) = lax.fori_loop(0, 100000, step0, (v, full(v[0])))" in source
    assert len(source.splitlines()) < 30
    compile(source, "source", "exec")


@pytest.mark.targets
@pytest.mark.parametrize("seed", SEEDS[::4])
def test_jax_runs_loops_to_what_the_straight_program_gives(seed):
    jax = pytest.importorskip("jax")
    program, data = recorded(seed)
    names = {}
    source = to(roll(program), "jax", guards=True)
    exec(compile(source, "source", "exec"), names)  # noqa: S102 - what is tested
    function = jax.jit(next(f for x, f in names.items() if f"def {x}(*v)" in source))
    rows = np.array(data)[:, None] * [1.0, 1.0 + 1e-9]
    found, held = function(*data)
    both, all_held = function(*rows)
    assert held
    assert all_held.shape == (2,)
    want = program(*data)
    np.testing.assert_allclose(np.array(found), want, rtol=1e-9, atol=1e-12)
    first = [np.broadcast_to(x, (2,))[0] for x in both]
    np.testing.assert_allclose(first, want, rtol=1e-9, atol=1e-12)


@pytest.mark.shared
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_sources_in_c_with_loops_give_what_the_straight_program_gives(tmp_path):
    texts, cases = [], []
    for seed in SEEDS[::4]:
        program, data = recorded(seed)
        texts.append(c_source(roll(program), guards=True, name=f"f{seed}"))
        cases.append((seed, program, data))
    path = tmp_path / "f.c"
    path.write_text("\n".join(texts))
    library = tmp_path / "f.so"
    options = ["-std=c99", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w"]
    subprocess.run(["cc", *options, str(path), "-o", str(library), "-lm"], check=True)  # noqa: S607
    loaded = ctypes.CDLL(str(library))
    for seed, program, data in cases:
        out = (ctypes.c_double * len(program.outputs))()
        given = (ctypes.c_double * len(data))(*data)
        assert getattr(loaded, f"f{seed}")(given, out) == 1
        np.testing.assert_allclose([*out], program(*data), rtol=1e-9, atol=1e-12)


def test_a_function_that_calls_a_batch_keeps_its_code_straight():
    table = np.random.default_rng(0).standard_normal((50, 2))
    batch = vmap(lambda w, x: (w * x[0] - x[1]) ** 2, (None, 0), reduce="mean")

    def f(w, rows):
        y = 0.3 * w
        for _ in range(200):
            y = 0.9 * sin(y) + 0.1 * w
        return y + batch(w, rows)

    compiled = jit(value_and_grad(f))
    found = compiled(0.7, table)
    np.testing.assert_allclose(found, value_and_grad(f)(0.7, table), rtol=1e-12)
    assert not compiled.programs[0].has_loops


def test_a_picture_folds_a_loop_into_one_box():
    def f(x, y):
        for _ in range(1200):
            x, y = 3.5 * x * (1.0 - x), y + sin(x)
        return y

    compiled = jit(f)
    compiled(0.3, 0.5)
    program = compiled.programs[0]
    assert program.has_loops
    assert program.iterations()[0] == "for k in 0..1198 (loop 1)/k = 0"
    assert "for k in 0..1198" in str(draw(program))
    again = draw(compiled(Value(0.3), Value(0.5)))  # one node, which is not opened
    assert "for k" not in str(again)


@pytest.mark.parametrize("seed", SEEDS[::4])
def test_loops_seen_in_samples_are_loops_of_the_whole(seed, monkeypatch):
    program, _ = recorded(seed)
    monkeypatch.setattr(repetition, "MANY", 1)
    monkeypatch.setattr(repetition, "SAMPLE", min(128, len(program.code) // 2))
    assert canonical(roll(program).check().unrolled()) == canonical(program)
