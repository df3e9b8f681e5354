"""rows: the function of a batch, block by block; and the one that threads call.

Letters: ``row`` is the block's first row, ``m`` how many rows it has, ``whole`` is m
rounded up to a multiple of the lanes.
"""

from __future__ import annotations

from autograd.compiler.machine.functions import write_functions
from autograd.compiler.machine.memory import Writer
from autograd.compiler.machine.sums import Block, add_lanes, write_sums
from autograd.compiler.machine.text import Module, Text
from autograd.compiler.program import Guard
from autograd.compiler.schedule.plan import Plan

MANY = 64  # outputs, or guards: in one stretch of code, LLVM's time is their square


def write_batch(module: Module, plan: Plan) -> None:
    """Write the function of a batch of rows, and the one that cuts it into pieces.

    ``i32 run(double *u, double **columns, i64 *strides, i64 begin, i64 end,
    double *out, i64 height, i8 *flags, double *room)`` reads row i of input k at
    ``columns[k][i * strides[k]]``. It writes result k of row i to
    ``out[k * height + i]``, or adds the sums over the rows to ``out[k]``; and for
    each row whether all guards hold.
    """
    p, n, layout = plan.program, plan.lanes, plan.layout
    once = write_functions(module, plan, "once", plan.once, 1)
    per_row = write_functions(module, plan, "rows", plan.per_row, n)
    head = (
        "i32 @run(ptr noalias %u, ptr %columns, ptr %strides, i64 %begin, "
        "i64 %end, ptr noalias %out, i64 %height, ptr %flags, ptr noalias %room)"
    )
    t = Writer(module, plan, head)
    # Vectors that lie across two of the cache's lines take twice the time.
    module.declare("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
    after = t.new("getelementptr i8, ptr %room, i64 63")
    t.write(f"%v = call ptr @llvm.ptrmask.p0.i64(ptr {after}, i64 -64)")
    t.begin(once)
    ok = t.all_hold([g for g in p.guards if plan.is_asked_once(g)], "0")
    varying = [g for g in p.guards if not plan.is_asked_once(g)]
    sums = t.address("%v", str(layout.varying * layout.block))
    if plan.reduce:
        size = 8 * layout.sums * n
        module.declare("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)")
        t.write(
            f"call void @llvm.memset.p0.i64(ptr {sums}, i8 0, i64 {size}, i1 false)"
        )
    last = t.new("sub nsw i64 %end, 1")
    sum_at: dict[int, int] = {}
    with t.loop("%begin", "%end", layout.block) as row:
        left = t.new(f"sub nsw i64 %end, {row}")
        few = t.new(f"icmp slt i64 {left}, {layout.block}")
        m = t.new(f"select i1 {few}, i64 {left}, i64 {layout.block}")
        up = t.new(f"add nsw i64 {m}, {n - 1}")
        whole = t.new(f"and i64 {up}, {-n}")
        _read_rows(t, row, last, whole)
        for name in per_row:
            t.write(f"call void @{name}(ptr %u, ptr %v, i64 {whole})")
        with t.in_lanes(n):
            if plan.reduce:
                sum_at = write_sums(t, Block(sums, m, whole))
            else:
                _write_rows(t, row, whole)
            if varying:
                _write_flags(t, varying, row, whole)
    if plan.reduce:
        add_lanes(t, sums, sum_at)
    t.end(ok)
    write_pieces(module)


def _read_rows(t: Writer, row: str, last: str, whole: str) -> None:
    """Copy the block's inputs; pad the last vector by repeating the last row."""
    n, block = t.plan.lanes, t.plan.layout.block
    with t.loop("0", str(len(t.plan.rows or ()))) as k:
        place = t.new(f"getelementptr ptr, ptr %columns, i64 {k}")
        column = t.new(f"load ptr, ptr {place}")
        place = t.new(f"getelementptr i64, ptr %strides, i64 {k}")
        stride = t.new(f"load i64, ptr {place}")
        start = t.new(f"mul nsw i64 {k}, {block}")
        most = t.new(f"sub nsw i64 {last}, {row}")
        inside = t.new(f"icmp slt i64 {most}, {whole}")
        end = t.new(f"select i1 {inside}, i64 {most}, i64 {whole}")
        # Columns that are arrays of their own are copied by vectors.
        in_line = t.new(f"icmp eq i64 {stride}, 1")
        vectors = t.new(f"and i64 {end}, {-n}")
        copied = t.new(f"select i1 {in_line}, i64 {vectors}, i64 0")
        with t.in_lanes(n), t.loop("0", copied, n) as r:
            x = t.load(column, t.new(f"add nsw i64 {row}, {r}"))
            t.store(x, "%v", t.new(f"add nsw i64 {start}, {r}"))
        with t.loop(copied, end) as r:
            i = t.new(f"add nsw i64 {row}, {r}")
            x = t.load(column, t.new(f"mul nsw i64 {i}, {stride}"))
            t.store(x, "%v", t.new(f"add nsw i64 {start}, {r}"))
        x = t.load(column, t.new(f"mul nsw i64 {last}, {stride}"))
        with t.loop(end, whole) as r:
            t.store(x, "%v", t.new(f"add nsw i64 {start}, {r}"))


def _write_rows(t: Writer, row: str, whole: str) -> None:
    """Write the results of the block's rows."""
    plan, outputs = t.plan, t.plan.program.outputs
    if len(outputs) > MANY:
        for uniform in (False, True):
            _write_many(t, row, whole, uniform=uniform)
        return
    with t.loop("0", whole, plan.lanes) as r:
        i = t.new(f"add nsw i64 {row}, {r}")
        for k, place in enumerate(outputs):
            start = t.new(f"mul nsw i64 %height, {k}")
            at = t.new(f"add nsw i64 {start}, {i}")
            t.store(t.value(place, r), "%out", at)


def _write_many(t: Writer, row: str, whole: str, *, uniform: bool) -> None:
    """Write those results that are the same for all rows, or the others, in a loop."""
    plan, outputs = t.plan, t.plan.program.outputs
    chosen = [k for k, x in enumerate(outputs) if bool(plan.is_uniform[x]) is uniform]
    if not chosen:
        return
    with t.loop("0", str(len(chosen))) as j:
        slot = t.slot([plan.slots[outputs[k]] for k in chosen], j)
        start = t.new(f"mul nsw i64 %height, {t.slot(chosen, j)}")
        first = t.new(f"add nsw i64 {start}, {row}")
        with t.loop("0", whole, plan.lanes) as r:
            x = t.at(slot, r, uniform=uniform)
            t.store(x, "%out", t.new(f"add nsw i64 {first}, {r}"))


def _write_flags(t: Writer, guards: list[Guard], row: str, whole: str) -> None:
    """Write for each row of the block whether all guards hold."""
    n = t.plan.lanes
    many, few = _alike(t.plan, guards)
    fine = t.variable(t.flag)
    with t.loop("0", whole, n) as r:
        ok = t.all_hold(few, r) or "splat (i1 true)"
        t.write(f"store {t.flag} {ok}, ptr {fine}")
        for like, slots in many:
            with t.loop("0", str(len(slots))) as j:
                a = t.at(t.slot(slots, j), r, uniform=False)
                before = t.new(f"load {t.flag}, ptr {fine}")
                ok = t.new(f"and {t.flag} {before}, {t.holds(like, a, r)}")
                t.write(f"store {t.flag} {ok}, ptr {fine}")
        ok = t.new(f"load {t.flag}, ptr {fine}")
        bits = t.new(f"zext <{n} x i1> {ok} to <{n} x i8>")
        i = t.new(f"add nsw i64 {row}, {r}")
        at = t.new(f"getelementptr i8, ptr %flags, i64 {i}")
        t.write(f"store <{n} x i8> {bits}, ptr {at}, align 1")


def _alike(
    plan: Plan, guards: list[Guard]
) -> tuple[list[tuple[Guard, list[int]]], list[Guard]]:
    """Return many guards that are alike but for a place, its slots; and the others."""
    alike: dict[tuple[str, int, bool], list[Guard]] = {}
    for g in guards:
        b = -1 if g.relation == "finite" else g.b
        alike.setdefault((g.relation, b, g.holds), []).append(g)
    many, few = [], []
    for found in alike.values():
        varying = [g for g in found if not plan.is_uniform[g.a]]
        if len(varying) <= MANY:
            few += found
            continue
        many.append((varying[0], [plan.slots[g.a] for g in varying]))
        few += [g for g in found if plan.is_uniform[g.a]]
    return many, few


def write_pieces(module: Module) -> None:
    """Write the function of a batch that is cut into pieces, for several threads.

    ``i32 run_pieces(i64 *next, i64 size, i64 step, u, columns, strides, i64 end,
    out, height, flags, room)`` takes piece after piece of so many rows, whichever
    is next, and writes its results, or sums, from ``out[piece * step]`` on.
    """
    head = (
        "i32 @run_pieces(ptr %next, i64 %size, i64 %step, ptr %u, "
        "ptr %columns, ptr %strides, i64 %end, ptr %out, i64 %height, ptr %flags, "
        "ptr %room)"
    )
    t = Text(module, head, 1)
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
        f"call i32 @run(ptr %u, ptr %columns, ptr %strides, i64 {begin}, "
        f"i64 {stop}, ptr {out}, i64 %height, ptr %flags, ptr %room)"
    )
    before = t.new(f"load i32, ptr {fine}")
    t.write(f"store i32 {t.new(f'and i32 {before}, {found}')}, ptr {fine}")
    t.write(f"br label %{again}")
    t.write(f"{done}:")
    t.write(f"ret i32 {t.new(f'load i32, ptr {fine}')}")
    t.finish()
