"""nested: the call of a batch within a program: a vmapped function in a compiled one.

The batch has machine code of its own; its memory is a region of the program's uniform
memory (`autograd.compiler.schedule.layout.Region`).
"""

from __future__ import annotations

from typing import Any

from autograd.compiler.machine.memory import Writer
from autograd.compiler.schedule.groups import Group


def write_call(t: Writer, group: Group) -> None:
    """Write the call of a batch: inputs, the batch, and whether all is right."""
    element: Any = group.primitive.value
    call, operands = element.call, group.operands[0]
    at = t.plan.calls[call]
    slots = [t.plan.slots[x] for x in operands]
    if call.shared:
        with t.loop("0", str(call.shared)) as i:
            x = t.spread("%u", t.slot(slots[: call.shared], i))
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
    u, columns, strides, out, flags, v = [
        t.address("%u", str(x))
        for x in (at.u, at.columns, at.strides, at.out, at.flags, at.v)
    ]
    for batch in call.batches:
        found = t.new(
            f"call i32 inttoptr (i64 {batch.address} to ptr)(ptr {u}, "
            f"ptr {columns}, ptr {strides}, i64 0, i64 {call.height}, ptr {out}, "
            f"i64 {call.height}, ptr {flags}, ptr {v})"
        )
        _also(t, status, t.new(f"icmp ne i32 {found}, 0"))
        if batch.layout.flagged:
            with t.loop("0", str(call.height)) as i:
                place = t.new(f"getelementptr i8, ptr {flags}, i64 {i}")
                flag = t.new(f"load i8, ptr {place}")
                _also(t, status, t.new(f"icmp ne i8 {flag}, 0"))
    with t.loop("0", str(len(call.runner.program.outputs))) as i:
        _also(t, status, t.is_finite(t.load(out, i)))
    final = t.new(f"load i64, ptr {status}")
    t.write(f"store i64 {final}, ptr {t.address('%u', str(at.status))}")


def _also(t: Writer, status: str, flag: str) -> None:
    """Keep the status at 1 only if the flag is set, too."""
    old = t.new(f"load i64, ptr {status}")
    new = t.new(f"and i64 {old}, {t.new(f'zext i1 {flag} to i64')}")
    t.write(f"store i64 {new}, ptr {status}")


def fine_calls(t: Writer, ok: str | None) -> str | None:
    """Return whether ok holds, and all is right with each batch that was called."""
    for region in t.plan.calls.values():
        status = t.new(f"load i64, ptr {t.address('%u', str(region.status))}")
        fine = t.new(f"icmp ne i64 {status}, 0")
        ok = fine if ok is None else t.new(f"and i1 {ok}, {fine}")
    return ok
