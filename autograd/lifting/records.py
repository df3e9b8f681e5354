"""records: dataclasses of somebody's that hold Values.

Their ``__init__`` is made by `exec` and has no source, but a ``__post_init__`` has; and
`dataclasses` itself copies all that a record holds, where a copy of a Value would be
another leaf.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable
from typing import Any

from autograd.lifting.stand_ins import copied, stand_in


def enter(call: Callable[..., Any]) -> None:
    """Enter the rows of `dataclasses`; ``call`` is what lifted code does at a call."""

    def replace(record: Any, /, **changes: Any) -> Any:
        kind = type(record)
        if of_a_record(kind, call) is None:
            return dataclasses.replace(record, **changes)
        kept = {x.name: getattr(record, x.name) for x in _given(kind)}
        return call(kind, **(kept | changes))

    def asdict(record: Any, *, dict_factory: Any = dict) -> Any:
        return _plain(record, dict_factory)

    def astuple(record: Any, *, tuple_factory: Any = tuple) -> Any:
        return _plain(record, lambda pairs: tuple_factory([x for _, x in pairs]))

    for row in (replace, asdict, astuple):
        stand_in(getattr(dataclasses, row.__name__), row, always=True)


def _given(kind: Any) -> list[Any]:
    return [x for x in dataclasses.fields(kind) if x.init]


def _plain(x: Any, make: Callable[[list[tuple[str, Any]]], Any]) -> Any:
    """Return a record, and those in it, as what `make` makes of their fields."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        names = [field.name for field in dataclasses.fields(x)]
        return make([(name, _plain(getattr(x, name), make)) for name in names])
    if type(x) in {list, tuple}:
        return type(x)([_plain(part, make) for part in x])
    if type(x) is dict:
        return {_plain(k, make): _plain(v, make) for k, v in x.items()}
    return copied(x)


def of_a_record(f: Any, call: Callable[..., Any]) -> Any:
    """Return how to make a record, whose ``__post_init__`` is lifted.

    None if that is as well done by itself: nothing of somebody's is called in it.
    """
    after = getattr(f, "__post_init__", None)
    fields = vars(f).get("__dataclass_fields__")
    if type(after) is not types.FunctionType or fields is None:
        return None
    init = f.__init__
    if init.__code__.co_filename != "<string>" or any(
        field._field_type.name != "_FIELD"  # noqa: SLF001 - it tells nowhere else
        for field in fields.values()
    ):  # somebody's own, or with variables for __post_init__
        return None

    def make(*args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(init).bind(None, *args, **kwargs).arguments
        made: Any = object.__new__(f)
        for name, field in fields.items():
            if name in given:
                object.__setattr__(made, name, given[name])
            elif field.default_factory is not dataclasses.MISSING:
                object.__setattr__(made, name, call(field.default_factory))
            elif field.default is not dataclasses.MISSING:
                object.__setattr__(made, name, field.default)
        call(after, made)
        return made

    return make
