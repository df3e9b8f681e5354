"""rolled: a program with loops becomes one LLVM function, loops as loops.

What is carried stays in registers, as does what an iteration makes for itself; what is
kept goes to memory, a row for each iteration. What stands side by side in an iteration
is computed in vectors (`autograd.compiler.schedule.packs`). How often a loop runs,
where it reads, and the numbers of tables are not in the text: they are *data*, which
the function is handed. So a program of another length, or about other data, is often
the same text, and no work for LLVM (`build_once`).

Results that are read where they are made never are in memory. All others are where
`autograd.compiler.schedule.addresses` has them. A loop within a loop has the memory of
the body it stands in behind that of what is around.

Letters: ``u`` is the memory, ``k`` an iteration.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from autograd.compiler.loop import Loop, is_fixed
from autograd.compiler.machine import host
from autograd.compiler.machine.callbacks import look_for_interruption
from autograd.compiler.machine.early import Range, iterations_of
from autograd.compiler.machine.frames import Frame
from autograd.compiler.machine.kept import Carried, Kept
from autograd.compiler.machine.reads import Value, readers
from autograd.compiler.machine.spellings import OPPOSITES, RELATIONS, spell, weigh
from autograd.compiler.machine.text import Module, Text
from autograd.compiler.passes.exits import Exit, exits
from autograd.compiler.program import Guard, Instruction, Program
from autograd.compiler.schedule.groups import Group
from autograd.compiler.schedule.lines import MEMORY, Lines
from autograd.compiler.schedule.places import Body, Places, Wide, vector_of
from autograd.primitives import Primitive
from autograd.primitives.elementary import sumprod

FEW = 4  # outputs in a row that are written one by one
WORK = 4_000_000  # instructions, about a millisecond's, between looks for Ctrl-C


class Writer:
    """A function being written, and the data that it will be handed.

    Attributes:
        text: the function.
        memory: where it has its numbers.
        data: whole numbers, and addresses of tables.
        tables: arrays that the data point to.
        room: how many numbers the memory has, each once for each lane.
        asked: whether there are guards.

    """

    def __init__(self, text: Text, memory: str = "%u") -> None:
        self.text = text
        self.memory = memory
        self.lanes = text.lanes
        self.data: list[int] = []
        self.tables: list[Any] = []
        self.room = 0
        self.asked = False
        self.fine = text.variable(text.flag)

    def begin(self) -> None:
        """Write that nothing has gone wrong so far."""
        t = self.text
        yes = "true" if t.lanes == 1 else "splat (i1 true)"
        t.write(f"store {t.flag} {yes}, ptr {self.fine}")

    # Data.

    def whole(self, x: int) -> str:
        """Return a whole number out of the data."""
        t = self.text
        place = t.new(f"getelementptr i64, ptr %data, i64 {len(self.data)}")
        self.data.append(x)
        return t.new(f"load i64, ptr {place}")

    def table(self, items: Sequence[Any], kind: Any) -> str:
        """Return a pointer to a table."""
        array = (kind * len(items))(*items)
        self.tables.append(array)
        address = self.whole(ctypes.addressof(array))
        return self.text.new(f"inttoptr i64 {address} to ptr")

    # Memory.

    def pointer(self, address: int) -> str:
        """Return the address of a number of the memory."""
        index = self.whole(address * self.lanes)
        return self.text.address(self.memory, index)

    def frame(self, places: Places, base: int, leaves: dict[int, Exit]) -> Frame:
        """Return the numbers of a block, whose memory begins at base."""
        self.room = max(self.room, base + places.room + places.wide.width)
        return Frame(self.text, places, base, leaves, self.pointer)

    # Code.

    def block(self, frame: Frame) -> None:
        """Write a block's code and guards."""
        late = _lateness(frame.program)
        for unit in frame.places.units:
            if isinstance(unit, Body):
                self.loop(frame, unit)
            elif len(unit.places) == 1:
                step = Instruction(unit.primitive, unit.operands[0])
                frame.set(unit.places[0], self.instruction(frame, step, late))
            else:
                self.vector(frame, unit, late)
        for guard in frame.program.guards:
            self.guard(frame, guard)

    def instruction(
        self, frame: Frame, step: Instruction, late: Sequence[int] | None
    ) -> str:
        """Write an instruction; return its result."""
        operands = _latest_last(step.primitive, step.operands, late)
        return spell(self.text, step.primitive, [*map(frame.value, operands)])

    def vector(self, frame: Frame, group: Group, late: Sequence[int]) -> None:
        """Write like instructions as one on vectors."""
        cost = weigh(group.primitive)
        filled = cost is not None and cost.is_call
        operands = [_latest_last(group.primitive, o, late) for o in group.operands]
        vectors = [
            frame.vector(column, filled=filled)
            for column in zip(*operands, strict=True)
        ]
        with self.text.in_lanes(frame.width):
            y = spell(self.text, group.primitive, vectors)
        home = frame.places.lines.homes[group.places[0]]
        frame.vectors[vector_of(home, frame.width)] = y
        for place in frame.moving.intersection(group.places):
            frame.set(place, frame.value(place))

    def guard(self, frame: Frame, guard: Guard) -> None:
        """Write a guard."""
        t = self.text
        a = frame.value(guard.a)
        if guard.relation == "finite":
            flag = t.compare("olt", t.intrinsic("fabs", a), t.number(float("inf")))
        else:
            relation = (RELATIONS if guard.holds else OPPOSITES)[guard.relation]
            flag = t.compare(relation, a, frame.value(guard.b))
        self.also(flag)

    def also(self, flag: str) -> None:
        """Hold all to a condition."""
        t = self.text
        self.asked = True
        before = t.new(f"load {t.flag}, ptr {self.fine}")
        t.write(
            f"store {t.flag} {t.new(f'and {t.flag} {before}, {flag}')}, ptr {self.fine}"
        )

    def loop(self, frame: Frame, body: Body) -> None:
        """Write a loop."""
        carried, kept = Carried(frame, body), Kept(frame, body)
        turn = self.turns(frame, body, carried)
        leave = frame.exits.get(body.first) if body.loop.width else None
        run = iterations_of(self, body.loop.count, leave, frame.turns, body.first)
        with self.iterations(body.loop, run, outermost=frame.base == 0) as k:
            inner = turn(k)
            kept.write(inner, k)
            run.after(lambda j: inner.value(body.loop.body.outputs[j]), k)
        run.fill(kept.at)
        self.leave(frame, body, carried)

    def leave(self, frame: Frame, body: Body, carried: Carried) -> None:
        """Take down what a loop carried in the end."""
        for j, x in carried.final().items():
            frame.set(body.first + j, x)

    def turns(
        self,
        frame: Frame,
        body: Body,
        carried: Carried,
        special: Mapping[int, Value] | None = None,
    ) -> Callable[[str], Frame]:
        """Write what a loop's iterations have in common; return what writes one.

        That takes the iteration, changes what is carried, and returns its numbers.

        Args:
            frame: what the loop stands in.
            body: the loop's body.
            carried: what it carries.
            special: what reads some of its reads in another way than from memory.

        """
        t, loop = self.text, body.loop
        base = frame.base + frame.places.room
        inner = self.frame(body.places, base, exits(loop.body))
        others = self.others(frame, loop) | dict(special or {})
        for j, read in enumerate(loop.reads, len(loop.carried)):
            if j not in others and is_fixed(read):
                inner.set(j, frame.value(read.place))
        for place, step in body.invariants:
            inner.set(place, self.instruction(inner, step, None))
        reads = readers(self, frame, inner, body, others)
        mark = len(t.lines)

        def turn(k: str) -> Frame:
            carried.begin(inner)
            for read in reads:
                read(k)
            for place in inner.moving:
                if loop.body.is_constant(place):
                    inner.set(place, inner.value(place))
            self.block(inner)
            carried.end(inner)
            t.lines[mark:mark] = inner.before
            return inner

        return turn

    def others(self, frame: Frame, loop: Loop) -> dict[int, Value]:  # noqa: ARG002
        """Return what reads some of a loop's reads in another way than from memory."""
        return {}

    @contextmanager
    def iterations(self, loop: Loop, run: Range, *, outermost: bool) -> Iterator[str]:
        """Write a loop over its iterations; a long one looks for Ctrl-C at times."""
        t = self.text
        if not outermost or self.lanes > 1:  # rows are cut into pieces anyway
            with t.loop(run.begin, run.count, until=run.end) as k:
                yield k
            return
        chunk = self.whole(max(1, WORK // max(1, loop.body.performed)))
        reached = t.variable("i64")
        t.write(f"store i64 {run.begin}, ptr {reached}")
        head, more, done = t.label(), t.label(), t.label()
        t.write(f"br label %{head}")
        t.write(f"{head}:")
        begin = t.new(f"load i64, ptr {reached}")
        stop = run.smaller(run.add(begin, chunk), run.count)
        t.write(f"store i64 {stop}, ptr {reached}")
        with t.loop(begin, stop, until=run.end) as k:
            yield k
        is_last = t.new(f"icmp sge i64 {stop}, {run.stop()}")
        t.write(f"br i1 {is_last}, label %{done}, label %{more}")
        t.write(f"{more}:")
        is_stopped = look_for_interruption(t)
        leave = t.label()
        t.write(f"br i1 {is_stopped}, label %{leave}, label %{head}")
        t.write(f"{leave}:")
        t.write("ret i32 0")
        t.write(f"{done}:")


def _latest_last(
    primitive: Primitive, operands: tuple[int, ...], late: Sequence[int] | None
) -> tuple[int, ...]:
    """Return operands so that what waits for the iteration before comes last."""
    if primitive is not sumprod or late is None:
        return operands
    n = len(operands) // 2
    pairs = sorted(
        zip(operands[:n], operands[n:], strict=True),
        key=lambda pair: max(late[pair[0]], late[pair[1]]),
    )
    return tuple([x for side in zip(*pairs, strict=True) for x in side])


def _lateness(program: Program) -> list[int]:
    """Return for each place how many instructions it is after the inputs."""
    late = [0] * program.size
    for place, step in program.placed():
        operands = step.carried if type(step) is Loop else step.operands
        depth = 1 + max((late[x] for x in operands), default=0)
        for x in range(place, place + (step.width if type(step) is Loop else 1)):
            late[x] = depth
    return late


@lru_cache(maxsize=256)
def _built(text: str) -> Any:
    """Return what a text was compiled to, quickly; the same for the same text."""
    return host.build(text, quickly=True)


def write_with_loops(
    module: Module, program: Program, leaves: dict[int, Exit]
) -> tuple[Any, Writer]:
    """Write ``i32 run(double *u, double *out, i64 *data)``, 1 if all guards hold.

    Args:
        module: where it is written.
        program: with loops, in primitives that the machine has.
        leaves: loops that may stop early.

    Returns:
        The engine, and what was written with its data.

    """
    head = "i32 @run(ptr noalias %u, ptr noalias %out, ptr noalias %data)"
    t = Text(module, head, 1)
    w = Writer(t)
    w.begin()
    lines = Lines({x: (MEMORY, x) for x in range(program.first_result)})
    places = Places(program, Wide(host.lanes(), weigh), lines)
    frame = w.frame(places, 0, leaves)
    n = len(program.inputs)
    if program.constants:
        table = w.table(program.constants, ctypes.c_double)
        module.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        t.write(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {w.pointer(n)}, ptr {table}, "
            f"i64 {w.whole(8 * len(program.constants))}, i1 false)"
        )
    outputs = [*map(places.addresses.__getitem__, program.outputs)]
    pieces = [*_lines(outputs)]
    for i, length, _ in pieces:
        if length >= FEW:
            frame.moving.update(program.outputs[i : i + length])
    w.block(frame)
    for i, length, stride in pieces:
        if length < FEW:
            for at in range(i, i + length):
                t.store(frame.value(program.outputs[at]), "%out", w.whole(at))
            continue
        start, out = w.pointer(outputs[i]), t.address("%out", w.whole(i))
        with t.loop("0", w.whole(length)) as k:
            t.store(t.load(start, t.new(f"mul nsw i64 {k}, {stride}")), out, k)
    fine = t.new(f"load i1, ptr {w.fine}")
    t.write(f"ret i32 {t.new(f'zext i1 {fine} to i32')}")
    t.finish()
    return _built(str(module)), w


def _lines(places: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield lines of places: where in the sequence, how many, and how far apart."""
    i, n = 0, len(places)
    while i < n:
        if i + 1 == n:
            yield i, 1, 0
            return
        stride = places[i + 1] - places[i]
        j = i + 2
        while j < n and places[j] - places[j - 1] == stride:
            j += 1
        if j - i < FEW:
            j = i + 1
        yield i, j - i, stride
        i = j
