"""expand: say a program in fewer primitives, those that a target can spell.

The table has well over a hundred primitives, and a target should not have to know them
all: `expand` replaces each that is not in the target's *core* by its definition in more
basic ones, out of `passes.definitions`. Definitions have no branches and raise nothing.
In the core, arithmetic is IEEE 754's: where Python raises (the logarithm of -1, a
division by 0, exp(1000)), the expanded program has a NaN or an infinity, and says by it
that Python would have raised.

What has no definition stays as it is: special functions of SciPy, a user's primitive. A
target calls back into Python for these, or says that it cannot spell them.

A primitive whose value is *composed* of operators and other primitives is its own
definition. Any definition is an ordinary function of numbers, called with a `Term` for
each operand: a stand-in that answers operators and primitives by writing instructions.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any

from autograd.compiler.passes.builder import Builder, Place
from autograd.compiler.passes.definitions import DEFINITIONS, OF_FEW
from autograd.compiler.program import Program
from autograd.primitives import TABLE, Primitive, arithmetic, powers
from autograd.primitives.row import MARKS

MSG_BRANCH = (
    "a definition computes the same way for all numbers: write a condition as a "
    "primitive, select(greater(x, 1.0), a, b), not as a branch"
)


class NotConstantError(Exception):
    """An order of derivation is no constant, so the definition has no fixed length."""


class Term:
    """A place of the program being written; what is applied to it is written."""

    __slots__ = ("place", "writer")

    def __init__(self, writer: _Writer, place: int) -> None:
        self.writer = writer
        self.place = place

    @staticmethod
    def __apply__(primitive: Primitive, args: tuple[Any, ...]) -> Term:
        """Apply a primitive: Primitive asks for this."""
        writer = next(x.writer for x in args if isinstance(x, Term))
        return writer.apply(primitive, args)

    @property
    def number(self) -> float | None:
        """The number, where it is a constant."""
        return self.writer.builder.values.get(self.place)

    def __int__(self) -> int:
        x = self.number
        if x is None or x != x // 1.0:
            raise NotConstantError
        return int(x)

    def __bool__(self) -> bool:
        raise TypeError(MSG_BRANCH)

    def __eq__(self, other: object) -> bool:
        raise TypeError(MSG_BRANCH)

    __hash__ = object.__hash__

    def __add__(self, other: Any) -> Any:
        return TABLE["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return TABLE["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return TABLE["sub"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return TABLE["sub"](other, self)

    def __mul__(self, other: Any) -> Any:
        return TABLE["mul"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return TABLE["mul"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return arithmetic.quotient(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return arithmetic.quotient(other, self)

    def __pow__(self, other: Any) -> Any:
        return powers.power(self, other)

    def __neg__(self) -> Any:
        return TABLE["neg"](self)

    def __abs__(self) -> Any:
        return arithmetic.absolute(self)


class _Writer:
    """Writes what an instruction becomes."""

    def __init__(self, inputs: int, core: Container[str]) -> None:
        self.builder = Builder(inputs)
        self.core = core

    def constant(self, x: float) -> Term:
        return Term(self, self.builder.constant(float(x)))

    def term(self, x: Any) -> Term:
        return x if isinstance(x, Term) else self.constant(x)

    def apply(self, primitive: Primitive, args: Sequence[Any]) -> Term:
        if primitive.arity is not None and len(args) != primitive.arity:
            args = primitive.complete(tuple(args))
        terms = [self.term(x) for x in args]
        define = self.definition(primitive, len(terms))
        if define is not None:
            try:
                return self.term(define(*terms))
            except NotConstantError:
                pass  # it stays, like a primitive without a definition
        return Term(self, self.builder.emit(primitive, *[x.place for x in terms]))

    def definition(self, primitive: Primitive, count: int) -> Callable[..., Any] | None:
        """Return the primitive's definition, or None if it is to stay."""
        if primitive in MARKS:
            return _operand
        if not primitive.in_table:
            return None
        if primitive.name not in self.core:
            return (
                primitive.value
                if primitive.composed
                else DEFINITIONS.get(primitive.name)
            )
        few, of_more = OF_FEW.get(primitive.name, (count, None))
        return of_more if count != few else None


def _operand(x: Term) -> Term:
    return x


def expand(program: Program, core: Container[str]) -> Program:
    """Return the program in primitives of the core, and those that have no definition.

    Args:
        program: any program.
        core: the names of primitives that need no definition; in it, ``hypot`` is that
            of two numbers, ``scale`` of one, ``sumprod`` of as many as there are.

    >>> from autograd.compiler import trace
    >>> from autograd.math import sigmoid
    >>> print(expand(trace(sigmoid, 0.5), {"exp", "abs", "neg", "where", "step"}))
    sigmoid(v0):
        v2 = step(v0)
        v3 = abs(v0)
        v4 = -v3
        v5 = exp(v4)
        v6 = where(v2, 1.0, v5)
        v7 = 1.0 + v5
        v8 = quotient(v6, v7)
        return v8

    """
    new = Builder(program)
    places = new.start(program)
    templates: dict[Any, _Template] = {}
    for primitive, operands in program.straight:
        args = [places[x] for x in operands]
        key = primitive, *[min(x, 0) for x in args]  # below 0 are constants
        template = templates.get(key)
        if template is None:
            numbers = [*map(new.values.get, args)]
            template = templates[key] = _Template(primitive, numbers, core)
        places.append(template.write(new, args))
    return new.finish(program, places)


class _Template:
    """What an instruction becomes: written once, for all with the same constants."""

    def __init__(
        self,
        primitive: Primitive,
        numbers: Sequence[float | None],
        core: Container[str],
    ) -> None:
        writer = _Writer(len(numbers), core)
        terms = [
            Term(writer, i) if x is None else writer.constant(x)
            for i, x in enumerate(numbers)
        ]
        self.n = len(numbers)
        self.result = writer.apply(primitive, terms).place
        self.code = writer.builder.code
        self.constants = [*writer.builder.values.values()]

    def write(self, new: Builder, args: list[Place]) -> Place:
        """Write it, given where the operands are; return where the result is."""
        # Constants count from the end, as a builder has them.
        tail = [new.constant(x) for x in reversed(self.constants)]
        places = args
        for primitive, operands in self.code:
            known = [places[x] if x >= 0 else tail[x] for x in operands]
            places.append(new.emit(primitive, *known))
        return places[self.result] if self.result >= 0 else tail[self.result]
