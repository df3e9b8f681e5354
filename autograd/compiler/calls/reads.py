"""Reads: the names that a function's code reads, and whose code it is.

Code says by name what it reads outside of itself: a global, and an attribute of
something. A library's code is not asked: what it keeps is taken to stay as it is.
"""

from __future__ import annotations

import dis
import functools
import sys
import sysconfig
from pathlib import Path
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME"}
_ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"}

# What stands before the name of a module that code imports when it runs.
IMPORTED = "import "
# Functions that are given an attribute's name as a text.
ASKING = {"getattr", "hasattr"}

_known: WeakKeyDictionary[CodeType, Any] = WeakKeyDictionary()


def names_in(code: CodeType) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Return whether code is a library's, and which globals and attributes it reads.

    A module that the code imports itself counts as a global.

    A global that the code itself stores to is not among them.

    >>> names_in((lambda x: math.exp(x) + k).__code__)[1:]
    (('math', 'k'), ('exp',))

    """
    found = _known.get(code)
    if found is None:
        globals_: dict[str, None] = {}
        attributes: dict[str, None] = {}
        if not _is_of_library(code.co_filename):
            stored: set[str] = set()
            _collect(code, globals_, attributes, stored)
            for name in stored:
                globals_.pop(name, None)
        found = _is_of_library(code.co_filename), tuple(globals_), tuple(attributes)
        _known[code] = found
    return found


def _collect(
    code: CodeType,
    globals_: dict[str, None],
    attributes: dict[str, None],
    stored: set[str],
) -> None:
    for step in dis.get_instructions(code):
        if step.opname in _GLOBALS:
            globals_[step.argval] = None
        elif step.opname in _ATTRIBUTES:
            attributes[step.argval] = None
        elif step.opname == "IMPORT_NAME" and step.argval:
            parts = str(step.argval).split(".")
            for k in range(len(parts)):
                globals_[IMPORTED + ".".join(parts[: k + 1])] = None
        elif step.opname == "STORE_GLOBAL":
            stored.add(step.argval)
    for constant in code.co_consts:
        if isinstance(constant, str) and ASKING & set(code.co_names):
            attributes[constant] = None
        if isinstance(constant, CodeType):
            _collect(constant, globals_, attributes, stored)


def is_library(thing: Any) -> bool:
    """Return whether a module or a class is the standard library's or installed."""
    if isinstance(thing, type):
        thing = sys.modules.get(thing.__module__)
    file = getattr(thing, "__file__", None)
    if file is None:
        return getattr(thing, "__name__", "") in sys.builtin_module_names
    return _is_of_library(file)


@functools.cache
def stored_cells(code: CodeType) -> frozenset[str]:
    """Return the names of the cells of an outer function that code stores to."""
    found = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname == "STORE_DEREF" and step.argval in code.co_freevars
    }
    return frozenset(found)


@functools.cache
def _is_of_library(file: str) -> bool:
    if file.startswith("<frozen"):
        return True
    if "site-packages" in file or "dist-packages" in file:
        return True
    return file.startswith(_libraries())


@functools.cache
def _libraries() -> tuple[str, ...]:
    """Return where libraries are: Python's own, and this one's two packages."""
    ours = Path(__file__).parents[3]
    found = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    return (*[f"{path}/" for path in found], f"{ours}/autograd/", f"{ours}/nn/")
