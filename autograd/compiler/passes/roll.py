"""roll: a straight program becomes one with loops, where `repetition` finds them.

Of each stretch, `stretches` says what its iterations read, carry and keep; here this
gets places, and a loop. What is left of guards, if it is much, becomes loops of guards
alone. A body that is long is rolled as well.

    x1 = f(x0), ..., x9 = f(x8)  ->  for k in 0..8: x = f(x)

Nothing is computed in another order, or another number of times, than before.
"""

from __future__ import annotations

from typing import Any

from autograd.collector import waiting
from autograd.compiler.listing import Listing, as_array
from autograd.compiler.loop import At, Loop, Numbers, Read
from autograd.compiler.passes.blocks import in_line, meets_own
from autograd.compiler.passes.repetition import FEWEST, Code, Stretch, repetitions
from autograd.compiler.passes.stretches import Block, Chain, take_guards
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives.arithmetic import add, sub

SHORT = 64  # instructions that are not searched for loops
LONG = 400  # instructions of a body that is searched for loops
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

    def block(self, s: Stretch) -> Block:
        operands = self.code.operands_of(s)
        return Block(s, operands, operands[0] >= s.start)

    def rolled(self) -> Program:
        """Return the program with loops."""
        p, np = self.program, self.np
        left = take_guards(self.blocks, p.guards, self.first)
        for each in self.blocks:
            each.find_columns(self.first, len(p.inputs), self.read)
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
        following: list[Block | None] = [*self.blocks, None]
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

    def give_places(self, block: Block, place: int) -> None:
        """Decide what a block carries and keeps; its results are from place on."""
        np = self.np
        s = block.stretch
        longest_first = sorted(block.carried.items(), key=lambda x: -x[1][1])
        for i, (position, steps) in longest_first:
            values = (block.columns[i][:steps] + self.first).tolist()
            if not any(chain.serves(position, values) for chain in block.chains):
                block.chains.append(Chain(position, values[::-1]))
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
                block.chains.append(Chain(position, [0] * steps))
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

    def loop(self, block: Block) -> Loop:
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
