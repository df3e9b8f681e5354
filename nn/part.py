"""What neurons, layers and networks share: names, scopes, pickling, reading a row.

Layers keep what they have read from their neurons, and everything here keeps the list
of its parameters. What is kept is out of date when `edits` has counted on, and it is
counted in one place: whenever an attribute of any part is assigned or deleted.
"""

from __future__ import annotations

import functools
import operator
import reprlib
from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, scope
from nn.module import Module

Scalar = Value | float

MSG_WIDTH = (
    "{name} expects rows of {nin} numbers, got {got}. A module takes one row at a "
    "time: [model(row) for row in rows]"
)
MSG_ROW = (
    "{name} expects one row of {nin} numbers, got {got}. A module takes one row at a "
    "time: [model(row) for row in rows]"
)

edits = [0]  # assignments to attributes of parts so far
KEPT = {"_found", "_key", "_cells", "_edit", "_one"}


class AllSame:
    """A row of things, equal to one of the same things alone."""

    __slots__ = ("row",)

    def __init__(self, row: tuple[object, ...]) -> None:
        self.row = row

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AllSame) or len(self.row) != len(other.row):
            return False
        return all(map(operator.is_, self.row, other.row))

    __hash__ = None  # type: ignore[assignment]  # only the latest is compared


class Part(Module):
    """What neurons, layers and networks share: a name, its scope, and how they pickle.

    A subclass names in ``_state`` the attributes it is rebuilt from.
    """

    __slots__ = ("__weakref__", "_found", "_key", "_name", "_scope")
    _state: tuple[str, ...]

    def __init__(self, name: str) -> None:
        self._name = name
        self._scope = scope(name, brief=True)
        self._found: tuple[int, list[Value] | None] = -1, None
        self._key: tuple[int, object, object] = -1, None, None

    def __setattr__(self, name: str, item: Any) -> None:
        super().__setattr__(name, item)
        if name not in KEPT:
            edits[0] += 1

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        edits[0] += 1

    @property
    def name(self) -> str:
        """What drawings and messages call it."""
        return self._name

    def _attributes(self) -> list[tuple[str, Any]]:
        own = [(name, getattr(self, name)) for name in self._state]
        mine = _slots_within(type(self))  # type: ignore[arg-type]
        return [*own, *[item for item in super()._attributes() if item[0] not in mine]]

    def _leaves(self) -> list[Value]:
        counted, found = self._found
        if counted != edits[0]:
            closed = self._outline() is not None
            found = list(dict.fromkeys(self._within())) if closed else None
            self._found = edits[0], found
        return super()._leaves() if found is None else list(found)

    def modules(self) -> list[Module]:
        """Return this module and all that it holds; see `Module.modules`."""
        if self._outline() is None:
            return super().modules()
        below = [module for part in self._parts() for module in part.modules()]
        return list(dict.fromkeys((self, *below)))

    def structure(self) -> object:
        """Return what a compiled function depends on; see `Module.structure`."""
        counted, outline, key = self._key
        if counted != edits[0]:
            now = self._outline()
            if now is None:
                return super().structure()
            if now != outline:  # an object of no content is sooner compared
                outline, key = now, object()
            self._key = edits[0], outline, key
        return key

    def _outline(self) -> object:
        """Return what it consists of, if that changes by counted assignments alone."""
        if type(self) not in CLOSED:
            return None
        parts = [p._outline() if isinstance(p, Part) else None for p in self._parts()]  # noqa: SLF001 - its own kind
        return None if None in parts else (type(self), parts)

    def _within(self) -> Iterable[Value]:
        """Return its parameters, if it is closed, one that is shared more than once."""
        return (p for part in self._parts() for p in part._within())  # noqa: SLF001 - its own kind

    def _parts(self) -> tuple[Any, ...]:
        """Return what it holds besides Values, names and nothing."""
        return ()

    def __getstate__(self) -> dict[str, Any]:
        state = {"name": self._name, **dict(self._attributes())}
        return state if self.training else {**state, "training": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Part.__init__(self, state.pop("name"))
        for name, item in state.items():
            setattr(self, name, item)


CLOSED: set[type] = set()  # the classes of nn.layers; theirs is all that is in them


@functools.cache
def _slots_within(kind: Callable[..., Any]) -> set[str]:
    """Return the slots that a class has from nn's own, which are how it works."""
    parts = [k for k in kind.__mro__ if k in CLOSED or k in {Part, Module}]  # type: ignore[attr-defined]
    return {name for k in parts for name in vars(k).get("__slots__", ())}


def with_one(module: Any, x: Any, one: tuple[float, ...]) -> tuple[Scalar, ...]:
    """Return the inputs and, for a bias, the 1.0 with which it is multiplied."""
    if type(x) is not list:
        x = _as_list(module, x)
    nin = module.nin
    if len(x) != nin:
        message = MSG_WIDTH.format(name=module.name, nin=nin, got=len(x))
        raise ValueError(message)
    return *x, *one


def _as_list(module: Any, x: Any) -> list[Scalar]:
    x = x.tolist() if hasattr(x, "tolist") else x
    if isinstance(x, Value | float | int):
        return [x]
    if isinstance(x, list | tuple) and not any(isinstance(y, list) for y in x):
        return list(x)
    got = reprlib.repr(x)
    raise TypeError(MSG_ROW.format(name=module.name, nin=module.nin, got=got))
