"""What a thing consists of, so that a compiled function can tell when it is another.

A model is recorded once and then run natively, so whatever it reads besides its row and
its parameters' numbers stays in the recording. `contents` writes all of that down:
attributes and slots, lists, dicts, arrays by their bytes, functions with what they
captured and the globals that they name, objects by their class and attributes, anything
else by its pickle. Two results are equal as long as nothing in it has changed, been
replaced or changed its class. A Value is the same as long as it is the same object; it
is held, so that its address is not given to another. What cannot be read is named.
"""

from __future__ import annotations

import collections
import functools
import operator
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

from autograd import Value

# Whose functions and classes stay as they are.
TRUSTED = {"autograd", "nn", "numpy", "scipy", "builtins", *sys.stdlib_module_names}
TRUSTED -= {"__main__"}
NO_NUMBERS = {"_thread", "_io"}  # locks and files
ATOMS = (bool, int, str, bytes, complex, types.NoneType, types.EllipsisType)
CALLED = (
    functools.partial,
    property,
    classmethod,
    staticmethod,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
)
HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: the class was made while Python ran


class Same:
    """A thing that is equal to itself alone."""

    __slots__ = ("thing",)

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


class AllSame:
    """A row of things, equal to one of the same things alone."""

    __slots__ = ("row",)

    def __init__(self, row: tuple[object, ...]) -> None:
        self.row = row

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AllSame) or len(self.row) != len(other.row):
            return False
        return all(map(operator.is_, self.row, other.row))

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.row)))


def contents(thing: object, unread: list[object] | None = None) -> tuple[Any, ...]:
    """Return something hashable that is equal as long as ``thing`` is as it was.

    Args:
        thing: anything; it may hold itself.
        unread: takes what cannot be looked into.

    >>> box = [1.0, {"a": 2}]
    >>> before = contents(box)
    >>> box[1]["a"] = 3
    >>> contents(box) == before
    False

    """
    found: list[Any] = []
    # The things themselves are kept, lest a temporary one's id be given to another.
    seen: dict[int, tuple[int, object]] = {}
    stack = [thing]
    while stack:
        thing = stack.pop()
        kind = type(thing)
        if kind is Value:
            found.append(Same(thing))
        elif kind is float:
            found.append((kind, thing.hex()))  # type: ignore[attr-defined]
        elif kind in ATOMS:
            found.append((kind, thing))
        elif id(thing) in seen:
            found.append(("seen", seen[id(thing)][0]))
        else:
            seen[id(thing)] = len(seen), thing
            token, inner = _look(thing, unread)
            found.append((kind, token, len(inner)))
            stack.extend(reversed(inner))
    return tuple(found)


def slots_of(thing: object) -> list[tuple[str, Any]]:
    """Return the slots of an object that are filled, with their names."""
    found = {}
    for kind in type(thing).__mro__[::-1]:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{kind.__name__.lstrip('_')}{name}"  # noqa: PLW2901 - as Python does
            if name not in {"__dict__", "__weakref__"} and hasattr(thing, name):
                found[name] = getattr(thing, name)
    return list(found.items())


def _look(thing: Any, unread: list[object] | None) -> tuple[Any, list[Any]]:  # noqa: C901 - a kind a line
    """Return what is known of a thing at once, and what to look at in turn."""
    if isinstance(thing, type):
        return Same(thing), _of_class(thing)
    if isinstance(thing, dict):
        return None, [*thing, *thing.values(), *_own(thing)]
    if isinstance(thing, list | tuple | collections.deque):
        return None, [*thing, *_own(thing)]
    if hasattr(type(thing), "_contents"):
        return thing._contents()  # type: ignore[no-any-return]  # noqa: SLF001 - a Module
    if isinstance(thing, CALLED):
        return _of_called(thing)
    if isinstance(thing, types.ModuleType):
        return Same(thing), []
    if hasattr(thing, "dtype") and hasattr(thing, "tobytes"):
        whole = thing.dtype.hasobject
        form = thing.dtype.str, thing.shape
        return (form, [thing.tolist()]) if whole else ((form, thing.tobytes()), [])
    if _is_plain(type(thing)) and (hasattr(thing, "__dict__") or slots_of(thing)):
        return None, [type(thing), *_own(thing)]
    try:
        return pickle.dumps(thing), []
    except Exception:  # noqa: BLE001 - whatever a foreign __reduce__ raises
        if unread is not None and type(thing).__module__ not in NO_NUMBERS:
            unread.append(thing)
        return Same(thing), []


def _is_plain(kind: type) -> bool:
    """Return whether objects of a class are their attributes and nothing besides."""
    ways = ("__reduce__", "__reduce_ex__", "__getstate__")
    plain = all(getattr(kind, way) is getattr(object, way) for way in ways)
    return plain and all(k is object or k.__flags__ & HEAP for k in kind.__mro__)


def _own(thing: Any) -> list[Any]:
    """Return the attributes of an object, names and all."""
    named = [*getattr(thing, "__dict__", {}).items(), *slots_of(thing)]
    return [x for pair in named for x in pair]


def _of_called(thing: Any) -> tuple[Any, list[Any]]:
    if isinstance(thing, property):
        return None, [thing.fget]
    if isinstance(thing, classmethod | staticmethod):
        return None, [thing.__func__]
    if isinstance(thing, functools.partial):
        return None, [thing.func, thing.args, thing.keywords]
    if isinstance(thing, types.FunctionType):
        return _of_function(thing)
    if isinstance(thing, types.MethodType):
        return None, [thing.__func__, thing.__self__]
    whose = thing.__self__
    known = whose is None or isinstance(whose, types.ModuleType | type)
    return (Same(thing), []) if known else (thing.__name__, [whose])


def _of_function(f: Any) -> tuple[Any, list[Any]]:
    if _is_trusted(f):
        return Same(f), []
    inner = [f.__defaults__, f.__kwdefaults__, f.__dict__]
    for cell in f.__closure__ or ():
        try:
            inner.append(cell.cell_contents)
        except ValueError:  # not filled yet
            inner.append(None)
    names = _names(f.__code__)
    inner += [f.__globals__[name] for name in names if name in f.__globals__]
    for space in [x for x in inner if isinstance(x, types.ModuleType)]:
        if space.__name__.partition(".")[0] not in TRUSTED:
            inner += [vars(space)[name] for name in names if name in vars(space)]
    return Same(f.__code__), inner


def _names(code: types.CodeType) -> list[str]:
    """Return the names that code reads, in the functions within it too."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += _names(constant)
    return names


def _of_class(kind: type) -> list[Any]:
    """Return what a class adds to the classes that are known."""
    found: list[Any] = []
    for part in kind.__mro__:
        if not _is_trusted(part):
            skipped = {"__dict__", "__weakref__", "__doc__", "__module__"}
            for name, item in vars(part).items():
                if name not in skipped and not isinstance(item, _DESCRIPTORS):
                    found += [name, item]
    return found


_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def _is_trusted(thing: Callable[..., Any] | type) -> bool:
    return str(thing.__module__).partition(".")[0] in TRUSTED
