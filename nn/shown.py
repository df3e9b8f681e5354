"""How a module is shown: as a table of its parts, in words and in a notebook."""
# ruff: noqa: SLF001 - what a module says of itself

from __future__ import annotations

import math
from html import escape
from typing import Any

from autograd import Value
from nn.module import Module, children

GROUPS = 20  # rows of the table that a notebook shows
DRAWN = 2_000  # parameters of a network that is drawn unasked
LONGEST = 500  # characters of a module's repr there


def summary(module: Module) -> str:
    """Return a table of modules in words; see `Module.summary`."""
    rows: list[tuple[str, Module, str]] = [(type(module).__name__, module, "")]
    for name, thing in module._named():
        held = [(name, thing)]
        if not isinstance(thing, Module):
            held = [(f"{name}/{key}", part) for key, part in children(thing)]
        for path, part in held:
            if isinstance(part, Module):
                rows.append((f"  {path}", part, part.described()))
    wide = max(len(name) for name, _, _ in rows)
    lines = [(f"{n:<{wide}} {len(m.parameters()):>5,}  {w}") for n, m, w in rows]
    return "\n".join(map(str.rstrip, lines))


def mimebundle(module: Any) -> dict[str, str]:
    """Return how a notebook shows a module: by a table, a small one by a picture."""
    text = repr(module)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    try:
        named = module.named_parameters()
    except (TypeError, ValueError, AttributeError):  # in the middle of being made
        return {"text/plain": text}
    html = _as_html(type(module).__name__, named)
    drawn = len(named) <= DRAWN and hasattr(type(module), "__network__")
    if drawn and module.__network__():
        from autograd import draw  # what draws is imported by who looks

        html = draw(module).image() + html
    return {"text/plain": text, "text/html": html}


def _as_html(kind: str, named: list[tuple[str, Value]]) -> str:
    """Return a table of parameters, by the parts of the module that hold them."""
    depth = 1
    while depth < 9 and len(_groups(named, depth + 1)) <= GROUPS:
        depth += 1
    # The shallowest that tells as many parts apart.
    while depth > 1 and len(_groups(named, depth - 1)) == len(_groups(named, depth)):
        depth -= 1
    rows = []
    groups = _groups(named, depth)
    for path, parameters in list(groups.items())[:GROUPS]:
        numbers = [p.data for p in parameters]
        # hypot neither overflows nor underflows on the way.
        size = math.hypot(*[p.grad for p in parameters]) / math.sqrt(len(parameters))
        cells = (
            path,
            f"{len(parameters):,}",
            f"{min(numbers):.4g} to {max(numbers):.4g}",
            f"{size:.4g}",
        )
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    if len(groups) > GROUPS:
        rows.append(f'<td colspan="4">and {len(groups) - GROUPS:,} more</td>')
    head = "".join(
        f"<th>{words}</th>"
        for words in ("part", "parameters", "data", "gradient (root mean square)")
    )
    table = "".join(f"<tr>{row}</tr>" for row in (head, *rows))
    count = f"{len(named):,} parameter{'s'[: len(named) != 1]}"
    return (
        f"<details open><summary>{escape(kind)}: {count}</summary>"
        f"<table>{table}</table></details>"
    )


def _groups(named: list[tuple[str, Value]], depth: int) -> dict[str, list[Value]]:
    """Return the parameters by the first ``depth`` names of their paths."""
    groups: dict[str, list[Value]] = {}
    for path, p in named:
        groups.setdefault("/".join(path.split("/")[:depth]), []).append(p)
    return groups
