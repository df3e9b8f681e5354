"""plan: a program's instructions in groups, and the memory that they work on.

A number is *uniform*, one for all rows of a batch, or *varying*, one for each row. What
uniform numbers alone decide is computed once, before the rows. Rows are taken in
blocks: in the block's memory, each varying place has its numbers for all rows side by
side, and the machine computes as many at once as it has lanes. A program for single
numbers is a batch without rows: all is uniform.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count

from autograd.compiler.element import NestedBatch
from autograd.compiler.program import Guard, Program
from autograd.compiler.schedule.groups import Group, Grouping, in_functions
from autograd.compiler.schedule.layout import Layout, Region
from autograd.primitives.arithmetic import mul

CACHED = 30_000  # vectors of a block

Functions = list[list[Group]]


class Plan:
    """What is computed in which order, and where each number lies.

    Args:
        program: what is to be computed.
        width: how many doubles the machine computes at once.
        rows: the inputs that are different for each row; None if there are no rows.
        reduce: whether results are summed over the rows.

    Attributes:
        lanes: how many rows are computed at once.
        is_uniform: for each place, whether it is the same for all rows.
        once: the groups of uniform places, cut into functions.
        per_row: the groups of varying places, cut into functions.
        summed: products that are only added up over the rows, and never stored.
        calls: the memory of each batch that is called.
        used: the places whose numbers are kept in memory.
        slots: where in ``u``, or in ``v``, the number of each such place is.
        layout: how much memory that takes.

    """

    def __init__(
        self,
        program: Program,
        width: int,
        rows: Sequence[int] | None = None,
        *,
        reduce: bool = False,
    ) -> None:
        self.program = program
        self.rows = rows
        self.reduce = reduce
        self.width = width
        self.lanes = 1 if rows is None else width
        self.is_uniform = _uniform(program, rows or ())
        self.layout = Layout(lanes=self.lanes)
        self.calls: dict[NestedBatch, Region] = {}
        self.slots: dict[int, int] = {}
        self._place_inputs(rows or ())
        grouping = Grouping(program, self.is_uniform)
        self._place_calls(grouping.results)
        varying = grouping.groups(uniform=False)
        self.summed = _summed_products(program, varying) if reduce else []
        varying = [group for group in varying if group not in self.summed]
        self.once = in_functions(grouping.fused(grouping.groups(uniform=True)))
        self.per_row = in_functions(grouping.fused(varying))
        self.used = self._used()
        self.layout.uniform = self._place(self.once, self.layout.uniform)
        self.layout.varying = self._place(self.per_row, self.layout.varying)
        self.layout.sums = len(program.outputs) if reduce else 0
        self.layout.block = self.lanes * self._vectors()
        self.layout.flagged = not all(map(self.is_asked_once, program.guards))

    def is_asked_once(self, guard: Guard) -> bool:
        """Return whether a guard is the same for all rows."""
        return self.is_uniform[guard.a] and self.is_uniform[guard.b]

    def _place_inputs(self, rows: Sequence[int]) -> None:
        """Give inputs the first slots of their memory, and constants the next of u."""
        uniform = [i for i in range(self.program.first_result) if self.is_uniform[i]]
        self.slots.update(zip(chain(uniform), count()))
        self.slots.update(zip(rows, count()))
        self.layout.uniform, self.layout.varying = len(uniform), len(rows)

    def _place_calls(self, results: dict[NestedBatch, dict[int, int]]) -> None:
        for call, places in results.items():
            region = self.calls[call] = Region(self.layout.uniform, call)
            self.layout.uniform = region.end
            self.slots.update((place, region.out + k) for place, k in places.items())

    def _used(self) -> set[int]:
        """Return the places that are read by other code than computes them."""
        p = self.program
        used = {*p.outputs, *[x for g in p.guards for x in (g.a, g.b)]}
        for group in self.summed:
            used.update(*group.operands)
        # Loops part a function into runs, and each run knows its own results only.
        home: dict[int, int] = {}
        run = 0
        for stages in self.once + self.per_row:
            run += 1
            after_loop = False
            for stage in stages:
                run += stage.is_loop or after_loop
                after_loop = stage.is_loop
                for group in stage.stage:
                    home.update(dict.fromkeys(group.places, run))
                    for operands in group.operands:
                        used.update(x for x in operands if home.get(x) != run)
        return used

    def _place(self, functions: Functions, slot: int) -> int:
        """Give each place that is used its memory, from a slot on; return what follows.

        Groups stay in one piece.
        """
        for group in chain(*[stage.stage for stage in chain(*functions)]):
            if group.is_call or self.used.isdisjoint(group.places):
                continue
            self.used.update(group.places)
            self.slots.update(zip(group.places, count(slot)))
            slot += len(group.places)
        return slot

    def _vectors(self) -> int:
        """Return how many vectors of rows a block has.

        Many rows share the loads of what is uniform, and of the sums over rows; but
        what a few loops work on is to stay in the processor's cache.
        """
        if not any(g.is_sum and len(g.places) > 1 for g in chain(*self.per_row)):
            return 1
        return next((k for k in (16, 8) if self.layout.varying * k < CACHED), 4)


def _uniform(program: Program, rows: Iterable[int]) -> list[bool]:
    is_uniform = [True] * program.first_result
    for i in rows:
        is_uniform[i] = False
    for step in program.straight:
        is_uniform.append(all(is_uniform[x] for x in step.operands))
    return is_uniform


def _summed_products(program: Program, groups: Iterable[Group]) -> list[Group]:
    """Return the groups whose results are only added up over the rows."""
    read = {x for step in program.straight for x in step.operands}
    read |= {x for g in program.guards for x in (g.a, g.b)}
    only_added = set(program.outputs) - read
    return [
        group
        for group in groups
        if group.primitive is mul and only_added.issuperset(group.places)
    ]
