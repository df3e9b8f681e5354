"""The graph of a gradient: the backward pass written out as nodes of its own."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.context import recording, scope
from autograd.outdated import outdated
from autograd.render.collect import outputs_of
from autograd.transforms import pullback
from autograd.value import CONSTANT, Value
from autograd.walk import topological_order

FRAME = "gradient"

MSG_ONE = (
    "gradient_of draws the derivative of one Value, and {0} were given: draw them one "
    "by one, or add them up"
)
MSG_NOT_BELOW = (
    "gradient_of names {0}, but {1} was not computed from it, so there is no "
    "derivative to draw"
)
MSG_OUTDATED = (
    "the .data of a leaf was changed after {0} was computed from it, so its derivative "
    "cannot be drawn: nodes have the numbers that were recorded, and the leaf has "
    "another. Compute it again, and draw that"
)


@recording
def derivatives(
    values: object, by: Value | Sequence[Value]
) -> tuple[list[Value], dict[int, str]]:
    """Return the derivatives of a Value as nodes, and what each is called, by id.

    Args:
        values: the Value.
        by: what to differentiate by.

    Raises:
        TypeError: if either is not made of Values.
        ValueError: if there are several to be differentiated, or they do not depend on
            what they are differentiated by.

    """
    outputs, inputs = outputs_of(values), outputs_of(by)
    if len(outputs) != 1:
        raise ValueError(MSG_ONE.format(len(outputs)))
    y = outputs[0]
    order = topological_order(y)
    if outdated(order):
        raise ValueError(MSG_OUTDATED.format(y.name or "what is drawn"))
    below = {id(node) for node in order}
    for x in inputs:
        if id(x) not in below or x.primitive is CONSTANT:
            what = x.name or "a Value without a name"
            raise ValueError(MSG_NOT_BELOW.format(what, y.name or "what is drawn"))
    with scope(FRAME):
        found = [
            bar if isinstance(bar, Value) else Value(bar)
            for bar in pullback(y, 1.0, inputs)
        ]
    names: dict[int, str] = {}
    for x, bar in zip(inputs, found, strict=True):
        name = f"d {y.name}/d {x.name}" if y.name and x.name else ""
        name = name or f"derivative by {x.name or '_'}"
        names[id(bar)] = ", ".join(filter(None, (names.get(id(bar)), name)))
    return found, names
