"""flat: short loops within loops, whose iterations stand side by side, written out.

The cells of a layer, a filter's rows, the states of a chain: in the body of a loop over
time, such loops are short, and their iterations need little of one another. Written
out, they are like instructions in one block, which become vectors
(`autograd.compiler.schedule.packs`). Where most do not, the loop stays.
"""

from __future__ import annotations

from dataclasses import replace

from autograd.compiler.loop import Loop
from autograd.compiler.machine.spellings import weigh
from autograd.compiler.passes.exits import exits
from autograd.compiler.program import Program
from autograd.compiler.schedule.lines import Lines
from autograd.compiler.schedule.packs import Packing

LONG = 4000  # instructions of a block
PACKED = 0.6  # of what they cost must be in vectors


def flattened(program: Program, width: int) -> Program:
    """Return the program with loops written out that are within loops.

    # for k: {for j < 14: a(j)}  ->  for k: {a(0) a(1) ... a(13)}

    Args:
        program: in primitives that the machine has.
        width: how many doubles the machine computes at once.

    """
    code = tuple(
        replace(step, body=_flat(step.body, width)) if type(step) is Loop else step
        for step in program.code
    )
    return program.replace(code=code)


def _flat(body: Program, width: int) -> Program:
    """Return the body of a loop with its own loops written out, if that pays."""
    if not body.has_loops:
        return body
    body = flattened(body, width)
    if body.performed > LONG or exits(body):
        return body
    straight = body.unrolled()
    return straight if share(straight, width) >= PACKED else body


def share(body: Program, width: int) -> float:
    """Return how much of what a straight body costs is computed in vectors."""
    n = len(body.inputs)
    carried = dict(zip(range(n), body.outputs, strict=False))
    lines = Lines(fixed=range(n, body.first_result), carried=carried)
    steps = [*enumerate(body.straight, body.first_result)]
    costs = [
        (len(group.places), (cost.one if cost else 1) * len(group.places))
        for group in Packing(lines, width, weigh).packed(steps)
        for cost in [weigh(group.primitive)]
    ]
    return sum(cost for n, cost in costs if n > 1) / max(1, sum(x for _, x in costs))
