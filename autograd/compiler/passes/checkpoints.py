"""checkpoints: loops whose kept numbers are computed again rather than remembered.

A gradient is a loop forward, which keeps some numbers of each iteration, and a loop
that reads them from the last one to the first. Where these are many, they leave the
caches, and reading them takes longer than computing them anew. So the forward loop is
cut into segments, and keeps what it carries at the beginning of each: a *checkpoint*.
Before the mirrored loop goes through a segment, the segment is run once more from its
checkpoint, and keeps its numbers in a *window*: memory that all segments share.

    before  for t: s = f(s), keep g(s)
            for k: read what iteration l - k kept
    after   for each segment: keep s; for its t: s = f(s), put g(s) into the window
            for each, the last one first: from its s on, put g(s) into the window anew;
            for its k: read what iteration l - k put there

This says which loops those are, and how they are cut; programs stay as they are, and
their results the same to the last bit. One level of checkpoints is enough: with N
iterations it takes memory for about the root of N, which is in the second-level cache
as long as N fits into memory at all. Binomial checkpoints (Griewank and Walther, 2000,
"Algorithm 799: Revolve") take less of it, but run an iteration more than twice.

It pays for rows alone, and where much is kept for what is computed: a Runge-Kutta step
of a Lorenz system keeps 20 numbers, and its gradient takes twice as long beyond the
cache. Single numbers are an eighth of that traffic: GARCH takes the same time a step up
to 300,000 steps, Lorenz up to 30,000; what they kept comes as fast as it is needed. So
it does for rows of GARCH, of a Kalman filter, of an oscillator by leapfrog, which wait
for other numbers meanwhile: run again, they took up to 1.4 times as long.

Letters: ``t`` is an iteration of the forward loop, ``k`` of the mirrored one.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from autograd.compiler.loop import Along, At, Loop, Numbers, is_fixed
from autograd.compiler.passes.blocks import read_places
from autograd.compiler.passes.cycles import cycles
from autograd.compiler.passes.prune import slimmed
from autograd.compiler.program import Program

FULL = 2.0  # of the cache, that kept numbers may take before they are not kept
PART = 1 / 64  # of the cache, that a window takes: so it is in the first-level one
SPOTS = 64  # places that others look at; more are not worth it
HUGE = 64.0  # of it, that they may take before memory counts for more than time
TRAFFIC = 19.0  # cycles to keep a vector of numbers beyond it, and to read it again


@dataclass
class Checkpoints:
    """How a loop and its mirrored loop are cut into segments.

    Segment s has the iterations from s * length on, and is run from `ahead` iterations
    earlier, which its mirrored part reads as well.

    Attributes:
        forward: the place of the loop.
        mirror: the place of the loop that reads what it kept.
        count: the forward loop's iterations.
        again: the forward loop with no more than what the mirrored one reads.
        marked: which of the carried numbers it carries, and so a checkpoint has.
        kept: which of the kept numbers it keeps.
        reads: by which read of the mirrored loop it is, the kept number that it is
            (among all), and the iteration that is read first.
        spots: by places, the kept numbers and iterations that others look at.
        last: the last iteration that the mirrored loop reads.
        ahead: how many iterations earlier it reads at the same time.
        length: of a segment.

    """

    forward: int
    mirror: int
    count: int
    again: Loop
    marked: list[int]
    kept: list[int]
    reads: dict[int, tuple[int, int]]
    spots: dict[int, tuple[int, int]] = field(default_factory=dict)
    last: int = 0
    ahead: int = 0
    length: int = 0

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return -(-(self.count + self.ahead) // self.length)

    @property
    def window(self) -> int:
        """How many iterations the window has room for."""
        return self.length + self.ahead


def checkpoints(
    program: Program, cache: float, without: Container[int] = ()
) -> list[Checkpoints]:
    """Return how loops of a program are cut into segments, where it pays.

    Loops within loops are not. Nor is a loop whose kept numbers others read than one
    mirrored loop, but for some that are looked at in single places.

    Args:
        program: in primitives that the machine has.
        cache: how many numbers are read as fast as they are computed.
        without: the places of loops that are not to be cut, as they may stop early.

    """
    found: dict[int, Checkpoints] = {}
    taken: set[int] = set()
    for place, loop in program.placed():
        if type(loop) is not Loop or loop.kept * loop.count <= FULL * cache:
            continue
        if place in without or place in taken:
            continue
        cut = _cut(program, place, loop, cache)
        if cut and cut.mirror not in without and cut.mirror not in {*taken, *found}:
            found[place] = cut
            taken.add(cut.mirror)
    return [*found.values()]


def _cut(program: Program, first: int, loop: Loop, cache: float) -> Checkpoints | None:
    """Return how a loop is cut, None if it cannot be, or if it is not worth it."""
    seen = _seen(program, first, loop)
    if seen is None or len(seen.mirrors) != 1 or len(seen.spots) > SPOTS:
        return None
    [(mirror, reads)] = seen.mirrors.items()
    wanted = sorted({output for output, _ in reads.values()})
    again, marked = _again(first, loop, wanted)
    takes = cycles(again.body, len(marked))
    if loop.kept * loop.count <= HUGE * cache:
        reader = program.loops()[mirror]
        takes += cycles(loop.body, len(loop.carried))
        takes += cycles(reader.body, len(reader.carried))
    if takes > TRAFFIC * len(wanted):
        return None
    last = max(t for _, t in reads.values())
    ahead = last - min(t for _, t in reads.values())
    length = max(
        int(PART * cache / loop.kept),
        math.isqrt(len(marked) * loop.count // loop.kept),
        4 * ahead,
        1,
    )
    if 2 * length > loop.count:
        return None
    return Checkpoints(
        first, mirror, loop.count, again, marked, wanted, reads, seen.spots,
        last, ahead, length,
    )  # fmt: skip


def _again(first: int, loop: Loop, wanted: Sequence[int]) -> tuple[Loop, list[int]]:
    """Return a loop with some kept numbers alone, and which of the carried ones it has.

    Guards held when it ran first.
    """
    import numpy as np

    n = len(loop.carried)
    used = np.zeros(first + loop.width, dtype=bool)
    used[[first + n + i * loop.count for i in wanted]] = True
    bare = Loop(loop.count, _unguarded(loop.body), loop.carried, loop.reads)
    again, outputs = slimmed(bare, first, used, raising=False)
    return cast("Loop", again), [j for j in outputs if j < n]


def _unguarded(body: Program) -> Program:
    """Return a body without guards, in loops in it neither."""
    code = [
        Loop(s.count, _unguarded(s.body), s.carried, s.reads) if type(s) is Loop else s
        for s in body.code
    ]
    return body.replace(code=tuple(code), guards=())


@dataclass
class _Seen:
    """Who looks at what a loop kept.

    Attributes:
        mirrors: by loops, and their reads: the kept number, and its first iteration.
        spots: by places that are looked at alone: the kept number, and its iteration.

    """

    mirrors: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    spots: dict[int, tuple[int, int]] = field(default_factory=dict)


def _seen(program: Program, first: int, loop: Loop) -> _Seen | None:
    """Return who looks at what a loop kept, None if in another way than these."""
    start, end = first + len(loop.carried), first + loop.width
    seen = _Seen()
    for at, step in program.placed():
        if type(step) is not Loop:
            continue
        for j, read in enumerate(step.reads):
            if type(read) is Numbers or is_fixed(read):
                continue
            places = read_places(read, step.count)
            ends = places if type(read) is At else (places[0], places[-1])
            if max(ends) < start or min(ends) >= end:
                continue
            output, t = divmod(places[0] - start, loop.count)
            is_one = divmod(places[-1] - start, loop.count)[0] == output
            is_mirrored = type(read) is Along and read.stride == -1 and at > first
            if not (is_one and is_mirrored and step.width):
                return None
            seen.mirrors.setdefault(at, {})[j] = output, t
    for x in _singles(program):
        if start <= x < end:
            output, t = divmod(x - start, loop.count)
            seen.spots[x] = output, t
    return seen


def _singles(program: Program) -> Iterator[int]:
    """Yield the places that are looked at one by one."""
    yield from program.outputs
    for guard in program.guards:
        yield from (guard.a, guard.b)
    for step in program.code:
        if type(step) is not Loop:
            yield from step.operands
            continue
        yield from step.carried
        for read in step.reads:
            if is_fixed(read):
                yield read.place
