"""A network as people draw it: layers in columns, neurons as circles, weights as lines.

A graph of Values shows every operation of one forward pass. What a person means by "the
network" is less: which neuron listens to which, and how strongly. `network_of` reads
that from whatever has a method ``__network__()``, which returns its layers in the order
of computation, each as ``(name, call, neurons)``:

- ``call`` computes the layer's outputs from the outputs of the layer before;
- each neuron is ``(name, weights, bias, activation)``: a Value for each input, a Value
  or None, and the name of a function or "".

Like a `View`, a `Network` is plain data without Values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograd.context import no_grad
from autograd.value import Value, number

MSG_NO_NETWORK = (
    "draw() shows a network of layers of neurons, and {0} has none that it tells of. "
    "Draw what it computes instead: draw(model(row))"
)
MSG_ROW = (
    "draw(model, row) shows the network at one row of {0} numbers, not at {1!r}: "
    "draw(model, X[0])"
)


@dataclass(frozen=True, slots=True)
class Neuron:
    """A neuron and its numbers.

    Attributes:
        name: what drawings call it, ``"neuron1"``.
        weights: a number for each output of the layer before.
        bias: its bias, None if it has none.
        slope: the gradient that the last `backward()` left in the bias, which is that
            of the weighted sum; None without a bias.
        output: its output for the row that is shown, None if there is no row.

    """

    name: str
    weights: tuple[float, ...]
    bias: float | None
    slope: float | None
    output: float | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """Neurons that read the same numbers.

    Attributes:
        name: what drawings call it, ``"layer1"``.
        activation: the name of what its neurons apply, "" if it is linear.
        neurons: in their order.

    """

    name: str
    activation: str
    neurons: tuple[Neuron, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """What a picture of a network shows.

    Attributes:
        name: what drawings call it.
        inputs: the numbers of the row that is shown; None for each if there is none.
        layers: in the order of computation.

    """

    name: str
    inputs: tuple[float | None, ...]
    layers: tuple[Layer, ...]

    @property
    def largest(self) -> float:
        """The size of the largest weight."""
        neurons = [neuron for layer in self.layers for neuron in layer.neurons]
        return max((abs(w) for n in neurons for w in n.weights), default=0.0)


def network_of(model: Any, row: Sequence[float] | None = None) -> Network:
    """Return a model's layers as plain data.

    Args:
        model: has ``__network__()``; see above.
        row: inputs to show the network at; None for the weights alone.

    Raises:
        TypeError: if the model has no layers to show, or the row holds no numbers.
        ValueError: if the row is not as long as the first layer is wide.

    """
    layers = model.__network__()
    if layers is None:
        raise TypeError(MSG_NO_NETWORK.format(model))
    width = len(layers[0][2][0][1])
    outputs: list[float | None] = [None] * width
    if row is not None:
        outputs = list(_numbers(row, width))
    inputs, shown = tuple(outputs), []
    for name, call, neurons in layers:
        with no_grad():
            found = [None] * len(neurons) if row is None else call(outputs)
        outputs = [_plain(y) for y in _listed(found)]
        shown.append(_layer(name, neurons, outputs))
    return Network(getattr(model, "name", "network"), inputs, tuple(shown))


def _layer(name: str, neurons: Sequence[Any], outputs: Sequence[float | None]) -> Layer:
    found = [
        Neuron(
            called,
            tuple(w.data for w in weights),
            None if bias is None else bias.data,
            None if bias is None else bias.grad,
            output,
        )
        for (called, weights, bias, _), output in zip(neurons, outputs, strict=True)
    ]
    activations = dict.fromkeys(activation for *_, activation in neurons)
    return Layer(name, ", ".join(filter(None, activations)), tuple(found))


def _numbers(row: Any, width: int) -> list[float]:
    row = row.tolist() if hasattr(row, "tolist") else row
    if not isinstance(row, Sequence) or isinstance(row, str):
        raise TypeError(MSG_ROW.format(width, row))
    try:
        numbers = [number(Value(x)) for x in row]
    except TypeError:
        raise TypeError(MSG_ROW.format(width, row)) from None
    if len(numbers) != width:
        raise ValueError(MSG_ROW.format(width, row))
    return numbers


def _plain(y: Any) -> float | None:
    return number(y) if isinstance(y, Value) else y


def _listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
