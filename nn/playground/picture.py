"""What a playground looks like: neurons as maps of the plane, weights between them.

An SVG without scripts, which serves the widget and the stored page alike. The ground is
transparent, and lines and words are of a grey that can be read on light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from nn.playground.maps import CLASSES, classes, shade, signed, text_of

INK = "#7a828e"
PLUS, MINUS = "#3a7cc0", "#d2642b"
TILE, GAP = 40.0, 12.0  # of a neuron's map, and below it
COLUMN = 100.0
LEFT, HEAD = 30.0, 44.0
PLANE = 220.0
CURVE = 70.0  # the height of the losses
SHOWN = 8  # neurons of a layer
WIDEST, THINNEST = 4.0, 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """What the picture shows, as plain numbers.

    Attributes:
        maps: of the inputs, then of each layer: for each neuron its outputs on the
            grid, row by row from above.
        weights: of each layer, for each neuron, those of its inputs.
        activation: what hidden neurons apply.
        box: the plane's left, lower, right and upper end.
        rows, labels: the data.
        losses: of all epochs.

    """

    maps: list[list[list[float]]]
    weights: list[list[list[float]]]
    activation: str
    box: tuple[float, float, float, float]
    rows: list[list[float]]
    labels: list[float]
    losses: list[float]


def drawn(scene: Scene, title: str) -> str:
    """Return the picture as SVG."""
    columns = scene.maps if len(scene.maps[-1]) > 1 else scene.maps[:-1]
    tallest = max(min(len(column), SHOWN) for column in columns)
    height = max(HEAD + tallest * (TILE + GAP) + 20.0, HEAD + PLANE + CURVE + 84.0)
    width = LEFT + COLUMN * len(columns) + PLANE + 40.0
    body = "\n".join(
        [*_weights(scene, columns), *_tiles(scene, columns), *_plane(scene, columns)]
    )
    return (
        f'<svg role="img" aria-label="{escape(title)}" '
        f'style="max-width:100%;height:auto" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="Helvetica,Arial,sans-serif">\n'
        f"<title>{escape(title)}</title>\n{body}\n</svg>"
    )


def _corner(k: int, i: int) -> tuple[float, float]:
    """Return the upper left corner of the i-th map of a column."""
    return LEFT + COLUMN * k, HEAD + i * (TILE + GAP)


def _weights(scene: Scene, columns: Sequence[object]) -> Iterator[str]:
    everything = [abs(w) for layer in scene.weights for ws in layer for w in ws]
    largest = max(everything) or 1.0
    for k, layer in enumerate(scene.weights):
        for i, weights in enumerate(layer[:SHOWN]):
            for j, w in enumerate(weights[:SHOWN]):
                x, y = _corner(k, j)
                x2, y2 = _corner(k + 1, i)
                end = y2 + TILE / 2
                if k + 1 == len(columns):
                    end = HEAD + PLANE / 2  # the plane is the output's map
                wide = THINNEST + (WIDEST - THINNEST) * abs(w) / largest
                dashes = ' stroke-dasharray="5,3"' if w < 0.0 else ""
                yield (
                    f'<path fill="none" stroke="{PLUS if w >= 0.0 else MINUS}" '
                    f'stroke-width="{wide:.2f}"{dashes} d="M{x + TILE:g},'
                    f"{y + TILE / 2:g}C{x + TILE + 30:g},{y + TILE / 2:g} "
                    f'{x2 - 30:g},{end:g} {x2:g},{end:g}">'
                    f"<title>weight {w:.4g}</title></path>"
                )


def _tiles(scene: Scene, columns: Sequence[list[list[float]]]) -> Iterator[str]:
    for k, column in enumerate(columns):
        x, y = _corner(k, 0)
        hidden = k < len(scene.weights)
        kind = scene.activation if hidden else "linear"
        heads = ["inputs"] if not k else [f"layer{k}", f"{len(column)} {kind}"]
        for line, words in enumerate(heads):
            yield _text(x + TILE / 2, y - 22 + 13 * line, words)
        for i, numbers in enumerate(column[:SHOWN]):
            x, y = _corner(k, i)
            if not k:
                yield _text(x - 4, y + TILE / 2 + 4, f"x{i + 1}", "end")
            name = f"x{i + 1}" if not k else f"layer{k}/neuron{i + 1}"
            yield _image(signed(numbers, _side(numbers)), x, y, TILE, name)
        if len(column) > SHOWN:
            x, y = _corner(k, SHOWN)
            yield _text(x + TILE / 2, y + 2, f"{len(column) - SHOWN} more")


def _plane(scene: Scene, columns: Sequence[object]) -> Iterator[str]:
    """Yield the output all over the plane, the data on it, the losses below."""
    x, y = _corner(len(columns), 0)
    outputs = scene.maps[-1]
    side = _side(outputs[0])
    if len(outputs) > 1:
        best = [
            max(range(len(s)), key=s.__getitem__) for s in zip(*outputs, strict=True)
        ]
        address, words = classes(best, side), "the class of the highest score"
    else:
        address, words = signed(outputs[0], side), "output: red -, white 0, blue +"
    yield _text(x + PLANE / 2, y - 9, words)
    yield _image(address, x, y, PLANE, "output")
    left, low, right, high = scene.box
    top = max(map(abs, scene.labels)) or 1.0
    for (a, b), label in zip(scene.rows, scene.labels, strict=True):
        px = x + PLANE * (a - left) / (right - left)
        py = y + PLANE * (high - b) / (high - low)
        if len(outputs) > 1:
            colour = CLASSES[int(label) % len(CLASSES)]
        elif min(scene.labels) >= 0.0:
            colour = shade(2.0 * label / top - 1.0)
        else:
            colour = shade(label / top)
        yield (
            f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3.6" fill="{text_of(colour)}" '
            f'stroke="#ffffff"><title>{label:g}</title></circle>'
        )
    yield from _losses(scene.losses, x, y + PLANE + 40.0)


def _losses(losses: Sequence[float], x: float, y: float) -> Iterator[str]:
    told = f"loss {losses[-1]:.4g} after {len(losses)} epochs" if losses else "loss"
    yield _text(x, y - 8, told, "start")
    yield (f'<path fill="none" stroke="{INK}" d="M{x:g},{y:g}v{CURVE:g}h{PLANE:g}"/>')
    top = max(losses, default=0.0) or 1.0
    step = PLANE / max(len(losses) - 1, 1)
    every = max(1, len(losses) // 200)
    points = [
        f"{x + step * k:.1f},{y + CURVE * (1.0 - losses[k] / top):.1f}"
        for k in range(0, len(losses), every)
    ]
    if points:
        yield (
            f'<polyline fill="none" stroke="{PLUS}" stroke-width="1.5" '
            f'points="{" ".join(points)}"/>'
        )
    yield _text(x - 4, y + 9, f"{top:.2g}" if losses else "", "end")
    yield _text(x - 4, y + CURVE, "0", "end")
    yield _text(x + PLANE, y + CURVE + 14, "epochs", "end")


def _side(numbers: Sequence[float]) -> int:
    return math.isqrt(len(numbers))


def _image(address: str, x: float, y: float, size: float, name: str) -> str:
    return (
        f'<g><title>{escape(name)}</title><image x="{x:g}" y="{y:g}" width="{size:g}" '
        f'height="{size:g}" preserveAspectRatio="none" href="{address}"/>'
        f'<rect x="{x:g}" y="{y:g}" width="{size:g}" height="{size:g}" fill="none" '
        f'stroke="{INK}"/></g>'
    )


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="12" '
        f'fill="{INK}">{escape(words)}</text>'
    )
