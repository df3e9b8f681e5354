"""cycles: about how long an iteration of a loop takes, for numbers or vectors of them.

An iteration begins when what is carried is there, while others still run: so it takes
as long as the longest chain from what it carries to what it hands on, or as long as all
of its instructions one by one, whichever is more. The figures are those of vectors of
doubles on processors of about 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.loop import Loop
from autograd.compiler.program import Instruction, Program
from autograd.primitives.elementary import sumprod

# By primitives: cycles until the result is there; until the next one can begin.
PLAIN = (4.0, 1.0)
SLOW = {"div": (24.0, 16.0), "quotient": (24.0, 16.0), "sqrt": (30.0, 24.0)}
LIBRARY = (60.0, 40.0)
OF_A_CYCLE = frozenset({
    "add", "sub", "mul", "neg", "fma", "square", "abs", "copysign", "floor", "ceil",
    "trunc", "rint", "whole", "greater", "equal", "where", "step", "relu", "maximum",
    "minimum", "strong_mul",
})  # fmt: skip

Ready = float | None  # when a number is there; None if that is long ago


def cycles(body: Program, carried: int) -> float:
    """Return about how many cycles an iteration takes.

    Args:
        body: a loop's body, in primitives that the machine has.
        carried: how many of its first inputs and outputs are carried.

    """
    ready: list[Ready] = [None] * body.first_result
    ready[:carried] = [0.0] * carried
    busy = 0.0
    for step in body.code:
        if type(step) is Loop:
            takes = step.count * cycles(step.body, len(step.carried))
            begin = _latest([ready[x] for x in step.carried])
            ready += [None if begin is None else begin + takes] * step.width
            busy += takes
            continue
        after, own = _speed(step)
        busy += own
        ready.append(_done([ready[x] for x in step.operands], step, after))
    handed_on = _latest([ready[x] for x in body.outputs[:carried]])
    return max(busy, handed_on or 0.0)


def _speed(step: Instruction) -> tuple[float, float]:
    """Return how long a result takes, and how long until the next can begin."""
    if step.primitive is sumprod:
        return PLAIN[0], PLAIN[1] * (len(step.operands) // 2)
    name = step.primitive.name
    return PLAIN if name in OF_A_CYCLE else SLOW.get(name, LIBRARY)


def _done(operands: Sequence[Ready], step: Instruction, takes: float) -> Ready:
    """Return when a result is there; what is there first is added up first."""
    if step.primitive is not sumprod:
        begin = _latest(operands)
        return None if begin is None else begin + takes
    n = len(operands) // 2
    pairs = [_latest(pair) for pair in zip(operands[:n], operands[n:], strict=True)]
    total: Ready = None
    for x in sorted(x for x in pairs if x is not None):
        total = max(total or 0.0, x) + takes
    return total


def _latest(times: Sequence[Ready]) -> Ready:
    return max([x for x in times if x is not None], default=None)
