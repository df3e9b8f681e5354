"""Draw what a `TrainingView` saw: the losses, and what the model says of its inputs.

The ground is transparent, and what stands on it is of a grey that can be read on a
light page and on a dark one.
"""

from __future__ import annotations

import io
import math
from typing import Any

from nn.training.view import Look, TrainingView

SHADES = 6  # on either side of the boundary
DOTS_PER_INCH = 80
WIDTH, HEIGHT = 4.4, 3.4  # of each part, in inches
INK = "#7a828e"
LOSS, ACCURACY, NOW = "#3a7cc0", "#3f9b5b", "#d9480f"
MARKERS = "os^Dv<>P*X"
# Of two classes as the shades of a score have them, of more by their number.
TWO = ("#b2182b", "#2166ac")

STYLE: Any = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "legend.edgecolor": INK,  # a frame, lest its markers be taken for data
    "legend.facecolor": "none",
    "legend.fontsize": 8,
    "legend.framealpha": 1.0,
    "legend.labelcolor": INK,
}

MSG_NO_PAINTER = "to see the pictures: pip install matplotlib"


def figure(view: TrainingView, look: Look) -> Any:
    """Return a matplotlib figure of one look at a model: parts side by side.

    Raises:
        ModuleNotFoundError: if matplotlib is not installed.

    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModuleNotFoundError(MSG_NO_PAINTER) from error
    wide = 2 if look.scores else 1
    with rc_context(STYLE):
        found = Figure((WIDTH * wide, HEIGHT), dpi=DOTS_PER_INCH, layout="constrained")
        parts = found.subfigures(1, wide, squeeze=False)[0]
        axes = [part.subplots() for part in parts]
        _losses(axes[0], view, look.epoch)
        if look.scores and view.width == 1:
            _curve(axes[1], view, look.scores[0])
        elif look.scores:
            _plane(parts[1], axes[1], view, look.scores)
    for place in found.axes:
        place.tick_params(colors=INK, which="both")  # ticks are made when drawn
    return found


def bitmaps(figure: Any) -> list[bytes]:
    """Return each part as a PNG, so that a narrow page has them one below the other."""
    from matplotlib.transforms import Bbox

    found = []
    for k in range(len(figure.subfigs)):
        stream = io.BytesIO()
        part = Bbox.from_bounds(WIDTH * k, 0.0, WIDTH, HEIGHT)
        plain = {"Software": None}
        figure.savefig(stream, format="png", metadata=plain, bbox_inches=part)
        found.append(stream.getvalue())
    return found


def _losses(axes: Any, view: TrainingView, epoch: int) -> None:
    epochs = range(1, len(view.losses) + 1)
    axes.plot(epochs, view.losses, color=LOSS)
    if view.losses and min(view.losses) > 0.0:
        axes.set_yscale("log")
    if 0 < epoch <= len(view.losses):
        axes.plot([epoch], [view.losses[epoch - 1]], "o", color=NOW)
    axes.set(title="Training", xlabel="epoch")
    axes.set_ylabel("loss", color=LOSS)
    axes.grid(alpha=0.3)
    if len(view.accuracies) == len(view.losses) > 0:
        right = axes.twinx()
        right.plot(epochs, view.accuracies, "--", color=ACCURACY)
        right.set_ylabel("accuracy (dashed)", color=ACCURACY)
        right.set_ylim(0.0, 1.02)


def _curve(axes: Any, view: TrainingView, scores: list[float]) -> None:
    (xs,) = view.grid()
    if view.labels:
        inputs = [row[0] for row in view.rows]
        axes.plot(inputs, view.labels, "o", color=LOSS, ms=4, alpha=0.7, label="data")
    axes.plot(xs, scores, color=NOW, lw=2, label="model")
    axes.set(title="Fitted curve", xlabel="$x$", ylabel="$y$")
    axes.legend()


def _plane(figure: Any, axes: Any, view: TrainingView, scores: Any) -> None:
    xs, ys = view.grid()
    flat = [score for row in scores for score in row if math.isfinite(score)]
    classes = view.is_of_classes()
    if classes:
        levels = [k - 0.5 for k in range(int(max(flat, default=0.0)) + 2)]
        colours = "RdBu" if len(levels) <= len(TWO) + 1 else "viridis"
        borders = levels[1:-1]
    else:
        reach = max(map(abs, flat), default=0.0) or 1.0
        levels = [reach * k / SHADES for k in range(-SHADES, SHADES + 1)]
        colours, borders = "RdBu", [0.0]
    shades = axes.contourf(xs, ys, scores, levels, cmap=colours, alpha=0.45)
    if flat and any(min(flat) < border < max(flat) for border in borders):
        axes.contour(xs, ys, scores, borders, colors=INK, linewidths=1.5)
    if not classes:
        figure.colorbar(shades, ax=axes, label="score")
    _points(axes, view, colours)
    axes.set(title="Decision boundary", xlabel="$x_1$", ylabel="$x_2$")


def _points(axes: Any, view: TrainingView, colours: str) -> None:
    """Show each class by a marker and a colour, with a white edge, and a legend."""
    from matplotlib import colormaps

    kinds = sorted(set(view.labels))
    span = max(len(kinds) - 1, 1)
    for k, kind in enumerate(kinds):
        xs, ys = zip(
            *(row for row, y in zip(view.rows, view.labels, strict=True) if y == kind),
            strict=True,
        )
        colour = TWO[k] if len(kinds) <= len(TWO) else colormaps[colours](k / span)
        looks = {"color": [colour], "edgecolors": "white", "linewidths": 0.8}
        marker = MARKERS[k % len(MARKERS)]
        axes.scatter(xs, ys, s=34, zorder=2, marker=marker, label=f"{kind:g}", **looks)
    if kinds:
        axes.legend()
