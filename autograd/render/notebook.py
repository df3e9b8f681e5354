"""Show Values and Programs in Jupyter, as text and as HTML without scripts.

The HTML survives a notebook that is not trusted: pictures are ``<img>`` with the SVG
inside, and what need not be seen at once is folded by ``<details>``. Nothing in it
changes from run to run.

Whatever ends a cell is displayed, a loss of a million nodes too, by accident. So the
walk over a graph that nobody asked to be drawn ends after some thousands of nodes; then
a sentence says so and what to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Any

from autograd.compiler.program import Program
from autograd.render.labels import descriptions, head
from autograd.render.view import Node, View, number
from autograd.value import Value

WALKED = 5_000
EDGES_WALKED = 50_000
LISTED = 40
TIME_LIMIT = 5.0

MSG_LARGE = (
    "The graph of this Value has more than {0:,} nodes or {1:,} edges, so it is not "
    "drawn unasked: draw(v) shows it, folded."
)
MSG_LONG = (
    "{0:,} instructions are too many to be drawn unasked: draw(program) shows them, "
    "folded."
)
MSG_MORE = "... and {0:,} lines more: print(program)"


def mimebundle(
    thing: Value | Program,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
) -> dict[str, str]:
    """Return how a notebook shows a Value or a Program.

    Args:
        thing: the Value or the Program.
        include: the kinds that are wanted, all if not given.
        exclude: the kinds that are not wanted.

    """
    plain, html = _of_program(thing) if isinstance(thing, Program) else _of_value(thing)
    bundle = {"text/plain": plain, "text/html": html}
    left_out = set(exclude or ())
    return {
        kind: text
        for kind, text in bundle.items()
        if kind not in left_out and (include is None or kind in include)
    }


def _of_value(value: Value) -> tuple[str, str]:
    text = repr(value)
    if not value.operands:
        return text, _preformatted(text)  # a picture of one node tells no more
    if not _is_small(value):
        words = MSG_LARGE.format(WALKED, EDGES_WALKED)
        return f"{text}\n{words}", _preformatted(text) + f"<p>{escape(words)}</p>"
    picture, view, problem = _drawn(value)
    html = picture or _preformatted(text)
    if view is not None and len(view.nodes) + len(view.boxes) <= LISTED:
        html += _table(view)
    return f"{text}{problem}", html


def _of_program(program: Program) -> tuple[str, str]:
    lines = list(islice(program.lines(), LISTED))
    rest = 2 + len(program.code) + len(program.guards) - len(lines)
    if program.has_loops:
        rest = sum(1 for _ in program.lines()) - len(lines)
    text = "\n    ".join(lines + [MSG_MORE.format(rest)] * (rest > 0))
    folded = _details(f"program {program.name}", _preformatted(text), is_open=False)
    if program.performed > WALKED:
        words = MSG_LONG.format(program.performed)
        return text, f"<p>{escape(words)}</p>" + folded
    picture, _, problem = _drawn(program)
    return f"{text}{problem}", (picture or _preformatted(text)) + folded * bool(picture)


def _drawn(thing: Value | Program) -> tuple[str, View | None, str]:
    """Return the picture as HTML, what it shows, and why there is none."""
    try:
        from autograd.render import draw

        picture: Any = draw(thing, time_limit=TIME_LIMIT)
        return picture.image(), picture.shown, ""
    except (ImportError, RuntimeError, TimeoutError) as error:
        return "", None, f"\n{error}"


def _table(view: View) -> str:
    """Return all that a picture shows as a table, folded."""
    rows = ["<tr><th>node</th><th>data</th><th>grad</th><th></th></tr>"]
    rows += [
        _cells((head(node), *_numbers(node), ", ".join(node.marks)))
        for node in view.nodes
    ]
    words = descriptions(view)
    rows += [
        f'<tr><td colspan="4">{escape(words[box.key])}</td></tr>' for box in view.boxes
    ]
    summary = f"{view.total:,} node{'s'[: view.total != 1]} as a table"
    return _details(summary, f"<table>{''.join(rows)}</table>", is_open=False)


def _numbers(node: Node) -> tuple[str, str]:
    data, grad = ("" if x is None else number(x) for x in (node.data, node.grad))
    return data, grad


def _cells(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _details(summary: str, html: str, *, is_open: bool) -> str:
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{escape(summary)}</summary>{html}</details>"


def _preformatted(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _is_small(value: Value) -> bool:
    """Return whether the graph has no more nodes and edges than may be walked."""
    seen = {id(value)}
    waiting = [value]
    edges = 0
    while waiting:
        parents = waiting.pop().parents
        edges += len(parents)
        if edges > EDGES_WALKED:
            return False
        for parent in parents:
            if id(parent) not in seen:
                seen.add(id(parent))
                waiting.append(parent)
        if len(seen) > WALKED:
            return False
    return True
