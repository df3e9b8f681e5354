"""Layer by layer: how large weights and gradients are, and which units are off.

Remarks name what is wrong. A table also shows what is right, so that one learns to tell
the two apart: gradients of about one size in all layers, few units that never pass
anything on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from autograd.diagnosis.graph import Graph, own_op
from autograd.diagnosis.layers import FLAT, SATURATING, layer_of
from autograd.primitives.activations import relu
from autograd.value import Value

HEADS = ("layer", "parameters", "data", "gradient", "units", "dead", "saturated")
SIZES = "data, gradient: root mean squares."
DEAD = " dead: units whose relus are all off."
FLAT_ONES = " saturated: nodes that are flat where they are."
ROWS = 24  # of more, those in the middle are left out


@dataclass
class LayerRow:
    """What is known of a layer.

    Attributes:
        layer: its scope, without the neuron's.
        params: its parameters.
        data, gradient: root mean squares of their numbers, and of their derivatives.
        units: how many scopes it has with a relu, sigmoid or tanh in them.
        dead: of those with relus, how many have all of them off; None without relus.
        saturated: the share of its sigmoids and tanhs that are flat; None without.

    """

    layer: str
    params: list[Value] = field(default_factory=list)
    data: float = 0.0
    gradient: float = 0.0
    units: int = 0
    dead: int | None = None
    saturated: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return what the table shows."""
        return (
            self.layer,
            f"{len(self.params):,}",
            f"{self.data:.1e}" if self.params else "",
            f"{self.gradient:.1e}" if self.params else "",
            f"{self.units:,}" if self.units else "",
            "" if self.dead is None else f"{self.dead:,}",
            "" if self.saturated is None else f"{self.saturated:.0%}",
        )


def by_layer(graph: Graph) -> list[LayerRow]:
    """Return a row for each layer, in the order of computation."""
    rows: dict[str, LayerRow] = {}
    relus: dict[str, dict[str, list[bool]]] = {}
    flats: dict[str, dict[str, list[bool]]] = {}
    for i, node in enumerate(graph.order):
        if not node.scope:
            continue
        layer = layer_of(node.scope)
        rows.setdefault(layer, LayerRow(layer))
        if node.primitive is relu:
            off = graph.parents[i][0].data <= 0.0
            relus.setdefault(layer, {}).setdefault(node.scope, []).append(off)
        steepest = SATURATING.get(own_op(node))
        if steepest is not None:
            off = graph.partials[i][0] < FLAT * steepest
            flats.setdefault(layer, {}).setdefault(node.scope, []).append(off)
    for p in graph.params:
        user = graph.users.get(id(p))
        if user is not None and user.scope and p.primitive is None:
            rows[layer_of(user.scope)].params.append(p)
    for layer, row in rows.items():
        row.data = _size([p.data for p in row.params])
        row.gradient = _size([graph.derivative(p) for p in row.params])
        row.units = len({*relus.get(layer, ()), *flats.get(layer, ())})
        if layer in relus:
            row.dead = sum(map(all, relus[layer].values()))
        if layer in flats:
            nodes = [off for unit in flats[layer].values() for off in unit]
            row.saturated = sum(nodes) / len(nodes)
    return [row for row in rows.values() if row.params or row.units]


def as_text(rows: Sequence[LayerRow]) -> Iterator[str]:
    """Yield the lines of the table; columns in which nothing is told are left out."""
    left = len(rows) - ROWS
    half = ROWS // 2
    shown = [row.cells() for row in rows]
    if left > 0:
        words = (f"... and {left:,} more", *[""] * (len(HEADS) - 1))
        shown = [*shown[:half], words, *shown[-half:]]
    table = [HEADS, *shown]
    columns = [column for column in zip(*table, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    for line in zip(*columns, strict=True):
        name, *cells = line
        padded = [c.rjust(w) for c, w in zip(cells, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *padded]).rstrip()
    notes = {"dead": DEAD, "saturated": FLAT_ONES}
    yield SIZES + "".join(notes.get(column[0], "") for column in columns)


def _size(numbers: Sequence[float]) -> float:
    # hypot neither overflows nor underflows, as a sum of squares would.
    return math.hypot(*numbers) / math.sqrt(len(numbers) or 1)
