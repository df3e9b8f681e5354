"""lower: a Program becomes LLVM functions, loops where the code repeats itself.

A program has no loops, so code of its own length for each of its instructions would
take LLVM seconds and minutes. But scalar code that was written with loops repeats
itself: a layer is many sums of products of the same length, none of which needs
another. Such instructions are grouped: one row, one depth, their results side by side
in memory, and LLVM gets a loop with tables of where the operands are. What does not
repeat is written out, in functions of limited length, so that LLVM's time stays
proportional to the length of the code.

A number is *uniform*, one for all rows of a batch, or *varying*, one for each row. What
uniform numbers alone decide is computed once, before the rows. Rows are taken in
blocks: in the block's memory, each varying place has its numbers for all rows side by
side, and the machine computes as many at once as it has lanes. A program for single
numbers is a batch without rows: all is uniform.

Letters: ``u`` is the memory of uniform numbers, ``v`` that of varying ones.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from autograd.compiler.dots import dots, in_pieces
from autograd.compiler.expand import expand
from autograd.compiler.llvm import CORE, OPPOSITES, RELATIONS, Module, Text
from autograd.compiler.passes import (
    guarded,
    live,
    optimize,
    optimize_guarded,
)
from autograd.compiler.program import Guard, Program
from autograd.compiler.schedule import FEW, Group, Layout
from autograd.compiler.sums import Sums

LONG = 200  # instructions of a function
CACHED = 30_000  # vectors of a block


class Lowering(Sums):
    """Turn one program into one module."""

    def write(self) -> None:
        """Write all functions into the module."""
        before = _functions(self.schedule(uniform=True))
        during = _functions(self.schedule(uniform=False))
        self._find_used(before + during)
        self._assign(before, uniform=True)
        self._assign(during, uniform=False)
        self.layout.sums = len(self.program.outputs) if self.reduce else 0
        deep = any(g.is_sum and len(g.places) > 1 for stages in during for g in stages)
        vectors = self._vectors(self.layout.varying) if deep else 1
        self.layout.block = self.lanes * vectors
        heads = [
            self._parts("once", before, uniform=True),
            self._parts("rows", during, uniform=False),
        ]
        (self._batch if self.rows else self._single)(*heads)

    @staticmethod
    def _vectors(width: int) -> int:
        """Return how many vectors of rows a block has, for so many varying places.

        Many rows share the loads of what is uniform, and of the sums over rows; but
        what a few loops work on is to stay in the processor's cache.
        """
        return next((k for k in (16, 8) if width * k < CACHED), 4)

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
            if group is not None:
                self._loop(t, group, uniform=uniform)
        t.write("ret void")
        self.module.parts.append(t.finish())

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

    def _single(self, once: list[str], _rows: list[str]) -> None:
        """Write ``i32 run(double *u, double *out)``, 1 if all guards hold."""
        p = self.program
        t = Text(self.module, f"i32 @{self.name}(ptr noalias %u, ptr noalias %out)", 1)
        self._begin(t, once)
        self._write_out(t)
        ok = self._all_hold(t, p.guards, "0")
        for region in self.calls.values():
            status = t.new(f"load i64, ptr {t.address('%u', str(region.start))}")
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

    def _batch(self, once: list[str], rows: list[str]) -> None:
        """Write the function of a batch of rows.

        ``i32 run(double *u, double **columns, i64 *strides, i64 begin, i64 end,
        double *out, i64 height, i8 *flags, double *room)`` reads row i of input k at
        ``columns[k][i * strides[k]]``. It writes result k of row i to
        ``out[k * height + i]``, or adds the sums over the rows to ``out[k]``; and for
        each row whether all guards hold.
        """
        p, n = self.program, self.lanes
        head = (
            f"i32 @{self.name}(ptr noalias %u, ptr %columns, ptr %strides, i64 %begin, "
            "i64 %end, ptr noalias %out, i64 %height, ptr %flags, ptr noalias %room)"
        )
        t = Text(self.module, head, 1)
        # Vectors that lie across two of the cache's lines take twice the time.
        self.module.declare("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
        after = t.new("getelementptr i8, ptr %room, i64 63")
        t.write(f"%v = call ptr @llvm.ptrmask.p0.i64(ptr {after}, i64 -64)")
        self._begin(t, once)
        uniform = [g for g in p.guards if self._is_uniform(g)]
        varying = [g for g in p.guards if not self._is_uniform(g)]
        ok = self._all_hold(t, uniform, "0")
        sums = t.address("%v", str(self.layout.varying * self.layout.block))
        if self.reduce:
            size = 8 * self.layout.sums * n
            self.module.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
            t.write(
                f"call void @llvm.memset.p0.i64(ptr {sums}, i8 0, i64 {size}, i1 false)"
            )
        last = t.new("sub nsw i64 %end, 1")
        with t.loop("%begin", "%end", self.layout.block) as row:
            left = t.new(f"sub nsw i64 %end, {row}")
            few = t.new(f"icmp slt i64 {left}, {self.layout.block}")
            m = t.new(f"select i1 {few}, i64 {left}, i64 {self.layout.block}")
            up = t.new(f"add nsw i64 {m}, {n - 1}")
            whole = t.new(f"and i64 {up}, {-n}")
            self._read_rows(t, row, last, whole)
            for name in rows:
                t.write(f"call void @{name}(ptr %u, ptr %v, i64 {whole})")
            self._to_lanes(t, n)
            if self.reduce:
                self._write_sums(t, sums, m, whole)
            else:
                self._write_rows(t, row, whole)
            if varying:
                self._write_flags(t, varying, row, whole)
            self._to_lanes(t, 1)
        if self.reduce:
            self._add_lanes(t, sums)
        t.write(f"ret i32 {'1' if ok is None else t.new(f'zext i1 {ok} to i32')}")
        self.module.parts.append(t.finish())
        self._pieces()

    def _pieces(self) -> None:
        """Write the function of a batch that is cut into pieces, for several threads.

        ``i32 run_pieces(i64 *next, i64 size, i64 step, u, columns, strides, i64 end,
        out, height, flags, room)`` takes piece after piece of so many rows, whichever
        is next, and writes its results, or sums, from ``out[piece * step]`` on.
        """
        head = (
            f"i32 @{self.name}_pieces(ptr %next, i64 %size, i64 %step, ptr %u, "
            "ptr %columns, ptr %strides, i64 %end, ptr %out, i64 %height, ptr %flags, "
            "ptr %room)"
        )
        t = Text(self.module, head, 1)
        fine = t.variable("i32")
        t.write(f"store i32 1, ptr {fine}")
        again, more, done = t.label(), t.label(), t.label()
        t.write(f"br label %{again}")
        t.write(f"{again}:")
        piece = t.new("atomicrmw add ptr %next, i64 1 monotonic")
        begin = t.new(f"mul nsw i64 {piece}, %size")
        left = t.new(f"sub nsw i64 %end, {begin}")
        is_left = t.new(f"icmp sgt i64 {left}, 0")
        t.write(f"br i1 {is_left}, label %{more}, label %{done}")
        t.write(f"{more}:")
        is_last = t.new(f"icmp slt i64 {left}, %size")
        rows = t.new(f"select i1 {is_last}, i64 {left}, i64 %size")
        stop = t.new(f"add nsw i64 {begin}, {rows}")
        out = t.address("%out", t.new(f"mul nsw i64 {piece}, %step"))
        found = t.new(
            f"call i32 @{self.name}(ptr %u, ptr %columns, ptr %strides, i64 {begin}, "
            f"i64 {stop}, ptr {out}, i64 %height, ptr %flags, ptr %room)"
        )
        before = t.new(f"load i32, ptr {fine}")
        t.write(f"store i32 {t.new(f'and i32 {before}, {found}')}, ptr {fine}")
        t.write(f"br label %{again}")
        t.write(f"{done}:")
        t.write(f"ret i32 {t.new(f'load i32, ptr {fine}')}")
        self.module.parts.append(t.finish())

    def _is_uniform(self, guard: Guard) -> bool:
        return self.is_uniform[guard.a] and (guard.b < 0 or self.is_uniform[guard.b])

    def _read_rows(self, t: Text, row: str, last: str, whole: str) -> None:
        """Copy the block's inputs; beyond the last row, that again."""
        with t.loop("0", str(len(self.rows))) as k:
            place = t.new(f"getelementptr ptr, ptr %columns, i64 {k}")
            column = t.new(f"load ptr, ptr {place}")
            place = t.new(f"getelementptr i64, ptr %strides, i64 {k}")
            stride = t.new(f"load i64, ptr {place}")
            start = t.new(f"mul nsw i64 {k}, {self.layout.block}")
            most = t.new(f"sub nsw i64 {last}, {row}")
            inside = t.new(f"icmp slt i64 {most}, {whole}")
            end = t.new(f"select i1 {inside}, i64 {most}, i64 {whole}")
            for first, stop in (("0", end), (end, whole)):
                with t.loop(first, stop) as r:
                    i = t.new(f"add nsw i64 {row}, {r}") if stop == end else last
                    x = t.load(column, t.new(f"mul nsw i64 {i}, {stride}"))
                    t.store(x, "%v", t.new(f"add nsw i64 {start}, {r}"))

    def _write_rows(self, t: Text, row: str, whole: str) -> None:
        with t.loop("0", whole, self.lanes) as r:
            i = t.new(f"add nsw i64 {row}, {r}")
            for k, place in enumerate(self.program.outputs):
                start = t.new(f"mul nsw i64 %height, {k}")
                at = t.new(f"add nsw i64 {start}, {i}")
                t.store(self._value(t, place, r), "%out", at)

    def _write_flags(self, t: Text, guards: list[Guard], row: str, whole: str) -> None:
        n = self.lanes
        with t.loop("0", whole, n) as r:
            ok = self._all_hold(t, guards, r)
            bits = t.new(f"zext <{n} x i1> {ok} to <{n} x i8>")
            i = t.new(f"add nsw i64 {row}, {r}")
            at = t.new(f"getelementptr i8, ptr %flags, i64 {i}")
            t.write(f"store <{n} x i8> {bits}, ptr {at}, align 1")


def _functions(stages: list[Group]) -> list[list[Group]]:
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


def for_machine(program: Program) -> Program:
    """Return the program in the rows that machine code has, errors made guards."""
    core = expand(guarded(optimize(program)), CORE)
    return live(in_pieces(dots(optimize_guarded(core))))


def lower(
    program: Program,
    module: Module,
    *,
    rows: Sequence[int] = (),
    reduce: bool = False,
    name: str = "run",
) -> Layout:
    """Write a program, of rows in core alone, into a module.

    Args:
        program: what is to be computed.
        module: where it is written.
        rows: which of the inputs are different for each row.
        reduce: whether results are summed over the rows.
        name: of the function that is called.

    Returns:
        How much memory the function needs, and of what kind.

    """
    lowering = Lowering(program, tuple(rows), reduce, module, name)
    lowering.write()
    return lowering.layout
