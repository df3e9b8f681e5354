"""Writing a program as source: names, one statement a line, and short things nested.

What targets have in common. A target is a table that says how primitives are spelled:

- ``"np.exp"``: a function, called with the operands;
- ``"{0} > {1}"``: text with the operands in it, in parentheses where need be;
- an `Infix`: an operator with its precedence;
- a function of the operands' texts.

A primitive that is not in the table is expanded into others that are. One that cannot
be, a special function or somebody's own primitive, raises NotImplementedError.

Names come from outside, and source is there to be run; so a name is used only if it is
an identifier, no keyword, and means nothing else in the source; otherwise an input is
``v0``, ``v1`` and so on, as in listings.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from autograd.compiler.passes.blocks import by_blocks
from autograd.compiler.passes.expand import expand
from autograd.compiler.program import Guard, Program
from autograd.primitives import Primitive
from autograd.primitives.row import MARKS

ATOM = 9  # the precedence of what needs no parentheses
NEGATION = 3
WIDE = 76  # characters of a statement
SHORT = 32  # and of what is nested in another
DEEP = 2
LONG = 1000  # instructions; in longer programs nothing is nested

MOST = 20_000  # instructions of a source that has no loops
MSG_MOST = (
    "{0} is {1:,} instructions when its loops are written out, and {2} does not print "
    "loops: at most {3:,}. The targets python, numpy, c and jax print loops as loops"
)
MSG_SPELLING = (
    "{0} has no spelling for the primitive {1!r}, nor a definition by primitives that "
    "{0} has; compute that part in Python"
)


class Infix(NamedTuple):
    """An operator, or a sign where it has one operand."""

    symbol: str
    precedence: int


Spelling = str | Infix | Callable[..., str]


class Text(NamedTuple):
    """A piece of source; how strongly it binds, and how deeply it is nested."""

    text: str
    precedence: int = ATOM
    depth: int = 0

    def within(self, precedence: int) -> str:
        """Return the text as an operand of something that binds that strongly."""
        return self.text if self.precedence >= precedence else f"({self.text})"


class Line(NamedTuple):
    """A statement: the name, of what place, and the text that is its number."""

    name: str
    place: int
    text: str


@dataclass(frozen=True)
class Target:
    """How a language spells primitives and numbers.

    Attributes:
        name: what messages call it.
        spellings: by the names of primitives.
        special: what the numbers that are not finite are called: infinity, NaN.
        lift: a function for a constant where all operands are constants, so that the
            language's own numbers do not get there; "" where none is needed.
        reserved: what no input may be called.
        named: whether constants are given names, as the inputs are.
        own: how primitives that are not in the table are called.

    """

    name: str
    spellings: Mapping[str, Spelling]
    special: tuple[str, str]
    lift: str = ""
    reserved: Collection[str] = ()
    named: bool = False
    own: Mapping[Primitive, str] = field(default_factory=dict)

    def number(self, x: float) -> Text:
        """Return a constant."""
        infinity, nan = self.special
        text = nan if math.isnan(x) else infinity if math.isinf(x) else repr(abs(x))
        if math.copysign(1.0, x) < 0.0 and x == x:  # noqa: PLR0124 - no NaN
            return Text(f"-{text}", NEGATION)
        return Text(text)

    def spelling(self, primitive: Primitive) -> Spelling:
        """Return how the primitive is spelled.

        Raises:
            NotImplementedError: if it is not.

        """
        if primitive in MARKS:
            return "{0}".format
        if primitive in self.own:
            return self.own[primitive]
        if not primitive.in_table or primitive.name not in self.spellings:
            raise NotImplementedError(MSG_SPELLING.format(self.name, primitive.name))
        return self.spellings[primitive.name]

    def expanded(self, program: Program) -> Program:
        """Return the program in primitives that the target can spell."""
        core = self.spellings.keys()
        return by_blocks(program.check(), lambda part, _: expand(part, core))


def straight(program: Program, target: str) -> Program:
    """Return a program with its loops written out, for a target that has none.

    Raises:
        ValueError: if that would be too long to be of use to anybody.

    """
    if program.has_loops and program.performed > MOST:
        message = MSG_MOST.format(program.name, program.performed, target, MOST)
        raise ValueError(message)
    return program.unrolled()


def is_plain(name: str) -> bool:
    """Return whether a name can be an identifier of any source as it stands."""
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and unicodedata.normalize("NFKC", name) == name
        and not name.startswith("_")
        and not hasattr(builtins, name)
        and not re.fullmatch(r"v\d+", name)
    )


def named(wanted: str, otherwise: str, reserved: Container[str]) -> str:
    """Return the name if it is fit to be one, else the other."""
    fit = isinstance(wanted, str) and is_plain(wanted) and wanted not in reserved
    return wanted if fit else otherwise


def places_named(program: Program, reserved: Container[str]) -> list[str]:
    """Return a name for each place, those of inputs as they are called if they can."""
    often = Counter(program.inputs)
    names = [f"v{i}" for i in range(program.size)]
    for i, name in enumerate(program.inputs):
        if often[name] == 1:
            names[i] = named(name, names[i], reserved)
    return names


def is_call(text: str) -> bool:
    """Return whether the text is a name and one pair of parentheses to its end."""
    start = re.match(r"[\w.]+\(", text)
    if start is None or not text.endswith(")"):
        return False
    depth = 1
    for i in range(start.end(), len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if not depth:
            return i == len(text) - 1
    return False


def spelled(
    target: Target, primitive: Primitive, xs: list[Text], *, lifts: bool
) -> Text:
    """Return a primitive applied to operands.

    Args:
        target: spells it.
        primitive: what is applied.
        xs: the operands.
        lifts: whether they are all constants.

    """
    spelling = target.spelling(primitive)
    if target.lift and lifts:
        xs = [Text(f"{target.lift}({x.text})") for x in xs[:1]] + xs[1:]
    depth = max((x.depth for x in xs), default=0)
    if isinstance(spelling, Infix):
        symbol, precedence = spelling
        if len(xs) == 1:
            return Text(symbol + xs[0].within(precedence + 1), precedence, depth)
        left = xs[0].within(precedence + (symbol == "**"))
        right = xs[1].within(precedence + 1)
        return Text(f"{left} {symbol} {right}", precedence, depth)
    if callable(spelling):
        text = spelling(*[x.text for x in xs])
    elif "{" in spelling:
        # What is an argument by itself needs no parentheses.
        alone = set(re.findall(r"(?<=[(,]){(\d)}(?=[,)])", spelling.replace(" ", "")))
        text = spelling.format(
            *[x.text if str(i) in alone else x.within(ATOM) for i, x in enumerate(xs)]
        )
    else:
        text = f"{spelling}({', '.join([x.text for x in xs])})"
    return Text(text, ATOM if is_call(text) else 0, depth)


class Writer:
    """Writes the statements of a program whose primitives the target can spell."""

    def __init__(self, program: Program, target: Target) -> None:
        self.program = program
        self.target = target
        self.names = places_named(program, target.reserved)
        self.lines: list[Line] = []
        self.waiting: dict[int, Text] = {}
        self.nests = len(program.straight) <= LONG
        self.uses = Counter(x for step in program.straight for x in step.operands)
        self.kept = set(program.outputs)
        for guard in program.guards:
            self.kept |= {guard.a, guard.b}

    def write(self) -> list[Line]:
        """Return the statements."""
        program = self.program
        for place, step in enumerate(program.straight, program.first_result):
            spelling = self.target.spelling(step.primitive)
            if self._takes_names(spelling):
                self._settle(step.operands)
            y = self._spelled(step.primitive, step.operands)
            if len(y.text) > WIDE or y.depth > DEEP:
                self._settle(step.operands)
                y = self._spelled(step.primitive, step.operands)
            for x in step.operands:
                self.waiting.pop(x, None)
            alone = self.uses[place] == 1 and place not in self.kept
            if self.nests and alone and len(y.text) <= SHORT:
                self.waiting[place] = y._replace(depth=y.depth + 1)
            else:
                self.lines.append(Line(self.names[place], place, y.text))
        return self.lines

    @staticmethod
    def _takes_names(spelling: Spelling) -> bool:
        """Return whether an operand may stand there twice, or not be computed."""
        if not isinstance(spelling, str) or "{" not in spelling:
            return False
        holes = re.findall(r"{\d}", spelling)
        return len(set(holes)) < len(holes) or " if " in spelling or "?" in spelling

    def _settle(self, places: tuple[int, ...] | list[int]) -> None:
        """Give names to operands that wait to be nested."""
        for x in sorted(set(places)):
            if x in self.waiting:
                text = self.waiting.pop(x).text
                self.lines.append(Line(self.names[x], x, text))

    def text_of(self, place: int) -> Text:
        """Return how a place is written where it is used."""
        if place in self.waiting:
            return self.waiting[place]
        program = self.program
        if program.is_constant(place) and not self.target.named:
            return self.target.number(program.constants[place - len(program.inputs)])
        return Text(self.names[place])

    def _spelled(self, primitive: Primitive, operands: tuple[int, ...]) -> Text:
        xs = [self.text_of(x) for x in operands]
        lifts = all(map(self.program.is_constant, operands))
        return spelled(self.target, primitive, xs, lifts=lifts)

    def guards_after(self) -> dict[int, list[Guard]]:
        """Return the guards by the place after which they can be checked."""
        found: dict[int, list[Guard]] = {}
        first = self.program.first_result
        for guard in self.program.guards:
            last = max(guard.a, guard.b)
            found.setdefault(last if last >= first else -1, []).append(guard)
        return found


def holds(guard: Guard, a: str, b: str, module: str) -> str:
    """Return whether a guard of a and b holds, element by element, over arrays."""
    if guard.relation == "finite":
        return f"{module}.isfinite({a})"
    condition = f"({a} {guard.relation} {b})"
    return condition if guard.holds else f"{module}.logical_not{condition}"
