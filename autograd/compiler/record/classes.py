"""Which class was asked for: what `isinstance` and `match` want to know of a Value.

While a function is recorded, a Value stands for a float. Most questions have the same
answer for both (it is no list, and no dict), and do no harm. But a function that does
one thing for floats and another for the rest is not recorded by running it on Values.

Python asks an object for its ``__class__`` where its type is not the one looked for,
and does not say which that is. The code that asks does: the class is what it loaded
just before. Where that cannot be read, the answer is not known.
"""

from __future__ import annotations

import dis
import functools
from types import CodeType, FrameType
from typing import Any

from autograd.value import Value

ARGUMENTS = 2  # of isinstance
SILENT = {"CACHE", "PRECALL", "NOP", "EXTENDED_ARG", "PUSH_NULL", "NOT_TAKEN"}


class Unreadable(Exception):  # noqa: N818 - an answer, and no error
    """The class that was asked for is no plain name, attribute or tuple of them."""


def float_answers_alike(frame: FrameType) -> bool:
    """Return whether a float is of the class asked for just when a Value is."""
    try:
        classes = _asked(frame)
        return issubclass(float, classes) == issubclass(Value, classes)
    except (Unreadable, TypeError):
        return False


def _asked(frame: FrameType) -> Any:
    """Return the class, or classes, that the frame's current instruction asks for."""
    instructions = _instructions(frame.f_code)
    at = next(
        (k for k, i in enumerate(instructions) if i.offset == frame.f_lasti), None
    )
    if at is None:
        raise Unreadable
    name, argument = instructions[at].opname, instructions[at].arg
    if name == "MATCH_CLASS":
        return _loaded(frame, instructions, at - 2)[0]  # before the names it binds
    if name != "CALL" or argument != ARGUMENTS:
        raise Unreadable
    return _loaded(frame, instructions, at - 1)[0]


@functools.lru_cache(maxsize=1000)
def _instructions(code: CodeType) -> list[dis.Instruction]:
    """Return a function's instructions, each load of two names as two loads."""
    found: list[dis.Instruction] = []
    for i in dis.get_instructions(code):
        if i.opname in SILENT:
            continue
        if i.opname.startswith("LOAD_FAST") and isinstance(i.argval, tuple):
            found += [i._replace(opname="LOAD_FAST", argval=x) for x in i.argval]
        else:
            found.append(i)
    return found


def _loaded(
    frame: FrameType, instructions: list[dis.Instruction], k: int
) -> tuple[Any, int]:
    """Return what the instructions up to k loaded last, and what is before them."""
    if k < 0:
        raise Unreadable
    name, what = instructions[k].opname, instructions[k].argval
    if name == "LOAD_CONST":
        return what, k - 1
    if name.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME")):
        return _named(frame, what, is_global=name == "LOAD_GLOBAL"), k - 1
    if name == "LOAD_ATTR":
        owner, k = _loaded(frame, instructions, k - 1)
        if isinstance(owner, (type, type(dis))):
            return getattr(owner, what, None), k
    if name == "BUILD_TUPLE":
        parts = []
        k -= 1
        for _ in range(what):
            part, k = _loaded(frame, instructions, k)
            parts.append(part)
        return tuple(parts), k
    if name == "BINARY_OP" and instructions[k].argrepr == "|":
        right, k = _loaded(frame, instructions, k - 1)
        left, k = _loaded(frame, instructions, k)
        return left | right, k
    raise Unreadable


def _named(frame: FrameType, name: str, *, is_global: bool) -> Any:
    """Return what a name stands for where the frame is."""
    scopes = [frame.f_globals, frame.f_builtins]
    for scope in scopes if is_global else [frame.f_locals, *scopes]:
        if name in scope:
            return scope[name]
    raise Unreadable
