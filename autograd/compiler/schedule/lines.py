"""lines: where the numbers of a block are, one by one, and what it costs to use them.

Where a number is, is its *home*: a line, and how far along it. What is packed is a
line, and so is memory that is read at the same pace: numbers that follow one another
along a line are a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.primitives import Primitive

Home = tuple[Hashable, int]  # a line, and how far along it

MEMORY = "memory"  # the line of what is at a fixed address
MOVE = 2  # what it costs to put a number into a vector, or to take it out


class Cost(NamedTuple):
    """What a primitive costs, in half cycles: of one number, and of a vector."""

    one: int
    many: int

    @property
    def is_call(self) -> bool:
        """Whether it is a function of the library, which is worth waiting for."""
        return self.one > 10 * MOVE


Weigh = Callable[[Primitive], Cost | None]  # None if it is not there for vectors


@dataclass
class Lines:
    """Where the numbers of a block are.

    Attributes:
        homes: of the places that are in a line.
        memory: the lines that are memory; all others are groups, cut into vectors.
        fixed: places that are the same in all iterations.
        carried: what an iteration makes of each carried place: it is where that is.
        rows: tells where a place is that a loop keeps in rows, None if it does not.

    """

    homes: dict[int, Home] = field(default_factory=dict)
    memory: set[Hashable] = field(default_factory=lambda: {MEMORY})
    fixed: Collection[int] = ()
    carried: dict[int, int] = field(default_factory=dict)
    rows: Callable[[int], int | None] = lambda _: None

    def home(self, place: int) -> Home | None:
        """Return where a number is, None if it is alone."""
        found = self.homes.get(place)
        if found is None and (at := self.rows(place)) is not None:
            found = self.homes[place] = MEMORY, at
        return found


def is_run(homes: Sequence[Home]) -> bool:
    """Return whether numbers follow one another along a line."""
    line, start = homes[0]
    return all(home == (line, start + i) for i, home in enumerate(homes))
