"""loops: a program with loops as statements, in a language that has loops.

Results are variables, named by their places as in a listing. What a loop keeps, and
what loops read along a line, is in an array ``v`` of all places (``u`` within a loop,
``w`` within that), again as in a listing: ``v[20 + k] = u7``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiler.loop import COUNTERS, LETTERS, At, Loop, Numbers, Read
from autograd.compiler.passes.blocks import moving
from autograd.compiler.passes.exits import exits
from autograd.compiler.program import Guard, Program
from autograd.compiler.targets.source import Target, Text, spelled

WIDE = 84  # characters of a line of a table
FEW = 4  # outputs in a row that are written one by one


@dataclass(frozen=True)
class Syntax:
    """How a language writes statements.

    Attributes:
        new: the first assignment to a name: of a name and a text.
        set: a later one.
        store: one to an element: of an array, an index and a text.
        variable: the first one to a name that will be assigned again.
        loop: the head of a loop: of a counter and how often.
        end: what ends a loop, "" for nothing.
        stop: what leaves one, under a condition; "" if conditions are no bools.
        both: what joins two conditions.
        room: an array for a number of places: of its name and that number.
        table: what begins a table, of its name and kind, and what ends it.
        kinds: of numbers, and of places.

    """

    new: str
    set: str
    store: str
    variable: str
    loop: str
    end: str
    stop: str
    both: str
    room: str
    table: tuple[str, str]
    kinds: tuple[str, str]


PYTHON = Syntax(
    "{0} = {1}", "{0} = {1}", "{0}[{1}] = {2}", "{0} = {1}",
    "for {0} in range({1}):", "", "if {0}: break", " and ",
    "{0} = [0.0] * {1}", ("{0} = (", ")"), ("", ""),
)  # fmt: skip
C = Syntax(
    "const double {0} = {1};", "{0} = {1};", "{0}[{1}] = {2};", "double {0} = {1};",
    "for (long {0} = 0; {0} < {1}; {0}++) {{", "}", "if ({0}) break;", " && ",
    "double {0}[{1}];", ("static const {1} {0}[] = {{", "};"), ("double", "long"),
)  # fmt: skip


class Statements:
    """Write a program's statements.

    Args:
        target: how primitives and numbers are spelled.
        syntax: how statements are.
        guard: writes lines for a guard, given how both sides are called; None for none.

    """

    def __init__(self, target: Target, syntax: Syntax, guard: Any = None) -> None:
        self.target = target
        self.syntax = syntax
        self.guard = guard
        self.tables: list[str] = []
        self.count = 0

    def of(self, program: Program) -> list[str]:
        """Return the statements; all inputs are in ``v``."""
        self.frame = frame = Frame(program, 0)
        for _, line in lines_of(program.outputs):
            if len(line) >= FEW:
                frame.moving.update(line)
        return [*self.block(frame)]

    def block(self, frame: Frame) -> Iterator[str]:
        """Yield the statements of code and guards."""
        for place, step in frame.program.placed():
            if type(step) is Loop:
                yield from self.loop(frame, place, step)
                continue
            xs = [self.text(frame, x) for x in step.operands]
            constant = all(map(frame.program.is_constant, step.operands))
            y = spelled(self.target, step.primitive, xs, lifts=constant)
            yield from self.settle(frame, place, y.text)
        for g in frame.program.guards if self.guard else ():
            sides = [self.text(frame, x).text for x in (g.a, g.b)]
            yield from self.guard(g, *sides)

    def settle(self, frame: Frame, place: int, text: str) -> Iterator[str]:
        """Yield statements that give a place its number."""
        name = f"{frame.letter}{place}"
        yield self.syntax.new.format(name, text)
        frame.known[place] = name
        if place in frame.moving:
            yield self.syntax.store.format(frame.letter, place, name)

    def text(self, frame: Frame, place: int) -> Text:
        """Return how a place is called."""
        if place in frame.known:
            return Text(frame.known[place])
        p = frame.program
        if p.is_constant(place):
            return self.target.number(p.constants[place - len(p.inputs)])
        return Text(f"{frame.letter}[{place}]")

    def lifted(self, frame: Frame, place: int) -> str:
        """Return what a variable is set to: constants are the target's own numbers."""
        text = self.text(frame, place).text
        if self.target.lift and frame.program.is_constant(place):
            return f"{self.target.lift}({text})"
        return text

    def loop(self, frame: Frame, first: int, loop: Loop) -> Iterator[str]:
        """Yield the statements of a loop, whose places begin at first."""
        inner, n = Frame(loop.body, frame.depth + 1), len(loop.carried)
        counter = COUNTERS[frame.depth]
        carried = [f"{frame.letter}{first + j}" for j in range(n)]
        for name, x in zip(carried, loop.carried, strict=True):
            yield self.syntax.variable.format(name, self.lifted(frame, x))
        reads = [self.read(frame, read, counter) for read in loop.reads]
        yield self.syntax.loop.format(counter, loop.count)
        for line in self.iteration(frame, inner, first, loop, reads):
            yield f"    {line}"
        leave = frame.exits.get(first) if loop.width and not loop.kept else None
        if leave is not None and self.syntax.stop:
            rests = [
                f"{carried[j]} == {self.target.number(x).text}"
                for j, x in leave.rest.items()
            ]
            yield f"    {self.syntax.stop.format(self.syntax.both.join(rests))}"
        if self.syntax.end:
            yield self.syntax.end
        for place, name in enumerate(carried, first):
            frame.known[place] = name
            if place in frame.moving:
                yield self.syntax.store.format(frame.letter, place, name)

    def iteration(
        self, frame: Frame, inner: Frame, first: int, loop: Loop, reads: list[str]
    ) -> Iterator[str]:
        """Yield the statements of one iteration."""
        body, n, counter = loop.body, len(loop.carried), COUNTERS[frame.depth]
        yield from self.room(inner)
        for j in range(n):
            inner.known[j] = f"{frame.letter}{first + j}"
            if j in inner.moving:
                yield self.syntax.store.format(inner.letter, j, inner.known[j])
        for j, text in enumerate(reads, n):
            yield from self.settle(inner, j, text)
        yield from self.block(inner)
        for i, x in enumerate(body.outputs[n:]):
            index = f"{first + n + i * loop.count} + {counter}"
            text = self.lifted(inner, x)
            yield self.syntax.store.format(frame.letter, index, text)
        yield from self.carry(inner, [f"{frame.letter}{first + j}" for j in range(n)])

    def room(self, inner: Frame) -> Iterator[str]:
        """Yield what makes an array of the places that loops within read from it."""
        body = inner.program
        if inner.moving:
            yield self.syntax.room.format(inner.letter, body.size)
        for x in filter(body.is_constant, inner.moving):
            text = self.lifted(inner, x)
            yield self.syntax.store.format(inner.letter, x, text)

    def carry(self, inner: Frame, names: list[str]) -> Iterator[str]:
        """Yield the statements that give carried numbers their new values."""
        n = len(names)
        news = [(j, x) for j, x in enumerate(inner.program.outputs[:n]) if x != j]
        texts = [self.lifted(inner, x) for _, x in news]
        if any(x < n for _, x in news):  # one takes another's old number: all at once
            olds = [f"{names[j]}_next" for j, _ in news]
            for old, text in zip(olds, texts, strict=True):
                yield self.syntax.new.format(old, text)
            texts = olds
        for (j, _), text in zip(news, texts, strict=True):
            yield self.syntax.set.format(names[j], text)

    def read(self, frame: Frame, read: Read, counter: str) -> str:
        """Return how a loop's input is read."""
        if type(read) is Numbers:
            numbers = [self.target.number(x).text for x in read.numbers]
            text = f"{self.table(numbers, self.syntax.kinds[0])}[{counter}]"
            return f"{self.target.lift}({text})" if self.target.lift else text
        if type(read) is At:
            places = self.table([*map(str, read.places)], self.syntax.kinds[1])
            return f"{frame.letter}[{places}[{counter}]]"
        if read.stride == 0:
            return self.lifted(frame, read.place)
        sign, by = "-" if read.stride < 0 else "+", abs(read.stride)
        times = counter if by == 1 else f"{by} * {counter}"
        return f"{frame.letter}[{read.place} {sign} {times}]"

    def table(self, items: Sequence[str], kind: str) -> str:
        """Write a table, and return its name."""
        name = f"table{self.count}"
        self.count += 1
        begin, end = self.syntax.table
        self.tables.append(begin.format(name, kind))
        line = "   "
        for item in items:
            if len(line) + len(item) + 2 > WIDE:
                self.tables.append(line)
                line = "   "
            line += f" {item},"
        self.tables += [line, end]
        return name


class Frame:
    """The places of a program, or of a body, and what they are called.

    Attributes:
        program: what is written.
        depth: in how many loops it is.
        letter: what its places are called.
        known: the names of those that are variables.
        exits: loops that may stop early: nothing that is asked for changes after that.
        moving: those that loops in it read from an array.

    """

    def __init__(self, program: Program, depth: int) -> None:
        self.program = program
        self.depth = depth
        self.letter = LETTERS[depth]
        self.known: dict[int, str] = {}
        self.exits = exits(program) if program.has_loops else {}
        self.moving = moving(program)
        for place, step in program.placed():  # its kept numbers are in the array
            if type(step) is Loop and depth and step.kept:
                self.moving.update(range(place, place + step.width))


def lines_of(places: Sequence[int]) -> Iterator[tuple[int, range]]:
    """Yield places in lines: where each begins in the sequence, and its places."""
    i, n = 0, len(places)
    while i < n:
        j, stride = i + 1, 1
        if j < n and abs(places[j] - places[i]) == 1:
            stride = places[j] - places[i]
            while j < n and places[j] - places[j - 1] == stride:
                j += 1
        yield i, range(places[i], places[j - 1] + stride, stride)
        i = j


def violated(guard: Guard, a: str, b: str, finite: str, no: str) -> str:
    """Return the condition that a guard does not hold.

    Args:
        guard: the guard.
        a: what its one side is called.
        b: and its other.
        finite: how a finite number is told, of a text.
        no: how a condition is denied, of a text.

    """
    if guard.relation == "finite":
        return no.format(finite.format(a))
    condition = f"({a} {guard.relation} {b})"
    return no.format(condition) if guard.holds else condition


def pythonic(
    program: Program, statements: Statements, convert: str, returns: str
) -> list[str]:
    """Return a function's body in Python, where it is ``def f(*v)``.

    Args:
        program: with loops.
        statements: writes them.
        convert: makes an input a number, of a name; "" for as it is.
        returns: what is returned, of the outputs.

    """
    n = len(program.inputs)
    lines = statements.of(program)
    frame = statements.frame
    given = f"[{convert.format('x')} for x in v]" if convert else "[*v]"
    return [
        *statements.tables,
        f"v = {given} + [0.0] * {program.size - n}",
        *[
            f"v[{x}] = {statements.lifted(frame, x)}"
            for x in range(n, program.first_result)
            if x in frame.moving
        ],
        *lines,
        returns.format(returned(program, statements)),
    ]


def returned(program: Program, statements: Statements) -> str:
    """Return the outputs in Python, one by one or as lines of the array ``v``."""
    outputs = []
    for i, line in lines_of(program.outputs):
        if len(line) < FEW:
            outputs += [
                statements.text(statements.frame, program.outputs[i + k]).text
                for k in range(len(line))
            ]
        else:
            stop = line.stop if line.stop >= 0 else ""
            step = "" if line.step == 1 else f":{line.step}"
            outputs.append(f"*v[{line.start}:{stop}{step}]")
    return ", ".join(outputs)
