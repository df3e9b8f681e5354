"""products: sums of products of one length as loops, in tiles that share operands."""

from __future__ import annotations

from itertools import chain, pairwise

from autograd.compiler.machine.llvm import Text
from autograd.compiler.machine.loops import Loops, following
from autograd.compiler.schedule.layout import Group

TILE = 4  # sums of products that share a loop
IN_FLIGHT = 8  # sums at once: the machine starts two in each of the four cycles of one
WIDE = {8: 4, 4: 2, 2: 2}  # vectors of rows in a tile, as many as there are registers


class Products(Loops):
    """Write long sums of products."""

    def _sumprods(self, t: Text, group: Group) -> None:
        """Write sums of products of one length, for all rows."""
        n = len(group.operands[0]) // 2
        segments = self._segments(group, n)

        def tiles(rs: list[str]) -> None:
            for start, end, size in tiles_of(len(group.places)):
                with t.loop(str(start), str(end), size) as j:
                    self._tile(t, group, segments, following(t, j, size), rs)

        if self.layout.block == self.lanes:
            tiles(["0"])
            return
        step = self.lanes * WIDE[self.lanes]
        end = t.new(f"and i64 %n, {-step}")
        with t.loop("0", end, step) as r:
            tiles(following(t, r, WIDE[self.lanes], self.lanes))
        with t.loop(end, "%n", self.lanes) as r:
            tiles([r])

    def _segments(self, group: Group, n: int) -> list[range]:
        """Return the stretches of pairs in which operands are of the same kinds."""
        first = group.operands[0]
        kinds = [
            (self.is_uniform[first[k]], self.is_uniform[first[n + k]]) for k in range(n)
        ]
        cuts = [0, *[k for k in range(1, n) if kinds[k] != kinds[k - 1]], n]
        return [range(a, b) for a, b in pairwise(cuts)]

    def _tile(
        self,
        t: Text,
        group: Group,
        segments: list[range],
        js: list[str],
        rs: list[str],
    ) -> None:
        """Write the sums js of the rows from each of rs on.

        Uniform sums are written as many at once as there are lanes, from each of js on.
        Where the tile is small, each is summed in parts.
        """
        n = len(group.operands[0]) // 2
        across = t.lanes > 1 and self.is_uniform[group.places[0]]
        parts = max(1, IN_FLIGHT // (len(js) * len(rs))) if n >= 16 else 1
        sums = [[[t.variable(t.type) for _ in rs] for _ in js] for _ in range(parts)]
        for variable in chain(*chain(*sums)):
            t.write(f"store {t.type} {t.number(0.0)}, ptr {variable}")
        for segment in segments:
            sides = [
                [[self.slots[o[k + side]] for k in segment] for o in group.operands]
                for side in (0, n)
            ]
            kinds = [self.is_uniform[group.operands[0][segment[0] + s]] for s in (0, n)]
            whole = len(segment) // parts * parts
            with t.loop("0", str(whole), parts) as k:
                for i, part in enumerate(sums):
                    at = k if i == 0 else t.new(f"add nsw i64 {k}, {i}")
                    self._products(t, part, sides, kinds, js, rs, at, across)
            if whole < len(segment):
                with t.loop(str(whole), str(len(segment))) as k:
                    self._products(t, sums[0], sides, kinds, js, rs, k, across)
        for row, j in enumerate(js):
            write = self._elements(t, group, ("0", j, len(group.places)))
            for column, r in enumerate(rs):
                y = t.new(f"load {t.type}, ptr {sums[0][row][column]}")
                for part in sums[1:]:
                    more = t.new(f"load {t.type}, ptr {part[row][column]}")
                    y = t.binary("fadd", y, more)
                write(r, {group.places[0]: y})

    def _products(
        self,
        t: Text,
        sums: list[list[str]],
        sides: list[list[list[int]]],
        kinds: list[bool],
        js: list[str],
        rs: list[str],
        k: str,
        across: bool,
    ) -> None:
        """Add the k-th products to a tile's sums."""

        def numbers(kind: bool, index: str, *, across: bool = False) -> list[str]:
            if across:
                return [t.load("%u", index)]
            if kind:
                return [self._at(t, kind, index, "0")] * len(rs)
            return [self._at(t, kind, index, r) for r in rs]

        shared = [
            numbers(kind, self._index(t, side[0], k))
            if all(x == side[0] for x in side)
            else None
            for side, kind in zip(sides, kinds, strict=True)
        ]
        for j, variables in zip(js, sums, strict=True):
            factors = [
                known or numbers(kind, self._index2(t, side, j, k), across=across)
                for known, side, kind in zip(shared, sides, kinds, strict=True)
            ]
            for variable, a, b in zip(variables, *factors, strict=True):
                total = t.new(f"load {t.type}, ptr {variable}")
                total = t.intrinsic("fma", a, b, total)
                t.write(f"store {t.type} {total}, ptr {variable}")


def tiles_of(n: int, size: int = TILE) -> list[tuple[int, int, int]]:
    """Return stretches of 0, ..., n - 1, and the length of the tiles of each."""
    full = n // size * size
    stretches = [(0, full, size), (full, n, n - full)]
    return [stretch for stretch in stretches if stretch[0] < stretch[1]]
