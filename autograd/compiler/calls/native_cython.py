# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: binding=True, embedsignature=True
"""The class that calls machine code in the compiled form: see `native` beside it.

Only Cython reads this file; the interpreted form has a class of the same methods there.
"""

from __future__ import annotations

from typing import Any

import cython
from cython.cimports.autograd.compiler.calls.native_cython import (
    AUTOGRAD_VERSION,
    Array,
    PyCell_GET,
    PyDict_GetItemWithError,
    PyDict_Next,
    PyDict_Size,
    PyFunction_GET_CODE,
    PyFunction_GET_DEFAULTS,
    PyObject_GenericGetDict,
    PySequence_Fast_GET_SIZE,
    PySequence_Fast_ITEMS,
    Single,
)
from cython.cimports.autograd.compiler.machine.ask import kept
from cython.cimports.cpython.mem import PyMem_Free, PyMem_Malloc
from cython.cimports.cpython.object import PyObject
from cython.cimports.cpython.ref import Py_INCREF
from cython.cimports.cpython.tuple import PyTuple_New, PyTuple_SET_ITEM
from cython.cimports.libc.stdint import uintptr_t
from cython.cimports.libc.string import memcmp, memcpy

from autograd.compiler.machine.ask import is_kept

MSG_SIZES = "the machine code does not take {0} numbers, or give {1}"

ABSENT = object()  # in place of what stands under a name

STACK = 64  # numbers that need no memory from the heap


@cython.final
@cython.cclass
class Routine:
    """A function in machine code: see `native`."""

    def __init__(
        self,
        address: uintptr_t,
        sizes: tuple,
        owner: object,
        data: uintptr_t,
        *,
        asks: bool,
        calls: object = None,
    ) -> None:  # where nothing is lost, it does not count whether the function asks
        inputs, memory, outputs = sizes
        self.inputs, self.outputs = inputs, outputs
        self.memory = max(memory, inputs, 1)
        self.owner = owner
        self.run = cython.cast(Single, address)
        self.data = cython.cast(cython.p_void, data)
        self.left = -1 if calls is None else calls

    def is_worn(self) -> bool:
        """Return whether it has answered all of its calls."""
        return self.left == 0

    def __dealloc__(self) -> None:
        PyMem_Free(self.room)


@cython.cclass
class Native:
    """Call machine code with floats: see `native`."""

    def load(self, routine: Routine, form: object, arrays: object = None) -> None:
        """Take a function, and how a call returns its results: see `native`."""
        # Asking runs Python, and other threads: before anything is changed.
        with_arrays: cython.bint = arrays is not None and (
            not arrays[1] or _knows_arrays()
        )
        # What was there may run Python as it dies: after everything is changed.
        old = self._routine, self._form, self._arrays  # noqa: F841
        self._inputs = routine.inputs if arrays is None else -1
        self._routine = routine
        self._form = form
        self._arrays = arrays if with_arrays else None

    def stop(self) -> None:
        """Answer every call by `general`, until a function is loaded."""
        old = self._arrays, self._watch  # noqa: F841 - as in load
        self._inputs = -1
        self._arrays = None
        self._watch = None

    def watch(self, seen: object) -> None:
        """Call machine code only as long as things are as they were seen: `native`."""
        old = self._watch, self._stamps  # noqa: F841 - as in load
        self._watch = seen
        _lay_out(self)

    def __dealloc__(self) -> None:
        PyMem_Free(self._marks)
        PyMem_Free(self._versions)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        if self._watch is not None and not _as_seen(self):
            return self.general(args, kwargs)
        if self._inputs == len(args) and not kwargs:
            found = self._call(args, True)
            if found is not None:
                return found
        elif self._arrays is not None and not kwargs:
            found = self._call_with_arrays(args)
            if found is None and _any_is_strided(args):
                rows = tuple([x.copy() if _is_strided(x) else x for x in args])
                found = self._call_with_arrays(rows)
            if found is not None:
                return found
        return self.general(args, kwargs)

    def general(self, args: tuple, kwargs: dict) -> Any:
        """Answer a call that is not of floats alone, or that failed."""
        raise NotImplementedError

    def numbers(self, inputs: tuple) -> object:
        """Return the results for floats as a list, or None if something is wrong."""
        return self._call(inputs, False)

    def fill(self, floats: tuple, sources: list, out: object) -> bool:
        """Compute from floats and arrays into an array: see `native`."""
        i: cython.Py_ssize_t
        place: cython.Py_ssize_t = len(floats)
        count: cython.Py_ssize_t = place
        routine: Routine = self._routine
        for array, kind in sources:
            count += 1 if kind == "address" else array.size
        if routine is None or count != routine.inputs or out.size < routine.outputs:
            raise ValueError(MSG_SIZES.format(count, out.size))
        start: uintptr_t = address_of(out)
        results: cython.p_double = cython.cast(cython.p_double, start)
        room: cython.p_double = _take(routine)
        words_: cython.p_longlong = cython.cast(cython.p_longlong, room)
        try:
            for i in range(place):
                room[i] = floats[i]
            for array, kind in sources:
                start = address_of(array)
                if kind == "address":
                    words_[place] = start
                    place += 1
                else:
                    count = array.size
                    memcpy(
                        room + place,
                        cython.cast(cython.p_double, start),
                        count * cython.sizeof(cython.double),
                    )
                    place += count
            return _run(routine, room, results)
        finally:
            _give(routine, room)

    @cython.cfunc
    def _call(self, args: tuple, formed: cython.bint) -> object:
        i: cython.Py_ssize_t
        n: cython.Py_ssize_t = len(args)
        routine: Routine = self._routine
        if routine is None or n != routine.inputs:
            return None
        for i in range(n):
            if type(args[i]) is not float:
                return None
        # The code may call back into Python, and a thread load another function then.
        form: object = self._form
        fixed: cython.double[64]
        room: cython.p_double = fixed
        if routine.memory + routine.outputs > STACK:
            room = _take(routine)
        results: cython.p_double = room + routine.memory
        try:
            for i in range(n):
                room[i] = args[i]
            if not _run(routine, room, results):
                return None
            if not formed:
                return [results[i] for i in range(routine.outputs)]
            if form is None:
                return results[0]
            return _made(form, cython.address(results))
        finally:
            if room != fixed:
                _give(routine, room)

    @cython.cfunc
    def _call_with_arrays(self, args: tuple) -> object:
        shapes: tuple
        sources: tuple
        shapes, sources = self._arrays
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        n: cython.Py_ssize_t = len(args)
        place: cython.Py_ssize_t = 0
        routine: Routine = self._routine
        if n != len(shapes):
            return None
        array: cython.pointer(Array)
        form: object = self._form
        room: cython.p_double = _take(routine)
        words: cython.p_longlong = cython.cast(cython.p_longlong, room)
        results: cython.p_double = room + routine.memory
        try:
            for i in range(n):
                arg = args[i]
                shape = shapes[i]
                if shape is None:
                    if type(arg) is not float:
                        return None
                    room[place] = arg
                    place += 1
                elif type(shape) is tuple:
                    if not _has_shape(arg, shape):
                        return None
                else:
                    place = _laid_out(arg, shape, room, place)
                    if place < 0:
                        return None
            for i in range(len(sources)):
                k, n = sources[i]
                arg = args[k]
                array = cython.cast(
                    cython.pointer(Array), cython.cast(cython.pointer(PyObject), arg)
                )
                if n < 0:
                    words[place] = cython.cast(uintptr_t, array.data)
                    place += 1
                else:
                    memcpy(room + place, array.data, n * cython.sizeof(cython.double))
                    place += n
            if not _run(routine, room, results):
                return None
            return results[0] if form is None else _made(form, cython.address(results))
        finally:
            _give(routine, room)


def unchanged(cells: tuple, names: tuple, functions: tuple) -> bool:
    """Return whether the same things stand where they were found.

    Args:
        cells: closures' cells, each followed by what it held, or `ABSENT`.
        names: dicts, each followed by a name and by what stood under it.
        functions: functions, each followed by its code and its defaults.

    """
    i: cython.Py_ssize_t
    for i in range(0, len(cells), 2):
        try:
            held = cells[i].cell_contents
        except ValueError:
            held = ABSENT
        if held is not cells[i + 1]:
            return False
    for i in range(0, len(names), 3):
        if names[i].get(names[i + 1], ABSENT) is not names[i + 2]:
            return False
    for i in range(0, len(functions), 3):
        if functions[i].__code__ is not functions[i + 1]:
            return False
        if functions[i].__defaults__ is not functions[i + 2]:
            return False
    return True


@cython.cfunc
def _lay_out(native: Native) -> object:
    """Lay out what is watched in a row of pointers; the tuples keep it alive."""
    PyMem_Free(native._marks)
    PyMem_Free(native._versions)
    native._marks = cython.NULL
    native._versions = cython.NULL
    native._cells = native._names = native._functions = 0
    native._stamps = None
    if native._watch is None:
        return None
    cells, names, functions, stamps = native._watch
    row: list = [*cells, *names, *functions]
    size: cython.size_t = len(row) + 1
    native._marks = cython.cast(
        cython.pointer(cython.pointer(PyObject)),
        PyMem_Malloc(size * cython.sizeof(cython.pointer(PyObject))),
    )
    native._versions = cython.cast(
        cython.p_longlong, PyMem_Malloc(size * cython.sizeof(cython.longlong))
    )
    if not native._marks or not native._versions:
        raise MemoryError
    i: cython.Py_ssize_t
    for i in range(len(row)):
        native._versions[i] = 0
        native._marks[i] = cython.cast(cython.pointer(PyObject), row[i])
        if row[i] is ABSENT or (row[i] is None and i >= len(cells) + len(names)):
            native._marks[i] = cython.NULL  # no such name, or no defaults
    native._stamps = stamps or None
    native._cells, native._names = len(cells) // 2, len(names) // 3
    native._functions = len(functions) // 3


def as_stamped(stamps: tuple) -> bool:
    """Return whether things hold what they held when they were stamped: `native`."""
    return _as_stamped(stamps)


@cython.cfunc
def _as_stamped(stamps: tuple) -> cython.bint:
    i: cython.Py_ssize_t
    kind: cython.longlong
    for i in range(0, len(stamps), 3):
        kind = stamps[i]
        if kind == 0:
            if not _same_items(stamps[i + 1], stamps[i + 2]):
                return False
        elif kind == 1:
            if not _same_pairs(stamps[i + 1], stamps[i + 2]):
                return False
        elif kind == 2:
            if not _is_same_object(stamps[i + 1], stamps[i + 2]):
                return False
        elif kind == 3:
            if not _is_same_slot(stamps[i + 1], stamps[i + 2]):
                return False
        elif kind == 4:
            if not _is_same_array(stamps[i + 1], stamps[i + 2]):
                return False
        elif kind == 5:
            if stamps[i + 1].__mro__ is not stamps[i + 2]:
                return False
        elif not _same_names(stamps[i + 1], stamps[i + 2]):
            return False
    return True


@cython.cfunc
def _same_names(one: dict, seen: tuple) -> cython.bint:
    i: cython.Py_ssize_t
    names: cython.pointer(PyObject) = cython.cast(cython.pointer(PyObject), one)
    for i in range(0, len(seen), 2):
        if PyDict_GetItemWithError(
            names, cython.cast(cython.pointer(PyObject), seen[i])
        ) != cython.cast(cython.pointer(PyObject), seen[i + 1]):
            return False
    return True


@cython.cfunc
def _same_items(one: list, seen: tuple) -> cython.bint:
    n: cython.Py_ssize_t = len(seen)
    if n != len(one):
        return False
    # Addresses alone: to count a reference to each item fetches all of them.
    return (
        memcmp(
            PySequence_Fast_ITEMS(one),
            PySequence_Fast_ITEMS(seen),
            n * cython.sizeof(cython.pointer(PyObject)),
        )
        == 0
    )


@cython.cfunc
def _same_pairs(one: dict, seen: tuple) -> cython.bint:
    i: cython.Py_ssize_t = 0
    at: cython.Py_ssize_t = 0
    names: cython.pointer(PyObject) = cython.cast(cython.pointer(PyObject), one)
    key: cython.pointer(PyObject) = cython.NULL
    value: cython.pointer(PyObject) = cython.NULL
    if 2 * PyDict_Size(names) != len(seen):
        return False
    while PyDict_Next(
        names, cython.address(at), cython.address(key), cython.address(value)
    ):
        if key != cython.cast(cython.pointer(PyObject), seen[i]):
            return False
        if value != cython.cast(cython.pointer(PyObject), seen[i + 1]):
            return False
        i += 2
    return True


@cython.cfunc
def _is_same_object(x: object, seen: tuple) -> cython.bint:
    if type(x) is not seen[0]:
        return False
    names = seen[1]
    return names is None or PyObject_GenericGetDict(x, cython.NULL) is names


@cython.cfunc
def _is_same_slot(x: object, seen: tuple) -> cython.bint:
    try:
        return seen[0].__get__(x) is seen[1]
    except AttributeError:
        return False


@cython.cfunc
def _is_same_array(x: object, seen: tuple) -> cython.bint:
    if not _knows_arrays():
        return False
    dtype, shape, content = seen
    array: cython.pointer(Array) = cython.cast(
        cython.pointer(Array), cython.cast(cython.pointer(PyObject), x)
    )
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(shape)
    in_a_row: cython.longlong = 0x101  # NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_ALIGNED
    if array.nd != n or array.descr != cython.cast(cython.pointer(PyObject), dtype):
        return False
    for i in range(n):
        length: cython.Py_ssize_t = shape[i]
        if array.dimensions[i] != length:
            return False
    if content is None:
        return True
    if array.flags & in_a_row != in_a_row:
        return False
    taken: bytes = content
    held: cython.p_char = taken
    return memcmp(array.data, held, len(taken)) == 0


@cython.cfunc
@cython.inline
def _as_seen(native: Native) -> cython.bint:
    """Return whether all that is watched is as it was."""
    i: cython.Py_ssize_t
    _: cython.Py_ssize_t
    mark: cython.pointer(cython.pointer(PyObject)) = native._marks
    for _ in range(native._cells):
        if PyCell_GET(mark[0]) != mark[1]:
            return False
        mark += 2
    version: cython.longlong
    for i in range(native._names):
        version = AUTOGRAD_VERSION(mark[0])
        if version == 0 or native._versions[i] != version:
            if PyDict_GetItemWithError(mark[0], mark[1]) != mark[2]:
                return False
            native._versions[i] = version
        mark += 3
    for _ in range(native._functions):
        if PyFunction_GET_CODE(mark[0]) != mark[1]:
            return False
        if PyFunction_GET_DEFAULTS(mark[0]) != mark[2]:
            return False
        mark += 3
    return native._stamps is None or _as_stamped(native._stamps)


@cython.cfunc
@cython.inline
@cython.exceptval(-1)
def _run(routine: Routine, u: cython.p_double, out: cython.p_double) -> cython.bint:
    """Run machine code; return whether all results are right."""
    if routine.left == 0:
        return 0
    routine.left -= 1
    if not (routine.run(u, out, routine.data) and _are_finite(out, routine.outputs)):
        return 0
    return not (kept and is_kept())


@cython.cfunc
def _laid_out(
    x: object, parts: list, room: cython.p_double, place: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Lay out the floats of a list or tuple; return where they end.

    Return -1 if it is no list or tuple of such parts: its type, then None for each
    float and the parts of each list in it. Nothing of this runs Python, in which
    another thread might change a list.
    """
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(parts) - 1
    if type(x) is not parts[0] or PySequence_Fast_GET_SIZE(x) != n:
        return -1
    items: cython.pointer(cython.pointer(PyObject)) = PySequence_Fast_ITEMS(x)
    for i in range(n):
        item: object = cython.cast(object, items[i])
        part = parts[i + 1]
        if part is not None:
            place = _laid_out(item, part, room, place)
            if place < 0:
                return -1
        elif type(item) is float:
            room[place] = item
            place += 1
        else:
            return -1
    return place


@cython.cfunc
@cython.inline
def _has_shape(x: object, shape: tuple) -> cython.bint:
    """Return whether it is an array of doubles of this shape, laid out in a row.

    Asking an array in Python takes longer than what is to be computed of it; so its
    fields are read where all code compiled with NumPy's headers has them. That they are
    there is seen before (`_knows_arrays`).
    """
    if type(x) is not _ndarray:
        return False
    array: cython.pointer(Array) = cython.cast(
        cython.pointer(Array), cython.cast(cython.pointer(PyObject), x)
    )
    double: cython.pointer(PyObject) = cython.cast(cython.pointer(PyObject), _float64)
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(shape)
    in_a_row: cython.longlong = 0x101  # NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_ALIGNED
    if array.nd != n or array.flags & in_a_row != in_a_row:
        return False
    if array.descr != double and x.dtype != _float64:  # one that was pickled is equal
        return False
    for i in range(n):
        length: cython.Py_ssize_t = shape[i]
        if array.dimensions[i] != length:
            return False
    return True


@cython.cfunc
def _is_strided(x: object) -> cython.bint:
    """Return whether it is an array of doubles that a copy would lay out in a row."""
    if type(x) is not _ndarray:
        return False
    array: cython.pointer(Array) = cython.cast(
        cython.pointer(Array), cython.cast(cython.pointer(PyObject), x)
    )
    double: cython.pointer(PyObject) = cython.cast(cython.pointer(PyObject), _float64)
    in_a_row: cython.longlong = 0x101  # as above
    return array.flags & in_a_row != in_a_row and array.descr == double


@cython.cfunc
def _any_is_strided(args: tuple) -> cython.bint:
    for x in args:
        if _is_strided(x):
            return True
    return False


def address_of(x: object) -> object:
    """Return where an array of numbers has them: asking it takes a microsecond."""
    if not _knows_arrays() or type(x) is not _ndarray:
        return x.ctypes.data
    array: cython.pointer(Array) = cython.cast(
        cython.pointer(Array), cython.cast(cython.pointer(PyObject), x)
    )
    data: uintptr_t = cython.cast(uintptr_t, array.data)
    return data


_ndarray: Any = None
_float64: Any = None
_empty: Any = None
_checked: list = []


def _knows_arrays() -> bool:
    """Return whether NumPy's arrays are as this file takes them to be."""
    global _ndarray, _float64, _empty  # NumPy is imported late
    if not _checked:
        import numpy as np

        _ndarray, _float64, _empty = np.ndarray, np.dtype(np.float64), np.empty
        probe = np.zeros((3, 5))
        array: cython.pointer(Array) = cython.cast(
            cython.pointer(Array), cython.cast(cython.pointer(PyObject), probe)
        )
        data: uintptr_t = cython.cast(uintptr_t, array.data)
        _checked.append(
            data == probe.ctypes.data
            and array.nd == 2
            and _has_shape(probe, (3, 5))
            and not _has_shape(probe, (5, 3))
            and not _has_shape(probe.T, (5, 3))
            and not _has_shape(probe.astype(np.float32), (3, 5))
        )
    return _checked[0]


@cython.cfunc
def _are_finite(results: cython.p_double, n: cython.Py_ssize_t) -> cython.bint:
    """Return whether there is no infinity and no NaN; without branches, for speed."""
    words: cython.p_longlong = cython.cast(cython.p_longlong, results)
    exponent: cython.longlong = 0x7FF0000000000000
    bad: cython.longlong = 0
    i: cython.Py_ssize_t
    for i in range(n):
        bad |= words[i] & exponent == exponent
    return not bad


@cython.cfunc
def _take(routine: Routine) -> cython.p_double:
    """Return memory: what is kept, unless a call is working on it."""
    if routine.room != cython.NULL and not routine.busy:
        routine.busy = True
        return routine.room
    size: cython.size_t = routine.memory + routine.outputs
    room: cython.p_double = cython.cast(
        cython.p_double, PyMem_Malloc(size * cython.sizeof(cython.double))
    )
    if not room:
        raise MemoryError
    if routine.room == cython.NULL:
        routine.room = room
        routine.busy = True
    return room


@cython.cfunc
def _give(routine: Routine, room: cython.p_double) -> object:
    if room == routine.room:
        routine.busy = False
    else:
        PyMem_Free(room)


@cython.cfunc
def _made(form: object, results: cython.pointer(cython.p_double)) -> object:
    """Return the next results in a form; move on past them."""
    if form is None:
        x: cython.double = results[0][0]
        results[0] += 1
        return x
    i: cython.Py_ssize_t
    if type(form) is tuple:
        parts: tuple = form
        if len(parts) and parts[0] is list:
            return [_made(parts[i], results) for i in range(1, len(parts))]
        found: tuple = PyTuple_New(len(parts))  # by way of a list takes twice as long
        for i in range(len(parts)):
            part = _made(parts[i], results)
            Py_INCREF(part)  # which the tuple takes over
            PyTuple_SET_ITEM(found, i, part)
        return found
    size: cython.Py_ssize_t = 1
    for length in form:
        size *= length
    new = _empty(form)
    array: cython.pointer(Array) = cython.cast(
        cython.pointer(Array), cython.cast(cython.pointer(PyObject), new)
    )
    memcpy(array.data, results[0], size * cython.sizeof(cython.double))
    results[0] += size
    return new
