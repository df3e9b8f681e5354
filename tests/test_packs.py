"""What stands side by side in one iteration is computed in vectors, and is right."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from autograd import grad, jit, lift, math, value_and_grad, vmap
from autograd.compiler import Guard, Instruction, Program
from autograd.compiler.calls.runner import Machine
from autograd.compiler.loop import Along, At, Loop, Numbers
from autograd.compiler.machine import flat, host
from autograd.compiler.machine.spellings import CORE
from autograd.compiler.passes import pipeline
from autograd.compiler.passes.exits import exits_shown
from autograd.compiler.passes.pipeline import machine_passes, run
from autograd.compiler.schedule import packs, places
from autograd.primitives import TABLE

pytest.importorskip("llvmlite")

# Each keeps numbers between -2 and 2.
ONE = ("tanh", "sin", "cos", "abs", "neg", "sigmoid", "erf", "atan")
TWO = ("mul", "maximum", "minimum", "greater", "half", "ratio")
FEW = (2, 3, 4, 5, 7, 8, 9, 14, 17)


@pytest.fixture(params=["this", 8, 4, 2, "no library"])
def _machine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Be a machine of this width, or one without functions of vectors."""
    if isinstance(request.param, int):
        if request.param > host.lanes():
            pytest.skip("this machine has not so many lanes")
        monkeypatch.setattr(host, "lanes", lambda: request.param)
    caches = host.vector_prefix, host.vector_function
    for function in caches:
        function.cache_clear()
    if request.param == "no library":
        monkeypatch.setattr(host, "VECTOR", frozenset())
    yield
    for function in caches:
        function.cache_clear()


@pytest.fixture(autouse=True)
def _all_is_worth_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "WORTH", 0)


class Block:
    """A body that is being written: layers of like instructions."""

    def __init__(self, rng: random.Random, inputs: int, constants: int) -> None:
        self.rng = rng
        self.first = inputs + constants
        self.constants = tuple(rng.uniform(-1.0, 1.0) for _ in range(constants))
        self.inputs = inputs
        self.code: list[Instruction] = []

    def emit(self, name: str, *operands: int) -> int:
        self.code.append(Instruction(TABLE[name], operands))
        return self.first + len(self.code) - 1

    def apply(self, name: str, a: int, b: int) -> int:
        if name in ONE:
            return self.emit(name, a)
        if name == "half":
            return self.emit("mul", self.emit("add", a, b), self.inputs)
        if name == "ratio":
            return self.emit(
                "div", a, self.emit("add", self.emit("abs", b), self.inputs + 1)
            )
        return self.emit(name, a, b)

    def layer(self, n: int, known: list[list[int]]) -> list[int]:
        """Apply a primitive to operands in order, shifted, reversed, or all one."""
        rng = self.rng
        name = rng.choice(ONE + TWO)
        columns = [rng.choice(known), rng.choice(known)]
        at = [self.index(len(column)) for column in columns]
        return [
            self.apply(name, *[c[at_(i)] for c, at_ in zip(columns, at, strict=True)])
            for i in range(n)
        ]

    def index(self, n: int) -> Callable[[int], int]:
        k, kind = self.rng.randrange(n), self.rng.randrange(5)
        if kind == 0:
            return lambda _: k
        if kind == 1:
            return lambda i: (k + i) % n
        if kind == 2:
            return lambda i: (n - 1 - i) % n
        if kind == 3:
            order = [self.rng.randrange(n) for _ in range(64)]
            return lambda i: order[i]
        return lambda i: i % n


def random_loop(rng: random.Random, n: int, count: int, size: int, memory: int) -> Loop:
    """Return a loop of layers of n, that reads some of so much memory before it.

    Args:
        rng: chooses.
        n: how many like instructions a layer has.
        count: how often it runs.
        size: how many numbers it carries, at the places from 0 on.
        memory: how many places there are.

    """
    reads: list[Along | At | Numbers] = []
    while len(reads) < 2 * n + 3:
        stride = rng.choice([0, 1, -1, n, -n, 2])
        some = rng.choice([1, n])
        low = max(0, -stride * (count - 1))
        high = memory - max(0, stride * (count - 1)) - some
        if high < low:
            continue
        start = rng.randrange(low, high + 1)
        reads += [Along(start + i, stride) for i in range(some)]
    places = tuple(rng.randrange(memory) for _ in range(count))
    reads += [At(places), Numbers(tuple(rng.uniform(-1.0, 1.0) for _ in range(count)))]
    block = Block(rng, size + len(reads), 3)
    block.constants = (0.5, 1.5, *block.constants[2:])
    known = [
        [*range(size)],
        [*range(size, size + len(reads))],
        [*range(block.inputs, block.first)],
    ]
    for _ in range(rng.randrange(2, 9)):
        known.append(block.layer(rng.choice([n, n, n, 1, 2 * n]), known))
    last = known[-1]
    places_made = [*range(block.first, block.first + len(block.code))]
    carried = [
        block.emit("tanh", rng.choice(places_made + last * 3)) if rng.random() < 0.3
        else last[i % len(last)]
        for i in range(size)
    ]  # fmt: skip
    kept = rng.sample(places_made, min(len(places_made), rng.randrange(1, 2 * n)))
    if rng.random() < 0.5:
        kept = [*last, *kept]
    guards = (
        Guard("<", rng.choice(last), rng.randrange(size)),
        Guard("finite", last[0], last[0]),
    )
    body = Program(
        ("",) * block.inputs, block.constants, tuple(block.code), (*carried, *kept),
        guards * (rng.random() < 0.3),
    )  # fmt: skip
    return Loop(count, body, tuple(range(size)), tuple(reads))


def random_block_program(seed: int) -> Program:
    """Return a program of two or three such loops, one of them within another."""
    rng = random.Random(seed)
    n, inputs = rng.choice(FEW), 60
    code: list[Instruction | Loop] = []
    places = inputs + 2
    firsts = []
    for _ in range(rng.choice([2, 3])):
        loop = random_loop(
            rng, n, rng.choice([2, 3, 8, 11]), rng.choice([1, n, n + 1]), places
        )
        firsts.append(places)
        places += loop.width
        code.append(loop)
    if seed % 3 == 0:
        outer = nested(rng, n, places)
        places += outer.width
        code.append(outer)
    outputs = [*range(inputs + 2, places)]
    return Program(("",) * inputs, (0.5, 1.5), tuple(code), tuple(outputs)).check()


def nested(rng: random.Random, n: int, memory: int) -> Loop:
    """Return a loop whose body has a loop over cells in it."""
    reads = [Along(rng.randrange(memory - 30), 1) for _ in range(2 * n + 2)]
    size = n + 1
    inputs = size + len(reads)
    cell = Block(rng, 4, 2)
    cell.constants = (0.5, 1.5)
    known = [[0], [1, 2, 3], [4, 5]]
    for _ in range(rng.randrange(2, 6)):
        known.append(cell.layer(1, known))
    chain = [known[-1][0]] if rng.random() < 0.3 else [0]
    body = Program(
        ("",) * 4,
        cell.constants,
        tuple(cell.code),
        (*chain, known[-1][0], known[-2][0]),
    )
    cells = Loop(n, body, (0,), (Along(1, 1), Along(size, 1), Along(size + n, 0)))
    first = inputs + 2
    kept = [*range(first + 1, first + 1 + 2 * n)]
    step = Instruction(TABLE["sin"], (kept[0],))
    code = (cells, step)
    whole = Program(
        ("",) * inputs,
        (0.5, 1.5),
        code,
        (first, *kept[:n], first + cells.width, *kept[n:]),
    )
    return Loop(9, whole, tuple(range(size)), tuple(reads))


def agrees(program: Program, inputs: list[float]) -> None:
    """Hold machine code, made quickly and at leisure, to the interpreter."""
    results = program.run(inputs)
    machine = Machine(program)
    found = machine.numbers(tuple(inputs))
    machine.take(machine.code.better())
    assert machine.numbers(tuple(inputs)) == found
    if not program.holds(results):
        assert found is None
        return
    assert found is not None
    want = [results[x] for x in program.outputs]
    np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("pays", [packs.PAYS, 1e9])
@pytest.mark.parametrize("seed", range(24))
@pytest.mark.usefixtures("_machine")
def test_blocks_of_like_instructions_give_what_the_interpreter_gives(
    seed: int, pays: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "PAYS", pays)
    monkeypatch.setattr(
        flat, "PACKED", random.Random(seed).choice([0.0, flat.PACKED, 2.0])
    )
    rng = random.Random(-seed)
    program = random_block_program(seed)
    agrees(program, [rng.uniform(-1.0, 1.0) for _ in program.inputs])


def test_the_like_calls_of_an_iteration_are_one_call_of_the_vector_library() -> None:
    name = host.vector_function("tanh", 1)
    if name is None:
        pytest.skip("there is no vector library here")

    def net(weights: list[float], steps: list[float]) -> float:
        cells, total = [0.1 * w for w in weights], 0.0
        for x in steps:
            cells = [math.tanh(w * c + x) for w, c in zip(weights, cells, strict=True)]
            total = total + math.fsum(cells) * x
        return total

    lanes = host.lanes()
    f = jit(net)
    weights = [math.sin(float(k)) for k in range(2 * lanes)]
    steps = [math.cos(0.3 * k) for k in range(200)]
    assert f(weights, steps) == pytest.approx(net(weights, steps), rel=1e-12)
    text = f.source("llvm")
    assert text.count(f"@{name}(") - text.count("declare") < 20
    assert "call double @tanh" not in text


@pytest.mark.parametrize("n", range(2, 10))
def test_a_recurrent_net_of_any_size_has_the_gradient_of_the_eager_engine(
    n: int,
) -> None:
    def loss(p: list[float], seen: list[float]) -> float:
        a, b, h, total = p[:n], p[n:], [0.1] * n, 0.0
        for x in seen:
            gates = [math.sigmoid(w * x + u) for w, u in zip(a, h, strict=True)]
            h = [
                g * math.tanh(w * u + x) + (1.0 - g) * u
                for g, w, u in zip(gates, b, h, strict=True)
            ]
            h = [u + 0.01 * h[i - 1] for i, u in enumerate(h)]
            total = total + (math.fsum(h) - x) ** 2
        return total

    p = [math.sin(float(k)) for k in range(2 * n)]
    seen = [math.cos(0.3 * k) for k in range(100)]
    value, slopes = jit(value_and_grad(loss))(p, seen)
    want, others = value_and_grad(loss)(p, seen)
    assert value == pytest.approx(want, rel=1e-12)
    assert slopes == pytest.approx(others, rel=1e-10)


def settle(x: float) -> float:
    """Return what four cells come to, or nearly."""
    a, b, c, d = 0.1 * x, 0.2 * x, 0.3 * x, 0.4 * x
    for k in range(120):
        e, f = 0.5 * math.cos(a) + 0.1 * b, 0.5 * math.cos(b) + 0.1 * c
        g, h = 0.5 * math.cos(c) + 0.1 * d, 0.5 * math.cos(d) + 0.1 * a
        moved = abs(e - a) + abs(f - b) + abs(g - c) + abs(h - d)
        a, b, c, d = e, f, g, h
        if moved < 1e-11 * (k + 1):
            break
    return x * a * b * c * d


def test_a_loop_of_vectors_stops_where_it_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "SHORT", 15)
    monkeypatch.setattr(pipeline, "pays", lambda _: True)
    rows = [0.3, 1.0, 2.0, -1.5]
    plain, compiled = value_and_grad(lift(settle)), jit(value_and_grad(settle))
    for a in rows:
        assert compiled(a) == pytest.approx(plain(a), rel=1e-12)
    (program,) = compiled.programs
    assert exits_shown(program, run(machine_passes(CORE), program))
    text = compiled.source("llvm")
    assert host.vector_function("cos", 1) is None or "v_cos(" in text
    values, slopes = vmap(value_and_grad(settle))(np.array(rows))
    assert list(zip(values, slopes, strict=True)) == [
        pytest.approx(plain(a), rel=1e-12) for a in rows
    ]
    assert jit(grad(grad(settle)))(1.0) == pytest.approx(
        grad(grad(lift(settle)))(1.0), rel=1e-9
    )


def test_another_length_of_a_series_is_the_same_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = []
    build = host.build

    def counted(text: str, *, quickly: bool = False) -> object:
        texts.append(text)
        return build(text, quickly=quickly)

    monkeypatch.setattr(host, "build", counted)

    def loss(p: list[float], seen: list[float]) -> float:
        h, total = list(p), 0.0
        for x in seen:
            h = [math.tanh(u + 0.1 * x) for u in h]
            total = total + math.fsum(h) * x
        return total

    f, p = jit(grad(loss)), [0.1 * k for k in range(9)]
    for n in (400, 500, 700):
        seen = [math.sin(0.7 * k) for k in range(n)]
        assert f(p, seen) == pytest.approx(grad(loss)(p, seen), rel=1e-10)
    assert len(texts) == 1
