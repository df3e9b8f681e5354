"""How a notebook shows what the engine makes; drawing puts itself here.

Values and programs know nothing of drawing, which rests on them. They ask here, and the
package says on top of all what answers, so that drawing is imported by the first cell
that shows something and not before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Bundle = Callable[..., dict[str, str]]

_shows: list[Bundle] = []


def show_with(bundle: Bundle) -> None:
    """Let notebooks be answered by this function of a thing and IPython's options."""
    _shows[:] = [bundle]


def mimebundle(
    thing: object, include: object = None, exclude: object = None, **_options: Any
) -> dict[str, str]:
    """Return how a notebook shows a thing, by kind of content."""
    return _shows[0](thing, include=include, exclude=exclude)


def line(where: str) -> str:
    """Return a file and line; the number of the cell if that is a notebook's cell.

    A cell is compiled under the name of a file that does not exist.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    file, _, number = where.rpartition(":")
    cell = shell.compile.format_code_name(file) if shell else None
    return f"{' '.join(cell)}, line {number}" if cell else where
