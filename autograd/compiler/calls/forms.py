"""Forms: structures of arguments and results, taken apart and put together again.

An argument's *structure* is all of it but its numbers; it is hashable, and two calls of
the same structure may run the same program. A result's *form* is the result with a
`Slot` for each number, of which `reader` makes the function that fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from autograd.compiler.calls.content import Reader
from autograd.compiler.calls.kinds import PLAIN, Same
from autograd.compiler.record.arrays import RecordedArray
from autograd.trees import Parts, as_array, parts_of
from autograd.value import Value

MSG_DIGITS = (
    "an array of {0} holds more digits than a float has, and they would be lost in "
    "silence: pass array.astype(float)"
)
MSG_NO_NUMBER = "an array holds {0!r}, which is no number"


BUILTIN = (list, tuple, dict)
FLOATS = {float}


class LookedIntoError(BaseException):
    """A function looked into an array of ints, which therefore is structure.

    It is for `jit` alone, so that no function that is recorded catches it.
    """


class Arguments(Reader):
    """The arguments of a call, taken apart: their numbers, and all else.

    Args:
        as_they_are: whether arrays go among the numbers whole.
        looked_into: which arrays of ints are structure, counted from the first.

    Attributes:
        numbers: floats and Values, and whole arrays.
        places: for each whole array, how many there were before it.

    """

    def __init__(
        self, *, as_they_are: bool = False, looked_into: Collection[int] = ()
    ) -> None:
        super().__init__()
        self.numbers: list[Any] = []
        self.places: list[int] = []
        self._as_they_are = as_they_are
        self._looked_into = looked_into
        self._count = 0

    def take(self, tree: Any) -> tuple[Any, Callable[..., Any]]:
        """Append a tree's numbers; return its structure, and how to rebuild it.

        Raises:
            EagerlyError: if something in it cannot be read.

        """
        kind = type(tree)
        if kind is float or kind is Value:
            self.numbers.append(tree)
            return float, next
        if kind in PLAIN:
            return (kind, tree), lambda _: tree
        if isinstance(tree, float):
            self.numbers.append(float(tree))
            return float, next
        if kind is tuple or kind is list:  # commonest, and nothing to ask
            items = tree[:]  # as it is now: another thread may be changing it
            if {*map(type, items)} == FLOATS:
                return self._row(kind, items)
            return self._container(kind, len(items), items, kind)
        if kind is dict and not tree:
            return (kind, ()), lambda _: {}
        parts = parts_of(tree)
        if parts is not None:
            return self._of_a_class(tree, parts)
        if hasattr(tree, "dtype"):
            found = self._array(tree)
            if found is not None:
                return found
        return self.read(tree), lambda _: tree

    def _row(self, kind: type, row: Any) -> tuple[Any, Callable[..., Any]]:
        """Take a list or tuple of floats at once."""
        self.numbers += row
        n = len(row)
        structure = (kind, n, *(float,) * n)
        return structure, lambda numbers: kind(islice(numbers, n))

    def _container(
        self, kind: type, label: Any, items: Iterable[Any], join: Callable[..., Any]
    ) -> tuple[tuple[Any, ...], Callable[..., Any]]:
        taken = [self.take(item) for item in items]
        rebuilds = [rebuild for _, rebuild in taken]
        structure = (kind, label, *[part for part, _ in taken])
        return structure, lambda numbers: join(
            [rebuild(numbers) for rebuild in rebuilds]
        )

    def _of_a_class(self, tree: Any, parts: Parts) -> tuple[Any, Callable[..., Any]]:
        """Take a container whose class, or keys, are structure as well."""
        label = parts.label
        if type(label) is not int and not all(type(key) is str for key in label or ()):
            label = self.read(label)
        structure, rebuild = self._container(type(tree), label, *parts[::2])
        held = getattr(tree, "__dict__", None)
        factory = getattr(tree, "default_factory", None)
        if isinstance(tree, BUILTIN) and (held or factory is not None):
            structure = (*structure, self.read(held), self.read(factory))
        return structure, rebuild

    def _array(self, array: Any) -> tuple[Any, Callable[..., Any]] | None:
        """Take an array of numbers; return None for what is structure."""
        import numpy as np

        if isinstance(array, RecordedArray):
            array = array.values()
        if type(array) is not np.ndarray and not isinstance(array, np.floating):
            return None
        kind = array.dtype.kind
        if kind == "f" and array.dtype.itemsize > np.dtype(float).itemsize:
            raise TypeError(MSG_DIGITS.format(array.dtype))
        if self._as_they_are and array.ndim and kind in "fiub":
            self._count += 1
            if kind == "f" or self._count not in self._looked_into:
                self.numbers.append(array)
                self.places.append(self._count)
                return ("whole array", kind in "iub", array.shape), next
        if kind not in "fO":
            return None
        shape, size = array.shape, array.size
        found = np.asarray(array).ravel().tolist()
        self.numbers += map(_as_number, found) if kind == "O" else found

        def rebuild(others: Iterator[Any]) -> Any:
            return as_array([next(others) for _ in range(size)], shape)

        return ("array", shape), rebuild


def _as_number(x: Any) -> Any:
    """Return what an array of objects holds as a float, if it is not a Value.

    Raises:
        TypeError: if it is no number.

    """
    if not isinstance(x, (float, int, Value)):
        raise TypeError(MSG_NO_NUMBER.format(x))
    return x if isinstance(x, Value) else float(x)


class Slot:
    """A place for a number in a result."""

    def __init__(self, k: int) -> None:
        self.k = k


def container(form: Any) -> Parts:
    """Return the parts of a form that is neither a Slot nor an array of them."""
    parts = parts_of(form)
    if parts is None:
        raise TypeError(form)
    return parts


def reader(form: Any) -> Callable[[Any], Any]:
    """Return what reads a result of a form off a list or an array of all outputs."""
    if isinstance(form, Slot):
        return partial(_at, k=form.k)
    if hasattr(form, "dtype"):
        return _array_reader([slot.k for slot in form.ravel().tolist()], form.shape)
    if type(form) in {list, tuple} and {*map(type, form)} == {Slot}:
        return _row_reader(type(form), [slot.k for slot in form])
    parts = container(form)
    readers = [reader(item) for item in parts.items]
    return lambda out: parts.join([read(out) for read in readers])


def _row_reader(kind: Any, places: list[int]) -> Callable[[Any], Any]:
    """Return what reads a list or tuple of numbers."""
    start, end = places[0], places[0] + len(places)
    if places != list(range(start, end)):
        return lambda out: kind([_at(out, k) for k in places])

    def read(out: Any) -> Any:
        row = out[start:end]
        return kind(row if type(out) is list else row.tolist())

    return read


def _at(out: Any, k: int) -> Any:
    return out[k] if type(out) is list else out.item(k)


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
    """Return whether a structure holds a thing by reference."""
    if isinstance(key, tuple):
        return any(holds_objects(part) for part in key)
    return isinstance(key, Same)
