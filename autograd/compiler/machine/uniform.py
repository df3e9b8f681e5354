"""uniform: sums of products of uniform numbers, computed in all lanes all the same.

There are no rows side by side to compute at once. But where a layer's weights are in
line, so are the terms of its sums: as many of a sum's terms are multiplied at once as
there are lanes. On the way back the weights of one result after the other are in line,
and as many sums are computed at once.
"""

from __future__ import annotations

import functools
from itertools import chain, pairwise

from autograd.compiler.machine import llvm
from autograd.compiler.machine.llvm import Text
from autograd.compiler.machine.loops import following, in_line, plane_of, stride_of
from autograd.compiler.machine.products import IN_FLIGHT, Products, tiles_of
from autograd.compiler.schedule.layout import Group

STRETCHES = 4  # parts of sums, each with its terms in line

Sides = tuple[list[list[int]], list[list[int]]]


class Uniform(Products):
    """Write long sums of products of uniform numbers."""

    def _uniform_sumprods(self, t: Text, group: Group) -> None:
        """Write sums of products of one length."""
        n = len(group.operands[0]) // 2
        height = len(group.places)
        slots = [[self.slots[x] for x in operands] for operands in group.operands]
        across, planes = _stretches(slots, near=False)
        fit = all(p and p[1] in {0, 1} for p in planes)
        whole = 0
        if fit and in_line(self._columns(group), height):
            whole = height // llvm.lanes() * llvm.lanes()
        if whole:
            with t.in_lanes(llvm.lanes()):
                self._tiles(t, group, across, 0, whole)
        along, planes = _stretches(slots, near=True)
        if n < 2 * llvm.lanes() or None in planes:
            self._tiles(t, group, across, whole, height)
            return
        sides = [
            (
                [x[r.start : r.stop] for x in slots],
                [x[n:][r.start : r.stop] for x in slots],
            )
            for r in along
        ]
        for start, end, size in tiles_of(height - whole):
            bounds = str(whole + start), str(whole + end)
            with t.loop(*bounds, size) as j:
                self._along(t, group, sides, following(t, j, size))

    def _tiles(
        self, t: Text, group: Group, stretches: list[range], begin: int, stop: int
    ) -> None:
        """Write some of the sums, in tiles, as many at once as there are lanes."""
        n = t.lanes
        for start, end, size in tiles_of((stop - begin) // n):
            bounds = str(begin + start * n), str(begin + end * n)
            with t.loop(*bounds, size * n) as j:
                self._tile(t, group, stretches, following(t, j, size, n), ["0"])

    def _along(self, t: Text, group: Group, sides: list[Sides], js: list[str]) -> None:
        """Write sums of which many terms are added at once, those in line."""
        n = llvm.lanes()
        parts = max(1, IN_FLIGHT // len(js))
        vector = f"<{n} x double>"
        sums = [[t.variable(vector) for _ in js] for _ in range(parts)]
        rest = [t.variable("double") for _ in js]
        for variable in rest:
            t.write(f"store double {t.number(0.0)}, ptr {variable}")
        with t.in_lanes(n):
            for variable in chain(*sums):
                t.write(f"store {vector} {t.number(0.0)}, ptr {variable}")
            for both in sides:
                self._add_stretch(t, both, sums, rest, js)
            totals = [
                functools.reduce(
                    functools.partial(t.binary, "fadd"),
                    [t.new(f"load {vector}, ptr {part[i]}") for part in sums],
                )
                for i in range(len(js))
            ]
        for j, variable, y in zip(js, rest, totals, strict=True):
            first = t.new(f"load double, ptr {variable}")
            write = self._elements(t, group, ("0", j, len(group.places)))
            write("0", {group.places[0]: t.add_lanes(first, y, n)})

    def _add_stretch(
        self,
        t: Text,
        both: Sides,
        sums: list[list[str]],
        rest: list[str],
        js: list[str],
    ) -> None:
        """Add a stretch's terms: many at once to parts of sums, the last to rest."""
        n, parts = t.lanes, len(sums)
        terms = len(both[0][0])
        full, whole = terms // (n * parts) * n * parts, terms // n * n
        with t.loop("0", str(full), n * parts) as k:
            for part, at in zip(sums, following(t, k, parts, n), strict=True):
                self._add_terms(t, both, part, js, at)
        if full < whole:
            with t.loop(str(full), str(whole), n) as k:
                self._add_terms(t, both, sums[0], js, k)
        if whole < terms:
            with t.in_lanes(1), t.loop(str(whole), str(terms)) as k:
                self._add_terms(t, both, rest, js, k)

    def _add_terms(
        self, t: Text, both: Sides, sums: list[str], js: list[str], k: str
    ) -> None:
        """Add the terms from the k-th on to sums."""
        shared: list[str | None] = []
        for side in both:
            is_one = all(line == side[0] for line in side)
            shared.append(self._terms_at(t, side, "0", k) if is_one else None)
        for j, variable in zip(js, sums, strict=True):
            a, b = (
                known or self._terms_at(t, side, j, k)
                for known, side in zip(shared, both, strict=True)
            )
            old = t.new(f"load {t.type}, ptr {variable}")
            new = t.intrinsic("fma", a, b, old)
            t.write(f"store {t.type} {new}, ptr {variable}")

    def _terms_at(self, t: Text, side: list[list[int]], j: str, k: str) -> str:
        return t.strided("%u", self._index2(t, side, j, k), stride_of(side[0]) or 0)


def _stretches(
    slots: list[list[int]], *, near: bool
) -> tuple[list[range], list[tuple[int, int, int] | None]]:
    """Return the stretches of terms in which both factors are in line.

    The second result is the planes of both factors over all sums, or None where
    there is none.

    Args:
        slots: for each sum, those of all left factors, then of all right ones.
        near: whether it must be the same place all the time, or the next one.

    """
    n = len(slots[0]) // 2
    cuts, steps = [0], [0, 0]
    for k in range(1, n):
        now = [slots[0][k + side] - slots[0][k + side - 1] for side in (0, n)]
        if cuts[-1] == k - 1:
            steps = now
        if now != steps or (near and not {0, 1}.issuperset(now)):
            cuts.append(k)
    if len(cuts) > STRETCHES:
        return [range(n)], [None]
    stretches = [range(a, b) for a, b in pairwise([*cuts, n])]
    return stretches, [
        plane_of([line[r.start + side : r.stop + side] for line in slots])
        for r in stretches
        for side in (0, n)
    ]
