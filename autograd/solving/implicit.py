"""implicit: what solves equations, as a function of everything else in them.

The equations F(x, θ) = 0 are recorded at a solution that was found on floats. The
solution is then a primitive of all the Values θ that they use: its value is found by
the same search, its partials are those of the implicit function theorem,

    dx/dθ = -(∂F/∂x)⁻¹ ∂F/∂θ,

written with the recorded equations, so that they are functions of x and θ themselves
and have derivatives of every order. A search asks nobody's tape: what compares the
numbers on its way decides nothing about the solution.

Letters: ``x`` are the unknowns, ``theta`` what else is in the equations.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from autograd.compiler.calls.jit import jit
from autograd.compiler.program import Program
from autograd.compiler.record.trace import record_once
from autograd.context import errstate
from autograd.forks import held_while_forking
from autograd.lifting.pivots import pivot
from autograd.lifting.silent import on_floats, silence
from autograd.lifting.stand_ins import plain
from autograd.primitives import Primitive
from autograd.transforms import jacobian
from autograd.value import Value, fused

# Of a function of n floats that returns n floats, and where to start: a solution.
Find = Callable[[Callable[..., Any], list[Any]], list[float]]

OFTEN = 40  # evaluations, after which the equations are compiled

MSG_SINGULAR = (
    "the solution {0!r} of {1} does not move smoothly: the derivative of the equations "
    "by the unknowns is singular there, as at a double root"
)
MSG_OTHER_WAY = (
    "{0} takes another way through its comparisons at this solution than it was "
    "recorded with"
)


def solution(
    equations: Callable[[list[Any]], Sequence[Any]],
    find: Find,
    starts: Sequence[Any],
    name: str,
    how: Hashable,
    first: Find | None = None,
) -> list[Any]:
    """Return the solution of equations: floats, or nodes over the Values they use.

    Args:
        equations: takes the unknowns, and returns what is to be 0, as many numbers as
            there are unknowns; what comes after them only helps the search.
        find: the search, on floats; a function of its arguments alone.
        starts: where it starts, whatever that means to it; numbers or Values.
        name: what messages and drawings call it.
        how: which search it is, as a key.
        first: what finds the solution this time, if not ``find``.

    Raises:
        ZeroDivisionError: if the solution is not a differentiable function of them.

    """
    on_numbers = on_floats(lambda xs: [plain(y) for y in equations(xs)], list)
    x = (first or find)(on_numbers, [plain(start) for start in starts])
    recording = record_once(lambda xs: list(equations(xs)), x, "equations")
    theta = recording.captured
    if not theta:
        return x
    moving = [i for i, start in enumerate(starts) if type(start) is Value]
    fixed = tuple([None if type(start) is Value else start for start in starts])
    key = recording.program, fixed, name, how
    with _lock:  # threads that ask at once must have the same primitives
        solved = _known.get(key)
        if solved is None:
            solved = Solved(recording.program, find, starts, moving, name, len(x))
            while len(_known) >= KEPT:
                _known.pop(next(iter(_known)))
            _known[key] = solved
    operands = (*theta, *[starts[i] for i in moving])
    numbers = [plain(v) for v in operands]
    solved.known = tuple(numbers), x
    return [
        fused(row, y, operands, list(row.partials_at(y, numbers)))
        for row, y in zip(solved.own, x, strict=True)
    ]


# The same equations are the same primitives, as far as recordings can tell.
_known: dict[Hashable, Solved] = {}
_lock = held_while_forking(threading.Lock())
KEPT = 500


class Solved:
    """Equations whose solution is wanted for many values of what is in them.

    Args:
        program: of the unknowns and the other Values; returns what is to be 0.
        find: the search.
        starts: where it starts.
        moving: which of these are Values, and come after the others.
        name: what messages call it.
        n: how many unknowns there are; each has a primitive, the ``own``.

    """

    def __init__(
        self,
        program: Program,
        find: Find,
        starts: Sequence[Any],
        moving: list[int],
        name: str,
        n: int,
    ) -> None:
        self.program = program
        self.find = find
        self.starts = [plain(x) for x in starts]
        self.moving = moving
        self.name = name
        self.known: tuple[tuple[float, ...], list[float]] = (), []
        self.slopes: tuple[tuple[float, ...], list[list[float]]] = (), []
        self.evaluations = 0
        self.compiled = jit(lambda *xs: tuple(program(*xs)))
        self.own = [
            Primitive(name, self._value(k), self._partials(k)) for k in range(n)
        ]

    def at(self, numbers: tuple[float, ...]) -> list[float]:
        """Return the solution for these numbers."""
        known, x = self.known
        if known == numbers:
            return x
        theta = numbers[: len(numbers) - len(self.moving)]
        starts = list(self.starts)
        for i, start in zip(self.moving, numbers[len(theta) :], strict=True):
            starts[i] = start
        x = self.find(lambda xs: self._equations(*xs, *theta), starts)
        if not self.program.holds(self.program.run([*x, *theta])):
            raise ValueError(MSG_OTHER_WAY.format(self.name))
        self.known = numbers, x
        return x

    def _equations(self, *numbers: float) -> list[float]:
        self.evaluations += 1
        f = self.compiled if self.evaluations > OFTEN else self.program
        try:
            return list(f(*numbers))
        except (ArithmeticError, ValueError):
            with errstate(all="ignore"):  # NumPy's division by 0.0 was no error
                ys = self.program(*numbers)
            if any(map(math.isnan, ys)):  # which no search can go on with
                raise
            return ys

    def _value(self, k: int) -> Callable[..., float]:
        return lambda *numbers: self.at(numbers)[k]

    def _partials(self, k: int) -> Callable[..., Any]:
        def partials(y: Any, *operands: Any) -> list[Any]:
            theta = operands[: len(operands) - len(self.moving)]
            fixed = [0.0] * len(self.moving)
            if all(type(v) is float for v in (y, *operands)):
                return self._numbers(operands, theta)[k] + fixed
            x = [y if j == k else row(*operands) for j, row in enumerate(self.own)]
            return self._by_theta(k, x, theta) + fixed

        return partials

    def _numbers(self, operands: Any, theta: Any) -> list[list[float]]:
        known, by_theta = self.slopes  # once: another thread may set it meanwhile
        if known != operands:
            with silence():
                x = self.at(operands)
                by_theta = [self._by_theta(k, x, theta) for k in range(len(x))]
            self.slopes = operands, by_theta
        return by_theta

    def _by_theta(self, k: int, x: list[Any], theta: Sequence[Any]) -> list[Any]:
        """Return the derivatives of unknown k: row k of -(dF/dx)⁻¹ times dF/dθ."""
        n, m = len(x), len(theta)

        def equations(*numbers: Any) -> list[Any]:
            return self.program(*numbers)[:n]

        jacobians = jacobian(equations, tuple(range(n + m)))(*x, *theta)
        by = [list(row) for row in jacobians]
        transposed = [[by[i][j] for i in range(n)] for j in range(n)]
        unit = [1.0 if j == k else 0.0 for j in range(n)]
        try:
            weights = linear(transposed, unit)
        except ZeroDivisionError:
            at = [plain(v) for v in x]
            raise ZeroDivisionError(MSG_SINGULAR.format(at, self.name)) from None
        return [
            -sum(
                (weights[i] * by[i][n + j] for i in range(1, n)),
                weights[0] * by[0][n + j],
            )
            for j in range(m)
        ]


def linear(a: list[list[Any]], b: list[Any]) -> list[Any]:
    """Solve linear equations of floats or Values, by elimination.

    Raises:
        ZeroDivisionError: if they are singular.

    >>> linear([[0.0, 2.0], [4.0, 1.0]], [2.0, 5.0])
    [1.0, 1.0]

    """
    rows, b, n = [list(row) for row in a], list(b), len(b)
    for k in range(n):
        best = pivot(rows, k)
        rows[k], rows[best] = rows[best], rows[k]
        b[k], b[best] = b[best], b[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [p - factor * q for p, q in zip(rows[i], rows[k], strict=True)]
            b[i] = b[i] - factor * b[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            b[k] = b[k] - rows[k][j] * b[j]
        b[k] = b[k] / rows[k][k]
    return b
