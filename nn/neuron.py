"""Neuron: a weighted sum and an activation.

A neuron is one node, ``sumprod((w1, ..., wn, b), (x1, ..., xn, 1.0))``, and one more
for its activation.

What could be assigned without effect is closed instead: weights come as a tuple, and a
neuron has no attributes but its own. Assigning the whole works: ``neuron.w``,
``neuron.b``, ``neuron.activation``, as ``layer.neurons`` and ``mlp.layers`` do.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Any

from autograd import Value
from autograd.math import sumprod
from nn.activations import Activation, activation_function
from nn.checks import count
from nn.initializers import Init, bias_initializer, generator, initializer
from nn.module import is_leaf
from nn.part import CLOSED, AllSame, Part, Scalar, with_one

MSG_ROW_OF_WEIGHTS = (
    "the weights of a neuron are a sequence of {nin} Values, not {got!r}"
)
MSG_WEIGHTS = (
    "weights and biases are Values, not {got!r}. To set a number write "
    "neuron.w[0].data = 0.5; to share or replace a weight assign Values"
)
MSG_NONLIN = "give either activation or nonlin, micrograd's name for relu or none"


class Neuron(Part):
    """Apply an activation to a weighted sum of the inputs and a bias.

    Args:
        nin: the number of inputs.
        activation: the name of a function of one argument in `autograd.math`, a
            function of one Value, or None for a linear neuron.
        nonlin: micrograd's name for that: True for relu, False for None.
        bias: whether there is one.
        init, bias_init: how weights and the bias start; see
            `nn.initializers`.
        seed: see `nn.initializers.generator`.
        fan_out: the number of neurons in its layer, of which Glorot's formulas speak.
        name: what drawings and messages call it.

    Raises:
        TypeError, ValueError: if an argument is none of these.

    >>> n = Neuron(2, "tanh", seed=1)
    >>> n
    TanhNeuron(2)
    >>> n.w[0].data, n.w[1].data, n.b.data = 0.5, -0.25, 0.0
    >>> n([1.0, 2.0]).data
    0.0

    """

    __slots__ = ("_activation", "_apply", "_one", "_row")
    _state = ("w", "b", "activation")
    _lists = ("w",)

    def __init__(
        self,
        nin: int,
        activation: Activation = "relu",
        *,
        nonlin: bool | None = None,
        bias: bool = True,
        init: Init = None,
        bias_init: Init = None,
        seed: int | Random | None = None,
        fan_out: int = 1,
        name: str = "neuron",
    ) -> None:
        super().__init__(name)
        nin = count("the number of inputs", nin)
        fan_out = count("fan_out", fan_out)
        if nonlin is not None:
            if activation != "relu":
                raise TypeError(MSG_NONLIN)
            activation = nonlin
        self.activation = activation
        draw, rng = initializer(init, self.activation), generator(seed)
        weights = [
            Value(draw(nin, fan_out, rng), name=f"w{i}") for i in range(1, nin + 1)
        ]
        start = bias_initializer(bias_init, init, self.activation)
        offset = start(nin, fan_out, rng) if bias else 0.0
        self._one = (1.0,) if bias else ()
        self._wire((*weights, *([Value(offset, name="b")] if bias else ())))

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Any:
        """Return the output for one row of inputs."""
        row = with_one(self, x, self._one)
        with self._scope:
            y = sumprod(self._row, row)
            return y if self._apply is None else self._apply(y)

    @property
    def nin(self) -> int:
        """The number of inputs."""
        return len(self._row) - len(self._one)

    @property
    def w(self) -> tuple[Value, ...]:
        """The weights; assign as many Values to replace them."""
        return self._row[: self.nin]

    @w.setter
    def w(self, weights: Iterable[Value]) -> None:
        if not isinstance(weights, Iterable):
            raise TypeError(MSG_ROW_OF_WEIGHTS.format(nin=self.nin, got=weights))
        weights = tuple(weights)
        if len(weights) != self.nin:
            message = f"this neuron has {self.nin} weights, got {len(weights)}"
            raise ValueError(message)
        self._wire((*weights, *self._row[self.nin :]))

    @property
    def b(self) -> Value | None:
        """The bias, None if there is none; assign a Value to replace or add it."""
        return self._row[-1] if self._one else None

    @b.setter
    def b(self, bias: Value | None) -> None:
        one, rest = ((), ()) if bias is None else ((1.0,), (bias,))
        weights = self.w
        self._one = one
        self._wire((*weights, *rest))

    @property
    def activation(self) -> Activation:
        """What is applied to the weighted sum; assignable."""
        return self._activation

    @activation.setter
    def activation(self, activation: Activation) -> None:
        if isinstance(activation, bool):
            activation = "relu" if activation else None
        self._apply = activation_function(activation)
        self._activation = activation

    @property
    def nonlin(self) -> bool:
        """Whether there is an activation: micrograd's name, assignable as there."""
        return self._activation is not None

    @nonlin.setter
    def nonlin(self, nonlin: bool) -> None:
        self.activation = bool(nonlin)

    def _outline(self) -> object:
        if type(self) not in CLOSED or not isinstance(self._activation, str | None):
            return None
        return type(self), self._activation, self._one, AllSame(self._row)

    def _within(self) -> Iterable[Value]:
        return filter(is_leaf, self._row)

    def __network__(self) -> Any:
        """Tell `autograd.draw` how to draw it: as a layer of one neuron."""
        return [(self.name, self, [self._drawn()])]

    def _drawn(self) -> tuple[str, tuple[Value, ...], Value | None, str]:
        return self.name, self.w, self.b, self._kind()

    def _kind(self) -> str:
        kind = self._activation or ""
        return kind if isinstance(kind, str) else getattr(kind, "__name__", "custom")

    def _wire(self, row: tuple[Value, ...]) -> None:
        for value in row:
            if not isinstance(value, Value):
                raise TypeError(MSG_WEIGHTS.format(got=value))
        self._row = row

    def __repr__(self) -> str:
        kind = self._kind() or "linear"
        kind = "ReLU" if kind == "relu" else kind.title().replace("_", "")
        return f"{kind}Neuron({self.nin})"

    def __setstate__(self, state: dict[str, Any]) -> None:
        bias = state.pop("b")
        self._one = () if bias is None else (1.0,)
        self._row = (*state.pop("w"), *([] if bias is None else [bias]))
        super().__setstate__(state)


CLOSED.add(Neuron)
