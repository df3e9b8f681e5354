"""What each primitive is in more basic ones: the table that `passes.expand` reads.

A definition computes what the primitive's function computes, to a few units in the last
place and over the whole range of numbers, with neither branches nor exceptions: a
condition is a primitive (`greater`, `equal`, `select`), both sides of a `select` are
computed, and the side that is not chosen may be NaN. Where a primitive raises, its
definition is NaN or infinite. What rests on SciPy has none, nor has what is about
single bits (`ulp`).

Some primitives do what floats cannot: `silu_partial` computes in decimals near the root
of the derivative. Here such a root is taken out as a factor, with its rest below an
ulp, so that nothing cancels. Derivatives of a higher order are sums without that care:
their error is relative to their largest term. An order is a constant.

Letters: ``x``, or ``a b c``, are the operands; ``d`` is x minus a root, ``t`` an
exponential; ``s`` is a power of two; ``n m`` are orders.
"""

from __future__ import annotations

from autograd.compiler.passes.definitions import (
    activations,
    arithmetic,
    elementary,
    normal,
    powers,
    sums,
)
from autograd.compiler.passes.definitions.sums import hypot_in_pairs, scale_of_largest
from autograd.compiler.passes.definitions.tools import Definition

__all__ = ["DEFINITIONS", "OF_FEW"]

DEFINITIONS: dict[str, Definition] = {
    **arithmetic.DEFINITIONS,
    **sums.DEFINITIONS,
    **powers.DEFINITIONS,
    **elementary.DEFINITIONS,
    **normal.DEFINITIONS,
    **activations.DEFINITIONS,
}

# In a target's core these are of so many numbers; and what they are of others.
OF_FEW: dict[str, tuple[int, Definition]] = {
    "hypot": (2, hypot_in_pairs),
    "scale": (1, scale_of_largest),
}
