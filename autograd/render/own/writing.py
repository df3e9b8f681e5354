"""Write a graph whose nodes have places as SVG: the elements that Graphviz writes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape, unescape
from itertools import pairwise

from autograd.render.own.reading import (
    LINE,
    PAD_X,
    Attributes,
    Box,
    Edge,
    Point,
    width_of,
)

CORNER = 5.0
ARROW, HALF = 6.0, 2.1
MARGIN = 14.0


def svg_of(
    boxes: dict[str, Box],
    edges: list[Edge],
    head: list[str],
    graph: Attributes,
    *,
    sideways: bool,
) -> str:
    """Return the picture.

    Args:
        boxes: the nodes by their names.
        edges: between them.
        head: lines at the head of the picture.
        graph: the attributes of the whole.
        sideways: whether the edges go to the left or the right.

    """
    ends = [_corners(box) for edge in edges for box in edge.way]
    ends += [_corners(box) for box in boxes.values()]
    left, top = (min((e[i] for e in ends), default=0.0) for i in (0, 1))
    right, bottom = (max((e[i] for e in ends), default=0.0) for i in (2, 3))
    right = max(right, left + max(map(width_of, head)))
    top -= LINE * (len(head) + 1)
    width, height = right - left + 2 * MARGIN, bottom - top + 2 * MARGIN
    ground = graph.get("bgcolor", "#ffffff")
    a, b, c, d = left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN
    ink = graph.get("fontcolor", "black")
    start = (
        f'<svg width="{width:.0f}pt" height="{height:.0f}pt" '
        f'viewBox="0.00 0.00 {width:.2f} {height:.2f}" '
        'xmlns="http://www.w3.org/2000/svg">\n'
        '<g id="graph0" class="graph" transform="scale(1 1) rotate(0) '
        f'translate({-a:.2f} {-b:.2f})">\n'
        f'<polygon fill="{ground}" stroke="transparent" '
        f'points="{a:.2f},{b:.2f} {c:.2f},{b:.2f} {c:.2f},{d:.2f} {a:.2f},{d:.2f}"/>'
    )
    out = [
        start,
        *[
            _text(text, (left, top + LINE * (k + 1)), "start", 11, ink)
            for k, text in enumerate(head)
        ],
    ]
    for number, edge in enumerate(edges, start=1):
        if edge.look.get("style") != "invis":
            out += _edge(number, edge, sideways=sideways)
    for number, box in enumerate(boxes.values(), start=1):
        out += _node(number, box)
    return "\n".join([*out, "</g>", "</svg>", ""])


def _corners(box: Box) -> tuple[float, float, float, float]:
    (x, y), (w, h) = box.at, box.size
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def _text(text: str, at: Point, anchor: str, size: float, ink: str) -> str:
    return (
        f'<text text-anchor="{anchor}" x="{at[0]:.2f}" y="{at[1]:.2f}" '
        f'font-family="Helvetica,sans-Serif" font-size="{size:.2f}" fill="{ink}">'
        f"{escape(text, quote=False)}</text>"
    )


def _node(number: int, box: Box) -> Iterator[str]:
    look = box.look
    name = look.get("id", f"node{number}")
    yield f'<g id="{name}" class="node">\n<title>{escape(box.name)}</title>'
    style = look.get("style", "")
    line = f'stroke="{look.get("color", "black")}"'
    if look.get("penwidth", "1.0") != "1.0":
        line += f' stroke-width="{look["penwidth"]}"'
    if "dashed" in style:
        line += ' stroke-dasharray="5,2"'
    fill = look.get("fillcolor", "none") if "filled" in style else "none"
    corners = _corners(box)
    round_ = CORNER if "rounded" in style else 0.0
    if look.get("peripheries") == "2":
        outer = (corners[0] - 4, corners[1] - 4, corners[2] + 4, corners[3] + 4)
        yield f'<path fill="{fill}" {line} d="{_outline(outer, round_)}"/>'
    yield f'<path fill="{fill}" {line} d="{_outline(corners, round_)}"/>'
    x, top = box.at[0], box.at[1] - LINE * len(box.lines) / 2 - 2.5
    for k, (text, anchor) in enumerate(box.lines, start=1):
        at = corners[0] + PAD_X - 1 if anchor == "start" else x
        ink = look.get("fontcolor", "black")
        yield _text(text, (at, top + LINE * k), anchor, 11, ink)
    yield "</g>"


def _outline(corners: tuple[float, float, float, float], r: float) -> str:
    """Return a rectangle as Bézier curves, with corners of that radius."""
    x, y, x2, y2 = corners
    points = [(x + r, y), (x2 - r, y), (x2, y + r), (x2, y2 - r)]
    points += [(x2 - r, y2), (x + r, y2), (x, y2 - r), (x, y + r), (x + r, y)]
    bends = [(x2, y), (x2, y2), (x, y2), (x, y)]
    out = f"M{points[0][0]:.2f},{points[0][1]:.2f}C"
    curves = []
    for k in range(1, 9):
        a, b = points[k - 1], points[k]
        c, d = (a, b) if k % 2 else (bends[k // 2 - 1],) * 2
        curves += [f"{p[0]:.2f},{p[1]:.2f}" for p in (c, d, b)]
    return out + " ".join(curves)


def _edge(number: int, edge: Edge, *, sideways: bool) -> Iterator[str]:
    look = edge.look
    colour, ink = look.get("color", "black"), look.get("fontcolor", "black")
    classes = " ".join(filter(None, ("edge", look.get("class", ""))))
    title = f"{escape(edge.source)}&#45;&gt;{escape(edge.target)}"
    yield f'<g id="edge{number}" class="{classes}">\n<title>{title}</title>'
    axis = 0 if sideways else 1
    ahead = 1.0 if edge.way[-1].at[axis] >= edge.way[0].at[axis] else -1.0
    points = []
    for box in edge.way:
        for side in (-ahead, ahead):
            point = list(box.at)
            point[axis] += side * box.size[axis] / 2
            points.append((point[0], point[1]))
    points = points[1:-1]
    tip = points[-1]
    neck = list(tip)
    neck[axis] -= ahead * ARROW
    points[-1] = (neck[0], neck[1])
    width = look.get("penwidth", "1.0")
    stroke = f'stroke="{colour}"' + f' stroke-width="{width}"' * (width != "1.0")
    yield f'<path fill="none" {stroke} d="{_curve(points, axis)}"/>'
    sides = [list(points[-1]), list(points[-1])]
    sides[0][1 - axis] -= HALF
    sides[1][1 - axis] += HALF
    corners = [sides[0], list(tip), sides[1], sides[0]]
    text = " ".join(f"{p[0]:.2f},{p[1]:.2f}" for p in corners)
    yield f'<polygon fill="{colour}" stroke="{colour}" points="{text}"/>'
    label = look.get("label", "").strip("\u00a0 ")
    if label:
        a, b = points[:2]
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 - 3)
        yield _text(unescape(label), middle, "middle", 10, ink)
    yield "</g>"


def _curve(points: list[Point], axis: int) -> str:
    """Return a curve through points that is straight along the edges' direction."""
    out = [f"M{points[0][0]:.2f},{points[0][1]:.2f}C"]
    for a, b in pairwise(points):
        middle = (a[axis] + b[axis]) / 2
        c, d = list(a), list(b)
        c[axis] = d[axis] = middle
        out.append(" ".join(f"{p[0]:.2f},{p[1]:.2f}" for p in (c, d, b)))
    return out[0] + " ".join(out[1:])
