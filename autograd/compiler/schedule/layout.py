"""groups: what a schedule is made of: like instructions, and where numbers are."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograd.compiler.element import BatchCall, Element
from autograd.compiler.passes.simplify import SUMPROD
from autograd.primitives import Primitive


@dataclass(eq=False)
class Group:
    """Like instructions, none of which needs another; alone, or in a loop."""

    row: Primitive
    places: list[int]
    operands: list[tuple[int, ...]]
    tail: list[Group] = field(default_factory=list)

    @property
    def stage(self) -> list[Group]:
        """All groups of one loop."""
        return [self, *self.tail]

    @property
    def is_loop(self) -> bool:
        """Whether it is written as a loop."""
        return len(self.places) > 1 or self.is_sum or self.is_call

    @property
    def is_call(self) -> bool:
        """Whether it is the call of a batch."""
        return isinstance(self.row.value, Element)

    @property
    def is_sum(self) -> bool:
        """Whether it is long sums of products."""
        many = 8 if len(self.places) > 1 else 32
        return self.row is SUMPROD and len(self.operands[0]) >= many


@dataclass
class Layout:
    """Where everything is.

    Attributes:
        uniform: the numbers of ``u``, inputs first.
        varying: the places of ``v``, each as many numbers as a block has rows.
        block: the rows of a block.
        sums: the numbers that are summed over rows; their lanes follow in ``v``.
        lanes: how many numbers are computed at once.
        flagged: whether it is told for each row if all guards hold.

    """

    uniform: int = 0
    varying: int = 0
    block: int = 0
    sums: int = 0
    lanes: int = 1
    flagged: bool = False

    @property
    def room(self) -> int:
        """How many numbers ``v`` takes: up to 7 to begin at a line of the cache."""
        return self.varying * self.block + self.sums * self.lanes + 8


class Region:
    """The memory of a batch that is called: where in ``u`` each part of it begins.

    Attributes:
        status: 1 if all is right.
        out: the results.
        u: the uniform memory of what is called.
        columns: for each number of a row, the address of the first row's.
        strides: how many numbers on the next row's is.
        flags: a byte for each row.
        v: the varying memory of what is called.
        end: what follows.

    """

    def __init__(self, start: int, call: BatchCall) -> None:
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
