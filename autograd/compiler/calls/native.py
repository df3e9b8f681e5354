"""Native: a function of floats in machine code, called with little ceremony.

A compiled function of a few floats runs for tens of nanoseconds; asking Python what its
arguments are takes longer. So the commonest call, floats in and floats out, is answered
by a class that Cython compiles like the engine (`native_cython`). In the interpreted
form ctypes makes the same call, and that class is here. All other calls are
`Native.general`'s, which a subclass defines.

Machine code raises nothing. A call whose guards fail, or with a result that is not
finite, gives None here, and whoever called finds out why in Python.

Machine code is lent: a `Routine` has the address of a function, and keeps alive what
the address leads to. Each call holds the `Routine` until it is over, for meanwhile
another thread, or a callback into Python, may put another one in its place.
"""

from __future__ import annotations

import ctypes
import math
import operator
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from autograd.compiler.machine.ask import is_kept, listening
from autograd.value import COMPILED

__all__ = ["ABSENT", "Native", "Routine", "address_of", "as_stamped", "unchanged"]

# How to look at what is stamped.
LIST, DICT, OBJECT, SLOT, ARRAY, ORDER, NAMES = range(7)

ABSENT = object()  # in place of what stands under a name

MSG_SIZES = "the machine code does not take {0} numbers, or give {1}"


class CtypesRoutine:
    """A function in machine code, ``int run(double *u, double *out, void *data)``.

    Args:
        address: of the function.
        sizes: how many numbers ``u`` begins with, how many it has room for, and how
            many are returned.
        owner: what must live as long as the function.
        data: the address of what the function is handed besides numbers.
        asks: whether it calls back into Python.
        calls: how many calls it answers, None if any number.

    """

    def __init__(
        self,
        address: int,
        sizes: tuple[int, int, int],
        owner: object,
        data: int,
        *,
        asks: bool,
        calls: int | None = None,
    ) -> None:
        pointer = ctypes.POINTER(ctypes.c_double)
        word = ctypes.c_void_p
        self.run = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer, word)(address)
        self.data = data
        self.inputs, memory, self.outputs = sizes
        self.memory = max(memory, self.inputs, 1)
        self.owner = owner
        self.asks = asks
        self.left = -1 if calls is None else calls

    def is_worn(self) -> bool:
        """Return whether it has answered all of its calls."""
        return self.left == 0

    def __call__(self, u: Any, out: Any) -> bool:
        """Run it; return whether all results are right."""
        if self.left == 0:
            return False
        self.left -= 1
        with listening() if self.asks else nullcontext():
            fine = self.run(u, out, self.data)
        return bool(fine) and not is_kept()


class CtypesNative:
    """Call machine code with floats.

    A form says how results are returned: None is a number, a tuple is a tuple of forms,
    or a list of them if it begins with ``list``; and a list is the shape of an array.
    """

    _loaded: tuple[CtypesRoutine, Any] | None = None
    _watch: Any = None

    def load(self, routine: CtypesRoutine, form: Any, arrays: Any = None) -> None:
        """Take a function, and how a call returns its results.

        Args:
            routine: the function.
            form: how a call returns them.
            arrays: for calls with arrays of doubles, lists and tuples: what each
                argument is: None for a float, the shape of an array, and a list of the
                type of a list or tuple and what each item is; and for the inputs that
                are from arrays, in their order, the argument, and how many numbers it
                has, or -1 if the input is where it has them. Here such calls are
                `general`'s.

        """
        # In one piece: another thread may be in the middle of a call.
        self._loaded = (routine, form) if arrays is None else None

    def stop(self) -> None:
        """Answer every call by `general`, until a function is loaded."""
        self._loaded = self._watch = None

    def watch(self, seen: Any) -> None:
        """Call machine code only as long as things are as they were seen.

        Args:
            seen: what `unchanged` takes, and then what `as_stamped` does; None if
                nothing needs to be looked at.

        """
        self._watch = seen

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        loaded = self._loaded
        if self._watch is not None and not _is_as_seen(*self._watch):
            loaded = None
        if loaded is not None and not kwargs:
            routine, form = loaded
            found = _results(routine, args)
            if found is not None:
                return _formed(form, iter(found))
        return self.general(args, kwargs)

    def general(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer a call that is not of floats alone, or that failed."""
        raise NotImplementedError

    def numbers(self, inputs: tuple[float, ...]) -> list[float] | None:
        """Return the results for floats as a list, or None if something is wrong."""
        return None if self._loaded is None else _results(self._loaded[0], inputs)

    def fill(self, floats: tuple[float, ...], sources: list[Any], out: Any) -> bool:
        """Compute from floats and arrays into an array; return whether all is right.

        Args:
            floats: the first inputs.
            sources: for the inputs that follow, arrays of doubles laid out in a row,
                each with "numbers", if its numbers are inputs, or "address".
            out: an array of as many doubles as there are outputs.

        Raises:
            ValueError: if there are not as many.

        """
        count = len(floats) + sum(
            1 if kind == "address" else array.size for array, kind in sources
        )
        routine = None if self._loaded is None else self._loaded[0]
        if routine is None or count != routine.inputs or out.size < routine.outputs:
            raise ValueError(MSG_SIZES.format(count, out.size))
        u = (ctypes.c_double * routine.memory)(*floats)
        at = len(floats)
        for array, kind in sources:
            if kind == "address":
                words = ctypes.cast(u, ctypes.POINTER(ctypes.c_int64))
                words[at] = array.ctypes.data
                at += 1
            else:
                u[at : at + array.size] = array.ravel().tolist()
                at += array.size
        target = out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        return routine(u, target) and all(map(math.isfinite, out.tolist()))


def _results(routine: CtypesRoutine, args: tuple[Any, ...]) -> list[float] | None:
    if len(args) != routine.inputs or not all(type(x) is float for x in args):
        return None
    u = (ctypes.c_double * routine.memory)(*args)
    out = (ctypes.c_double * routine.outputs)()
    found = list(out) if routine(u, out) else None
    return found if found is not None and all(map(math.isfinite, found)) else None


def _formed(form: Any, results: Any) -> Any:
    if form is None:
        return next(results)
    if form[:1] == (list,):
        return [_formed(part, results) for part in form[1:]]
    return tuple([_formed(part, results) for part in form])


def _is_as_seen(
    cells: Sequence[Any], names: Sequence[Any], functions: Sequence[Any], stamps: Any
) -> bool:
    return unchanged(cells, names, functions) and as_stamped(stamps)


def unchanged(
    cells: Sequence[Any], names: Sequence[Any], functions: Sequence[Any]
) -> bool:
    """Return whether the same things stand where they were found.

    Args:
        cells: closures' cells, each followed by what it held, or `ABSENT`.
        names: dicts, each followed by a name and by what stood under it, or `ABSENT`.
        functions: functions, each followed by its code and its defaults.

    """
    held = [_content(cell) for cell in cells[::2]]
    found = [names[i].get(names[i + 1], ABSENT) for i in range(0, len(names), 3)]
    parts = [(f.__code__, f.__defaults__) for f in functions[::3]]
    return (
        _same_items(held, cells[1::2])
        and _same_items(found, names[2::3])
        and _same_items([code for code, _ in parts], functions[1::3])
        and _same_items([defaults for _, defaults in parts], functions[2::3])
    )


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def _same_items(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))


def as_stamped(stamps: Sequence[Any]) -> bool:
    """Return whether things hold what they held when they were stamped.

    Args:
        stamps: triples of how to look, a thing, and what was there: a list's items; a
            dict's keys and values, in turn; an object's class and dict; a slot's
            descriptor and its content; an array's dtype, its shape, and its bytes or
            None, if these do not count; a class's order of resolution; some of a dict's
            keys and values, in turn.

    """
    return all(
        _STILL[stamps[i]](stamps[i + 1], stamps[i + 2])
        for i in range(0, len(stamps), 3)
    )


def _is_same_object(x: Any, seen: Any) -> bool:
    return type(x) is seen[0] and getattr(x, "__dict__", None) is seen[1]


def _is_same_slot(x: Any, seen: Any) -> bool:
    try:
        return seen[0].__get__(x) is seen[1]
    except AttributeError:
        return False


def _is_same_array(x: Any, seen: Any) -> bool:
    if x.dtype is not seen[0] or x.shape != seen[1]:
        return False
    return seen[2] is None or x.tobytes() == seen[2]


_STILL: dict[int, Any] = {
    LIST: _same_items,
    DICT: lambda x, seen: _same_items([y for z in x.items() for y in z], seen),
    OBJECT: _is_same_object,
    SLOT: _is_same_slot,
    ARRAY: _is_same_array,
    ORDER: lambda x, seen: x.__mro__ is seen,
    NAMES: lambda x, seen: all(
        x.get(seen[i], ABSENT) is seen[i + 1] for i in range(0, len(seen), 2)
    ),
}


def address_of(array: Any) -> int:
    """Return where an array of numbers has them."""
    address: int = array.ctypes.data
    return address


if COMPILED and not TYPE_CHECKING:
    from autograd.compiler.calls.native_cython import (
        ABSENT,
        Native,
        Routine,
        address_of,
        as_stamped,
        unchanged,
    )
else:
    Routine = CtypesRoutine
    Native = CtypesNative
