"""loops: a group of like instructions as a loop, or written out where it is alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, pairwise
from typing import Any

from autograd.compiler.llvm import LIBM, Text, lanes, spell
from autograd.compiler.schedule import Group, Schedule

TILE = 4  # sums of products that share a loop
WIDE = {8: 4, 4: 2, 2: 2}  # vectors of rows in a tile, as many as there are registers


class Loops(Schedule):
    """Write groups into LLVM functions."""

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
        first, step = slots[0], _step(slots)
        if step is not None:
            if step == 0:
                return str(first)
            scaled = i if step == 1 else t.new(f"mul nsw i64 {i}, {step}")
            return scaled if first == 0 else t.new(f"add nsw i64 {scaled}, {first}")
        table = self.module.table(slots)
        address = t.new(f"getelementptr i32, ptr {table}, i64 {i}")
        return t.new(f"sext i32 {t.new(f'load i32, ptr {address}')} to i64")

    def _at(self, t: Text, uniform: bool, index: str, r: str) -> str:
        if uniform:
            return t.spread("%u", index)
        return t.load("%v", self._row(t, index, r))

    def _loop(self, t: Text, group: Group, *, uniform: bool) -> None:
        """Write a group as a loop."""
        if group.is_call:
            self._call(t, group)
            return
        if group.is_sum:
            self._sumprods(t, group, uniform=uniform)
            return
        n, wide = len(group.places), lanes()
        whole = n // wide * wide if uniform and self._is_in_line(group) else 0
        if whole:
            self._to_lanes(t, wide)
            with t.loop("0", str(whole), wide) as i:
                self._elements(t, group, i, wide)("0", {})
            self._to_lanes(t, 1)
        if whole < n:
            with t.loop(str(whole), str(n)) as i:
                write = self._elements(t, group, i)
                self._over_rows(t, uniform, lambda r: write(r, {}))

    def _is_in_line(self, group: Group) -> bool:
        """Return whether a stage's uniform operands lie side by side, or are one."""
        own = {g.places[0] for g in group.stage}
        return all(
            g.row.name not in LIBM
            and all(
                column[0] in own or _step([self.slots[x] for x in column]) in {0, 1}
                for column in zip(*g.operands, strict=True)
            )
            for g in group.stage
        )

    def _elements(
        self, t: Text, stage: Group, i: str, wide: int = 1
    ) -> Callable[[str, dict[int, str]], None]:
        """Return what writes the i-th results of a stage, each from those before.

        It takes the first of the rows, and what is known: by a group's first place,
        its i-th result.

        Args:
            t: what is written into.
            stage: the groups.
            i: which of each group's results.
            wide: how many of the results are computed at once, from the i-th on.

        """
        own = {group.places[0] for group in stage.stage}

        def reader(column: tuple[int, ...]) -> Callable[[str, dict[int, str]], str]:
            place = column[0]
            if place in own:
                return lambda _, known: known[place]
            index = self._index(t, [self.slots[x] for x in column], i)
            if not self.is_uniform[place]:
                return lambda r, _: t.load("%v", self._row(t, index, r))
            is_one = wide == 1 or index.isdigit()
            x = t.spread("%u", index) if is_one else t.load("%u", index)
            return lambda _r, _known: x

        plans = []
        for group in stage.stage:
            place = group.places[0]
            columns = [] if group.is_sum else list(zip(*group.operands, strict=True))
            readers = [reader(column) for column in columns]
            out = ""
            if place in self.used:
                out = t.new(f"add nsw i64 {i}, {self.slots[place]}")
            plans.append((group.row, place, readers, out))

        def write(r: str, known: dict[int, str]) -> None:
            for row, place, readers, out in plans:
                if place not in known:
                    operands = [read(r, known) for read in readers]
                    known[place] = spell(t, row, operands)
                if out:
                    self._put(t, known[place], out, r, uniform=self.is_uniform[place])

        return write

    def _sumprods(self, t: Text, group: Group, *, uniform: bool) -> None:
        """Write sums of products of one length, in tiles that share operands."""
        n = len(group.operands[0]) // 2
        segments = self._segments(group, n)

        def tiles(rs: list[str]) -> None:
            for start, end, size in tiles_of(len(group.places)):
                with t.loop(str(start), str(end), size) as j:
                    self._tile(t, group, segments, following(t, j, size), rs)

        if uniform or self.layout.block == self.lanes:
            tiles(["0"])
            return
        wide = self.lanes * WIDE[self.lanes]
        end = t.new(f"and i64 %n, {-wide}")
        with t.loop("0", end, wide) as r:
            tiles(following(t, r, WIDE[self.lanes], self.lanes))
        with t.loop(end, "%n", self.lanes) as r:
            tiles([r])

    def _segments(self, group: Group, n: int) -> list[range]:
        """Return the stretches of pairs in which operands are of the same kinds."""
        first = group.operands[0]
        kinds = [
            (self.is_uniform[first[k]], self.is_uniform[first[n + k]]) for k in range(n)
        ]
        cuts = [0, *[k for k in range(1, n) if kinds[k] != kinds[k - 1]], n]
        return [range(a, b) for a, b in pairwise(cuts)]

    def _tile(
        self,
        t: Text,
        group: Group,
        segments: list[range],
        js: list[str],
        rs: list[str],
    ) -> None:
        """Write the sums js of the rows from each of rs on.

        The machine starts two products in each of the four cycles or so that one takes,
        so there are to be eight sums at least: where the tile is small, each is summed
        in parts.
        """
        n = len(group.operands[0]) // 2
        parts = max(1, 8 // (len(js) * len(rs))) if n >= 16 else 1
        sums = [[[t.variable(t.type) for _ in rs] for _ in js] for _ in range(parts)]
        for variable in chain(*chain(*sums)):
            t.write(f"store {t.type} {t.number(0.0)}, ptr {variable}")
        for segment in segments:
            sides = [
                [[self.slots[o[k + side]] for k in segment] for o in group.operands]
                for side in (0, n)
            ]
            kinds = [self.is_uniform[group.operands[0][segment[0] + s]] for s in (0, n)]
            whole = len(segment) // parts * parts
            with t.loop("0", str(whole), parts) as k:
                for i, part in enumerate(sums):
                    at = k if i == 0 else t.new(f"add nsw i64 {k}, {i}")
                    self._products(t, part, sides, kinds, js, rs, at)
            if whole < len(segment):
                with t.loop(str(whole), str(len(segment))) as k:
                    self._products(t, sums[0], sides, kinds, js, rs, k)
        for row, j in enumerate(js):
            write = self._elements(t, group, j)
            for column, r in enumerate(rs):
                y = t.new(f"load {t.type}, ptr {sums[0][row][column]}")
                for part in sums[1:]:
                    more = t.new(f"load {t.type}, ptr {part[row][column]}")
                    y = t.binary("fadd", y, more)
                write(r, {group.places[0]: y})

    def _products(
        self,
        t: Text,
        sums: list[list[str]],
        sides: list[list[list[int]]],
        kinds: list[bool],
        js: list[str],
        rs: list[str],
        k: str,
    ) -> None:
        """Add the k-th products to a tile's sums."""

        def numbers(kind: bool, index: str) -> list[str]:
            if kind:
                return [self._at(t, kind, index, "0")] * len(rs)
            return [self._at(t, kind, index, r) for r in rs]

        shared = [
            numbers(kind, self._index(t, side[0], k))
            if all(x == side[0] for x in side)
            else None
            for side, kind in zip(sides, kinds, strict=True)
        ]
        for j, variables in zip(js, sums, strict=True):
            factors = [
                known or numbers(kind, self._index2(t, side, j, k))
                for known, side, kind in zip(shared, sides, kinds, strict=True)
            ]
            for variable, a, b in zip(variables, *factors, strict=True):
                total = t.new(f"load {t.type}, ptr {variable}")
                total = t.intrinsic("fma", a, b, total)
                t.write(f"store {t.type} {total}, ptr {variable}")

    def _index2(self, t: Text, slots: list[list[int]], j: str, k: str) -> str:
        """Return the slot of row j and column k."""
        first = slots[0][0]
        down = slots[1][0] - first if len(slots) > 1 else 0
        right = slots[0][1] - first if len(slots[0]) > 1 else 0
        if all(
            x == first + a * down + b * right
            for a, row in enumerate(slots)
            for b, x in enumerate(row)
        ):
            a = t.new(f"mul nsw i64 {j}, {down}")
            b = t.new(f"mul nsw i64 {k}, {right}")
            return t.new(f"add nsw i64 {t.new(f'add nsw i64 {a}, {b}')}, {first}")
        width = len(slots[0])
        start = t.new(f"mul nsw i64 {j}, {width}")
        return self._index(
            t, [x for row in slots for x in row], t.new(f"add nsw i64 {start}, {k}")
        )

    def _call(self, t: Text, group: Group) -> None:
        """Write the call of a batch: inputs, the batch, and whether all is right."""
        element: Any = group.row.value
        call, operands = element.call, group.operands[0]
        at, runner = self.calls[call], call.runner
        slots = [self.slots[x] for x in operands]
        if call.shared:
            with t.loop("0", str(call.shared)) as i:
                x = t.spread("%u", self._index(t, slots[: call.shared], i))
                t.store(x, "%u", t.new(f"add nsw i64 {i}, {at.u}"))
        column = 0
        for slot, width in zip(slots[call.shared :], call.widths, strict=True):
            start = t.new(f"load i64, ptr {t.address('%u', str(slot))}")
            with t.loop("0", str(width)) as i:
                offset = t.new(f"mul nsw i64 {i}, 8")
                address = t.new(f"add nsw i64 {start}, {offset}")
                place = t.new(f"add nsw i64 {i}, {at.columns + column}")
                t.write(f"store i64 {address}, ptr {t.address('%u', place)}")
                place = t.new(f"add nsw i64 {i}, {at.strides + column}")
                t.write(f"store i64 {width}, ptr {t.address('%u', place)}")
            column += width
        status = t.variable("i64")
        t.write(f"store i64 1, ptr {status}")
        parts = [
            t.address("%u", str(x))
            for x in (at.u, at.columns, at.strides, at.out, at.flags, at.v)
        ]
        for batch in (call.guards, runner):
            if batch is None:
                continue
            u, columns, strides, out, flags, v = parts
            found = t.new(
                f"call i32 inttoptr (i64 {batch.address} to ptr)(ptr {u}, "
                f"ptr {columns}, ptr {strides}, i64 0, i64 {call.height}, ptr {out}, "
                f"i64 {call.height}, ptr {flags}, ptr {v})"
            )
            self._also(t, status, t.new(f"icmp ne i32 {found}, 0"))
        if call.guards is not None:
            with t.loop("0", str(call.height)) as i:
                place = t.new(f"getelementptr i8, ptr {parts[4]}, i64 {i}")
                flag = t.new(f"load i8, ptr {place}")
                self._also(t, status, t.new(f"icmp ne i8 {flag}, 0"))
        with t.loop("0", str(len(runner.program.outputs))) as i:
            size = t.intrinsic("fabs", t.load(parts[3], i))
            self._also(t, status, t.compare("olt", size, t.number(float("inf"))))
        final = t.new(f"load i64, ptr {status}")
        t.write(f"store i64 {final}, ptr {t.address('%u', str(at.start))}")

    @staticmethod
    def _also(t: Text, status: str, flag: str) -> None:
        old = t.new(f"load i64, ptr {status}")
        new = t.new(f"and i64 {old}, {t.new(f'zext i1 {flag} to i64')}")
        t.write(f"store i64 {new}, ptr {status}")

    @staticmethod
    def _to_lanes(t: Text, n: int) -> None:
        t.lanes = n
        t.type = "double" if n == 1 else f"<{n} x double>"
        t.flag = "i1" if n == 1 else f"<{n} x i1>"


def _step(slots: Sequence[int]) -> int | None:
    """Return how far slots are apart, if they are in line."""
    first, step = slots[0], slots[1] - slots[0] if len(slots) > 1 else 0
    in_line = all(x == first + k * step for k, x in enumerate(slots))
    return step if in_line else None


def tiles_of(n: int, size: int = TILE) -> list[tuple[int, int, int]]:
    """Return stretches of 0, ..., n - 1, and the length of the tiles of each."""
    full = n // size * size
    stretches = [(0, full, size), (full, n, n - full)]
    return [stretch for stretch in stretches if stretch[0] < stretch[1]]


def following(t: Text, i: str, n: int, step: int = 1) -> list[str]:
    """Return i and what follows, n in all."""
    return [i, *[t.new(f"add nsw i64 {i}, {k * step}") for k in range(1, n)]]
