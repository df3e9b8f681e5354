"""Kinds: how the content of each kind of thing is read; see `content`.

What is known of a class is found once: whether its objects are compared by reference,
or are a container, an array, or their attributes and slots and nothing besides.
"""

from __future__ import annotations

import enum
import functools
import marshal
import sys
import types
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary

from autograd.compiler.calls.reads import is_library
from autograd.primitives import Primitive
from autograd.primitives.row import MARKS
from autograd.value import Value

PLAIN = frozenset({int, float, str, bool, bytes, type(None)})
# Compared by reference: they do not change, or nothing that is recorded depends on it.
FIXED = (
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.CodeType,
    types.ModuleType,
    types.EllipsisType,
    types.NotImplementedType,
    enum.Enum,
    Value,
)
FIXED_NAMES = frozenset(
    {
        ("numpy", "ufunc"),
        ("re", "Pattern"),
        ("_thread", "lock"),
        ("_thread", "RLock"),
        ("_io", "TextIOWrapper"),
        ("logging", "Logger"),
        ("logging", "RootLogger"),
        ("collections", "_tuplegetter"),
        ("_collections", "_tuplegetter"),
        ("_abc", "_abc_data"),
    }
)
# Functions that Cython compiled, whichever version of it, and whose of them hold no
# more than code and the function that they wrap.
FUNCTIONS = frozenset({"cython_function_or_method", "fused_cython_function"})
OURS_AND_SCIENCE = frozenset({"autograd", "nn", "numpy", "scipy", "pandas"})
# They cannot change themselves, but hold what can.
STEADY = (
    staticmethod,
    classmethod,
    property,
    functools.partial,
    types.MethodType,
    Primitive,
)
# The modules whose classes write all that they hold in their repr, and cannot change.
WRITTEN = frozenset({"decimal", "fractions", "datetime", "uuid", "zoneinfo"})

# How a thing is read: takes a Reader and the thing.
How = Callable[[Any, Any], Any]


class Same:
    """A thing that is compared by identity, and kept alive."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


_known: WeakKeyDictionary[type, How] = WeakKeyDictionary()


def how(kind: type) -> How:
    """Return what reads the things of a class."""
    found = _known.get(kind)
    if found is None:
        found = _known[kind] = _by_reference(kind) or _in_parts(kind)
    return found


# Of the classes whose objects are their attributes and slots and no more: the slots.
_slots_of: WeakKeyDictionary[type, list[tuple[str, Any]]] = WeakKeyDictionary()


def attributes_of(kind: type) -> list[tuple[str, Any]] | None:
    """Return the slots of a class whose objects hold attributes, slots and no more.

    None for any other class.
    """
    how(kind)
    return _slots_of.get(kind)


def is_unchanging(kind: type) -> bool:
    """Return whether the objects of a class hold nothing that can change.

    The methods and attributes of a class are looked at by name.
    """
    if how(kind) in {_written, _class}:
        return True
    np = sys.modules.get("numpy")
    if np is None or kind.__module__ != "numpy":
        return False
    return issubclass(kind, np.generic) and not issubclass(kind, np.void)


def is_fixed(thing: Any) -> bool:
    """Return whether a thing is compared by reference, and held."""
    if isinstance(thing, Primitive):
        return thing.in_table or thing in MARKS
    return how(type(thing)) is _fixed


def _by_reference(kind: type) -> How | None:
    """Return what reads that which is code, or cannot change."""
    if issubclass(kind, types.FunctionType):
        return lambda reader, thing: reader.function(thing)
    if issubclass(kind, FIXED) or (kind.__module__, kind.__name__) in FIXED_NAMES:
        return _fixed
    if issubclass(kind, Primitive):
        return _primitive
    return _class if issubclass(kind, type) else None


def _in_parts(kind: type) -> How:
    """Return what reads that which holds something."""
    if hasattr(kind, "__structure__"):
        return lambda reader, thing: (kind, reader.structure(thing))
    if kind in OTHERS:
        read = OTHERS[kind]
        return lambda reader, thing: (kind, read(reader, thing))
    library = kind.__module__.partition(".")[0]
    if library in WRITTEN and is_library(kind):
        return _written
    if library == "pandas" and hasattr(kind, "to_numpy"):
        return _frame
    return _numpys(kind) or _objects(kind)


def _fixed(reader: Any, thing: Any) -> Any:
    owner = getattr(thing, "__self__", None)
    if isinstance(owner, (types.ModuleType, type, types.NoneType)):
        return Same(thing)
    return "method", thing.__name__, reader.read(owner)


def _primitive(reader: Any, thing: Any) -> Any:
    """Return what a primitive's partials read; its value is computed in every call.

    The partials of the table's rows read nothing, and are C functions where compiled.
    """
    if is_fixed(thing):
        return Same(thing)
    return Same(thing), tuple(map(reader.found, thing.partials))


def _class(reader: Any, thing: Any) -> Any:
    reader.classes[thing] = None
    if type(thing) is not type:
        reader.classes[type(thing)] = None
    return Same(thing)


def _objects(kind: type) -> How:
    """Return what reads objects: their base, their attributes and their slots.

    One that holds more than these, of which Python does not know, is refused.
    """
    base = next((b for b in BASES if issubclass(kind, b)), None)
    slots = _slots(kind)
    size = object.__basicsize__ if base is None else base.__basicsize__
    size += 8 * (len(slots) + (kind.__dictoffset__ > 0))
    size += 8 * (kind.__weakrefoffset__ > 0)
    if kind.__basicsize__ > size and kind is not base:
        return _unreadable
    if base is not None and kind is base:
        of_base = BASES[base]
        return lambda reader, thing: (kind, of_base(reader, thing))

    if base is None:
        _slots_of[kind] = slots

    def read(reader: Any, thing: Any) -> Any:
        reader.classes[kind] = None
        parts: list[Any] = [kind]
        if base is not None:
            parts.append(BASES[base](reader, thing))
        held = getattr(thing, "__dict__", None)
        if isinstance(held, dict) and held:
            skipped = reader.skipped.get(id(held))
            if skipped:
                held = {k: x for k, x in held.items() if k not in skipped}
            parts += (tuple(held), _items(reader, held.values()))
        parts += _in_slots(reader, thing, slots)
        return tuple(parts)

    return read


def _unreadable(reader: Any, thing: Any) -> Any:
    if hasattr(thing, "__wrapped__"):
        return Same(thing), reader.found(thing.__wrapped__)
    home = str(getattr(thing, "__module__", None)).partition(".")[0]
    if type(thing).__name__ in FUNCTIONS and home in OURS_AND_SCIENCE:
        return Same(thing)
    return reader.unreadable(thing)


def _slots(kind: type) -> list[tuple[str, Any]]:
    return [
        (name, slot)
        for base in kind.__mro__
        if "__slots__" in vars(base)
        for name, slot in vars(base).items()
        if isinstance(slot, types.MemberDescriptorType)
    ]


def _in_slots(reader: Any, thing: Any, slots: list[tuple[str, Any]]) -> list[Any]:
    parts: list[Any] = []
    for name, slot in slots:
        if name in reader.skipped.get(id(thing), ()):
            continue
        try:
            parts.append((name, reader.read(slot.__get__(thing))))
        except AttributeError:
            parts.append((name, "nothing yet"))
    return parts


def _items(reader: Any, things: Any) -> Any:
    items = tuple(things)
    if PLAIN.issuperset(map(type, items)):
        return marshal.dumps(items, 2)
    return tuple([reader.read(item) for item in items])


def _list(reader: Any, thing: Any) -> Any:
    if id(thing) in reader.skipped:
        return "its own"
    return _items(reader, list.__iter__(thing))


def _tuple(reader: Any, thing: Any) -> Any:
    return _items(reader, tuple.__iter__(thing))


def _dict(reader: Any, thing: Any) -> Any:
    if id(thing) in reader.skipped:
        own = reader.skipped[id(thing)]
        thing = {k: x for k, x in thing.items() if k not in own}
    return (
        _items(reader, dict.keys(thing)),
        _items(reader, dict.values(thing)),
        reader.read(getattr(thing, "default_factory", None)),
    )


def _ordered(reader: Any, thing: Any) -> Any:
    keys = tuple(thing)  # whose order a dict's own methods do not tell
    return _items(reader, keys), _items(reader, [thing[key] for key in keys])


def _deque(reader: Any, thing: Any) -> Any:
    return thing.maxlen, _items(reader, thing)


def _buffer(_reader: Any, thing: Any) -> Any:
    view = memoryview(thing)
    return view.format, view.shape, view.tobytes()


def _partial(reader: Any, thing: Any) -> Any:
    parts = thing.func, *thing.args, thing.keywords
    return tuple([reader.found(part) for part in parts])


def _written(_reader: Any, thing: Any) -> Any:
    return type(thing), repr(thing)


def _bases() -> dict[type, How]:
    """Return the types that hold more than attributes, and how that is read.

    A subclass comes before its base.
    """
    from array import array
    from collections import OrderedDict, defaultdict, deque

    return {
        list: _list,
        tuple: _tuple,
        OrderedDict: _ordered,
        defaultdict: _dict,
        dict: _dict,
        set: _items,
        frozenset: _items,
        deque: _deque,
        bytearray: _buffer,
        array: _buffer,
        memoryview: _buffer,
        functools.partial: _partial,
        float: lambda reader, thing: reader.read(float.__float__(thing)),
        int: lambda reader, thing: reader.read(int.__int__(thing)),
        str: lambda reader, thing: reader.read(str.__str__(thing)),
        bytes: lambda reader, thing: reader.read(bytes(memoryview(thing))),
        complex: lambda _, thing: complex.__repr__(thing),
    }


BASES = _bases()
OTHERS: dict[type, How] = {
    ContextVar: lambda reader, x: (Same(x), reader.read(x.get(None))),
    ReferenceType: lambda reader, x: (Same(x), reader.read(x())),
    complex: _written,
    range: _written,
    object: lambda _, thing: Same(thing),  # a sentinel
    slice: lambda reader, x: (slice, *map(reader.read, (x.start, x.stop, x.step))),
    types.MethodType: lambda reader, x: (
        reader.found(x.__func__),
        reader.found(x.__self__),
    ),
    types.MappingProxyType: lambda reader, x: ("proxy", _dict(reader, dict(x))),
    staticmethod: lambda reader, x: ("static", reader.found(x.__func__)),
    classmethod: lambda reader, x: ("class", reader.found(x.__func__)),
    property: lambda reader, x: (
        "property",
        *map(reader.found, (x.fget, x.fset, x.fdel)),
    ),
}


def _numpys(kind: type) -> How | None:
    """Return what reads NumPy's arrays, scalars and dtypes; None for other classes."""
    np = sys.modules.get("numpy")
    if np is None:
        return None
    if issubclass(kind, np.dtype):
        return _written
    if issubclass(kind, np.generic):
        return lambda _, thing: (kind, thing.dtype.str, thing.tobytes())
    return _array if issubclass(kind, np.ndarray) else None


def _array(reader: Any, thing: Any) -> Any:
    import numpy as np

    form = (type(thing), thing.dtype.str, thing.shape)
    if id(thing) in reader.mapped:
        return (*form, Same(thing))
    numbers: Any
    if thing.dtype.hasobject:
        numbers = tuple([reader.read(x) for x in thing.ravel().tolist()])
    else:
        numbers = np.asarray(thing).tobytes()
    held = getattr(thing, "__dict__", None)
    return (*form, numbers, reader.read(held) if held else None)


def _frame(reader: Any, thing: Any) -> Any:
    """Return the content of a pandas frame, series or index."""
    parts = [getattr(thing, name, None) for name in ("name", "index", "columns")]
    if hasattr(thing, "columns"):
        columns = [thing.iloc[:, k].to_numpy() for k in range(len(thing.columns))]
    else:
        columns, parts = [thing.to_numpy()], parts[:2]
    parts.append(getattr(thing, "attrs", None) or None)
    return type(thing), *[reader.read(part) for part in (*parts, *columns)]
