"""reads: what the iterations of a loop read, from memory and from tables.

Along a line, a pointer moves by the stride, and reads that are near to one another
share it. Such a number is loaded where it is needed, alone or with its neighbours; all
others at once.

Letters: ``k`` is an iteration, ``j`` the place of a read in the loop's body.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from autograd.compiler.loop import At, Numbers, is_fixed
from autograd.compiler.machine.frames import Frame
from autograd.compiler.machine.text import Text
from autograd.compiler.schedule.places import Body

Value = Callable[[str], str]  # writes and returns what iteration k reads
Reader = Callable[[str], None]  # takes it down


class Holds(Protocol):
    """What writes: it has a text, the memory's name, and takes down data."""

    text: Text
    memory: str

    def whole(self, x: int) -> str:
        """Return a whole number."""

    def table(self, items: Sequence[Any], kind: Any) -> str:
        """Return a pointer to a table."""

    def pointer(self, address: int) -> str:
        """Return the address of a number of the memory."""


def readers(
    w: Holds, frame: Frame, inner: Frame, body: Body, others: Mapping[int, Value]
) -> list[Reader]:
    """Return what writes each read of an iteration.

    Args:
        w: writes the loop.
        frame: what is around the loop.
        inner: the loop's block.
        body: the loop's body.
        others: what reads some of them in another way.

    """
    found: list[Reader] = []
    paces = body.paces(frame.places, others)
    pointers: dict[tuple[int, int], Callable[[str], str]] = {}
    for j, read in enumerate(body.loop.reads, len(body.loop.carried)):
        pace = paces.get(j)
        if j in others:
            found.append(_taken(inner, j, others[j]))
        elif is_fixed(read):
            continue
        elif type(read) is Numbers:
            table = w.table(read.numbers, ctypes.c_double)
            found.append(_taken(inner, j, partial(inner.text.spread, table)))
        elif pace is None:
            at, count = frame.places.addresses, body.loop.count
            listed = read.places if type(read) is At else map(read.at, range(count))
            places = [(frame.base + at[x]) * w.text.lanes for x in listed]
            table = w.table(places, ctypes.c_int64)
            found.append(_taken(inner, j, partial(_listed, w, table)))
        else:
            key = pace.start, pace.stride
            if key not in pointers:
                pointers[key] = _moving(w, frame.base + pace.start, pace.stride)
            found.append(_along(inner, j, pointers[key], pace.beyond))
    return found


def _taken(inner: Frame, j: int, value: Value) -> Reader:
    """Return what takes down a value."""
    return lambda k: inner.set(j, value(k))


def _listed(w: Holds, table: str, k: str) -> str:
    """Load what is at a place that is listed."""
    return w.text.load(w.memory, w.text.load_whole(table, k))


def _moving(w: Holds, start: int, stride: int) -> Callable[[str], str]:
    """Return what writes, once, where a pointer is in iteration k."""
    t = w.text
    pointer = w.pointer(start)
    times = "" if abs(stride) == 1 else w.whole(stride * t.lanes)
    written: dict[str, str] = {}

    def now(k: str) -> str:
        if k not in written:
            far = t.new(f"mul nsw i64 {k}, {times}") if times else None
            written[k] = t.address(pointer, far or t.by_lanes(k, stride))
        return written[k]

    return now


def _along(inner: Frame, j: int, pointer: Callable[[str], str], beyond: int) -> Reader:
    """Return what reads along a line: it takes down an address."""
    t = inner.text

    def read(k: str) -> None:
        now = pointer(k)

        def address(more: int) -> str:
            away = (beyond + more) * t.lanes
            return t.address(now, str(away)) if away else now

        if j in inner.moving:
            inner.set(j, t.new(f"load {t.type}, ptr {address(0)}, align 8"))
        else:
            inner.reads[j] = address

    return read
