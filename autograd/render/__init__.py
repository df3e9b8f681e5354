"""Drawing: a graph of Values becomes a `View`, and a view becomes a picture.

graphviz is imported when the first picture is drawn, and not before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING

from autograd.render.notebook import register_formatters
from autograd.render.view import LIMIT, Box, Edge, Node, View, view_of
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.render.picture import Picture

__all__ = ["Box", "Edge", "Node", "View", "draw", "register_formatters", "view_of"]

MSG_DIRECTION = 'direction is "LR", "TB", "RL", "BT", or None for what fits, not {0!r}'
MSG_TIME_LIMIT = "time_limit is a number of seconds above 0, not {0!r}"


def draw(
    values: Value | Sequence[Value],
    to: os.PathLike[str] | str | None = None,
    *,
    partials: bool = False,
    limit: int = LIMIT,
    direction: str | None = None,
    time_limit: float = 20.0,
) -> Picture:
    """Draw how a Value was computed; save the picture, or let Jupyter show it.

    Each node shows its name, operation, number and gradient; the parts of an nn module
    or of a `scope` stand in a frame. A graph larger than ``limit`` is folded, scopes
    first, and the picture says so.

    Args:
        values: a Value, or a tuple or list of them to be drawn together.
        to: a file to save to as well: ``.svg``, ``.png``, ``.pdf`` or ``.dot``.
        partials: whether each edge bears its local derivative.
        limit: how many nodes and boxes to show at most.
        direction: ``"LR"`` from left to right, ``"TB"`` downward; None as fits.
        time_limit: how many seconds the layout may take.

    Returns:
        A `graphviz.Digraph`, with ``.source``, ``.save()``, ``.render()``, ``.pipe()``.

    Raises:
        TypeError: if ``values`` is not made of Values, or ``time_limit`` no number.
        ValueError: if the file's suffix, or another argument, is not a known one.
        OSError: if the file cannot be written.
        ModuleNotFoundError: if there is neither the program ``dot`` nor the wheel.
        TimeoutError: if no layout was found in time.

    >>> x = Value(3.0, name="x")
    >>> draw(x * x + 1.0)
    <graph: 3 nodes>

    """
    if direction not in (None, "LR", "TB", "RL", "BT"):
        raise ValueError(MSG_DIRECTION.format(direction))
    if not isinstance(time_limit, Real):
        raise TypeError(MSG_TIME_LIMIT.format(time_limit))
    if not time_limit > 0:
        raise ValueError(MSG_TIME_LIMIT.format(time_limit))
    from autograd.render.dot import dot_lines
    from autograd.render.picture import Picture, format_of

    if to is not None:
        format_of(to)
    shown = view_of(values, limit=limit)
    picture = Picture(
        name="autograd",
        format="svg",
        body=dot_lines(shown, partials=partials, direction=direction),
        shown=shown,
        time_limit=time_limit,
    )
    if to is not None:
        picture.write(to)
    return picture
