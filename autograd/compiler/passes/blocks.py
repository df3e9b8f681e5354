"""blocks: passes over straight code, applied to a program with loops block by block.

A pass knows straight code alone. What is around the loops of a program is straight if
their results are taken for inputs, and what they need for outputs; and so is a body
without loops in it. `by_blocks` takes a program apart like this, lets a pass change
each part, and puts it together again: each instruction as early as what it needs is
there, between the loops. Bodies are what they were, in fewer instructions: what they
carry, read and keep stays, until `prune` drops what nobody asks for any more.

    before for k: a = f(x); y = a + a  ->  the block of the loop, changed by the pass,
    within straight code, changed by the pass
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.collector import waiting
from autograd.compiler.loop import Along, At, Loop, Numbers, Read, is_fixed
from autograd.compiler.program import Guard, Instruction, Program

Change = Callable[[Program, Sequence[bool]], Program]


@waiting()
def by_blocks(
    program: Program, change: Change, shown: Sequence[bool] | None = None
) -> Program:
    """Return the program with its straight code, and that of each body, changed.

    Args:
        program: with loops, or without.
        change: takes straight code, and for each of its outputs whether the program's
            results are not finite if it is not; returns it with the same inputs and as
            many outputs.
        shown: for each of the program's outputs whether that is so; None for all.

    """
    shown = [True] * len(program.outputs) if shown is None else shown
    if not program.has_loops:
        return change(program, shown)
    shows = shows_in(program, shown)
    straight, parts = _straight(program)
    changed = change(straight, [bool(shows[x]) for x in parts.needed])
    loops = []
    for place, loop in parts.loops:
        inner = _outputs_shown(loop, place, shows)
        loops.append(by_blocks(loop.body, change, inner))
    return _together(program, changed, parts, loops)


class _Parts:
    """How a program was taken apart.

    Attributes:
        loops: each with its first place.
        taken: the places of loops' results that the straight code reads.
        needed: the places that its outputs are: what anybody reads.

    """

    def __init__(self, program: Program) -> None:
        self.loops = [
            (place, step) for place, step in program.placed() if type(step) is Loop
        ]
        self.inside = bytearray(program.size)  # of places that a loop fills
        for place, loop in self.loops:
            self.inside[place : place + loop.width] = b"\1" * loop.width
        asked = [x for g in program.guards for x in (g.a, g.b)]
        operands = [
            x for step in program.code if type(step) is not Loop for x in step.operands
        ]
        self.taken = [x for x in dict.fromkeys([*operands, *asked]) if self.inside[x]]
        wanted = dict.fromkeys(program.outputs)
        for _, loop in self.loops:
            wanted.update(dict.fromkeys(loop.carried))
            for read in loop.reads:
                wanted.update(dict.fromkeys(read_places(read, loop.count)))
        n = len(program.inputs)
        self.needed = [x for x in wanted if x >= n and not self.inside[x]]


def read_places(read: Read, count: int) -> Sequence[int]:
    """Return the places that a read meets, each once."""
    if type(read) is Numbers:
        return ()
    if type(read) is At:
        return read.places
    if read.stride == 0:
        return (read.place,)
    return range(read.place, read.at(count), read.stride)


def moving(program: Program) -> set[int]:
    """Return the places that loops in a program read, others in each iteration."""
    return {
        x
        for step in program.code
        if type(step) is Loop
        for read in step.reads
        if not is_fixed(read)
        for x in read_places(read, step.count)
    }


def meets_own(first: int, loop: Loop) -> bool:
    """Return whether iterations of a loop, at a place, read what earlier ones kept."""
    ends = (0, loop.count - 1)
    return any(
        max(read.places if type(read) is At else map(read.at, ends)) >= first
        for read in loop.reads
        if type(read) is not Numbers
    )


def _straight(program: Program) -> tuple[Program, _Parts]:
    """Return the straight code of a program, and how it was taken apart."""
    parts = _Parts(program)
    n, shift = len(program.inputs), len(parts.taken)
    new = [*range(n), *range(n + shift, program.first_result + shift)]
    new += [-1] * (program.size - len(new))
    for i, x in enumerate(parts.taken):
        new[x] = n + i
    code: list[Instruction | Loop] = []
    first = program.first_result + shift
    for place, step in program.placed():
        if type(step) is not Loop:
            new[place] = first + len(code)
            code.append(
                Instruction(step.primitive, tuple([new[x] for x in step.operands]))
            )
    straight = program.replace(
        inputs=(*program.inputs, *[""] * shift),
        code=tuple(code),
        outputs=tuple([new[x] for x in parts.needed]),
        guards=tuple(
            Guard(g.relation, new[g.a], new[g.b], g.holds) for g in program.guards
        ),
    )
    return straight, parts


def _together(
    program: Program, straight: Program, parts: _Parts, bodies: list[Program]
) -> Program:
    """Return the program made of changed straight code and changed bodies."""
    import numpy as np

    n, taken = len(program.inputs), parts.taken
    loop_of = np.searchsorted([place for place, _ in parts.loops], taken, "right")
    by_level = _levels(straight, [0] * n + loop_of.tolist(), len(parts.loops))
    # Where the places of the straight code, and the old places, are now.
    now = [-1] * straight.size
    new = np.full(program.size, -1, dtype=np.int64)
    old_of: dict[int, list[int]] = {}
    for old, x in zip(parts.needed, straight.outputs, strict=True):
        old_of.setdefault(x, []).append(old)

    def settle(x: int, at: int) -> None:
        now[x] = at
        for old in old_of.get(x, ()):
            new[old] = at

    first, place = straight.first_result, n + len(straight.constants)
    new[:n] = np.arange(n)
    for x in range(n):
        settle(x, x)
    for i in range(len(straight.constants)):
        settle(n + len(taken) + i, n + i)
    code: list[Instruction | Loop] = []
    for number, members in enumerate(by_level):
        for i in members:
            step = straight.straight[i]
            code.append(
                Instruction(step.primitive, tuple([now[x] for x in step.operands]))
            )
            settle(first + i, place)
            place += 1
        if number < len(parts.loops):
            start, loop = parts.loops[number]
            new[start : start + loop.width] = np.arange(place, place + loop.width)
            code.append(moved(loop, bodies[number], new))
            place += loop.width
            for i in np.flatnonzero(loop_of == number + 1).tolist():
                settle(n + i, int(new[taken[i]]))
    return program.replace(
        constants=straight.constants,
        code=tuple(code),
        outputs=tuple(new[list(program.outputs)].tolist()),
        guards=tuple(
            Guard(g.relation, now[g.a], now[g.b], g.holds) for g in straight.guards
        ),
    )


def _levels(straight: Program, inputs: list[int], loops: int) -> list[list[int]]:
    """Return the instructions that need no loop, those that need the first, ...

    Args:
        straight: the code around the loops.
        inputs: for each input how many loops it needs.
        loops: how many there are.

    """
    level = inputs + [0] * len(straight.constants)
    found: list[list[int]] = [[] for _ in range(loops + 1)]
    for i, step in enumerate(straight.straight):
        needed = max((level[x] for x in step.operands), default=0)
        level.append(needed)
        found[needed].append(i)
    return found


def moved(loop: Loop, body: Program, new: Any) -> Loop:
    """Return a loop of another body, given where all places are now."""
    reads = tuple([move_read(read, loop.count, new) for read in loop.reads])
    carried = tuple(new[list(loop.carried)].tolist()) if loop.carried else ()
    return Loop(loop.count, body, carried, reads)


def move_read(read: Read, count: int, new: Any) -> Read:
    """Return a read of the same numbers, given where all places are now."""
    if type(read) is Numbers:
        return read
    if is_fixed(read) or (type(read) is Along and count == 1):
        return Along(int(new[read.place]))
    return in_line(new[list(read_places(read, count))])


def in_line(places: Any) -> Read:
    """Return a read along a line, or else at listed places."""
    import numpy as np

    stride = int(places[1] - places[0])
    if (np.diff(places) == stride).all():
        return Along(int(places[0]), stride)
    return At(tuple(places.tolist()))


def shows_in(program: Program, shown: Sequence[bool]) -> bytearray:
    """Return for each place whether a result is not finite if what is there is not.

    Args:
        program: the program.
        shown: for each of its outputs whether anybody looks at it.

    """
    shows = bytearray(program.size)
    for x, flag in zip(program.outputs, shown, strict=True):
        shows[x] |= flag
    for place, step in reversed([*program.placed()]):
        if type(step) is Loop:
            _show_reads(step, place, shows)
        elif shows[place]:
            for k, x in enumerate(step.operands):
                if k in step.primitive.spreads:
                    shows[x] = 1
    return shows


def _outputs_shown(loop: Loop, first: int, shows: bytearray) -> list[bool]:
    """Return for each output of a loop's body whether it shows in every iteration.

    A carried number does so if the last one shows, and if it shows in what is carried
    on from each iteration to the next.
    """
    n, count = len(loop.carried), loop.count
    carried = [bool(shows[first + j]) for j in range(n)]
    start = first + n
    kept = [
        all(shows[start + i * count : start + (i + 1) * count])
        for i in range(loop.kept)
    ]
    while True:
        inside = shows_in(loop.body, [*carried, *kept])
        still = [flag and bool(inside[j]) for j, flag in enumerate(carried)]
        if still == carried:
            return [*carried, *kept]
        carried = still


def _show_reads(loop: Loop, first: int, shows: bytearray) -> None:
    """Mark what a loop reads from outside, and what shows in it."""
    inside = shows_in(loop.body, _outputs_shown(loop, first, shows))
    for j, x in enumerate(loop.carried):
        if inside[j] and shows[first + j]:
            shows[x] = 1
    for j, read in enumerate(loop.reads, len(loop.carried)):
        if inside[j]:
            for x in read_places(read, loop.count):
                shows[x] = 1
