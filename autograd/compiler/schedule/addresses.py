"""addresses: where the numbers of a program with loops are in memory.

What an iteration keeps is a *row*, and a loop's rows follow one another: so whoever
reads them needs one pointer, and numbers that were computed side by side are written
side by side, and read so. All other numbers are in the order of their places.

Letters: ``k`` is an iteration.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiler.loop import Along, Loop


@dataclass(eq=False)
class Rows:
    """What the iterations of a loop keep.

    Attributes:
        count: how many iterations there are.
        slots: where in a row each kept output is.
        width: how far it is from row to row.
        room: how many numbers all rows have.
        start: the address of the first row.

    """

    count: int
    slots: Sequence[int]
    width: int
    room: int
    start: int = 0

    def at(self, output: int, k: int) -> int:
        """Return the address of what iteration k keeps."""
        return self.start + self.width * k + self.slots[output]


@dataclass(frozen=True)
class Pace:
    """Where a read of a loop begins, and how far it goes in each iteration.

    Attributes:
        start: the address in iteration 0, of what shares the pointer.
        stride: how far it goes.
        beyond: how far this read is from there.

    """

    start: int
    stride: int
    beyond: int = 0


class Addresses:
    """The addresses of a program's places, entered loop by loop."""

    def __init__(self) -> None:
        # Every second stretch of places is a loop's rows.
        self.firsts = [0]
        self.starts = [0]
        self.rows: list[Rows] = []

    def enter(self, first: int, loop: Loop, rows: Rows) -> None:
        """Give a loop's numbers room: those it carries, then its rows."""
        kept = first + len(loop.carried)
        rows.start = self.starts[-1] + kept - self.firsts[-1]
        self.rows.append(rows)
        self.firsts += [kept, first + loop.width]
        self.starts += [rows.start, rows.start + rows.room]

    def room(self, size: int) -> int:
        """Return how many numbers so many places take."""
        return self.starts[-1] + size - self.firsts[-1]

    def kept(self, place: int) -> tuple[Rows, int, int] | None:
        """Return the rows that a place is in, which output it is, and when."""
        i = bisect_right(self.firsts, place) - 1
        if i % 2 == 0:
            return None
        rows = self.rows[i // 2]
        output, k = divmod(place - self.firsts[i], rows.count)
        return rows, output, k

    def rows_of(self, place: int) -> Rows | None:
        """Return the rows that a place is in."""
        found = self.kept(place)
        return found and found[0]

    def in_rows(self, place: int) -> int | None:
        """Return where a place's number is, None if it is in no row."""
        found = self.kept(place)
        return found and found[0].at(found[1], found[2])

    def __getitem__(self, place: int) -> int:
        at = self.in_rows(place)
        if at is not None:
            return at
        i = bisect_right(self.firsts, place) - 1
        return self.starts[i] + place - self.firsts[i]

    def pace(self, read: Along, count: int) -> Pace | None:
        """Return where a read goes, None if not by a fixed stride."""
        begin = self[read.place]
        if count == 1:
            return Pace(begin, 0)
        stride = self[read.at(1)] - begin
        first, last = self.kept(read.place), self.kept(read.at(count - 1))
        if first is last is None:
            i, j = (bisect_right(self.firsts, read.at(k)) for k in (0, count - 1))
            return Pace(begin, stride) if i == j else None
        if first is None or last is None or first[:2] != last[:2]:
            # From row to row and along them: that is seldom, and rows are short.
            line = [self[read.at(k)] for k in range(count)]
            if line != [begin + stride * k for k in range(count)]:
                return None
        return Pace(begin, stride)
