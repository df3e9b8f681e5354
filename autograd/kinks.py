"""Second derivatives at kinks: not finite where the published first ones do not tell.

At a kink the table publishes a first derivative: 0 for `hypot` at the origin, infinite
for `sqrt` at 0. That is a convention, and no function has it in a neighbourhood, so it
cannot be differentiated. The square of a norm shows what comes of trying: its Hessian
is 2 I everywhere, but the chain rule at the origin adds up products of 0 and infinity,
which a strong zero makes 0. So where an adjoint that varies is 0 at a kink, the
derivatives that come out of it keep their value, and theirs are NaN.

Where slopes are bounded, as those of `abs`, `relu` and `maximum` are, an adjoint that
is 0 of second order, as that of ``relu(x)**3`` is, has the derivative 0 whichever side
is taken, and nothing is lost. And where an adjoint is not 0 the kink is the function's
own: second derivatives are those of the piece that the convention chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.primitives import activations, arithmetic, elementary, powers
from autograd.primitives.row import zeros
from autograd.value import Value

# These have a kink where they are 0. So have those below where their operand is 0, or a
# choice where two are the same: there the slopes on both sides are finite.
STEEP = {elementary.cbrt, elementary.dist, elementary.hypot, elementary.sqrt}
CHOICES = {arithmetic.clip, arithmetic.maximum, arithmetic.minimum}
CREASED = CHOICES | {
    activations.elu,
    activations.leaky_relu,
    activations.relu,
    activations.selu,
    arithmetic.absolute,
}
POWERS = {powers.pow, powers.power}  # they may have one, too
KINKED = STEEP | CREASED | POWERS
PRODUCTS = {arithmetic.mul, arithmetic.strong_mul}
SUMS = {arithmetic.add, arithmetic.sub, arithmetic.neg}


# In what follows Values are compared, so that a recording knows where it holds.


def is_unknown(node: Value, node_bar: Any) -> bool:
    """Return whether an adjoint's derivatives are lost at the kink of its node."""
    if not isinstance(node_bar, Value) or not is_at_a_kink(node):
        return False
    is_zero = node_bar == 0.0
    if not is_zero or _is_flat(node_bar):
        return False
    return node.primitive not in CREASED or not _is_zero_twice(node_bar)


def is_at_a_kink(node: Value) -> bool:
    """Return whether a node has a derivative by convention only."""
    if node.primitive in POWERS:  # 0.0 itself, for a power may underflow to it
        base, exponent = node.operands
        is_whole = not isinstance(exponent, Value) and exponent % 1.0 == 0.0
        return isinstance(base, Value) and base == 0.0 and not is_whole
    if node.primitive in CREASED:
        x, *bounds = node.operands
        if node.primitive is activations.elu and bounds[0] == 1.0:
            return False  # of one slope
        if node.primitive not in CHOICES:
            bounds = [0.0]
        return any(x == bound for bound in bounds)
    return node.primitive in STEEP and node == 0.0


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


def _is_zero_twice(node: Value) -> bool:
    """Return whether an adjoint of 0 is a product of two numbers that are 0."""
    todo: list[Any] = [node]
    seen = set()
    while todo:
        x = todo.pop()
        if id(x) in seen or (type(x) is float and x == 0.0):
            continue
        seen.add(id(x))
        row = x.primitive if isinstance(x, Value) else None
        if row is arithmetic.square:
            continue
        if row in PRODUCTS:
            zero = [y for y in x.operands if y == 0.0]
            todo += zero if len(zero) == 1 else []
        elif row in POWERS or row is powers.power_slope:
            exponent = x.operands[1]
            least = 2.0 if row is powers.power_slope else 1.0
            if isinstance(exponent, Value) or not exponent > least:
                return False
        elif row in SUMS:
            todo += x.operands
        else:
            return False
    return True
