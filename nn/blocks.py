"""Further building blocks: Sequential, Linear, Dropout, LayerNorm, Embedding.

Larger ones are modules of one's own, plain classes that hold others. A recurrent cell,
which reads a row at each step and returns its state:

>>> from nn.layers import Layer
>>> class Cell(Module):
...     def __init__(self, nin, nout, seed=None):
...         self.layer = Layer(nin + nout, nout, "tanh", seed=seed)
...         self.nout = nout
...
...     def __call__(self, rows):
...         h = [0.0] * self.nout
...         for row in rows:
...             h = self.layer([*row, *h])
...         return h
>>> len(Cell(2, 3, seed=0)([[1.0, 2.0], [3.0, 4.0]]))
3

Attention of a query to keys, whose values are mixed by the softmax of the scores:

>>> from autograd.math import softmax, sumprod
>>> def attention(query, keys, values):
...     scale = len(query) ** -0.5
...     shares = softmax([scale * sumprod(query, key) for key in keys])
...     return [sumprod(shares, column) for column in zip(*values)]
>>> attention([0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], [[2.0], [4.0]])
[3.0]

"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from random import Random
from typing import Any

from autograd import Value
from autograd.math import fsum, relu, sqrt, sumprod
from nn.checks import count, real
from nn.initializers import Init, generator, initializer
from nn.layers import MLP, Layer
from nn.module import Module
from nn.neuron import Neuron
from nn.part import CLOSED

MSG_INDEX = "an embedding of {n} rows takes an int from 0 to {last}, not {got!r}"


class Linear(Layer):
    """A `Layer` without an activation: PyTorch's name, and its start of the weights.

    >>> Linear(3, 2, bias=False, seed=0).parameters()[0].name
    'w1'

    """

    __slots__ = ()

    def __init__(
        self,
        nin: int,
        nout: int,
        bias: bool = True,
        *,
        init: Init = "lecun_uniform",
        bias_init: Init = "lecun_uniform",
        seed: int | Random | None = None,
        name: str = "linear",
    ) -> None:
        starts = {"init": init, "bias_init": bias_init}
        super().__init__(nin, nout, None, bias=bias, seed=seed, name=name, **starts)  # type: ignore[arg-type]


class Sequential(MLP):
    """Apply modules one after the other.

    >>> model = Sequential(Layer(2, 8, "tanh", seed=0), Linear(8, 1, seed=1))
    >>> isinstance(model([0.5, 1.0]), Value)
    True

    """

    __slots__ = ()

    def __init__(self, *layers: Any, name: str = "sequential") -> None:
        super(MLP, self).__init__(name)
        self.layers = layers


class Dropout(Module):
    """Set a share of its inputs to 0 while it is trained, and scale the others up.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 2014. `Module.eval` switches it off. As it draws random numbers,
    a model that holds one is trained on the eager path.

    Args:
        rate: the share, from 0 to less than 1.
        seed: see `nn.initializers.generator`.

    >>> layer = Dropout(0.5, seed=0)
    >>> layer([1.0, 1.0, 1.0, 1.0])
    [2.0, 2.0, 0.0, 0.0]
    >>> layer.eval()([1.0, 2.0])
    [1.0, 2.0]

    """

    def __init__(self, rate: float = 0.5, seed: int | Random | None = None) -> None:
        self.rate = real("the rate", rate, 0.0, 1.0)
        self.dice = generator(seed)

    def __call__(self, x: Any) -> Any:
        """Return a row, or a single number, with some of it dropped."""
        if not self.training or not self.rate:
            return x
        if not isinstance(x, Sequence):
            return self([x])[0]
        scale = 1.0 / (1.0 - self.rate)
        return [0.0 * y if self.dice.random() < self.rate else scale * y for y in x]


class LayerNorm(Module):
    """Shift and scale a row to mean 0 and variance 1, then by parameters.

    Ba, Kiros & Hinton, "Layer normalization", 2016.

    Args:
        nin: the length of a row.
        eps: is added to the variance.

    >>> [round(y.data, 3) for y in LayerNorm(2)([1.0, 3.0])]
    [-1.0, 1.0]

    """

    _lists = ("scale", "shift")

    def __init__(self, nin: int, eps: float = 1e-5) -> None:
        nin = count("the number of inputs", nin)
        self.eps = real("eps", eps)
        self.scale = [Value(1.0, f"scale{i}") for i in range(1, nin + 1)]
        self.shift = [Value(0.0, f"shift{i}") for i in range(1, nin + 1)]

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """Return the row, normalized."""
        mean = fsum(x) / len(x)
        ds = tuple([y - mean for y in x])
        size = sqrt(sumprod(ds, ds) / len(ds) + self.eps)
        trios = zip(self.scale, ds, self.shift, strict=True)
        return [a * (d / size) + b for a, d, b in trios]


class Embedding(Module):
    """A row of parameters for each int from 0 to n - 1.

    Args:
        n: the number of rows.
        nout: their length.
        init: how they start, None for N(0, 1).
        seed: see `nn.initializers.generator`.

    >>> table = Embedding(10, 3, seed=0)
    >>> table(7) == table.rows[7], len(table([7, 2]))
    (True, 2)

    """

    def __init__(
        self, n: int, nout: int, init: Init = None, seed: int | Random | None = None
    ) -> None:
        n, nout = count("the number of rows", n), count("their length", nout)
        rng = generator(seed)
        draw = initializer("orthogonal" if init is None else init)
        self.rows = [[Value(draw(n, nout, rng)) for _ in range(nout)] for _ in range(n)]

    def __call__(self, i: Any) -> Any:
        """Return the row of an int, or rows of several."""
        i = i.tolist() if hasattr(i, "tolist") else i
        if isinstance(i, list | tuple):
            return [self(k) for k in i]
        n = len(self.rows)
        if isinstance(i, Value):  # an int, where this is recorded for all ints
            if not 0.0 <= i <= n - 1.0:
                raise IndexError(MSG_INDEX.format(n=n, last=n - 1, got=i))
            chosen = tuple([relu(1.0 - abs(i - float(k))) for k in range(n)])
            return [sumprod(column, chosen) for column in zip(*self.rows, strict=True)]
        if isinstance(i, float) and i.is_integer():
            i = int(i)  # as rows of an array of floats hold them
        if isinstance(i, bool) or not hasattr(i, "__index__"):
            raise TypeError(MSG_INDEX.format(n=n, last=n - 1, got=i))
        if not 0 <= operator.index(i) < n:
            raise IndexError(MSG_INDEX.format(n=n, last=n - 1, got=i))
        return list(self.rows[operator.index(i)])


def chain_of(model: Any) -> list[Layer] | None:
    """Return the layers that a model applies one after the other, if it is no more."""
    if type(model) in {Layer, Linear}:
        plain = all(type(neuron) is Neuron for neuron in model.neurons)
        return [model] if plain else None
    if type(model) not in {MLP, Sequential}:
        return None
    chain: list[Layer] = []
    for layer in model.layers:
        part = chain_of(layer)
        if part is None:
            return None
        chain += part
    # What one neuron returns is a number, which a next layer takes as a row of one.
    return chain


CLOSED.update((Linear, Sequential))
