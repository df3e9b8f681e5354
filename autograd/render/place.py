"""A place in a program, as something to be drawn: what Values are in their graphs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from autograd.compiler.program import Guard, Program
from autograd.render.formula import application
from autograd.render.view import Node, number
from autograd.value import Value


@dataclass(frozen=True)
class Place:
    """An input, a constant that is a result, an instruction or a guard of a program.

    Attributes:
        program: the program.
        at: the number of the place; of a guard the first that it looks at.
        guard: the guard, if it is one.
        known: what some inputs are called, by their places.

    """

    program: Program
    at: int
    guard: Guard | None = None
    known: Mapping[int, str] = field(default_factory=dict, compare=False)

    partials = ()

    @cached_property
    def name(self) -> str:
        """What listings call it."""
        if self.guard is not None:
            return "guard"
        return "" if self.program.is_constant(self.at) else f"v{self.at}"

    @property
    def op(self) -> str:
        """The operation, "" for an input."""
        if self.guard is not None:
            return "guard"
        if self.at < self.program.first_result:
            return ""
        return self.program.straight[
            self.at - self.program.first_result
        ].primitive.symbol

    @property
    def kind(self) -> str:
        """What it is, as `Node.kind`."""
        if self.guard is not None:
            return "guard"
        if self.op:
            return "inner"
        return "constant" if self.program.is_constant(self.at) else "leaf"

    def uses(self) -> tuple[int, ...]:
        """Return the places that it looks at, constants among them."""
        if self.guard is not None:
            return (self.guard.a, self.guard.b)[: 1 + (self.guard.a != self.guard.b)]
        first = self.program.first_result
        return (
            self.program.straight[self.at - first].operands if self.at >= first else ()
        )

    def node(self, key: str, name: str, scope: str, kind: str) -> Node:
        """Return it as it is shown."""
        number_at = self.program.is_constant(self.at) and self.guard is None
        return Node(
            key=key,
            name=name,
            formula=self._formula(),
            op=self.op,
            data=self.program.constants[self.at - len(self.program.inputs)]
            if number_at
            else None,
            grad=None,
            scope=scope,
            kind=kind,
        )

    def _formula(self) -> str:
        program, first = self.program, self.program.first_result
        if self.guard is not None:
            return self.guard.text(self._word)
        if self.at < first:
            inputs = program.inputs
            return inputs[self.at] if self.at < len(inputs) else "constant"
        step = program.straight[self.at - first]
        return application(
            step.primitive, lambda k: self._word(step.operands[k]), len(step.operands)
        )

    def _word(self, at: int) -> str:
        if not self.program.is_constant(at):
            return self.known.get(at, f"v{at}")
        return number(self.program.constants[at - len(self.program.inputs)])


def places_of(
    program: Program, known: Mapping[int, str] | None = None, *, guards: bool = True
) -> Iterator[Place]:
    """Yield all that is drawn of a program, in order; constants stand in formulas.

    Args:
        program: the program.
        known: what some inputs are called, by their places.
        guards: whether guards are drawn.

    """
    known = known or {}
    results = {i for i in program.outputs if program.is_constant(i)}
    for at in range(program.size):
        if not program.is_constant(at) or at in results:
            yield Place(program, at, None, known)
    for guard in program.guards if guards else ():
        yield Place(program, guard.a, guard, known)


def program_inside(value: Value) -> Program | None:
    """Return the program of a node that a compiled function made, else None."""
    row = value.primitive
    if row is None or row.elementary:
        return None
    return getattr(row.value, "program", None)


def operations_inside(value: Value) -> int:
    """Return how many operations the compiled function in a node has, 0 if none."""
    program = program_inside(value)
    return 0 if program is None else program.performed
