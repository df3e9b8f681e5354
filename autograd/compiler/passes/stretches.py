"""stretches: what the iterations of a stretch read, carry and keep.

From where an operand is in each iteration follows what a loop's body does with it:

    the same constant in all iterations       ->  a constant of the body
    constants, one for each iteration         ->  read out of a table of numbers
    a result of the same iteration            ->  a place of the body
    the result of some iterations before      ->  carried, by that many steps
    anything else                             ->  read, along a line or at listed places

And from who uses a result outside of its iteration follows whether it is kept: not at
all, only the last ones (carried to the end), or all of them. Guards about results of an
iteration go into the body if each iteration has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd.compiler.passes.repetition import Stretch
from autograd.compiler.program import Guard

STEPS = 32  # iterations that a number is carried


@dataclass
class Chain:
    """A result that is carried: by one step, by two, ..."""

    position: int
    starts: list[int]  # where it is before the first iteration; the nearest step first
    slot: int = 0  # the body's input of the first step

    def serves(self, position: int, values: Sequence[int]) -> bool:
        """Return whether it carries this result by as many steps as values begin it."""
        n = len(values)
        return self.position == position and self.starts[:n] == list(values[::-1])


@dataclass
class Block:
    """What is known of one stretch."""

    stretch: Stretch
    operands: Any  # of each iteration, instructions' numbers
    inside: Any  # which columns are results of the same iteration
    columns: list[Any] = field(default_factory=list)  # of places outside, each once
    column_of: list[int] = field(default_factory=list)  # of each operand, -1 inside
    carried: dict[int, tuple[int, int]] = field(default_factory=dict)
    guards: list[tuple[str, bool, Any, Any]] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    met: set[int] = field(default_factory=set)  # results that it reads of its own

    def find_columns(self, first: int, inputs: int, read: Any) -> None:
        """Find what iterations read outside of them.

        Args:
            first: the place of the first instruction's result.
            inputs: how many inputs the program has.
            read: of each place, whether anybody reads it outside of its iteration:
                what this block reads is marked.

        """
        import numpy as np

        s = self.stretch
        found = [self.operands.T[~self.inside]]
        found += [
            side[None] for g in self.guards for side in g[2:] if type(side) is not int
        ]
        columns = np.concatenate(found) if len(found) > 1 else found[0]
        weights = np.random.default_rng(7).integers(1, 2**62, s.count)
        hashes = columns @ weights
        numbers: dict[int, list[int]] = {}
        which: list[int] = []
        for i, h in enumerate(hashes.tolist()):
            column = columns[i]
            for j in numbers.setdefault(h, []):
                if (self.columns[j] == column).all():
                    which.append(j)
                    break
            else:
                numbers[h].append(len(self.columns))
                which.append(len(self.columns))
                self.columns.append(column)
        each = iter(which)
        self.column_of = [-1 if x else next(each) for x in self.inside.tolist()]
        self.guards = [
            (g[0], g[1], *[x if type(x) is int else (next(each),) for x in g[2:]])  # type: ignore[misc]
            for g in self.guards
        ]
        for i, column in enumerate(self.columns):
            steps = self.carries(column)
            if steps is not None:
                self.carried[i] = steps
                read[column[: steps[1]] + first] = True
            elif not ((column < 0) & (column >= inputs - first)).all():
                read[column + first] = True
                own = column[(column >= s.start) & (column < s.end)] - s.start
                self.met.update((own % s.length).tolist())

    def carries(self, column: Any) -> tuple[int, int] | None:
        """Return which result a column is, and how many iterations before, if it is."""
        import numpy as np

        s = self.stretch
        k, position = divmod(int(column[-1]) - s.start, s.length)
        steps = s.count - 1 - k
        if k < 0 or not 0 < steps <= min(STEPS, s.count - 1):
            return None
        usual = s.start + position + s.length * np.arange(s.count - steps)
        before = (column[:steps] < s.start).all()
        return (position, steps) if before and (column[steps:] == usual).all() else None


def take_guards(
    blocks: Sequence[Block], guards: Sequence[Guard], first: int
) -> list[Guard]:
    """Give blocks the guards that each of their iterations has; return the rest."""
    if not guards:
        return []
    import numpy as np

    kinds: dict[tuple[str, bool], int] = {}
    kind = np.array(
        [kinds.setdefault((g.relation, g.holds), len(kinds)) for g in guards]
    )
    sides = np.array([(g.a, g.b) for g in guards]) - first
    latest = sides.max(axis=1)
    left = np.ones(len(guards), dtype=bool)
    for block in blocks:
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
