"""Layer, MLP: a network of neurons, whose every number can be looked at.

The left tuple of a neuron's sum is made once, and the right one once per call of a
layer, so a forward pass does little besides making nodes. Each module opens its
`autograd.scope`: a drawing shows networks, layers and neurons. Neurons and layers come
as tuples, for the reason that weights do (`nn.neuron`). A layer keeps what it has read
from its neurons until `nn.part.edits` says that it is out of date.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from autograd import Value, scope
from autograd.math import sumprod
from nn.activations import Activation, activation_function
from nn.checks import count
from nn.initializers import Init, generator, orthogonal, orthogonalized
from nn.module import Module
from nn.neuron import Neuron
from nn.part import CLOSED, Part, Scalar, edits, with_one

MSG_SIZES = "nouts is a list of one or more positive ints like [16, 1], not {nouts!r}"
MSG_PARTS = "{whole} consists of one or more {parts}, not {got}"
MSG_ONE_BY_ONE = "; they are given one by one: Sequential(*layers)"


class Layer(Part):
    """Apply several neurons to the same inputs.

    Called with a row it returns the list of its neurons' outputs; a layer of one neuron
    returns the output itself.

    Args:
        nin: the number of inputs.
        nout: the number of neurons.
        activation, nonlin, bias, init, bias_init, seed, name: as for `Neuron`.

    Raises:
        TypeError, ValueError: if an argument is none of these.

    >>> layer = Layer(3, 2, activation=None, seed=0)
    >>> layer
    Layer of [LinearNeuron(3), LinearNeuron(3)]
    >>> len(layer([1.0, 2.0, 3.0]))
    2

    """

    __slots__ = ("_cells", "_edit", "_neurons", "_one")
    _state = ("neurons",)
    _lists = ("neurons",)

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: Activation = "relu",
        *,
        nonlin: bool | None = None,
        bias: bool = True,
        init: Init = None,
        bias_init: Init = None,
        seed: int | Random | None = None,
        name: str = "layer",
    ) -> None:
        super().__init__(name)
        nout = count("the number of neurons", nout)
        starts: dict[str, Any] = {"bias": bias, "init": init, "bias_init": bias_init}
        starts |= {"nonlin": nonlin, "seed": generator(seed), "fan_out": nout}
        self.neurons = tuple(
            Neuron(nin, activation, name=f"neuron{i}", **starts)
            for i in range(1, nout + 1)
        )
        if init is orthogonal or str(init) == "orthogonal":
            rows = [[w.data for w in neuron.w] for neuron in self.neurons]
            for neuron, row in zip(self.neurons, orthogonalized(rows), strict=True):
                for w, number in zip(neuron.w, row, strict=True):
                    w.data = number

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Any:
        """Return the outputs for one row of inputs."""
        if self._edit != edits[0]:
            self._read()
        row = with_one(self, x, self._one)
        with self._scope:
            if self._cells is None:
                outputs = [neuron(x) for neuron in self._neurons]
            else:
                outputs = []
                for own, apply, weights in self._cells:
                    with own:
                        y = sumprod(weights, row)
                        outputs.append(y if apply is None else apply(y))
        return outputs[0] if len(outputs) == 1 else outputs

    @property
    def neurons(self) -> tuple[Neuron, ...]:
        """The neurons; assign a sequence of them to replace all."""
        return self._neurons

    @neurons.setter
    def neurons(self, neurons: Iterable[Neuron]) -> None:
        neurons = tuple(neurons) if isinstance(neurons, Iterable) else (neurons,)
        if not neurons or not all(isinstance(n, Neuron) for n in neurons):
            got = reprlib.repr(neurons)
            message = MSG_PARTS.format(whole="a layer", parts="Neurons", got=got)
            raise TypeError(message)
        if len({n.nin for n in neurons}) > 1:
            message = "the neurons of a layer have the same number of inputs"
            raise ValueError(message)
        self._neurons = neurons
        self._read()

    def _parts(self) -> tuple[Neuron, ...]:
        return self._neurons

    def __network__(self) -> Any:
        """Tell `autograd.draw` how to draw it: as one layer."""
        return [(self.name, self, [neuron._drawn() for neuron in self._neurons])]  # noqa: SLF001 - a layer is its neurons

    @property
    def nin(self) -> int:
        """The number of inputs."""
        return self._neurons[0].nin

    @property
    def nout(self) -> int:
        """The number of neurons."""
        return len(self._neurons)

    def described(self) -> str:
        """Return a few words on what it is: see `Module.summary`."""
        kinds = ", ".join(dict.fromkeys(map(repr, self._neurons)))
        return f"{type(self).__name__} of {len(self._neurons)} {kinds}"

    def _read(self) -> None:
        """Take from the neurons what calls need, if these are called as Neurons are."""
        self._edit = edits[0]
        self._cells: tuple[tuple[scope, Any, tuple[Value, ...]], ...] | None = None
        self._one = self._neurons[0]._one  # noqa: SLF001 - a layer is its neurons
        if all(
            type(n).__call__ is Neuron.__call__ and n._one == self._one  # noqa: SLF001 - as above
            for n in self._neurons
        ):
            self._cells = tuple((n._scope, n._apply, n._row) for n in self._neurons)  # noqa: SLF001 - a layer is its neurons

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self._neurons))}]"


class MLP(Part):
    """Apply layers one after the other: a multi-layer perceptron.

    Args:
        nin: the number of inputs.
        nouts: the number of neurons in each layer.
        activation: what the hidden layers apply; see `Neuron`.
        output: what the last layer applies; None leaves it linear, as the losses in
            `nn.losses` expect it.
        bias, init, bias_init: as for `Neuron`. Micrograd draws as ``init="uniform"``
            does, and after the same ``random.seed(1337)`` the same numbers.
        seed: see `nn.initializers.generator`.
        name: what drawings and messages call it.

    Raises:
        TypeError, ValueError: if an argument is none of these.

    >>> model = MLP(2, [2, 1], activation="tanh", seed=0)
    >>> model
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2)], Layer of [LinearNeuron(2)]]
    >>> model([1.0, -1.0]).scope
    'mlp/layer2/neuron1'

    """

    __slots__ = ("_layers",)
    _state = ("layers",)
    _lists = ("layers",)

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation = "relu",
        output: Activation = None,
        *,
        bias: bool = True,
        init: Init = None,
        bias_init: Init = None,
        seed: int | Random | None = None,
        name: str = "mlp",
    ) -> None:
        super().__init__(name)
        nouts = nouts.tolist() if hasattr(nouts, "tolist") else nouts
        if not isinstance(nouts, Sequence) or isinstance(nouts, str) or not nouts:
            raise TypeError(MSG_SIZES.format(nouts=nouts))
        if not isinstance(activation, bool):
            activation_function(activation)  # of one layer alone, nobody else would ask
        starts: dict[str, Any] = {"bias": bias, "init": init, "bias_init": bias_init}
        starts["seed"] = generator(seed)
        kinds = [activation] * (len(nouts) - 1) + [output]
        sizes = zip([nin, *nouts[:-1]], nouts, kinds, strict=True)
        self.layers = tuple(
            Layer(*size, name=f"layer{i}", **starts)
            for i, size in enumerate(sizes, start=1)
        )

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Any:
        """Return the output for one row of inputs, a list if there are several."""
        with self._scope:
            for layer in self._layers:
                x = layer(x)
        return x

    @property
    def layers(self) -> tuple[Any, ...]:
        """The layers; assign a sequence of modules to replace all."""
        return self._layers

    @layers.setter
    def layers(self, layers: Iterable[Any]) -> None:
        layers = tuple(layers) if isinstance(layers, Iterable) else (layers,)
        if not layers or not all(isinstance(m, Module) and callable(m) for m in layers):
            got = reprlib.repr(layers)
            kind = type(self).__name__
            message = MSG_PARTS.format(whole=kind, parts="callable Modules", got=got)
            raise TypeError(
                message + MSG_ONE_BY_ONE * any(type(m) is list for m in layers)
            )
        others = [layer for layer in layers if not isinstance(layer, Layer)]
        if any(self in layer.modules() for layer in others):
            message = "a network that holds itself would call itself for ever"
            raise ValueError(message)
        self._layers = layers

    def _parts(self) -> tuple[Any, ...]:
        return self._layers

    def __network__(self) -> Any:
        """Tell `autograd.draw` how to draw it; None if a layer is not of neurons."""
        if not all(isinstance(layer, Layer | Neuron) for layer in self._layers):
            return None
        return [drawn for layer in self._layers for drawn in layer.__network__()]

    @property
    def nin(self) -> int | None:
        """The number of inputs; None if the first layer does not tell."""
        return getattr(self._layers[0], "nin", None)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self._layers))}]"


CLOSED.update((Layer, MLP))
