"""filled: NumPy's arrays that are made first and filled with numbers later.

``np.zeros(n)`` holds C's doubles, and a Value put into it would lose its derivative. It
is made of objects where Values are about: while something is recorded, or where a
variable of the function that asks holds some. Where that is not seen, putting a Value
in is an error, as everywhere.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

from autograd.context import tape_in_use
from autograd.lifting.errors import has_values
from autograd.lifting.stand_ins import stand_in

MADE = ("zeros", "ones", "empty", "full", "eye", "identity")
LIKE = ("zeros_like", "ones_like", "empty_like", "full_like")
WITHOUT = (types.ModuleType, types.FunctionType, type)  # what they hold is no variable


def enter(np: Any) -> None:
    """Enter the rows of NumPy."""
    for name in (*MADE, *LIKE):
        f = getattr(np, name)
        stand_in(f, _of_objects(f, like=name in LIKE), always=True)
    stand_in(np.finfo, lambda _: np.finfo(float))


def _of_objects(make: Callable[..., Any], *, like: bool) -> Callable[..., Any]:
    def made(*args: Any, **kwargs: Any) -> Any:
        objects = like and bool(args) and has_values(args[0])
        if objects:
            import numpy as np

            args = (np.asarray(args[0], dtype=object), *args[1:])
            if _are_floats(kwargs.get("dtype")):
                kwargs["dtype"] = float
        array = make(*args, **kwargs)
        if objects or (
            array.dtype.kind in "fc"
            and array.dtype.itemsize >= 8
            and _values_are_about()
        ):
            return array.astype(object)
        return array

    return made


def _are_floats(dtype: Any) -> bool:
    import numpy as np

    return dtype is None or np.dtype(dtype).kind in "fcO"


def _values_are_about() -> bool:
    """Return whether the function that makes an array may put Values into it."""
    if tape_in_use() is not None:
        return True
    ours = __name__.rpartition(".")[0] + "."
    frame: Any = sys._getframe(1)  # noqa: SLF001 - there is no other way
    while frame is not None:
        home = str(frame.f_globals.get("__name__"))
        if not home.startswith(ours) or home.startswith(ours + "twins."):
            return any(map(_holds, frame.f_locals.values()))
        frame = frame.f_back
    return False


def _holds(x: Any) -> bool:
    if has_values(x):
        return True
    if isinstance(x, WITHOUT):
        return False
    own = getattr(x, "__dict__", None)
    return type(own) is dict and any(map(has_values, own.values()))
