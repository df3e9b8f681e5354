"""Show a Value in Jupyter by its graph, if one asks for it.

`autograd.value` knows nothing of drawing, so a Value has no display method of its own;
the notebook is told how to show one, as IPython provides for types of other people.
"""

from __future__ import annotations

from typing import Any

from autograd.render.view import LIMIT
from autograd.value import Value

MSG_NO_NOTEBOOK = (
    "register_formatters() tells a running Jupyter or IPython how to show Values, and "
    "none is running here. In a script write draw(v, to='graph.svg')"
)


def register_formatters(shell: Any = None) -> None:
    """Make Jupyter show the graph of a Value that ends a cell.

    Args:
        shell: the IPython shell to tell; the running one if not given.

    Raises:
        RuntimeError: if there is no shell to tell.

    """
    if shell is None:
        try:
            from IPython import get_ipython
        except ImportError:
            raise RuntimeError(MSG_NO_NOTEBOOK) from None
        shell = get_ipython()
    if shell is None:
        raise RuntimeError(MSG_NO_NOTEBOOK)
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type(Value, value_mimebundle)


def value_mimebundle(value: Value, **options: Any) -> dict[str, str]:
    """Return how a notebook shows a Value: its repr, and its graph unless it is large.

    A value of a million nodes may be displayed by accident, so the graph is not walked
    further than what can be drawn without folding.
    """
    if not _is_small(value):
        return {"text/plain": repr(value)}
    from autograd.render import draw

    bundle = draw(value)._repr_mimebundle_(**options)
    return {**bundle, "text/plain": repr(value)}


def _is_small(value: Value) -> bool:
    seen = {id(value)}
    waiting = [value]
    while waiting and len(seen) <= LIMIT:
        for parent in waiting.pop().parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                waiting.append(parent)
    return len(seen) <= LIMIT
