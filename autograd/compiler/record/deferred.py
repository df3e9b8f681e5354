"""deferred: a gradient that is asked for in a recording, and written out afterwards.

While a function is recorded, a transform that would run formulas on all of its nodes
gets the derivatives' numbers instead, each as a node that says what it is of. When the
recording has become numbers, `autograd.compiler.record.mirror` writes out what the
formulas would have recorded.

What is not as usual (a user's primitive, a kink that was hit, a derivative of a
derivative that is deferred) gives up, and the function is recorded as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from autograd.compiler.record.tape import Tape
from autograd.context import tape_in_use
from autograd.primitives import Primitive
from autograd.primitives.row import ALIAS
from autograd.value import Value, fused, number
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


def number_of(
    results: bytes, inputs: Sequence[Value], constants: list[float]
) -> Callable[[int], float]:
    """Return what tells an operand's number in a recording.

    Args:
        results: the instructions' numbers, as bytes.
        inputs: what operands -1, -3, -5, ... are.
        constants: what operands -2, -4, -6, ... are.

    """
    numbers = memoryview(results).cast("d")

    def find(x: int) -> float:
        if x >= 0:
            return numbers[x]
        if x % 2:
            return number(inputs[(-1 - x) // 2])
        return constants[(-2 - x) // 2]

    return find
