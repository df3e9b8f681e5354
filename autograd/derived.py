"""Derived: a function that a transform made of another, which pickles as that.

What another process can import goes by reference, all else as the transform and the
function that it was made of; where that is a lambda, or a script's own, by value, as
cloudpickle has it, where that is installed.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any, final

from autograd.context import recording

Function = Callable[..., Any]


@final
class Derived:
    """A function that a transform made of another.

    It has the other's name and signature, and records even under `no_grad`.

    Args:
        run: what it does.
        transform: what makes it of f again.
        f: the function it is made of.
        options: further arguments of the transform.

    """

    # Its content is that of f: it never changes.
    __steady__ = True

    def __init__(
        self, run: Function, transform: Function, f: Function, *options: Any
    ) -> None:
        functools.update_wrapper(self, f, updated=())
        self._run = recording(run)
        self._made = (transform, f, *options)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Compute what was derived."""
        return self._run(*args, **kwargs)

    def __get__(self, instance: object, _owner: type | None = None) -> Any:
        """Return the method, as of any function in a class."""
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        transform, f, *_ = self._made
        return f"<{transform.__name__} of {getattr(f, '__name__', repr(f))}>"

    def __structure__(self, read: Function) -> Any:
        """Return what it depends on; see `autograd.compiler.calls.content`."""
        return tuple(map(read, self._made))

    def __copy__(self) -> Derived:
        return self

    def __deepcopy__(self, memo: object) -> Derived:
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        transform, f, *options = self._made
        found = reference(f, self)
        if found is not None and found[0] != "__main__":
            return found[1]  # in f's module
        packed = _by_value(f)
        if packed is None:
            return transform, self._made[1:]
        return _unpacked, (transform, packed, *options)


def _by_value(f: Any) -> bytes | None:
    """Return a function as bytes, None if it goes as it is."""
    found = reference(f, f)
    if type(f) is not types.FunctionType or (found and found[0] != "__main__"):
        return None
    try:
        from cloudpickle import dumps
    except ImportError:
        return None
    data: bytes = dumps(f)
    return data


def _unpacked(transform: Function, packed: bytes, *options: Any) -> Any:
    from cloudpickle import loads

    return transform(loads(packed), *options)


def reference(f: Any, made: Any) -> tuple[str, str] | None:
    """Return the module and the name under which another process finds what was made.

    Args:
        f: a function.
        made: what was made of it, and may stand under f's own name, or another.

    """
    module: str = getattr(f, "__module__", None) or ""
    name: str = getattr(f, "__qualname__", "")
    home: Any = sys.modules.get(module)
    found = home
    for part in name.split("."):
        found = getattr(found, part, None)
    if module and found is made:
        return module, name
    for name, thing in list(vars(home).items()) if home else ():
        if thing is made:  # as in g = jit(grad(f))
            return module, name
    return None
