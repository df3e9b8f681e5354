"""Scalar reverse-mode automatic differentiation: floats that remember their making.

>>> from autograd import Value, math
>>> x = Value(0.5, name="x")
>>> y = math.tanh(2 * x)
>>> y.backward()
>>> round(x.grad, 6)
0.839949

"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd import _form  # noqa: F401 - refuses a stale compiled module

# isort: split
from autograd import copies as _copies  # noqa: F401 - registers how Values pickle
from autograd import math
from autograd.checks import check_grads
from autograd.context import debug, errstate, no_grad, scope
from autograd.custom import primitive
from autograd.display import show_with as _show_with
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

if TYPE_CHECKING:  # for editors; imported when first used, see below
    from autograd.compiler import jit, trace, vmap
    from autograd.diagnosis import diagnose
    from autograd.explanation import explain
    from autograd.lifting import lift
    from autograd.render import draw
    from autograd.solving import interpolate, minimum, solve
    from autograd.stepper import step

__version__ = "0.1.0"

__all__ = [
    "COMPILED",
    "Value",
    "check_grads",
    "debug",
    "diagnose",
    "draw",
    "errstate",
    "explain",
    "grad",
    "hessian",
    "hvp",
    "interpolate",
    "jacobian",
    "jit",
    "jvp",
    "lift",
    "math",
    "minimum",
    "no_grad",
    "primitive",
    "scope",
    "solve",
    "step",
    "topological_order",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
]


# Imported when first used: the module that has each name.
_LATER = {
    "diagnose": "autograd.diagnosis",
    "draw": "autograd.render",
    "explain": "autograd.explanation",
    "interpolate": "autograd.solving",
    "jit": "autograd.compiler",
    "lift": "autograd.lifting",
    "minimum": "autograd.solving",
    "solve": "autograd.solving",
    "step": "autograd.stepper",
    "trace": "autograd.compiler",
    "vmap": "autograd.compiler",
}


def _show(thing: Any, **options: Any) -> dict[str, str]:
    from autograd.render.notebook import mimebundle

    return mimebundle(thing, **options)


_show_with(_show)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(_LATER[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
