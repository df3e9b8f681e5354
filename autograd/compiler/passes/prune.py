"""prune: drop what nobody asks for, in loops and around them.

before for k: a = f(x); b = g(a); keep a, b; nobody reads b
after  for k: a = f(x); keep a
"""

from __future__ import annotations

from typing import Any

from autograd.compiler.loop import Loop
from autograd.compiler.passes.blocks import moved, read_places
from autograd.compiler.passes.builder import live, may_raise
from autograd.compiler.program import Guard, Instruction, Program


def prune(program: Program, *, raising: bool) -> Program:
    """Return the program without what nothing depends on, in loops and around them.

    Args:
        program: any program.
        raising: whether instructions that may raise stay, too.

    """
    import numpy as np

    if not program.has_loops:
        return live(program, raising=raising)
    used = np.zeros(program.size, dtype=bool)
    used[list(program.outputs)] = True
    used[[x for g in program.guards for x in (g.a, g.b)]] = True
    slim: dict[int, tuple[Loop, list[int]]] = {}  # by which step of the code it is
    for i, (place, step) in reversed([*enumerate(program.placed())]):
        if type(step) is not Loop:
            if used[place] or (raising and may_raise(step)):
                used[place] = used[list(step.operands)] = True
            continue
        loop, kept = slimmed(step, place, used, raising=raising)
        if loop is None:
            continue
        slim[i] = loop, kept
        used[list(loop.carried)] = True
        for read in loop.reads:
            used[list(read_places(read, loop.count))] = True
    return _compacted(program, used, slim)


def _compacted(
    program: Program, used: Any, slim: dict[int, tuple[Loop, list[int]]]
) -> Program:
    """Return the program of the used places and slim loops alone."""
    import numpy as np

    n = len(program.inputs)
    new = np.full(program.size, -1, dtype=np.int64)
    new[:n] = np.arange(n)
    constants = n + np.flatnonzero(used[n : program.first_result])
    new[constants] = n + np.arange(len(constants))
    at = n + len(constants)
    code: list[Instruction | Loop] = []
    for i, (place, step) in enumerate(program.placed()):
        if type(step) is not Loop:
            if used[place]:
                operands = tuple(new[list(step.operands)].tolist())
                code.append(Instruction(step.primitive, operands))
                new[place] = at
                at += 1
        elif i in slim:
            loop, kept = slim[i]
            m = len(step.carried)
            for x in kept:
                if x < m:
                    new[place + x] = at
                    at += 1
                else:
                    start = place + m + (x - m) * step.count
                    new[start : start + step.count] = np.arange(at, at + step.count)
                    at += step.count
            code.append(moved(loop, loop.body, new))
    return program.replace(
        constants=tuple([program.constants[x - n] for x in constants.tolist()]),
        code=tuple(code),
        outputs=tuple(new[list(program.outputs)].tolist()),
        guards=tuple(
            Guard(g.relation, int(new[g.a]), int(new[g.b]), g.holds)
            for g in program.guards
        ),
    )


def slimmed(
    loop: Loop, first: int, used: Any, *, raising: bool
) -> tuple[Loop | None, list[int]]:
    """Return a loop of what is used alone, and which of its outputs these are.

    Nothing but its guards may be left of it; None if not even that.
    """
    n, count, body = len(loop.carried), loop.count, loop.body
    kept = []
    for i in range(loop.kept):
        start = first + n + i * count
        if used[start : start + count].any():
            kept.append(n + i)
    # What a loop reads of its own is used, too.
    carried = {j for j in range(n) if used[first + j]}
    while True:
        outputs = [*sorted(carried), *kept]
        fewer = body.replace(outputs=tuple([body.outputs[x] for x in outputs]))
        slim = prune(fewer, raising=raising)
        asked = _asked(slim)
        more = {j for j in range(n) if asked[j]} - carried
        own = {
            n + (x - first - n) // count
            for j, read in enumerate(loop.reads, n)
            if asked[j]
            for x in read_places(read, count)
            if x >= first + n
        }.difference(kept)
        if not more and not own:
            break
        carried |= more
        kept = sorted({*kept, *own})
    if not (outputs or slim.guards or slim.code):
        return None, []
    wanted = [j for j in range(len(body.inputs)) if asked[j] or j in carried]
    new = Loop(
        count,
        _without_inputs(slim, wanted),
        tuple([loop.carried[j] for j in wanted if j < n]),
        tuple([loop.reads[j - n] for j in wanted if j >= n]),
    )
    return new, outputs


def _asked(program: Program) -> Any:
    """Return for each input whether anything depends on it, in pruned code."""
    import numpy as np

    used = np.zeros(program.size, dtype=bool)
    used[list(program.outputs)] = True
    used[[x for g in program.guards for x in (g.a, g.b)]] = True
    for step in program.code:
        if type(step) is not Loop:
            used[list(step.operands)] = True
            continue
        used[list(step.carried)] = True
        for read in step.reads:
            used[list(read_places(read, step.count))] = True
    return used


def _without_inputs(program: Program, wanted: list[int]) -> Program:
    """Return the program with some of its inputs alone."""
    import numpy as np

    n, m = len(program.inputs), len(wanted)
    new = np.arange(program.size, dtype=np.int64) - (n - m)
    new[:n] = -1
    new[wanted] = np.arange(m)
    return program.replace(
        inputs=tuple([program.inputs[x] for x in wanted]),
        code=tuple(
            moved(s, s.body, new)
            if type(s) is Loop
            else Instruction(s.primitive, tuple(new[list(s.operands)].tolist()))
            for s in program.code
        ),
        outputs=tuple(new[list(program.outputs)].tolist()),
        guards=tuple(
            Guard(g.relation, int(new[g.a]), int(new[g.b]), g.holds)
            for g in program.guards
        ),
    )
