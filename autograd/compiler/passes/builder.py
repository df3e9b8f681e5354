"""builder: the code of a program being rewritten, each computation once.

Every pass that writes new code writes it with a `Builder`. `live` drops what nothing
depends on, but for what may raise: that stays until `guarded` has said what native code
must check instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from autograd.compiler.element import Element
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives import Primitive
from autograd.primitives.arithmetic import add, mul

Place = int

# As Instruction does, which is a tuple, but without a call of Python.
_instruction = partial(tuple.__new__, Instruction)


class Builder:
    """New code for a program, or for so many inputs, each computation once."""

    def __init__(self, inputs: Program | int) -> None:
        self.n = inputs if isinstance(inputs, int) else len(inputs.inputs)
        self.constants: dict[str, Place] = {}
        self.values: dict[Place, float] = {}
        self.code: list[Instruction] = []
        self.known: dict[Instruction, Place] = {}

    # Places: inputs from 0, results from n on, constants from -1 down.

    def start(self, program: Program) -> list[Place]:
        """Return where the inputs and constants of a program are now."""
        return [*range(self.n), *map(self.constant, program.constants)]

    def constant(self, x: float) -> Place:
        """Return the place of a constant."""
        place = self.constants.setdefault(x.hex(), -1 - len(self.constants))
        self.values[place] = x
        return place

    def emit(self, primitive: Primitive, *operands: Place) -> Place:
        """Return the place of a primitive's result, written if it was not there yet."""
        if (primitive is add or primitive is mul) and operands[0] > operands[1]:
            operands = operands[::-1]
        step = _instruction((primitive, operands))
        at = self.n + len(self.code)
        place = self.known.setdefault(step, at)
        if place == at:
            self.code.append(step)
        return place

    def finish(self, program: Program, places: Sequence[Place]) -> Program:
        """Return the program with the new code.

        Args:
            program: the old one.
            places: where each of its places is now. What compares constants is dropped.

        """
        n, shift = self.n, len(self.constants)
        # By place: those of constants count from the end.
        results = range(n + shift, n + shift + len(self.code))
        final = [*range(n), *results, *range(n + shift - 1, n - 1, -1)]
        return program.replace(
            constants=tuple(float.fromhex(text) for text in self.constants),
            code=tuple(
                [
                    _instruction((primitive, tuple([final[x] for x in operands])))
                    for primitive, operands in self.code
                ]
            ),
            outputs=tuple(final[places[x]] for x in program.outputs),
            guards=tuple(
                dict.fromkeys(
                    Guard(g.relation, final[places[g.a]], final[places[g.b]], g.holds)
                    for g in program.guards
                    if max(places[g.a], places[g.b]) >= 0
                )
            ),
        )


def live(program: Program, *, raising: bool = True) -> Program:
    """Drop the instructions and constants that no output and no guard depends on.

    Args:
        program: any program.
        raising: whether instructions that may raise stay, too.

    """
    first = program.first_result
    counts = needed(program, raising=raising)
    if all(counts[len(program.inputs) :]):
        return program
    n = len(program.inputs)
    kept = [*range(n), *[x for x in range(n, program.size) if counts[x]]]
    new = dict(zip(kept, range(len(kept)), strict=True))
    return program.replace(
        constants=tuple(c for i, c in enumerate(program.constants, n) if counts[i]),
        code=tuple(
            [
                Instruction(s.primitive, tuple([new[x] for x in s.operands]))
                for i, s in enumerate(program.straight, first)
                if counts[i]
            ]
        ),
        outputs=tuple(new[x] for x in program.outputs),
        guards=tuple(
            Guard(g.relation, new[g.a], new[g.b], g.holds) for g in program.guards
        ),
    )


def needed(program: Program, *, raising: bool) -> bytearray:
    """Return for each place whether something depends on it."""
    found = bytearray(program.size)
    for x in program.outputs:
        found[x] = 1
    for g in program.guards:
        found[g.a] = found[g.b] = 1
    place = program.size
    for step in reversed(program.straight):
        place -= 1
        if found[place] or (raising and may_raise(step)):
            found[place] = 1
            for x in step.operands:
                found[x] = 1
    return found


def may_raise(step: Instruction) -> bool:
    """Return whether an instruction may raise, as far as its primitive says."""
    return step.primitive.may_raise and not isinstance(step.primitive.value, Element)
