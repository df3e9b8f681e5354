"""rolled_rows: a program with loops over a batch: lanes are rows, the loop is inside.

As many rows as the machine has lanes are computed at once, from the first step of their
loops to the last. A series that is the same for all rows is read where it is, one
number for all lanes: a copy for each lane would take it out of the caches. All else
that is the same for all rows is copied, as constants are: spread to all lanes where it
is read, it would be so in each iteration, a quarter of the time of a short one.

Letters: ``u`` is the memory of uniform numbers, ``v`` that of varying ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_double, c_int64
from functools import partial
from typing import Any

from autograd.compiler.loop import Along, At, Loop, Numbers, Read, is_fixed
from autograd.compiler.machine.frames import Frame
from autograd.compiler.machine.reads import Value
from autograd.compiler.machine.rolled import Writer
from autograd.compiler.machine.rows import write_pieces
from autograd.compiler.machine.segments import write_forward, write_mirror
from autograd.compiler.machine.spellings import weigh
from autograd.compiler.machine.text import Module, Text
from autograd.compiler.machine.windows import Moved
from autograd.compiler.passes.blocks import read_places
from autograd.compiler.passes.checkpoints import Checkpoints
from autograd.compiler.passes.exits import Exit
from autograd.compiler.program import Program
from autograd.compiler.schedule.layout import Layout
from autograd.compiler.schedule.lines import Lines
from autograd.compiler.schedule.places import Body, Places, Wide


class RowsWriter(Writer):
    """A writer whose data are in the text, since nobody hands them over.

    Args:
        text: the function.
        shared: the places of inputs that are the same for all rows.
        moved: where the program's places are.

    """

    def __init__(self, text: Text, shared: Sequence[int], moved: Moved) -> None:
        super().__init__(text, "%v")
        self.moved = moved
        self.shared = {place: i for i, place in enumerate(shared)}  # where in ``u``

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

    def loop(self, frame: Frame, body: Body) -> None:
        """Write a loop."""
        if not body.loop.width:  # its place is another loop's
            super().loop(frame, body)
        elif body.first in self.moved.forward:
            write_forward(self, frame, body, self.moved.forward[body.first])
        elif body.first in self.moved.mirror:
            write_mirror(self, frame, body, self.moved.mirror[body.first])
        else:
            super().loop(frame, body)

    def others(self, frame: Frame, loop: Loop) -> dict[int, Value]:
        """Return what reads inputs that are the same for all rows."""
        found: dict[int, Value] = {}
        if frame.base:
            return found
        t = self.text
        for j, read in enumerate(loop.reads, len(loop.carried)):
            at = None if is_fixed(read) else self.of_shared(read, loop.count)
            if type(at) is At:
                table = self.table(at.places, c_int64)
                found[j] = partial(self._listed, table)
            elif type(at) is Along:
                start = t.address("%u", str(at.place))
                found[j] = partial(self._strided, start, at.stride)
        return found

    def _listed(self, table: str, k: str) -> str:
        return self.text.spread("%u", self.text.load_whole(table, k))

    def _strided(self, start: str, stride: int, k: str) -> str:
        return self.text.spread(start, self.text.new(f"mul nsw i64 {k}, {stride}"))

    def of_shared(self, read: Read, count: int) -> Along | At | None:
        """Return where in ``u`` a read is, None if it is not, or not along a line."""
        if type(read) is Numbers:
            return None
        ends = (read.at(0), read.at(count - 1)) if type(read) is Along else read.places
        at = [self.shared.get(x, -1) for x in ends]
        if -1 in at:
            return None
        if type(read) is At:
            return At(tuple(at))
        in_line = at[1] - at[0] == ends[1] - ends[0]
        return Along(at[0], read.stride) if in_line else None


def write_rows_with_loops(
    module: Module,
    program: Program,
    leaves: dict[int, Exit],
    cuts: Sequence[Checkpoints],
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
        cuts: loops that keep checkpoints, and run again what is between them.
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
    own = set(rows)
    moved = Moved(program, cuts)
    w = RowsWriter(t, [x for x in range(len(program.inputs)) if x not in own], moved)
    places = Places(program, Wide(1, weigh), Lines(), moved)
    _copy_uniform(w, program)
    sums = [t.variable(t.type) for _ in program.outputs] if reduce else []
    for variable in sums:
        t.write(f"store {t.type} {t.number(0.0)}, ptr {variable}")
    last = t.new("sub nsw i64 %end, 1")
    with t.loop("%begin", "%end", lanes) as row:
        w.begin()
        _read_rows(w, rows, row, last)
        frame = w.frame(places, 0, leaves)
        w.block(frame)
        results = [*map(frame.value, program.outputs)]
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
    return Layout(len(w.shared), w.room, lanes, len(sums), lanes, flagged=w.asked)


def _copy_uniform(w: RowsWriter, program: Program) -> None:
    """Write to all lanes what is the same for all rows, and not read where it is."""
    t, n = w.text, len(program.inputs)
    needed = {*program.outputs, *[x for g in program.guards for x in (g.a, g.b)]}
    for step in program.code:
        if type(step) is not Loop:
            needed.update(step.operands)
            continue
        needed.update(step.carried)
        for read in step.reads:
            if is_fixed(read) or w.of_shared(read, step.count) is None:
                needed.update(read_places(read, step.count))
    copied = [(i, x) for x, i in w.shared.items() if x in needed]
    constants = [(i, n + i) for i in range(len(program.constants))]
    for source, pairs in (("%u", copied), ("", constants)):
        if not pairs:
            continue
        base = source or w.table(program.constants, c_double)
        indices = w.table([i for i, _ in pairs], c_int64)
        places = w.table([x * w.lanes for _, x in pairs], c_int64)
        with t.loop("0", str(len(pairs))) as k:
            index = t.load_whole(indices, k)
            t.store(t.spread(base, index), "%v", t.load_whole(places, k))


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
        stride, start = t.load_whole("%strides", k), t.load_whole(table, k)
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
