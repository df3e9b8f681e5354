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


def lend(compiled: Native, variant: Variant, structure: Any) -> bool:
    """Let an object call a variant's machine code itself; return whether it may.

    It may where results have a form that `Native` can make. It does so for calls of the
    structure that the variant is for, if all arguments are floats, lists and tuples of
    such, or arrays that are inputs whole. The arguments themselves are not asked: the
    function, or another thread, may have changed them in the meantime.

    Raises:
        ValueError: if the form, or the arguments, are of other sizes than the program.

    """
    form = _form_of(variant.form)
    if form is NotImplemented:
        return False
    arrays = None
    _, _, *args = structure[2]  # of the tuple of arguments; then come keywords
    if all(x is float for x in args):
        fits = not (variant.sources or _has_arrays(form))
    else:
        arrays = _kinds_of(variant, args)
        fits = arrays is not None and (bool(arrays[1]) or not _has_arrays(form))
    machine = variant.native.machine if fits else None
    if machine is None:
        return True
    inputs, _, outputs = machine.sizes
    wrong = _numbers_in(form) != outputs
    if arrays is not None:
        kinds, sources = arrays
        count = sum(1 if n < 0 else n for _, n in sources)
        wrong |= _floats_in([tuple, *kinds]) + count != inputs
    if wrong:
        raise ValueError(MSG_FORM.format(variant.program.name))
    compiled.load(machine.routine, form, arrays)
    return True


def _kinds_of(variant: Variant, args: list[Any]) -> Any:
    """Return what arguments are, and which arrays are inputs; None if others are, too.

    The first are None for a float, the shape of an array, and for a list or tuple a
    list of its type and what its items are.
    """
    kinds = tuple(map(_kind_of, args))
    if NotImplemented in kinds:
        return None
    at = [i for i, kind in enumerate(kinds) if type(kind) is tuple]
    sources = [source for source, _ in variant.sources]
    if not all(type(source) is int for source in sources):
        return None  # the function has captured an array
    if set(sources) != set(range(len(at))):
        return None
    inputs = [
        (at[k], -1 if kind == "address" else math.prod(kinds[at[k]]))
        for k, kind in variant.sources
    ]
    return kinds, tuple(inputs)


def _kind_of(x: Any) -> Any:
    """Return what an argument of a structure is; NotImplemented if nothing for code."""
    if x is float:
        return None
    if type(x) is not tuple:
        return NotImplemented
    kind, label, *items = x
    if kind is list or kind is tuple:
        parts = [_kind_of(item) for item in items]
        inside = all(part is None or type(part) is list for part in parts)
        return [kind, *parts] if inside else NotImplemented
    if kind == "whole array":  # of ints or not, and its shape
        return NotImplemented if label else items[0]
    return NotImplemented


def _form_of(result: Any) -> Any:
    """Return a result's form as `Native` takes it, or NotImplemented."""
    if isinstance(result, Slot):
        return None
    if type(result).__name__ == "ndarray":
        return list(result.shape)
    if type(result) is tuple or type(result) is list:
        parts = tuple([_form_of(part) for part in result])
        if any(part is NotImplemented for part in parts):
            return NotImplemented
        return (list, *parts) if type(result) is list else parts
    return NotImplemented


def _has_arrays(form: Any) -> bool:
    return type(form) is list or (type(form) is tuple and any(map(_has_arrays, form)))


def _numbers_in(form: Any) -> int:
    """Return how many results a form takes."""
    if form is list:
        return 0
    if isinstance(form, tuple):
        return sum(map(_numbers_in, form))
    return 1 if form is None else math.prod(form)


def _floats_in(kind: Any) -> int:
    """Return how many floats are in what an argument is."""
    if type(kind) is list:
        return sum(map(_floats_in, kind[1:]))
    return int(kind is None)
