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
from operator import is_not
from typing import Any

from autograd.compiler.calls.kinds import (
    PLAIN,
    attributes_of,
    is_fixed,
    is_unchanging,
)
from autograd.compiler.calls.native import ARRAY, DICT, LIST, NAMES, OBJECT, SLOT
from autograd.primitives import Primitive

ALL = object()  # of a list that a function itself changes
LARGEST = 1 << 22  # bytes of an array that are kept to compare it with


class Unstamped(Exception):  # noqa: N818 - it is caught here, and no error
    """Something has no stamps."""


def stamps_of(
    thing: Any, mapped: dict[int, Any], skipped: dict[int, Any]
) -> tuple[Any, ...] | None:
    """Return the stamps of all that a thing holds, None if something has none.

    Args:
        thing: what is looked at.
        mapped: arrays of which only the shapes count, by id.
        skipped: attributes that do not count, by the id of an object's dict.

    Returns:
        Triples: how to look, at what, and what was there; see `native.as_stamped`.

    """
    found: list[Any] = []
    try:
        _stamp(thing, (mapped, skipped), found, set())
    except Unstamped:
        return None
    return tuple(found)


def changed_in(before: Any, after: Any) -> list[tuple[Any, set[Any]]]:
    """Return what is another in later stamps of one thing.

    Returns:
        Dicts, each with the keys whose values are others; lists, with `ALL`; and
        objects with the names of slots.

    """
    seen = {_key(*stamp): stamp[2] for stamp in _triples(before or ())}
    found: list[tuple[Any, set[Any]]] = []
    for how, thing, held in _triples(after or ()):
        was = seen.get(_key(how, thing, held))
        if was is None:
            continue
        if how in {DICT, NAMES}:
            old, new = dict(_pairs(was)), dict(_pairs(held))
            names = {k for k, x in new.items() if k not in old or old[k] is not x}
            if names:
                found.append((thing, names))
        elif how == LIST and (len(was) != len(held) or any(map(is_not, was, held))):
            found.append((thing, {ALL}))
        elif how == SLOT and was[1] is not held[1]:
            found.append((thing, {held[0].__name__}))
    return found


def _key(how: int, thing: Any, held: Any) -> Any:
    return how in {DICT, NAMES}, id(thing), held[0] if how == SLOT else None


def _triples(stamps: Any) -> Any:
    return zip(stamps[::3], stamps[1::3], stamps[2::3], strict=True)


def _pairs(items: Any) -> Any:
    return zip(items[::2], items[1::2], strict=True)


def _stamp(thing: Any, besides: Any, found: list[Any], seen: set[int]) -> None:
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
        if id(thing) in besides[1]:
            return
        held = thing[:]
        found += (LIST, thing, tuple(held))
    elif kind is dict:
        held = _stamp_dict(thing, besides[1], found)
    elif is_fixed(thing) and not isinstance(thing, Primitive):
        owner = getattr(thing, "__self__", None)
        held = [] if isinstance(owner, types.ModuleType) else [owner]
    elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        _stamp_array(thing, besides[0], found)
    else:
        held = _stamp_object(thing, besides[1], found)
    for item in held:
        _stamp(item, besides, found, seen)


def _stamp_dict(
    thing: dict[Any, Any], skipped: dict[int, Any], found: list[Any]
) -> list[Any]:
    own = skipped.get(id(thing), ())
    held = [x for k, y in thing.items() if k not in own for x in (k, y)]
    found += (NAMES if own else DICT, thing, tuple(held))
    return held


def _stamp_array(thing: Any, mapped: dict[int, Any], found: list[Any]) -> None:
    if id(thing) in mapped:
        found += (ARRAY, thing, (thing.dtype, thing.shape, None))
        return
    in_a_row = thing.flags.c_contiguous and thing.flags.aligned
    if thing.dtype.hasobject or not in_a_row or thing.nbytes > LARGEST:
        raise Unstamped
    found += (ARRAY, thing, (thing.dtype, thing.shape, thing.tobytes()))


def _stamp_object(thing: Any, skipped: dict[int, Any], found: list[Any]) -> list[Any]:
    kind = type(thing)
    slots = attributes_of(kind)
    if slots is None:
        raise Unstamped
    names = getattr(thing, "__dict__", None)
    if names is not None and type(names) is not dict:
        raise Unstamped
    found += (OBJECT, thing, (kind, names))
    held = [] if names is None else _stamp_dict(names, skipped, found)
    for name, slot in slots:
        if name in skipped.get(id(thing), ()):
            continue
        try:
            item = slot.__get__(thing)
        except AttributeError:  # nothing is in it yet
            raise Unstamped from None
        found += (SLOT, thing, (slot, item))
        held.append(item)
    return held
