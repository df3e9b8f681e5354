"""Program: a recorded computation, as plain data.

A Program is what is left of a run of scalar code on Values when the numbers are taken
away: which primitive of the table was applied to which earlier results. It has no
branches; where the recorded code compared numbers, a guard says how the comparison
went, and the program is right only for inputs for which all guards hold. What repeats
may be a loop (`autograd.compiler.loop`), which stands for all of its iterations.

    program     = inputs constants code outputs guards
    code        = (instruction | loop)*
    place       = 0, 1, 2, ...: the inputs have the first places, then the constants,
                  then the results of each instruction and loop
    instruction = primitive place*
    output      = place
    guard       = relation place place holds | "finite" place

This file has the grammar, the verifier (`Program.check`), the interpreter
(`Program.run`, the oracle for every target) and the printer (``str(program)``).
Targets turn a program into something that runs: see `autograd.compiler.targets`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from typing import Any, NamedTuple, cast, final

from autograd.compiler.loop import COUNTERS, LETTERS, Loop, Numbers
from autograd.display import mimebundle
from autograd.primitives import TABLE, Primitive
from autograd.primitives.relations import RELATIONS

MSG_PLACE = "instruction {0} ({1}) reads place {2}, which has no number yet"
MSG_ARITY = "instruction {0}: {1} takes {2} operands, not {3}"
MSG_INPUTS = "{0} takes {1} numbers, not {2}"
MSG_STATE = "this state is no program's: it lacks, or has besides, {0}"
MSG_STRAIGHT = "{0} has loops, where straight code is needed: take its unrolled()"
MSG_PRIMITIVE = (
    "there is no primitive called {0!r} in the table: no program from elsewhere"
)


@final
class Instruction(NamedTuple):
    """Apply a primitive to the numbers at some places."""

    primitive: Primitive
    operands: tuple[int, ...]

    @property
    def row(self) -> Primitive:
        """The primitive."""
        return self.primitive


class Guard(NamedTuple):
    """A condition for the program to be right: a comparison, or a finite number."""

    relation: str
    a: int
    b: int  # for "finite" a once more
    holds: bool = True

    def text(self, name_at: Callable[[int], str]) -> str:
        """Return the condition, given what tells how a place is called."""
        if self.relation == "finite":
            return f"{name_at(self.a)} is finite"
        condition = f"{name_at(self.a)} {self.relation} {name_at(self.b)}"
        return condition if self.holds else f"not {condition}"

    def agrees(self, a: Any, b: Any) -> bool:
        """Return whether it holds for these numbers; None is one not known."""
        if a is None or b is None:
            return True
        if self.relation == "finite":
            return bool(abs(a) < math.inf)
        return bool(RELATIONS[self.relation](a, b) == self.holds)


class Places(list[Any]):
    """What is at all places, and whether all guards within loops held."""

    held = True


@dataclass(frozen=True)
class Program:
    """A recorded computation; see the grammar above.

    Attributes:
        inputs: a name for each input, "" where it has none.
        constants: the numbers that the code uses as they are.
        code: the instructions and loops, each after those whose results it uses.
        outputs: the places of the results.
        guards: what must hold for the program to be right.
        name: what listings call it.

    >>> from autograd.compiler import trace
    >>> print(trace(lambda x, y: x * y + 2.0, 3.0, 4.0))
    f(v0, v1):
        v3 = v0 * v1
        v4 = v3 + 2.0
        return v4

    """

    inputs: tuple[str, ...]
    constants: tuple[float, ...]
    code: tuple[Instruction | Loop, ...]
    outputs: tuple[int, ...]
    guards: tuple[Guard, ...] = ()
    name: str = field(default="f", compare=False)

    @property
    def first_result(self) -> int:
        """The place of the first instruction's result."""
        return len(self.inputs) + len(self.constants)

    @property
    def size(self) -> int:
        """The number of places."""
        if not self.has_loops:
            return self.first_result + len(self.code)
        return self.first_result + sum(map(_width, self.code))

    @functools.cached_property
    def has_loops(self) -> bool:
        """Whether anything repeats."""
        return Loop in set(map(type, self.code))

    @functools.cached_property
    def straight(self) -> tuple[Instruction, ...]:
        """The code of a program without loops: for whoever knows no others.

        Raises:
            ValueError: if there are loops.

        """
        if self.has_loops:
            raise ValueError(MSG_STRAIGHT.format(self.name))
        return cast("tuple[Instruction, ...]", self.code)

    @property
    def is_guarded(self) -> bool:
        """Whether there are guards, be they in loops."""
        inside = (s.body.is_guarded for s in self.code if type(s) is Loop)
        return bool(self.guards) or any(inside)

    @property
    def written(self) -> int:
        """The number of instructions as they are written, each body once."""
        if not self.has_loops:
            return len(self.code)
        loops = [step for step in self.code if type(step) is Loop]
        return len(self.code) + sum(step.body.written - 1 for step in loops)

    @property
    def performed(self) -> int:
        """The number of instructions as they are run, each body as often as it is."""
        if not self.has_loops:
            return len(self.code)
        return sum(
            s.count * s.body.performed if type(s) is Loop else 1 for s in self.code
        )

    def primitives(self) -> dict[Primitive, None]:
        """Return all that is applied, in order, in loops as well."""
        found: dict[Primitive, None] = {}
        for step in self.code:
            if type(step) is Loop:
                found.update(step.body.primitives())
            else:
                found[step.primitive] = None
        return found

    def placed(self) -> Iterator[tuple[int, Instruction | Loop]]:
        """Yield each instruction and loop with the place of its first result."""
        place = self.first_result
        for step in self.code:
            yield place, step
            place += _width(step)

    def loops(self) -> dict[int, Loop]:
        """Return the loops that fill places, by the first of these.

        A loop that only asks fills none: its place is that of the next step, so it is
        no name for it.
        """
        return {
            place: step
            for place, step in self.placed()
            if type(step) is Loop and step.width
        }

    def is_constant(self, place: int) -> bool:
        """Return whether the place holds one of the constants."""
        return len(self.inputs) <= place < self.first_result

    def run(
        self, inputs: Sequence[Any], call: Callable[..., Any] = Primitive.__call__
    ) -> list[Any]:
        """Return what is at all places.

        Args:
            inputs: floats or Values, or whatever ``call`` takes.
            call: applies a primitive to operands; as it is, on floats or on Values.

        Raises:
            ValueError: if there are not as many inputs as the program has.

        """
        if len(inputs) != len(self.inputs):
            message = MSG_INPUTS.format(self.name, len(self.inputs), len(inputs))
            raise ValueError(message)
        results = Places([*inputs, *self.constants])
        for step in self.code:
            if type(step) is Loop:
                step.run(results, call)
            else:
                results.append(
                    call(step.primitive, *[results[i] for i in step.operands])
                )
        return results

    def __call__(self, *inputs: Any) -> list[Any]:
        """Return the outputs for these inputs, whether or not the guards hold."""
        results = self.run(inputs)
        return [results[i] for i in self.outputs]

    def holds(self, results: Sequence[Any]) -> bool:
        """Return whether all guards hold, given what `run` returned."""
        held = not isinstance(results, Places) or results.held
        return all(g.agrees(results[g.a], results[g.b]) for g in self.guards) and held

    def check(self) -> Program:  # noqa: C901 - one condition after the other
        """Return the program if it is well formed.

        Raises:
            ValueError, TypeError: if it is not, saying where.

        """
        if not all(type(c) is float for c in self.constants):
            raise TypeError("a program's constants are floats")
        if not all(type(text) is str for text in (self.name, *self.inputs)):
            raise TypeError("a program's name and its inputs' names are strings")
        if not self.name.isidentifier():
            message = f"a program's name is an identifier, not {self.name!r}"
            raise ValueError(message)
        if not all(type(g) is Guard for g in self.guards):
            raise TypeError("a program's guards are Guards")
        for i, (place, step) in enumerate(self.placed()):
            if type(step) is Loop:
                step.check(place)
                continue
            if not isinstance(step.primitive, Primitive):
                message = (
                    f"instruction {i} applies {step.primitive!r}, which is no primitive"
                )
                raise TypeError(message)
            for x in step.operands:
                if type(x) is not int or not 0 <= x < place:
                    raise ValueError(MSG_PLACE.format(i, step.primitive.name, x))
            if step.primitive.arity not in {None, len(step.operands)}:
                n = len(step.operands)
                raise ValueError(
                    MSG_ARITY.format(i, step.primitive.name, step.primitive.arity, n)
                )
        used = chain(
            self.outputs,
            (g.a for g in self.guards),
            (g.b for g in self.guards),
        )
        if not all(type(x) is int and 0 <= x < self.size for x in used):
            raise ValueError("an output or a guard is at a place that does not exist")
        if not all(g.relation in {*RELATIONS, "finite"} for g in self.guards):
            raise ValueError("a guard has a relation that does not exist")
        return self

    def unrolled(self) -> Program:
        """Return the straight program that it stands for.

        >>> from autograd.compiler import trace
        >>> straight = trace(lambda x: x * x, 3.0)
        >>> straight.unrolled() == straight
        True

        """
        if not self.has_loops:
            return self
        new = _Straight(len(self.inputs))
        places = new.write(self, range(new.n))
        return self.replace(
            constants=tuple(map(float.fromhex, new.constants)),
            code=tuple(
                Instruction(s.primitive, tuple(map(new.final, s.operands)))
                for s in new.code
            ),
            outputs=tuple(new.final(places[x]) for x in self.outputs),
            guards=tuple(
                Guard(g.relation, new.final(g.a), new.final(g.b), g.holds)
                for g in dict.fromkeys(new.guards)
            ),
        )

    def iterations(self) -> list[str]:
        """Return where each instruction of `unrolled` is: in which loop and iteration.

        As in a path: "for k in 0..9/k = 3", "" outside of loops.
        """
        new = _Straight(len(self.inputs))
        new.write(self, range(new.n))
        return new.paths

    def replace(self, **changes: Any) -> Program:
        """Return the program with some fields changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        return "\n    ".join(self.lines())

    def lines(self) -> Iterator[str]:
        """Yield the lines of the listing."""
        inputs = map(self.name_at, range(len(self.inputs)))
        yield f"{self.name}({', '.join(inputs)}):"
        yield from self.block(self.name_at, 0)
        yield "return " + ", ".join(map(self.name_at, self.outputs))

    def block(self, name_at: Callable[[int], str], depth: int) -> Iterator[str]:
        """Yield the lines of code and guards, in so many loops."""
        for place, step in self.placed():
            if type(step) is Loop:
                yield from step.lines(place, name_at, depth)
                continue
            operands = [name_at(x) for x in step.operands]
            primitive = step.primitive
            name = name_at(place)
            if primitive.precedence and len(operands) == 2:
                yield f"{name} = {operands[0]} {primitive.symbol} {operands[1]}"
            elif primitive.precedence:
                yield f"{name} = {primitive.symbol}{operands[0]}"
            else:
                yield f"{name} = {primitive.name}({', '.join(operands)})"
        for guard in self.guards:
            yield f"guard {guard.text(name_at)}"

    def name_at(self, place: int, letter: str = LETTERS[0]) -> str:
        """Return what a place is called in listings; a constant by its number."""
        if self.is_constant(place):
            return repr(self.constants[place - len(self.inputs)])
        return f"{letter}{place}"

    def names(self) -> list[str]:
        """Return what all places are called in listings."""
        return [self.name_at(i) for i in range(self.size)]

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        return mimebundle(self, **options)

    def __getstate__(self) -> dict[str, Any]:
        code = [s if type(s) is Loop else (s.primitive, s.operands) for s in self.code]
        return {**{f.name: getattr(self, f.name) for f in fields(self)}, "code": code}

    def __setstate__(self, state: dict[str, Any]) -> None:
        names = {field.name for field in fields(self)}
        if set(state) != names:
            raise ValueError(MSG_STATE.format(sorted(set(state) ^ names)))
        code = tuple(
            s if type(s) is Loop else Instruction(s[0], tuple(s[1]))
            for s in state["code"]
        )
        self.__dict__.update(state, code=code)
        self.check()


def _width(step: Instruction | Loop) -> int:
    return step.width if type(step) is Loop else 1


class _Straight:
    """Straight code being written: constants are at -1, -2, ..., results from n on."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.constants: dict[str, int] = {}
        self.code: list[Instruction] = []
        self.guards: list[Guard] = []
        self.paths: list[str] = []
        self.path = ""
        self.loops = 0

    def constant(self, x: float) -> int:
        return self.constants.setdefault(x.hex(), -1 - len(self.constants))

    def final(self, place: int) -> int:
        if place < 0:
            return self.n - 1 - place
        return place if place < self.n else place + len(self.constants)

    def write(self, program: Program, inputs: Sequence[int]) -> list[int]:
        """Write a program's code and guards; return where its places are."""
        places = [*inputs, *map(self.constant, program.constants)]
        for step in program.code:
            if type(step) is Loop:
                self.repeat(step, places)
                continue
            operands = tuple([places[x] for x in step.operands])
            places.append(self.n + len(self.code))
            self.code.append(Instruction(step.primitive, operands))
            self.paths.append(self.path)
        self.guards += [
            Guard(g.relation, places[g.a], places[g.b], g.holds) for g in program.guards
        ]
        return places

    def repeat(self, loop: Loop, places: list[int]) -> None:
        """Write a loop's iterations; append its places."""
        n, first = len(loop.carried), len(places)
        now = [places[x] for x in loop.carried]
        places.extend([0] * loop.width)
        around = self.path
        counter = COUNTERS[around.count("for ")]
        self.loops += 1
        head = f"for {counter} in 0..{loop.count - 1} (loop {self.loops})"
        for k in range(loop.count):
            self.path = f"{around}/{head}/{counter} = {k}".removeprefix("/")
            read = [
                self.constant(r.numbers[k]) if type(r) is Numbers else places[r.at(k)]
                for r in loop.reads
            ]
            inside = self.write(loop.body, [*now, *read])
            out = [inside[x] for x in loop.body.outputs]
            now = out[:n]
            for i, x in enumerate(out[n:]):
                places[first + n + i * loop.count + k] = x
        places[first : first + n] = now
        self.path = around


def primitive_named(name: str) -> Primitive:
    """Return the table's primitive of that name.

    Raises:
        ValueError: if there is none.

    """
    if name not in TABLE:
        raise ValueError(MSG_PRIMITIVE.format(name))
    return TABLE[name]
