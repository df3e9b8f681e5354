"""Contents: whether a thing is still as it was, for who keeps what was made of it.

A compiled function compares in this way what it depends on, and runs as it stands where
it cannot look into something. Who asks here wants to know of that instead, and of what
a function changes itself, its generators of random numbers too.

>>> box = [1.0, {"a": 2}]
>>> before = contents(box)
>>> box[1]["a"] = 3
>>> contents(box) == before
False

"""

from __future__ import annotations

import dis
import functools
import math
import pickle
from typing import Any

from autograd.compiler.calls.content import Reader
from autograd.compiler.calls.kinds import Same
from autograd.value import Value

NO_NUMBERS = {"_thread", "_io"}  # locks and files


def contents(thing: object, unread: list[object] | None = None) -> tuple[Any, ...]:
    """Return something hashable that is equal as long as a thing is as it was.

    That is as long as nothing in it has changed, been replaced, or changed its class:
    attributes and slots, items, arrays, functions with what they captured and the
    globals that they name, classes with their methods. A Value is the same as long as
    it is the same object, whatever its number. What libraries keep to themselves counts
    as it is.

    Args:
        thing: anything; it may hold itself.
        unread: takes what cannot be looked into.

    """
    return _whole(thing, unread)[0]


def values_in(thing: object) -> list[Value]:
    """Return all Values that a thing holds, or reaches by what it reads by name.

    >>> x = Value(1.0)
    >>> values_in({"a": [lambda: x]}) == [x]
    True

    """
    return [x for x in _whole(thing)[1].kept if type(x) is Value]


class _Whole(Reader):
    """A reading of everything, what code changes itself included."""

    limit = math.inf

    def __init__(self) -> None:
        super().__init__()
        self.unread: list[object] = []

    def structure(self, thing: Any) -> Any:
        """Return what counts, or all that there is where the class says this as well.

        ``__structure__`` may rest on what a class keeps itself, as modules of `nn` do.
        """
        whole = getattr(thing, "__contents__", thing.__structure__)
        return whole(self.read)

    def unreadable(self, thing: Any) -> Any:
        """Return what it is pickled as; note it if it cannot be."""
        try:
            return pickle.dumps(thing)
        except Exception:  # noqa: BLE001 - whatever a foreign __reduce__ raises
            if type(thing).__module__ not in NO_NUMBERS:
                self.unread.append(thing)
            return Same(thing)

    def function(self, f: Any) -> Any:
        """Return what a function does, and what its code stores to."""
        names = f.__globals__
        stored = [names[name] for name in _stored(f.__code__) if name in names]
        cells = [x.cell_contents for x in f.__closure__ or () if _is_filled(x)]
        return super().function(f), tuple(map(self.read, cells + stored))


@functools.cache
def _stored(code: Any) -> list[str]:
    """Return the globals that code stores to."""
    steps = dis.get_instructions(code)
    return sorted({step.argval for step in steps if step.opname == "STORE_GLOBAL"})


def _whole(
    thing: object, unread: list[object] | None = None
) -> tuple[tuple[Any, ...], _Whole]:
    reader = _Whole()
    parts = [reader.read(thing)]
    done: set[type] = set()
    while new := [kind for kind in reader.classes if kind not in done]:
        done.update(new)
        parts += [(kind, reader.in_class(kind)) for kind in new]
    if unread is not None:
        unread += reader.unread
    return tuple(parts), reader


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - to see whether it raises
    except ValueError:
        return False
    return True
