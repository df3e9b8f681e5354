"""guards: what native code must check, since it cannot raise as Python does.

Where Python raises, native code gives an infinity or a NaN. If that is sure to show in
an output, which the caller looks at, nothing is needed. Otherwise there is a guard:
that the result is finite; or, where nobody else needs that result, that the primitive's
own condition for not raising holds, which is cheaper. A gradient needs no logarithm,
but `log` of a negative number must not pass.

An infinite partial times an adjoint of 0 is a NaN in native code, instead of 0; where
it shows, plain products will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from autograd.compiler.passes.builder import live, may_raise, needed
from autograd.compiler.program import Guard, Instruction, Program
from autograd.primitives.arithmetic import mul, strong_mul
from autograd.primitives.relations import RELATIONS


def guarded(program: Program, shown: Sequence[bool] | None = None) -> Program:
    """Add the checks that stand for Python's errors, and relax the strong zero.

    Args:
        program: straight code.
        shown: for each output whether the caller looks at it; None for all.

    >>> from autograd import grad, math
    >>> from autograd.compiler import trace
    >>> from autograd.compiler.passes.pipeline import optimize
    >>> print(guarded(optimize(trace(grad(math.log), 2.0))))
    log(v0):
        v3 = 1.0 / v0
        guard v0 > 0.0
        return v3

    """
    program = _with_bounds(program)
    return live(_Checks(program, shown).run(), raising=False)


def _with_bounds(program: Program) -> Program:
    """Return the program with the bounds of its primitives' conditions as constants."""
    bounds = {
        bound: None
        for step in program.straight
        for _, relation, bound in step.primitive.safe or ()
        if relation != "finite"
    }
    known = set(program.constants)
    more = tuple(x for x in bounds if x not in known)
    first = program.first_result

    def moved(x: int) -> int:
        return x if x < first else x + len(more)

    if not more:
        return program
    return program.replace(
        constants=program.constants + more,
        code=tuple(
            Instruction(s.primitive, tuple([moved(x) for x in s.operands]))
            for s in program.straight
        ),
        outputs=tuple(map(moved, program.outputs)),
        guards=tuple(
            Guard(g.relation, moved(g.a), moved(g.b), g.holds) for g in program.guards
        ),
    )


class _Checks:
    """One program, and for each place whether it is needed, and whether it shows."""

    def __init__(self, program: Program, shown: Sequence[bool] | None) -> None:
        self.program = program
        self.code = list(program.straight)
        self.guards = list(program.guards)
        self.needed = needed(program, raising=False)
        self.shows = bytearray(program.size)
        for i, x in enumerate(program.outputs):
            self.shows[x] |= shown is None or shown[i]
        n = len(program.inputs)
        self.bounds = {c: i for i, c in enumerate(program.constants, n)}

    def run(self) -> Program:
        """Return the program with its guards."""
        self._spread_what_shows()
        for i, place, step in self._backwards():
            if may_raise(step) and not self.shows[place]:
                self._check(step, place)
            self._spread(i, place)
            if self.needed[place]:
                for x in step.operands:
                    self.needed[x] = 1
        return self.program.replace(code=tuple(self.code), guards=tuple(self.guards))

    def _backwards(self) -> Iterator[tuple[int, int, Instruction]]:
        first = self.program.first_result
        for i in range(len(self.code) - 1, -1, -1):
            yield i, first + i, self.code[i]

    def _spread_what_shows(self) -> None:
        for i, place, _ in self._backwards():
            self._spread(i, place)

    def _spread(self, i: int, place: int) -> None:
        """Enter what is sure to show in a place that shows."""
        if not self.shows[place]:
            return
        step = self.code[i]
        if step.primitive is strong_mul:
            step = self.code[i] = Instruction(mul, step.operands)
        for k, x in enumerate(step.operands):
            if k in step.primitive.spreads:
                self.shows[x] = 1

    def _check(self, step: Instruction, place: int) -> None:
        """Add guards that an instruction does not raise."""
        found = None if self.needed[place] else self._conditions(step)
        if found is None:
            self._must_be_finite(place)
            return
        for x, relation, bound in found:
            self.needed[x] = 1
            if relation == "finite":
                self._must_be_finite(x)
            else:
                self.guards.append(Guard(relation, x, self.bounds[bound]))

    def _conditions(self, step: Instruction) -> list[tuple[int, str, float]] | None:
        """Return its primitive's conditions, of places; None if none, or they fail."""
        if step.primitive.safe is None:
            return None
        conditions = []
        for k, relation, bound in step.primitive.safe:
            x = step.operands[k]
            if self.program.is_constant(x):
                c = self.program.constants[x - len(self.program.inputs)]
                finite = relation == "finite" and math.isfinite(c)
                if finite or (relation != "finite" and RELATIONS[relation](c, bound)):
                    continue
                return None
            conditions.append((x, relation, bound))
        return conditions

    def _must_be_finite(self, place: int) -> None:
        if not self.shows[place]:
            self.guards.append(Guard("finite", place, place))
            self.shows[place] = self.needed[place] = 1
