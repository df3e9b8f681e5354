"""Stand in for the ``cython`` module where Cython is not installed.

The engine is compiled by Cython in pure Python mode, that is, its directions to the
compiler are decorators and annotations of ordinary Python. Cython's own ``cython``
module makes them do nothing when the source is run as it stands; this one does the
same for the few names the engine uses, so that Cython is needed to build and never to
run. A name that is missing here raises AttributeError: add it, do not catch it.

The idea is fontTools' (``fontTools.misc.cython``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

compiled = False

# C types stand in annotations, which nobody evaluates, and in calls of `declare` and
# `cast`, which ignore them: any object will do.
bint = double = longlong = size_t = void = Py_ssize_t = p_double = object
p_char = p_longlong = p_void = object
NULL = None


def declare(_: object = None, value: Any = None, **__: object) -> Any:
    """Return ``value``: its C type matters to the compiler only."""
    return value


def cast(_: object, value: T) -> T:
    """Return ``value``: its C type matters to the compiler only."""
    return value


def address(thing: T) -> T:
    """Return ``thing``: only C code asks where a thing is."""
    return thing


def cclass(thing: T) -> T:
    """Return what is decorated, unchanged."""
    return thing


cfunc = final = inline = no_gc = with_gil = cclass


def exceptval(*_: object, **__: object) -> Callable[[T], T]:
    """Return a decorator that changes nothing."""
    return cclass


def pointer(_: object) -> type:
    """Return what stands for the C type of a pointer to another one."""
    return object


def sizeof(_: object) -> int:
    """Return 1, as Cython's own module does: there are no bytes to count."""
    return 1
