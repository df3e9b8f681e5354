"""Native: a function of floats in machine code, called with little ceremony.

A compiled function of a few floats runs for tens of nanoseconds; asking Python what its
arguments are takes longer. So the commonest call, floats in and floats out, is answered
here, and this file is compiled by Cython like the engine. Interpreted, ctypes makes the
same call. All other calls are `Native.general`'s, which a subclass defines.

Machine code raises nothing. A call whose guards fail, or with a result that is not
finite, gives None here, and whoever called finds out why in Python.
"""
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: binding=True, embedsignature=True

from __future__ import annotations

import ctypes
import math
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython

if cython.compiled:
    from cython.cimports.autograd.compiler.native import Single
    from cython.cimports.cpython.buffer import (
        PyBUF_C_CONTIGUOUS,
        PyBUF_FORMAT,
        PyBuffer_Release,
        PyObject_GetBuffer,
    )
    from cython.cimports.cpython.mem import PyMem_Free, PyMem_Malloc
    from cython.cimports.libc.stdint import uintptr_t
    from cython.cimports.libc.string import memcpy

STACK = 64  # numbers that need no memory from the heap


@cython.cclass
class Native:
    """Call machine code with floats.

    A form says how results are returned: None is a number, a tuple is a tuple of forms.
    """

    def __init__(self) -> None:
        self.address = 0
        self._inputs = -1
        if not cython.compiled:
            self._busy = False

    def __dealloc__(self) -> None:
        PyMem_Free(self._room)

    def load(
        self,
        address: int,
        inputs: int,
        memory: int,
        outputs: int,
        form: object,
        arrays: object = None,
    ) -> None:
        """Take the address of a function, and the sizes of what it works on.

        Args:
            address: of ``int run(double *u, double *out)``.
            inputs: how many numbers ``u`` begins with.
            memory: how many it has room for.
            outputs: how many numbers are returned.
            form: how a call returns them.
            arrays: for calls with arrays of doubles: the shape of each argument, None
                for a float; for each input that is no float, its argument, and whether
                it is the address or the numbers; the type of arrays; what makes one
                for the results; and what reads the result of a call off it.

        """
        self._arrays = None
        self._inputs = -1  # nobody is to meet the old function with the new sizes
        self._memory = max(memory, inputs, 1)
        self._outputs = outputs
        self._form = form
        self.address = address
        if cython.compiled:
            if not self._busy:  # else the call that works on it will free it
                PyMem_Free(self._room)
            self._room = cython.NULL
            self._busy = False
            self._run = cython.cast(Single, cython.cast(uintptr_t, address))
        else:
            pointer = ctypes.POINTER(ctypes.c_double)
            self._run = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)(address)
            # In one piece: another thread may be in the middle of a call.
            self._loaded = self._run, inputs, self._memory, outputs, form
        if arrays is None:
            self._inputs = inputs
        elif cython.compiled:
            self._arrays = arrays

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        if self._inputs == len(args) and not kwargs:
            found = self._call(args, True)
            if found is not None:
                return found
        elif cython.compiled and self._arrays is not None and not kwargs:
            found = self._call_with_arrays(args)
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
        """Compute from floats and arrays into an array; return whether all is right.

        Args:
            floats: the first inputs.
            sources: for the inputs that follow, arrays of doubles laid out in a row,
                each with "numbers", if its numbers are inputs, or "address".
            out: an array of as many doubles as there are outputs.

        """
        if not cython.compiled:
            u = (ctypes.c_double * self._memory)(*floats)
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
            return bool(self._run(u, target)) and all(map(math.isfinite, out.tolist()))
        i: cython.Py_ssize_t
        place: cython.Py_ssize_t = len(floats)
        count: cython.Py_ssize_t
        room: cython.p_double = _take(self)
        memory: cython.double[::1]
        words_: cython.p_longlong = cython.cast(cython.p_longlong, room)
        results: cython.double[::1] = out
        try:
            for i in range(place):
                room[i] = floats[i]
            for array, kind in sources:
                memory = array
                count = memory.shape[0]
                if kind == "address":
                    start: uintptr_t = cython.cast(uintptr_t, cython.address(memory[0]))
                    words_[place] = start
                    place += 1
                else:
                    for i in range(count):
                        room[place + i] = memory[i]
                    place += count
            if not self._run(room, cython.address(results[0])):
                return False
            for i in range(self._outputs):
                if results[i] - results[i] != 0.0:
                    return False
            return True
        finally:
            _give(self, room)

    @cython.cfunc
    def _call(self, args: tuple, formed: cython.bint) -> object:
        i: cython.Py_ssize_t
        n: cython.Py_ssize_t = len(args)
        for i in range(n):
            if type(args[i]) is not float:
                return None
        if not cython.compiled:
            run, inputs, memory, count, form = self._loaded
            if n != inputs:
                return None
            u = (ctypes.c_double * memory)(*args)
            out = (ctypes.c_double * count)()
            if not run(u, out) or not all(map(math.isfinite, out)):
                return None
            return _formed(form, iter(out)) if formed else list(out)
        # The code may call back into Python, and a thread load another function then.
        outputs: cython.Py_ssize_t = self._outputs
        form_: object = self._form
        fixed: cython.double[64]
        room: cython.p_double = fixed
        if self._memory + self._outputs > STACK:
            room = _take(self)
        results: cython.p_double = room + self._memory
        try:
            for i in range(n):
                room[i] = args[i]
            if not self._run(room, results):
                return None
            for i in range(outputs):
                if results[i] - results[i] != 0.0:
                    return None
            if not formed:
                return [results[i] for i in range(outputs)]
            if form_ is None:
                return results[0]
            i = 0
            return _tuple(form_, results, cython.address(i))
        finally:
            if room != fixed:
                _give(self, room)

    @cython.cfunc
    def _call_with_arrays(self, args: tuple) -> object:
        shapes: tuple
        sources: tuple
        shapes, sources, kind, make, read = self._arrays
        if len(args) != len(shapes):
            return None
        for arg, shape in zip(args, shapes):  # noqa: B905 - Cython makes this a loop
            if shape is None:
                if type(arg) is not float:
                    return None
            elif type(arg) is not kind or arg.shape != shape:
                return None
        view: Py_buffer
        place: cython.Py_ssize_t = 0
        room: cython.p_double = _take(self)
        words: cython.p_longlong = cython.cast(cython.p_longlong, room)
        try:
            for arg in args:
                if type(arg) is float:
                    room[place] = arg
                    place += 1
            for k, is_address in sources:
                flags: cython.Py_ssize_t = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT
                try:
                    PyObject_GetBuffer(args[k], cython.address(view), flags)
                except (BufferError, ValueError):  # its numbers are not in a row
                    return None
                # "d": a double
                fits: cython.bint = view.format[0] == 100 and view.format[1] == 0
                if not fits:
                    pass
                elif is_address:
                    start: uintptr_t = cython.cast(uintptr_t, view.buf)
                    words[place] = start
                    place += 1
                else:
                    memcpy(room + place, view.buf, view.len)
                    place += view.len // 8
                PyBuffer_Release(cython.address(view))
                if not fits:
                    return None
            out = make(self._outputs)
            results: cython.double[::1] = out
            if not self._run(room, cython.address(results[0])):
                return None
            for i in range(self._outputs):
                if results[i] - results[i] != 0.0:
                    return None
        except (BufferError, ValueError):
            return None  # an array that is not in a row
        finally:
            _give(self, room)
        return read(out)


@cython.cfunc
def _take(native: Native) -> cython.p_double:
    """Return memory: what is kept, unless a call is working on it."""
    if native._room != cython.NULL and not native._busy:
        native._busy = True
        return native._room
    size: cython.size_t = native._memory + native._outputs
    room: cython.p_double = cython.cast(
        cython.p_double, PyMem_Malloc(size * cython.sizeof(cython.double))
    )
    if not room:
        raise MemoryError
    if native._room == cython.NULL:
        native._room = room
        native._busy = True
    return room


@cython.cfunc
def _give(native: Native, room: cython.p_double) -> object:
    if room == native._room:
        native._busy = False
    else:
        PyMem_Free(room)


@cython.cfunc
def _tuple(
    form: tuple, results: cython.p_double, at: cython.pointer(cython.Py_ssize_t)
) -> tuple:
    """Return the next results, in a form that is a tuple."""
    made: list = []
    for part in form:
        if part is None:
            made.append(results[at[0]])
            at[0] += 1
        else:
            made.append(_tuple(part, results, at))
    return tuple(made)


def _formed(form: Any, results: Any) -> Any:
    if form is None:
        return next(results)
    return tuple([_formed(part, results) for part in form])
