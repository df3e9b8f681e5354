"""roll: a straight program becomes one with loops, where `repetition` finds them.

From where an operand is in each iteration follows what a loop's body does with it:

    the same constant in all iterations       ->  a constant of the body
    constants, one for each iteration         ->  read out of a table of numbers
    a result of the same iteration            ->  a place of the body
    the result of some iterations before      ->  carried, by that many steps
    anything else                             ->  read, along a line or at listed places

And from who uses a result outside of its iteration follows whether it is kept: not at
all, only the last ones (carried to the end), or all of them. Guards about results of an
iteration go into the body if each iteration has them; what is left of guards, if it is
much, becomes loops of guards alone. A body that is long is rolled as well.

Nothing is computed in another order, or another number of times, than before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.collector import waiting
from autograd.compiler.listing import Listing, as_array
from autograd.compiler.loop import At, Loop, Numbers, Read
from autograd.compiler.passes.blocks import in_line, meets_own
from autograd.compiler.passes.repetition import FEWEST, Code, Stretch, repetitions
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives.arithmetic import add, sub

SHORT = 64  # instructions that are not searched for loops
LONG = 400  # instructions of a body that is searched for loops
STEPS = 32  # iterations that a number is carried
LAST = 3  # iterations whose results are carried to the end
ODD = 3  # first or last iterations that are left outside if they read elsewhere
ROUNDS = 4
GUARDS = 32  # alike, that become a loop
SHORTER = 4  # times, that a program with loops is to be
MANY = 200_000  # instructions that are rolled in any case


@waiting()
def roll(straight: Program | Listing, *, least: float = 0.0) -> Program:
    """Return straight code with its repetitions as loops.

    Args:
        straight: the code.
        least: which part of it must be repetition, or it stays as it is.

    >>> from autograd.compiler import trace
    >>> def f(x):
    ...     for _ in range(50):
    ...         x = 4.0 * x * (1.0 - x)
    ...     return x
    >>> print(roll(trace(f, 0.3)))
    f(v0):
        u0 = v0
        for k in 0..49:
            u3 = 4.0 * u0
            u4 = 1.0 - u0
            u5 = u3 * u4
            u0 = u5
        v1 = u0
        return v1

    """
    listing = straight if isinstance(straight, Listing) else Listing.of(straight)
    if len(listing) < SHORT:
        return listing.program
    code = Code(
        as_array(listing.kinds),
        as_array(listing.starts),
        as_array(listing.operands) - listing.first_result,
    )
    stretches = repetitions(code)
    saved = sum(s.saved for s in stretches)
    if not stretches or saved < least * len(listing):
        return listing.program
    for _ in range(ROUNDS):
        roller = _Roller(listing, code, stretches)
        rolled = roller.rolled()
        if not any(a or b for a, b in roller.odd):
            break
        stretches = [
            Stretch(s.start + a * s.length, s.length, s.count - a - b)
            for s, (a, b) in zip(stretches, roller.odd, strict=True)
        ]
    return rolled


def pays(rolled: Program) -> bool:
    """Return whether a program is better run with its loops than written out.

    Args:
        rolled: with loops, and as short as passes make it.

    """
    performed = rolled.performed
    if not rolled.has_loops or SHORTER * rolled.written > performed:
        return False
    covered = sum(
        step.count * step.body.performed
        for place, step in rolled.placed()
        if type(step) is Loop and (_is_deep(step) or meets_own(place, step))
    )
    return covered > performed // 4 or performed > MANY


def _is_deep(loop: Loop) -> bool:
    """Return whether iterations need one another for more than adding up sums."""
    body, n = loop.body.unrolled(), len(loop.carried)
    changing = [j for j, x in enumerate(body.outputs[:n]) if x != j]
    on = set(changing)  # what depends on the iteration before
    sums = {x: x for x in changing}  # of it, sums that began with a carried number
    for place, step in enumerate(body.straight, body.first_result):
        hit = [x for x in step.operands if x in on]
        if not hit:
            continue
        on.add(place)
        adds = step.primitive is add or (
            step.primitive is sub and hit[0] == step.operands[0]
        )
        if not adds or len(hit) != 1 or hit[0] not in sums:
            return True
        sums[place] = sums[hit[0]]
    return any(body.outputs[j] in on and sums[body.outputs[j]] != j for j in changing)


@dataclass
class _Chain:
    """A result that is carried: by one step, by two, ..."""

    position: int
    starts: list[int]  # where it is before the first iteration; the nearest step first
    slot: int = 0  # the body's input of the first step

    def serves(self, position: int, values: Sequence[int]) -> bool:
        """Return whether it carries this result by as many steps as values begin it."""
        n = len(values)
        return self.position == position and self.starts[:n] == list(values[::-1])


@dataclass
class _Block:
    """What is known of one stretch."""

    stretch: Stretch
    operands: Any  # of each iteration, instructions' numbers
    inside: Any  # which columns are results of the same iteration
    columns: list[Any] = field(default_factory=list)  # of places outside, each once
    column_of: list[int] = field(default_factory=list)  # of each operand, -1 inside
    carried: dict[int, tuple[int, int]] = field(default_factory=dict)
    guards: list[tuple[str, bool, Any, Any]] = field(default_factory=list)
    chains: list[_Chain] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    met: set[int] = field(default_factory=set)  # results that it reads of its own


class _Roller:
    """Turns one program, whose stretches are known."""

    def __init__(
        self,
        program: Listing,
        code: Code,
        stretches: list[Stretch],
    ) -> None:
        import numpy as np

        self.np = np
        self.program = program
        self.first = program.first_result
        self.code = code
        self.blocks = [self.block(s) for s in stretches]
        self.read = np.zeros(program.size, dtype=bool)  # outside of its iteration
        self.new = np.full(program.size, -1, dtype=np.int64)
        self.odd: list[list[int]] = []  # of each block, first and last iterations

    def block(self, s: Stretch) -> _Block:
        operands = self.code.operands_of(s)
        return _Block(s, operands, operands[0] >= s.start)

    def rolled(self) -> Program:
        """Return the program with loops."""
        p, np = self.program, self.np
        left = self.take_guards()
        for each in self.blocks:
            self.find_columns(each)
        ends = [0, *[known.stretch.end for known in self.blocks]]
        begins = [*[known.stretch.start for known in self.blocks], len(p)]
        for a, b in zip(self.code.starts[ends], self.code.starts[begins], strict=True):
            self.read[self.code.operands[a:b] + self.first] = True
        self.read[list(p.outputs)] = True
        self.read[[x for g in left for x in (g.a, g.b)]] = True
        n = len(p.inputs)
        self.new[:n] = np.arange(n)
        constants = n + np.flatnonzero(self.read[n : self.first])
        self.new[constants] = n + np.arange(len(constants))
        code: list[Instruction | Loop] = []
        place, at = n + len(constants), 0
        following: list[_Block | None] = [*self.blocks, None]
        for block in following:
            end = len(p) if block is None else block.stretch.start
            for i, step in enumerate(p.instructions(range(at, end)), at):
                operands = self.new[list(step.operands)].tolist()
                code.append(Instruction(step.primitive, tuple(operands)))
                self.new[self.first + i] = place
                place += 1
            if block is not None:
                self.give_places(block, place)
                loop = self.loop(block)
                code.append(loop)
                place += loop.width
                at = block.stretch.end
        few = self.loops_of_guards(left, code)
        return Program(
            p.inputs,
            tuple([p.constants[x - n] for x in constants.tolist()]),
            tuple(code),
            tuple(self.new[list(p.outputs)].tolist()),
            tuple(
                Guard(g.relation, int(self.new[g.a]), int(self.new[g.b]), g.holds)
                for g in few
            ),
            p.name,
        )

    def take_guards(self) -> list[Guard]:
        """Give blocks the guards that each of their iterations has; return the rest."""
        np = self.np
        guards = self.program.guards
        if not guards:
            return []
        kinds: dict[tuple[str, bool], int] = {}
        kind = np.array(
            [kinds.setdefault((g.relation, g.holds), len(kinds)) for g in guards]
        )
        sides = np.array([(g.a, g.b) for g in guards]) - self.first
        latest = sides.max(axis=1)
        left = np.ones(len(guards), dtype=bool)
        for block in self.blocks:
            s = block.stretch
            own = np.flatnonzero((latest >= s.start) & (latest < s.end))
            k = (latest[own] - s.start) // s.length
            offsets = sides[own] - (s.start + k * s.length)[:, None]
            offsets[offsets < 0] = -1
            forms = np.column_stack((kind[own], offsets))
            unique, which = np.unique(forms, axis=0, return_inverse=True)
            for i, (g, a, b) in enumerate(unique.tolist()):
                members = np.flatnonzero(which.reshape(-1) == i)
                if len(members) != s.count or len(np.unique(k[members])) != s.count:
                    continue
                members = own[members[np.argsort(k[members])]]
                left[members] = False
                operands = [
                    offset if offset >= 0 else sides[members, side]
                    for side, offset in enumerate((a, b))
                ]
                relation, holds = list(kinds)[g]
                block.guards.append((relation, holds, *operands))
        return [guards[i] for i in np.flatnonzero(left).tolist()]

    def find_columns(self, block: _Block) -> None:
        """Find what a block's iterations read outside of them, and mark it."""
        np = self.np
        s = block.stretch
        found = [block.operands.T[~block.inside]]
        found += [
            side[None] for g in block.guards for side in g[2:] if type(side) is not int
        ]
        columns = np.concatenate(found) if len(found) > 1 else found[0]
        weights = np.random.default_rng(7).integers(1, 2**62, s.count)
        hashes = columns @ weights
        numbers: dict[int, list[int]] = {}
        which: list[int] = []
        for i, h in enumerate(hashes.tolist()):
            column = columns[i]
            for j in numbers.setdefault(h, []):
                if (block.columns[j] == column).all():
                    which.append(j)
                    break
            else:
                numbers[h].append(len(block.columns))
                which.append(len(block.columns))
                block.columns.append(column)
        each = iter(which)
        block.column_of = [-1 if x else next(each) for x in block.inside.tolist()]
        block.guards = [
            (g[0], g[1], *[x if type(x) is int else (next(each),) for x in g[2:]])  # type: ignore[misc]
            for g in block.guards
        ]
        n = len(self.program.inputs)
        for i, column in enumerate(block.columns):
            steps = self.carried(s, column)
            if steps is not None:
                block.carried[i] = steps
                self.read[column[: steps[1]] + self.first] = True
            elif not ((column < 0) & (column >= n - self.first)).all():
                self.read[column + self.first] = True
                own = column[(column >= s.start) & (column < s.end)] - s.start
                block.met.update((own % s.length).tolist())

    def carried(self, s: Stretch, column: Any) -> tuple[int, int] | None:
        """Return which result a column is, and how many iterations before, if it is."""
        k, position = divmod(int(column[-1]) - s.start, s.length)
        steps = s.count - 1 - k
        if k < 0 or not 0 < steps <= min(STEPS, s.count - 1):
            return None
        usual = s.start + position + s.length * self.np.arange(s.count - steps)
        before = (column[:steps] < s.start).all()
        return (position, steps) if before and (column[steps:] == usual).all() else None

    def give_places(self, block: _Block, place: int) -> None:
        """Decide what a block carries and keeps; its results are from place on."""
        np = self.np
        s = block.stretch
        longest_first = sorted(block.carried.items(), key=lambda x: -x[1][1])
        for i, (position, steps) in longest_first:
            values = (block.columns[i][:steps] + self.first).tolist()
            if not any(chain.serves(position, values) for chain in block.chains):
                block.chains.append(_Chain(position, values[::-1]))
        own = slice(self.first + s.start, self.first + s.end)
        read = self.read[own].reshape(s.count, s.length)
        last: list[tuple[int, int]] = []
        for position in np.flatnonzero(read.any(axis=0)).tolist():
            steps = s.count - int(np.argmax(read[:, position]))
            if steps > LAST or position in block.met:
                block.kept.append(position)
                continue
            last.append((position, steps))
            if not any(
                c.position == position and len(c.starts) >= steps for c in block.chains
            ):
                block.chains.append(_Chain(position, [0] * steps))
        slot = 0
        for chain in block.chains:
            chain.slot = slot
            slot += len(chain.starts)
        new = self.new[own].reshape(s.count, s.length)
        for position, steps in last:
            chain = next(
                c
                for c in block.chains
                if c.position == position and len(c.starts) >= steps
            )
            for step in range(steps):
                new[s.count - 1 - step, position] = place + chain.slot + step
        start = place + slot
        for position in block.kept:
            new[:, position] = start + np.arange(s.count)
            start += s.count

    def loop(self, block: _Block) -> Loop:
        """Return a block as a loop."""
        s = block.stretch
        n_inputs = len(self.program.inputs)
        carried = [int(self.new[x]) for chain in block.chains for x in chain.starts]
        reads: list[Read] = []
        self.odd.append([0, 0])
        constants: list[float] = []
        places: list[int] = []  # of each column in the body; constants below 0
        for i, column in enumerate(block.columns):
            if i in block.carried:
                position, steps = block.carried[i]
                values = (column[:steps] + self.first).tolist()
                chain = next(c for c in block.chains if c.serves(position, values))
                places.append(chain.slot + steps - 1)
                continue
            read = self.reader(column, n_inputs)
            if type(read) is float:
                constants.append(read)
                places.append(-len(constants))
            else:
                places.append(len(carried) + len(reads))
                reads.append(read)  # type: ignore[arg-type]
                if type(read) is At and s.count > FEWEST + 2 * ODD:
                    self.leave_odd_ones(read.places)
        m = len(carried) + len(reads)
        base = m + len(constants)

        def final(place: int) -> int:
            return m - 1 - place if place < 0 else place

        code = []
        starts, operands = self.code.starts, block.operands[0].tolist()
        begin = int(starts[s.start])
        bounds = (starts[s.start : s.start + s.length + 1] - begin).tolist()
        kinds = self.code.kinds[s.start : s.start + s.length].tolist()
        for i, kind in enumerate(kinds):
            own = tuple(
                [
                    final(places[block.column_of[x]])
                    if block.column_of[x] >= 0
                    else base + operands[x] - s.start
                    for x in range(bounds[i], bounds[i + 1])
                ]
            )
            code.append(Instruction(self.program.forms[kind][0], own))
        outputs = [
            base + chain.position if step == 0 else chain.slot + step - 1
            for chain in block.chains
            for step in range(len(chain.starts))
        ]
        outputs += [base + position for position in block.kept]

        def side(x: Any) -> int:
            return base + x if type(x) is int else final(places[x[0]])

        guards = [Guard(r, side(a), side(b), holds) for r, holds, a, b in block.guards]
        body = Program(
            ("",) * m,
            tuple(constants),
            tuple(code),
            tuple(outputs),
            tuple(dict.fromkeys(guards)),
            self.program.name,
        )
        if len(code) >= LONG:
            body = roll(body)
        return Loop(s.count, body, tuple(carried), tuple(reads))

    def leave_odd_ones(self, places: tuple[int, ...]) -> None:
        """Note how many of a block's first and last iterations read out of line."""
        strides = self.np.diff(places)
        out = self.np.flatnonzero(strides != strides[len(strides) // 2])
        first = out[out < ODD]
        last = len(strides) - out[out >= len(strides) - ODD]
        if len(first) + len(last) < len(out):
            return
        odd = self.odd[-1]
        odd[0] = max(odd[0], int(first.max(initial=-1)) + 1)
        odd[1] = max(odd[1], int(last.max(initial=0)))

    def reader(self, column: Any, n_inputs: int) -> Read | float:
        """Return how a column is read; a float if it is one constant."""
        numbers = self.program.constants
        fixed = column + self.first - n_inputs
        if ((column < 0) & (fixed >= 0)).all():
            if (fixed == fixed[0]).all():
                return numbers[int(fixed[0])]
            return Numbers(tuple([numbers[x] for x in fixed.tolist()]))
        return in_line(self.new[column + self.first])

    def loops_of_guards(
        self, guards: list[Guard], code: list[Instruction | Loop]
    ) -> list[Guard]:
        """Append loops of many guards that are alike; return the few others."""
        few: list[Guard] = []
        alike: dict[tuple[str, bool], list[Guard]] = {}
        for g in guards:
            alike.setdefault((g.relation, g.holds), []).append(g)
        for (relation, holds), members in alike.items():
            if len(members) < GUARDS:
                few += members
                continue
            columns = self.np.array([(g.a, g.b) for g in members]).T - self.first
            inputs: list[Read] = []
            constants: list[float] = []
            for column in columns:
                read = self.reader(column, len(self.program.inputs))
                if type(read) is float:
                    constants.append(read)
                    inputs.append(Numbers((read,) * len(members)))
                else:
                    inputs.append(read)  # type: ignore[arg-type]
            guard = Guard(relation, 0, 1, holds)
            body = Program(("", ""), (), (), (), (guard,), self.program.name)
            code.append(Loop(len(members), body, (), tuple(inputs)))
        return few
