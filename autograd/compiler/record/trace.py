"""trace: run a function once on Values, and keep what it did as a Program.

The function runs as it stands, on leaves that stand for its numbers, while a tape takes
down each node that is made and each comparison that is asked. What the results and the
comparisons depend on becomes a Program; what is left over is dropped.

- A Value that was there before (a parameter in a module, a Value of the enclosing
  function) is *captured*: a further input, read anew at each call.
- A leaf made on the way is a constant.
- A comparison is a guard: the program is right where all of them turn out as here.
- An operation that may raise stays, though no result depend on it: where it raises,
  the function does something else. If it raised and the function went on, that is a
  guard as well.
- A number that left the graph unseen would be frozen into the program. So every way out
  of a Value (``.data``, ``float``, text, its hash) is refused while a tape is on, and
  what comes from elsewhere is looked for (`autograd.compiler.record.leaks`).

>>> print(trace(lambda x: x * x if x > 0 else -x, 3.0))
f(v0):
    v2 = v0 * v0
    guard v0 > 0.0
    return v2

"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.collector import waiting
from autograd.compiler.element import EagerlyError, Element
from autograd.compiler.program import Guard, Instruction, Program
from autograd.compiler.record.arrays import Late
from autograd.compiler.record.leaks import compare_with_plain, hunt, near
from autograd.compiler.record.tape import LIMIT, MSG_THREAD, Tape
from autograd.context import taping
from autograd.transforms import ALIAS
from autograd.trees import Rebuild, flatten
from autograd.value import CONSTANT, Value, number

Function = Callable[..., Any]

MSG_NO_PROGRAM = "{0} cannot be a program: {1}"
MSG_OUTPUT = "{0} returned {1}, but a compiled function returns numbers: {2}"


@dataclass
class Recording:
    """A Program, its last inputs, and its results' form.

    Attributes:
        program: its inputs are those it was recorded with, the late ones, the captured.
        late: what the numbers and addresses of arrays are.
        captured: the Values that were there before.
        rebuild: puts the outputs into the form of the result.
        lines: the file and line of each instruction, "" unless under `debug`.
        numbers: the results.
        largest: the largest finite number that occurred on the way, without its sign.

    """

    program: Program
    late: Late
    captured: list[Value]
    rebuild: Rebuild
    lines: list[str]
    numbers: list[float]
    largest: float


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
    try:
        return record(lambda xs, _: f(*rebuild(xs)), floats, name_of(f)).program
    except EagerlyError as reason:
        raise RuntimeError(MSG_NO_PROGRAM.format(name_of(f), reason)) from reason


def record(
    call: Callable[..., Any],
    numbers: Sequence[float],
    name: str,
    *,
    batches: bool = False,
    plain: Callable[[], Any] | None = None,
) -> Recording:
    """Record a function of a list of Values, twice, and return the first recording.

    Args:
        call: takes the Values, and by how much their numbers are off the given ones.
        numbers: the numbers.
        name: what messages call the function.
        batches: whether a batch over rows may be one instruction of the program; else
            it is recorded row by row.
        plain: calls the function on the numbers themselves; None if that cannot be.

    Raises:
        RuntimeError: if a number leaked into the recording.
        EagerlyError: if the function is to run as it stands, with the reason.

    """

    def at(step: float) -> Callable[[list[Value]], Any]:
        return lambda xs: call(xs, step)

    first = record_once(at(0.0), numbers, name, batches=batches)

    def again(step: float) -> Recording:
        off = [near(x, step) for x in numbers]
        return record_once(at(step), off, name, batches=batches)

    hunt(first, again, name)
    if plain is not None:
        compare_with_plain(first, lambda: outputs_of(plain(), name)[0], name)
    return first


def record_once(
    call: Callable[[list[Value]], Any],
    numbers: Sequence[float],
    name: str,
    *,
    batches: bool = False,
) -> Recording:
    """Record as `record` does, but once, without looking for leaks."""
    tape = Tape(name, batches=batches)
    tape.leaves = leaves = [Value(x) for x in numbers]
    try:
        with taping(tape):
            result = call(leaves)
            outputs, rebuild = outputs_of(result, name)
    except Exception as error:
        # What was refused and went up to here is a lesson to whoever wrote that. What
        # somebody made of it on the way says nothing of what floats would give.
        if tape.refused and str(error) not in tape.refused:
            raise EagerlyError(tape.refused[0]) from error
        raise
    if tape.refused:
        raise EagerlyError(tape.refused[0])
    leaves = leaves + tape.late.leaves
    program, captured, lines = _program(tape, leaves, outputs, name)
    floats = [number(x) if isinstance(x, Value) else x for x in outputs]
    sizes = (abs(number(x)) for x in tape.nodes)
    largest = max((x for x in sizes if x < math.inf), default=0.0)
    return Recording(program, tape.late, captured, rebuild, lines, floats, largest)


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
        with taping(None):  # the text is for a person
            raise TypeError(MSG_OUTPUT.format(name, repr(result), error)) from None


def _reached(
    tape: Tape, leaves: list[Value], outputs: list[Any]
) -> tuple[list[Value], dict[int, Value]]:
    """Return the nodes that count, and the Values among them that were there before.

    Outputs and comparisons depend on them, or they may raise.
    """
    made = {id(node) for node in tape.nodes}
    asked = [x for _, a, b, _ in tape.comparisons for x in (a, b)]
    roots = [x for x in (*outputs, *asked) if isinstance(x, Value)]
    live = {id(x) for x in roots}
    captured = {id(x): x for x in (*leaves, *roots) if id(x) not in made}
    steps = []
    for node in reversed(tape.nodes):
        if id(node) not in live and not _may_raise(node):
            continue
        steps.append(node)
        for x in node.operands:
            if isinstance(x, Value):
                live.add(id(x))
                if id(x) not in made:
                    captured[id(x)] = x
    own = set(map(id, leaves))
    if tape.depends(tuple([x for x in captured.values() if id(x) not in own])):
        raise EagerlyError(MSG_THREAD)
    return steps[::-1], captured


def _may_raise(node: Value) -> bool:
    primitive = node.primitive
    if primitive is None or primitive is CONSTANT or not primitive.may_raise:
        return False
    return not isinstance(primitive.value, Element)


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
        tuple(Instruction(s.primitive, tuple(map(final, s.operands))) for s in code),
        tuple(map(final, found)),
        tuple(Guard(r, final(a), final(b), holds) for r, a, b, holds in guards),
        name,
    )
    return program, inputs[len(leaves) :], lines


def name_of(f: Function) -> str:
    """Return what messages and listings call a function."""
    name = getattr(f, "__name__", "f")
    return name if name.isidentifier() else "f"
