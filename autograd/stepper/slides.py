"""The frames of a stepper as numbered pictures, for slides and for paper.

Each is the drawing as it stands at one position of the slider, with the words below it.
The drawing is laid out once, so that nothing moves from one picture to the next: what
changes is written into its SVG, as the script does in a browser.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any
from xml.etree import ElementTree as ET

from autograd.explanation.styles import OVERLINE
from autograd.render import colours
from autograd.render.paint import paint

Frame = Mapping[str, Any]
Texts = Mapping[str, str]

SVG = "{http://www.w3.org/2000/svg}"
NOW = "#d9480f"  # of the step that is shown, as in stepper.css
FAINT = "#c3c8d0"  # of what is not computed yet
# Points: from line to line, of a letter, a letter's width, around the words.
LINE, SIZE, LETTER, MARGIN = 16.0, 12, 6.2, 14.0
BAR = re.compile(rf"((?:\w{OVERLINE})+)(\w*)")

MSG_FORMAT = "frames are written as svg or png, not as {0!r}"


def write_slides(
    svg: str,
    frames: list[dict[str, Any]],
    to: os.PathLike[str] | str,
    format_: str,
) -> list[Path]:
    """Write a picture of each frame into a folder; return their paths in order.

    Args:
        svg: the drawing, with an id for each node and classes for each edge.
        frames: as the script takes them.
        to: the folder; it is made if it is not there.
        format_: ``"svg"`` or ``"png"``.

    Raises:
        ValueError: if the format is another.
        OSError: if the folder or a file cannot be written.

    """
    if format_ not in {"svg", "png"}:
        raise ValueError(MSG_FORMAT.format(format_))
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    data: dict[str, str] = {}
    grad: dict[str, str] = {}
    paths = []
    digits = len(str(len(frames)))
    for k, frame in enumerate(frames, start=1):
        data.update(frame["data"])
        grad.update(frame["grad"])
        picture = _slide(svg, frame, data, grad)
        path = folder / f"step-{k:0{digits}}.{format_}"
        path.write_bytes(picture if format_ == "svg" else paint(picture, "png"))
        paths.append(path)
    return paths


def _slide(svg: str, frame: Frame, data: Texts, grad: Texts) -> bytes:
    root = ET.fromstring(svg)  # noqa: S314 - it is our own
    # What the drawing says of itself tells the end of the story.
    for told in (f"{SVG}title", f"{SVG}desc"):
        for parent in [*root.iter()]:
            for child in parent.findall(told):
                parent.remove(child)
    words = f"{frame['title']}: {_plain(frame['html'])}"
    root.set("aria-label", " ".join(words.split()))
    for group in root.iter(f"{SVG}g"):
        kinds = group.get("class", "").split()
        if "node" in kinds:
            _node(group, frame, data, grad)
        elif "edge" in kinds:
            _edge(group, kinds, frame, data)
    _caption(root, _lines(frame, _width(root)))
    ET.register_namespace("", SVG[1:-1])
    return ET.tostring(root)


def _node(group: Any, frame: Frame, data: Texts, grad: Texts) -> None:
    key = group.get("id")
    for text in group.iter(f"{SVG}text"):
        words = text.text or ""
        for head, known in (("data", data), ("grad", grad)):
            if words.startswith(head):
                text.text = f"{head} {known.get(key, '')}"
        if key not in data and key.startswith("n"):
            text.set("fill", FAINT)
    for shape in (*group.iter(f"{SVG}path"), *group.iter(f"{SVG}polygon")):
        if key in frame["now"]:
            shape.set("stroke", NOW)
            shape.set("stroke-width", "3")
        elif key not in data and key.startswith("n"):
            shape.set("stroke", FAINT)


def _edge(group: Any, kinds: list[str], frame: Frame, data: Texts) -> None:
    """Show an edge: lit, faint, or passing something on in the other direction."""
    ends = dict(kind.split("-", 1) for kind in kinds if "-" in kind)
    source, target = ends["from"], ends["to"]
    passed = [x for a, b, x in frame["passed"] if (a, b) == (target, source)]
    colour = NOW if target in frame["now"] else None
    if target not in data and target.startswith("n"):
        colour = FAINT
    for shape in (*group.iter(f"{SVG}path"), *group.iter(f"{SVG}polygon")):
        if colour:
            shape.set("stroke", colour)
        if colour and shape.tag == f"{SVG}polygon":
            shape.set("fill", colour)
    label = group.find(f"{SVG}text")
    if label is not None and colour == FAINT:
        label.text = ""
    if passed:
        if label is not None:
            label.text = " + ".join(passed)
            label.set("fill", NOW)
        _turn(group)


def _turn(group: Any) -> None:
    """Move an edge's arrowhead from its end to its beginning."""
    path, head = group.find(f"{SVG}path"), group.find(f"{SVG}polygon")
    if path is None or head is None:
        return
    numbers = [float(x) for x in re.findall(r"-?[\d.]+", path.get("d"))]
    x, y, bx, by = numbers[:4]
    length = max(((bx - x) ** 2 + (by - y) ** 2) ** 0.5, 1e-9)
    ux, uy = (bx - x) / length, (by - y) / length
    tip, wide = 7.0, 2.6
    ax, ay = x + tip * ux, y + tip * uy
    one, other = (ax - wide * uy, ay + wide * ux), (ax + wide * uy, ay - wide * ux)
    corners = ((x, y), one, other, (x, y))
    head.set("points", " ".join(f"{a:.2f},{b:.2f}" for a, b in corners))


def _width(root: Any) -> float:
    return float(root.get("viewBox").split()[2])


def _lines(frame: Frame, width: float) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a caption, and whether each is a heading."""
    yield frame["title"], True
    for line in _plain(frame["html"]).splitlines():
        for part in wrap(line, max(40, int((width - 2 * MARGIN) / LETTER))):
            yield part, False


def _plain(text: str) -> str:
    """Return HTML as lines of plain text."""
    text = re.sub(r"<th>.*?</th>", "", text)
    text = re.sub(r"</(?:p|li|td|ul|summary)>", "\n", text)
    text = re.sub(r"<sup>(.*?)</sup>", r"^\1", text)
    text = html.unescape(re.sub(r"<[^>]*>", "", text))
    return BAR.sub(_spelled, text)


def _spelled(adjoint: re.Match[str]) -> str:
    """Return an adjoint as it is spelled in plain text: not all fonts have the line."""
    return f"{adjoint[1].replace(OVERLINE, '')}{adjoint[2]}_bar"


def _caption(root: Any, lines: Iterator[tuple[str, bool]]) -> None:
    """Write lines below a drawing, and make it as much higher."""
    told = list(lines)
    _, _, width, height = map(float, root.get("viewBox").split())
    more = LINE * len(told) + MARGIN
    root.set("viewBox", f"0 0 {width:.2f} {height + more:.2f}")
    root.set("height", f"{height + more:.0f}pt")
    graph = root.find(f"{SVG}g")
    shift = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", graph.get("transform"))
    scale = float(re.search(r"scale\(([\d.]+)", graph.get("transform"))[1])  # type: ignore[index]
    x, y = float(shift[1]), float(shift[2])  # type: ignore[index]
    # The ground of the drawing is its first polygon.
    ground = graph.find(f"{SVG}polygon")
    bottom, right = (height + more) / scale - y, width / scale - x
    ground.set("points", f"{-x},{bottom} {-x},{-y} {right},{-y} {right},{bottom}")
    for k, (words, is_heading) in enumerate(told, start=1):
        text = ET.SubElement(graph, f"{SVG}text")
        text.set("text-anchor", "start")
        text.set("x", f"{MARGIN / scale - x:.2f}")
        text.set("y", f"{(height + LINE * k) / scale - y:.2f}")
        text.set("font-family", "Helvetica,Arial,sans-serif")
        text.set("font-size", f"{SIZE / scale:.2f}")
        text.set("fill", NOW if is_heading else colours.INK)
        text.text = words
