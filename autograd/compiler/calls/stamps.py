"""Stamps: what things that can change in place held when they were looked at.

To read the content of an object takes microseconds, machine code nanoseconds. So what
was read is stamped: each list, dict, object and array in it, with the very things that
it held, and each array with its bytes. As long as all of them hold these same things
the content is the same, and one look tells (`native.as_stamped`). If one is different
the content may still be equal, and is read.

What is not known to hold all that it has in its items, attributes and slots has no
stamps, and is read in every call.
"""

from __future__ import annotations

import types
from typing import Any

from autograd.compiler.calls.kinds import (
    PLAIN,
    attributes_of,
    is_fixed,
    is_unchanging,
)
from autograd.compiler.calls.native import ARRAY, DICT, LIST, OBJECT, SLOT
from autograd.primitives import Primitive

LARGEST = 1 << 22  # bytes of an array that are kept to compare it with


class Unstamped(Exception):  # noqa: N818 - it is caught here, and no error
    """Something has no stamps."""


def stamps_of(thing: Any, mapped: dict[int, Any]) -> tuple[Any, ...] | None:
    """Return the stamps of all that a thing holds, None if something has none.

    Args:
        thing: what is looked at.
        mapped: arrays of which only the shapes count, by id.

    Returns:
        Triples: how to look, at what, and what was there; see `native.as_stamped`.

    """
    found: list[Any] = []
    try:
        _stamp(thing, mapped, found, set())
    except Unstamped:
        return None
    return tuple(found)


def _stamp(thing: Any, mapped: dict[int, Any], found: list[Any], seen: set[int]) -> Any:
    kind = type(thing)
    if kind in PLAIN or id(thing) in seen or is_unchanging(kind):
        return
    seen.add(id(thing))
    held: list[Any] = []
    if kind is tuple:
        held = [*thing]
    elif issubclass(kind, tuple) and not kind.__dictoffset__:  # as named tuples are
        held = [*tuple.__iter__(thing)]
        found += (OBJECT, thing, (kind, None))
    elif kind is list:
        held = thing[:]
        found += (LIST, thing, tuple(held))
    elif kind is dict:
        held = _stamp_dict(thing, found)
    elif is_fixed(thing) and not isinstance(thing, Primitive):
        owner = getattr(thing, "__self__", None)
        held = [] if isinstance(owner, types.ModuleType) else [owner]
    elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        _stamp_array(thing, mapped, found)
    else:
        held = _stamp_object(thing, found)
    for item in held:
        _stamp(item, mapped, found, seen)


def _stamp_dict(thing: dict[Any, Any], found: list[Any]) -> list[Any]:
    held = [x for pair in thing.items() for x in pair]
    found += (DICT, thing, tuple(held))
    return held


def _stamp_array(thing: Any, mapped: dict[int, Any], found: list[Any]) -> None:
    if id(thing) in mapped:
        found += (ARRAY, thing, (thing.dtype, thing.shape, None))
        return
    in_a_row = thing.flags.c_contiguous and thing.flags.aligned
    if thing.dtype.hasobject or not in_a_row or thing.nbytes > LARGEST:
        raise Unstamped
    found += (ARRAY, thing, (thing.dtype, thing.shape, thing.tobytes()))


def _stamp_object(thing: Any, found: list[Any]) -> list[Any]:
    kind = type(thing)
    slots = attributes_of(kind)
    if slots is None:
        raise Unstamped
    names = getattr(thing, "__dict__", None)
    if names is not None and type(names) is not dict:
        raise Unstamped
    found += (OBJECT, thing, (kind, names))
    held = [] if names is None else _stamp_dict(names, found)
    for _, slot in slots:
        try:
            item = slot.__get__(thing)
        except AttributeError:  # nothing is in it yet
            raise Unstamped from None
        found += (SLOT, thing, (slot, item))
        held.append(item)
    return held
