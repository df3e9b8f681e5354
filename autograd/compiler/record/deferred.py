"""deferred: a gradient that is asked for in a recording, and written out afterwards.

While a function is recorded, a transform that would run formulas on all of its nodes
gets the derivatives' numbers instead, each as a node that says what it is of. When the
recording has become numbers, `autograd.compiler.record.mirror` writes out what the
formulas would have recorded. It needs what one formula does, once for each kind of
instruction: `template` runs it on Values, on a tape of its own.

What is not as usual (a user's primitive, a kink that was hit, a derivative of a
derivative that is deferred) gives up, and the function is recorded as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from autograd.collector import waiting
from autograd.compiler.element import EagerlyError
from autograd.compiler.record.tape import Tape
from autograd.context import tape_in_use, taping
from autograd.kinks import KINKED, is_unknown
from autograd.primitives import Primitive
from autograd.primitives.arithmetic import strong_mul
from autograd.primitives.row import ALIAS, MARKS
from autograd.value import Value, apply, fused, number
from autograd.walk import gradient

FEWEST = 500  # nodes for which it is worth it


class GivenUpError(Exception):
    """A gradient is to be recorded as usual."""


def _never(*_: Any) -> NoReturn:
    tape = tape_in_use()
    if tape is not None:
        tape.given_up = True  # whoever catches the error
    raise GivenUpError


DEFERRED = Primitive("deferred", _never, [_never, _never], methods=(), safe=())


def defer(tape: Tape, y: Any, inputs: Sequence[Any]) -> list[Value] | None:
    """Return nodes for the derivatives of y, None if they are to be recorded.

    Args:
        tape: what is recorded.
        y: a Value.
        inputs: what the derivatives are by.

    """
    if len(tape.nodes) < FEWEST:
        return None
    leaves = {id(x) for x in (*tape.leaves, *tape.late.leaves)}
    for x in inputs:
        if x.primitive is not ALIAS or id(x.parents[0]) not in leaves:
            return None
    numbers: Any = gradient(y, [*inputs], of_more=True)
    tape.deferred = True
    return [
        fused(DEFERRED, x_bar, (y, x), [0.0, 0.0])
        for x, x_bar in zip(inputs, numbers, strict=True)
    ]


@waiting()
def template(
    mirror: Any,
    primitive: Primitive,
    operands: Sequence[tuple[int, float, bool, bool]],
    bar: float | None,
    within: bool,
) -> tuple[list[list[int]], list[Any]]:
    """Return what a walk backwards does at an instruction, in terms of its operands.

    Args:
        mirror: what is being written.
        primitive: the instruction's.
        operands: which each is, its number, whether that is fixed, and whether it
            depends on the inputs.
        bar: its adjoint, None if it varies.
        within: whether second derivatives may be asked for.

    Returns:
        Its steps and its comparisons. A step is -1, a kind, a count and operands, for
        an instruction; or the place of an operand, and what its adjoint grows by. They
        count the operands, the result, its adjoint, and then the instructions;
        constants are as they are in the mirror.

    Raises:
        GivenUpError: if it does anything unusual.

    """
    if not (primitive.in_table or primitive in MARKS):
        raise GivenUpError
    values: dict[int, Any] = {}
    for x, number_, fixed, _ in operands:
        values.setdefault(x, float(number_) if fixed else Value(float(number_)))
    args = tuple([values[x] for x, *_ in operands])
    y_bar: Any = Value(1.0) if bar is None else bar
    tape = Tape("partial")
    try:
        with taping(tape):
            node = apply(primitive, args)
            start = len(tape.nodes)
            if within and primitive in KINKED and is_unknown(node, y_bar):
                raise GivenUpError
            active = [is_active for *_, is_active in operands]
            terms = _terms(primitive, node, args, y_bar, active)
    except (EagerlyError, ArithmeticError, ValueError, TypeError) as error:
        raise GivenUpError from error
    if tape.refused or start != 1:
        raise GivenUpError
    return _steps(mirror, tape, args, y_bar, terms)


def _terms(
    primitive: Primitive,
    node: Any,
    operands: tuple[Any, ...],
    y_bar: Any,
    active: list[bool],
) -> list[tuple[int, Any, int]]:
    """Return what the adjoints grow by: the operand, the number, nodes after it."""
    nodes = tape_in_use().nodes
    if primitive.arity is None:
        partials = primitive.partials_at(node, operands)
        found = [(k, partials[k]) for k, is_active in enumerate(active) if is_active]
    else:
        found = [
            (k, partial(node, *operands))
            for k, partial in enumerate(primitive.partials)
            if active[k]
        ]
    terms = []
    for k, partial in found:
        if type(partial) is float and partial == 0.0:
            continue
        term = strong_mul(y_bar, partial)
        terms.append((k, term, len(nodes)))
    return terms


def _steps(
    mirror: Any,
    tape: Tape,
    operands: tuple[Any, ...],
    y_bar: Any,
    terms: list[tuple[int, Any, int]],
) -> tuple[list[list[int]], list[Any]]:
    """Return a tape's nodes and comparisons as steps: see `template`."""
    written = _Written(mirror, tape, operands, y_bar)
    steps: list[list[int]] = []
    for k, term, end in terms:
        steps += written.up_to(end)
        steps.append([k, written.find(term)])
    steps += written.up_to(len(tape.nodes))
    guards = [
        (relation, written.find(a), written.find(b), outcome)
        for relation, a, b, outcome in tape.comparisons
    ]
    return steps, guards


class _Written:
    """What of a tape is written already, and where."""

    def __init__(
        self, mirror: Any, tape: Tape, operands: tuple[Any, ...], y_bar: Any
    ) -> None:
        self.mirror = mirror
        self.nodes = tape.nodes
        self.n = len(operands)
        self.done = 1
        self.place = {id(tape.nodes[0]): self.n, id(y_bar): self.n + 1}
        for k in reversed(range(self.n)):
            self.place[id(operands[k])] = k

    def find(self, x: Any) -> int:
        """Return where a number is; a constant is in the mirror."""
        if type(x) is not Value:
            found: int = self.mirror.constant(float(x))
            return found
        if id(x) not in self.place:
            raise GivenUpError
        return self.place[id(x)]

    def up_to(self, end: int) -> Iterator[list[int]]:
        """Yield the steps of the nodes up to one that are not written."""
        for at in range(self.done, end):
            made = self.nodes[at]
            refs = [self.find(x) for x in made.operands]
            if made.primitive is None:
                raise GivenUpError
            form = self.mirror.form(made.primitive, len(refs))
            yield [-1, form, len(refs), *refs]
            self.place[id(made)] = self.n + 1 + at
        self.done = max(self.done, end)


def number_of(
    nodes: list[Value], kept: Any, inputs: Sequence[Value], constants: list[float]
) -> Any:
    """Return what tells an operand's number in a recording."""

    def find(x: int) -> float:
        if x >= 0:
            return number(nodes[kept[x]])
        if x % 2:
            return number(inputs[(-1 - x) // 2])
        return constants[(-2 - x) // 2]

    return find
