"""loops: a group of like instructions as a loop, or written out where it is alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd.compiler.groups import Group
from autograd.compiler.llvm import Text, lanes
from autograd.compiler.schedule import Schedule
from autograd.compiler.spellings import LIBM, spell


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
        """Write a stage as a loop over its groups' results."""
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


def following(t: Text, i: str, n: int, step: int = 1) -> list[str]:
    """Return i and what follows, n in all."""
    return [i, *[t.new(f"add nsw i64 {i}, {k * step}") for k in range(1, n)]]
