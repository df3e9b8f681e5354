"""places: the numbers of a program with loops: what stands side by side, and where.

A program's code is cut into *units*: single instructions, vectors of like ones
(`autograd.compiler.schedule.packs`), and loops. A loop's body has places of its own.
What it computes side by side, it carries and keeps side by side.

Letters: ``k`` is an iteration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass

from autograd.compiler.loop import Along, Loop, is_fixed
from autograd.compiler.program import Instruction, Program
from autograd.compiler.schedule.addresses import Addresses, Pace, Rows
from autograd.compiler.schedule.groups import Group
from autograd.compiler.schedule.lines import Home, Lines, Weigh
from autograd.compiler.schedule.packs import Packing

Vector = tuple[object, int]  # a line, and which of its vectors
Packs = dict[Vector, dict[int, int]]  # by its lanes, what each becomes

WORTH = 10_000  # operands, all iterations counted, that are worth a look
NEAR = 4  # rows: what is read so near to one another shares a pointer


@dataclass(frozen=True)
class Wide:
    """What the machine computes at once.

    Attributes:
        width: how many doubles.
        weigh: what a primitive costs.

    """

    width: int
    weigh: Weigh


class Places:
    """The places of a program, or of a body.

    Args:
        program: the code.
        wide: what the machine computes at once.
        lines: where its inputs are.
        addresses: where its numbers are in memory, if not one after the other.
        times: how often the code runs.

    Attributes:
        units: groups that become one operation, and bodies of loops, in order.
        addresses: where its numbers are in memory.
        room: how many numbers it has there.

    """

    def __init__(
        self,
        program: Program,
        wide: Wide,
        lines: Lines,
        addresses: Addresses | None = None,
        times: int = 1,
    ) -> None:
        self.program = program
        self.wide = wide
        self.lines = lines
        self.times = times
        self.units: list[Group | Body] = []
        self.addresses = addresses or Addresses()
        lines.rows = self.addresses.in_rows
        alone = {x for guard in program.guards for x in (guard.a, guard.b)}
        self.packing = Packing(lines, wide.width, wide.weigh, alone)
        some: list[tuple[int, Instruction]] = []
        for place, step in program.placed():
            if type(step) is Loop:
                self._write(some)
                some = []
                body = Body(self, place, step)
                self.units.append(body)
                self.addresses.enter(place, step, body.rows)
            elif place not in lines.fixed:
                some.append((place, step))
        self._write(some)
        self.room = self.addresses.room(program.size)

    def _write(self, steps: Sequence[tuple[int, Instruction]]) -> None:
        work = self.times * sum(len(s.operands) for _, s in steps)
        if self.wide.width > 1 and work > WORTH:
            self.units += self.packing.packed(steps)
        else:
            self.units += [Group(s.primitive, [p], [s.operands]) for p, s in steps]


class Body:
    """The body of a loop.

    Attributes:
        loop: the loop.
        first: the place where its numbers begin.
        places: those of its block.
        invariants: instructions whose results are the same in all iterations.
        carried: vectors that are carried: which, and what carried number a lane is.
        kept: vectors that are kept: where in a row, which, and which lanes.
        rows: where what it keeps is.

    """

    def __init__(self, outer: Places, first: int, loop: Loop) -> None:
        self.loop = loop
        self.first = first
        n, body, width = len(loop.carried), loop.body, outer.wide.width
        constants = range(len(body.inputs), body.first_result)
        fixed = {
            *constants,
            *[j for j, read in enumerate(loop.reads, n) if is_fixed(read)],
        }
        self.invariants: list[tuple[int, Instruction]] = []
        for place, step in body.placed():
            if type(step) is Instruction and fixed.issuperset(step.operands):
                self.invariants.append((place, step))
                fixed.add(place)
        lines = Lines(
            fixed=fixed, carried=dict(zip(range(n), body.outputs, strict=False))
        )
        if width > 1:
            self._enter_reads(lines, outer)
        self.places = Places(body, outer.wide, lines, times=outer.times * loop.count)
        self.carried: list[tuple[Vector, dict[int, int]]] = []
        self.kept: list[tuple[int, Vector, list[int]]] = []
        self._carry(width)
        self.rows = self._laid_out(width)

    def _enter_reads(self, lines: Lines, outer: Places) -> None:
        """Enter where reads are: those of one stride are a line."""
        loop = self.loop
        for j, read in enumerate(loop.reads, len(loop.carried)):
            if type(read) is not Along or is_fixed(read):
                continue
            if max(read.place, read.at(loop.count - 1)) >= self.first:
                continue  # of its own rows, which are not laid out yet
            pace = outer.addresses.pace(read, loop.count)
            if pace is not None:
                line = "read", pace.stride
                lines.homes[j] = line, pace.start
                lines.memory.add(line)

    def _packs(
        self, outputs: Sequence[int], width: int
    ) -> dict[Vector, dict[int, int]]:
        """Return which lane of which vector becomes which of some outputs."""
        lines = self.places.lines
        found: Packs = defaultdict(dict)
        for i, x in enumerate(outputs):
            home = lines.homes.get(x)
            if home is not None and home[0] not in lines.memory:
                found[vector_of(home, width)].setdefault(home[1] % width, i)
        return {vector: lanes for vector, lanes in found.items() if len(lanes) > 1}

    def _carry(self, width: int) -> None:
        """Find vectors that are carried."""
        outputs = self.loop.body.outputs[: len(self.loop.carried)]
        for vector, lanes in self._packs(outputs, width).items():
            line = "carried", len(self.carried)
            self.carried.append((vector, lanes))
            homes: dict[int, Home] = {j: (line, lane) for lane, j in lanes.items()}
            self.places.lines.homes.update(homes)

    def _laid_out(self, width: int) -> Rows:
        """Lay out a row: vectors, as much of each as is kept, and then all else.

        Where no vectors are, as each number is one of rows, outputs follow one another.
        """
        count = self.loop.count
        if width == 1:
            slots = [count * i for i in range(self.loop.kept)]
            return Rows(count, slots, 1, count * len(slots))
        found = self._packs(self.loop.body.outputs[len(self.loop.carried) :], width)
        slots = [0] * self.loop.kept
        slot = 0
        for vector, lanes in sorted(found.items(), key=lambda item: str(item[0])):
            ordered = sorted(lanes)
            self.kept.append((slot, vector, ordered))
            for lane in ordered:
                slots[lanes[lane]] = slot
                slot += 1
        packed = {i for lanes in found.values() for i in lanes.values()}
        for i in range(self.loop.kept):
            if i not in packed:
                slots[i] = slot
                slot += 1
        return Rows(count, slots, slot, count * slot)

    def paces(self, outer: Places, others: Container[int] = ()) -> dict[int, Pace]:
        """Return for each read along a line where it goes; near ones share pointers.

        Args:
            outer: what the loop stands in.
            others: reads that are no concern of these.

        """
        found: dict[int, Pace] = {}
        shared: list[tuple[Rows | None, Pace]] = []
        loop, addresses = self.loop, outer.addresses
        for j, read in enumerate(loop.reads, len(loop.carried)):
            if type(read) is not Along or is_fixed(read) or j in others:
                continue
            pace = addresses.pace(read, loop.count)
            if pace is None:
                continue
            source = addresses.rows_of(read.place)
            reach = NEAR * source.width if source else abs(pace.stride)
            for other, first in shared:
                beyond = pace.start - first.start
                same = other is source and pace.stride == first.stride
                if same and abs(beyond) < reach:
                    pace = Pace(first.start, first.stride, beyond)
                    break
            else:
                shared.append((source, pace))
            found[j] = pace
        return found


def vector_of(home: Home, width: int) -> Vector:
    """Return which vector of a line a number is in."""
    return home[0], home[1] // width
