"""What neurons, layers and networks share: names, scopes, pickling, reading a row.

Layers keep what they have read from their neurons, and everything here keeps the list
of its parameters. What is kept is out of date when `edits` has counted on: whenever a
weight, an activation, a neuron or a layer of any network is replaced.
"""

from __future__ import annotations

import reprlib
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
MSG_SIZE = "{what} is a positive int, not {size!r}"

edits = [0]


class Part(Module):
    """What neurons, layers and networks share: a name, its scope, and how they pickle.

    A subclass names in ``_state`` the attributes it is rebuilt from.
    """

    __slots__ = ("__weakref__", "_found", "_found_at", "_name", "_scope")
    _state: tuple[str, ...]

    def __init__(self, name: str) -> None:
        self._name = name
        self._scope = scope(name)
        self._found: list[Value] | None = None
        self._found_at = -1

    @property
    def name(self) -> str:
        """What drawings and messages call it."""
        return self._name

    def _attributes(self) -> list[tuple[str, Any]]:
        own = [(name, getattr(self, name)) for name in self._state]
        return [*own, *super()._attributes()]

    def _leaves(self) -> list[Value]:
        if self._found_at != edits[0]:
            self._found = super()._leaves() if self._is_closed() else None
            self._found_at = edits[0]
        return super()._leaves() if self._found is None else list(self._found)

    def structure(self) -> object:
        """Return what a compiled function depends on; see `Module.structure`."""
        if self._found_at != edits[0]:
            self._leaves()
        return super().structure() if self._found is None else edits[0]

    def _is_closed(self) -> bool:
        """Return whether no parameter can come or go without `edits` telling."""
        return (
            not hasattr(self, "__dict__")
            and type(self).parameters is Module.parameters
            and all(isinstance(p, Part) and p._is_closed() for p in self._parts())  # noqa: SLF001 - its own kind
        )

    def _parts(self) -> tuple[Any, ...]:
        return ()

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self._name, **dict(self._attributes())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Part.__init__(self, state.pop("name"))
        for name, item in state.items():
            setattr(self, name, item)


def with_one(module: Any, width: int, x: Any) -> tuple[Scalar, ...]:
    """Return the inputs and the 1.0 with which the bias is multiplied."""
    if type(x) is not list:
        x = _as_list(module, x)
    row = (*x, 1.0)
    if len(row) != width:
        message = MSG_WIDTH.format(name=module.name, nin=width - 1, got=len(row) - 1)
        raise ValueError(message)
    return row


def _as_list(module: Any, x: Any) -> list[Scalar]:
    x = x.tolist() if hasattr(x, "tolist") else x
    if isinstance(x, Value | float | int):
        return [x]
    if isinstance(x, list | tuple) and not any(isinstance(y, list) for y in x):
        return list(x)
    got = reprlib.repr(x)
    raise TypeError(MSG_ROW.format(name=module.name, nin=module.nin, got=got))


def check_size(what: str, size: object) -> None:
    """Raise unless ``size`` is a positive int."""
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        error = ValueError if isinstance(size, int) else TypeError
        raise error(MSG_SIZE.format(what=what, size=size))
