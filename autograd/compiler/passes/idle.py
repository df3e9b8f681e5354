"""idle: what a block computes where some of its inputs are known.

A loop that somebody left, in one row of many, goes on for the others. A flag says so,
and with the flag set an iteration changes nothing: ``where(flag, old, new)``. To see
that, the block is run on what is *known* of its inputs: that one is a certain number,
is 0 or 1, or is the same in every iteration.

A strong product with 0 is 0. A plain one is where the other factor is the same in every
iteration: were it infinite, the results would not be finite, and not used. Once
`autograd.compiler.passes.guards` has made plain products of strong ones, it takes them
all for such (``strict=False``); what is found then counts only if it was found before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.compiler.loop import Loop, Read, is_fixed
from autograd.compiler.passes.blocks import meets_own, read_places
from autograd.compiler.program import Instruction, Program

ROUNDS = 6  # of a loop within, until what it carries stays as it is


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a number.

    Attributes:
        number: what it is, None if that is not known.
        source: the input that it is, unchanged; None if it was computed.
        steady: whether it is the same in every iteration.
        is_bit: whether it is 0 or 1.

    """

    number: float | None = None
    source: int | None = None
    steady: bool = False
    is_bit: bool = False


UNKNOWN = Known()
STEADY = Known(steady=True)
BIT = Known(is_bit=True)


def exactly(x: float) -> Known:
    """Return what is known of a number that is known."""
    return Known(x, None, steady=True, is_bit=x in {0.0, 1.0})


ZERO = exactly(0.0)


def known_in(program: Program, inputs: Sequence[Known], *, strict: bool) -> list[Known]:
    """Return what is known of all places of a block, given that of its inputs."""
    found = [*inputs, *map(exactly, program.constants)]
    for step in program.code:
        if type(step) is Loop:
            found += _of_loop(step, found, strict=strict)
        else:
            found.append(known_of(step, found, strict=strict))
    return found


def known_of(step: Instruction, found: Sequence[Known], *, strict: bool) -> Known:
    """Return what is known of a result, given that of all places before."""
    operands = [found[x] for x in step.operands]
    rule = RULES.get(step.primitive.name) if step.primitive.in_table else None
    if strict and step.primitive.name in PLAIN and not _settles(operands):
        rule = None
    known = rule(*operands) if rule else None
    return known or _computed(step.primitive, operands)


def _settles(operands: Sequence[Known]) -> bool:
    """Return whether no factor may become infinite later on where another one is 0."""
    steady = all(x.steady or x.is_bit for x in operands)
    return steady or all(x.number != 0.0 for x in operands)


def _computed(primitive: Any, operands: Sequence[Known]) -> Known:
    numbers = [x.number for x in operands]
    if primitive.in_table and None not in numbers:
        try:
            return exactly(primitive(*numbers))
        except (ArithmeticError, ValueError):
            return STEADY
    steady = all(x.steady for x in operands)
    is_bit = primitive.in_table and primitive.name in TRUTHS
    return Known(steady=steady, is_bit=is_bit)


def _of_loop(loop: Loop, around: Sequence[Known], *, strict: bool) -> list[Known]:
    """Return what is known of a loop's places, given that of all before."""
    reads = [of_read(r, loop.count, around) for r in loop.reads]
    return settled(loop, around, reads, strict=strict)


def settled(
    loop: Loop, around: Sequence[Known], reads: Sequence[Known], *, strict: bool
) -> list[Known]:
    """Return what is known of a loop's places, given that of all before and of reads.

    It is known of what is carried once an iteration makes no difference to that.
    """
    n = len(loop.carried)
    now = [around[x] for x in loop.carried]
    for _ in range(ROUNDS):
        inside = known_in(loop.body, [*now, *reads], strict=strict)
        out = [inside[x] for x in loop.body.outputs]
        if out[:n] == now:
            kept = out[n:]
            if not all(x.steady for x in kept) and meets_own(len(around), loop):
                break
            return now + [x for x in kept for _ in range(loop.count)]
        now = [_either(x, y) for x, y in zip(now, out, strict=False)]
    return [UNKNOWN] * loop.width


def _either(a: Known, b: Known) -> Known:
    """Return what is known of a number that may be this one or that one."""
    if a == b:
        return a
    return Known(steady=a.steady and b.steady, is_bit=a.is_bit and b.is_bit)


def of_read(read: Read, count: int, around: Sequence[Known]) -> Known:
    """Return what is known of what a loop reads, in any of its iterations."""
    if is_fixed(read):
        return around[read.place]
    before = len(around)  # what the loop keeps itself is beyond: see `settled`
    places = read_places(read, count)
    return STEADY if all(around[x].steady for x in places if x < before) else UNKNOWN


# --- What is known of a result although not all of its operands are ------------------


def _add(a: Known, b: Known) -> Known | None:
    return b if a.number == 0.0 else a if b.number == 0.0 else None


def _sub(a: Known, b: Known) -> Known | None:
    if a.number == 1.0 and b.number is None and b.is_bit:
        return Known(steady=b.steady, is_bit=True)
    return a if b.number == 0.0 else None


def _mul(a: Known, b: Known) -> Known | None:
    if a.number == 0.0 or b.number == 0.0:
        return ZERO
    if a.number == 1.0 or b.number == 1.0:
        return b if a.number == 1.0 else a
    if a.is_bit and b.is_bit:
        return Known(steady=a.steady and b.steady, is_bit=True)
    return None


def _where(c: Known, a: Known, b: Known) -> Known | None:
    if c.number is not None:
        return a if c.number != 0.0 else b
    if a == b and (a.number is not None or a.source is not None):
        return a
    steady = c.steady and a.steady and b.steady
    return Known(steady=steady, is_bit=a.is_bit and b.is_bit)


def _extreme(wins: float) -> Callable[[Known, Known], Known | None]:
    def rule(a: Known, b: Known) -> Known | None:
        if not (a.is_bit and b.is_bit):
            return None
        for x, other in ((a, b), (b, a)):
            if x.number == wins:
                return x
            if x.number is not None:
                return other
        return Known(steady=a.steady and b.steady, is_bit=True)

    return rule


def _sumprod(*pq: Known) -> Known | None:
    n = len(pq) // 2
    total: Known | None = ZERO
    for a, b in zip(pq[:n], pq[n:], strict=True):
        product = _mul(a, b)
        if product is None or total is None:
            return None
        total = _add(total, product)
    return total


def _fma(a: Known, b: Known, c: Known) -> Known | None:
    product = _mul(a, b)
    return None if product is None else _add(product, c)


RULES: dict[str, Callable[..., Known | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "strong_mul": _mul,
    "where": _where,
    "maximum": _extreme(1.0),
    "minimum": _extreme(0.0),
    "sumprod": _sumprod,
    "fma": _fma,
}
PLAIN = {"mul", "sumprod", "fma"}
TRUTHS = {"greater", "equal", "step"}
