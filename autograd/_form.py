"""Know in which form the engine runs, and never let an old one pass for the source.

Python prefers ``value.cpython-311-x86_64-linux-gnu.so`` to the ``value.py`` beside it
and does not look whether the one was made of the other. Somebody who compiles in place,
or who edits an installed source, then runs yesterday's code and wonders. So the build
hook writes the digest of each source it compiled into ``autograd/_built.py``, and this
module, which ``autograd`` imports before any other, compares.

The digest is `importlib.util.source_hash`, the one Python itself guards ``.pyc`` files
with (PEP 552). Paths are strings here: importing pathlib would take a hundred times as
long as all the looking and comparing, which is 50 µs.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import source_hash
from typing import Any

PACKAGE = os.path.dirname(__file__)

MSG_STALE = (
    "{extension} would run instead of {source}, but {reason}, so Python would ignore "
    "what you edit. Delete it to run the source, or build and install again with: "
    "pip install . (which compiles elsewhere and leaves nothing in a checkout)"
)


MSG_PURE = (
    "scalar-autograd runs as pure Python here, with the same numbers, several times "
    "slower: {0}. Said once."
)
ASKED = "asked for"


def say_once() -> None:
    """Say at the first import why nothing is compiled, unless that was asked for.

    Installers do not show what a build says.
    """
    reason = str(_built().get("PURE_BECAUSE", ""))
    if not reason or reason.startswith(ASKED):
        return
    with suppress(OSError):  # where nobody may write, nobody is told
        with open(os.path.join(PACKAGE, "_told"), "x"):
            pass
        sys.stderr.write(MSG_PURE.format(reason) + "\n")


def refuse_stale() -> None:
    """Look through the package for compiled modules that belie their sources.

    Raises:
        ImportError: naming the compiled file, and what to do about it.

    """
    for directory, subdirectories, files in os.walk(PACKAGE):
        if "__pycache__" in subdirectories:
            subdirectories.remove("__pycache__")
        for file in files:
            stem, _, suffix = file.partition(".")
            source = f"{stem}.py"
            if f".{suffix}" in EXTENSION_SUFFIXES and source in files:
                _compare(os.path.join(directory, file), os.path.join(directory, source))


def _compare(extension: str, source: str) -> None:
    module = os.path.relpath(source, os.path.dirname(PACKAGE)).replace(os.sep, "/")
    digest = _built().get("DIGESTS", {}).get(module)
    with open(source, "rb") as file:
        text = file.read()
    if digest == source_hash(text):
        return
    reason = (
        "the build did not make it"
        if digest is None
        else "it was made of an earlier text"
    )
    message = MSG_STALE.format(extension=extension, source=source, reason=reason)
    raise ImportError(message)


def why_pure() -> str:
    """Return why there is no compiled form here, "" where there is one."""
    return str(_built().get("PURE_BECAUSE", "these are the sources, never built"))


def _built() -> dict[str, Any]:
    try:
        return vars(import_module("autograd._built"))
    except ModuleNotFoundError:
        return {}


refuse_stale()
say_once()
