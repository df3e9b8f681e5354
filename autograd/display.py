"""How a notebook shows what the engine makes; drawing puts itself here.

Values and programs know nothing of drawing, which rests on them. They ask here, and the
package says on top of all what answers, so that drawing is imported by the first cell
that shows something and not before.
"""

from __future__ import annotations

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
