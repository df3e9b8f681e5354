"""Read a graph in the DOT language, as `autograd.render.dot` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

PAD_X, PAD_Y, LINE = 8.0, 6.0, 12.0  # points
LEAST = (43.0, 22.0)
NARROW, BROAD = frozenset("ijlftIr.,:;|!'()[]{} \u00a0"), frozenset("mwMW@%\u2026")

NAME = r'(?:"(?:[^"\\]|\\.)*"|[\w.]+)'
NODE = re.compile(rf"^\s*({NAME})\s*(?:\[(.*)\])?\s*$")
EDGE = re.compile(rf"^\s*({NAME})\s*->\s*({NAME})\s*(?:\[(.*)\])?\s*$")
ATTRIBUTE = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s\]]+)')
LABEL_LINE = re.compile(r"(.*?)(\\n|\\l|$)", re.DOTALL)

Attributes = dict[str, str]
Point = tuple[float, float]


@dataclass
class Box:
    """A node, or a bend of an edge, which has no text."""

    name: str
    look: Attributes
    lines: list[tuple[str, str]] = field(default_factory=list)
    size: Point = (0.0, 0.0)
    rank: int = 0
    place: float = 0.0  # across
    at: Point = (0.0, 0.0)


@dataclass
class Edge:
    """An edge, and the boxes that it goes through."""

    source: str
    target: str
    look: Attributes
    way: list[Box] = field(default_factory=list)


def read(source: str) -> tuple[Attributes, dict[str, Box], list[Edge]]:
    """Return the graph's attributes, its nodes by their names, and its edges."""
    graph: Attributes = {}
    usual: dict[str, Attributes] = {"node": {}, "edge": {}}
    boxes: dict[str, Box] = {}
    edges: list[Edge] = []
    for line in source.partition("{")[2].split("\n"):
        if found := EDGE.match(line):
            a, b = (_bare(name) for name in found.groups()[:2])
            edges.append(Edge(a, b, {**usual["edge"], **_attributes(found[3])}))
        elif (found := NODE.match(line)) and found[1] not in {"graph", "node", "edge"}:
            name = _bare(found[1])
            boxes[name] = Box(name, {**usual["node"], **_attributes(found[2])})
        elif found:
            usual.setdefault(found[1], {}).update(_attributes(found[2]))
        elif "subgraph" not in line and "rank=same" not in line:
            graph.update(_attributes(line))
    graph = {**usual.pop("graph", {}), **graph}
    for edge in edges:
        for name in (edge.source, edge.target):
            boxes.setdefault(name, Box(name, dict(usual["node"])))
    for box in boxes.values():
        box.lines = list(lines_of(box.look.get("label", box.name)))
        widths = [width_of(text) for text, _ in box.lines]
        width = max([LEAST[0], *[w + 2 * PAD_X for w in widths]])
        box.size = width, max(LEAST[1], LINE * len(box.lines) + 2 * PAD_Y - 2)
    return graph, boxes, edges


def _bare(name: str) -> str:
    return name.strip('"')


def _attributes(text: str | None) -> Attributes:
    return {name: _bare(value) for name, value in ATTRIBUTE.findall(text or "")}


def lines_of(label: str) -> Iterator[tuple[str, str]]:
    r"""Yield the lines of a label, and whether each stands at the left.

    >>> list(lines_of(r"x\ndata 1\l"))
    [('x', 'middle'), ('data 1', 'start')]

    """
    for text, end in LABEL_LINE.findall(label):
        if text or end:
            words = unescape(text.replace(r"\\", "\\"))
            yield words, "start" if end == r"\l" else "middle"


def width_of(text: str, size: float = 11.0) -> float:
    """Return about how wide a text is in Helvetica, in points."""
    ems = sum(0.3 if c in NARROW else 0.86 if c in BROAD else 0.57 for c in text)
    return size * ems
