"""Where weights start: random numbers whose spread keeps signals the same size.

A sum of n products of weights and inputs has n times the variance of one product. If
weights do not shrink as layers widen, signals and gradients grow from layer to layer
until training fails. Each scheme below answers that in its own way.

Letters: ``fan_in`` is the number of inputs of a neuron, ``fan_out`` the number of
neurons in its layer; both papers call them so.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable
from functools import partial
from numbers import Real

from nn.checks import real

MSG_INIT = (
    "no initialiser is called {init!r}: write one of {known}, or give a number for all "
    "or a function of (fan_in, fan_out, rng) that returns a float"
)
MSG_SEED = "a seed is an int, a random.Random or None, not {seed!r}"


Initializer = Callable[[int, int, random.Random], float]


def uniform(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """Draw from U(-1, 1) whatever the layer's size, as micrograd does."""
    return rng.uniform(-1.0, 1.0)


def glorot_uniform(fan_in: int, fan_out: int, rng: random.Random) -> float:
    """Draw from U(-a, a) with a = sqrt(6 / (fan_in + fan_out)).

    A compromise between keeping the variance of signals on the way forward and that of
    gradients on the way back, for activations that are the identity near 0, as tanh
    is. Glorot & Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, equation 16.
    """
    a = math.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-a, a)


def glorot_normal(fan_in: int, fan_out: int, rng: random.Random) -> float:
    """Draw from N(0, 2 / (fan_in + fan_out)): equation 12 of the same paper."""
    return rng.gauss(0.0, math.sqrt(2.0 / (fan_in + fan_out)))


def he_uniform(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """Draw from U(-a, a) with a = sqrt(6 / fan_in): the variance of `he_normal`."""
    a = math.sqrt(6.0 / fan_in)
    return rng.uniform(-a, a)


def he_normal(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """Draw from N(0, 2 / fan_in), for relu, which halves the variance of a signal.

    He, Zhang, Ren & Sun, "Delving deep into rectifiers: surpassing human-level
    performance on ImageNet classification", ICCV 2015, equation 10.
    """
    return rng.gauss(0.0, math.sqrt(2.0 / fan_in))


def lecun_uniform(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """Draw from U(-a, a) with a = 1 / sqrt(fan_in), as PyTorch's linear layers do.

    LeCun, Bottou, Orr & Müller, "Efficient backprop", 1998. Biases start so as well.
    """
    a = 1.0 / math.sqrt(fan_in)
    return rng.uniform(-a, a)


def zeros(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """Return 0."""
    return 0.0


def constant(number: float) -> Initializer:
    """Return the initialiser that gives all the same number.

    >>> constant(0.5)(3, 2, random.Random(0))
    0.5

    """
    return partial(_constant, float(number))


def _constant(number: float, *_: object) -> float:
    return number


def orthogonal(fan_in: int, fan_out: int, rng: random.Random) -> float:  # noqa: ARG001
    """Draw from N(0, 1): a layer makes its rows orthogonal and of length 1.

    Where there are more neurons than inputs, each so many of them. Saxe, McClelland &
    Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014.
    """
    return rng.gauss(0.0, 1.0)


def orthogonalized(rows: list[list[float]]) -> list[list[float]]:
    """Return the rows of an `orthogonal` layer, by Gram's and Schmidt's process.

    >>> orthogonalized([[2.0, 0.0], [1.0, 1.0]])
    [[1.0, 0.0], [0.0, 1.0]]

    """
    done: list[list[float]] = []
    for row in rows:
        block = len(done) // len(row) * len(row)
        for _ in range(2):  # twice is enough for all digits
            for other in done[block:]:
                share = sum(map(operator.mul, row, other))
                row = [x - share * y for x, y in zip(row, other, strict=True)]  # noqa: PLW2901 - what is left
        size = math.hypot(*row)
        done.append([x / size for x in row])
    return done


_NAMED = (
    *(uniform, lecun_uniform, glorot_uniform, glorot_normal),
    *(he_uniform, he_normal, orthogonal, zeros),
)
INITIALIZERS: dict[str, Initializer] = {
    **{f.__name__: f for f in _NAMED},
    "glorot": glorot_uniform,
    "xavier": glorot_uniform,
    "he": he_uniform,
    "kaiming": he_uniform,
    "xavier_uniform": glorot_uniform,
    "xavier_normal": glorot_normal,
    "kaiming_uniform": he_uniform,
    "kaiming_normal": he_normal,
}
# Those that pass positive signals on and (nearly) drop negative ones.
RECTIFIERS = ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


Init = str | float | Initializer | None


def initializer(init: Init, activation: object = None) -> Initializer:
    """Return the function that ``init`` means.

    Args:
        init: a name in `INITIALIZERS`, a number for all, a function of (fan_in,
            fan_out, rng), or None for the one that suits the activation: He's for relu
            and its kin, Glorot's for all others.
        activation: what the neuron applies, a name, a function or None.

    Raises:
        ValueError: if nothing bears that name.

    >>> initializer(None, "relu").__name__, initializer(None, "tanh").__name__
    ('he_uniform', 'glorot_uniform')

    """
    if init is None:
        return he_uniform if activation in RECTIFIERS else glorot_uniform
    if callable(init):
        return init
    if getattr(init, "ndim", None) == 0 or isinstance(init, Real):
        return constant(real("init", init, -math.inf))
    if not isinstance(init, str) or init not in INITIALIZERS:
        raise ValueError(MSG_INIT.format(init=init, known=", ".join(INITIALIZERS)))
    return INITIALIZERS[init]


def bias_initializer(bias_init: Init, init: Init, activation: object) -> Initializer:
    """Return the function that draws the bias of a neuron.

    Args:
        bias_init: as for `initializer`; None for 0, but for PyTorch's start, that of
            `lecun_uniform`, where the weights have it, or where nothing is chosen and
            the activation is no rectifier: what bends at 0 alone learns slowly from
            biases that are all 0.
        init: how the weights start.
        activation: what the neuron applies.

    """
    if bias_init is not None:
        return initializer(bias_init)
    if init is None:
        return zeros if activation in RECTIFIERS else lecun_uniform
    return lecun_uniform if initializer(init) is lecun_uniform else zeros


def generator(seed: int | random.Random | None) -> random.Random:
    """Return the source of random numbers that ``seed`` means.

    Args:
        seed: an int, for the same numbers every time; a `random.Random`, from which
            the numbers are drawn; None for Python's global source, which
            ``random.seed(1337)`` makes repeatable, as code for micrograd expects.

    Raises:
        TypeError: if it is anything else.

    """
    if seed is None:
        return _GLOBAL
    if isinstance(seed, random.Random):
        return seed
    if hasattr(seed, "__index__") and not isinstance(seed, bool):
        return random.Random(operator.index(seed))  # noqa: S311 - weights are no secrets
    raise TypeError(MSG_SEED.format(seed=seed))


# The functions of the module `random` are the methods of one hidden instance.
_GLOBAL: random.Random = random.uniform.__self__  # type: ignore[attr-defined]
