"""guards: what native code must check, since it cannot raise as Python does."""

from __future__ import annotations

from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives.arithmetic import mul, strong_mul


def guarded(program: Program) -> Program:
    """Add the checks that stand for Python's errors, and relax the strong zero.

    Where Python raises, native code gives an infinity or a NaN. If that is sure to show
    in an output, which the caller looks at, nothing is needed; otherwise the program
    gets a guard that it is finite. An infinite partial times an adjoint of 0 is a NaN
    in native code, instead of 0; where it shows, plain products will do.
    """
    first = program.first_result
    shows = bytearray(program.size)
    for x in program.outputs:
        shows[x] = 1
    code = list(program.code)
    guards = list(program.guards)
    for i in range(len(code) - 1, -1, -1):
        step, place = code[i], first + i
        if not shows[place] and not step.row.silent:
            guards.append(Guard("finite", place, place))
            shows[place] = 1
        if not shows[place]:
            continue
        if step.row is strong_mul:
            step = code[i] = Instruction(mul, step.operands)
        for k, x in enumerate(step.operands):
            if k in step.row.spreads:
                shows[x] = 1
    return program.replace(code=tuple(code), guards=tuple(guards))
