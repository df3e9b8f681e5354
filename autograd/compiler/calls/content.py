"""Content: what a thing holds, as something hashable to compare it by.

A recording takes over what a function reads besides its numbers: a list's items, an
object's attributes, a function's globals. Two things of equal content give the same
recording, a fresh equal object needs no new one, and a change in place is seen.

- Plain data (ints, strings, floats to the bit) is itself.
- Containers, arrays and objects are what is in them: items, attributes, slots.
- What cannot change, and what has no content to change (a builtin function, a module,
  a lock), is itself by reference, and held.
- A Python function is its code, its defaults and all that its code reads by name.
- A class may say what counts: ``__structure__(self, read)`` returns something hashable,
  made of what ``read`` returns for its parts. A module of `nn` has ``structure()``.
- All else (an iterator, an object of an extension type) raises: whoever depends on it
  runs as it stands.

What libraries keep in their own globals is not read, nor is what a function reaches by
a computed name. `autograd.compiler.calls.surroundings` compares all of it at each call.
"""

from __future__ import annotations

import enum
import functools
import marshal
import sys
import types
from collections.abc import Callable
from typing import Any

from autograd.compiler.calls.reads import is_library, names_in, stored_cells
from autograd.compiler.element import EagerlyError
from autograd.primitives import TABLE, Primitive
from autograd.value import Value

LIMIT = 50_000  # things that one reading looks at

MSG_UNREADABLE = (
    "it depends on {0!r} (of type {1}), and whether that changes between calls cannot "
    "be told: an iterator, a file or an object of an extension type"
)
MSG_TOO_MUCH = (
    "it depends on more than {0:,} things, too many to look at in every call: pass "
    "what it needs as an argument, in arrays"
)

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
        ("_contextvars", "ContextVar"),
        ("weakref", "ReferenceType"),
        ("collections", "_tuplegetter"),
        ("_collections", "_tuplegetter"),
        ("_abc", "_abc_data"),
    }
)
# The modules whose classes write all that they hold in their repr, and cannot change.
WRITTEN = frozenset({"decimal", "fractions", "datetime", "uuid", "zoneinfo"})


class Same:
    """A thing that is only equal to itself, and is held."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


class Reader:
    """One reading of something, in which each thing is read once.

    Args:
        mapped: arrays that are read anew in every call, by id; only their shapes count.

    Attributes:
        classes: those of the objects that were met, whose methods count as well.

    """

    def __init__(self, mapped: dict[int, Any] | None = None) -> None:
        self.mapped = mapped or {}
        self.seen: dict[Any, int] = {}
        self.kept: list[Any] = []  # as long as it is here, nothing else has its id
        self.classes: dict[type, None] = {}

    def read(self, thing: Any) -> Any:
        """Return the content of a thing.

        Raises:
            EagerlyError: if it cannot be read.

        """
        kind = type(thing)
        if kind is float:
            return float, thing.hex()
        if kind in PLAIN:
            return kind, thing
        if kind is tuple and PLAIN.issuperset(map(type, thing)):
            return kind, marshal.dumps(thing, 2)  # floats are one if their bits are
        number = self.seen.get(id(thing))
        if number is not None:
            return "again", number
        self.seen[id(thing)] = len(self.seen)
        self.kept.append(thing)
        if len(self.kept) > LIMIT:
            raise EagerlyError(MSG_TOO_MUCH.format(LIMIT))
        return self._read(thing, kind)

    def _read(self, thing: Any, kind: type) -> Any:
        if isinstance(thing, types.FunctionType):
            return self.function(thing)
        if is_fixed(thing, kind):
            owner = getattr(thing, "__self__", None)
            if isinstance(owner, (types.ModuleType, type, types.NoneType)):
                return Same(thing)
            return "method", thing.__name__, self.read(owner)
        if isinstance(thing, Primitive):  # its value is computed anew in every call
            return Same(thing), tuple(map(self.found, thing.partials))
        if isinstance(thing, type):
            self.classes[thing] = None
            return Same(thing)
        if _is_module(kind):
            return Same(thing), thing.structure()
        structure = getattr(kind, "__structure__", None)
        if structure is not None:
            return kind, structure(thing, self.found)
        read = OTHERS.get(kind)
        if read is not None:
            return kind, read(self, thing)
        found = self._of_library(thing, kind)
        return self._object(thing, kind) if found is None else found

    def _of_library(self, thing: Any, kind: type) -> Any:
        """Return the content of a thing of a library that is known here, or None."""
        library = kind.__module__.partition(".")[0]
        if library in WRITTEN and is_library(kind):
            return kind, repr(thing)
        if library == "pandas" and hasattr(thing, "to_numpy"):
            return kind, _frame(self, thing)
        if library == "numpy" or hasattr(thing, "dtype"):
            return _array(self, thing, kind)
        return None

    def _object(self, thing: Any, kind: type) -> Any:
        """Return the content of an object: of its base, its attributes and its slots.

        One that holds more than these, of which Python does not know, is refused.
        """
        base = next((b for b in BASES if isinstance(thing, b)), None)
        slots = _slots(kind)
        size = object.__basicsize__ if base is None else base.__basicsize__
        size += 8 * (len(slots) + (kind.__dictoffset__ > 0))
        size += 8 * (kind.__weakrefoffset__ > 0)
        if kind.__basicsize__ > size and kind is not base:
            if hasattr(thing, "__wrapped__"):
                return Same(thing), self.found(thing.__wrapped__)
            name = f"{kind.__module__}.{kind.__qualname__}"
            raise EagerlyError(MSG_UNREADABLE.format(thing, name))
        if kind is not base:
            self.classes[kind] = None
        parts: list[Any] = [kind]
        if base is not None:
            parts.append(BASES[base](self, thing))
        held = getattr(thing, "__dict__", None)
        if isinstance(held, dict) and held:
            parts += [(name, self.read(part)) for name, part in held.items()]
        for name, slot in slots:
            try:
                parts.append((name, self.read(slot.__get__(thing))))
            except AttributeError:
                parts.append((name, "nothing yet"))
        return tuple(parts)

    def function(self, f: Any) -> Any:
        """Return what a Python function does: its code, and all that this reads."""
        code = f.__code__
        library, globals_, attributes = names_in(code)
        if library:
            return Same(code), self._of_library_function(f)
        parts = [Same(code), self.in_function(f)]
        own = stored_cells(code) if f.__closure__ else ()
        for name, cell in zip(code.co_freevars, f.__closure__ or (), strict=True):
            if name in own:
                continue
            try:
                thing = cell.cell_contents
            except ValueError:  # it is not bound yet
                parts.append("nothing yet")
                continue
            part = self.in_cell(cell, thing)
            parts.append(self._attributes(thing, part, attributes))
        for names, wanted in ((f.__globals__, globals_), (f.__dict__, attributes)):
            there = [name for name in wanted if name in names]
            parts += [(name, self._named(names, name, attributes)) for name in there]
        return tuple(parts)

    def _of_library_function(self, f: Any) -> Any:
        """Return the content of what a library's function was made of: functions.

        They stay in its cells; what else is there is the library's own affair.
        """
        parts: list[Any] = [self.found(getattr(f, "__wrapped__", None))]
        parts += map(self.found, f.__defaults__ or ())
        for cell in f.__closure__ or ():
            try:
                thing = cell.cell_contents
            except ValueError:  # it is not bound yet
                thing = None
            of_caller = callable(thing) or type(thing) in PLAIN
            parts.append(self.found(thing) if of_caller else Same(cell))
        return tuple(parts)

    def _named(self, names: dict[str, Any], name: str, attributes: Any) -> Any:
        """Return the content of what stands under a name."""
        thing = names[name]
        part = self.in_names(names, name, thing)
        return self._attributes(thing, part, attributes)

    def _attributes(self, thing: Any, part: Any, attributes: Any) -> Any:
        """Return the content of a thing; of a module, of what code reads there."""
        if type(thing) is not types.ModuleType or is_library(thing):
            return part
        its = vars(thing)
        parts = []
        for name in attributes:
            key = (id(its), name)
            if name in its and key not in self.seen:
                self.seen[key] = len(self.seen)
                parts.append((name, self._named(its, name, attributes)))
        return part, tuple(parts)

    def found(self, thing: Any) -> Any:
        """Return the content of a thing that something steady holds."""
        return self.read(thing)

    def in_function(self, f: Any) -> Any:
        """Return the content of a function's defaults."""
        return self.read(f.__defaults__), self.read(f.__kwdefaults__)

    def in_cell(self, _cell: Any, thing: Any) -> Any:
        """Return the content of what a function's cell holds."""
        return self.read(thing)

    def in_names(self, _names: dict[str, Any], _name: str, thing: Any) -> Any:
        """Return the content of what stands under a name that a function reads."""
        return self.read(thing)


def _is_module(kind: type) -> bool:
    method = getattr(kind, "structure", None)
    return str(getattr(method, "__module__", None)).partition(".")[0] == "nn"


def is_fixed(thing: Any, kind: type) -> bool:
    """Return whether a thing is compared by reference, and held."""
    return (
        isinstance(thing, FIXED)
        or (kind.__module__, kind.__name__) in FIXED_NAMES
        or (isinstance(thing, Primitive) and TABLE.get(thing.name) is thing)
    )


@functools.cache
def _slots_of(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (name, slot)
        for base in kind.__mro__
        if "__slots__" in vars(base)
        for name, slot in vars(base).items()
        if isinstance(slot, types.MemberDescriptorType)
    )


def _slots(kind: type) -> tuple[tuple[str, Any], ...]:
    if not any("__slots__" in vars(base) for base in kind.__mro__):
        return ()
    return _slots_of(kind)


def _items(reader: Reader, things: Any) -> Any:
    items = tuple(things)
    if PLAIN.issuperset(map(type, items)):
        return marshal.dumps(items, 2)
    return tuple([reader.read(item) for item in items])


def _list(reader: Reader, thing: Any) -> Any:
    return _items(reader, list.__iter__(thing))


def _tuple(reader: Reader, thing: Any) -> Any:
    return _items(reader, tuple.__iter__(thing))


def _dict(reader: Reader, thing: Any) -> Any:
    return (
        _items(reader, dict.keys(thing)),
        _items(reader, dict.values(thing)),
        reader.read(getattr(thing, "default_factory", None)),
    )


def _deque(reader: Reader, thing: Any) -> Any:
    return thing.maxlen, _items(reader, thing)


def _buffer(_reader: Reader, thing: Any) -> Any:
    view = memoryview(thing)
    return view.format, view.shape, view.tobytes()


def _partial(reader: Reader, thing: Any) -> Any:
    return tuple([reader.found(x) for x in (thing.func, *thing.args)]), reader.found(
        thing.keywords
    )


def _written(_reader: Reader, thing: Any) -> Any:
    return type(thing), repr(thing)


def _bases() -> dict[type, Callable[[Reader, Any], Any]]:
    """Return the types that hold more than attributes, and how that is read.

    A subclass comes before its base.
    """
    from array import array
    from collections import OrderedDict, defaultdict, deque

    return {
        list: _list,
        tuple: _tuple,
        OrderedDict: _dict,
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
OTHERS: dict[type, Callable[[Reader, Any], Any]] = {
    complex: _written,
    range: _written,
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


def _array(reader: Reader, thing: Any, kind: type) -> Any:
    """Return the content of NumPy's array, scalar or dtype; None for another array."""
    np = sys.modules.get("numpy")
    if np is None:
        return None
    if isinstance(thing, np.dtype):
        return kind, str(thing)
    if isinstance(thing, np.generic):
        return kind, thing.dtype.str, thing.tobytes()
    if not isinstance(thing, np.ndarray):
        return None
    form = (kind, thing.dtype.str, thing.shape)
    if id(thing) in reader.mapped:
        return (*form, Same(thing))
    if thing.dtype.hasobject:
        numbers = tuple([reader.read(x) for x in thing.ravel().tolist()])
    else:
        numbers = np.asarray(thing).tobytes()
    held = getattr(thing, "__dict__", None)
    return (*form, numbers, reader.read(held) if held else None)


def _frame(reader: Reader, thing: Any) -> Any:
    """Return the content of a pandas frame, series or index."""
    parts = [getattr(thing, name, None) for name in ("name", "index", "columns")]
    if hasattr(thing, "columns"):
        columns = [thing.iloc[:, k].to_numpy() for k in range(len(thing.columns))]
    else:
        columns, parts = [thing.to_numpy()], parts[:2]
    return tuple([reader.read(part) for part in (*parts, *columns)])
