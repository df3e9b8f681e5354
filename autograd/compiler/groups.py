"""groups: what a schedule is made of: like instructions, and where numbers are."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograd.compiler.calls import Element
from autograd.compiler.passes import SUMPROD
from autograd.primitives import Primitive


@dataclass
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


@dataclass
class Region:
    """The memory of a call: where in ``u`` its status, results and inputs begin."""

    start: int
    out: int = 0
    u: int = 0
    columns: int = 0
    strides: int = 0
    flags: int = 0
    v: int = 0
