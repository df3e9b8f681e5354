"""Where a node is made: in which scopes, whether recorded, and at which line.

What has been entered is a chain of `Context` objects, the innermost first, held by a
context variable: threads and asyncio tasks have chains of their own, and a task starts
with that of the code that made it. A context never changes. Leaving one that is not the
innermost makes the chain above it anew, without it; so any order of leaving is right.

A generator has no context of its own: it runs in that of whoever asks it for the next
item. A context that a generator entered therefore remembers the generator's frame, and
holds only while that frame runs. (One thread in which two generators of this kind take
turns was wrong before that: the `no_grad` of one caught the other's nodes.) A generator
that contextlib made a context manager is there to lend its contexts to its caller.

Most programs are in no scope most of the time, and making a node must then cost
nothing: an operator looks whether `contexts` is empty and is done. Inside a scope it
asks `current`. Compiled, ``context.pxd`` holds the C types, so that `autograd.value`
reaches both without a Python call.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import os
import sys
from typing import Any

try:
    import cython
except ImportError:
    from autograd import _cython as cython  # type: ignore[no-redef]

if cython.compiled:
    from cython.cimports.autograd._frames import PyEval_GetFrame, PyFrame_GetCode
    from cython.cimports.cpython.contextvars import (
        PyContextVar_Set,
        get_value_no_default,
    )
    from cython.cimports.cpython.pythread import PyThread_get_thread_ident
    from cython.cimports.cpython.ref import Py_DECREF
else:
    from threading import get_ident as PyThread_get_thread_ident  # noqa: N812

MSG_LEAVE = (
    "{0} was left that was not entered here. Use it in a with statement, and leave it "
    "in the thread or asyncio task that entered it"
)
MSG_ERRSTATE = (
    '{0}={1!r}: write "raise", as Python does, or "ignore", which gives what IEEE 754 '
    "has in the error's place, an infinity or a NaN. NumPy's other choices (warn, "
    "print, call, log) are not here"
)
# Kinds of errors, as NumPy tells them apart.
OVER, DIVIDE, INVALID = 1, 2, 4
# Frames of this package are not what `debug` is asked about.
_OURS = os.path.dirname(__file__) + os.sep  # noqa: PTH120 - pathlib is slow to import
_HERE = "" if cython.compiled else sys._getframe().f_code.co_filename
_CONTEXTLIB = contextlib.contextmanager.__code__.co_filename
_CO_GENERATORS = cython.declare(
    cython.longlong, 0x20 | 0x200
)  # inspect.CO_GENERATOR and CO_ASYNC_GENERATOR


@cython.final
@cython.cclass
class Context:
    """What has been entered: the scopes, whether nodes are recorded, and on what tape.

    Attributes:
        manager: what was entered last; ``outer`` is the context that it was entered in.
        frame: the frame of the generator that entered it, or None.
        lent: whether this context or one further out is a generator's, so that what
            holds depends on which generator runs.
        ignored: which errors `errstate` has operations keep to themselves.

    """

    if not cython.compiled:
        __slots__ = (
            "alive", "briefly", "debugging", "frame", "ignored", "lent", "manager",
            "nodes", "outer", "path", "recording", "room", "tape", "thread",
        )  # fmt: skip


@cython.final
@cython.cclass
class _Alive:
    """Stand in `contexts` for as long as an outermost context is alive.

    So it is gone, too, when a thread ends inside of it, or a task is dropped there.
    """

    if not cython.compiled:
        __slots__ = ()

    def __init__(self) -> None:
        contexts[id(self)] = None

    def __del__(self) -> None:
        if contexts is not None:
            contexts.pop(id(self), None)


# The outermost contexts that are alive: while there are none, nothing was entered
# anywhere, and an operator pays one look at an empty dict.
contexts = cython.declare(dict, {})
# The tapes that are being written, for threads that are not their own.
tapes = cython.declare(dict, {})
_variable = cython.declare(object, contextvars.ContextVar("autograd", default=None))


@cython.cfunc
@cython.inline
def _innermost() -> Context:
    if cython.compiled:
        return get_value_no_default(_variable, None)
    return _variable.get()


@cython.cfunc
@cython.inline
def _set(context: Context | None) -> object:
    if cython.compiled:
        PyContextVar_Set(_variable, context)
    else:
        _variable.set(context)


@cython.cfunc
def current() -> Context:
    """Return the context that holds here, or None."""
    context: Context = _innermost()
    return _held(context) if context is not None and context.lent else context


@cython.cfunc
def _held(innermost: Context) -> Context:
    """Return what holds of a chain in which generators have a part."""
    context: Context = innermost
    holding: list = []
    while context is not None and context.lent:
        if context.frame is None or _runs(context.frame):
            holding.append(context)
        context = context.outer
    for inner in reversed(holding):
        context = _inside(context, cython.cast(Context, inner).manager, None)
    return context


@cython.cfunc
def _runs(frame: object) -> cython.bint:
    """Return whether a generator's frame is on this thread's stack."""
    if frame.f_back is None:
        return False
    # The frame of one that has ended has a caller, too, from Python 3.12 on.
    caller = sys._getframe()
    while caller is not None and caller is not frame:
        caller = caller.f_back
    return caller is frame


@cython.cfunc
def _settle(context: Context, manager: object) -> object:
    """Change a new context as what was entered has it."""
    if type(manager) is scope:
        named: scope = manager
        context.path = named._path_in(context.path)
    elif isinstance(manager, debug):
        context.debugging = True
    elif isinstance(manager, no_grad):
        context.recording = False
    elif isinstance(manager, errstate):
        context.ignored = (context.ignored & ~manager.raised) | manager.quiet
    elif manager is not None:
        context.recording = True
        if isinstance(manager, taping):
            tape = context.tape = manager.tape
            if tape is not None:
                context.nodes, context.room = tape.nodes, tape.limit


@cython.cfunc
def take_down(context: Context, node: object) -> object:
    """Take down a node that was made in a context with a tape."""
    context.nodes.append(node)
    if len(context.nodes) > context.room:
        context.tape.overflow()


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


# --- Entering and leaving -----------------------------------------------------------


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _in_a_generator() -> cython.bint:
    """Return whether the Python code that called is a generator's; only in C."""
    frame = PyEval_GetFrame()
    if not frame:
        return False
    code = PyFrame_GetCode(frame)
    flags: cython.longlong = code.co_flags
    Py_DECREF(cython.cast(object, code))
    return flags & _CO_GENERATORS != 0


@cython.cfunc
def _generator() -> object:
    """Return the frame of the generator that is entering or leaving, or None."""
    if cython.compiled and not _in_a_generator():
        return None
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_filename == _HERE:
        frame = frame.f_back
    while frame is not None and frame.f_code.co_flags & _CO_GENERATORS:
        resumed = frame.f_back
        if resumed is None or resumed.f_code.co_filename != _CONTEXTLIB:
            return frame
        # A context manager made of a generator: who enters that?
        while resumed is not None and resumed.f_code.co_filename == _CONTEXTLIB:
            resumed = resumed.f_back
        frame = resumed
    return None


@cython.cfunc
def _inside(outer: Context | None, manager: object, frame: object) -> Context:
    """Return the context of what is entered in another."""
    context: Context = Context.__new__(Context)
    context.outer = outer
    context.manager = manager
    context.frame = frame
    context.thread = PyThread_get_thread_ident()
    context.briefly = None
    if outer is None:
        context.recording = True
        context.debugging = False
        context.path = context.tape = context.nodes = None
        context.room = 0
        context.ignored = 0
        context.lent = frame is not None
    else:
        context.recording = outer.recording
        context.debugging = outer.debugging
        context.path = outer.path
        context.tape = outer.tape
        context.nodes = outer.nodes
        context.room = outer.room
        context.ignored = outer.ignored
        context.lent = outer.lent or frame is not None
    _settle(context, manager)
    outermost: cython.bint = outer is None or outer.manager is None
    context.alive = _Alive() if outermost and manager is not None else None
    return context


@cython.cfunc
def _enter(manager: object) -> object:
    _set(_inside(_innermost(), manager, _generator()))


@cython.cfunc
def _leave(manager: object) -> object:
    context: Context = _innermost()
    if context is not None and context.manager is manager and not context.lent:
        _set(context.outer)
    else:
        _leave_in_any_order(context, manager)


@cython.cfunc
def _leave_in_any_order(innermost: Context | None, manager: object) -> object:
    """Take out what was entered last by this manager and this generator, if one."""
    frame = _generator()
    above: list = []
    context: Context = innermost
    while context is not None:
        if context.manager is manager and context.frame is frame:
            break
        above.append(context)
        context = context.outer
    if context is None:
        if frame is not None:
            return  # a generator that is closed elsewhere: it held nothing any more
        raise RuntimeError(MSG_LEAVE.format(_words(manager)))
    outer: Context = context.outer
    for context in reversed(above):
        outer = _inside(outer, context.manager, context.frame)
    _set(outer)


def _words(manager: object) -> str:
    return repr(manager) if type(manager) is scope else f"{type(manager).__name__}()"


@cython.final
@cython.cclass
class scope:  # noqa: N801 - used as a keyword is: with scope("name"):
    """Name the nodes made inside; nested scopes make paths.

    Args:
        name: what the nodes belong to, a layer or a term of a loss; not empty.
        brief: that the block neither yields nor awaits, as in a function that just
            computes. To enter it is then a third of the cost, and tasks started inside
            do not belong to it. `nn` enters a scope for every neuron so.

    One scope object may be entered again and again, inside itself, and by any thread.

    >>> from autograd import Value
    >>> with scope("loss"), scope("penalty"):
    ...     y = Value(3.0) ** 2
    >>> y.scope
    'loss/penalty'

    """

    def __init__(self, name: object, *, brief: bool = False) -> None:
        if not isinstance(name, str) or not name:
            message = f"a scope's name is a string that is not empty, not {name!r}"
            raise TypeError(message)
        self._name = name if type(name) is str else str.__str__(name)
        self._brief = bool(brief)
        self._known = (None, self._name)

    @property
    def name(self) -> str:
        """What it was given; the path of its nodes ends with it."""
        return self._name

    # The path last made is kept together with the outer one it was made for, in one
    # tuple, since a thread that is under another may replace it at any moment.
    @cython.cfunc
    def _path_in(self, outer: object) -> object:
        known: tuple = self._known
        if outer is not known[0]:
            path = self._name if outer is None else outer + "/" + self._name
            known = self._known = (outer, path)
        return known[1]

    def __enter__(self) -> scope:  # noqa: PYI034 - Self is not Cython's
        if self._brief:
            _enter_briefly(self)
        else:
            _enter(self)
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if not (self._brief and _left_briefly(self)):
            _leave(self)

    def __repr__(self) -> str:
        return f"scope({self._name!r})"

    def __reduce__(self) -> tuple:
        return _scope, (self._name, self._brief)


def _scope(name: str, brief: bool) -> scope:
    return scope(name, brief=brief)


# A brief scope changes the path of the context that is there, and puts it back: nobody
# sees it in between but who is inside. So it needs no context of its own, but one made
# by this thread, which stays, empty, for the next time.


@cython.cfunc
def _enter_briefly(entered: scope) -> object:
    context: Context = _innermost()
    if context is None:
        context = _inside(None, None, None)
        context.briefly = []
        _set(context)
    elif context.lent or context.thread != PyThread_get_thread_ident():
        _enter(entered)
        return
    elif context.briefly is None:
        context.briefly = []
    if context.manager is None and not context.briefly:
        contexts[id(context)] = None
    context.briefly.append(context.path)
    context.path = entered._path_in(context.path)


@cython.cfunc
def _left_briefly(entered: scope) -> cython.bint:
    """Return whether a brief scope was left, and not one with a context of its own."""
    context: Context = _innermost()
    while context is not None and not context.briefly:
        if context.manager is entered:
            return False
        context = context.outer
    if context is None:
        return False
    context.path = context.briefly.pop()
    if context.manager is None and not context.briefly:
        contexts.pop(id(context), None)
    return True


class no_grad:  # noqa: N801 - used as a keyword is: with no_grad():
    """Compute without recording: results are constants; a decorator as well.

    It holds in the thread or asyncio task that entered it, and in tasks started inside.
    In a generator it holds while the generator runs, not for who takes its items.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())

    """

    def __enter__(self) -> None:
        _enter(self)

    def __exit__(self, *exception: object) -> None:
        _leave(self)

    def __call__(self, function: Any) -> Any:
        """Return the function, computed without recording.

        A generator and a coroutine compute each of their steps so.

        Raises:
            TypeError: if it is no function, or one of an asynchronous generator.

        """
        from autograd.deferred import within

        return within(no_grad, function)


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
        _enter(self)

    def __exit__(self, *exception: object) -> None:
        _leave(self)


class errstate:  # noqa: N801 - used as a keyword is: with errstate():
    """Let operations give an infinity or a NaN where they would raise, as NumPy's does.

    It is for who expects that, as an optimiser that steps too far: in eager code on
    Values, in `autograd.math` on floats, and in compiled functions. Derivatives there
    are what the formulas give in IEEE arithmetic. Python's own operators on plain
    floats raise as ever; inside a transform, `jit` or `vmap` numbers are Values.

    Args:
        all: for all that is not given: "raise" or "ignore"; None for as it is outside.
        divide: poles, as 1/0 and log(0): infinite.
        over: results that are too large: infinite.
        under: results that are too small, which never raise: for NumPy's sake.
        invalid: what is not defined, as 0/0 and log(-1): NaN.

    Raises:
        ValueError: if a choice is something else.

    >>> from autograd import Value, math
    >>> with errstate(over="ignore"):
    ...     y = math.exp(Value(1000.0))
    >>> y.data
    inf

    """

    def __init__(
        self,
        *,
        all: str | None = None,  # noqa: A002 - NumPy's name for it
        divide: str | None = None,
        over: str | None = None,
        under: str | None = None,
        invalid: str | None = None,
    ) -> None:
        self.quiet = self.raised = 0
        choices = {"over": over, "divide": divide, "invalid": invalid}
        for name, choice in {"all": all, "under": under, **choices}.items():
            if choice not in {None, "raise", "ignore"}:
                raise ValueError(MSG_ERRSTATE.format(name, choice))
        for kind, choice in zip((OVER, DIVIDE, INVALID), choices.values(), strict=True):
            if (choice or all) == "ignore":
                self.quiet |= kind
            elif choice or all:
                self.raised |= kind

    def __enter__(self) -> None:
        _enter(self)

    def __exit__(self, *exception: object) -> None:
        _leave(self)


def recording(function: Any) -> Any:
    """Return the function, recorded even when it is called under `no_grad`."""

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        context: Context = current() if contexts else None
        if context is None or context.recording:
            return function(*args, **kwargs)
        _enter(function)
        try:
            return function(*args, **kwargs)
        finally:
            _leave(function)

    return recorded


class taping:  # noqa: N801 - used as a keyword is: with taping(tape):
    """Write all that happens to Values on a tape: what the compiler records.

    Args:
        tape: has a list ``nodes`` for each node that is made, ``overflow()`` to be told
            that there are more than ``limit``, ``compare(relation, a, b)`` for each
            comparison, ``meet(x)`` for what others look at, and ``call(f, ...)`` to
            call what somebody else wrote; None to stop writing for a while.

    """

    def __init__(self, tape: object) -> None:
        self.tape = tape

    def __enter__(self) -> None:
        if self.tape is not None:
            tapes[id(self.tape)] = self.tape
        _enter(self)

    def __exit__(self, *exception: object) -> None:
        tapes.pop(id(self.tape), None)
        _leave(self)


def tape_in_use() -> Any:
    """Return the tape that this thread writes on, or None."""
    context: Context = current() if contexts else None
    return None if context is None else context.tape


def ignored() -> int:
    """Return which errors are ignored here, 0 for none: see `errstate`."""
    context: Context = current() if contexts else None
    return 0 if context is None else context.ignored


def is_recording() -> bool:
    """Return whether nodes remember their operands here: not so under `no_grad`."""
    context: Context = current() if contexts else None
    return context is None or context.recording


def is_anything_entered() -> bool:
    """Return whether someone is inside somewhere, so that making a node costs more."""
    return bool(contexts)
