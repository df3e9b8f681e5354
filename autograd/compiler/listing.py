"""listing: straight code as arrays, as recordings come and as repetition is sought.

A `Program` has an object for each instruction, which takes a microsecond to make and a
hundred bytes to keep. What was recorded may be a hundred times longer than what will be
compiled of it; so it stays in arrays until its loops are found.
"""

from __future__ import annotations

import functools
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.collector import waiting
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives import Primitive


@dataclass(eq=False)
class Listing:
    """Straight code; places are numbered as in a `Program`.

    Attributes:
        inputs: a name for each input, "" where it has none.
        constants: the numbers that the code uses as they are.
        forms: the kinds of instructions: a primitive, and how many operands it has.
        kinds: for each instruction the number of its kind; 8-byte ints, as all here.
        starts: where each instruction's operands begin, and where the last ones end.
        operands: the places of all operands.
        outputs: the places of the results.
        guards: what must hold for the code to be right.
        name: what listings call it.

    """

    inputs: tuple[str, ...]
    constants: tuple[float, ...]
    forms: list[tuple[Primitive, int]]
    kinds: bytes
    starts: bytes
    operands: bytes
    outputs: tuple[int, ...]
    guards: tuple[Guard, ...]
    name: str

    def __len__(self) -> int:
        return len(self.kinds) // 8

    @property
    def first_result(self) -> int:
        """The place of the first instruction's result."""
        return len(self.inputs) + len(self.constants)

    @property
    def size(self) -> int:
        """The number of places."""
        return self.first_result + len(self)

    def is_constant(self, place: int) -> bool:
        """Return whether the place holds one of the constants."""
        return len(self.inputs) <= place < self.first_result

    @functools.cached_property
    def program(self) -> Program:
        """The same as a Program."""
        return Program(
            self.inputs,
            self.constants,
            tuple(self.instructions(range(len(self)))),
            self.outputs,
            self.guards,
            self.name,
        )

    @waiting()
    def instructions(self, which: Iterable[int]) -> list[Instruction]:
        """Return some of the instructions."""
        kinds, starts, operands = map(ints, (self.kinds, self.starts, self.operands))
        forms = self.forms
        return [
            Instruction(forms[kinds[i]][0], tuple(operands[starts[i] : starts[i + 1]]))
            for i in which
        ]

    @classmethod
    def of(cls, program: Program) -> Listing:
        """Return a straight program as arrays."""
        forms: dict[tuple[Primitive, int], int] = {}
        kinds, starts, operands = array("q"), array("q", [0]), array("q")
        for step in program.straight:
            key = step.primitive, len(step.operands)
            kinds.append(forms.setdefault(key, len(forms)))
            operands.extend(step.operands)
            starts.append(len(operands))
        return cls(
            program.inputs,
            program.constants,
            list(forms),
            kinds.tobytes(),
            starts.tobytes(),
            operands.tobytes(),
            program.outputs,
            program.guards,
            program.name,
        )


def ints(packed: bytes) -> Sequence[int]:
    """Return packed ints, to be indexed."""
    return memoryview(packed).cast("q")


def as_array(packed: bytes) -> Any:
    """Return packed ints as an array, to be computed with."""
    import numpy as np

    return np.frombuffer(packed, dtype=np.int64)
