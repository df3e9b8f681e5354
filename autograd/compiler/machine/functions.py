"""functions: instructions as LLVM functions, of limited length, and what calls them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from autograd.compiler.machine.llvm import Text
from autograd.compiler.machine.spellings import OPPOSITES, RELATIONS
from autograd.compiler.machine.sums import Sums
from autograd.compiler.program import Guard
from autograd.compiler.schedule.layout import Group
from autograd.compiler.schedule.plan import FEW

LONG = 800  # instructions of a function


class Functions(Sums):
    """Write whole functions; that of a program for single numbers."""

    def _parts(
        self, kind: str, functions: list[list[Group]], *, uniform: bool
    ) -> list[str]:
        """Write functions; return their names."""
        names = [f"{self.name}_{kind}{i}" for i in range(len(functions))]
        for name, stages in zip(names, functions, strict=True):
            self._part(name, stages, uniform, split=len(functions) > 1)
        return names

    def _part(
        self, name: str, groups: list[Group], uniform: bool, *, split: bool
    ) -> None:
        keep = "noinline " if split else ""
        head = f"internal void @{name}(ptr noalias %u, ptr noalias %v, i64 %n) {keep}"
        t = Text(self.module, head, 1 if uniform else self.lanes)
        run: list[Group] = []
        for group in [*groups, None]:
            if group is not None and not group.is_loop:
                run.append(group)
                continue
            if run:
                write = functools.partial(self._run, t, run)
                self._over_rows(t, uniform, write)
                run = []
            if group is None:
                break
            if group.is_call:
                self._call(t, group)
            elif group.is_sum and uniform:
                self._uniform_sumprods(t, group)
            elif group.is_sum:
                self._sumprods(t, group)
            else:
                self._loop(t, group, uniform=uniform)
        t.write("ret void")
        self.module.parts.append(t.finish())

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
        for batch in call.batches:
            u, columns, strides, out, flags, v = parts
            found = t.new(
                f"call i32 inttoptr (i64 {batch.address} to ptr)(ptr {u}, "
                f"ptr {columns}, ptr {strides}, i64 0, i64 {call.height}, ptr {out}, "
                f"i64 {call.height}, ptr {flags}, ptr {v})"
            )
            self._also(t, status, t.new(f"icmp ne i32 {found}, 0"))
            if batch.layout.flagged:
                with t.loop("0", str(call.height)) as i:
                    place = t.new(f"getelementptr i8, ptr {flags}, i64 {i}")
                    flag = t.new(f"load i8, ptr {place}")
                    self._also(t, status, t.new(f"icmp ne i8 {flag}, 0"))
        with t.loop("0", str(len(runner.program.outputs))) as i:
            size = t.intrinsic("fabs", t.load(parts[3], i))
            self._also(t, status, t.compare("olt", size, t.number(float("inf"))))
        final = t.new(f"load i64, ptr {status}")
        t.write(f"store i64 {final}, ptr {t.address('%u', str(at.status))}")

    @staticmethod
    def _also(t: Text, status: str, flag: str) -> None:
        old = t.new(f"load i64, ptr {status}")
        new = t.new(f"and i64 {old}, {t.new(f'zext i1 {flag} to i64')}")
        t.write(f"store i64 {new}, ptr {status}")

    def _guard(self, t: Text, guard: Guard, r: str) -> str:
        a = self._value(t, guard.a, r)
        if guard.relation == "finite":
            return t.compare("olt", t.intrinsic("fabs", a), t.number(float("inf")))
        relation = (RELATIONS if guard.holds else OPPOSITES)[guard.relation]
        return t.compare(relation, a, self._value(t, guard.b, r))

    def _all_hold(self, t: Text, guards: Iterable[Guard], r: str) -> str | None:
        flags = [self._guard(t, g, r) for g in guards]
        if not flags:
            return None
        ok = flags[0]
        for flag in flags[1:]:
            ok = t.new(f"and {t.flag} {ok}, {flag}")
        return ok

    def _begin(self, t: Text, once: list[str]) -> None:
        p = self.program
        if p.constants:
            table = self.module.doubles(f"{self.name}_constants", p.constants)
            self.module.declare(
                "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
            )
            address = t.address("%u", str(self.shared))
            t.write(
                f"call void @llvm.memcpy.p0.p0.i64(ptr {address}, ptr {table}, "
                f"i64 {8 * len(p.constants)}, i1 false)"
            )
        for name in once:
            t.write(f"call void @{name}(ptr %u, ptr %u, i64 0)")

    def _single(self, once: list[str]) -> None:
        """Write ``i32 run(double *u, double *out)``, 1 if all guards hold."""
        p = self.program
        t = Text(self.module, f"i32 @{self.name}(ptr noalias %u, ptr noalias %out)", 1)
        self._begin(t, once)
        self._write_out(t)
        ok = self._all_hold(t, p.guards, "0")
        for region in self.calls.values():
            status = t.new(f"load i64, ptr {t.address('%u', str(region.status))}")
            fine = t.new(f"icmp ne i64 {status}, 0")
            ok = fine if ok is None else t.new(f"and i1 {ok}, {fine}")
        t.write(f"ret i32 {'1' if ok is None else t.new(f'zext i1 {ok} to i32')}")
        self.module.parts.append(t.finish())

    def _write_out(self, t: Text) -> None:
        """Write the outputs, in loops where they are side by side."""
        outputs = self.program.outputs
        slots = [self.slots[x] for x in outputs]
        i = 0
        while i < len(outputs):
            n = 1
            while i + n < len(outputs) and slots[i + n] == slots[i] + n:
                n += 1
            if n < FEW or self.program.is_constant(outputs[i]):
                n = 1
                t.store(self._value(t, outputs[i], "0"), "%out", str(i))
            else:
                with t.loop("0", str(n)) as k:
                    x = t.spread("%u", t.new(f"add nsw i64 {k}, {slots[i]}"))
                    t.store(x, "%out", t.new(f"add nsw i64 {k}, {i}"))
            i += n


def in_functions(stages: list[Group]) -> list[list[Group]]:
    """Cut stages into functions of limited length."""
    parts: list[list[Group]] = []
    length = LONG
    for stage in stages:
        cost = 20 if stage.is_loop else 1 + len(stage.operands[0]) // 2
        if length + cost > LONG:
            parts.append([])
            length = 0
        parts[-1].append(stage)
        length += cost
    return parts
