"""simplify: fold constants, drop what changes no number, name each computation once.

Results keep their bits, but for the sign of a zero that a gradient contributes, and for
integer powers of up to 4 where guards stand for errors: they become products, which are
rounded otherwise than `pow`, by an ulp or so.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from autograd.compiler.element import Element
from autograd.compiler.passes.builder import Builder, Place
from autograd.compiler.program import Instruction, Program
from autograd.primitives import Primitive
from autograd.primitives.arithmetic import (
    add,
    div,
    equal,
    greater,
    mul,
    neg,
    quotient,
    strong_mul,
    sub,
)
from autograd.primitives.powers import pow as pow_
from autograd.primitives.powers import power, power_partial, power_slope

Rule = Callable[..., Place | None]


def simplify(program: Program, *, guarded: bool = False) -> Program:
    """Fold constants, apply the rules, share what is computed twice.

    Args:
        program: any program.
        guarded: whether guards stand for errors, so that a power which overflows in
            Python may become products, which do so without a word.

    """
    rules = {**RULES, pow_: _pow} if guarded else RULES
    new = Builder(program)
    places = new.start(program)
    for primitive, operands in program.straight:
        xs = tuple([places[x] for x in operands])
        folded = _folded(new, primitive, xs) if xs and max(xs) < 0 else None
        rule = rules.get(primitive)
        if folded is None and rule is not None:
            folded = rule(new, xs, [new.values.get(x) for x in xs])
        places.append(new.emit(primitive, *xs) if folded is None else folded)
    return new.finish(program, places)


def _folded(
    new: Builder, primitive: Primitive, operands: tuple[Place, ...]
) -> Place | None:
    """Return the result of constants as a constant, None where it is not finite."""
    if isinstance(primitive.value, Element):
        return None
    try:
        y = primitive.value(*[new.values[x] for x in operands])
    except (ArithmeticError, ValueError, TypeError, ImportError):
        return None
    return new.constant(y) if math.isfinite(y) else None


def _mul(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    for i in (0, 1):
        if values[i] == 1.0:
            return x[1 - i]  # 1 * x -> x
        if values[i] == -1.0:
            found = _neg(new, (x[1 - i],), [None])  # a place, and 0 is one
            return new.emit(neg, x[1 - i]) if found is None else found  # -1 * x -> -x
    return None


def _strong_mul(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    found = _mul(new, x, values)
    if found is None and values[1] is not None and math.isfinite(values[1]):
        found = new.emit(mul, *x)  # strong_mul(x, c) -> x * c
    return found


def _add(new: Builder, x: tuple[Place, ...], _: list[float | None]) -> Place | None:
    """Join what both sides of a branch pass back to what both of them read."""
    terms = [_step(new, place) for place in x]
    if any(step is None or step.primitive is not strong_mul for step in terms):
        return None
    (y, one), (z, other) = (step.operands for step in terms if step)
    if y != z or not (_are_opposite(new, one, other) or _are_opposite(new, other, one)):
        return None
    return y  # strong_mul(y, c) + strong_mul(y, 1 - c) -> y


def _are_opposite(new: Builder, c: Place, other: Place) -> bool:
    """Return whether c is 0 or 1, and the other place is 1 - c."""
    condition, step = _step(new, c), _step(new, other)
    return (
        condition is not None
        and condition.primitive in {equal, greater}
        and step is not None
        and step.primitive is sub
        and step.operands[1] == c
        and new.values.get(step.operands[0]) == 1.0
    )


def _step(new: Builder, place: Place) -> Instruction | None:
    return new.code[place - new.n] if place >= new.n else None


def _neg(new: Builder, x: tuple[Place, ...], _: list[float | None]) -> Place | None:
    i = x[0] - new.n
    if i >= 0 and new.code[i].primitive is neg:
        return new.code[i].operands[0]  # -(-x) -> x
    return None


def _by_one(
    _: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    return x[0] if values[1] == 1.0 else None  # x / 1 -> x


def _pow(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    if values[1] not in {1.0, 2.0, 3.0, 4.0}:
        return None
    return _product(new, x[0], int(values[1]))  # x ** 3 -> x * x * x


def _product(new: Builder, x: Place, n: int) -> Place:
    if n == 4:
        square = new.emit(mul, x, x)
        return new.emit(mul, square, square)
    y = x
    for _ in range(n - 1):
        y = new.emit(mul, y, x)
    return y


def _power_slope(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    if values[1] not in {2.0, 3.0, 4.0}:
        return None
    rest = _product(new, x[0], int(values[1]) - 1)
    return new.emit(mul, new.constant(values[1]), rest)  # slope of x**3 -> 3 * x * x


def _power_partial(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    n, m, _, b = values
    if n not in {1.0, 2.0, 3.0} or m != 0.0 or b not in {2.0, 3.0, 4.0} or n >= b:
        return (
            new.constant(0.0) if m == 0.0 and b in {1.0, 2.0} and n == b + 1 else None
        )
    rest = _product(new, x[2], int(b - n))
    factor = float(math.perm(int(b), int(n)))
    return new.emit(mul, new.constant(factor), rest)


RULES: dict[Primitive, Rule] = {
    add: _add,
    mul: _mul,
    strong_mul: _strong_mul,
    neg: _neg,
    div: _by_one,
    quotient: _by_one,
    power: _pow,
    power_slope: _power_slope,
    power_partial: _power_partial,
}
