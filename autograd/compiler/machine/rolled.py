"""rolled: a program with loops becomes one LLVM function, loops as loops.

What is carried stays in registers, as does what an iteration makes for itself; what is
kept goes to memory, each kept output's numbers side by side. How often a loop runs,
where it reads, and the numbers of tables are not in the text: they are *data*, which
the function is handed. So a program of another length, or about other data, is often
the same text, and no work for LLVM (`build_once`).

Every place has its number in memory at the place of the same number, if it is there at
all: results that are read where they are made never are. A loop within a loop has the
places of the body it stands in behind those of what is around.

Letters: ``u`` is the memory, ``k`` an iteration.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from autograd.compiler.loop import Along, At, Loop, Numbers, Read
from autograd.compiler.machine import host
from autograd.compiler.machine.callbacks import look_for_interruption
from autograd.compiler.machine.early import Range, iterations_of
from autograd.compiler.machine.spellings import OPPOSITES, RELATIONS, spell
from autograd.compiler.machine.text import Module, Text
from autograd.compiler.machine.windows import Moved
from autograd.compiler.passes.blocks import read_places
from autograd.compiler.passes.exits import Exit, exits
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives.elementary import sumprod

FEW = 4  # outputs in a row that are written one by one
WORK = 4_000_000  # instructions, about a millisecond's, between looks for Ctrl-C

Reader = Callable[[str], str]  # what writes a read, given the iteration


class Frame:
    """The places of a program, or of a body, where it is being written.

    Attributes:
        program: what is written.
        base: how far its places are from the beginning of the memory.
        moved: where they are there, if not one after the other.
        known: what is in registers.
        exits: loops that may stop early.
        turns: the variables of how many turns were run that change something.
        moving: the places that loops in it read from memory.

    """

    def __init__(
        self,
        program: Program,
        base: int,
        leaves: dict[int, Exit] | None = None,
        moved: Moved | None = None,
    ) -> None:
        self.program = program
        self.base = base
        self.moved = moved
        self.known: dict[int, str] = {}
        self.exits = exits(program) if leaves is None else leaves
        self.turns: dict[int, str] = {}
        self.moving = {
            x
            for step in program.code
            if type(step) is Loop
            for read in step.reads
            if type(read) is At or (type(read) is Along and read.stride)
            for x in read_places(read, step.count)
        }

    @property
    def end(self) -> int:
        """Where the memory behind its places begins."""
        return self.base + (self.moved.room if self.moved else self.program.size)

    def at(self, place: int) -> int:
        """Return where a place is in the memory."""
        return self.base + (self.moved[place] if self.moved else place)


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

    def pointer(self, place: int) -> str:
        """Return the address of a place of the memory."""
        index = self.whole(place * self.lanes)
        return self.text.address(self.memory, index)

    def value(self, frame: Frame, place: int) -> str:
        """Return what is at a place."""
        known = frame.known.get(place)
        if known is None:
            p, t = frame.program, self.text
            if p.is_constant(place) and frame.base:
                known = t.number(p.constants[place - len(p.inputs)])
            else:
                at = self.pointer(frame.at(place))
                known = t.new(f"load {t.type}, ptr {at}, align 8")
            frame.known[place] = known
        return known

    def set(self, frame: Frame, place: int, x: str) -> None:
        """Take down what is at a place."""
        frame.known[place] = x
        if place in frame.moving:
            self.text.write(
                f"store {self.text.type} {x}, ptr {self.pointer(frame.at(place))}, "
                "align 8"
            )

    # Code.

    def block(self, frame: Frame, done: frozenset[int] = frozenset()) -> None:
        """Write a program's code and guards, but for the places that are done."""
        p = frame.program
        late = _lateness(p)
        for place, step in p.placed():
            if type(step) is Loop:
                self.loop(frame, place, step)
            elif place not in done:
                self.set(frame, place, self.instruction(frame, step, late))
        for guard in p.guards:
            self.guard(frame, guard)

    def instruction(
        self, frame: Frame, step: Instruction, late: Sequence[int] | None
    ) -> str:
        """Write an instruction; return its result."""
        operands = step.operands
        if step.primitive is sumprod and late is not None:
            # What waits for the iteration before comes last.
            n = len(operands) // 2
            pairs = sorted(
                zip(operands[:n], operands[n:], strict=True),
                key=lambda pair: max(late[pair[0]], late[pair[1]]),
            )
            operands = tuple([x for side in zip(*pairs, strict=True) for x in side])
        return spell(
            self.text, step.primitive, [self.value(frame, x) for x in operands]
        )

    def guard(self, frame: Frame, guard: Guard) -> None:
        """Write a guard."""
        t = self.text
        a = self.value(frame, guard.a)
        if guard.relation == "finite":
            flag = t.compare("olt", t.intrinsic("fabs", a), t.number(float("inf")))
        else:
            relation = (RELATIONS if guard.holds else OPPOSITES)[guard.relation]
            flag = t.compare(relation, a, self.value(frame, guard.b))
        self.also(flag)

    def also(self, flag: str) -> None:
        """Hold all to a condition."""
        t = self.text
        self.asked = True
        before = t.new(f"load {t.flag}, ptr {self.fine}")
        t.write(
            f"store {t.flag} {t.new(f'and {t.flag} {before}, {flag}')}, ptr {self.fine}"
        )

    def loop(self, frame: Frame, first: int, loop: Loop) -> None:
        """Write a loop, whose places begin at first."""
        t, n = self.text, len(loop.carried)
        carried = self.carried(frame, loop)
        start = first + n
        kept = [
            self.pointer(frame.at(start + i * loop.count)) for i in range(loop.kept)
        ]
        turn = self.turns(frame, loop, carried)
        leave = frame.exits.get(first)
        run = iterations_of(self, loop.count, leave, frame.turns, first)
        with self.iterations(loop, run, outermost=frame.base == 0) as k:
            out = turn(k)
            for pointer, x in zip(kept, out[n:], strict=True):
                t.store(x, pointer, t.by_lanes(k))
            run.after(out[:n], k)
        run.fill(kept)
        for j, variable in enumerate(carried):
            self.set(frame, first + j, t.new(f"load {t.type}, ptr {variable}"))

    def carried(self, frame: Frame, loop: Loop) -> list[str]:
        """Return variables of what a loop carries, as it is before the loop."""
        t = self.text
        carried = [t.variable(t.type) for _ in loop.carried]
        for variable, place in zip(carried, loop.carried, strict=True):
            t.write(f"store {t.type} {self.value(frame, place)}, ptr {variable}")
        return carried

    def turns(
        self,
        frame: Frame,
        loop: Loop,
        carried: Sequence[str],
        special: Mapping[int, Reader] | None = None,
    ) -> Callable[[str], list[str]]:
        """Write what a loop's iterations have in common; return what writes one.

        That takes the iteration, changes what is carried, and returns the outputs.

        Args:
            frame: what the loop stands in.
            loop: the loop.
            carried: the variables of what it carries.
            special: what reads some of its reads in another way than from memory.

        """
        t, body = self.text, loop.body
        inner = Frame(body, frame.end)
        self.room = max(self.room, inner.end)
        readers = self.readers(frame, inner, loop, special or {})
        done = self.invariant(inner)
        fixed = dict(inner.known)

        def turn(k: str) -> list[str]:
            inner.known = dict(fixed)
            for j, variable in enumerate(carried):
                self.set(inner, j, t.new(f"load {t.type}, ptr {variable}"))
            for j, reader in readers:
                self.set(inner, j, reader(k))
            for place in inner.moving:
                if body.is_constant(place):
                    self.set(inner, place, self.value(inner, place))
            self.block(inner, done)
            out = [self.value(inner, x) for x in body.outputs]
            for variable, x in zip(carried, out, strict=False):
                t.write(f"store {t.type} {x}, ptr {variable}")
            return out

        return turn

    def readers(
        self, frame: Frame, inner: Frame, loop: Loop, special: Mapping[int, Reader]
    ) -> list[tuple[int, Reader]]:
        """Return what writes each read of an iteration; what never moves is known."""
        readers = []
        for i, read in enumerate(loop.reads):
            j = len(loop.carried) + i
            if i in special:
                readers.append((j, special[i]))
            elif type(read) is Along and read.stride == 0:
                self.set(inner, j, self.value(frame, read.place))
            else:
                readers.append((j, self.reader(frame, read, loop.count)))
        return readers

    def invariant(self, frame: Frame) -> frozenset[int]:
        """Write before a loop what never changes in it; return the places."""
        p = frame.program
        done = set()
        for place, step in p.placed():
            if type(step) is Instruction and all(
                x in frame.known or p.is_constant(x) for x in step.operands
            ):
                self.set(frame, place, self.instruction(frame, step, None))
                done.add(place)
        return frozenset(done)

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

    def reader(self, frame: Frame, read: Read, count: int) -> Reader:  # noqa: ARG002 - rows
        """Return what writes a read of so many iterations, given one of them."""
        t = self.text
        if type(read) is Numbers:
            numbers = self.table(read.numbers, ctypes.c_double)
            return lambda k: t.spread(numbers, k)
        if type(read) is At:
            places = [frame.at(x) * self.lanes for x in read.places]
            table = self.table(places, ctypes.c_int64)

            return lambda k: t.load(self.memory, t.load_whole(table, k))
        start = self.pointer(frame.at(read.place))
        if abs(read.stride) == 1:
            return lambda k: t.load(start, t.by_lanes(k, read.stride))
        stride = self.whole(read.stride * self.lanes)
        return lambda k: t.load(start, t.new(f"mul nsw i64 {k}, {stride}"))


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
    w.room = program.size
    frame = Frame(program, 0, leaves)
    n = len(program.inputs)
    if program.constants:
        table = w.table(program.constants, ctypes.c_double)
        module.declare("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)")
        t.write(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {w.pointer(n)}, ptr {table}, "
            f"i64 {w.whole(8 * len(program.constants))}, i1 false)"
        )
    lines = [*_lines(program.outputs)]
    for i, length, _ in lines:
        if length >= FEW:
            frame.moving.update(program.outputs[i : i + length])
    w.block(frame)
    for i, length, stride in lines:
        place = program.outputs[i]
        if length < FEW:
            for at in range(i, i + length):
                t.store(w.value(frame, program.outputs[at]), "%out", w.whole(at))
            continue
        start, out = w.pointer(place), t.address("%out", w.whole(i))
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
