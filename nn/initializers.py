"""Where weights start: random numbers whose spread keeps signals the same size.

A sum of n products of weights and inputs has n times the variance of one product. If
weights do not shrink as layers widen, signals and gradients grow from layer to layer
until training fails. Each scheme below answers that in its own way.

Letters: ``fan_in`` is the number of inputs of a neuron, ``fan_out`` the number of
neurons in its layer; both papers call them so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

MSG_INIT = (
    "no initialiser is called {init!r}: write one of {known}, or give a function of "
    "(fan_in, fan_out, rng) that returns a float"
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


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f
    for f in (uniform, glorot_uniform, glorot_normal, he_uniform, he_normal)
}
# Those that pass positive signals on and (nearly) drop negative ones.
RECTIFIERS = {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus"}


def initializer(init: str | Initializer | None, activation: object) -> Initializer:
    """Return the function that ``init`` means.

    Args:
        init: a name in `INITIALIZERS`, a function of (fan_in, fan_out, rng), or None
            for the one that suits the activation: He's for relu and its kin, Glorot's
            for all others.
        activation: what the neuron applies, a name, a function or None.

    Raises:
        ValueError: if nothing bears that name.

    >>> initializer(None, "relu").__name__, initializer(None, "tanh").__name__
    ('he_uniform', 'glorot_uniform')

    """
    if init is None:
        rectifies = isinstance(activation, str) and activation in RECTIFIERS
        return he_uniform if rectifies else glorot_uniform
    if callable(init):
        return init
    if not isinstance(init, str) or init not in INITIALIZERS:
        raise ValueError(MSG_INIT.format(init=init, known=", ".join(INITIALIZERS)))
    return INITIALIZERS[init]


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
    if isinstance(seed, int) and not isinstance(seed, bool):
        return random.Random(seed)  # noqa: S311 - weights are no secrets
    raise TypeError(MSG_SEED.format(seed=seed))


# The functions of the module `random` are the methods of one hidden instance.
_GLOBAL: random.Random = random.uniform.__self__  # type: ignore[attr-defined]
