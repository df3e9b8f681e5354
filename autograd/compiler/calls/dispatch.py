"""Dispatch: recordings by structure, those used least recently first to go.

Each recording keeps machine code, some hundred kilobytes of it, and a function that is
called with ever new ints would keep all of them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

from autograd.compiler.record.tape import Tape
from autograd.context import taping
from autograd.value import Value

STRUCTURES = 64
VARIANTS = 64  # ways of one structure
RECORDINGS = 128  # of all structures

MSG_STRUCTURES = (
    "{0} was compiled for more than {1} kinds of arguments and surroundings, and those "
    "used least recently are dropped. An int, a string, an object's attribute or a "
    "captured number is structure, and another one another recording: make what varies "
    "a float argument, or do not compile the function"
)
MSG_VARIANTS = (
    "{0} took {1} different ways through its comparisons, and each was compiled; "
    "further ones run as plain Python{2}. Where it compares numbers that differ at "
    "every call, use maximum, minimum, clip or where of autograd.math instead of "
    "branches, or do not compile it"
)


class Ways(list[Any]):
    """The recordings of one structure, for each way through its comparisons.

    Attributes:
        why_eager: why calls of this structure run as plain Python; None if they do not.

    """

    def __init__(self, variants: Any = ()) -> None:
        super().__init__(variants)
        self.why_eager: str | None = None
        self.is_full = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Ways, (list(self),)


class Dispatch(dict[Any, Ways]):
    """Ways by structure, in the order of their last use."""

    def __init__(self, name: str, *, warns: bool = True) -> None:
        super().__init__()
        self.name = name
        self._latest: Ways | None = None
        self._warns = warns

    def of(self, key: Any, known: Ways | None = None) -> Ways:
        """Return the ways of a structure, which is now the one used last.

        Args:
            key: the structure.
            known: its ways, if it is new here.

        """
        ways = self.get(key)
        if ways is None:
            ways = self[key] = Ways() if known is None else known
            self._bound()
        elif ways is not self._latest:
            self.pop(key, None)
            self[key] = ways
        self._latest = ways
        return ways

    def made_room(self, ways: Ways) -> bool:
        """Return whether a structure may have one more recording."""
        if len(ways) >= VARIANTS:
            return False
        self._bound()
        return True

    def _bound(self) -> None:
        count = sum(map(len, self.values()))
        while len(self) > STRUCTURES or (count > RECORDINGS and len(self) > 1):
            oldest = next(iter(self), None)
            count -= len(self.pop(oldest, ()))
            if self._warns:
                self._warns = False
                message = MSG_STRUCTURES.format(self.name, STRUCTURES)
                warnings.warn(message, RuntimeWarning, stacklevel=_level())


def warn_of_ways(name: str, run: Any) -> None:
    """Warn that a function takes too many ways, naming the line that branches.

    Args:
        name: what messages call it.
        run: calls it on Values.

    """
    lines = _Lines(name)
    try:
        with taping(lines):
            run()
    except Exception:  # noqa: BLE001 - it is run for its comparisons only
        lines.nodes.clear()
    where = f" (most of them at {lines.worst()})" if lines.counts else ""
    message = MSG_VARIANTS.format(name, VARIANTS, where)
    warnings.warn(message, RuntimeWarning, stacklevel=_level())


class _Lines(Tape):
    """A tape that takes down at which lines comparisons are made."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.counts: dict[str, int] = {}

    def compare(self, relation: str, a: Value, b: Any) -> Any:
        """Count the line."""
        where = next(_callers(), "")
        self.counts[where] = self.counts.get(where, 0) + 1
        return super().compare(relation, a, b)

    def worst(self) -> str:
        """Return the line with the most comparisons."""
        return max(self.counts, key=lambda where: self.counts[where])


def _level() -> int:
    """Return how many calls up the first caller is that is not this package."""
    frame: Any = sys._getframe(1)  # noqa: SLF001 - there is no other way
    level = 1
    while frame.f_back is not None and _is_ours(frame):
        frame = frame.f_back
        level += 1
    return level


def _is_ours(frame: Any) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] == "autograd"


def _callers() -> Iterator[str]:
    """Yield file and line of the callers that are not this package."""
    frame = sys._getframe(2)  # noqa: SLF001 - there is no other way
    while frame is not None:
        if not _is_ours(frame):
            yield f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
