"""What a picture shows, as plain data: folded nodes and edges, which any format draws.

A `View` holds strings, numbers and no Values, so that it is stable (no addresses), safe
to keep, and the same for each format. What is shown as itself and what inside a box is
decided in `autograd.render.fold`; views are made in `autograd.render.collect`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from autograd.render.fold import EARLIER, OTHERS

LIMIT = 300
FORMULA = 40
STEPS = (2, 5, 10, 20, 50, 100, 1000)
OUTLIERS = 10
LEVELS = 5
ROUNDING = 1e-9  # of logarithms: a tenth is to be one step of ten


@dataclass(frozen=True, slots=True)
class Node:
    """A node shown as itself.

    Attributes:
        key: what edges call it, its place in the topological order: ``"n4"``.
        name: the Value's name, "" if it has none.
        formula: the operation with names and constants put in, ``"w * x"``; "" for a
            leaf. ``_`` stands for an operand without a name.
        op: the operation alone, ``"*"``.
        data: the number; None in a program, which has no numbers.
        grad: the derivative that the last `backward()` left; None in a program.
        scope: the path of the scope it belongs to.
        kind: one of ``"output"`` (what was asked to be drawn), ``"leaf"``,
            ``"constant"``, ``"inner"`` and ``"guard"``.
        marks: what is wrong with it: see `autograd.render.marks`.
        inside: of a compiled function how many operations are in it, otherwise 0.

    """

    key: str
    name: str
    formula: str
    op: str
    data: float | None
    grad: float | None
    scope: str
    kind: str
    marks: tuple[str, ...] = ()
    inside: int = 0

    @property
    def is_output(self) -> bool:
        """Whether it is what was asked to be drawn."""
        return self.kind == "output"


@dataclass(frozen=True, slots=True)
class Box:
    """A box that stands for many nodes.

    Attributes:
        key: what edges call it: ``"box0"``.
        name: that of the scope it stands for, or what else is in it.
        scope: the path of the scope in which the box stands.
        count: how many nodes are in it.
        ops: how many of each operation, the most frequent first; "" for leaves.
        grad: the size of the largest finite gradient in it; None in a program.
        marks: how many nodes in it bear each mark.

    """

    key: str
    name: str
    scope: str
    count: int
    ops: tuple[tuple[str, int], ...]
    grad: float | None = None
    marks: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """One use of a node or box by another.

    Attributes:
        source: the key of the parent.
        target: the key of the node computed from it.
        partial: the local derivative, None where the edge stands for several uses.
        count: how many uses it stands for.

    """

    source: str
    target: str
    partial: float | None
    count: int = 1


@dataclass(frozen=True)
class View:
    """What a picture shows.

    Attributes:
        nodes: in topological order.
        boxes: the folded parts.
        edges: in the order of their targets.
        total: the number of nodes in the graph, shown or folded.
        limit: the number of units that were to be shown at most.
        program: the name of the program that is shown, "" for a graph of Values.
        warning: what is wrong with the numbers, "" for nothing.

    """

    nodes: tuple[Node, ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    total: int
    limit: int
    program: str = ""
    warning: str = ""

    @property
    def folded(self) -> tuple[str, ...]:
        """Lines that say what was folded and why, for people; empty if nothing was."""
        if not self.boxes:
            return ()
        hidden = sum(box.count for box in self.boxes)
        boxes = "1 box" if len(self.boxes) == 1 else f"{len(self.boxes):,} boxes"
        reason = f"more than {self.limit:,}"
        if self.total <= self.limit:
            reason = "with too many edges to read"
        lines = [f"{self.total:,} nodes, {reason}: {hidden:,} are folded into {boxes}."]
        scopes = [
            f"{box.scope}/{box.name}".removeprefix("/")
            for box in self.boxes
            if box.name not in (OTHERS, EARLIER)
        ]
        if scopes:
            lines.append(f"Most boxes are scopes, such as {briefly(min(scopes))}.")
        return (*lines, f"A higher limit shows more: draw(v, limit={2 * self.limit}).")

    @cached_property
    def gradients(self) -> tuple[float, int]:
        """The largest gradient's size, and how many times less a step of colour is.

        Where no gradient is other than 0, both are 0. The smallest tenth does not count
        for the steps, lest one tiny gradient makes all others look alike.
        """
        units: list[Node | Box] = [*self.nodes, *self.boxes]
        sizes = [abs(unit.grad or 0.0) for unit in units]
        sizes = [size for size in sizes if 0.0 < size < math.inf]
        if not sizes:
            return 0.0, 0
        sizes.sort()
        low, high = math.log(sizes[len(sizes) // OUTLIERS]), math.log(sizes[-1])
        enough = [k for k in STEPS if high - low < LEVELS * math.log(k)]
        return sizes[-1], enough[0] if enough else STEPS[-1]

    def level(self, grad: float | None) -> int:
        """Return how strong the colour of a gradient is, from 0 for none to 5."""
        largest, step = self.gradients
        if not grad or not math.isfinite(grad):
            return 0
        paler = (math.log(largest) - math.log(abs(grad))) / math.log(step)
        return max(1, LEVELS - int(paler + ROUNDING))

    @property
    def legend(self) -> tuple[str, ...]:
        """Lines that say what the colours mean; empty where they say nothing new."""
        largest, step = self.gradients
        if not largest:
            return ()
        text = (
            f"Darker = larger |gradient| (darkest: {number(largest)}; each lighter "
            f"shade: {step:,}\u00d7 smaller; white: 0)."
        )
        if any((unit.grad or 0.0) < 0.0 for unit in self.nodes):
            text += " Orange: positive; violet: negative."
        return (text,)


def number(x: float) -> str:
    """Return a number to 4 significant digits; zero has no sign."""
    return f"{x + 0.0:.4g}"


def briefly(text: str, length: int = FORMULA) -> str:
    """Return a text, cut if it is longer."""
    return text if len(text) <= length else text[: length - 1] + "…"
