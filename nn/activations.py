"""Activations by name: every function of one argument in `autograd.math` is one.

There is no list of them that could be forgotten: whether a function makes one Value of
one is found by trying it, so a new row of the table is at once a new activation.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from autograd import Value
from autograd import math as functions

Activation = str | Callable[[Any], Any] | bool | None

# Names of the field for what autograd.math calls otherwise, or does not have.
OTHERS: dict[str, Callable[[Any], Any] | None] = {
    "identity": None,
    "linear": None,
    "swish": functions.silu,
    "celu": functions.elu,  # they are the same where alpha is 1
    "relu6": lambda x: functions.clip(x, 0.0, 6.0),
    "hardtanh": lambda x: functions.clip(x, -1.0, 1.0),
}

MSG_ACTIVATION = (
    "no activation is called {name!r}{near}: write one of {known}; or give a function "
    "of one Value, or None for a linear neuron"
)
MSG_SOFTMAX = (
    ". softmax is a function of all outputs: leave the last layer linear and train "
    "with cross_entropy, which takes logits"
)


def activation_function(activation: Activation) -> Callable[[Any], Any] | None:
    """Return the function of a Value that ``activation`` means, None for none.

    Raises:
        ValueError: if no function of one argument bears that name.

    >>> activation_function("tanh")(Value(0.0)).op
    'tanh'

    """
    if activation is None or callable(activation):
        return activation
    name = str(activation)
    if name in OTHERS:
        return OTHERS[name]
    if _is_unary(name):
        # The method, where there is one, is spared the question what it was given.
        function = getattr(functions, name)
        method: Callable[[Any], Any] = getattr(Value, name, function)
        return method
    known = [*filter(_is_unary, functions.__all__), *OTHERS]
    close = " or ".join(map(repr, get_close_matches(name.lower(), known, 2)))
    near = f" (it may be {close})" if close else ""
    message = MSG_ACTIVATION.format(name=activation, near=near, known=", ".join(known))
    raise ValueError(message + MSG_SOFTMAX * name.endswith("softmax"))


def _is_unary(name: str) -> bool:
    """Return whether a function of that name makes one Value of one."""
    # Between them, these two points are in the domain of every function there is.
    for point in (0.5, 1.5):
        try:
            if isinstance(getattr(functions, name)(Value(point)), Value):
                return True
        except (ArithmeticError, AttributeError, ImportError, TypeError, ValueError):
            continue
    return False
