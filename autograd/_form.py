"""Know in which form the engine runs, and never let an old one pass for the source.

Python prefers ``value.cpython-311-x86_64-linux-gnu.so`` to the ``value.py`` beside it
and does not look whether the one was made of the other. Somebody who compiles in place,
or who edits an installed source, then runs yesterday's code and wonders. So the build
hook writes the digest of each source it compiled into ``autograd/_built.py``, and this
module, which ``autograd`` imports before any other, compares.

Where the sources are edited on purpose, in an editable install, the compiled modules
are in a package of their own, ``_scalar_autograd``. All of them are used as long as all
are of the sources that are here, and none any more, with a word, when one is not.

The digest is `importlib.util.source_hash`, the one Python itself guards ``.pyc`` files
with (PEP 552). Paths are strings here: importing pathlib would take a hundred times as
long as all the looking and comparing, which is 50 µs.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import source_hash, spec_from_file_location
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
MSG_EDITED = (
    "{0} is not what it was when it was compiled (pip install -e . or uv sync compiles "
    "it again)"
)
ASKED = "asked for"
BESIDE = "_scalar_autograd"


def say_once() -> None:
    """Say at the first import why nothing is compiled, unless that was asked for.

    Installers do not show what a build says.
    """
    reason = why_pure() if _built() else ""
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
    if digest == _digest(source):
        return
    reason = (
        "the build did not make it"
        if digest is None
        else "it was made of an earlier text"
    )
    message = MSG_STALE.format(extension=extension, source=source, reason=reason)
    raise ImportError(message)


def _digest(source: str) -> bytes:
    with open(source, "rb") as file:
        return source_hash(file.read())


class Beside:
    """Finds the compiled modules of an editable install, which are beside it.

    Args:
        paths: where each module is, by its name.

    """

    def __init__(self, paths: dict[str, str]) -> None:
        self.paths = paths

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Return where a module is, as Python asks whoever is in `sys.meta_path`."""
        path = self.paths.get(name)
        return None if path is None else spec_from_file_location(name, path)


def use_those_beside() -> None:
    """Let Python find compiled modules beside an editable install, if all fit."""
    built = _built()
    if built.get("__name__") != BESIDE or not built["DIGESTS"]:
        return
    paths = {}
    for module, digest in built["DIGESTS"].items():
        parts = module.removesuffix(".py").split("/")
        path = os.path.join(os.path.dirname(built["__file__"]), *parts)
        source = os.path.join(os.path.dirname(PACKAGE), *parts) + ".py"
        if not os.path.exists(source) or _digest(source) != digest:
            built["PURE_BECAUSE"] = MSG_EDITED.format(module)
            return
        paths[".".join(parts)] = path + EXTENSION_SUFFIXES[0]
    if all(map(os.path.exists, paths.values())):  # of another Python, perhaps
        sys.meta_path.insert(0, Beside(paths))
    else:
        built["PURE_BECAUSE"] = "it was compiled for another Python"


def why_pure() -> str:
    """Return why there is no compiled form here, "" where there is one."""
    return str(_built().get("PURE_BECAUSE", "these are the sources, never built"))


def _built() -> dict[str, Any]:
    for name in ("autograd._built", BESIDE):
        with suppress(ModuleNotFoundError):
            return vars(import_module(name))
    return {}


refuse_stale()
use_those_beside()
say_once()
