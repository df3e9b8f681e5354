"""play: train a small network by hand, and watch what each of its neurons learns.

In Jupyter, `play` puts controls above a picture: the learning rate, the activation, the
hidden units, and buttons to run, to make one step, to start again. The picture shows
each neuron as a map of the plane: what it puts out at every point.

    play            a Playground: the model, the data, the losses so far
    picture         what it looks like, as an SVG with no scripts
    maps            numbers on a grid as small bitmaps
    widget          the controls, by anywidget

All that is computed is computed here, by `nn.fit`, on Values. The script in the browser
has no mathematics in it: it asks for a step, and shows the picture that comes back.
Without a kernel, in a stored notebook, that picture is what there is to see.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from random import Random
from typing import Any

from autograd import no_grad
from nn.initializers import generator
from nn.layers import MLP, Layer
from nn.losses import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    mse_loss,
)
from nn.playground.picture import Scene, drawn
from nn.playground.widget import widget_of
from nn.rules import SGD
from nn.training.by_row import as_scores
from nn.training.data import plain_numbers
from nn.training.fit import fit
from nn.training.view import side

__all__ = ["Playground", "play"]

GRID = 20  # points along each side of the plane
LARGEST = 64  # neurons in a hidden layer, 8 of which are shown

MSG_MODEL = (
    "play() draws the plane of two inputs for each neuron of an MLP, so it takes an "
    "nn.MLP of two inputs, like MLP(2, [4, 1], 'tanh'), not {0!r}. Any other model is "
    "watched with nn.TrainingView"
)
MSG_ROWS = (
    "play() takes one or more rows of two inputs, and a label for each: got {0} rows "
    "and {1} labels"
)
MSG_HIDDEN = (
    "hidden units are a number for each hidden layer, each from 1 to 64: 4 for one "
    "layer, 4, 2 for two; got {0!r}"
)
MSG_NO_WIDGET = (
    "the controls of a playground need anywidget, which is not installed: pip install "
    'anywidget, or "scalar-autograd[notebook]". Without it, step() trains and to_svg() '
    "draws"
)
HINT = "In a running notebook, with anywidget, there are controls to train it with."


@dataclass(eq=False, repr=False)
class Playground:
    """What `play` returns; Jupyter shows it.

    Attributes:
        model: the network as it is now. `restart` makes a new one.
        losses: that of each epoch since the last start.
        lr: the learning rate of the next step, assignable.

    """

    model: MLP
    rows: list[list[float]]
    labels: list[Any]
    loss: Any
    lr: float = 0.1
    losses: list[float] = field(default_factory=list)
    _chance: Random = field(default_factory=partial(generator, 0))

    def __repr__(self) -> str:
        sizes = "-".join(map(str, [2, *self.hidden, self.outputs]))
        last = f", loss {self.losses[-1]:.4g}" if self.losses else ""
        return f"<playground: network {sizes}, {len(self.losses)} epochs{last}>"

    @property
    def hidden(self) -> list[int]:
        """The number of neurons in each hidden layer."""
        return [layer.nout for layer in self.model.layers[:-1]]

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        size: int = self.model.layers[-1].nout
        return size

    @property
    def activation(self) -> str:
        """What the hidden neurons apply, "linear" for nothing."""
        kind = self.model.layers[0].neurons[0].activation if self.hidden else None
        return "linear" if kind is None else getattr(kind, "__name__", str(kind))

    def step(self, epochs: int = 1) -> None:
        """Train for some epochs by stochastic gradient descent, ten rows at a time.

        Raises:
            FloatingPointError: if a loss is not finite, as with a rate much too large.

        """
        history = fit(
            self.model,
            self.rows,
            self.labels,
            loss=self.loss,
            optimizer=SGD(self.model.parameters(), lr=self.lr),
            epochs=epochs,
            batch_size=10,
            seed=self._chance,
            patience=None,
            metrics=[],
            progress=False,
        )
        self.losses += history.losses

    def restart(
        self, hidden: Sequence[int] | None = None, activation: str | None = None
    ) -> None:
        """Begin again with a new network, of other sizes or another activation.

        Args:
            hidden: the number of neurons in each hidden layer; None for as many as
                there are. ``[]`` is a network without hidden layers.
            activation: what they apply, see `nn.Neuron`; None for the same as now.

        Raises:
            ValueError: if a number is not from 1 to 64, or nothing bears that name.

        """
        sizes = self.hidden if hidden is None else list(hidden)
        if not all(isinstance(n, int) and 1 <= n <= LARGEST for n in sizes):
            raise ValueError(MSG_HIDDEN.format(hidden))
        kind = activation or self.activation
        last = self.model.layers[-1].neurons[0].activation
        applied = None if kind == "linear" else kind
        outputs = [*sizes, self.outputs]
        self.model = MLP(2, outputs, applied, last, seed=self._chance.getrandbits(32))
        self.losses = []

    def scene(self) -> Scene:
        """Return what the picture shows, as plain numbers."""
        xs, ys = (side(column, GRID) for column in zip(*self.rows, strict=True))
        points = [[x, y] for y in reversed(ys) for x in xs]
        maps = [[[x for x, _ in points], [y for _, y in points]]]
        with no_grad():
            outputs: list[Any] = points
            for layer in self.model.layers:
                outputs = [plain_numbers(as_scores(layer(row))) for row in outputs]
                maps.append([list(column) for column in zip(*outputs, strict=True)])
        return Scene(
            maps=maps,
            weights=[
                [[w.data for w in neuron.w] for neuron in layer.neurons]
                for layer in self.model.layers
            ],
            activation=self.activation,
            box=(xs[0], ys[0], xs[-1], ys[-1]),
            rows=self.rows,
            labels=[float(label) for label in self.labels],
            losses=self.losses,
        )

    def to_svg(self) -> str:
        """Return the picture: inputs, neurons, weights, the output, the losses."""
        return drawn(self.scene(), repr(self)[1:-1])

    def to_html(self) -> str:
        """Return the picture in HTML, with no scripts, for where there is no kernel."""
        image = base64.b64encode(self.to_svg().encode()).decode()
        return (
            f'<div>\n<img alt="{escape(repr(self)[1:-1])}" '
            f'src="data:image/svg+xml;base64,{image}">\n<p>{HINT}</p>\n</div>'
        )

    @cached_property
    def widget(self) -> Any:
        """The controls and the picture, for a notebook whose kernel runs.

        Raises:
            ModuleNotFoundError: if anywidget is not installed.

        """
        widget = widget_of(self)
        if widget is None:
            raise ModuleNotFoundError(MSG_NO_WIDGET)
        return widget

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        shown = {"text/plain": repr(self), "text/html": self.to_html()}
        try:
            data, _ = self.widget._repr_mimebundle_()
        except ModuleNotFoundError:
            return shown
        return {**data, **shown}


def play(
    model: MLP,
    X: Iterable[Any],  # noqa: N803 - as in `fit`
    y: Iterable[Any],
    *,
    loss: Any = None,
) -> Playground:
    """Train a network with buttons, and see each neuron as a map of the plane.

    Args:
        model: an `nn.MLP` of two inputs. It is trained; once the sizes or the
            activation are changed, or the start is another, ``playground.model`` is a
            new one.
        X: rows of two inputs.
        y: a label for each.
        loss: what is trained on. None for cross entropy with labels 0 and 1, or with
            an output for each class, hinge loss with -1 and 1, else squares.

    Returns:
        A `Playground`: in Jupyter its controls, elsewhere `step`, `restart`, `to_svg`.

    Raises:
        TypeError: if the model is no MLP of two inputs.
        ValueError: if there is not a label for each row of two numbers.

    >>> from nn import MLP
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
    >>> playground = play(MLP(2, [4, 1], "tanh", seed=0), X, y)
    >>> playground.lr = 0.5
    >>> playground.step(epochs=500)
    >>> playground.losses[-1] < 0.1
    True
    >>> playground.restart([3, 2], "relu")
    >>> playground
    <playground: network 2-3-2-1, 0 epochs>

    """
    if not (
        isinstance(model, MLP)
        and all(isinstance(layer, Layer) for layer in model.layers)
        and model.layers[0].nin == 2
    ):
        raise TypeError(MSG_MODEL.format(model))
    rows = [[float(x) for x in row] for row in X]
    labels = y.tolist() if hasattr(y, "tolist") else list(y)
    if {len(row) for row in rows} != {2} or len(rows) != len(labels):
        message = MSG_ROWS.format(len(rows), len(labels))
        raise ValueError(message)
    if loss is None:
        loss = _loss_of(labels, model.layers[-1].nout)
    return Playground(model, rows, labels, loss)


def _loss_of(labels: list[Any], outputs: int) -> Any:
    kinds = set(labels)
    if outputs > 1:
        return cross_entropy
    if kinds <= {0, 1}:
        return binary_cross_entropy_with_logits
    return hinge_loss if kinds <= {-1, 1} else mse_loss
