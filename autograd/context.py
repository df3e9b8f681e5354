"""Where a node is made: in which scopes, whether recorded, and at which line.

Each thread has its own context, so that a `no_grad` in one does not reach into another.
Most programs are in no scope most of the time, and making a node must then cost
nothing: an operator looks whether `contexts` is empty and is done. Inside a scope it
asks `current`, which compares one thread number. Compiled, ``context.pxd`` holds the C
types, so that `autograd.value` reaches both without a Python call.
"""
# cython: language_level=3, binding=True, embedsignature=True

from __future__ import annotations

import functools
import os
import sys
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

if cython.compiled:
    from cython.cimports.cpython.pythread import PyThread_get_thread_ident
else:
    from threading import get_ident as PyThread_get_thread_ident  # noqa: N812

MSG_LEAVE = (
    "a scope or no_grad() was left that this thread had not entered. Use it in a with "
    "statement, and leave it in the thread that entered it"
)
MSG_DECORATES = (
    "no_grad() decorates a function, not {0!r}. To compute something without recording "
    "write: with no_grad(): ..."
)


# Frames of this package are not what `debug` is asked about.
_OURS = os.path.dirname(__file__) + os.sep  # noqa: PTH120 - pathlib is slow to import


@cython.final
@cython.cclass
class Context:
    """What a thread has entered: the scopes it is in, and whether it records."""

    if not cython.compiled:
        __slots__ = ("debugging", "owner", "path", "recording", "saved", "tape")

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.recording = True
        self.debugging = False
        self.path = None
        self.tape = None
        self.saved = []


# The contexts of the threads that are inside some scope or no_grad; most programs have
# none most of the time, and an operator then pays one look at an empty dict.
contexts = cython.declare(dict, {})
_latest = cython.declare(Context, None)


@cython.cfunc
def current() -> Context:
    """Return this thread's context, or None."""
    global _latest
    ident: cython.size_t = PyThread_get_thread_ident()
    context: Context = _latest
    if context is None or context.owner != ident:
        context = contexts.get(ident)
        if context is not None:
            _latest = context
    return context


@cython.cfunc
def label(context: Context) -> object:
    """Return what a node made in this context is to remember of it."""
    if not context.debugging:
        return context.path
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    line = "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"
    return None, context.path, line


@cython.cfunc
def _own() -> Context:
    """Return this thread's context, made if need be."""
    global _latest
    context: Context = current()
    if context is None:
        context = Context(PyThread_get_thread_ident())
        contexts[context.owner] = context
        _latest = context
    return context


@cython.cfunc
def _enter() -> Context:
    """Save this thread's context and return it to be changed."""
    context: Context = _own()
    context.saved.append(
        (context.path, context.recording, context.debugging, context.tape)
    )
    return context


@cython.cfunc
def _entered() -> Context:
    """Return the context that is to be left."""
    context: Context = current()
    if context is None:
        raise RuntimeError(MSG_LEAVE)
    return context


@cython.cfunc
def _leave() -> object:
    context: Context = _entered()
    state: tuple = context.saved.pop()
    context.path, context.recording, context.debugging, context.tape = state
    if not context.saved:
        _forget(context)


@cython.cfunc
def _forget(context: Context) -> object:
    del contexts[context.owner]
    context.owner = 0


@cython.final
@cython.cclass
class scope:  # noqa: N801 - used as a keyword is: with scope("name"):
    """Name the nodes made inside; nested scopes make paths.

    Args:
        name: what the nodes belong to, a layer or a term of a loss; not empty.

    One scope object may be entered again and again, inside itself, and by any thread.

    >>> from autograd import Value
    >>> with scope("loss"), scope("penalty"):
    ...     y = Value(3.0) ** 2
    >>> y.scope
    'loss/penalty'

    """

    def __init__(self, name: object) -> None:
        if not isinstance(name, str) or not name:
            message = f"a scope's name is a string that is not empty, not {name!r}"
            raise TypeError(message)
        self._name = name
        self._known = (None, name)

    @property
    def name(self) -> str:
        """What it was given; the path of its nodes ends with it."""
        return self._name

    # Networks enter a scope for every neuron, so these two are lean: only the path is
    # saved, and no tuple of arguments is made. The path last made is kept together with
    # the outer one it was made for, in one tuple, since a thread that is under another
    # may replace it at any moment.
    def __enter__(self) -> scope:  # noqa: PYI034 - Self is not Cython's
        context: Context = _own()
        outer: object = context.path
        known: tuple = self._known
        if outer is not known[0]:
            path = self._name if outer is None else outer + "/" + self._name
            known = self._known = (outer, path)
        context.saved.append(outer)
        context.path = known[1]
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        context: Context = _entered()
        context.path = context.saved.pop()
        if not context.saved:
            _forget(context)

    def __repr__(self) -> str:
        return f"scope({self._name!r})"

    def __reduce__(self) -> tuple:
        return scope, (self._name,)


class no_grad:  # noqa: N801 - used as a keyword is: with no_grad():
    """Compute without recording: results are constants; a decorator as well.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())

    """

    def __enter__(self) -> None:
        context: Context = _enter()
        context.recording = False

    def __exit__(self, *exception: object) -> None:
        _leave()

    def __call__(self, function: Any) -> Any:
        """Return the function, computed without recording.

        Raises:
            TypeError: if it is no function.

        """
        if not callable(function):
            raise TypeError(MSG_DECORATES.format(function))

        @functools.wraps(function)
        def without_recording(*args: Any, **kwargs: Any) -> Any:
            with no_grad():
                return function(*args, **kwargs)

        return without_recording


class debug:  # noqa: N801 - used as a keyword is: with debug():
    """Let nodes remember the file and line that made them, in ``.where``.

    `diagnose` then says at which line a NaN arose. It makes nodes slower.

    >>> from autograd import Value
    >>> with debug():
    ...     y = Value(2.0) * 3.0
    >>> y.where.endswith(":2")
    True

    """

    def __enter__(self) -> None:
        context: Context = _enter()
        context.debugging = True

    def __exit__(self, *exception: object) -> None:
        _leave()


def recording(function: Any) -> Any:
    """Return the function, recorded even when it is called under `no_grad`."""

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        context: Context = current() if contexts else None
        if context is None or context.recording:
            return function(*args, **kwargs)
        context = _enter()
        context.recording = True
        try:
            return function(*args, **kwargs)
        finally:
            _leave()

    return recorded


class taping:  # noqa: N801 - used as a keyword is: with taping(tape):
    """Write all that happens to Values on a tape: what the compiler records.

    Args:
        tape: has ``add(node)`` for each node that is made and ``compare(relation, a, b,
            outcome)`` for each comparison; None to stop writing for a while.

    """

    def __init__(self, tape: object) -> None:
        self.tape = tape

    def __enter__(self) -> None:
        context: Context = _enter()
        context.tape = self.tape
        context.recording = True

    def __exit__(self, *exception: object) -> None:
        _leave()


def tape_in_use() -> Any:
    """Return the tape that this thread writes on, or None."""
    context: Context = current() if contexts else None
    return None if context is None else context.tape


def is_recording() -> bool:
    """Return whether nodes remember their operands here: not so under `no_grad`."""
    context: Context = current() if contexts else None
    return context is None or context.recording
