"""gather: chains of products become one sum of products, which a target can loop over.

    a * b + (c * d + (e * f + x))  ->  sumprod(a, c, e, x, b, d, f, 1.0)
    a * b + x                      ->  fma(a, b, x)

Only sums and products that nothing else uses are taken in. What comes out is rounded
otherwise: a native sumprod or fma rounds once a term, where a product and a sum round
twice; and terms that are 0.0 are dropped.

A long sum over a chain of results, as in the derivative by what each link of the chain
uses, is cut into pieces, each of the terms that are ready next: the machine adds them
up while it still waits for the next link.
"""

from __future__ import annotations

import functools

from autograd.compiler.passes.builder import Builder, Place
from autograd.compiler.program import Instruction, Program
from autograd.primitives.arithmetic import add, fma, mul
from autograd.primitives.elementary import sumprod

CHAIN = 16  # links of a chain whose sum is cut into pieces
PIECE = 8  # terms of a piece


def gather(program: Program) -> Program:
    """Return the program with its sums of products gathered."""
    if not any(step.primitive is add for step in program.straight):
        return program
    first = program.first_result
    uses = _uses(program)
    sums, inside = _sums(program, uses)
    for terms in sums.values():
        products = {
            t
            for t in terms
            if t >= first
            and program.straight[t - first].primitive is mul
            and uses[t] == 1
        }
        if len(terms) > 2 or len(products) == 1:
            inside |= products
    new = Builder(program)
    places = new.start(program)

    def factors(term: Place) -> tuple[Place, Place]:
        if term not in inside:
            return places[term], new.constant(1.0)
        p, q = program.straight[term - first].operands
        return places[p], places[q]

    for place, (primitive, operands) in enumerate(program.straight, first):
        if place in inside:
            places.append(0)  # nobody asks for it
            continue
        terms = sums.get(place, [])
        if len(terms) > 2:
            pairs = [
                factors(t) for t in terms if new.values.get(places[t]) != 0.0
            ]  # 0 + x -> x
            left, right = zip(*pairs, strict=True)
            places.append(new.emit(sumprod, *left, *right))
        elif terms and not inside.isdisjoint(terms):
            product, other = terms if terms[0] in inside else terms[::-1]
            places.append(new.emit(fma, *factors(product), places[other]))
        else:
            places.append(new.emit(primitive, *[places[x] for x in operands]))
    return new.finish(program, places)


def in_pieces(program: Program) -> Program:
    """Return the program with its sums over chains cut into pieces."""
    if not any(
        s.primitive is sumprod and len(s.operands) >= 2 * CHAIN
        for s in program.straight
    ):
        return program
    depth = [0] * program.first_result
    for step in program.straight:
        depth.append(1 + max((depth[x] for x in step.operands), default=0))
    new = Builder(program)
    places = new.start(program)
    for step in program.straight:
        operands = [places[x] for x in step.operands]
        if step.primitive is not sumprod:
            places.append(new.emit(step.primitive, *operands))
            continue
        n = len(operands) // 2
        parts = [
            new.emit(sumprod, *[operands[side + k] for side in (0, n) for k in piece])
            for piece in _pieces(step, depth)
        ]
        places.append(functools.reduce(functools.partial(new.emit, add), parts))
    return new.finish(program, places)


def _pieces(step: Instruction, depth: list[int]) -> list[list[int]]:
    """Return which terms of a sum are added together: all, if over no chain."""
    n = len(step.operands) // 2
    pairs = zip(step.operands[:n], step.operands[n:], strict=True)
    ready = [max(depth[p], depth[q]) for p, q in pairs]
    if len(set(ready)) < max(CHAIN, n // PIECE):
        return [list(range(n))]
    order = sorted(range(n), key=ready.__getitem__)
    return [order[start : start + PIECE] for start in range(0, n, PIECE)]


def _uses(program: Program) -> list[int]:
    """Return how often each place is used; an output or guard counts as several."""
    uses = [0] * program.size
    for x in program.outputs:
        uses[x] += 2
    for g in program.guards:
        uses[g.a] += 2
        uses[g.b] += 2
    for _, operands in program.straight:
        for x in operands:
            uses[x] += 1
    return uses


def _sums(
    program: Program, uses: list[int]
) -> tuple[dict[Place, list[Place]], set[Place]]:
    """Return the terms of each sum that stays, and the sums that went into others."""
    sums: dict[Place, list[Place]] = {}
    inside: set[Place] = set()
    for place, step in enumerate(program.straight, program.first_result):
        if step.primitive is not add:
            continue
        a, b = [x if uses[x] == 1 and x in sums else -1 for x in step.operands]
        parts = [
            [x] if own < 0 else sums.pop(own)
            for x, own in zip(step.operands, (a, b), strict=True)
        ]
        inside.update(x for x in (a, b) if x >= 0)
        terms, others = parts if len(parts[0]) >= len(parts[1]) else parts[::-1]
        terms += others  # the longer one stays: a chain of sums takes no square of time
        sums[place] = terms
    return sums, inside
