"""exits: loops that may stop early, since what is left of them changes nothing.

A loop *rests* once some of what it carries has come to certain numbers, such as a flag
that says "done", which its block then keeps as they are, and with them whatever else
counts (`autograd.compiler.passes.idle`). What is left of it need not run. Nor need
other loops run for the iterations that are missing, if with the flags of a loop at rest
they change nothing: the gradient's loop, which goes through the same turns backward,
starts where the first one stopped. They *follow* it.

    turn  = the iteration of the resting loop whose numbers are read
    rests = from turn T on, in which all flags are set
    runs  = turns 0, ..., T - 1, and a few more that others look at

What a loop keeps in turns that never ran is read by loops that do not run them either.
Who else looks at it, in a single place, finds what the last turn kept. Some of that is
*steady*, what every further turn would have kept; and for the rest it must be shown
that no result and no guard depends on it, as ``where(flag, result, rest)`` does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from autograd.compiler.loop import Along, Loop, Read, is_fixed
from autograd.compiler.passes.blocks import read_places
from autograd.compiler.passes.idle import (
    BIT,
    STEADY,
    UNKNOWN,
    Known,
    exactly,
    known_in,
    known_of,
    of_read,
    settled,
)
from autograd.compiler.program import Program

SPOTS = 64  # places of a loop that are filled in one by one; more are not worth it
NEAR = 3  # the turns that are always run if others look at them


@dataclass
class Exit:
    """How a loop stops early, or starts late.

    Attributes:
        leader: the place of the loop whose turns it goes through, maybe its own.
        base: the turn of its first iteration.
        step: 1 if turns rise with iterations, -1 if they fall.
        rest: for the leader, the carried numbers that say that it rests.
        carried: what is known of what it carries while it rests.
        kept: what is known of what it keeps while it rests.
        least: how many further turns it takes until what is carried stays as it is.
        extra: how many further turns it runs: these, and those that others look at.
        spots: (kept output, iteration) of single numbers that others look at.

    """

    leader: int
    base: int
    step: int
    rest: dict[int, float]
    carried: list[Known]
    kept: list[Known]
    least: int = 0
    extra: int = 0
    spots: list[tuple[int, int]] = field(default_factory=list)

    def turn(self, iteration: int) -> int:
        """Return which turn an iteration goes through."""
        return self.base + self.step * iteration


def exits(program: Program, *, strict: bool = True) -> dict[int, Exit]:
    """Return for each loop that may stop early, by its place, how.

    Args:
        program: the loops, and what is around them.
        strict: whether plain products are what they seem: see `idle`.

    """
    found: dict[int, Exit] = {}
    loops = program.loops()
    for place, loop in loops.items():
        leader = None if place in found else _leader(place, loop, strict=strict)
        if leader is not None:
            family = _Family(program, loops, leader, strict=strict).exits
            if not found.keys() & family.keys():
                found.update(family)
    return found


def exits_shown(program: Program, core: Program) -> dict[int, Exit]:
    """Return how loops of a program in a machine's primitives may stop early.

    Args:
        program: what is to be computed: its strong products show who may.
        core: the same made fit for the machine.

    """
    may = exits(program) if program.has_loops else {}
    places, now = [*program.loops()], [*core.loops()]
    if not may or len(places) != len(now):
        return {}
    new = dict(zip(places, now, strict=True))
    shown = {new[place]: new[leave.leader] for place, leave in may.items()}
    found = exits(core, strict=False)
    families = {x.leader for at, x in found.items() if shown.get(at) != x.leader}
    return {at: x for at, x in found.items() if x.leader not in families}


# --- The loop that comes to rest ------------------------------------------------------


def _leader(place: int, loop: Loop, *, strict: bool) -> Exit | None:
    """Return how a loop stops early, None if it does not come to rest."""
    for flag in _bits(loop, strict=strict):
        for x in (1.0, 0.0):
            found = _at_rest(loop, {flag: x}, strict=strict)
            if found is not None:
                rest, out = found
                n = len(loop.carried)
                return Exit(place, 0, 1, rest, out[:n], out[n:])
    return None


def _bits(loop: Loop, *, strict: bool) -> list[int]:
    """Return which of the carried numbers are 0 or 1 in every iteration."""
    bits = [*range(len(loop.carried))]
    while bits:
        inputs = [UNKNOWN] * len(loop.body.inputs)
        for j in bits:
            inputs[j] = BIT
        inside = known_in(loop.body, inputs, strict=strict)
        left = [j for j in bits if inside[loop.body.outputs[j]].is_bit]
        if left == bits:
            break
        bits = left
    return bits


def _at_rest(
    loop: Loop, rest: dict[int, float], *, strict: bool
) -> tuple[dict[int, float], list[Known]] | None:
    """Return the numbers that say that a loop rests, and what its outputs are then."""
    inputs = _inputs(loop)
    for j, x in rest.items():
        inputs[j] = exactly(x)
    while True:
        inside = known_in(loop.body, inputs, strict=strict)
        out = [inside[x] for x in loop.body.outputs]
        changed = False
        for j in range(len(loop.carried)):
            new, old = out[j], inputs[j]
            if new == old:
                continue
            if j in rest:
                return None
            if new.number is not None and old.source == j:
                rest[j] = new.number  # it is so one iteration later
                inputs[j] = exactly(new.number)
            elif old == UNKNOWN:
                continue
            else:
                inputs[j] = UNKNOWN  # it goes on changing
            changed = True
        if not changed:
            return (rest, out) if _guards_are_steady(loop, inside) else None


def _inputs(loop: Loop) -> list[Known]:
    """Return what is known of a body's inputs: what they are, if that does not move."""
    n = len(loop.carried)
    still = [*map(is_fixed, loop.reads)]
    return [
        Known(source=j, steady=True) if j < n or still[j - n] else UNKNOWN
        for j in range(len(loop.body.inputs))
    ]


def _guards_are_steady(loop: Loop, inside: list[Known]) -> bool:
    """Return whether guards say the same in every further iteration."""
    return not _guarded_within(loop) and all(
        inside[g.a].steady and inside[g.b].steady for g in loop.body.guards
    )


def _guarded_within(loop: Loop) -> bool:
    return any(type(s) is Loop and s.body.is_guarded for s in loop.body.code)


def _idle(
    loop: Loop, inputs: list[Known], *, strict: bool
) -> tuple[list[Known], int] | None:
    """Return what is known of a loop's block in idle turns, and how many are needed.

    The first ones may bring some of what is carried to certain numbers, and others by
    these; after that, a turn changes nothing. None if that does not come to an end, or
    depends on which turns they are.
    """
    inputs = [*inputs]
    always = known_in(loop.body, inputs, strict=strict)
    for least in range(NEAR + 1):
        inside = known_in(loop.body, inputs, strict=strict) if least else always
        out = [inside[x] for x in loop.body.outputs]
        moving = [
            j
            for j in range(len(loop.carried))
            if out[j].source != j and (out[j].number is None or out[j] != inputs[j])
        ]
        if not moving:
            return always, least
        fixed = [j for j in moving if out[j].number is not None]
        if not fixed or not all(out[j].steady for j in moving):
            return None
        for j in fixed:
            inputs[j] = out[j]
    return None


# --- Loops that follow it -------------------------------------------------------------


@dataclass(frozen=True)
class _Turns:
    """What a loop reads along the turns of a family: what is known of it, and which."""

    source: int
    known: Known
    base: int
    step: int


class _Family:
    """A loop that may come to rest, and those that follow it.

    Args:
        program: where they are.
        loops: all loops in it, by their places.
        leader: how the first one stops.
        strict: whether plain products are what they seem.

    Attributes:
        exits: how each stops; empty if the first one cannot.

    """

    def __init__(
        self, program: Program, loops: dict[int, Loop], leader: Exit, *, strict: bool
    ) -> None:
        self.program = program
        self.loops = loops
        self.strict = strict
        self.exits: dict[int, Exit] = {}
        refused: set[int] = set()
        while leader.leader not in refused:
            self.exits = {leader.leader: leader}
            for place, loop in loops.items():
                if place > leader.leader and place not in refused:
                    follows = self._follows(loop)
                    if follows is not None:
                        self.exits[place] = follows
            wrong = self._look() or self._doubtful()
            if wrong is None:
                leader.extra = max(1, leader.extra)
                return
            refused.add(wrong)
        self.exits = {}

    def _follows(self, loop: Loop) -> Exit | None:
        """Return how a loop follows the family so far, None if it does not."""
        n = len(loop.carried)
        inputs = _inputs(loop)
        read = []
        for j, each in enumerate(loop.reads, n):
            turns = self._turns(loop, each)
            if turns is not None and turns.known.steady:
                known = turns.known
                inputs[j] = known if known.number is not None else STEADY
                read.append(turns)
        if len({x.step for x in read}) != 1:
            return None
        found = _idle(loop, inputs, strict=self.strict)
        if found is None:
            return None
        inside, least = found
        holds = not _guarded_within(loop) and all(
            None not in (a := inside[g.a].number, b := inside[g.b].number)
            and g.agrees(a, b)
            for g in loop.body.guards
        )
        if not holds:
            return None
        first = min(x.base for x in read)
        leader = next(iter(self.exits))
        kept = [inside[x] for x in loop.body.outputs[n:]]
        return Exit(leader, first, read[0].step, {}, [STEADY] * n, kept, least)

    def _turns(self, loop: Loop, read: Read) -> _Turns | None:
        """Return which turns a loop reads, None if none, or not one by one."""
        if type(read) is not Along or abs(read.stride) != 1:
            return None
        first, last = self._kept_at(read.place), self._kept_at(read.at(loop.count - 1))
        if first is None or last is None or first[:2] != last[:2]:
            return None
        place, output, iteration = first
        source = self.exits[place]
        base = source.turn(iteration)
        return _Turns(place, source.kept[output], base, source.step * read.stride)

    def _kept_at(self, place: int) -> tuple[int, int, int] | None:
        """Return what is at a place: of which loop, which kept output and iteration."""
        for first in self.exits:
            loop = self.loops[first]
            at = place - first - len(loop.carried)
            if 0 <= at < loop.kept * loop.count:
                return first, *divmod(at, loop.count)
        return None

    # Who looks at what they keep.

    def _look(self) -> int | None:
        """Note the spots of each loop, and how many turns it runs for others.

        Returns:
            A loop that cannot stop early, since others look at too much of it.

        """
        for each in self.exits.values():
            each.extra, each.spots = each.least, []
        spots = {first: dict[tuple[int, int], None]() for first in self.exits}
        for place in self._looked_at():
            kept = self._kept_at(place)
            if kept is not None:
                first, *spot = kept
                spots[first][spot[0], spot[1]] = None
                if len(spots[first]) > SPOTS:
                    return first
        for first in reversed(self.exits):
            reader = self.exits[first]
            reader.spots = [*spots[first]]
            turns_needed = [t for x in spots[first] if (t := reader.turn(x[1])) <= NEAR]
            reader.extra = max([reader.extra, *turns_needed])
            for read in self.loops[first].reads:
                turns = self._turns(self.loops[first], read)
                if turns is None:
                    continue
                if turns.step != reader.step:
                    return first
                source = self.exits[turns.source]
                ahead = turns.base - reader.base
                source.extra = max(source.extra, reader.extra + ahead)
        return None

    def _looked_at(self) -> Iterator[int]:
        """Yield the places that are read, but for loops that follow, turn by turn."""
        yield from self.program.outputs
        for guard in self.program.guards:
            yield from (guard.a, guard.b)
        for place, step in self.program.placed():
            if type(step) is not Loop:
                yield from step.operands
                continue
            yield from step.carried
            for read in step.reads:
                follows = step.width and place in self.exits
                if not follows or self._turns(step, read) is None:
                    yield from read_places(read, step.count)

    def _doubtful(self) -> int | None:
        """Return the first loop if results or guards depend on what was left out.

        A number is steady here if it is what it would be had all turns run. The first
        loop is taken to rest; if it never does, all turns do run.
        """
        p = self.program
        found = [STEADY] * len(p.inputs) + [*map(exactly, p.constants)]
        for place, step in p.placed():
            if type(step) is not Loop:
                found.append(known_of(step, found, strict=self.strict))
                continue
            found += self._found(place, step, found)
        asked = [*p.outputs, *(x for g in p.guards for x in (g.a, g.b))]
        fine = all(found[x].steady for x in asked)
        return None if fine else next(iter(self.exits))

    def _found(self, place: int, loop: Loop, found: list[Known]) -> list[Known]:
        each = self.exits.get(place) if loop.width else None
        reads = []
        for read in loop.reads:
            follows = each is not None and self._turns(loop, read) is not None
            reads.append(STEADY if follows else of_read(read, loop.count, found))
        known = settled(loop, found, reads, strict=self.strict)
        if each is None:
            return known
        carried: list[Known] = [
            (
                UNKNOWN
                if not (x.steady and y.steady)
                else STEADY
                if y.number is None
                else y
            )
            for x, y in zip(known, each.carried, strict=False)
        ]
        leads = place == each.leader
        kept = [
            STEADY if x.number is not None or (x.steady and leads) else UNKNOWN
            for x in each.kept
        ]
        result = carried + [x for x in kept for _ in range(loop.count)]
        for output, iteration in each.spots:
            if each.turn(iteration) <= each.extra:  # T is at least 1: it is always run
                result[len(carried) + output * loop.count + iteration] = STEADY
        return result
