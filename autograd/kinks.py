"""Second derivatives at kinks: not finite where the published first ones do not tell.

At a kink the table publishes a first derivative: 0 for `hypot` at the origin, infinite
for `sqrt` at 0. That is a convention, and no function has it in a neighbourhood, so it
cannot be differentiated. The square of a norm shows what comes of trying: its Hessian
is 2 I everywhere, but the chain rule at the origin adds up products of 0 and infinity,
which a strong zero makes 0. So where an adjoint that varies is 0 at a kink, the
derivatives that come out of it keep their value, and theirs are NaN.

What is flat on both sides, as `relu` is and a choice of `maximum`, has the derivatives
of the piece that the convention chose, 0 for a first derivative that is constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.primitives import arithmetic, elementary, powers
from autograd.primitives.row import zeros
from autograd.value import Value

# Where these are 0, they have a kink (or may have one, as a power has).
KINKED = {
    arithmetic.absolute,
    elementary.cbrt,
    elementary.dist,
    elementary.hypot,
    elementary.sqrt,
}
POWERS = {powers.pow, powers.power}
PRODUCTS = {arithmetic.mul, arithmetic.strong_mul}


# In what follows Values are compared, so that a recording knows where it holds.


def is_unknown(node: Value, node_bar: Any) -> bool:
    """Return whether an adjoint's derivatives are lost at the kink of its node."""
    if not isinstance(node_bar, Value) or not is_at_a_kink(node):
        return False
    return node_bar == 0.0 and not _is_flat(node_bar)


def is_at_a_kink(node: Value) -> bool:
    """Return whether a node has a derivative by convention only."""
    if node.primitive in POWERS:  # 0.0 itself, for a power may underflow to it
        base, exponent = node.operands
        is_whole = not isinstance(exponent, Value) and exponent % 1.0 == 0.0
        return isinstance(base, Value) and base == 0.0 and not is_whole
    return node.primitive in KINKED and node == 0.0


def is_cut_off(node: Value, partial: Any) -> bool:
    """Return whether a partial is 0 all around: its operand was not chosen."""
    if partial != 0.0:
        return False
    return not isinstance(partial, Value) or (
        _is_flat(partial) and not is_at_a_kink(node)
    )


def without_derivative(x_bar: Any, inputs: Sequence[Value]) -> Any:
    """Return an adjoint of the same value, whose derivative by all inputs is NaN."""
    for x in inputs:
        if not isinstance(x, Value):  # a number, in a program's place
            continue
        step = x - x.detach()
        # A difference of 0, whose slope is infinite minus infinite.
        x_bar = x_bar + (elementary.cbrt(step) - elementary.sqrt(step))
    return x_bar


def _is_flat(node: Value) -> bool:
    """Return whether an adjoint is 0 all around, not just here."""
    todo: list[Any] = [node]
    seen = set()
    while todo:
        x = todo.pop()
        if not isinstance(x, Value) or id(x) in seen:
            continue
        seen.add(id(x))
        row = x.primitive
        if row is None:
            return False
        if row.arity is not None and all(formula is zeros for formula in row.partials):
            continue
        if row in PRODUCTS:
            zero = [y for y in x.operands if y == 0.0]
            todo.append(zero[0] if zero else x.operands[0])
            todo += [] if zero else x.operands[1:]
            continue
        todo += x.operands
    return True
