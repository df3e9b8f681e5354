# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
# cython: cdivision=True, binding=True, embedsignature=True
"""ints: whole numbers in C, appended one by one.

Code of millions of instructions is written number by number: so this file is compiled
by Cython like the engine, and a number takes 8 bytes.
"""

from __future__ import annotations

import struct

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

if cython.compiled:
    from cython.cimports.autograd.value import integers
    from cython.cimports.cpython.mem import PyMem_Free, PyMem_Realloc
else:
    from autograd.value import integers


@cython.final
@cython.cclass
class Ints:
    """Ints that are appended one by one."""

    def __cinit__(self) -> None:
        self.size = 0
        self.room = 1024
        self.at = integers(self.room)

    def __dealloc__(self) -> None:
        PyMem_Free(self.at)

    @cython.cfunc
    @cython.inline
    @cython.exceptval(-1)
    def append(self, x: cython.longlong) -> cython.bint:
        """Append an int."""
        if self.size == self.room:
            self.grow()
        self.at[self.size] = x
        self.size += 1
        return False

    @cython.cfunc
    @cython.exceptval(-1)
    def grow(self) -> cython.bint:
        """Take twice the room."""
        self.room *= 2
        if not cython.compiled:
            self.at += [0] * self.size
            return False
        more = cython.cast(
            cython.p_longlong,
            PyMem_Realloc(self.at, self.room * cython.sizeof(cython.longlong)),
        )
        if not more:
            raise MemoryError
        self.at = more
        return False


if not cython.compiled:
    Ints.__init__ = Ints.__cinit__  # type: ignore[method-assign]


@cython.cfunc
def ints_of(packed: bytes) -> Ints:
    """Return the ints that bytes are."""
    found = Ints()
    i: cython.Py_ssize_t
    n: cython.Py_ssize_t = len(packed) // 8
    if not cython.compiled:
        found.at = list(struct.unpack(f"{n}q", packed))
        found.size = found.room = n
        return found
    at = cython.cast(cython.p_longlong, cython.cast(cython.p_char, packed))
    if n > found.room:
        more = integers(n)
        PyMem_Free(found.at)
        found.at = more
        found.room = n
    for i in range(n):
        found.at[i] = at[i]
    found.size = n
    return found


@cython.cfunc
def packed(ints: Ints) -> bytes:
    """Return ints as bytes."""
    if not cython.compiled:
        return struct.pack(f"{ints.size}q", *ints.at[: ints.size])
    return cython.cast(cython.p_char, ints.at)[: 8 * ints.size]
