"""trace: run a function once on Values, and keep what it did as a Program.

The function runs as it stands, on leaves that stand for its numbers, while a tape takes
down each node that is made and each comparison that is asked. What the results and the
comparisons depend on becomes a Program; everything else is dropped.

- A Value that was there before (a parameter in a module, a Value of the enclosing
  function) is *captured*: a further input, read anew at each call.
- A leaf made on the way is a constant.
- A comparison is a guard: the program is right where all of them turn out as here.
- A number that left the graph unseen would be frozen into the program. Reading
  ``.data`` therefore raises while a tape is on. What escapes in another way (through
  ``repr``, a clock, a random number) is found by running the function again at a point
  nearby: with the same comparisons it must do the same with the same constants.

>>> print(trace(lambda x: x * x if x > 0 else -x, 3.0))
f(v0):
    v2 = v0 * v0
    guard v0 > 0.0
    return v2

"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiler.collector import waiting
from autograd.compiler.element import EagerlyError, Element
from autograd.compiler.program import Guard, Instruction, Program
from autograd.compiler.record.arrays import Late
from autograd.context import debug, taping
from autograd.display import line
from autograd.primitives import Primitive
from autograd.transforms import ALIAS
from autograd.trees import Rebuild, flatten
from autograd.value import CONSTANT, Value, number

Function = Callable[..., Any]

LIMIT = [5_000_000]  # operations of one recording
NEARBY = (0.3, 1e-3, -1e-3, 1e-9, 0.0)  # the very same point always goes the same way

MSG_LIMIT = (
    "compiling {0} recorded {1:,} operations and did not come to an end. A loop or a "
    "recursion may never end on Values, or run over data: vmap the function of one row "
    "instead. The limit is autograd.compiler.limit(operations)"
)
MSG_LEAK = (
    "{0} did not do the same twice: {1}. A number got into it that is no function of "
    "its arguments, so it cannot be compiled as it is: {2}"
)
LEAK_CONSTANT = "the constant {0!r} was {1!r} at a point nearby"
LEAK_CODE = "at a point nearby it did other operations though all comparisons agreed"
LEAK_WAY = "a comparison turned out otherwise for the very same arguments"
LEAK_ADVICE = (
    "a random number or a clock is to be an argument; a number read from a Value by "
    "way of text, a list of floats or an int is to stay a Value"
)
MSG_OUTPUT = "{0} returned {1}, but a compiled function returns numbers: {2}"


class Tape:
    """Take down what happens to Values."""

    def __init__(self, name: str, *, batches: bool = False) -> None:
        self.name = name
        self.batches = batches  # whether a batch may be one instruction
        self.late = Late()
        self.nodes: list[Value] = []
        self.comparisons: list[tuple[str, Any, Any, bool]] = []

    def add(self, node: Value) -> None:
        """Take down a node."""
        self.nodes.append(node)
        if len(self.nodes) > LIMIT[0]:
            raise MemoryError(MSG_LIMIT.format(self.name, LIMIT[0]))

    def compare(self, relation: str, a: Any, b: Any, outcome: Any) -> None:
        """Take down a comparison with a number."""
        if isinstance(b, (Value, float, int)) and isinstance(outcome, bool):
            self.comparisons.append((relation, a, b, outcome))
            if len(self.comparisons) > LIMIT[0]:
                raise MemoryError(MSG_LIMIT.format(self.name, LIMIT[0]))


@dataclass
class Recording:
    """A Program, its last inputs, and its results' form.

    Attributes:
        program: its inputs are those it was recorded with, the late ones, the captured.
        late: what the numbers and addresses of arrays are.
        captured: the Values that were there before.
        rebuild: puts the outputs into the form of the result.
        lines: the file and line of each instruction, "" unless under `debug`.

    """

    program: Program
    late: Late
    captured: list[Value]
    rebuild: Rebuild
    lines: list[str]


def limit(operations: int | None = None) -> int:
    """Return how many operations a recording may have; set it, if given.

    >>> limit()
    5000000

    """
    if operations is not None:
        if not isinstance(operations, int) or operations < 1:
            message = (
                f"the limit is a positive number of operations, not {operations!r}"
            )
            raise ValueError(message)
        LIMIT[0] = operations
    return LIMIT[0]


def trace(f: Function, *args: Any) -> Program:
    """Return what f does with these arguments as a Program.

    Args:
        f: takes floats, arrays, and nested lists, tuples and dicts of them.
        args: an example; the numbers in it are the program's inputs, in order.

    Raises:
        RuntimeError: if f lets a number escape that recording cannot follow.
        TypeError: if f returns something that is not made of numbers.
        MemoryError: if f records more than the limit of operations.

    """
    numbers, rebuild = flatten(args, "the arguments")
    floats = [x.data if isinstance(x, Value) else x for x in numbers]
    return record(lambda xs, _: f(*rebuild(xs)), floats, name_of(f)).program


def record(
    call: Callable[..., Any],
    numbers: Sequence[float],
    name: str,
    *,
    batches: bool = False,
) -> Recording:
    """Record a function of a list of Values, twice, and return the first recording.

    Args:
        call: takes the Values, and by how much their numbers are off the given ones.
        numbers: the numbers.
        name: what messages call the function.
        batches: whether a batch over rows may be one instruction of the program; else
            it is recorded row by row.

    """

    def at(step: float) -> Callable[[list[Value]], Any]:
        return lambda xs: call(xs, step)

    first = record_once(at(0.0), numbers, name, batches=batches)
    for step in NEARBY:
        off = [_near(x, step) for x in numbers]
        try:
            other = record_once(at(step), off, name, batches=batches)
        except (ArithmeticError, ValueError, EagerlyError):
            continue  # a point outside of f's domain, or of what can be one program
        if _way(first.program) == _way(other.program):
            leak = _difference(first.program, other.program)
            if leak is not None:
                what, place = leak
                with debug():
                    again = record_once(at(0.0), numbers, name, batches=batches)
                what += _line(again, place)
                raise RuntimeError(MSG_LEAK.format(name, what, LEAK_ADVICE))
            break
        if step == 0.0:
            raise RuntimeError(MSG_LEAK.format(name, LEAK_WAY, LEAK_ADVICE))
    return first


def _near(x: float, step: float) -> float:
    return x + step * (abs(x) or 1.0)


def _way(program: Program) -> list[tuple[str, bool]]:
    """Return how the comparisons of a recording turned out."""
    return [(g.relation, g.holds) for g in program.guards]


def _difference(one: Program, other: Program) -> tuple[str, int] | None:
    """Return how two recordings of the same way differ, and in which instruction."""
    codes = [[(_alike(s.row), s.operands) for s in p.code] for p in (one, other)]
    same = codes[0] == codes[1] and one.outputs == other.outputs
    if not same or len(one.constants) != len(other.constants):
        pairs = zip(*codes, strict=False)
        return LEAK_CODE, next((i for i, (a, b) in enumerate(pairs) if a != b), -1)
    places = range(len(one.inputs), one.first_result)
    for place, a, b in zip(places, one.constants, other.constants, strict=True):
        if a != b and (a == a or b == b):  # noqa: PLR0124 - NaN
            users = (i for i, s in enumerate(one.code) if place in s.operands)
            return LEAK_CONSTANT.format(a, b), next(users, -1)
    return None


def _line(recording: Recording, i: int) -> str:
    """Return words for the line that made an instruction, if it is known."""
    known = 0 <= i < len(recording.lines) and recording.lines[i]
    return f" (at {line(recording.lines[i])})" if known else ""


def _alike(row: Primitive) -> Any:
    """Return what a row is in every recording: a batch's results are made anew."""
    return row.value.k if isinstance(row.value, Element) else row


def record_once(
    call: Callable[[list[Value]], Any],
    numbers: Sequence[float],
    name: str,
    *,
    batches: bool = False,
) -> Recording:
    """Record as `record` does, but once, without looking for leaks."""
    tape = Tape(name, batches=batches)
    leaves = [Value(x) for x in numbers]
    with taping(tape):
        result = call(leaves)
        outputs, rebuild = outputs_of(result, name)
    leaves += tape.late.leaves
    program, captured, lines = _program(tape, leaves, outputs, name)
    return Recording(program, tape.late, captured, rebuild, lines)


def outputs_of(result: Any, name: str) -> tuple[list[Any], Rebuild]:
    """Return the numbers that a function returned, and their form.

    Raises:
        TypeError: if there is anything else among them.

    """
    if result is None:
        message = MSG_OUTPUT.format(name, "None", "is a return statement missing?")
        raise TypeError(message)
    try:
        return flatten(result, f"the result of {name}")
    except TypeError as error:
        raise TypeError(MSG_OUTPUT.format(name, repr(result), error)) from None


def _reached(
    tape: Tape, leaves: list[Value], outputs: list[Any]
) -> tuple[list[Value], dict[int, Value]]:
    """Return the nodes that outputs and comparisons depend on, and what was there."""
    made = {id(node) for node in tape.nodes}
    asked = [x for _, a, b, _ in tape.comparisons for x in (a, b)]
    roots = [x for x in (*outputs, *asked) if isinstance(x, Value)]
    live = {id(x) for x in roots}
    captured = {id(x): x for x in (*leaves, *roots) if id(x) not in made}
    steps = []
    for node in reversed(tape.nodes):
        if id(node) not in live:
            continue
        steps.append(node)
        for x in node.operands:
            if isinstance(x, Value):
                live.add(id(x))
                if id(x) not in made:
                    captured[id(x)] = x
    return steps[::-1], captured


@waiting()
def _program(
    tape: Tape, leaves: list[Value], outputs: list[Any], name: str
) -> tuple[Program, list[Value], list[str]]:
    """Return the program, the Values it captured, and its instructions' lines."""
    steps, captured = _reached(tape, leaves, outputs)
    inputs = list(captured.values())
    places = {key: i for i, key in enumerate(captured)}
    constants: dict[str, int] = {}

    def constant(x: float) -> int:
        return constants.setdefault(float(x).hex(), -1 - len(constants))

    def place(x: Any) -> int:
        return places[id(x)] if isinstance(x, Value) else constant(x)

    code: list[Instruction] = []
    lines: list[str] = []
    for node in steps:
        primitive = node.primitive
        if primitive is None or primitive is CONSTANT:
            places[id(node)] = constant(number(node))
        elif primitive is ALIAS:
            places[id(node)] = place(node.operands[0])
        else:
            places[id(node)] = len(inputs) + len(code)
            operands = tuple([place(x) for x in node.operands])
            code.append(Instruction(primitive, operands))
            lines.append(node.where)
    found = [place(x) for x in outputs]
    guards = dict.fromkeys(
        (relation, place(a), place(b), outcome)
        for relation, a, b, outcome in tape.comparisons
    )
    # Until here constants were numbered -1, -2, ... and results as if there were none.
    n, shift = len(inputs), len(constants)

    def final(x: int) -> int:
        return n - 1 - x if x < 0 else x if x < n else x + shift

    program = Program(
        tuple("" if x.name is None else x.name for x in inputs),
        tuple(float.fromhex(text) for text in constants),
        tuple(Instruction(s.row, tuple(map(final, s.operands))) for s in code),
        tuple(map(final, found)),
        tuple(Guard(r, final(a), final(b), holds) for r, a, b, holds in guards),
        name,
    )
    return program, inputs[len(leaves) :], lines


def name_of(f: Function) -> str:
    """Return what messages and listings call a function."""
    name = getattr(f, "__name__", "f")
    return name if name.isidentifier() else "f"
