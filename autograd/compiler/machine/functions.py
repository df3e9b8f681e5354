"""functions: groups as functions of limited length, and what calls them for numbers.

LLVM's time grows faster than a function's length, so that of a program is cut.
"""

from __future__ import annotations

from autograd.compiler.machine.loops import write_loop, write_run
from autograd.compiler.machine.memory import Writer
from autograd.compiler.machine.nested import fine_calls, write_call
from autograd.compiler.machine.products import write_sumprods, write_uniform_sumprods
from autograd.compiler.machine.text import Module
from autograd.compiler.schedule.groups import FEW, Group
from autograd.compiler.schedule.plan import Functions, Plan


def write_functions(
    module: Module, plan: Plan, kind: str, functions: Functions, lanes: int
) -> list[str]:
    """Write groups as functions; return their names."""
    names = [f"run_{kind}{i}" for i in range(len(functions))]
    keep = "noinline " if len(functions) > 1 else ""
    for name, stages in zip(names, functions, strict=True):
        head = f"internal void @{name}(ptr noalias %u, ptr noalias %v, i64 %n) {keep}"
        t = Writer(module, plan, head, lanes)
        _write_stages(t, stages)
        t.write("ret void")
        t.finish()
    return names


def _write_stages(t: Writer, stages: list[Group]) -> None:
    run: list[Group] = []
    for stage in [*stages, None]:
        if stage is not None and not stage.is_loop:
            run.append(stage)
            continue
        if run:
            alone = run
            t.over_rows(lambda r, alone=alone: write_run(t, alone, r))  # type: ignore[misc]
            run = []
        if stage is None:
            break
        if stage.is_call:
            write_call(t, stage)
        elif not stage.is_sum:
            write_loop(t, stage)
        elif t.plan.is_uniform[stage.places[0]]:
            write_uniform_sumprods(t, stage)
        else:
            write_sumprods(t, stage)


def write_single(module: Module, plan: Plan) -> None:
    """Write ``i32 run(double *u, double *out)``, which returns 1 if all guards hold."""
    once = write_functions(module, plan, "once", plan.once, 1)
    t = Writer(module, plan, "i32 @run(ptr noalias %u, ptr noalias %out)")
    t.begin(once)
    _write_outputs(t)
    t.end(fine_calls(t, t.all_hold(plan.program.guards, "0")))


def _write_outputs(t: Writer) -> None:
    """Write the outputs, in loops where they are side by side."""
    program = t.plan.program
    outputs = program.outputs
    slots = [t.plan.slots[x] for x in outputs]
    i = 0
    while i < len(outputs):
        n = 1
        while i + n < len(outputs) and slots[i + n] == slots[i] + n:
            n += 1
        if n < FEW or program.is_constant(outputs[i]):
            n = 1
            t.store(t.value(outputs[i], "0"), "%out", str(i))
        else:
            with t.loop("0", str(n)) as k:
                x = t.spread("%u", t.new(f"add nsw i64 {k}, {slots[i]}"))
                t.store(x, "%out", t.new(f"add nsw i64 {k}, {i}"))
        i += n
