"""turns: how often a loop turns whose end is data, and when a recording of it stops.

A loop that one row leaves goes on for another. So it goes on in the recording: where a
row has left it, nothing changes any more. What ends the recording is a *capacity*: that
all rows have left by then is a guard, and a row that has not is recorded with a larger
one. A loop of a fixed number of turns goes on to its end, if that is not far.

Ints that count turns are structure: in a turn, all rows that are still in the loop have
the same ones. Behind the loop they are data: the count of the turn that was the last.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from autograd.context import tape_in_use
from autograd.lifting.branches.conditions import Condition
from autograd.lifting.branches.merging import counted
from autograd.lifting.branches.sides import LONGEST, FailedError
from autograd.primitives.arithmetic import maximum

FEWEST = 16  # turns that a loop can make
SPARE = 2  # times the turns of the recorded row, that others may make
MOST = 2_000  # turns of a loop in a side, which may never end where it is not chosen


class Turns:
    """The turns of one passage through a ``while``.

    Args:
        site: which loop it is.
        bounded: whether it counts its turns, and so ends at some number of them.

    Attributes:
        late: what ints are behind the loop that count its turns.
        asked: whether how it goes on has become a guard at each turn.

    """

    def __init__(self, site: str, bounded: bool) -> None:
        self.site = site
        self.bounded = bounded
        self.late: dict[str, Any] = {}
        self.asked = False
        self._turn = 0
        self._room: int | None = None  # turns, once the recorded row has left
        self._since = 0  # nodes before it left

    def __iter__(self) -> Iterator[Turns]:
        while True:
            yield self
            self._turn += 1

    def ask(self, *, holds: bool) -> None:
        """Note that it is a guard whether there is another turn."""
        self.asked = True
        if holds:
            self.late.clear()

    def count(self, c: Condition, name: str, a: Any, b: Any) -> bool:
        """Return whether two ints are how often there were turns; take them down."""
        if type(a) is not int or type(b) is not int:
            return False
        self.late[name] = counted(c, a, self.late.get(name, b))
        tape_in_use().loops += 1
        return True

    def over(self, *flags: Any) -> bool:
        """Return whether there is no further turn, in the recording."""
        tape = tape_in_use()
        if tape is not None and tape.sides and self._turn > MOST:
            raise FailedError
        if any(flag is True for flag in flags):
            return True
        data = [flag for flag in flags if type(flag) is Condition]
        if not data or tape is None:
            return any(map(bool, flags))
        if self.asked:
            return any(map(bool, data))
        if not any(flag.holds for flag in data):
            return False
        if self._room is None:
            self._room = capacity(self._turn + 1)
            self._since = len(tape.nodes)
            tape.loops += 1
        nodes = len(tape.nodes) - self._since
        if self.bounded:
            goes_on = nodes < LONGEST // 2
        else:
            most = max(LONGEST, 2 * SPARE * self._since)
            goes_on = self._turn + 1 < self._room and nodes < most
        if goes_on:
            return False
        tape.decided.append((self.site, self._turn))
        return ends(data)


def capacity(turns: int) -> int:
    """Return how many turns a loop can make of which a row has made so many.

    >>> capacity(3), capacity(9)
    (16, 32)

    """
    room = FEWEST
    while room < SPARE * turns:
        room *= 2
    return room


def ends(flags: list[Any]) -> bool:
    """Hold all rows to have left a loop, where its recording stops.

    In a side, that is asked of the rows alone that have chosen it.
    """
    tape = tape_in_use()
    left = functools.reduce(maximum, [flag.node for flag in flags])
    if not tape.sides:
        return bool(left != 0.0)
    stays = tape.sides[-1][0] * (1.0 - left)
    tape.meant += 1
    return not bool(stays != 0.0)


def stop(*flags: Any, counts: bool, site: str) -> bool:
    """Return whether a ``for`` has come to its end by ``break`` or ``return``.

    Where that is data, the loop goes on: its other iterations may be another row's. But
    a loop that only counts how often something is tried has a capacity, if its end is
    far, and one that goes on for too long ends, too; then that it ended is a guard.

    Args:
        flags: whether it has, bools or conditions.
        counts: whether the loop only counts.
        site: which loop it is.

    """
    if any(flag is True for flag in flags):
        return True
    tape = tape_in_use()
    data = [flag for flag in flags if type(flag) is Condition]
    if not data or tape is None:
        if tape is not None:
            tape.ended.pop(site, None)
        return any(map(bool, flags))
    tape.decided.append(site)
    known = tape.ended.setdefault(site, [0, 0, 0])
    known[0] += 1
    if not any(flag.holds for flag in data):
        return False
    if not known[1]:
        known[1:] = capacity(known[0]), len(tape.nodes)
        tape.loops += 1
    turn, room, since = known
    nodes = len(tape.nodes) - since
    full = turn >= room and nodes >= LONGEST // 2
    is_over = counts and (full or not tape.turns)
    if tape.sides or not (is_over or nodes > LONGEST):
        return False
    if not any(map(bool, data)):
        return False
    del tape.ended[site]
    return True
