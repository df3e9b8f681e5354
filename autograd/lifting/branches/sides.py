"""sides: what is run though it may not be chosen, and how it is undone.

The two sides of a branch are run one after the other, each under a *mask*: the
condition under which it is chosen, together with those around it. What might raise gets
operands that are masked: where the side is not chosen they are numbers for which it
does not raise. So a side raises exactly where Python would, and what is computed for
nothing is finite and has finite derivatives.

A side that turns out not to be safe to run *fails*: something in it asks how a
comparison turns out, raises, has an effect, or is too long. Then all that it put on the
tape is taken off again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd.context import tape_in_use
from autograd.primitives import Primitive
from autograd.primitives.arithmetic import select
from autograd.value import Value

LONGEST = 3_000  # nodes of a side: what is longer is too dear to be run for nothing
DEEPEST = 12  # sides within sides
# These raise for huge numbers alone. A mask costs more than it is worth: where a row
# that did not choose the side overflows in it, that row is computed in another way.
OVERFLOWING = {"exp", "expm1", "exp2", "sinh", "cosh"}
HARMLESS = (0.5, 1.0, 1.5, 0.0)  # where nearly everything is defined


class FailedError(Exception):
    """A side is not safe to be run where it is not chosen."""


class Mark:
    """A place on a tape to go back to."""

    def __init__(self, tape: Any) -> None:
        self.tape = tape
        self.lengths = len(tape.nodes), len(tape.comparisons), len(tape.refused)
        self.meant = tape.meant

    def is_safe(self) -> bool:
        """Return whether nothing was asked, and nothing refused, since."""
        _, compared, refused = self.lengths
        asked = len(self.tape.comparisons) - compared - (self.tape.meant - self.meant)
        return asked == 0 and len(self.tape.refused) == refused

    def go_back(self) -> None:
        """Take off the tape what was put on it since."""
        nodes, compared, refused = self.lengths
        del self.tape.nodes[nodes:], self.tape.comparisons[compared:]
        del self.tape.refused[refused:]
        self.tape.meant = self.meant


def enter(tape: Any, condition: Any) -> None:
    """Begin a side that is chosen under a condition, a node."""
    if len(tape.sides) >= DEEPEST:
        raise FailedError
    mask = tape.sides[-1][0] * condition if tape.sides else condition
    end = len(tape.nodes) + LONGEST
    tape.sides.append((mask, min(end, tape.sides[-1][1]) if tape.sides else end))


def leave(tape: Any) -> None:
    """End a side."""
    tape.sides.pop()


def attempt(condition: Any, run: Callable[[], Any]) -> tuple[bool, Any]:
    """Return whether something is safe to be run under a condition, and its result."""
    tape = tape_in_use()
    mark = Mark(tape)
    depth = len(tape.sides)
    try:
        enter(tape, condition)
        result = run()
    except Exception:  # noqa: BLE001 - whatever it was, the side is not run for nothing
        result = None
        safe = False
    else:
        safe = mark.is_safe()
    del tape.sides[depth:]
    tape.decided.append(safe)
    if not safe:
        mark.go_back()
    return safe, result


def mask() -> Any:
    """Return the mask of the side that is being run, None outside of all.

    Raises:
        FailedError: if the side has become too long.

    """
    tape = tape_in_use()
    if tape is None or not tape.sides:
        return None
    own, end = tape.sides[-1]
    if len(tape.nodes) > end:
        raise FailedError
    return own


def masked(f: Callable[..., Any], args: Sequence[Any], own: Any) -> list[Any]:
    """Return arguments for which f does not raise where the side is not chosen."""
    if isinstance(f, Primitive) and (not f.may_raise or f.name in OVERFLOWING):
        return list(args)
    fixed = tuple([None if _moves(x) else _key(x) for x in args])
    safe = harmless(f, fixed)
    if safe is None:
        raise FailedError
    return [_choose(own, x, safe) for x in args]


def _moves(x: Any) -> bool:
    if type(x) in {list, tuple}:
        return any(type(part) is Value for part in x)
    return type(x) is Value


def _key(x: Any) -> Any:
    if type(x) in {list, tuple} and all(type(part) in {float, int} for part in x):
        return tuple(x)
    if type(x) not in {float, int, bool, str, type(None)}:
        raise FailedError
    return x


def _choose(own: Any, x: Any, safe: float) -> Any:
    if type(x) is Value:
        return select(own, x, safe)
    if type(x) in {list, tuple}:
        return [_choose(own, part, safe) for part in x]
    return x


@functools.lru_cache(maxsize=1000)
def harmless(f: Callable[..., Any], fixed: tuple[Any, ...]) -> float | None:
    """Return a number for the open arguments for which f does not raise."""
    for x in HARMLESS:
        for several in (False, True):
            args = [([x, x] if several else x) if a is None else a for a in fixed]
            try:
                f(*args)
            except Exception:  # noqa: BLE001, S112 - then it is another number
                continue
            return x
    return None
