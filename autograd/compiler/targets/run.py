"""Running the source of a program, which tracebacks can then show."""

from __future__ import annotations

import itertools
import linecache
import re
import weakref
from collections.abc import Callable, Mapping
from typing import Any

DEFINED = re.compile(r"^def (\w+)\(", re.MULTILINE)
_numbers = itertools.count(1)


def run(source: str, names: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the function that the source defines last.

    Args:
        source: of a program that was checked; see `autograd.compiler.targets.source`
            for why no name in it can do harm.
        names: what the source uses and does not import.

    """
    file = f"<autograd program {next(_numbers)}>"
    namespace: dict[str, Any] = {"__name__": "autograd program", **names}
    exec(compile(source, file, "exec"), namespace)  # noqa: S102 - the checked program's
    # Taken out, so that function and namespace are no cycle.
    function: Callable[..., Any] = namespace.pop(DEFINED.findall(source)[-1])
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    weakref.finalize(function, linecache.cache.pop, file, None)
    return function
