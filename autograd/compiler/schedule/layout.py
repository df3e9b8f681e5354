"""layout: where numbers lie, and whether some of them lie in a line or a plane.

Letters: ``u`` is the memory of uniform numbers, ``v`` that of varying ones. A *slot* is
a number's index in one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograd.compiler.element import NestedBatch

SHORT = 8  # results that are not worth a loop within a loop


@dataclass
class Layout:
    """How much memory a function needs, and of what kind.

    Attributes:
        uniform: the numbers of ``u``, inputs first.
        varying: the places of ``v``, each as many numbers as a block has rows.
        block: the rows of a block.
        sums: the numbers that are summed over rows; their lanes follow in ``v``.
        lanes: how many rows are computed at once.
        flagged: whether each row has a flag that says whether all guards hold.

    """

    uniform: int = 0
    varying: int = 0
    block: int = 0
    sums: int = 0
    lanes: int = 1
    flagged: bool = False

    @property
    def room(self) -> int:
        """The numbers of ``v``; up to 8 are skipped to begin at a line of the cache."""
        return self.varying * self.block + self.sums * self.lanes + 8


class Region:
    """The memory of a batch that is called: where in ``u`` each part of it begins.

    Attributes:
        status: 1 if all is right.
        out: the results.
        u: the uniform memory of what is called.
        columns: for each number of a row, its address in the first row.
        strides: for each number of a row, the distance to that of the next row.
        flags: a byte for each row.
        v: the varying memory of what is called.
        end: what follows.

    """

    def __init__(self, start: int, call: NestedBatch) -> None:
        layouts = [batch.layout for batch in call.batches]
        width = sum(call.widths)
        self.status = start
        self.out = self.status + 1
        self.u = self.out + len(call.runner.program.outputs)
        self.columns = self.u + max(1, *[layout.uniform for layout in layouts])
        self.strides = self.columns + width
        self.flags = self.strides + width
        self.v = self.flags + call.height // 8 + 16
        self.end = self.v + max(layout.room for layout in layouts)


def stride_of(slots: Sequence[int]) -> int | None:
    """Return the distance from each slot to the next, None if it is not the same."""
    first, stride = slots[0], slots[1] - slots[0] if len(slots) > 1 else 0
    in_line = all(x == first + k * stride for k, x in enumerate(slots))
    return stride if in_line else None


def plane_of(lines: list[list[int]]) -> tuple[int, int, int] | None:
    """Return the first slot, and the distances to the next line and the next column.

    None if these distances are not the same everywhere.
    """
    first = lines[0][0]
    down = lines[1][0] - first if len(lines) > 1 else 0
    right = lines[0][1] - first if len(lines[0]) > 1 else 0
    in_plane = all(
        x == first + a * down + b * right
        for a, line in enumerate(lines)
        for b, x in enumerate(line)
    )
    return (first, down, right) if in_plane else None


def lines_of(slots: Sequence[int], width: int) -> list[list[int]]:
    """Cut slots into lines of a width."""
    return [[*slots[k : k + width]] for k in range(0, len(slots), width)]


def common_width(columns: list[list[int]], n: int) -> int:
    """Return the width of lines in which all columns are planes; n if there is none."""
    width = n
    for slots in columns:
        stride = slots[1] - slots[0]
        breaks = (k for k in range(2, n) if slots[k] - slots[k - 1] != stride)
        width = min(width, next(breaks, n))
    if width < SHORT or n % width:
        return n
    return width if all(plane_of(lines_of(c, width)) for c in columns) else n


def are_in_line(columns: list[list[int]], width: int) -> bool:
    """Return whether each column's first slots are neighbours, or one and the same."""
    return all(stride_of(column[:width]) in {-1, 0, 1} for column in columns)
