"""Forms: structures of arguments and results, taken apart and put together again.

An argument's *structure* is all of it but its numbers; it is hashable, and two calls of
the same structure may run the same program. A result's *form* is the result with a
`Slot` for each number, of which `reader` makes the function that fills it.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

from autograd.trees import as_array
from autograd.value import Value


class Same:
    """A part of a structure that only is equal to itself: a module, a function."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def take_apart(
    tree: Any, numbers: list[Any], *, whole: bool = False
) -> tuple[Any, Callable[..., Any]]:
    """Append a tree's floats and Values; return its structure, and how to rebuild it.

    Args:
        tree: arguments.
        numbers: where they go.
        whole: whether arrays of floats go there as they are, and not their numbers.

    """
    kind = type(tree)
    if kind is float or kind is Value:
        numbers.append(tree)
        return float, next
    if isinstance(tree, (bool, int, str, bytes)) or tree is None:
        return (kind, tree), lambda _: tree
    if isinstance(tree, float):
        numbers.append(float(tree))
        return float, next
    if isinstance(tree, (list, tuple, dict)):
        items = tree.values() if isinstance(tree, dict) else tree
        parts = [take_apart(item, numbers, whole=whole) for item in items]
        rebuilds = [rebuild for _, rebuild in parts]
        names = tuple(tree) if isinstance(tree, dict) else len(parts)
        structure = (kind, names, *[part for part, _ in parts])
        return structure, functools.partial(_rebuild, tree, rebuilds)
    if hasattr(tree, "dtype"):
        return _take_array(tree, numbers, whole=whole)
    edits = getattr(tree, "structure", None)
    return (Same(tree), edits() if callable(edits) else None), lambda _: tree


def _rebuild(tree: Any, rebuilds: list[Any], numbers: Iterator[Any]) -> Any:
    parts = [rebuild(numbers) for rebuild in rebuilds]
    if isinstance(tree, dict):
        new = copy.copy(tree)  # a defaultdict keeps its default
        new.update(zip(tree, parts, strict=True))
        return new
    if hasattr(tree, "_fields"):
        return type(tree)(*parts)
    return type(tree)(parts)


def _take_array(
    array: Any, numbers: list[Any], *, whole: bool
) -> tuple[Any, Callable[..., Any]]:
    import numpy as np

    if whole and array.dtype == np.float64 and array.ndim:
        numbers.append(array)
        return ("whole array", array.shape), next
    if array.dtype.kind not in "fO":
        array = np.asarray(array)
        return (array.dtype.str, array.shape, array.tobytes()), lambda _: array
    shape, size = array.shape, array.size
    for x in np.asarray(array).ravel().tolist():
        if not isinstance(x, (float, int, Value)):
            message = f"an array holds {x!r}, which is no number"
            raise TypeError(message)
        numbers.append(x if isinstance(x, Value) else float(x))

    def rebuild(others: Iterator[Any]) -> Any:
        return as_array([next(others) for _ in range(size)], shape)

    return ("array", shape), rebuild


class Slot:
    """A place for a number in a result."""

    def __init__(self, k: int) -> None:
        self.k = k


def reader(form: Any) -> Callable[[Any], Any]:
    """Return what reads a result of a form off a list or an array of all outputs."""
    if isinstance(form, Slot):
        k = form.k
        return lambda out: out[k] if type(out) is list else out.item(k)
    if isinstance(form, dict):
        readers = {key: reader(part) for key, part in form.items()}
        return lambda out: {key: read(out) for key, read in readers.items()}
    if hasattr(form, "dtype"):
        return _array_reader([slot.k for slot in form.ravel().tolist()], form.shape)
    parts = [reader(part) for part in form]
    if hasattr(form, "_fields"):
        return lambda out: type(form)(*[read(out) for read in parts])
    return lambda out: type(form)([read(out) for read in parts])


def _array_reader(places: list[int], shape: tuple[int, ...]) -> Callable[[Any], Any]:
    start = places[0] if places else 0
    end = start + len(places)
    in_line = places == list(range(start, end))

    def read(out: Any) -> Any:
        if type(out) is not list:
            found = out[start:end] if in_line else out[places]
            return found if len(shape) == 1 else found.reshape(shape)
        return as_array([out[k] for k in places], shape)

    return read


def holds_objects(key: Any) -> bool:
    """Return whether a structure holds a module or another object."""
    if isinstance(key, tuple):
        return any(holds_objects(part) for part in key)
    return isinstance(key, Same)
