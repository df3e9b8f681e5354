"""formulas: what an instruction passes on to its operands, run once for each kind.

A formula runs on Values, on a tape of its own, and what it does is written as *steps*,
in terms of the instruction's operands. Where it only passes constants on, the steps are
right for all instructions of the kind, whatever constants these have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from autograd.collector import waiting
from autograd.compiler.element import EagerlyError
from autograd.compiler.record.deferred import GivenUpError
from autograd.compiler.record.tape import Tape
from autograd.context import tape_in_use, taping
from autograd.kinks import KINKED, is_unknown
from autograd.primitives import Primitive
from autograd.primitives.arithmetic import strong_mul
from autograd.primitives.row import MARKS
from autograd.value import Value, apply

# Which it is, its number, whether that is fixed, and whether it depends on the inputs.
Operand = tuple[int, float, bool, bool]
Steps = tuple[list[list[int]], list[Any]]


def steps_for_all(
    mirror: Any,
    primitive: Primitive,
    operands: Sequence[Operand],
    bar: float | None,
    within: bool,
) -> Steps | None:
    """Return steps as `steps_for` does, right whatever constants but 0 there are.

    Return None if there are none, as where a formula computes with a constant.
    """
    found = steps_for(mirror, primitive, operands, bar, within)
    if not any(fixed and number != 0.0 for _, number, fixed, _ in operands):
        return found
    loose = [(x, c, fixed and c == 0.0, active) for x, c, fixed, active in operands]
    steps, guards = steps_for(mirror, primitive, loose, bar, within)
    # What it would be for these constants:
    codes = [
        x if fixed and c != 0.0 else k for k, (x, c, fixed, _) in enumerate(operands)
    ]
    meant = []
    for words in steps:
        at = 1 if words[0] >= 0 else 3
        refs = [codes[r] if 0 <= r < len(codes) else r for r in words[at:]]
        meant.append(words[:at] + refs)
    return (steps, guards) if found == (meant, guards) else None


@waiting()
def steps_for(
    mirror: Any,
    primitive: Primitive,
    operands: Sequence[Operand],
    bar: float | None,
    within: bool,
) -> Steps:
    """Return what a walk backwards does at an instruction, in terms of its operands.

    Args:
        mirror: what is being written.
        primitive: the instruction's.
        operands: its own.
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
) -> Steps:
    """Return a tape's nodes and comparisons as steps: see `steps_for`."""
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
