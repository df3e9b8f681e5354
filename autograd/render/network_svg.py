"""Write a `Network` as SVG: no layout is to be found, so no Graphviz is needed.

Lines tell weights: the wider, the larger; whole where positive, dashed where negative,
so that the colours are not needed to tell them apart. Circles tell outputs, where a row
is shown, in the same two colours. The elements and the one transformation are those
that Graphviz writes, so that `autograd.render.paint` makes bitmaps of it, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from autograd.naming import legible
from autograd.render import colours
from autograd.render.network import Layer, Network, Neuron
from autograd.render.view import number

COLUMN, LINE, WIDE_LINE = 170.0, 50.0, 60.0  # points between layers, and neurons
RADIUS = 19.0
MARGIN, HEAD, FOOT = 84.0, 58.0, 48.0
LEGEND = 470.0  # the width of the words below
SHOWN, LAST = 9, 2  # of a larger layer the first 6, a count, and the last 2
WIDEST, THINNEST = 3.6, 0.4
CROWDED = 60  # lines, from which on they are narrower
TEXT, SMALL = 12, 10
ARC = 0.5522847498  # of the radius: a quarter of a circle as a cubic Bézier curve
FEW = 6  # neurons in the largest layer whose bias and slope have room


def network_svg(network: Network) -> str:
    """Return the picture, light and dark, with a text alternative."""
    sizes = [len(network.inputs), *[len(layer.neurons) for layer in network.layers]]
    columns = [_places(size) for size in sizes]
    drawn = _Drawing(network, columns)
    width = max(2 * MARGIN + COLUMN * (len(columns) - 1), LEGEND)
    height = 2 * drawn.middle - HEAD + FOOT
    words = escape(alternative(network))
    body = "\n".join(drawn.lines(width, height))
    return (
        f'<svg role="img" aria-label="{words}" style="max-width:100%;height:auto" '
        f'width="{width:g}pt" height="{height:g}pt" '
        f'viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">\n'
        f"<title>{escape(title(network))}</title>\n<desc>{words}</desc>\n"
        f"{colours.style_sheet()}\n"
        f'<g transform="scale(1 1) rotate(0) translate(0 0)">\n{body}\n</g>\n</svg>\n'
    )


def title(network: Network) -> str:
    """Return what the picture is of."""
    sizes = [len(network.inputs), *[len(layer.neurons) for layer in network.layers]]
    return f"network {legible(network.name)}: {'-'.join(map(str, sizes))}"


def alternative(network: Network) -> str:
    """Return what the picture shows in words."""
    words = [f"{title(network)}."]
    for layer in network.layers:
        told = f"{legible(layer.name)}: {_kind(layer)}"
        outputs = [n.output for n in layer.neurons[:SHOWN] if n.output is not None]
        if outputs:
            told += f", outputs {', '.join(map(number, outputs))}"
        words.append(f"{told}.")
    return " ".join(words)


def _kind(layer: Layer) -> str:
    n = len(layer.neurons)
    return f"{n:,} {layer.activation or 'linear'} neuron{'s'[: n != 1]}"


def _places(size: int) -> list[int | None]:
    """Return which neurons of a layer are shown; None where some are left out."""
    if size <= SHOWN:
        return list(range(size))
    first = SHOWN - LAST - 1
    return [*range(first), None, *range(size - LAST, size)]


class _Drawing:
    """Where everything is, and how it looks."""

    def __init__(self, network: Network, columns: list[list[int | None]]) -> None:
        self.network = network
        self.columns = columns
        self.roomy = max(len(layer.neurons) for layer in network.layers) <= FEW
        self.line = WIDE_LINE if self.roomy else LINE
        self.middle = HEAD + self.line * max(map(len, columns)) / 2
        crowd = sum(len(a) * len(b) for a, b in pairwise(columns))
        self.widest = WIDEST if crowd <= CROWDED else WIDEST / 2

    def lines(self, width: float, height: float) -> Iterator[str]:
        """Yield the elements, what lies behind first."""
        corners = f"0,0 {width:g},0 {width:g},{height:g} 0,{height:g}"
        yield f'<polygon fill="{colours.GROUND}" stroke="none" points="{corners}"/>'
        for k in range(1, len(self.columns)):
            yield from self._weights(k)
        for k in range(len(self.columns)):
            yield from self._column(k)
        yield from self._legend(height)

    def _at(self, k: int, i: int) -> tuple[float, float]:
        """Return where the i-th circle of a column is."""
        top = self.middle - self.line * (len(self.columns[k]) - 1) / 2
        return MARGIN + COLUMN * k, top + self.line * i

    def _weights(self, k: int) -> Iterator[str]:
        largest = self.network.largest or 1.0
        for i, place in enumerate(self.columns[k]):
            if place is None:
                continue
            neuron = self.network.layers[k - 1].neurons[place]
            for j, source in enumerate(self.columns[k - 1]):
                if source is None:
                    continue
                w = neuron.weights[source]
                (x, y), (x2, y2) = self._at(k - 1, j), self._at(k, i)
                wide = THINNEST + (self.widest - THINNEST) * abs(w) / largest
                dashes = ' stroke-dasharray="5,3"' if w < 0.0 else ""
                told = f"{self._name(k - 1, source)} to {neuron.name}: {number(w)}"
                yield (
                    f'<g><title>{escape(told)}</title><polyline fill="none" '
                    f'stroke="{_sign(w)}" stroke-width="{wide:.2f}"{dashes} '
                    f'points="{x + RADIUS:g},{y:g} {x2 - RADIUS:g},{y2:g}"/></g>'
                )

    def _column(self, k: int) -> Iterator[str]:
        x, top = self._at(k, 0)
        size = len(self.network.layers[k - 1].neurons) if k else 0
        n = len(self.network.inputs)
        names = [f"{n:,} input{'s'[: n != 1]}"]
        if k:
            layer = self.network.layers[k - 1]
            names = [legible(layer.name), _kind(layer)]
        for line, name in enumerate(reversed(names)):
            y = top - RADIUS - 10 - 13 * line
            yield _text(x, y, name, TEXT if line == len(names) - 1 else SMALL)
        for i, place in enumerate(self.columns[k]):
            if place is None:
                left = size or len(self.network.inputs)
                left -= len(self.columns[k]) - 1
                yield _text(x, self._at(k, i)[1] + 4, f"{left:,} more", TEXT)
            else:
                yield from self._circle(k, i, place)

    def _circle(self, k: int, i: int, place: int) -> Iterator[str]:
        x, y = self._at(k, i)
        name = self._name(k, place)
        neuron = self.network.layers[k - 1].neurons[place] if k else None
        output = neuron.output if neuron else self.network.inputs[place]
        told = f"{name}: {_told(neuron, output)}"
        yield (
            f'<g><title>{escape(told)}</title><path fill="{self._fill(k, output)}" '
            f'stroke="{colours.INK}" stroke-width="1.2" d="{_circle(x, y)}"/></g>'
        )
        inside = _short(output) if output is not None else name if not k else ""
        yield _text(x, y + 4, inside, SMALL)
        if not k and output is not None:
            yield _text(x - RADIUS - 6, y + 4, name, TEXT, "end")
        if neuron and self.roomy:
            yield from self._numbers(neuron, x, y)

    def _numbers(self, neuron: Neuron, x: float, y: float) -> Iterator[str]:
        """Yield the bias, and its gradient, below a circle."""
        words = [] if neuron.bias is None else [f"b {_short(neuron.bias)}"]
        if neuron.slope:
            words.append(f"δ {_short(neuron.slope)}")
        if words:
            yield _text(x, y + RADIUS + 11, ", ".join(words), SMALL)

    def _name(self, k: int, place: int) -> str:
        if not k:
            return f"x{place + 1}"
        return legible(self.network.layers[k - 1].neurons[place].name)

    def _fill(self, k: int, output: float | None) -> str:
        """Return how strong an output is among its layer's, and of which sign."""
        if not output:
            return colours.GROUND
        outputs = (
            [n.output for n in self.network.layers[k - 1].neurons]
            if k
            else self.network.inputs
        )
        largest = max(abs(y or 0.0) for y in outputs)
        levels = colours.POSITIVE if output > 0.0 else colours.NEGATIVE
        return levels[min(len(levels) - 1, int(len(levels) * abs(output) / largest))]

    def _legend(self, height: float) -> Iterator[str]:
        widest = number(self.network.largest)
        words = [
            f"Lines: weights, wider = larger (widest: {widest}); dashed = negative",
        ]
        if self.network.inputs and self.network.inputs[0] is not None:
            words.append("Circles: outputs, darker = larger in its layer; b: bias")
        if self.roomy and any(n.slope for x in self.network.layers for n in x.neurons):
            words[-1] += "; δ: the gradient of the weighted sum"
        for line, told in enumerate(words):
            y = height - 10 - 14 * (len(words) - 1 - line)
            yield colours.in_both(_text(14, y, told, 11, "start"))


def _told(neuron: Neuron | None, output: float | None) -> str:
    parts = [] if output is None else [f"output {number(output)}"]
    if neuron and neuron.bias is not None:
        parts.append(f"bias {number(neuron.bias)}")
    if neuron and neuron.slope:
        parts.append(f"gradient of the bias {number(neuron.slope)}")
    return ", ".join(parts) or "input"


def _short(x: float) -> str:
    return f"{x + 0.0:.2f}" if 0.01 <= abs(x) < 100 else f"{x + 0.0:.2g}"


def _sign(w: float) -> str:
    return colours.PLUS if w >= 0.0 else colours.MINUS


def _circle(x: float, y: float) -> str:
    """Return a circle as four Bézier curves."""
    r, c = RADIUS, RADIUS * ARC
    quarters = (
        (r, 0, r, c, c, r, 0, r),
        (0, r, -c, r, -r, c, -r, 0),
        (-r, 0, -r, -c, -c, -r, 0, -r),
        (0, -r, c, -r, r, -c, r, 0),
    )
    start = f"M{x + r:.2f},{y:.2f}C"
    points = (
        f"{x + dx:.2f},{y + dy:.2f}"
        for _, _, *rest in quarters
        for dx, dy in zip(rest[::2], rest[1::2], strict=True)
    )
    return start + " ".join(points)


def _text(x: float, y: float, words: str, size: int, anchor: str = "middle") -> str:
    return (
        f'<text text-anchor="{anchor}" x="{x:g}" y="{y:g}" font-family="Helvetica,'
        f'Arial,sans-serif" font-size="{size}" fill="{colours.INK}">'
        f"{escape(words)}</text>"
    )
