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
  made of what ``read`` returns for its parts, as a module of `nn` does.
- All else (an iterator, an object of an extension type) raises: whoever depends on it
  runs as it stands.

What libraries keep in their own globals is not read, nor is what a function reaches by
a computed name. `autograd.compiler.calls.surroundings` compares all of it at each call.
"""

from __future__ import annotations

import enum
import gc
import marshal
import sys
import types
from typing import Any

from autograd.compiler.calls.kinds import PLAIN, STEADY, Same, how
from autograd.compiler.calls.reads import (
    IMPORTED,
    is_library,
    names_in,
    stored_cells,
)
from autograd.compiler.element import EagerlyError

# Functions that reach what no name in the code tells of.
REACHING = frozenset({"globals", "eval", "exec", "__import__"})

MSG_REACHING = (
    "its code calls {0}(), and what that reads changes unseen: read by name what it "
    "needs"
)
MSG_UNREADABLE = (
    "it depends on {0!r} (of type {1}), and whether that changes between calls cannot "
    "be told: an iterator, a file or an object of an extension type"
)
MSG_TOO_MUCH = (
    "it depends on more than {0:,} things, too many to look at in every call: pass "
    "what it needs as an argument, in arrays"
)


class Reader:
    """One reading of something, in which each thing is read once.

    Args:
        mapped: arrays that are read anew in every call, by id; only their shapes count.
        skipped: attributes of objects that do not count, by the id of their dict.

    Attributes:
        classes: those of the objects that were met, whose methods count as well.
        attributes: the names that the functions which were met read of something.

    """

    limit: float = 50_000  # things that one reading looks at

    def __init__(
        self,
        mapped: dict[int, Any] | None = None,
        skipped: dict[int, Any] | None = None,
    ) -> None:
        self.mapped = mapped or {}
        self.skipped = skipped or {}
        self.seen: dict[Any, int] = {}
        self.kept: list[Any] = []  # as long as it is here, nothing else has its id
        self.classes: dict[type, None] = {}
        self.attributes: set[str] = set()

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
        if len(self.kept) > self.limit:
            raise EagerlyError(MSG_TOO_MUCH.format(self.limit))
        return how(kind)(self, thing)

    def function(self, f: Any) -> Any:
        """Return what a Python function does: its code, and all that this reads."""
        code = f.__code__
        library, globals_, attributes = names_in(code)
        if library:
            return Same(code), self._of_library_function(f)
        self.attributes.update(attributes)
        parts = [Same(code), self.in_function(f), *self._imported(globals_, attributes)]
        own = stored_cells(code) if f.__closure__ else ()
        for name, cell in zip(code.co_freevars, f.__closure__ or (), strict=True):
            if name in own:
                continue
            try:
                thing = cell.cell_contents
            except ValueError:  # it is not bound yet
                parts.append("nothing yet")
                self.without_content(cell)
                continue
            part = self.in_cell(cell, thing)
            parts.append(self._attributes(thing, part, attributes))
        for names, wanted in ((f.__globals__, globals_), (f.__dict__, attributes)):
            there = [name for name in wanted if name in names]
            parts += [(name, self._named(names, name, attributes)) for name in there]
        for name in globals_:
            if name not in f.__globals__ and not name.startswith(IMPORTED):
                if name in REACHING:
                    raise EagerlyError(MSG_REACHING.format(name))
                self.without(f.__globals__, name)
        return tuple(parts)

    def _imported(self, globals_: Any, attributes: Any) -> list[Any]:
        """Return the content of the modules that code imports when it runs."""
        names = [x.removeprefix(IMPORTED) for x in globals_ if x.startswith(IMPORTED)]
        there = [name for name in names if name in sys.modules]
        modules: Any = sys.modules
        return [(name, self._named(modules, name, attributes)) for name in there]

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
        """Return the content of a thing; of a module, of what code reads there.

        Of a function as well, which may have attributes.
        """
        if type(thing) is types.FunctionType:
            if names_in(thing.__code__)[0]:
                return part
        elif type(thing) is not types.ModuleType or is_library(thing):
            return part
        its = vars(thing)
        parts = []
        for name in attributes:
            key = (id(its), name)
            if key in self.seen:
                continue
            self.seen[key] = len(self.seen)
            if name in its:
                parts.append((name, self._named(its, name, attributes)))
            else:
                self.without(its, name)
        return part, tuple(parts)

    def in_class(self, kind: type) -> Any:
        """Return what a class holds: its methods and its attributes."""
        parts: list[Any] = []
        for base in kind.__mro__:
            if base is object or is_library(base) or issubclass(base, enum.Enum):
                continue
            its = gc.get_referents(vars(base))[0]  # the dict behind the proxy
            for name, thing in list(its.items()):
                if _counts(name, thing):
                    parts.append((name, self.in_names(its, name, thing)))
        return tuple(parts)

    def structure(self, thing: Any) -> Any:
        """Return what counts of a thing whose class says it."""
        return type(thing).__structure__(thing, self.found)

    def unreadable(self, thing: Any) -> Any:
        """Raise, for a thing whose content cannot be read."""
        name = f"{type(thing).__module__}.{type(thing).__qualname__}"
        raise EagerlyError(MSG_UNREADABLE.format(thing, name))

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

    def without(self, _names: dict[str, Any], _name: str) -> None:
        """Note that a name which a function reads is not here."""

    def without_content(self, _cell: Any) -> None:
        """Note that nothing is in a function's cell."""


def _counts(name: str, thing: Any) -> bool:
    """Return whether something in a class is a method, or an attribute to be read."""
    if isinstance(thing, (types.FunctionType, *STEADY)):
        return True
    if name.startswith("__") or name == "_abc_impl":
        return False
    kind = type(thing)
    return not (hasattr(kind, "__get__") and is_library(kind))
