"""sums: what is added up over the rows of a batch.

The sums of a block are kept lane by lane until all rows are done. Products that are but
added up, as in the gradient of a layer's weights, are never stored: tiles of them are
multiplied and added at once.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, count

from autograd.compiler.machine.llvm import Text
from autograd.compiler.machine.loops import following
from autograd.compiler.machine.products import IN_FLIGHT, tiles_of
from autograd.compiler.machine.uniform import Uniform


@dataclass
class Grid:
    """The products of each of some numbers with each of some others."""

    ones: list[int]
    others: list[int]
    products: list[list[int]]


class Sums(Uniform):
    """Write what adds up over rows."""

    def _write_sums(self, t: Text, sums: str, m: str, whole: str) -> None:
        """Add the block's rows to the sums, in each lane; those beyond the last not."""
        plain, grids = self._terms()
        at = 0  # the sums are in the order in which they are written here
        for kind, places in plain.items():
            slots = [self.slots[x] for x in places]
            for start, end, size in tiles_of(len(places), IN_FLIGHT):
                with t.loop(str(start), str(end), size) as i:
                    ks = following(t, i, size)
                    ones = [self._index(t, slots, k) for k in ks]
                    outs = [t.new(f"add nsw i64 {k}, {at}") for k in ks]
                    terms = functools.partial(self._ones, t, kind, ones)
                    self._add_rows(t, sums, outs, m, whole, terms)
            self.sum_at.update(zip(places, count(at)))
            at += len(places)
        for kinds, grid in grids:
            self._add_products(t, sums, m, whole, kinds, grid, at)
            products = chain(*grid.products)
            self.sum_at.update(zip(products, count(at)))
            at += len(grid.ones) * len(grid.others)

    def _terms(
        self,
    ) -> tuple[dict[bool, list[int]], list[tuple[tuple[bool, bool], Grid]]]:
        """Return what is summed: numbers that are stored, and products that are not."""
        plain: dict[bool, list[int]] = defaultdict(list)
        not_stored = {x for group in self.summed for x in group.places}
        for x in dict.fromkeys(self.program.outputs):
            if x not in not_stored:
                plain[self.is_uniform[x]].append(x)
        products: dict[tuple[bool, bool], list[tuple[int, int, int]]]
        products = defaultdict(list)
        for group in self.summed:
            for place, (a, b) in zip(group.places, group.operands, strict=True):
                kinds = (self.is_uniform[a], self.is_uniform[b])
                products[kinds].append((a, b, place))
        return plain, [
            (kinds, grid)
            for kinds, triples in products.items()
            for grid in _grids(triples)
        ]

    def _ones(
        self, t: Text, kind: bool, ats: list[str], r: str, inside: str
    ) -> list[tuple[str, ...]]:
        """Return the terms of sums of numbers that are stored, those beyond m 0."""
        return [(self._masked(t, inside, self._at(t, kind, at, r)),) for at in ats]

    def _all_pairs(
        self,
        t: Text,
        kinds: tuple[bool, bool],
        left: list[str],
        right: list[str],
        r: str,
        inside: str,
    ) -> list[tuple[str, ...]]:
        """Return the factors of all products of one tile."""
        xs = [self._masked(t, inside, self._at(t, kinds[0], at, r)) for at in left]
        ys = [self._at(t, kinds[1], at, r) for at in right]
        return [(x, y) for x in xs for y in ys]

    def _add_products(
        self,
        t: Text,
        sums: str,
        m: str,
        whole: str,
        kinds: tuple[bool, bool],
        grid: Grid,
        at: int,
    ) -> None:
        """Add the products of each of some numbers with each of some others."""
        slots = [[self.slots[x] for x in side] for side in (grid.ones, grid.others)]
        for start, end, height in tiles_of(len(grid.ones)):
            with t.loop(str(start), str(end), height) as i:
                rows = following(t, i, height)
                left = [self._index(t, slots[0], x) for x in rows]
                starts = [self._line(t, x, len(grid.others), at) for x in rows]
                for begin, stop, width in tiles_of(len(grid.others)):
                    with t.loop(str(begin), str(stop), width) as j:
                        columns = following(t, j, width)
                        right = [self._index(t, slots[1], x) for x in columns]
                        outs = [
                            t.new(f"add nsw i64 {x}, {y}")
                            for x in starts
                            for y in columns
                        ]
                        pairs = functools.partial(
                            self._all_pairs, t, kinds, left, right
                        )
                        self._add_rows(t, sums, outs, m, whole, pairs)

    @staticmethod
    def _line(t: Text, i: str, width: int, at: int) -> str:
        """Return where the i-th line of so many numbers begins."""
        return t.new(f"add nsw i64 {t.new(f'mul nsw i64 {i}, {width}')}, {at}")

    def _add_rows(
        self,
        t: Text,
        sums: str,
        outs: list[str],
        m: str,
        whole: str,
        terms: Callable[[str, str], list[tuple[str, ...]]],
    ) -> None:
        """Add terms, or products of two, to some of the sums, for all rows."""
        n = self.lanes
        ats = [t.new(f"mul nsw i64 {out}, {n}") for out in outs]
        variables = [t.variable(t.type) for _ in outs]
        for variable, at in zip(variables, ats, strict=True):
            t.write(f"store {t.type} {t.load(sums, at)}, ptr {variable}")
        with t.loop("0", whole, n) as r:
            left = t.splat(t.new(f"sub nsw i64 {m}, {r}"), "i64")
            steps = ", ".join(f"i64 {i}" for i in range(n))
            inside = t.new(f"icmp slt <{n} x i64> <{steps}>, {left}")
            for variable, xs in zip(variables, terms(r, inside), strict=True):
                old = t.new(f"load {t.type}, ptr {variable}")
                if len(xs) == 2:
                    new = t.intrinsic("fma", *xs, old)
                else:
                    new = t.binary("fadd", old, *xs)
                t.write(f"store {t.type} {new}, ptr {variable}")
        for variable, at in zip(variables, ats, strict=True):
            t.store(t.new(f"load {t.type}, ptr {variable}"), sums, at)

    @staticmethod
    def _masked(t: Text, inside: str, x: str) -> str:
        return t.select(inside, x, t.number(0.0))

    def _add_lanes(self, t: Text, sums: str) -> None:
        """Add up the lanes of each sum: of as many sums at once as there are lanes."""
        if not self.program.outputs:
            return
        n = self.lanes
        sources = [self.sum_at[x] for x in self.program.outputs]
        full = len(sources) // n * n
        with t.loop("0", str(full), n) as k:
            indices = [self._index(t, sources, i) for i in following(t, k, n)]
            ats = [t.new(f"mul nsw i64 {index}, {n}") for index in indices]
            with t.in_lanes(n):
                xs = [t.load(sums, at) for at in ats]
                width = 1
                while width < n:
                    xs = [
                        self._add_halves(t, a, b, width)
                        for a, b in zip(xs[::2], xs[1::2], strict=True)
                    ]
                    width *= 2
                t.store(xs[0], "%out", k)
        with t.loop(str(full), str(len(sources))) as k:
            at = t.new(f"mul nsw i64 {self._index(t, sources, k)}, {n}")
            x = t.new(f"load <{n} x double>, ptr {t.address(sums, at)}, align 8")
            t.store(t.add_lanes("-0.0", x, n), "%out", k)

    @staticmethod
    def _add_halves(t: Text, a: str, b: str, width: int) -> str:
        """Return the sums of neighbouring stretches of lanes: of a, of b, in turns."""
        n = t.lanes
        halves = []
        for start in (0, width):
            lanes = [
                side * n + block + start + i
                for block in range(0, n, 2 * width)
                for side in (0, 1)
                for i in range(width)
            ]
            mask = ", ".join(f"i32 {i}" for i in lanes)
            halves.append(
                t.new(f"shufflevector {t.type} {a}, {t.type} {b}, <{n} x i32> <{mask}>")
            )
        return t.binary("fadd", *halves)


def _grids(products: Iterable[tuple[int, int, int]]) -> list[Grid]:
    """Sort products (a, b, place) into grids."""
    partners: dict[int, dict[int, int]] = defaultdict(dict)
    for a, b, place in products:
        partners[a][b] = place
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for a, places in partners.items():
        alike[tuple(sorted(places))].append(a)
    return [
        Grid(ones, list(others), [[partners[a][b] for b in others] for a in ones])
        for others, ones in alike.items()
    ]
