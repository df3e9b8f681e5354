"""Each part of the machine's code writer, by itself: written, compiled, called.

A test plans a small program, has one part write one function, and calls that on memory
which it filled itself. What must come out is plain Python's.
"""

from __future__ import annotations

import ctypes
import math
from itertools import chain
from types import SimpleNamespace

import pytest

from autograd import math as am
from autograd.compiler import Guard, Instruction, Program, trace
from autograd.compiler.element import Element, NestedBatch
from autograd.compiler.schedule.plan import Plan
from autograd.primitives import TABLE, Primitive

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from autograd.compiler.machine import host  # noqa: E402
from autograd.compiler.machine.ask import taken  # noqa: E402
from autograd.compiler.machine.functions import write_single  # noqa: E402
from autograd.compiler.machine.loops import write_loop, write_run  # noqa: E402
from autograd.compiler.machine.lower import compile_native, lower  # noqa: E402
from autograd.compiler.machine.memory import Writer, tiles_of  # noqa: E402
from autograd.compiler.machine.products import (  # noqa: E402
    write_sumprods,
    write_uniform_sumprods,
)
from autograd.compiler.machine.rows import write_batch  # noqa: E402
from autograd.compiler.machine.sums import Block, add_lanes, write_sums  # noqa: E402
from autograd.compiler.machine.text import Module  # noqa: E402

DOUBLE = ctypes.POINTER(ctypes.c_double)
N = 301  # results that are more than a short program


def pointer(array):
    return array.ctypes.data_as(DOUBLE)


def function(plan, write, lanes=1, parameters="ptr %u, ptr %v, i64 %n, ptr %out"):
    """Return a function that one part has written, and what keeps it alive."""
    module = Module()
    t = Writer(module, plan, f"void @f({parameters})", lanes)
    write(t)
    t.write("ret void")
    t.finish()
    engine = host.build(str(module))
    kinds = [DOUBLE, DOUBLE, ctypes.c_int64, DOUBLE]
    return ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address("f")), engine


def run(plan, write, u=(), v=(), n=0, lanes=1, outputs=1):
    """Return u, v and out after a part's function ran on them."""
    memory = np.zeros(plan.layout.uniform + 8)
    memory[: len(u)] = u
    rows = np.zeros(plan.layout.room + 8)
    rows[: len(v)] = v
    out = np.zeros(outputs)
    f, _engine = function(plan, write, lanes)
    f(pointer(memory), pointer(rows), n, pointer(out))
    return memory, rows, out


def only_stage(functions):
    (stage,) = chain(*functions)
    return stage


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


# --- Memory ---------------------------------------------------------------------------

SLOTS = {
    "in line": [3, 4, 5, 6, 7],
    "backwards": [9, 7, 5, 3, 1],
    "all one": [4, 4, 4, 4, 4],
    "anywhere": [2, 9, 4, 4, 0],
}


@pytest.mark.parametrize("slots", SLOTS.values(), ids=SLOTS)
def test_a_slot_is_computed_where_slots_are_in_line_and_else_looked_up(slots):
    plan = Plan(trace(lambda *xs: xs[0] + xs[9], *[0.5] * 10), 4)

    def write(t):
        with t.loop("0", "5") as i:
            t.store(t.spread("%u", t.slot(slots, i)), "%out", i)
        assert bool(t.module.tables) == (slots == SLOTS["anywhere"])

    u = numbers(10)
    assert run(plan, write, u, outputs=5)[2].tolist() == u[slots].tolist()


@pytest.mark.parametrize(
    "lines", [[[0, 1, 2], [5, 6, 7]], [[7, 5, 3], [6, 4, 2]], [[1, 2, 9], [0, 0, 3]]]
)
def test_a_slot_in_a_plane_is_computed_and_else_looked_up(lines):
    plan = Plan(trace(lambda *xs: xs[0] + xs[9], *[0.5] * 10), 4)

    def write(t):
        with t.loop("0", "2") as j, t.loop("0", "3") as k:
            x = t.spread("%u", t.slot_in(lines, j, k))
            t.store(x, "%out", t.total((j, 3), (k, 1)))

    u = numbers(10)
    found = run(plan, write, u, outputs=6)[2]
    assert found.tolist() == [u[x] for line in lines for x in line]


def test_values_are_loaded_from_where_the_plan_says():
    p = trace(lambda w, x: w * x + 5.0, 0.5, 2.0)
    plan = Plan(p, 2, [1])

    def write(t):
        for k, place in enumerate((0, 1, 2)):  # uniform, varying, a constant
            t.store(t.value(place, "0"), "%out", str(2 * k))

    u, v = [0.25], [3.0, 4.0]
    _, _, out = run(plan, write, u, v, lanes=2, outputs=6)
    assert out.tolist() == [0.25, 0.25, 3.0, 4.0, 5.0, 5.0]


RELATIONS = ["<", "<=", ">", ">=", "==", "!="]


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("relation", RELATIONS)
def test_guards_hold_as_python_compares_and_nan_is_not_less(relation, holds):
    guard = Guard(relation, 0, 1, holds)
    p = trace(lambda a, b: a + b, 0.5, 2.0).replace(guards=(guard,))

    def write(t):
        ok = t.all_hold(p.guards, "0")
        t.store(t.select(ok, t.number(1.0), t.number(0.0)), "%out", "0")

    f, _engine = function(Plan(p, 4), write)
    for a in (1.0, 2.0, math.nan, math.inf):
        for b in (1.0, 2.0, math.nan):
            u, out = np.array([a, b]), np.zeros(1)
            f(pointer(u), None, 0, pointer(out))
            assert bool(out[0]) == p.holds([a, b])


def test_no_guards_are_no_condition():
    plan = Plan(trace(lambda a: a + 1.0, 0.5), 4)
    run(plan, lambda t: t.write(f"; {t.all_hold([], '0') is None}"))
    t = Writer(Module(), plan, "void @f()")
    assert t.all_hold([], "0") is None


@pytest.mark.parametrize("n", [1, 3, 4, 5, 11])
def test_tiles_cover_all_and_are_of_one_size_but_the_last(n):
    covered = [
        range(i, i + size)
        for start, end, size in tiles_of(n)
        for i in range(start, end, size)
    ]
    assert [*chain(*covered)] == [*range(n)]


# --- Loops ----------------------------------------------------------------------------


def test_single_instructions_are_written_one_after_the_other():
    p = trace(lambda x, y: am.exp(x) * y + x, 0.5, 2.0)
    plan = Plan(p, 4)
    u, *_ = run(plan, lambda t: write_run(t, chain(*plan.once), "0"), [0.5, 2.0])
    assert u[plan.slots[p.outputs[0]]] == math.exp(0.5) * 2.0 + 0.5


@pytest.mark.parametrize("stride", [1, -1, 7])
def test_a_loop_computes_a_stage_and_keeps_only_what_others_read(stride):
    def f(*xs):
        return [am.sqrt(abs(x * y)) for x, y in zip(xs, shifted(xs), strict=True)]

    def shifted(xs):
        return [xs[k * stride % N] for k in range(N)]

    plan = Plan(trace(f, *[0.5] * N), host.lanes())
    stage = only_stage(plan.once)
    assert len(stage.tail) == 2
    xs = numbers(N)
    u, *_ = run(plan, lambda t: write_loop(t, stage), xs)
    found = [u[plan.slots[x]] for x in plan.program.outputs]
    expected = [
        math.sqrt(abs(x * y)) for x, y in zip(xs, shifted(xs.tolist()), strict=True)
    ]
    assert found == expected
    assert plan.layout.uniform == 2 * N


def test_a_loop_over_rows_computes_each_row():
    n, lanes = 151, host.lanes()
    p = trace(lambda w, *xs: [w * x + x for x in xs for _ in "ab"], 0.5, *[0.5] * n)
    plan = Plan(p, lanes, range(1, n + 1))
    stage = only_stage(plan.per_row)
    block = plan.layout.block
    v = numbers(n * block)
    _, found, _ = run(plan, lambda t: write_loop(t, stage), [0.75], v, block, lanes)
    for k, place in enumerate(p.outputs):
        at = plan.slots[place] * block
        x = v[k // 2 * block : (k // 2 + 1) * block]
        assert found[at : at + block].tolist() == (0.75 * x + x).tolist()


# --- Sums of products -----------------------------------------------------------------


def rows_of_sums(height, n):
    """Return the sums of a matrix's lines times a vector, as a program of both."""

    def f(*xs):
        matrix, vector = xs[: height * n], xs[height * n :]
        return [am.sumprod(matrix[k * n : k * n + n], vector) for k in range(height)]

    return trace(f, *[0.5] * (height * n + n))


@pytest.mark.parametrize(("height", "n"), [(1, 33), (5, 40), (17, 9), (16, 64)])
def test_uniform_sums_of_products_along_a_layer_are_those_of_numpy(height, n):
    p = rows_of_sums(height, n)
    plan = Plan(p, host.lanes())
    xs = numbers(height * n + n)
    stage = only_stage(plan.once)
    u, *_ = run(plan, lambda t: write_uniform_sumprods(t, stage), xs)
    found = [u[plan.slots[x]] for x in p.outputs]
    expected = xs[: height * n].reshape(height, n) @ xs[height * n :]
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("height", "n"), [(16, 33), (37, 10), (8, 64)])
def test_uniform_sums_of_products_across_a_layer_are_those_of_numpy(height, n):
    def f(*xs):
        matrix, vector = xs[: height * n], xs[height * n :]
        return [am.sumprod(matrix[k::height], vector) for k in range(height)]

    p = trace(f, *[0.5] * (height * n + n))
    plan = Plan(p, host.lanes())
    xs = numbers(height * n + n)
    stage = only_stage(plan.once)
    u, *_ = run(plan, lambda t: write_uniform_sumprods(t, stage), xs)
    found = [u[plan.slots[x]] for x in p.outputs]
    expected = xs[: height * n].reshape(n, height).T @ xs[height * n :]
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("of_rows", ["the vector", "all", "the matrix"])
def test_sums_of_products_over_rows_are_those_of_numpy(of_rows):
    height, n, lanes = 9, 21, host.lanes()
    p = rows_of_sums(height, n)
    first, last = {
        "the vector": (height * n, height * n + n),
        "all": (0, height * n + n),
        "the matrix": (0, height * n),
    }[of_rows]
    plan = Plan(p, lanes, range(first, last))
    block = plan.layout.block
    inputs = numbers(len(p.inputs) * block).reshape(-1, block)
    uniform = [k for k in range(len(p.inputs)) if not first <= k < last]
    inputs[uniform] = inputs[uniform, :1]
    stage = only_stage(plan.per_row)
    _, v, _ = run(
        plan,
        lambda t: write_sumprods(t, stage),
        inputs[uniform, 0],
        inputs[first:last].ravel(),
        block,
        lanes,
    )
    for r in (0, 1, block - 1):
        xs = inputs[:, r]
        expected = xs[: height * n].reshape(height, n) @ xs[height * n :]
        found = [v[plan.slots[x] * block + r] for x in p.outputs]
        assert found == pytest.approx(expected, rel=1e-12)


# --- Sums over rows -------------------------------------------------------------------


@pytest.mark.parametrize("padding", [0, 1, 2])
def test_sums_over_rows_count_rows_and_not_their_padding(padding):
    lanes = host.lanes()

    def f(*xs):
        ones, others = xs[:5], xs[5:]
        return [others[0], *[a * b for a in ones for b in others], ones[2] * 1.0]

    p = trace(f, *[0.5] * 11)
    plan = Plan(p, lanes, range(11), reduce=True)
    assert plan.summed
    block = plan.layout.block
    m = block - min(padding, lanes - 1)
    rows = numbers(11 * block).reshape(11, block)
    rows[:, m:] = 1e6
    kept = {plan.slots[x]: x for x in plan.slots if x >= p.first_result}
    v = np.zeros(plan.layout.varying * block)
    v[: 11 * block] = rows.ravel()
    for slot, place in kept.items():
        step = p.code[place - p.first_result]
        a, b = [p.constants[x - 11] if x >= 11 else rows[x] for x in step.operands]
        v[slot * block : (slot + 1) * block] = a * b

    def write(t):
        sums = t.address("%v", str(plan.layout.varying * block))
        with t.in_lanes(lanes):
            sum_at = write_sums(t, Block(sums, str(m), str(block)))
        add_lanes(t, sums, sum_at)

    *_, out = run(plan, write, p.constants, v, block, outputs=len(p.outputs))
    expected = [sum(p(*rows[:, r])[k] for r in range(m)) for k in range(len(out))]
    assert out.tolist() == pytest.approx(expected, rel=1e-12)


# --- Whole functions ------------------------------------------------------------------


def test_the_function_of_numbers_returns_whether_all_guards_hold():
    p = trace(lambda x, y: [x * y, 7.0, x], 0.5, 2.0)
    p = p.replace(guards=(Guard("<", 0, 1), Guard("finite", p.outputs[0], 0)))
    plan, module = Plan(p, host.lanes()), Module()
    write_single(module, plan)
    engine = host.build(str(module))
    kinds = [ctypes.c_int, DOUBLE, DOUBLE]
    f = ctypes.CFUNCTYPE(*kinds)(engine.get_function_address("run"))
    for x, y in ((0.5, 2.0), (2.0, 0.5), (0.5, math.inf)):
        u, out = np.zeros(plan.layout.uniform), np.zeros(3)
        u[:2] = x, y
        assert f(pointer(u), pointer(out)) == p.holds(p.run([x, y]))
        assert out.tolist() == p(x, y)


def batch_of(code, p):
    """Return the function of a batch: rows, and flags, to outputs."""
    word, address = ctypes.c_int64, ctypes.c_void_p
    kinds = [address, address, address, word, word, address, word, address, address]
    f = ctypes.CFUNCTYPE(ctypes.c_int, *kinds)(code.address())

    def batch(u, arrays, begin, end):
        memory, room = np.zeros(code.layout.uniform + 1), np.zeros(code.layout.room)
        memory[: len(u)] = u
        columns = np.array([a.ctypes.data for a in arrays], dtype=np.uint64)
        strides = np.ones(len(arrays), dtype=np.int64)
        height = -(-len(arrays[0]) // code.layout.block) * code.layout.block
        out = np.full((len(p.outputs), height), 9.0)
        flags = np.full(height, 9, dtype=np.uint8)
        where = [x.ctypes.data for x in (memory, columns, strides)]
        results = out.ctypes.data, height, flags.ctypes.data, room.ctypes.data
        f(*where, begin, end, *results)
        return out, flags

    return batch


@pytest.mark.parametrize("n", [1, 7, 8, 9, 40])
def test_the_function_of_rows_writes_results_and_flags_of_its_rows(n):
    p = trace(lambda w, x: [am.exp(x) / w, x * w], 0.5, 2.0)
    p = p.replace(guards=(Guard("<", 0, 1),))
    code = compile_native(p, [1])
    x = numbers(n)
    out, flags = batch_of(code, p)([0.25], [x], 0, n)
    expected = np.array([p(0.25, float(y)) for y in x]).T
    np.testing.assert_allclose(out[:, :n], expected, rtol=1e-15)
    assert flags[:n].tolist() == (x > 0.25).tolist()


def test_the_function_of_rows_is_written_with_the_one_that_threads_call():
    plan = Plan(trace(lambda x: x * x, 0.5), host.lanes(), [0], reduce=True)
    module = Module()
    write_batch(module, plan)
    heads = [part.partition("(")[0] for part in module.parts]
    assert heads[-2:] == ["define i32 @run", "define i32 @run_pieces"]
    assert str(lower(plan)) == str(module)


# --- Batches within, and calls back into Python ---------------------------------------


@pytest.mark.parametrize("x", [[1.0, 2.0, 3.0], [1.0, -2.0, 3.0], [1.0, 800.0, 3.0]])
def test_the_call_of_a_batch_gives_its_sums_and_whether_all_is_right(x):
    inner = trace(lambda w, x: [w * am.exp(x), x], 0.5, 2.0)
    inner = inner.replace(guards=(Guard("<", 0, 1),))
    rows = compile_native(inner, [1], reduce=True)
    runner = SimpleNamespace(layout=rows.layout, address=rows.address(), program=inner)
    call = NestedBatch(runner, None, 1, [1], len(x))
    batch, *sums = [
        Primitive("element", Element(call, k), lambda *_: ()) for k in (-1, 0, 1)
    ]
    code = (
        Instruction(batch, (0, 1)),
        *[Instruction(element, (2,)) for element in sums],
        Instruction(TABLE["mul"], (3, 4)),
    )
    p = Program(("w", "x"), (), code, (5,))
    outer = compile_native(p)
    column, u, out = np.array(x), np.zeros(outer.layout.uniform), np.zeros(1)
    u[0] = 0.25
    u[1:2].view(np.uint64)[0] = column.ctypes.data
    f = ctypes.CFUNCTYPE(ctypes.c_int, DOUBLE, DOUBLE)(outer.address())
    right = f(pointer(u), pointer(out))
    assert right == (min(x) > 0.25 and max(x) < 700.0)
    if right:
        expected = sum(0.25 * math.exp(y) for y in x) * sum(x)
        assert out[0] == pytest.approx(expected, rel=1e-14)


def own(value):
    """Return the program that applies a function which machine code does not have."""
    row = Primitive("own", value, lambda *_: ())
    return Program(("x",), (), (Instruction(row, (0,)),), (1,))


def test_a_function_that_raises_gives_nan_and_an_interruption_is_raised_later():
    def value(x):
        if x < 0.0:
            raise ValueError
        if x > 10.0:
            raise KeyboardInterrupt
        return 2.0 * x

    code = compile_native(own(value))
    f = ctypes.CFUNCTYPE(ctypes.c_int, DOUBLE, DOUBLE)(code.address())

    def call(x):
        u, out = np.zeros(code.layout.uniform), np.zeros(1)
        u[0] = x
        f(pointer(u), pointer(out))
        return out[0]

    assert call(4.0) == 8.0
    assert math.isnan(call(-4.0))
    assert taken() is None
    assert math.isnan(call(40.0))
    assert isinstance(taken(), KeyboardInterrupt)
    assert taken() is None
