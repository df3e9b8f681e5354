"""building: what is compiled late is compiled once, and a fork does not cut it off.

A program is compiled when it is first needed, and several threads may need it first.
`once` lets one of them compile, and all get what it made. `functools.cached_property`
has had no lock since Python 3.12: two threads made two engines there, and one was freed
while its code was running.

A forked child has no thread but the one that forked. A lock that another thread held
would stay locked in it for ever, so a fork waits until nobody compiles.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

# Compiling may call functions of a user, and one of these may wait for a thread that
# wants to compile. Then, after a while, two threads compile at once; that is only slow.
PATIENCE = 60.0  # seconds

_lock = threading.RLock()


@contextmanager
def building() -> Iterator[None]:
    """Compile while no other thread does, and no fork happens."""
    locked = _lock.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if locked:
            _lock.release()


class once(Generic[T]):  # noqa: N801 - used as a decorator, like property
    """A property that is computed when first asked for, by one thread for all."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> once[T]: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...

    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        known = vars(instance)  # which Python itself looks into from the next time on
        with building():
            if self.name in known:
                return known[self.name]
            return known.setdefault(self.name, self.compute(instance))


def _llvms_lock() -> Any:
    """Return the lock that llvmlite takes for each call of LLVM, None if not loaded."""
    import sys

    ffi = sys.modules.get("llvmlite.binding.ffi")
    return getattr(getattr(ffi, "lib", None), "_lock", None)


_held: list[Any] = []


def _before_fork() -> None:
    _lock.acquire()
    lock = _llvms_lock()  # engines are freed without ours
    if lock is not None:
        lock.__enter__()
    _held.append(lock)


def _after_fork() -> None:
    lock = _held.pop()
    if lock is not None:
        lock.__exit__(None, None, None)
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
