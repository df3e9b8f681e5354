"""loops: a group of like instructions as a loop, or written out where it is alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from autograd.compiler.machine import llvm
from autograd.compiler.machine.llvm import Text
from autograd.compiler.machine.spellings import spell
from autograd.compiler.schedule.layout import Group
from autograd.compiler.schedule.plan import Schedule

SHORT = 8  # results that are not worth a loop within a loop


class Loops(Schedule):
    """Write instructions into LLVM functions, alone and in loops."""

    def _over_rows(self, t: Text, uniform: bool, body: Callable[[str], None]) -> None:
        """Write something for the numbers of the rows from %n on, or just once."""
        if uniform or self.layout.block == self.lanes:
            body("0")
        else:
            with t.loop("0", "%n", self.lanes) as r:
                body(r)

    def _run(self, t: Text, run: list[Group], r: str) -> None:
        """Write instructions out, one after the other."""
        known: dict[int, str] = {}
        for group in run:
            place = group.places[0]
            operands = []
            for x in group.operands[0]:
                if x not in known:
                    known[x] = self._value(t, x, r)
                operands.append(known[x])
            known[place] = spell(t, group.row, operands)
            if place in self.used:
                self._keep(t, known[place], place, r)

    def _value(self, t: Text, place: int, r: str) -> str:
        """Load what is at a place, for the rows from r on."""
        p = self.program
        if p.is_constant(place):
            return t.number(p.constants[place - len(p.inputs)])
        slot = self.slots[place]
        if self.is_uniform[place]:
            return t.spread("%u", str(slot))
        return t.load("%v", self._row(t, str(slot), r))

    def _row(self, t: Text, slot: str, r: str) -> str:
        start = (
            str(int(slot) * self.layout.block)
            if slot.isdigit()
            else t.new(f"mul nsw i64 {slot}, {self.layout.block}")
        )
        return start if r == "0" else t.new(f"add nsw i64 {start}, {r}")

    def _keep(self, t: Text, x: str, place: int, r: str) -> None:
        uniform = self.is_uniform[place]
        self._put(t, x, str(self.slots[place]), r, uniform=uniform)

    def _put(self, t: Text, x: str, slot: str, r: str, *, uniform: bool) -> None:
        if uniform:
            t.store(x, "%u", slot)
        else:
            t.store(x, "%v", self._row(t, slot, r))

    def _index(self, t: Text, slots: Sequence[int], i: str) -> str:
        """Return the i-th of the slots: computed if in line, else looked up."""
        stride = stride_of(slots)
        if stride is not None:
            return _sum(t, (i, stride), (str(slots[0]), 1))
        table = self.module.table(slots)
        address = t.new(f"getelementptr i32, ptr {table}, i64 {i}")
        return t.new(f"sext i32 {t.new(f'load i32, ptr {address}')} to i64")

    def _index2(self, t: Text, slots: list[list[int]], j: str, k: str) -> str:
        """Return the slot in line j and column k."""
        in_plane = plane_of(slots)
        if in_plane is not None:
            first, down, right = in_plane
            return _sum(t, (j, down), (k, right), (str(first), 1))
        at = _sum(t, (j, len(slots[0])), (k, 1))
        return self._index(t, [x for line in slots for x in line], at)

    def _at(self, t: Text, uniform: bool, index: str, r: str) -> str:
        if uniform:
            return t.spread("%u", index)
        return t.load("%v", self._row(t, index, r))

    def _loop(self, t: Text, group: Group, *, uniform: bool) -> None:
        """Write a stage as a loop over its groups' results."""
        columns = self._columns(group)
        n = len(group.places)
        width = _width(columns, n)
        wide = llvm.lanes() if uniform and in_line(columns, width) else width + 1
        whole = width // wide * wide
        with t.loop("0", str(n // width)) if width < n else nullcontext("0") as i:
            if whole:
                with t.in_lanes(wide), t.loop("0", str(whole), wide) as j:
                    self._elements(t, group, (i, j, width))("0", {})
            if whole < width:
                with t.loop(str(whole), str(width)) as j:
                    write = self._elements(t, group, (i, j, width))
                    self._over_rows(t, uniform, lambda r: write(r, {}))

    def _columns(self, stage: Group) -> list[list[int]]:
        """Return the slots of what a stage's groups read, element by element."""
        own = {group.places[0] for group in stage.stage}
        return [
            [self.slots[x] for x in column]
            for group in stage.stage
            if not group.is_sum
            for column in zip(*group.operands, strict=True)
            if column[0] not in own
        ]

    def _elements(
        self, t: Text, stage: Group, at: tuple[str, str, int]
    ) -> Callable[[str, dict[int, str]], None]:
        """Return what writes a result of each of a stage's groups, as they need.

        It takes the first of the rows, and what is known: by a group's first place,
        its result. Uniform code writes as many results at once as there are lanes.

        Args:
            t: what is written into.
            stage: the groups.
            at: which of each group's results: line, column, and how long a line is.

        """
        line, j, width = at
        uniform = self.is_uniform[stage.places[0]]
        own = {group.places[0] for group in stage.stage}

        def reader(column: tuple[int, ...]) -> Callable[[str, dict[int, str]], str]:
            place = column[0]
            if place in own:
                return lambda _, known: known[place]
            slots = [self.slots[x] for x in column]
            index = self._index2(t, _lines(slots, width), line, j)
            if not self.is_uniform[place]:
                return lambda r, _: t.load("%v", self._row(t, index, r))
            x = t.strided(
                "%u", index, slots[1] - slots[0] if uniform and width > 1 else 0
            )
            return lambda _r, _known: x

        plans = []
        for group in stage.stage:
            place = group.places[0]
            columns = [] if group.is_sum else list(zip(*group.operands, strict=True))
            readers = [reader(column) for column in columns]
            out = ""
            if place in self.used:
                out = _sum(t, (line, width), (j, 1), (str(self.slots[place]), 1))
            plans.append((group.row, place, readers, out))

        def write(r: str, known: dict[int, str]) -> None:
            for row, place, readers, out in plans:
                if place not in known:
                    operands = [read(r, known) for read in readers]
                    known[place] = spell(t, row, operands)
                if out:
                    self._put(t, known[place], out, r, uniform=self.is_uniform[place])

        return write


def _width(columns: list[list[int]], n: int) -> int:
    """Return how long lines are in which all columns are planes; n if they are not."""
    width = n
    for slots in columns:
        stride = slots[1] - slots[0]
        breaks = (k for k in range(2, n) if slots[k] - slots[k - 1] != stride)
        width = min(width, next(breaks, n))
    if width < SHORT or n % width:
        return n
    return width if all(plane_of(_lines(c, width)) for c in columns) else n


def in_line(columns: list[list[int]], width: int) -> bool:
    """Return whether numbers are side by side, or one, in all lines of a width."""
    return all(stride_of(column[:width]) in {-1, 0, 1} for column in columns)


def _lines(slots: list[int], width: int) -> list[list[int]]:
    return [slots[k : k + width] for k in range(0, len(slots), width)]


def plane_of(lines: list[list[int]]) -> tuple[int, int, int] | None:
    """Return the first slot, and how far the next line and column are, if always so."""
    first = lines[0][0]
    down = lines[1][0] - first if len(lines) > 1 else 0
    right = lines[0][1] - first if len(lines[0]) > 1 else 0
    in_plane = all(
        x == first + a * down + b * right
        for a, line in enumerate(lines)
        for b, x in enumerate(line)
    )
    return (first, down, right) if in_plane else None


def _sum(t: Text, *terms: tuple[str, int]) -> str:
    """Return the sum of some numbers, names or digits, times constants."""
    total, constant = "", 0
    for x, factor in terms:
        if factor == 0:
            continue
        if x.isdigit():
            constant += int(x) * factor
            continue
        product = x if factor == 1 else t.new(f"mul nsw i64 {x}, {factor}")
        total = t.new(f"add nsw i64 {total}, {product}") if total else product
    if not total:
        return str(constant)
    return t.new(f"add nsw i64 {total}, {constant}") if constant else total


def stride_of(slots: Sequence[int]) -> int | None:
    """Return how far slots are apart, if they are in line."""
    first, stride = slots[0], slots[1] - slots[0] if len(slots) > 1 else 0
    in_line = all(x == first + k * stride for k, x in enumerate(slots))
    return stride if in_line else None


def following(t: Text, i: str, n: int, step: int = 1) -> list[str]:
    """Return i and what follows, n in all."""
    return [i, *[t.new(f"add nsw i64 {i}, {k * step}") for k in range(1, n)]]
