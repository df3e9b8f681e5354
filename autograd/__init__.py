"""Scalar reverse-mode automatic differentiation: floats that remember their making.

>>> from autograd import Value, math
>>> x = Value(0.5, name="x")
>>> y = math.tanh(2 * x)
>>> y.backward()
>>> round(x.grad, 6)
0.839949

"""

from __future__ import annotations

from typing import Any

from autograd import _form  # noqa: F401 - refuses a stale compiled module

# isort: split
from autograd import copies as _copies  # noqa: F401 - registers how Values pickle
from autograd import math
from autograd.checks import check_grads
from autograd.context import debug, no_grad, scope
from autograd.custom import primitive
from autograd.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)
from autograd.value import COMPILED, Value
from autograd.walk import topological_order

__version__ = "0.1.0"

__all__ = [
    "COMPILED",
    "Value",
    "check_grads",
    "debug",
    "diagnose",
    "draw",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "math",
    "no_grad",
    "primitive",
    "scope",
    "topological_order",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    if name == "draw":
        from autograd.render import draw

        return draw
    if name == "diagnose":
        from autograd.diagnosis import diagnose

        return diagnose
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
