"""direct: calls that go straight into machine code, with no Python in between.

What is called has its arguments' floats, or the numbers of their arrays, put into
memory as they come, and its results made as its form says; see `Native.load`.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.compiler.calls.forms import Slot
from autograd.compiler.calls.native import Native
from autograd.compiler.calls.variant import Variant

MSG_FORM = (
    "what was compiled of {0} does not fit its arguments or its results: it came from "
    "a pickle that somebody changed"
)


def lend(compiled: Native, variant: Variant, args: tuple[Any, ...]) -> bool:
    """Let an object call a variant's machine code itself; return whether it may.

    It may where results have a form that `Native` can make. It does so for calls like
    the one with these arguments, if all are floats, or arrays that are inputs whole.

    Raises:
        ValueError: if the form, or the arrays, are of other sizes than the program.

    """
    form = _form_of(variant.form)
    if form is NotImplemented:
        return False
    arrays = None
    if all(type(x) is float for x in args):
        fits = not (variant.sources or _has_arrays(form))
    else:
        arrays = _arrays_of(variant, args)
        fits = arrays is not None
    machine = variant.native.machine if fits else None
    if machine is None:
        return True
    inputs, _, outputs = machine.sizes
    wrong = _numbers_in(form) != outputs
    if arrays is not None:
        shapes, sources = arrays
        count = sum(1 if n < 0 else n for _, n in sources)
        wrong |= shapes.count(None) + count != inputs
    if wrong:
        raise ValueError(MSG_FORM.format(variant.program.name))
    compiled.load(machine.routine, form, arrays)
    return True


def _arrays_of(variant: Variant, args: tuple[Any, ...]) -> Any:
    """Return the shapes of arguments, and which are inputs; None if others are, too."""
    if not any(hasattr(x, "dtype") for x in args):
        return None
    import numpy as np

    plain = {float, np.ndarray}
    if not all(type(x) in plain for x in args):
        return None
    at = [i for i, x in enumerate(args) if type(x) is not float]
    if not all(args[i].dtype == np.float64 and args[i].ndim for i in at):
        return None
    sources = [source for source, _ in variant.sources]
    if not all(type(source) is int for source in sources):
        return None  # the function has captured an array
    if set(sources) != set(range(len(at))):
        return None
    shapes = tuple([None if type(x) is float else x.shape for x in args])
    inputs = [
        (at[k], -1 if kind == "address" else args[at[k]].size)
        for k, kind in variant.sources
    ]
    return shapes, tuple(inputs)


def _form_of(result: Any) -> Any:
    """Return a result's form as `Native` takes it, or NotImplemented."""
    if isinstance(result, Slot):
        return None
    if type(result).__name__ == "ndarray":
        return list(result.shape)
    if type(result) is tuple:
        parts = tuple([_form_of(part) for part in result])
        return NotImplemented if NotImplemented in parts else parts
    return NotImplemented


def _has_arrays(form: Any) -> bool:
    return type(form) is list or (type(form) is tuple and any(map(_has_arrays, form)))


def _numbers_in(form: Any) -> int:
    """Return how many results a form takes."""
    if isinstance(form, tuple):
        return sum(map(_numbers_in, form))
    return 1 if form is None else math.prod(form)
