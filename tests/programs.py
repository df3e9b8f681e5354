"""Random programs out of the table: made from a seed, run on any numbers, shrunk.

A program is plain data: inputs, and steps that each apply a row, by its name, to
constants and to the results of earlier steps. Whatever can evaluate a row can run it:
floats, Values, exact arithmetic, a compiled function, on the inputs it was made with or
on others. It shares results, has steps that nothing uses, and its last result is its
output.

`random_program` runs on floats as it goes, and takes only steps that are defined there,
that give a number of a usual magnitude, and whose row is smooth there: operands are
nudged, and a bend or a jump in the *values* keeps a step out (the partials, which are
under test, are not asked). What is left is differentiable, and exact arithmetic has a
derivative to compare with.

All follows from the seed and the table; a row more in the table changes the programs.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autograd.dot import sumprod
from autograd.primitives import TABLE, Primitive
from autograd.primitives.row import zeros

LEFT_OUT = {"nextafter", "ulp"}  # matters of the last bit, not of magnitudes
ROWS = [row for name, row in TABLE.items() if name not in LEFT_OUT]
# Operators are common in programs, special functions rare (and slow to verify), and
# rare are the flat rows, behind which every derivative is 0.
FLAT = [row for row in ROWS if set(row.partials) == {zeros}]
OPERATORS = [row for row in ROWS if row.precedence and row not in FLAT]
SPECIAL = [row for row in ROWS if not row.elementary]
OTHERS = [row for row in ROWS if row not in FLAT + OPERATORS + SPECIAL]
KINDS = (OPERATORS, OTHERS, SPECIAL, FLAT)
WEIGHTS = (38, 50, 8, 4)
SIZES = (10, 60)
MANY_UNUSED = 3
OPERANDS = (2, 2, 2, 4, 4, 10)  # of a row of any number; hypot changes way at 8
CONSTANTS = (0.0, 1.0, 2.0, -1.0, 0.5, 3.0)
MAGNITUDES = (1e-6, 1e6)
NUDGE = 1e-4

Call = Callable[..., Any]


@dataclass(frozen=True)
class Step:
    """Apply the row of that name to operands: an int is a place, a float a constant."""

    name: str
    operands: tuple[int | float, ...]


@dataclass(frozen=True)
class Program:
    """Inputs have the first places, results of steps those that follow."""

    inputs: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, inputs: Sequence[Any], call: Call) -> list[Any]:
        """Return what is at all places, each step done by ``call(name, *operands)``."""
        results = list(inputs)
        for step in self.steps:
            operands = [x if type(x) is float else results[x] for x in step.operands]
            results.append(call(step.name, *operands))
        return results

    def live(self) -> set[int]:
        """Return the places that the output depends on."""
        n = len(self.inputs)
        live = {n + len(self.steps) - 1}
        for place in range(n + len(self.steps) - 1, n - 1, -1):
            if place in live:
                operands = self.steps[place - n].operands
                live |= {x for x in operands if type(x) is int}
        return live

    def __str__(self) -> str:
        n = len(self.inputs)
        lines = [f"v{i} = {x!r}" for i, x in enumerate(self.inputs)]
        for i, step in enumerate(self.steps):
            names = [repr(x) if type(x) is float else f"v{x}" for x in step.operands]
            lines.append(f"v{n + i} = {step.name}({', '.join(names)})")
        return "\n".join(lines)


def by_row(name: str, *operands: Any) -> Any:
    """Apply a row to floats or Values, through the table."""
    return TABLE[name](*operands)


SPELLINGS: dict[str, Call] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    # Integers have a way of their own: x ** 2.
    "pow": lambda a, b: a ** (int(b) if type(b) is float and b.is_integer() else b),
    "neg": operator.neg,
    "relu": lambda x: x.relu(),
    "sumprod": lambda *pq: sumprod(pq[: len(pq) // 2], pq[len(pq) // 2 :]),
}


def by_operator(name: str, *operands: Any) -> Any:
    """Do so as users write it: the engine has the commonest operations twice."""
    return SPELLINGS.get(name, TABLE[name])(*operands)


def output(program: Program, call: Call = by_operator) -> Callable[[list[Any]], Any]:
    """Return the program as a function of a list of its inputs."""

    def f(inputs: list[Any]) -> Any:
        return program.run(inputs, call)[-1]

    return f


# --- Making them --------------------------------------------------------------------


def random_program(seed: int) -> Program:
    """Make a program of 2 to 6 inputs and 10 to 60 steps."""
    generator = random.Random(seed)
    results = [_input(generator) for _ in range(generator.randint(2, 6))]
    inputs = tuple(results)
    unused = list(range(len(results)))
    steps: list[Step] = []
    size = generator.randint(*SIZES)
    while len(steps) < size:
        row = generator.choice(generator.choices(KINDS, WEIGHTS)[0])
        if row.arity == 1 and len(unused) > MANY_UNUSED:
            continue
        operands = _operands(generator, row, results, unused)
        if operands is None:
            continue
        y = _smooth_value(row, operands, results)
        if y is not None:
            unused = [place for place in unused if place not in operands]
            unused.append(len(results))
            results.append(y)
            steps.append(Step(row.name, operands))
    return Program(inputs, tuple(steps))


def _input(generator: random.Random) -> float:
    if generator.random() < 0.7:
        return generator.uniform(-3.0, 3.0)
    return generator.choice((-1.0, 1.0)) * 10.0 ** generator.uniform(-3.0, 3.0)


def _operands(
    generator: random.Random, row: Primitive, results: list[float], unused: list[int]
) -> tuple[int | float, ...] | None:
    """Choose operands in the row's extent; None if there is no place among them."""
    repeat = 1 if row.arity is not None else generator.choice(OPERANDS)
    operands: list[int | float] = []
    for domain, (low, high) in zip(row.domain, row.extent, strict=True):
        for _ in range(repeat):
            place = None
            if low < high and generator.random() < 0.88:
                places = unused if generator.random() < 0.8 and unused else None
                place = generator.choice(places or range(len(results)))
                if not low <= results[place] <= high:
                    place = None
            operands.append(_constant(generator, *domain) if place is None else place)
    return tuple(operands) if any(type(x) is int for x in operands) else None


def _constant(generator: random.Random, low: float, high: float) -> float:
    if generator.random() < 0.4:
        x = generator.choice(CONSTANTS)
        if low <= x <= high:
            return x
    return generator.uniform(low, high)


def _smooth_value(
    row: Primitive, operands: tuple[int | float, ...], results: list[float]
) -> float | None:
    """Return the row's value, or None where it is not defined, usual and smooth."""
    args = [x if type(x) is float else results[x] for x in operands]
    smallest, largest = MAGNITUDES
    try:
        y = float(row(*args))
        if not (y == 0.0 or smallest <= abs(y) <= largest):
            return None
        for i, operand in enumerate(operands):
            if type(operand) is float:
                continue
            nudge = NUDGE * max(abs(args[i]), 1e-3)
            below, above = [
                row(*args[:i], x, *args[i + 1 :])
                for x in (args[i] - nudge, args[i] + nudge)
            ]
            if y == 0.0 and not below == above == 0.0:  # only the flat are exactly 0
                return None
            bend = abs(above - 2.0 * y + below)
            if not bend <= min(0.1 * abs(above - below) + 1e-6 * abs(y), largest):
                return None
    except (ValueError, ArithmeticError):
        return None
    return y


# --- Making them smaller ------------------------------------------------------------


def shrink(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Return a program that fails too, from which nothing can be left out."""
    while True:
        smaller = next(filter(fails, _smaller(program)), None)
        if smaller is None:
            return program
        program = smaller


def _smaller(program: Program) -> Iterator[Program]:
    """Yield the program cut, pruned, and with constants and inputs for results."""
    n, size = len(program.inputs), len(program.steps)
    for length in range(1, size):
        yield replace(program, steps=program.steps[:length])
    pruned = _without(program, set(range(n + size)) - program.live())
    if pruned != program:
        yield pruned
    results = program.run(program.inputs, by_row)
    for i, step in enumerate(program.steps):
        if step.operands != (0,) or i:
            # This result becomes an input, and what it was made of is pruned.
            head = replace(program, inputs=(*program.inputs, results[n + i]))
            moved = _moved(head.steps, lambda x: x + (x >= n))
            steps = _moved(moved, lambda x, i=i: n if x == n + 1 + i else x)
            cut = replace(head, steps=steps)
            cut = _without(cut, set(range(n + 1 + size)) - cut.live())
            if len(cut.steps) < size:
                yield cut
        for k, operand in enumerate(step.operands):
            if type(operand) is int:
                fixed = (*step.operands[:k], results[operand], *step.operands[k + 1 :])
                if any(type(x) is int for x in fixed):
                    changed = list(program.steps)
                    changed[i] = Step(step.name, fixed)
                    yield replace(program, steps=tuple(changed))


def _moved(steps: Sequence[Step], to: Callable[[int], int]) -> tuple[Step, ...]:
    return tuple(
        Step(s.name, tuple(x if type(x) is float else to(x) for x in s.operands))
        for s in steps
    )


def _without(program: Program, dead: set[int]) -> Program:
    """Return the program without these places, which no other uses."""
    n = len(program.inputs)
    to = {}
    for place in range(n + len(program.steps)):
        if place not in dead:
            to[place] = len(to)
    inputs = tuple(x for i, x in enumerate(program.inputs) if i in to)
    kept = [step for i, step in enumerate(program.steps) if n + i in to]
    return Program(inputs, _moved(kept, to.__getitem__))
