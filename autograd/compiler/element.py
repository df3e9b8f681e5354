"""A call of a batch as one instruction of a program: what `vmap` leaves in a recording.

A compiled function that calls a vmapped one does not contain the code of its rows. It
has one *element* for each result of the batch: a primitive without a formula, whose
number is a place in the memory that the batch writes its sums to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MSG_BATCH = "a batch in it cannot be one call of machine code"


class EagerlyError(Exception):
    """What is recorded cannot be one program, so it is to run as it stands."""

    def __init__(self, reason: str = MSG_BATCH) -> None:
        super().__init__(reason)


@dataclass(eq=False)
class NestedBatch:
    """A batch that is summed over its rows, within a program.

    Attributes:
        runner: the compiled batch.
        guards: the compiled batch that tells which rows it is right for, or None.
        shared: how many operands are numbers, the same for all rows.
        widths: for each further operand, an array's address: the numbers of a row.
        height: the number of rows.

    """

    runner: Any
    guards: Any
    shared: int
    widths: Sequence[int]
    height: int

    @property
    def batches(self) -> list[Any]:
        """What runs, one after the other, in the same memory."""
        return [batch for batch in (self.guards, self.runner) if batch is not None]


@dataclass(eq=False)
class Element:
    """The value of a primitive that is a result of a batch; -1 is the batch itself."""

    call: NestedBatch
    k: int

    def __call__(self, *_: float) -> float:
        """Refuse: floats do not tell where the arrays are."""
        message = "a batch within a program runs natively only"
        raise TypeError(message)
