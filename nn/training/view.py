"""training_view: see what training did, the loss and the decision boundary as it went.

A `History` has the losses but not the parameters, so what the model said earlier cannot
be drawn afterwards: somebody has to look while it is trained. `TrainingView` does: each
time it is called it asks the model for its scores on a grid in the plane of the inputs,
and keeps these numbers. Nothing is kept of the model, and nothing in it is changed.

Pictures are bitmaps by matplotlib (`nn.training.plots`), inside of ``<img>``, so that a
stored notebook shows them whether it is trusted or not. Where it is, a script puts a
slider and a play button in the place of what is to be unfolded.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from autograd import Value, no_grad
from nn.training.history import History

GRID = 48  # points along each side
MARGIN = 0.1  # of the width of the data, around them
FRAMES = 16  # pictures, however many times the model was looked at

MSG_MODEL = (
    "training_view() asks a model, something that is called with a row, like nn.MLP, "
    "for its scores; {0!r} cannot be called"
)
MSG_HISTORY = (
    "a TrainingView is called with what fit() returned, which has the losses, not with "
    "{0!r}: watch(fit(model, X, y, ...))"
)
MSG_ROWS = "X has {0} rows and y has {1} labels: each row has one"


@dataclass(frozen=True, slots=True)
class Look:
    """What a model said at one time.

    Attributes:
        epoch: after how many epochs.
        scores: on the grid, row by row from below: the model's score, or the number of
            the class with the highest one; of one input a single row. Empty if there
            is nothing to draw.

    """

    epoch: int
    scores: list[list[float]]


class TrainingView:
    """Watches a model while it is trained; Jupyter shows what was seen.

    Calling it with each `History` adds the losses and looks at the model once more.

    Args:
        model: gives one score, which is positive on the side of the larger label, or
            one for each class. It is looked at as it is now, too.
        X: rows of inputs; of two, for the decision boundary to be drawn.
        y: a label for each.

    Attributes:
        losses: those of all epochs so far.
        accuracies: likewise, where training measured them.
        looks: what was seen.
        rows, labels: what it was given, as floats.

    >>> from nn import MLP, Adam, fit, hinge_loss
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]
    >>> model = MLP(2, [8, 1], "tanh", seed=0)
    >>> optimizer = Adam(model.parameters(), lr=0.05)
    >>> watch = TrainingView(model, X, y)
    >>> history = fit(model, X, y, loss=hinge_loss, optimizer=optimizer, epochs=3,
    ...               patience=None, progress=False, each_epoch=watch)
    >>> watch
    <training of MLP: 3 epochs, seen after 0, 1, 2, 3>
    >>> watch(fit(model, X, y, loss=hinge_loss, optimizer=optimizer, epochs=5,
    ...           patience=None, progress=False))
    >>> watch
    <training of MLP: 8 epochs, seen after 0, 1, 2, 3, 8>

    """

    def __init__(
        self,
        model: Any,
        X: Iterable[Any] | None = None,  # noqa: N803 - as in `fit`
        y: Iterable[Any] | None = None,
    ) -> None:
        if not callable(model):
            raise TypeError(MSG_MODEL.format(model))
        self._model = model
        self.rows = [[float(x) for x in row] for row in ([] if X is None else X)]
        self.labels = [float(label) for label in ([] if y is None else y)]
        if self.labels and len(self.labels) != len(self.rows):
            message = MSG_ROWS.format(len(self.rows), len(self.labels))
            raise ValueError(message)
        self._last: tuple[object, int] = (None, 0)
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self.looks: list[Look] = []
        self._look()

    def __call__(self, history: History) -> None:
        """Add the losses of a history, or those that it got since, and look again."""
        if not hasattr(history, "losses"):
            raise TypeError(MSG_HISTORY.format(history))
        last, known = self._last
        start = known if history is last else 0
        self._last = history, len(history.losses)
        self.losses.extend(history.losses[start:])
        self.accuracies.extend(history.accuracy[start:])
        self._look()

    def __repr__(self) -> str:
        epochs = [look.epoch for look in self.looks]
        shown = ", ".join(map(str, epochs[:FRAMES])) + ", ..." * (len(epochs) > FRAMES)
        kind = type(self._model).__name__
        return f"<training of {kind}: {len(self.losses)} epochs, seen after {shown}>"

    def _look(self) -> None:
        self.__dict__.pop("frames", None)
        scores: list[list[float]] = []
        width = self.width
        if width:
            with no_grad():
                xs, *others = self.grid()
                rows = [[[x] for x in xs]]
                if others:
                    rows = [[[x, y] for x in xs] for y in others[0]]
                scores = [[_score(self._model(point)) for point in row] for row in rows]
        self.looks.append(Look(len(self.losses), scores))

    @property
    def width(self) -> int:
        """The number of inputs, if there are one or two; 0 if nothing can be drawn."""
        widths = {len(row) for row in self.rows}
        return widths.pop() if widths in ({1}, {2}) else 0

    def grid(self) -> list[list[float]]:
        """Return the grid's numbers along each input."""
        columns = zip(*self.rows, strict=True)
        return [side(column, GRID) for column in columns]

    def is_of_classes(self) -> bool:
        """Return whether the model gives a score for each class."""
        with no_grad():
            return isinstance(self._model(self.rows[0]), Sequence)

    def figure(self, look: int = -1) -> Any:
        """Return a matplotlib figure of one look at the model, the last if not said.

        Raises:
            ModuleNotFoundError: if matplotlib is not installed.

        """
        from nn.training.plots import figure

        return figure(self, self.looks[look])

    @cached_property
    def frames(self) -> list[dict[str, Any]]:
        """Pictures, evenly chosen, each as a title and the addresses of its parts."""
        last = len(self.looks) - 1
        shown = min(FRAMES, len(self.looks))
        chosen = {round(i * last / max(shown - 1, 1)) for i in range(shown)}
        return [self._frame(k) for k in sorted(chosen)]

    def _frame(self, k: int) -> dict[str, Any]:
        epoch = self.looks[k].epoch
        title = f"after {epoch} epoch{'s' if epoch != 1 else ''}"
        if 0 < epoch <= len(self.losses):
            title += f": loss {self.losses[epoch - 1]:.4g}"
        if self.accuracies and 0 < epoch <= len(self.accuracies):
            title += f", accuracy {self.accuracies[epoch - 1]:.4g}"
        from nn.training.plots import bitmaps

        images = (base64.b64encode(x).decode() for x in bitmaps(self.figure(k)))
        return {"title": title, "src": [f"data:image/png;base64,{x}" for x in images]}

    def to_html(self) -> str:
        """Return all pictures in HTML, in their order.

        Where scripts do not run, all but the last are to be unfolded.
        """
        *earlier, last = self.frames
        lines = [
            f"<details><summary>{escape(frame['title'])}</summary>{_image(frame)}"
            "</details>"
            for frame in earlier
        ]
        lines += [f"<p>{escape(last['title'])}</p>", _image(last)]
        html = "\n".join(lines)
        if not earlier:
            return f"<div>\n{html}\n</div>"
        key = sha256(html.encode()).hexdigest()[:16]
        script = Path(__file__).with_name("slider.js").read_text("utf-8")
        script = f"<script>\n{script.replace('KEY', key)}</script>"
        return f'<div data-training="{key}">\n{html}\n</div>\n{script}'

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        try:
            return {"text/plain": repr(self), "text/html": self.to_html()}
        except ModuleNotFoundError as error:
            return {"text/plain": f"{self!r}\n{error}"}


def training_view(
    history: History,
    model: Any,
    X: Iterable[Any] | None = None,  # noqa: N803 - as in `fit`
    y: Iterable[Any] | None = None,
) -> TrainingView:
    """Return a view of what training did: the loss by epoch, and the boundary now.

    To see how the boundary got there, somebody has to look meanwhile: `TrainingView`.

    Args:
        history: what `fit` returned.
        model: what was trained.
        X: the rows, of two inputs, for the decision boundary to be drawn.
        y: a label for each.

    Raises:
        TypeError: if the model cannot be called, or the history has no losses.
        ValueError: if there are not as many labels as rows.

    """
    view = TrainingView(model, X, y)
    view.looks.clear()
    view(history)
    return view


def side(column: Sequence[float], points: int) -> list[float]:
    """Return a grid's numbers along one input, whose data it covers with a margin."""
    low, high = min(column), max(column)
    margin = MARGIN * (high - low) or 1.0
    step = (high - low + 2.0 * margin) / (points - 1)
    return [low - margin + i * step for i in range(points)]


def _score(prediction: Any) -> float:
    """Return a score, or the number of the class that has the highest one."""
    if isinstance(prediction, Sequence):
        numbers = [_score(score) for score in prediction]
        return float(numbers.index(max(numbers)))
    return float(prediction.data if isinstance(prediction, Value) else prediction)


def _image(frame: dict[str, Any]) -> str:
    title = escape(frame["title"])
    first, *others = frame["src"]
    images = [f'<img alt="{title}" src="{first}">']
    images += [f'<img alt="" src="{other}">' for other in others]
    return f'<span title="{title}">{"".join(images)}</span>'
