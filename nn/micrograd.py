"""micrograd's own `Neuron`, `Layer`, `MLP` and `draw_dot`, for code written for it.

Replace ``from micrograd.engine import Value`` by ``from autograd import Value``, and
``micrograd.nn`` and its notebook's ``draw_dot`` by this module. As in micrograd,
weights and layers are lists, ``random.seed`` decides how weights start, and after the
same seed they are the same numbers. A neuron's sum is one node here, not two for each
weight.

>>> import random
>>> random.seed(1337)
>>> model = MLP(2, [16, 16, 1])
>>> len(model.parameters()), model
(337, MLP of [Layer of [ReLUNeuron(2), ...
>>> model([1.0, -2.0]).backward()

"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from autograd import Value, draw, scope
from autograd.math import sumprod
from nn.module import Module

Scalar = Value | float


class Neuron(Module):
    """A weighted sum of the inputs and a bias, and relu unless ``nonlin`` is false."""

    _lists = ("w",)

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.name = "neuron"
        self.w = [
            Value(random.uniform(-1, 1), name=f"w{i + 1}")  # noqa: S311 - as micrograd
            for i in range(nin)
        ]
        self.b = Value(0, name="b")
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Scalar]) -> Any:
        """Return the output for one row; inputs beyond the weights do not count."""
        n = min(len(self.w), len(x))
        act: Any = sumprod([*self.w[:n], self.b], [*x[:n], 1.0])
        return act.relu() if self.nonlin else act

    def parameters(self) -> list[Value]:
        """Return the weights and the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        return f"{'ReLU' if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons that read the same inputs; of one neuron the output itself."""

    _lists = ("neurons",)

    def __init__(self, nin: int, nout: int, **options: Any) -> None:
        self.name = "layer"
        self.neurons = [Neuron(nin, **options) for _ in range(nout)]
        for i, neuron in enumerate(self.neurons, start=1):
            neuron.name = f"neuron{i}"

    def __call__(self, x: Sequence[Scalar]) -> Any:
        """Return the outputs for one row."""
        out = []
        for i, neuron in enumerate(self.neurons, start=1):
            with scope(f"neuron{i}"):
                out.append(neuron(x))
        return out[0] if len(out) == 1 else out

    def parameters(self) -> list[Value]:
        """Return those of all neurons."""
        return [p for neuron in self.neurons for p in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(str(neuron) for neuron in self.neurons)}]"


class MLP(Module):
    """Layers one after the other, relu on all but the last."""

    _lists = ("layers",)

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i != last) for i in range(len(nouts))
        ]
        for k, layer in enumerate(self.layers, start=1):
            layer.name = f"layer{k}"

    def __call__(self, x: Any) -> Any:
        """Return the output for one row."""
        for i, layer in enumerate(self.layers, start=1):
            with scope(f"layer{i}"):
                x = layer(x)
        return x

    def parameters(self) -> list[Value]:
        """Return those of all layers."""
        return [p for layer in self.layers for p in layer.parameters()]

    def __network__(self) -> Any:
        """Tell `autograd.draw` how to draw it."""
        return [
            (
                f"layer{k}",
                layer,
                [
                    (f"neuron{i}", tuple(n.w), n.b, "relu" if n.nonlin else "")
                    for i, n in enumerate(layer.neurons, start=1)
                ],
            )
            for k, layer in enumerate(self.layers, start=1)
        ]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(str(layer) for layer in self.layers)}]"


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Any:  # noqa: A002
    """Draw the graph of a Value; see `autograd.draw`, which has more to offer.

    Args:
        root: the result.
        format: that of ``.render()`` and ``.pipe()``.
        rankdir: ``"LR"`` from left to right, ``"TB"`` downward.

    """
    picture: Any = draw(root, direction=rankdir)
    picture.format = format
    return picture
