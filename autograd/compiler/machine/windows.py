"""windows: where numbers are in memory when some loops keep a segment's numbers only.

Which loops these are, says `autograd.compiler.passes.checkpoints`. Their kept numbers
have no places of their own any more; behind all others come, for each such loop, its
checkpoints, its window, and the numbers that others look at.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence

from autograd.compiler.loop import Along, Loop
from autograd.compiler.passes.checkpoints import Checkpoints
from autograd.compiler.program import Program
from autograd.compiler.schedule.addresses import Addresses, Pace, Rows


class Window:
    """Where the memory of two loops that are cut begins.

    Attributes:
        cut: the loops.
        marks: the checkpoints: of each carried number, those of all segments.
        kept: of each kept number, those of the iterations of a segment.
        spots: the numbers that others look at.
        end: what follows.

    """

    def __init__(self, cut: Checkpoints, kept: int, start: int) -> None:
        self.cut = cut
        self.marks = start
        self.kept = start + len(cut.marked) * cut.segments
        self.spots = self.kept + kept * cut.window
        self.end = self.spots + len(cut.spots)


class Moved(Addresses):
    """Where a program's places are, when those that loops keep no more have none.

    What other loops keep is there output by output.

    Args:
        program: with loops.
        cuts: which of them are cut.

    Attributes:
        forward, mirror: the windows, by the loops' places.
        end: how many numbers there are.

    """

    def __init__(self, program: Program, cuts: Sequence[Checkpoints]) -> None:
        super().__init__()
        loops = program.loops()
        self.absent: list[int] = []  # where what is left out begins
        self.before = [0]  # how many places are left out before each of these
        self.spots: dict[int, int] = {}
        for cut in cuts:
            loop = loops[cut.forward]
            self.absent.append(cut.forward + len(loop.carried))
            self.before.append(self.before[-1] + loop.kept * loop.count)
        self.end = program.size - self.before[-1]
        self.forward: dict[int, Window] = {}
        self.mirror: dict[int, Window] = {}
        for cut in cuts:
            window = Window(cut, loops[cut.forward].kept, self.end)
            self.forward[cut.forward] = self.mirror[cut.mirror] = window
            self.spots.update({x: window.spots + i for i, x in enumerate(cut.spots)})
            self.end = window.end

    def __getitem__(self, place: int) -> int:
        """Return where a place is."""
        at = self.spots.get(place)
        return place - self.before[bisect(self.absent, place)] if at is None else at

    def enter(self, first: int, loop: Loop, rows: Rows) -> None:
        """Say where a loop's rows are."""
        rows.start = self[first + len(loop.carried)]

    def room(self, size: int) -> int:  # noqa: ARG002 - of places, some of which have none
        """Return how many numbers there are."""
        return self.end

    def kept(self, place: int) -> None:
        """Return None: all is where its place says."""

    def pace(self, read: Along, count: int) -> Pace:  # noqa: ARG002
        """Return where a read goes."""
        return Pace(self[read.place], read.stride)
