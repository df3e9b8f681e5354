"""sums: what is added up over the rows of a batch.

The sums of a block are kept lane by lane until all rows are done. Products that are
only added up, as in the gradient of a layer's weights, are never stored: tiles of them
are multiplied and added at once.

Letters: ``m`` is how many rows the block has; ``whole`` is m rounded up to a multiple
of the lanes. The rows from m on are padding, and count as 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, count

from autograd.compiler.machine.memory import IN_FLIGHT, Writer, tiles_of
from autograd.compiler.schedule.plan import Plan

Terms = Callable[[str, str], list[tuple[str, ...]]]  # by row, and which lanes are rows


@dataclass
class Grid:
    """The products of each of some numbers with each of some others.

    Attributes:
        kinds: whether the ones, and the others, are uniform.
        ones, others: the factors' places.
        products: the products' places: a line for each of the ones.

    """

    kinds: tuple[bool, bool]
    ones: list[int]
    others: list[int]
    products: list[list[int]]


@dataclass(frozen=True)
class Block:
    """The sums' memory, and the rows of the block that are added to them."""

    sums: str
    m: str
    whole: str


def write_sums(t: Writer, block: Block) -> dict[int, int]:
    """Add the block's rows to the sums, in each lane; return which sum is a place's."""
    plan = t.plan
    sum_at: dict[int, int] = {}
    for uniform, places in _stored(plan).items():
        slots = [plan.slots[x] for x in places]
        for start, end, size in tiles_of(len(places), IN_FLIGHT):
            with t.loop(str(start), str(end), size) as i:
                ks = t.following(i, size)
                ats = [t.slot(slots, k) for k in ks]
                outs = [t.new(f"add nsw i64 {k}, {len(sum_at)}") for k in ks]
                _add_rows(t, block, outs, _numbers(t, ats, uniform))
        sum_at.update(zip(places, count(len(sum_at))))
    for grid in _grids(plan):
        _add_grid(t, block, grid, len(sum_at))
        sum_at.update(zip(chain(*grid.products), count(len(sum_at))))
    return sum_at


def _stored(plan: Plan) -> dict[bool, list[int]]:
    """Return the outputs that are stored, and then added up: varying and uniform."""
    found: dict[bool, list[int]] = defaultdict(list)
    not_stored = {x for group in plan.summed for x in group.places}
    for x in dict.fromkeys(plan.program.outputs):
        if x not in not_stored:
            found[plan.is_uniform[x]].append(x)
    return found


def _grids(plan: Plan) -> list[Grid]:
    """Sort the products that are not stored into grids."""
    kinds: dict[tuple[bool, bool], dict[int, dict[int, int]]]
    kinds = defaultdict(lambda: defaultdict(dict))
    for group in plan.summed:
        for place, (a, b) in zip(group.places, group.operands, strict=True):
            kinds[plan.is_uniform[a], plan.is_uniform[b]][a][b] = place
    return [
        grid for kind, partners in kinds.items() for grid in _sorted(kind, partners)
    ]


def _sorted(
    kinds: tuple[bool, bool], partners: dict[int, dict[int, int]]
) -> Iterable[Grid]:
    """Yield a grid for all factors with the same partners."""
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for a, places in partners.items():
        alike[tuple(sorted(places))].append(a)
    for others, ones in alike.items():
        products = [[partners[a][b] for b in others] for a in ones]
        yield Grid(kinds, ones, list(others), products)


def _numbers(t: Writer, ats: list[str], uniform: bool) -> Terms:
    """Return what reads numbers that are stored; padding rows' are 0."""
    return lambda r, inside: [
        (t.select(inside, t.at(at, r, uniform=uniform), t.number(0.0)),) for at in ats
    ]


def _pairs(
    t: Writer, left: list[str], right: list[str], kinds: tuple[bool, bool]
) -> Terms:
    """Return what reads the factors of a tile's products; padding rows' left is 0.

    Their right is that of the last row; if it is not finite, then the sum is not, too.
    """

    def terms(r: str, inside: str) -> list[tuple[str, ...]]:
        xs = [x for (x,) in _numbers(t, left, kinds[0])(r, inside)]
        ys = [t.at(at, r, uniform=kinds[1]) for at in right]
        return [(x, y) for x in xs for y in ys]

    return terms


def _add_grid(t: Writer, block: Block, grid: Grid, at: int) -> None:
    """Add the products of a grid to the sums from the one at ``at`` on, in tiles."""
    slots = t.plan.slots
    ones, others = ([slots[x] for x in side] for side in (grid.ones, grid.others))
    n = len(others)
    for start, end, height in tiles_of(len(ones)):
        with t.loop(str(start), str(end), height) as i:
            lines = t.following(i, height)
            left = [t.slot(ones, x) for x in lines]
            starts = [
                t.new(f"add nsw i64 {t.new(f'mul nsw i64 {x}, {n}')}, {at}")
                for x in lines
            ]
            for begin, stop, width in tiles_of(n):
                with t.loop(str(begin), str(stop), width) as j:
                    columns = t.following(j, width)
                    right = [t.slot(others, x) for x in columns]
                    outs = [
                        t.new(f"add nsw i64 {x}, {y}") for x in starts for y in columns
                    ]
                    _add_rows(t, block, outs, _pairs(t, left, right, grid.kinds))


def _add_rows(t: Writer, block: Block, outs: list[str], terms: Terms) -> None:
    """Add terms, or products of two, to some of the sums, for all rows."""
    n = t.plan.lanes
    ats = [t.new(f"mul nsw i64 {out}, {n}") for out in outs]
    variables = [t.variable(t.type) for _ in outs]
    for variable, at in zip(variables, ats, strict=True):
        t.write(f"store {t.type} {t.load(block.sums, at)}, ptr {variable}")
    with t.loop("0", block.whole, n) as r:
        left = t.splat(t.new(f"sub nsw i64 {block.m}, {r}"), "i64")
        steps = ", ".join(f"i64 {i}" for i in range(n))
        inside = t.new(f"icmp slt <{n} x i64> <{steps}>, {left}")
        for variable, xs in zip(variables, terms(r, inside), strict=True):
            if len(xs) == 2:
                t.add_product(variable, *xs)
                continue
            old = t.new(f"load {t.type}, ptr {variable}")
            t.write(f"store {t.type} {t.binary('fadd', old, *xs)}, ptr {variable}")
    for variable, at in zip(variables, ats, strict=True):
        t.store(t.new(f"load {t.type}, ptr {variable}"), block.sums, at)


def add_lanes(t: Writer, sums: str, sum_at: dict[int, int]) -> None:
    """Write each output: the lanes of its sum, of as many at once as there are."""
    outputs = t.plan.program.outputs
    if not outputs:
        return
    n = t.plan.lanes
    sources = [sum_at[x] for x in outputs]
    full = len(sources) // n * n
    with t.loop("0", str(full), n) as k:
        found = [t.slot(sources, i) for i in t.following(k, n)]
        ats = [t.new(f"mul nsw i64 {x}, {n}") for x in found]
        with t.in_lanes(n):
            xs = [t.load(sums, at) for at in ats]
            width = 1
            while width < n:
                xs = [
                    _add_halves(t, a, b, width)
                    for a, b in zip(xs[::2], xs[1::2], strict=True)
                ]
                width *= 2
            t.store(xs[0], "%out", k)
    with t.loop(str(full), str(len(sources))) as k:
        at = t.new(f"mul nsw i64 {t.slot(sources, k)}, {n}")
        x = t.new(f"load <{n} x double>, ptr {t.address(sums, at)}, align 8")
        t.store(t.add_lanes("-0.0", x, n), "%out", k)


def _add_halves(t: Writer, a: str, b: str, width: int) -> str:
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
