"""Surroundings: what a function reads besides its arguments, compared at each call.

All that the function's code, and the code that it calls, finds by name is read once:
globals, closures' cells, defaults, the attributes of modules and the methods of
classes. After that a call costs a look at each name, whether the same thing stands
there, and a look into those things that can change in place, whether they hold the same
as well (`autograd.compiler.calls.stamps`). Machine code takes both looks by itself
(`Native.watch`), unless something has to be read to tell.

What the function itself changed while it was recorded is not followed: such effects
happen while it is recorded only.
"""

from __future__ import annotations

import gc
import types
from typing import Any

from autograd.compiler.calls.content import Reader
from autograd.compiler.calls.kinds import PLAIN, STEADY, is_fixed
from autograd.compiler.calls.native import ABSENT, ORDER, as_stamped, unchanged
from autograd.compiler.calls.reads import is_library
from autograd.compiler.calls.stamps import changed_in, stamps_of
from autograd.context import ignored


class Key:
    """What surroundings were read, to look recordings up by; its hash is kept.

    Attributes:
        ignoring: the same where errors are ignored, by which (`autograd.errstate`).

    """

    __slots__ = ("_hash", "ignored", "ignoring", "parts")

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self.ignored = 0
        self.ignoring: dict[int, Key] = {}
        self._hash = hash(parts)

    def here(self) -> Key:
        """Return the key for which errors are ignored as they are here."""
        kinds = ignored()
        if not kinds:
            return self
        key = self.ignoring.get(kinds)
        if key is None:
            key = self.ignoring[kinds] = Key(*self.parts, kinds)
            key.ignored = kinds
        return key

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Key)
            and self._hash == other._hash
            and self.parts == other.parts
        )

    def __hash__(self) -> int:
        return self._hash


class _Content:
    """A thing that can change in place, and what was in it last."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.stamps: tuple[Any, ...] | None = None
        self.part: Any = None
        self.is_own = False  # whether the function itself changes it

    def look(self, mapped: dict[int, Any], skipped: dict[int, Any]) -> Reader | None:
        """Read what is in it now; return the reader if anything is different."""
        if self.is_own or (self.stamps is not None and as_stamped(self.stamps)):
            return None
        # Before it is read, so that they tell of a change meanwhile.
        self.stamps = stamps_of(self.thing, mapped, skipped)
        reader = Reader(mapped, skipped)
        part = reader.read(self.thing)
        if part == self.part:
            return None
        self.part = part
        return reader


class _Names(Reader):
    """Reads a function and notes under which names it finds what."""

    def __init__(self, mapped: dict[int, Any], skipped: dict[int, Any]) -> None:
        super().__init__(mapped, skipped)
        self.names: list[Any] = []
        self.cells: list[Any] = []
        self.functions: list[Any] = []
        self.contents: list[_Content] = []
        self.places: dict[int, int] = {}

    def in_function(self, f: Any) -> Any:
        self.functions += (f, f.__code__, f.__defaults__)
        parts = [self.found(x) for x in f.__defaults__ or ()]
        for name, thing in (f.__kwdefaults__ or {}).items():
            parts.append((name, self.in_names(f.__kwdefaults__, name, thing)))
        return tuple(parts)

    def in_cell(self, cell: Any, thing: Any) -> Any:
        self.cells += (cell, thing)
        return self.found(thing)

    def in_names(self, names: dict[str, Any], name: str, thing: Any) -> Any:
        self.names += (names, name, thing)
        return self.found(thing)

    def without(self, names: dict[str, Any], name: str) -> None:
        self.names += (names, name, ABSENT)

    def without_content(self, cell: Any) -> None:
        self.cells += (cell, ABSENT)

    def missing(self, kinds: set[type], attributes: set[str]) -> None:
        """Note which attributes that code reads are not in which classes."""
        metas: set[Any] = {type(kind) for kind in kinds}
        for base in {base for kind in kinds | metas for base in kind.__mro__}:
            if not is_library(base):
                its = gc.get_referents(vars(base))[0]
                for name in attributes:
                    if name not in its:
                        self.without(its, name)

    def found(self, thing: Any) -> Any:
        """Return the content of what cannot change, else where it will stand."""
        kind = type(thing)
        if kind in PLAIN or (kind is tuple and PLAIN.issuperset(map(type, thing))):
            return self.read(thing)
        if isinstance(thing, (types.FunctionType, type)) or is_fixed(thing):
            return self.read(thing)
        if getattr(kind, "__steady__", False) or hasattr(thing, "__wrapped__"):
            return self.read(thing)
        if isinstance(thing, STEADY):
            return self.read(thing)
        if id(thing) not in self.places:
            self.places[id(thing)] = len(self.contents)
            self.contents.append(_Content(thing))
        return "content", self.places[id(thing)]


class Surroundings:
    """What a function reads besides its arguments.

    Args:
        f: the function.

    Attributes:
        watch: what `Native.watch` takes; None where that is not all there is to see.

    """

    def __init__(self, f: Any) -> None:
        self.f = f
        self.watch: Any = None
        self.mapped: dict[int, Any] = {}
        self._classes: dict[type, None] = {}
        self._own: dict[int, Any] = {}
        self._own_attributes: dict[int, Any] = {}
        self._kept: list[Any] = []  # the objects and dicts that have them
        self._orders: tuple[Any, ...] = ()
        self._noted: Any = None
        self._contents: list[_Content] = []
        self._static: Any = None
        self._key: Key | None = None

    def key(self) -> Key:
        """Return what it reads now, and which errors are ignored: something hashable.

        Raises:
            EagerlyError: if something cannot be read.

        """
        return self._read().here()

    def _read(self) -> Key:
        key = self._key
        if key is None or not unchanged(*self._noted) or not as_stamped(self._orders):
            return self._look()
        changed = stamped = False
        for content in self._contents:
            before = content.stamps
            reader = content.look(self.mapped, self._own_attributes)
            stamped |= content.stamps is not before
            if reader is not None:
                changed = True
                if not self._classes.keys() >= reader.classes.keys():
                    self._classes.update(reader.classes)
                    return self._look()
        if changed:
            return self._made()
        if stamped:
            self._note_stamps()
        return key

    def add_classes(self, kinds: dict[type, None]) -> None:
        """Read these classes as well, of which arguments were objects."""
        if not self._classes.keys() >= kinds.keys():
            self._classes.update(kinds)
            self._key = None

    @property
    def latest(self) -> Key | None:
        """What was read last."""
        return self._key

    def add_mapped(self, arrays: list[Any]) -> bool:
        """Take arrays as read anew in every call; return whether any is new."""
        new = {id(array): array for array in arrays if id(array) not in self.mapped}
        if new:
            self.mapped.update(new)
            self._key = None
        return bool(new)

    def after_recording(self, key: Key) -> Key:
        """Return the key again, and follow no longer what the recording changed."""
        before = {id(c.thing): (c, c.part) for c in self._contents}
        stamps = [(c.thing, c.stamps) for c in self._contents]
        new = self._read()
        if new.here() is key:
            return key
        counting = self._skip(stamps)
        if counting:
            self._look()
        for content in self._contents:
            if id(content.thing) in counting:
                continue
            old, part = before.get(id(content.thing), (None, None))
            if old is not None and part != content.part:
                content.is_own = True
                content.part = "its own"
                self._own[id(content.thing)] = content.thing
        return self._made().here()

    def _skip(self, stamps: list[tuple[Any, Any]]) -> set[int]:
        """Skip what is another than when it was stamped from now on.

        Of an object or a dict that a function counts in, all else is followed.

        Returns:
            The ids of the things that hold such objects.

        """
        now = {id(c.thing): c.stamps for c in self._contents}
        found = set()
        for thing, before in stamps:
            for held, names in changed_in(before, now.get(id(thing))):
                own = self._own_attributes.setdefault(id(held), set())
                if not own >= names:
                    found.add(id(thing))
                own |= names
                self._kept.append(held)  # so that nothing else has its id
        return found

    def _look(self) -> Key:
        self._key = None
        while True:
            names = _Names(self.mapped, self._own_attributes)
            static = [names.found(self.f)]
            known = {**self._classes, **names.classes}
            done: set[type] = set()
            while known.keys() - done:
                for kind in [kind for kind in known if kind not in done]:
                    done.add(kind)
                    static.append((kind, names.in_class(kind)))
                known.update(names.classes)
            for content in names.contents:
                if id(content.thing) in self._own:
                    content.is_own, content.part = True, "its own"
                    continue
                reader = content.look(self.mapped, self._own_attributes)
                if reader is not None:
                    known.update(reader.classes)
                    names.attributes.update(reader.attributes)
            if known.keys() == done:
                break
            self._classes.update(known)
        names.missing(done, names.attributes)
        self._orders = tuple([x for k in done for x in (ORDER, k, k.__mro__)])
        self._noted = tuple(names.cells), tuple(names.names), tuple(names.functions)
        self._contents, self._static = names.contents, tuple(static)
        return self._made()

    def _made(self) -> Key:
        self._key = Key(self._static, tuple([c.part for c in self._contents]))
        self._note_stamps()
        return self._key

    def _note_stamps(self) -> None:
        """Say what machine code is to look at."""
        stamps = [c.stamps for c in self._contents if not c.is_own]
        if None in stamps:
            self.watch = None
            return
        held = [x for s in stamps for x in s or ()]
        self.watch = (*self._noted, (*self._orders, *held))
