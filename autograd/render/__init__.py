"""Drawing: a graph of Values, or a program, becomes a `View`, and that a picture.

graphviz is imported when the first picture is drawn, and not before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import naming
from autograd.compiler.program import Program
from autograd.render.collect import view_of
from autograd.render.view import LIMIT, Box, Edge, Node, View
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.render.network_picture import NetworkPicture
    from autograd.render.picture import Picture

__all__ = ["Box", "Edge", "Node", "View", "draw", "view_of"]

MSG_DIRECTION = 'direction is "LR", "TB", "RL", "BT", or None for what fits, not {0!r}'
MSG_ROW = (
    "a row goes with a network: draw(model, row). The numbers of {0!r} are known: "
    "write draw(y), and a file's name as a string: draw(y, to='y.svg')"
)
MSG_TIME_LIMIT = "time_limit is a number of seconds above 0, not {0!r}"


def draw(
    values: Value | Sequence[Value] | Program | Any,
    row: Any = None,
    to: os.PathLike[str] | str | None = None,
    *,
    gradient_of: Value | Sequence[Value] | None = None,
    open: str | Sequence[str] = (),  # noqa: A002 - what one does to a box
    partials: bool = False,
    limit: int = LIMIT,
    direction: str | None = None,
    time_limit: float = 20.0,
) -> Picture | NetworkPicture:
    """Draw how a Value was computed, or a network; save it, or let Jupyter show it.

    Nodes are called as `explain` calls them: by their names, else by the variables of
    the caller that hold them, else v1, v2, .... Each shows its operation, number and
    gradient, whose size and sign are its colour; what is not finite, saturated or dead
    is marked. The parts of an nn module or of a `scope` stand in a frame. A graph
    larger than ``limit`` is folded, scopes first, and the picture says so. A compiled
    function is one box, unless it is opened.

    Args:
        values: a Value, a tuple or list of them to be drawn together, a `Program`; or a
            network of `nn`, which is drawn as layers of neurons, weights between them.
        row: of a network the inputs to show it at: its neurons' outputs are shown then.
        to: a file to save to as well: ``.svg``, ``.png``, ``.pdf``, ``.dot``, or
            ``.mermaid`` for Markdown.
        gradient_of: a Value, or several, that ``values`` depends on: draw how the
            derivative of ``values`` by them is computed instead.
        open: the compiled functions to show from inside: a name, or a tuple of names.
        partials: whether each edge bears its local derivative.
        limit: how many nodes and boxes to show at most.
        direction: ``"LR"`` from left to right, ``"TB"`` downward; None as fits.
        time_limit: how many seconds the layout may take; after that it is done roughly.

    Returns:
        A `graphviz.Digraph`, with ``.source``, ``.save()``, ``.render()``, ``.pipe()``.

    Raises:
        TypeError: if ``values`` is not made of Values, or ``time_limit`` no number.
        ValueError: if the file's suffix, or another argument, is not a known one.
        OSError: if the file cannot be written.
        ModuleNotFoundError: if there is neither the program ``dot`` nor the wheel.
        TimeoutError: if no layout was found in time, not even roughly.

    >>> x = Value(3.0, name="x")
    >>> draw(x * x + 1.0)
    <graph of v2: 3 nodes>
    >>> draw(x * x, gradient_of=x)
    <graph of derivative by x: 4 nodes>

    """
    if row is not None and isinstance(row, str | os.PathLike):  # draw(y, "y.svg")
        row, to = None, row
    if hasattr(type(values), "__network__"):
        return _network(values, row, to)
    if row is not None:
        raise TypeError(MSG_ROW.format(values))
    if direction not in (None, "LR", "TB", "RL", "BT"):
        raise ValueError(MSG_DIRECTION.format(direction))
    if not isinstance(time_limit, Real):
        raise TypeError(MSG_TIME_LIMIT.format(time_limit))
    if not time_limit > 0:
        raise ValueError(MSG_TIME_LIMIT.format(time_limit))
    from autograd.render import mermaid
    from autograd.render.dot import dot_lines
    from autograd.render.picture import Picture
    from autograd.render.shown import format_of

    if to is not None and format_of(to) == "mermaid" and isinstance(limit, int):
        limit = min(limit, mermaid.LIMIT)
    names = None
    if gradient_of is not None:
        from autograd.render.derivative import derivatives

        values, names = derivatives(values, gradient_of)
    frame = sys._getframe(1)  # noqa: SLF001
    known = naming.variables(frame.f_locals, frame.f_globals)
    del frame
    shown = view_of(
        values,
        limit=limit,
        opened=open,
        names=names,
        known=known,
        grads=gradient_of is None,
    )
    picture = Picture(
        name="autograd",
        format="svg",
        body=dot_lines(shown, partials=partials, direction=direction),
        shown=shown,
        time_limit=time_limit,
        partials=partials,
        direction=direction,
    )
    if to is not None:
        picture.write(to)
    return picture


def _network(model: Any, row: Any, to: os.PathLike[str] | str | None) -> NetworkPicture:
    from autograd.render.network import network_of
    from autograd.render.network_picture import NetworkPicture

    picture = NetworkPicture(network_of(model, row))
    if to is not None:
        picture.write(to)
    return picture
