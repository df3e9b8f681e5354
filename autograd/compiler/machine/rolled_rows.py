"""rolled_rows: a program with loops over a batch: lanes are rows, the loop is inside.

As many rows as the machine has lanes are computed at once, from the first step of their
loops to the last. What is the same for all rows is copied into the memory of varying
numbers once, for all lanes; so all numbers are where `autograd.compiler.machine.rolled`
has them.

Letters: ``u`` is the memory of uniform numbers, ``v`` that of varying ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_double, c_int64
from typing import Any

from autograd.compiler.machine.rolled import Frame, Writer
from autograd.compiler.machine.rows import write_pieces
from autograd.compiler.machine.text import Module, Text
from autograd.compiler.passes.exits import Exit
from autograd.compiler.program import Program
from autograd.compiler.schedule.layout import Layout


class RowsWriter(Writer):
    """A writer whose data are in the text, since nobody hands them over."""

    def whole(self, x: int) -> str:
        """Return a whole number."""
        return str(x)

    def table(self, items: Sequence[Any], kind: Any) -> str:
        """Return a pointer to a table."""
        module = self.text.module
        name = f"data{len(module.parts)}"
        if kind is c_double:
            return module.doubles(name, items)
        numbers = ", ".join(f"i64 {x}" for x in items)
        module.parts.append(
            f"@{name} = internal constant [{len(items)} x i64] [{numbers}]\n"
        )
        return f"@{name}"


def write_rows_with_loops(
    module: Module,
    program: Program,
    leaves: dict[int, Exit],
    lanes: int,
    rows: Sequence[int],
    *,
    reduce: bool,
) -> Layout:
    """Write the functions of a batch, as `autograd.compiler.machine.rows` has them.

    Args:
        module: where they are written.
        program: with loops, in primitives that the machine has.
        leaves: loops that may stop early.
        lanes: how many rows are computed at once.
        rows: which of the inputs are different for each row.
        reduce: whether results are summed over the rows.

    Returns:
        The memory that they need.

    """
    head = (
        "i32 @run(ptr noalias %u, ptr %columns, ptr %strides, i64 %begin, "
        "i64 %end, ptr noalias %out, i64 %height, ptr %flags, ptr noalias %room)"
    )
    t = Text(module, head, lanes)
    module.declare("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
    after = t.new("getelementptr i8, ptr %room, i64 63")
    t.write(f"%v = call ptr @llvm.ptrmask.p0.i64(ptr {after}, i64 -64)")
    w = RowsWriter(t, "%v")
    w.room = program.size
    _copy_uniform(w, program, rows)
    sums = [t.variable(t.type) for _ in program.outputs] if reduce else []
    for variable in sums:
        t.write(f"store {t.type} {t.number(0.0)}, ptr {variable}")
    last = t.new("sub nsw i64 %end, 1")
    with t.loop("%begin", "%end", lanes) as row:
        w.begin()
        _read_rows(w, rows, row, last)
        frame = Frame(program, 0, leaves)
        w.block(frame)
        results = [w.value(frame, x) for x in program.outputs]
        if reduce:
            _add_rows(w, sums, results, row)
        else:
            for k, x in enumerate(results):
                start = t.new(f"mul nsw i64 %height, {k}")
                t.store(x, "%out", t.new(f"add nsw i64 {start}, {row}"))
        if w.asked:
            fine = t.new(f"load {t.flag}, ptr {w.fine}")
            bits = t.new(f"zext {t.flag} {fine} to <{lanes} x i8>")
            at = t.new(f"getelementptr i8, ptr %flags, i64 {row}")
            t.write(f"store <{lanes} x i8> {bits}, ptr {at}, align 1")
    for k, variable in enumerate(sums):
        x = t.new(f"load {t.type}, ptr {variable}")
        with t.in_lanes(1):
            t.store(t.add_lanes(t.number(0.0), x, lanes), "%out", str(k))
    t.write("ret i32 1")
    t.finish()
    write_pieces(module)
    shared = len(program.inputs) - len(rows)
    return Layout(shared, w.room, lanes, len(sums), lanes, flagged=w.asked)


def _copy_uniform(w: RowsWriter, program: Program, rows: Sequence[int]) -> None:
    """Write what is the same for all rows to all lanes: inputs and constants."""
    t, own = w.text, set(rows)
    shared = [x for x in range(len(program.inputs)) if x not in own]
    for places, source in ((shared, "%u"), (_constants(program), "")):
        if not places:
            continue
        base = source or w.table(program.constants, c_double)
        table = w.table([x * w.lanes for x in places], c_int64)
        with t.loop("0", str(len(places))) as k:
            at = t.new(f"getelementptr i64, ptr {table}, i64 {k}")
            t.store(t.spread(base, k), "%v", t.new(f"load i64, ptr {at}"))


def _constants(program: Program) -> list[int]:
    n = len(program.inputs)
    return [*range(n, n + len(program.constants))]


def _read_rows(w: RowsWriter, rows: Sequence[int], row: str, last: str) -> None:
    """Copy the inputs of a row for each lane; pad by repeating the last row."""
    if not rows:
        return
    t = w.text
    table = w.table([x * w.lanes for x in rows], c_int64)
    with t.loop("0", str(len(rows))) as k:
        column = t.new(
            f"load ptr, ptr {t.new(f'getelementptr ptr, ptr %columns, i64 {k}')}"
        )
        at = t.new(f"getelementptr i64, ptr %strides, i64 {k}")
        stride = t.new(f"load i64, ptr {at}")
        at = t.new(f"getelementptr i64, ptr {table}, i64 {k}")
        start = t.new(f"load i64, ptr {at}")
        for r in range(w.lanes):
            i = t.new(f"add nsw i64 {row}, {r}")
            beyond = t.new(f"icmp sgt i64 {i}, {last}")
            i = t.new(f"select i1 {beyond}, i64 {last}, i64 {i}")
            with t.in_lanes(1):
                x = t.load(column, t.new(f"mul nsw i64 {i}, {stride}"))
                t.store(x, "%v", t.new(f"add nsw i64 {start}, {r}"))


def _add_rows(w: RowsWriter, sums: list[str], results: list[str], row: str) -> None:
    """Add the results of the rows that there are to the sums."""
    t, n = w.text, w.lanes
    left = t.splat(t.new(f"sub nsw i64 %end, {row}"), "i64")
    numbers = ", ".join(f"i64 {r}" for r in range(n))
    is_row = t.new(f"icmp sgt <{n} x i64> {left}, <{numbers}>")
    for variable, x in zip(sums, results, strict=True):
        before = t.new(f"load {t.type}, ptr {variable}")
        counted = t.select(is_row, x, t.number(0.0))
        t.write(f"store {t.type} {t.binary('fadd', before, counted)}, ptr {variable}")
