"""passes: make a Program shorter without changing what it says.

`simplify` is one walk over the code: it folds constants, applies the rules below, and
gives the same name to the same computation. `live` drops what nothing depends on.
`guarded` adds what a native target must check, since it cannot raise as Python does.
`dots` gathers chains of products into sumprods, which targets turn into loops.

Results keep their bits, but for three things, all of at most an ulp or so an operation:
an integer power of up to 4 becomes products, which are rounded otherwise than `pow`;
`dots` lets a target add products in its own order and rounding; and the sign of a zero
that a gradient contributes is lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autograd.compiler.collector import waiting
from autograd.compiler.element import Element
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives import TABLE, Primitive, arithmetic, elementary

Place = int
Rule = Callable[..., Place | None]

ADD, SUB, MUL, DIV = (TABLE[name] for name in ("add", "sub", "mul", "div"))
NEG, STRONG_MUL, SUMPROD = arithmetic.neg, arithmetic.strong_mul, elementary.sumprod
FMA = TABLE["fma"]
COMMUTING = {ADD, MUL}

# An operand at these positions that is not finite makes the result not finite.
SPREADING = {
    ADD: (0, 1), SUB: (0, 1), MUL: (0, 1), DIV: (0,), NEG: (0,),
    arithmetic.quotient: (0,), arithmetic.over_square: (0,),
    arithmetic.absolute: (0,), arithmetic.square: (0,),
    **{TABLE[name]: (0,) for name in ("sqrt", "log", "log2", "log10", "log1p", "cosh",
                                      "sinh", "cos", "sin", "tan", "cbrt")},
}  # fmt: skip
SPREADING_ALL = {SUMPROD, elementary.fsum, elementary.prod}
RAISING = {elementary.fsum}  # it spreads, but raises where its sum overflows
# These are finite for whatever finite operands, or overflow in Python without a word.
SILENT = {
    *(SPREADING_ALL - RAISING), ADD, SUB, MUL, NEG, STRONG_MUL,
    *(TABLE[name] for name in (
        "greater", "equal", "step", "sign", "heaviside", "where", "scale", "square",
        "abs", "whole", "maximum", "minimum", "copysign", "tanh", "sigmoid",
        "sech_squared", "sigmoid_slope", "relu", "leaky_relu", "elu", "selu", "gelu",
        "silu", "mish", "softplus", "softsign", "log_sigmoid", "atan", "asinh", "erf",
        "erfc", "quotient", "over_square", "one_minus_square", "ndtr", "cosine",
        "normal_density", "exp_minus_square", "hypot", "dist", "logsumexp",
        "logaddexp", "sigmoid_of_difference", "power", "cbrt",
        "power_slope", "power_log", "power_partial", "log_or_nan", "degrees", "radians",
    ) if name in TABLE),
}  # fmt: skip


@waiting()
def optimize(program: Program) -> Program:
    """Return the program as short as the passes make it.

    >>> from autograd import grad
    >>> from autograd.compiler import trace
    >>> print(optimize(trace(grad(lambda x: x**3 + x), 2.0)))
    f(v0):
        v3 = v0 * v0
        v4 = 3.0 * v3
        v5 = 1.0 + v4
        return v5

    """
    return live(simplify(program, RULES))


def optimize_guarded(program: Program) -> Program:
    """Do so where guards stand for errors: a product overflows without a word."""
    return live(simplify(program, {**RULES, TABLE["pow"]: _pow}))


class Builder:
    """New code for a program, each computation once."""

    def __init__(self, program: Program) -> None:
        self.n = len(program.inputs)
        self.constants: dict[str, Place] = {}
        self.values: dict[Place, float] = {}
        self.code: list[Instruction] = []
        self.known: dict[tuple[Primitive, tuple[Place, ...]], Place] = {}

    # Places: inputs from 0, results from n on, constants from -1 down.

    def constant(self, x: float) -> Place:
        """Return the place of a constant."""
        place = self.constants.setdefault(x.hex(), -1 - len(self.constants))
        self.values[place] = x
        return place

    def emit(self, row: Primitive, *operands: Place) -> Place:
        """Return the place of a row's result, written if it was not there yet."""
        if row in COMMUTING and operands[0] > operands[1]:
            operands = operands[::-1]
        key = (row, operands)
        place = self.known.get(key)
        if place is None:
            place = self.known[key] = self.n + len(self.code)
            self.code.append(Instruction(row, operands))
        return place

    def finish(self, program: Program, places: Sequence[Place]) -> Program:
        """Return the program with the new code.

        Args:
            program: the old one.
            places: where each of its places is now. What compares constants is dropped.

        """
        shift = len(self.constants)

        def final(x: Place) -> Place:
            return self.n - 1 - x if x < 0 else x if x < self.n else x + shift

        return program.replace(
            constants=tuple(float.fromhex(text) for text in self.constants),
            code=tuple(
                Instruction(s.row, tuple([final(x) for x in s.operands]))
                for s in self.code
            ),
            outputs=tuple(final(places[x]) for x in program.outputs),
            guards=tuple(
                dict.fromkeys(
                    Guard(g.relation, final(places[g.a]), final(places[g.b]), g.holds)
                    for g in program.guards
                    if max(places[g.a], places[g.b]) >= 0
                )
            ),
        )


def simplify(program: Program, rules: dict[Primitive, Rule]) -> Program:
    """Fold constants, apply the rules, share what is computed twice."""
    new = Builder(program)
    places = [*range(new.n), *[new.constant(c) for c in program.constants]]
    for step in program.code:
        operands = tuple([places[x] for x in step.operands])
        places.append(_simplified(new, step.row, operands, rules.get(step.row)))
    return new.finish(program, places)


def _simplified(
    new: Builder, row: Primitive, operands: tuple[Place, ...], rule: Rule | None
) -> Place:
    values = [new.values.get(x) for x in operands]
    if operands and None not in values and not isinstance(row.value, Element):
        try:
            y = row.value(*values)
        except (ArithmeticError, ValueError, TypeError, ImportError):
            y = math.nan
        if math.isfinite(y):
            return new.constant(y)
    found = rule(new, operands, values) if rule else None
    return new.emit(row, *operands) if found is None else found


def _mul(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    for i in (0, 1):
        if values[i] == 1.0:
            return x[1 - i]  # 1 * x -> x
        if values[i] == -1.0:
            found = _neg(new, (x[1 - i],), [None])  # a place, and 0 is one
            return new.emit(NEG, x[1 - i]) if found is None else found  # -1 * x -> -x
    return None


def _strong_mul(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    found = _mul(new, x, values)
    if found is None and values[1] is not None and math.isfinite(values[1]):
        found = new.emit(MUL, *x)  # strong_mul(x, c) -> x * c
    return found


def _neg(new: Builder, x: tuple[Place, ...], _: list[float | None]) -> Place | None:
    i = x[0] - new.n
    if i >= 0 and new.code[i].row is NEG:
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
        square = new.emit(MUL, x, x)
        return new.emit(MUL, square, square)
    y = x
    for _ in range(n - 1):
        y = new.emit(MUL, y, x)
    return y


def _power_slope(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    if values[1] not in {2.0, 3.0, 4.0}:
        return None
    power = _product(new, x[0], int(values[1]) - 1)
    return new.emit(MUL, new.constant(values[1]), power)  # slope of x**3 -> 3 * x * x


def _power_partial(
    new: Builder, x: tuple[Place, ...], values: list[float | None]
) -> Place | None:
    n, m, _, b = values
    if n not in {1.0, 2.0, 3.0} or m != 0.0 or b not in {2.0, 3.0, 4.0} or n >= b:
        return (
            new.constant(0.0) if m == 0.0 and b in {1.0, 2.0} and n == b + 1 else None
        )
    power = _product(new, x[2], int(b - n))
    factor = float(math.perm(int(b), int(n)))
    return new.emit(MUL, new.constant(factor), power)


RULES: dict[Primitive, Rule] = {
    MUL: _mul,
    STRONG_MUL: _strong_mul,
    NEG: _neg,
    DIV: _by_one,
    arithmetic.quotient: _by_one,
    TABLE["power"]: _pow,
    TABLE["power_slope"]: _power_slope,
    TABLE["power_partial"]: _power_partial,
}


def live(program: Program) -> Program:
    """Drop the instructions and constants that no output and no guard depends on."""
    first = program.first_result
    needed = bytearray(program.size)
    for x in program.outputs:
        needed[x] = 1
    for g in program.guards:
        needed[g.a] = needed[g.b] = 1
    for i in range(len(program.code) - 1, -1, -1):
        if needed[first + i]:
            for x in program.code[i].operands:
                needed[x] = 1
    n = len(program.inputs)
    kept = [*range(n), *[x for x in range(n, program.size) if needed[x]]]
    new = dict(zip(kept, range(len(kept)), strict=True))
    return program.replace(
        constants=tuple(c for i, c in enumerate(program.constants, n) if needed[i]),
        code=tuple(
            Instruction(s.row, tuple([new[x] for x in s.operands]))
            for i, s in enumerate(program.code, first)
            if needed[i]
        ),
        outputs=tuple(new[x] for x in program.outputs),
        guards=tuple(
            Guard(g.relation, new[g.a], new[g.b], g.holds) for g in program.guards
        ),
    )


def guarded(program: Program) -> Program:
    """Add the checks that stand for Python's errors, and relax the strong zero.

    Where Python raises, native code gives an infinity or a NaN. If that is sure to show
    in an output, which the caller looks at, nothing is needed; otherwise the program
    gets a guard that it is finite. An infinite partial times an adjoint of 0 is a NaN
    in native code, instead of 0; where it shows, plain products will do.
    """
    first = program.first_result
    shows = bytearray(program.size)
    for x in program.outputs:
        shows[x] = 1
    code = list(program.code)
    guards = list(program.guards)
    for i in range(len(code) - 1, -1, -1):
        step, place = code[i], first + i
        if not shows[place] and step.row not in SILENT:
            guards.append(Guard("finite", place, place))
            shows[place] = 1
        if not shows[place]:
            continue
        if step.row is STRONG_MUL:
            step = code[i] = Instruction(MUL, step.operands)
        operands = step.operands
        if step.row not in SPREADING_ALL:
            operands = tuple([operands[k] for k in SPREADING.get(step.row, ())])
        for x in operands:
            shows[x] = 1
    return program.replace(code=tuple(code), guards=tuple(guards))
