"""products: long sums of products as loops, in tiles that share operands.

Where numbers vary from row to row, a tile is some sums of some vectors of rows. Where
all are uniform, there are no rows side by side to compute at once, but there are lanes:

- across the sums, where the operands of one sum after the other lie in line, as a
  layer's weights on the way back: as many sums are computed at once as there are lanes;
- along a sum, where its terms do, as a layer's weights on the way forward: as many of
  its terms are multiplied at once.

Letters: ``js`` are the sums of a tile, ``k`` a term, ``rs`` the vectors of rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from autograd.compiler.machine.loops import columns_of, elements
from autograd.compiler.machine.memory import IN_FLIGHT, Writer, tiles_of
from autograd.compiler.schedule.groups import Group
from autograd.compiler.schedule.layout import are_in_line, plane_of, stride_of
from autograd.compiler.schedule.plan import Plan

WIDE = {8: 4, 4: 2, 2: 2}  # vectors of rows in a tile, as many as there are registers
STRETCHES = 4  # parts of sums, each with its terms in line

Plane = tuple[int, int, int]
Kinds = tuple[bool, bool]
Read = Callable[["Side", str, bool], Sequence[str]]  # by slot, and if all sums share it


@dataclass
class Side:
    """The left or the right factors of a stretch of terms: a line for each sum."""

    slots: list[list[int]]
    uniform: bool

    @functools.cached_property
    def is_shared(self) -> bool:
        """Whether all sums have the same."""
        return all(line == self.slots[0] for line in self.slots)


def write_sumprods(t: Writer, group: Group) -> None:
    """Write sums of products of one length, for all rows."""
    plan = t.plan
    cuts = _cuts(_kinds(plan, group))

    def tiles(rs: list[str]) -> None:
        for start, end, size in tiles_of(len(group.places)):
            with t.loop(str(start), str(end), size) as j:
                _write_tile(t, group, cuts, t.following(j, size), rs)

    if plan.layout.block == plan.lanes:
        tiles(["0"])
        return
    vectors = WIDE[plan.lanes]
    step = plan.lanes * vectors
    end = t.new(f"and i64 %n, {-step}")
    with t.loop("0", end, step) as r:
        tiles(t.following(r, vectors, plan.lanes))
    with t.loop(end, "%n", plan.lanes) as r:
        tiles([r])


def write_uniform_sumprods(t: Writer, group: Group) -> None:
    """Write sums of products of uniform numbers: across, then along what is left."""
    lanes = t.plan.width
    n, height = len(group.operands[0]) // 2, len(group.places)
    slots = [[t.plan.slots[x] for x in operands] for operands in group.operands]
    across, planes = _stretches(slots, near=False)
    fit = all(p and p[1] in {0, 1} for p in planes)
    whole = 0
    if fit and are_in_line(columns_of(t.plan, group), height):
        whole = height // lanes * lanes
    if whole:
        with t.in_lanes(lanes):
            _write_tiles(t, group, across, 0, whole)
    along, planes = _stretches(slots, near=True)
    if n < 2 * lanes or None in planes:
        _write_tiles(t, group, across, whole, height)
        return
    stretches = _sides(t.plan, group, along)
    for start, end, size in tiles_of(height - whole):
        with t.loop(str(whole + start), str(whole + end), size) as j:
            _write_along(t, group, stretches, t.following(j, size))


def _write_tiles(
    t: Writer, group: Group, stretches: list[range], begin: int, stop: int
) -> None:
    """Write some of the sums, in tiles, as many at once as there are lanes."""
    n = t.lanes
    for start, end, size in tiles_of((stop - begin) // n):
        with t.loop(str(begin + start * n), str(begin + end * n), size * n) as j:
            _write_tile(t, group, stretches, t.following(j, size, n), ["0"])


def _write_tile(
    t: Writer, group: Group, stretches: list[range], js: list[str], rs: list[str]
) -> None:
    """Write the sums js of the rows from each of rs on.

    Uniform sums are written as many at once as there are lanes, from each of js on.
    Where the tile is small, each is summed in parts.
    """
    n = len(group.operands[0]) // 2
    across = t.lanes > 1 and t.plan.is_uniform[group.places[0]]
    parts = max(1, IN_FLIGHT // (len(js) * len(rs))) if n >= 16 else 1
    sums = [[[t.variable(t.type) for _ in rs] for _ in js] for _ in range(parts)]
    _clear(t, chain(*chain(*sums)))

    def read(side: Side, slot: str, shared: bool) -> Sequence[str]:
        if across and not shared:
            return [t.load("%u", slot)]
        if side.uniform:
            return [t.spread("%u", slot)] * len(rs)
        return [t.at(slot, r, uniform=False) for r in rs]

    for sides in _sides(t.plan, group, stretches):
        length = len(sides[0].slots[0])
        whole = length // parts * parts
        with t.loop("0", str(whole), parts) as k:
            for i, part in enumerate(sums):
                _add_terms(t, part, sides, js, t.total((k, 1), (str(i), 1)), read)
        if whole < length:
            with t.loop(str(whole), str(length)) as k:
                _add_terms(t, sums[0], sides, js, k, read)
    for i, j in enumerate(js):
        write = elements(t, group, ("0", j, len(group.places)))
        for column, r in enumerate(rs):
            y = _total(t, [part[i][column] for part in sums])
            write(r, {group.places[0]: y})


def _write_along(
    t: Writer, group: Group, stretches: list[list[Side]], js: list[str]
) -> None:
    """Write the sums js, adding as many neighbouring terms at once as there are lanes.

    What is left at a stretch's end is added to ``rest``.
    """
    n = t.plan.width
    parts = max(1, IN_FLIGHT // len(js))
    vector = f"<{n} x double>"
    sums = [[[t.variable(vector)] for _ in js] for _ in range(parts)]
    rest = [[t.variable("double")] for _ in js]
    _clear(t, chain(*rest))

    def read(side: Side, slot: str, _: bool) -> Sequence[str]:
        return [t.strided("%u", slot, stride_of(side.slots[0]) or 0)]

    with t.in_lanes(n):
        _clear(t, chain(*chain(*sums)))
        for sides in stretches:
            length = len(sides[0].slots[0])
            full, whole = length // (n * parts) * n * parts, length // n * n
            with t.loop("0", str(full), n * parts) as k:
                for part, at in zip(sums, t.following(k, parts, n), strict=True):
                    _add_terms(t, part, sides, js, at, read)
            if full < whole:
                with t.loop(str(full), str(whole), n) as k:
                    _add_terms(t, sums[0], sides, js, k, read)
            if whole < length:
                with t.in_lanes(1), t.loop(str(whole), str(length)) as k:
                    _add_terms(t, rest, sides, js, k, read)
        totals = [_total(t, [part[i][0] for part in sums]) for i in range(len(js))]
    for j, (variable,), y in zip(js, rest, totals, strict=True):
        first = t.new(f"load double, ptr {variable}")
        write = elements(t, group, ("0", j, len(group.places)))
        write("0", {group.places[0]: t.add_lanes(first, y, n)})


def _add_terms(
    t: Writer,
    sums: list[list[str]],
    sides: list[Side],
    js: list[str],
    k: str,
    read: Read,
) -> None:
    """Add the k-th term to each sum of a tile; what all sums share is read once."""
    shared = [
        read(side, t.slot(side.slots[0], k), True) if side.is_shared else None
        for side in sides
    ]
    for j, variables in zip(js, sums, strict=True):
        factors = [
            known or read(side, t.slot_in(side.slots, j, k), False)
            for known, side in zip(shared, sides, strict=True)
        ]
        for variable, a, b in zip(variables, *factors, strict=True):
            t.add_product(variable, a, b)


def _clear(t: Writer, variables: Iterable[str]) -> None:
    for variable in variables:
        t.write(f"store {t.type} {t.number(0.0)}, ptr {variable}")


def _total(t: Writer, variables: list[str]) -> str:
    """Return the sum of some variables."""
    loads = (t.new(f"load {t.type}, ptr {variable}") for variable in variables)
    return functools.reduce(functools.partial(t.binary, "fadd"), loads)


def _kinds(plan: Plan, group: Group) -> list[Kinds]:
    """Return for each term whether its factors are uniform."""
    operands = group.operands[0]
    n = len(operands) // 2
    uniform = [plan.is_uniform[x] for x in operands]
    return [(uniform[k], uniform[n + k]) for k in range(n)]


def _cuts(kinds: list[Kinds]) -> list[range]:
    """Return the stretches of terms whose factors are of the same kinds."""
    n = len(kinds)
    cuts = [0, *[k for k in range(1, n) if kinds[k] != kinds[k - 1]], n]
    return [range(a, b) for a, b in pairwise(cuts)]


def _sides(plan: Plan, group: Group, stretches: list[range]) -> list[list[Side]]:
    """Return the left and the right factors of each stretch of terms."""
    n = len(group.operands[0]) // 2
    return [
        [
            Side(
                [[plan.slots[o[k + start]] for k in stretch] for o in group.operands],
                plan.is_uniform[group.operands[0][stretch[0] + start]],
            )
            for start in (0, n)
        ]
        for stretch in stretches
    ]


def _stretches(
    slots: list[list[int]], *, near: bool
) -> tuple[list[range], list[Plane | None]]:
    """Return the stretches of terms in which both factors are in line.

    The second result is the planes of both factors over all sums, or None where
    there is none.

    Args:
        slots: for each sum, those of all left factors, then of all right ones.
        near: whether each must be the same slot all the time, or the next one.

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
