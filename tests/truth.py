"""The exact value, gradient and Hessian-vector product of a program, and their doubt.

Forward mode in mpmath, second order: each result carries its derivatives by every
input, along one direction, and by every input along it. What a row contributes, its
first and second derivatives where it stands, are central differences of the row's
function in mpmath with a step of 1e-40 and 160 digits, of which 60 and more are right.
So nothing here knows a partial, and nothing walks backward.

What rounding does to floats is measured rather than guessed. `truths` can be told to
*jitter*: every result and every local derivative is multiplied by a number within 1e-13
of 1, some thousand rounding errors, out of a seed. Where a program cancels, or comes
close to a jump, jitter changes the truth by much, and a float deserves as much
tolerance; `judge` grants it, but only to numbers that are not right as they stand.

Letters: p is a row's gradient, q its Hessian; a ``Jet`` is a number with derivatives.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
from mpmath import mp, mpf
from oracle import UnclearError, oracle_of
from programs import Program

from autograd.primitives import TABLE

DIGITS = 160
STEP = mpf(2) ** -133
RIGHT = 1e-10  # relative: so far off a float is right in any program
NOTHING = 1e-40  # absolute: the differences are blind to derivatives below
JITTER = 1e-13
SAFETY = 4
CLEAR = 1e-4  # relative: with more tolerance than this a number says nothing

Function = Callable[..., Any]


@dataclass
class Jet:
    """A number, its derivatives by each input, along the direction, and by both."""

    value: Any
    by_input: list[Any]
    along: Any
    mixed: list[Any]


@dataclass
class Verdict:
    """How a float compares; not clear if the tolerance would hide nearly anything."""

    right: bool
    clear: bool
    message: str = ""


def truths(
    program: Program,
    direction: Sequence[float],
    jitter: float = 0.0,
    seed: int = 0,
) -> list[Any]:
    """Return value, gradient, tangent along the direction, Hessian times direction.

    Raises:
        UnclearError: if a row has a kink there, or no value.

    """
    generator = random.Random(seed)
    n = len(program.inputs)
    live = program.live()

    def off(x: Any) -> Any:
        return x * (1 + mpf(jitter * generator.uniform(-1.0, 1.0))) if jitter else x

    with mp.workdps(DIGITS):
        zero = mpf(0)
        jets: list[Any] = [
            Jet(mpf(x), [mpf(i == k) for k in range(n)], mpf(direction[i]), [zero] * n)
            for i, x in enumerate(program.inputs)
        ]
        for place, step in enumerate(program.steps, n):
            if place not in live:
                jets.append(None)
                continue
            parents = [jets[x] for x in step.operands if type(x) is int]
            value, p, q = _local(step.name, step.operands, parents)
            jets.append(_chain(off(value), [*map(off, p)], _each(off, q), parents))
        y = jets[-1]
        return [y.value, *y.by_input, y.along, *y.mixed]


def judge(
    program: Program, direction: Sequence[float], found: Sequence[float]
) -> list[Verdict]:
    """Compare floats with `truths`: with jitter where they are not simply right.

    Raises:
        UnclearError: if the program is at a kink, or jitter leads to one.

    """
    exact = truths(program, direction)
    if all(map(_is_right, found, exact)):
        return [Verdict(right=True, clear=True)] * len(exact)
    runs = [truths(program, direction, JITTER, seed) for seed in range(3)]
    verdicts = []
    for k, (x, truth) in enumerate(zip(found, exact, strict=True)):
        tolerance = SAFETY * max(abs(run[k] - truth) for run in runs)
        right = math.isfinite(x) and abs(x - truth) <= tolerance
        right = right or _is_right(x, truth)
        clear = _is_right(x, truth) or tolerance <= CLEAR * abs(truth)
        off, explained = mpmath.nstr(x - truth, 3), mpmath.nstr(tolerance, 3)
        message = (
            f"{x!r} is not {mpmath.nstr(truth, 20)}: "
            f"off by {off}, rounding explains {explained}"
        )
        verdicts.append(Verdict(right, clear, message))
    return verdicts


def _is_right(x: float, truth: Any) -> bool:
    return math.isfinite(x) and abs(x - truth) <= RIGHT * abs(truth) + NOTHING


def _chain(value: Any, p: list[Any], q: dict[Any, Any], xs: list[Jet]) -> Jet:
    """Apply the chain rule: q takes two first derivatives, p a second one."""
    n = len(xs[0].by_input)
    # What a step along the direction does to each entry of p.
    p_along = [mpf(0)] * len(xs)
    for (k, m), entry in q.items():
        p_along[k] += entry * xs[m].along
        if k != m:
            p_along[m] += entry * xs[k].along
    return Jet(
        value,
        [sum(d * x.by_input[i] for d, x in zip(p, xs, strict=True)) for i in range(n)],
        sum(d * x.along for d, x in zip(p, xs, strict=True)),
        [
            sum(
                d * x.mixed[i] + d_along * x.by_input[i]
                for d, d_along, x in zip(p, p_along, xs, strict=True)
            )
            for i in range(n)
        ],
    )


def _each(off: Function, q: dict[Any, Any]) -> dict[Any, Any]:
    return {pair: off(entry) for pair, entry in q.items()}


@functools.cache
def _function(name: str) -> Function:
    return oracle_of(TABLE[name])


def _local(
    name: str, operands: Sequence[int | float], parents: Sequence[Jet]
) -> tuple[Any, list[Any], dict[tuple[int, int], Any]]:
    """Return the row's value, p, and q by pairs of operands that are no constants."""
    function = _function(name)
    values = iter(parents)
    args = [mpf(x) if type(x) is float else next(values).value for x in operands]
    moving = [i for i, x in enumerate(operands) if type(x) is int]

    def at(*steps: tuple[int, int]) -> Any:
        moved = list(args)
        for i, sign in steps:
            moved[i] = moved[i] + STEP if sign > 0 else moved[i] - STEP
        try:
            y = function(*moved)
        except (ValueError, ZeroDivisionError):
            raise UnclearError from None  # jitter led out of the domain
        if isinstance(y, mpmath.mpc):
            raise UnclearError
        return y

    y = mpf(at())
    above = [at((i, 1)) for i in moving]
    below = [at((i, -1)) for i in moving]
    p = []
    q = {}
    for k, (up, down) in enumerate(zip(above, below, strict=True)):
        bend = up - 2 * y + down
        if abs(bend) > 1e-10 * abs(up - down) + 1e-20 * STEP:
            raise UnclearError  # the slopes on both sides differ: a kink, or a jump
        p.append((up - down) / (2 * STEP))
        q[k, k] = bend / STEP**2
        for m in range(k):
            both = at((moving[k], 1), (moving[m], 1))
            both += at((moving[k], -1), (moving[m], -1))
            both -= up + down + above[m] + below[m] - 2 * y
            q[k, m] = both / (2 * STEP**2)
    return y, p, q
