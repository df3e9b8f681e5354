"""What a decorated function computes later: the steps of generators and coroutines.

Calling such a function computes nothing yet, so a context manager around the call would
be left before it counts. This file stays interpreted where the engine is compiled:
generators in C have no frames, and by its frame a generator's context is known.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

Manager = Callable[[], Any]

MSG_DECORATES = (
    "{0}() decorates a function, not {1!r}. To decorate nothing but some lines write: "
    "with {0}(): ..."
)
MSG_ASYNC_GENERATOR = (
    "{0}() does not decorate an asynchronous generator, {1}: inside it write "
    "with {0}(): ..., which holds while the generator runs"
)


def within(manager: Manager, function: Any) -> Any:
    """Return the function, all of it computed within a context manager.

    Args:
        manager: makes the context manager, anew for each use.
        function: any function; a generator and a coroutine compute each step within.

    Raises:
        TypeError: if it is no function, or one of an asynchronous generator.

    """
    if not callable(function):
        raise TypeError(MSG_DECORATES.format(manager.__name__, function))
    if inspect.isasyncgenfunction(function):
        raise TypeError(_refusal(manager, function))

    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        with manager():
            return await function(*args, **kwargs)

    def calling(*args: Any, **kwargs: Any) -> Any:
        with manager():
            result = function(*args, **kwargs)
        if isinstance(result, AsyncGenerator):
            raise TypeError(_refusal(manager, function))
        if isinstance(result, Generator):
            return _steps(result, manager)
        if isinstance(result, Coroutine):
            return _awaited(result, manager)
        return result

    is_coroutine = inspect.iscoroutinefunction(function)
    return functools.wraps(function)(awaiting if is_coroutine else calling)


def _refusal(manager: Manager, function: Any) -> str:
    name = getattr(function, "__qualname__", None) or repr(function)
    return MSG_ASYNC_GENERATOR.format(manager.__name__, name)


def _steps(generator: Any, manager: Manager) -> Any:
    with manager():
        return (yield from generator)


async def _awaited(coroutine: Any, manager: Manager) -> Any:
    with manager():
        return await coroutine
