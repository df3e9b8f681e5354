"""repetition: which stretches of straight code are one block, again and again.

A loop that was recorded is its body, unrolled: the same rows in the same order, each
operand as far back as in every other iteration, or outside of the iteration altogether.
`repetitions` finds such stretches in time proportional to the code, with arrays alone.

Rows are compared by hashes of windows of 1, 4, 16, ... rows. Where a window occurs
again after L rows, and so do the windows that follow, the rows have the period L; a
short window sees the loops within, a long one the loop around them. Of what is found
the longest is taken that saves most, and is held to the operands: those of the same
iteration must be the same everywhere. What is left is searched for the next.

Of very long code, periods are first looked for in samples, and followed from there;
what is between these stretches is then searched by itself, if it is little.

Where in its period a block begins is free. It begins where the fewest results are
handed from one iteration to the next.

Letters: ``L`` is the length of a block, ``W`` that of a window.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FEWEST = 4  # iterations of a loop
SAVED = 24  # instructions that a loop must save
MANY = 400_000  # instructions, of which samples are looked at before all are
SAMPLES, SAMPLE = 12, 8192
SHARE = 8  # of the code at most, that is searched after the samples
FEW = 1000  # instructions that may be left outside of short loops
SOME = 64  # iterations that tell how far back operands usually are
PART = 1 << 15  # operands that are looked at at once


@dataclass(frozen=True)
class Stretch:
    """A block of ``length`` instructions from ``start`` on, ``count`` times."""

    start: int
    length: int
    count: int

    @property
    def end(self) -> int:
        """What follows the last iteration."""
        return self.start + self.length * self.count

    @property
    def saved(self) -> int:
        """How many instructions need not be written."""
        return (self.count - 1) * self.length


@dataclass
class Code:
    """Straight code as arrays.

    Attributes:
        kinds: for each instruction its row and number of operands, as one int.
        starts: where each instruction's operands begin, and where the last ones end.
        operands: all of them, as numbers of instructions; below 0 what was before.

    """

    kinds: Any
    starts: Any
    operands: Any

    def operands_of(self, s: Stretch) -> Any:
        """Return a row of operands for each iteration."""
        flat = self.operands[self.starts[s.start] : self.starts[s.end]]
        return flat.reshape(s.count, -1)

    def owners(self, s: Stretch) -> Any:
        """Return for each operand of a block which of its instructions has it."""
        import numpy as np

        starts = self.starts[s.start : s.start + s.length + 1]
        return np.repeat(np.arange(s.length), np.diff(starts))


def repetitions(code: Code) -> list[Stretch]:
    """Return stretches that repeat, in order, none overlapping another."""
    n = len(code.kinds)
    enough = max(FEWEST * 8, min(n // 256, FEW))
    candidates: set[Stretch] = set()
    if n >= MANY:
        candidates = _seen_in_samples(code.kinds, n)
        found = _chosen(code, candidates)
        gaps = list(_gaps(found, n))
        if sum(b - a for a, b in gaps) < n // SHARE:
            for a, b in gaps:
                candidates.update(*_periodic(code.kinds, a, b))
            return _chosen(code, candidates)
    for more in _periodic(code.kinds, 0, n):
        candidates |= more
        if n - sum(s.saved for s in more) < enough:  # in rows; in operands as well?
            found = _chosen(code, candidates)
            if n - sum(s.saved for s in found) < enough:
                return found
    return _chosen(code, candidates)


def _gaps(stretches: list[Stretch], n: int) -> Iterator[tuple[int, int]]:
    """Yield from where to where there is no stretch."""
    at = 0
    for s in stretches:
        yield at, s.start
        at = s.end
    yield at, n


def _chosen(code: Code, candidates: set[Stretch]) -> list[Stretch]:
    """Return what saves most of stretches with periodic rows, where operands agree."""
    free = [(0, len(code.kinds))]
    found: list[Stretch] = []
    heap = [(-s.saved, s.start, s.length, s.count) for s in candidates]
    heapq.heapify(heap)
    while heap and free:
        _, start, length, count = heapq.heappop(heap)
        s = Stretch(start, length, count)
        inside = [(a, b) for a, b in free if a < s.end and s.start < b]
        if len(inside) != 1 or not (inside[0][0] <= s.start and s.end <= inside[0][1]):
            parts = [_cut(s, a, b) for a, b in inside]
        else:
            exact = list(_repeating(code, s))
            best = max(exact, key=lambda e: e.saved, default=None)
            if best is not None and best.saved >= 0.9 * s.saved:
                found.append(best)
                a, b = inside[0]
                free.remove((a, b))
                free += [(a, best.start), (best.end, b)]
                parts = [e for e in exact if e is not best]
            else:
                parts = [e for e in exact if e.saved < s.saved]
        for part in parts:
            if part is not None and part.count >= FEWEST and part.saved >= SAVED:
                heapq.heappush(heap, (-part.saved, part.start, part.length, part.count))
    return sorted(found, key=lambda s: s.start)


def _seen_in_samples(kinds: Any, n: int) -> set[Stretch]:
    """Return stretches whose periods show in short parts of the code."""
    import numpy as np

    found: set[Stretch] = set()
    for i in range(SAMPLES):
        first = (n - SAMPLE) * i // (SAMPLES - 1)
        if any(s.start <= first and first + SAMPLE <= s.end for s in found):
            continue
        seen = set().union(*_periodic(kinds, first, first + SAMPLE))
        for s in sorted(seen, key=lambda s: -s.saved)[:3]:
            differ = np.flatnonzero(kinds[s.length :] != kinds[: -s.length])
            at = int(np.searchsorted(differ, s.start))
            start = int(differ[at - 1]) + 1 if at else 0
            end = int(differ[at]) + s.length if at < len(differ) else n
            found.add(Stretch(start, s.length, (end - start) // s.length))
    return {s for s in found if s.count >= FEWEST and s.saved >= SAVED}


def _cut(s: Stretch, a: int, b: int) -> Stretch | None:
    """Return what of a stretch of periodic rows is between a and b."""
    start, end = max(s.start, a), min(s.end, b)
    count = (end - start) // s.length
    return Stretch(start, s.length, count) if count >= FEWEST else None


def _periodic(kinds: Any, first: int, end: int) -> Iterator[set[Stretch]]:
    """Yield stretches in a part in which the rows have a period, window by window."""
    import numpy as np

    if end - first < FEWEST:
        return
    kinds = kinds[first:end]
    random = np.random.default_rng(12345)
    words = random.integers(1, 2**63, int(kinds.max()) + 1, dtype=np.uint64)
    hashes = words[kinds] | np.uint64(1)
    window = 1
    while True:
        stretches = {
            Stretch(first + start, length, (stop - start) // length)
            for start, stop, length in _runs(hashes, window)
        }
        yield {s for s in stretches if s.count >= FEWEST and s.saved >= SAVED}
        for _ in range(2):
            m = len(hashes) - window
            if m < 2 * window:
                return
            factor = random.integers(1, 2**63, dtype=np.uint64) | np.uint64(1)
            hashes = hashes[:m] * factor + hashes[window:]
            hashes ^= hashes >> np.uint64(29)
            window *= 2


def _runs(hashes: Any, window: int) -> Iterator[tuple[int, int, int]]:
    """Yield stretches of rows, with their period, out of the hashes of windows."""
    import numpy as np

    n = len(hashes)
    # Sorting by 16 bits takes linear time: twice for 32, and what is equal is seen.
    order = np.argsort((hashes & np.uint64(0xFFFF)).astype(np.uint16), kind="stable")
    high = ((hashes >> np.uint64(40)) & np.uint64(0xFFFF)).astype(np.uint16)
    order = order[np.argsort(high[order], kind="stable")]
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    back = np.zeros(n, dtype=np.int64)
    back[order[1:]] = np.where(same, order[1:] - order[:-1], 0)
    edges = np.flatnonzero(np.diff(back)) + 1
    begins = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [n]))
    periods = back[begins]
    rows = ends - begins + window - 1 + periods
    fits = (periods > 0) & (rows >= FEWEST * periods) & (rows - periods >= SAVED)
    for begin, end, period in zip(
        begins[fits].tolist(), ends[fits].tolist(), periods[fits].tolist(), strict=True
    ):
        yield begin - period, end + window - 1, period


def _repeating(code: Code, s: Stretch) -> Iterator[Stretch]:
    """Yield the parts of a stretch of periodic rows whose operands agree as well."""
    import numpy as np

    operands, owners = code.operands_of(s), code.owners(s)
    some = np.linspace(0, s.count - 1, min(s.count, SOME)).astype(np.int64)
    distance = (s.start + s.length * some)[:, None] + owners - operands[some]
    usual = distance[len(some) // 2]  # from an instruction back to its operand
    constant = (distance == usual).sum(axis=0) * 4 >= len(some) * 3
    shift = _fewest_handed_on(owners[constant], usual[constant], s.length)
    if shift:
        s = Stretch(s.start + shift, s.length, s.count - 1)
        operands, owners = code.operands_of(s), code.owners(s)
    middle = operands[s.count // 2] - (s.start + s.count // 2 * s.length)
    inside = middle >= 0
    good = np.zeros(s.count + 2, dtype=bool)
    rows = max(1, PART // len(owners))
    for k in range(0, s.count, rows):  # so that what is made stays in a cache
        part = operands[k : k + rows]
        firsts = s.start + s.length * np.arange(k, k + len(part))[:, None]
        same = (part[:, inside] == firsts + middle[inside]).all(axis=1)
        good[1 + k : 1 + k + len(part)] = same & (part[:, ~inside] < firsts).all(axis=1)
    begins = np.flatnonzero(~good[:-1] & good[1:])
    ends = np.flatnonzero(good[:-1] & ~good[1:])
    for a, b in zip(begins.tolist(), ends.tolist(), strict=True):
        yield Stretch(s.start + a * s.length, s.length, b - a)


def _fewest_handed_on(owners: Any, distance: Any, length: int) -> int:
    """Return where in its period a block begins with the fewest results from before.

    Args:
        owners: which instruction of the block has an operand.
        distance: how far back it is.
        length: of the block.

    """
    import numpy as np

    near = (distance > 0) & (distance <= 8 * length)
    if not near.any():
        return 0
    sources = (owners - distance)[near] % length
    reach = np.zeros(length, dtype=np.int64)
    np.maximum.at(reach, sources, distance[near])
    live = np.flatnonzero(reach)
    # A result at u is handed over each begin of a block in u + 1 ... u + reach.
    change = np.zeros(2 * length + 1, dtype=np.int64)
    span = np.minimum(reach[live], length)
    np.add.at(change, live + 1, 1)
    np.add.at(change, live + 1 + span, -1)
    crossing = np.cumsum(change)[: 2 * length]
    handed = crossing[:length] + crossing[length:]
    return int(np.argmin(handed))
