"""What tests of the compiler share: programs of one row, points, and IEEE arithmetic.

`ieee` applies a row as targets do: it raises nothing. `points_of` has numbers of all
sizes in a row's extent, its borders, and what is not a usual number.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence

import programs

from autograd.compiler.program import Instruction, Program
from autograd.primitives import TABLE, Primitive

INF, NAN = math.inf, math.nan
TINY = 5e-324
LARGEST = 1.7976931348623157e308
SPECIAL = (
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 0.25, 0.75, 40.0, -40.5, 708.5, -745.0,
    1e-300, -1e-310, TINY, 1e300, -1e300, LARGEST, INF, -INF, NAN,
)  # fmt: skip
ORDERS = (1.0, 2.0, 3.0, 4.0)
OVERFLOWS = {"exp", "exp2", "expm1", "cosh", "lgamma"}
ODD = {"sinh", "gamma", "tan"}
POLES = {"log", "log2", "log10", "log_or_nan"}
ROUNDING = {"floor", "ceil", "trunc", "rint"}
# Rows whose zero has the sign that came about, not one that means something.
EVERYWHERE = {"sinc", "sumprod", "power_slope", "power_log"}


def program_of(row: Primitive, count: int, orders: Sequence[float] = ()) -> Program:
    """Return the program that applies a row once; its first operands may be orders."""
    n = count - len(orders)
    operands = (*range(n, count), *range(n))
    code = (Instruction(row, operands),)
    return Program(("",) * n, tuple(orders), code, (count,)).check()


def ieee(row: Primitive, *xs: float) -> float:
    """Apply a row as IEEE 754 and C have it, where Python raises."""
    name, x = row.name, xs[0] if xs else NAN
    try:
        return row.value(*xs)
    except OverflowError:
        if name in ROUNDING:
            return x
        return math.copysign(INF, x) if name in ODD else INF
    except (ValueError, ZeroDivisionError):
        if name in ROUNDING:
            return x
        if name in POLES and x == 0.0:
            return -INF
        if name == "log1p" and x == -1.0:
            return -INF
        if name == "atanh" and abs(x) == 1.0:
            return x * INF
        if name in {"gamma", "lgamma"} and x == 0.0:
            return math.copysign(INF, x) if name == "gamma" else INF
        return NAN


def value_of(row: Primitive, args: Sequence[float]) -> float | None:
    """Return the row's value, None where it raises."""
    try:
        return float(row.value(*args))
    except (ValueError, ArithmeticError):
        return None


def order_count(row: Primitive) -> int:
    """Return how many of the first operands are orders, by the row's domain."""
    if row.name in {"round", "ldexp", "where"}:
        return 0
    return sum(1 for low, high in row.domain[:-1] if low == high)


def sample(generator: random.Random, low: float, high: float) -> float:
    """Return a number of any size out of an interval."""
    while True:
        x = 10.0 ** generator.uniform(-320.0, 308.0)
        if generator.random() < 0.6:
            x = 10.0 ** generator.uniform(-6.0, 3.0)
        x = generator.choice((-1.0, 1.0)) * x
        if generator.random() < 0.4:
            x = generator.uniform(max(low, -50.0), min(high, 50.0))
        if low <= x <= high:
            return x


def points_of(row: Primitive, count: int, operands: int = 0) -> Iterator[list[float]]:
    """Yield points: usual ones, ones of all sizes, then all of the special ones."""
    generator = random.Random(row.name)
    first = order_count(row)
    domain, extent = row.domain[first:], row.extent[first:]
    if row.arity is None:
        domain, extent = domain * operands, extent * operands
    for _ in range(count):
        yield [generator.uniform(low, high) for low, high in domain]
        yield [sample(generator, low, high) for low, high in extent]
    lists = [SPECIAL] * len(domain)
    if len(domain) > 2:
        lists = [[*generator.sample(SPECIAL, 5), 0.0, 1.5] for _ in domain]
        lists = lists[:4] + [[1.5]] * (len(domain) - 4)
    for point in itertools.product(*lists):
        yield list(point)


def off_by(found: float, expected: float) -> float:
    """Return how far two numbers are apart, in units in the last of the second."""
    if math.isnan(expected) or math.isnan(found):
        return 0.0 if math.isnan(expected) and math.isnan(found) else INF
    if found == expected:
        return 0.0
    if math.isinf(expected) or math.isinf(found):
        near = max(min(abs(found), LARGEST), min(abs(expected), LARGEST))
        return 1.0 if near == LARGEST and found * expected > 0.0 else INF
    return abs(found - expected) / math.ulp(expected)


def as_program(program: programs.Program) -> Program:
    """Return a random program in the compiler's form."""
    constants: dict[str, float] = {}
    for step in program.steps:
        constants |= {x.hex(): x for x in step.operands if type(x) is float}
    place_of = {text: len(program.inputs) + i for i, text in enumerate(constants)}
    n, shift = len(program.inputs), len(constants)
    code = tuple(
        Instruction(
            TABLE[step.name],
            tuple(
                place_of[x.hex()] if type(x) is float else x if x < n else x + shift
                for x in step.operands
            ),
        )
        for step in program.steps
    )
    size = n + shift + len(code)
    names = tuple(f"x{i}" for i in range(n))
    return Program(names, tuple(constants.values()), code, (size - 1,)).check()
