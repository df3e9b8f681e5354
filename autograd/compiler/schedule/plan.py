"""schedule: which instructions of a program repeat, and where every number is.

Instructions of one row and one depth, none of which needs another, are a group: their
results are side by side in memory, and LLVM gets a loop. A group that takes another's
results one by one is computed in the same loop, as its tail, and what only the tail
needs never gets to memory. See `autograd.compiler.machine.lower`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, count

from autograd.compiler.element import BatchCall, Element
from autograd.compiler.machine import llvm
from autograd.compiler.machine.llvm import Module
from autograd.compiler.program import Program
from autograd.compiler.schedule.layout import Group, Layout, Region

SMALL = 300  # instructions that are written out without looking for loops
FEW = 4  # like instructions that are not worth a loop

Home = tuple[int, int, int]  # of a place: its stage, its group, and where in the group


class Schedule:
    """A program's instructions in groups, and the memory that they work on.

    Args:
        program: what is to be computed.
        module: what it is written into.
        rows: the inputs that are different for each row; None if there are no rows.
        reduce: whether results are summed over the rows.

    """

    name = "run"

    def __init__(
        self,
        program: Program,
        module: Module,
        rows: Sequence[int] | None,
        *,
        reduce: bool,
    ) -> None:
        self.program = p = program
        self.module = module
        self.rows = rows
        self.reduce = reduce
        self.first = first = p.first_result
        of_rows = rows or ()
        self.shared = len(p.inputs) - len(of_rows)
        self.is_uniform = [
            *[i not in of_rows for i in range(len(p.inputs))],
            *[True] * len(p.constants),
        ]
        for step in p.code:
            self.is_uniform.append(all(self.is_uniform[x] for x in step.operands))
        uniform = [i for i in range(first) if self.is_uniform[i]]
        self.lanes = 1 if rows is None else llvm.lanes()
        self.layout = Layout(len(uniform), len(of_rows), lanes=self.lanes)
        self.slots = dict(zip(chain(uniform), count()))
        self.slots.update(zip(of_rows, count()))
        self.used: set[int] = set()
        self.summed: list[Group] = []  # products that are only added up over the rows
        self.sum_at: dict[int, int] = {}  # where among the sums over rows a place's is
        self.results: dict[BatchCall, list[int]] = defaultdict(list)
        self.calls: dict[BatchCall, Region] = {}
        self._place_calls()

    def _place_calls(self) -> None:
        """Find the results of each call, and give it its memory."""
        for place, step in enumerate(self.program.code, self.first):
            if not isinstance(element := step.row.value, Element):
                continue
            call = element.call
            if call not in self.calls:
                self.calls[call] = Region(self.layout.uniform, call)
                self.layout.uniform = self.calls[call].end
            self.results[call].append(place)
            self.slots[place] = self.calls[call].out + element.k

    def schedule(self, *, uniform: bool) -> list[Group]:
        """Return the instructions of one kind in an order that can be run, grouped."""
        code, first = self.program.code, self.first
        own = [i for i in range(len(code)) if self.is_uniform[first + i] == uniform]
        # A call is written where the first of its results is.
        further = {x for places in self.results.values() for x in places[1:]}
        own = [i for i in own if first + i not in further]
        weight = sum(len(code[i].operands) for i in own)
        if weight <= SMALL:
            groups = [self._group([i]) for i in own]
        else:
            groups = self._levels(own)
        if self.reduce and not uniform:
            self.summed = self._summed_products(groups)
            groups = [g for g in groups if g not in self.summed]
        return self._fused(groups)

    def _fused(self, groups: list[Group]) -> list[Group]:
        """Append groups to those whose results they take one by one."""
        stages: list[Group] = []
        home: dict[int, Home] = {}
        for number, group in enumerate(groups):
            last = max(
                (home[x][0] for o in group.operands for x in o if x in home), default=-1
            )
            order = None
            if last >= 0 and len(group.places) == len(stages[last].places) > 1:
                order = _order(group, home, last)
            if order is None:
                last = len(stages)
                stages.append(group)
            else:
                group.places = [group.places[i] for i in order]
                group.operands = [group.operands[i] for i in order]
                stages[last].tail.append(group)
            for i, place in enumerate(self._written_by(group)):
                home[place] = last, number, i
        return stages

    def _written_by(self, group: Group) -> Sequence[int]:
        """Return the places whose numbers are there after a group."""
        if isinstance(element := group.row.value, Element):
            return self.results[element.call]
        return group.places

    def _find_used(self, functions: Iterable[list[Group]]) -> None:
        """Find the places that are read by other code than computes them."""
        p = self.program
        self.used = {*p.outputs, *[x for g in p.guards for x in (g.a, g.b)]}
        for group in self.summed:
            self.used.update(*group.operands)
        # Loops part a function into runs, and each run knows its own results only.
        home: dict[int, int] = {}
        run = 0
        for stages in functions:
            run += 1
            after_loop = False
            for stage in stages:
                run += stage.is_loop or after_loop
                after_loop = stage.is_loop
                for group in stage.stage:
                    home.update(dict.fromkeys(group.places, run))
                    for operands in group.operands:
                        self.used.update(x for x in operands if home.get(x) != run)

    def _assign(self, functions: Iterable[list[Group]], slot: int) -> int:
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

    def _levels(self, own: list[int]) -> list[Group]:
        code = self.program.code
        depth = [0] * self.program.size
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for i in own:
            step = code[i]
            deepest = 1 + max((depth[x] for x in step.operands), default=0)
            depth[self.first + i] = deepest
            if isinstance(element := step.row.value, Element):
                for place in self.results[element.call]:
                    depth[place] = deepest
            kinds = tuple([self.is_uniform[x] for x in step.operands])
            alike[deepest, step.row, kinds].append(i)
        groups: list[Group] = []
        for key in sorted(alike, key=lambda key: key[0]):  # type: ignore[arg-type,return-value]
            members = alike[key]
            if len(members) >= FEW:
                groups.append(self._group(members))
            else:
                groups += [self._group([i]) for i in members]
        return groups

    def _group(self, members: list[int]) -> Group:
        code = self.program.code
        return Group(
            code[members[0]].row,
            [self.first + i for i in members],
            [code[i].operands for i in members],
        )

    def _summed_products(self, groups: list[Group]) -> list[Group]:
        """Return the groups whose results are but added up over the rows."""
        p = self.program
        read = {x for step in p.code for x in step.operands}
        read |= {x for g in p.guards for x in (g.a, g.b)}
        only_added = set(p.outputs) - read
        return [
            group
            for group in groups
            if group.row.name == "mul" and only_added.issuperset(group.places)
        ]


def _order(group: Group, home: dict[int, Home], stage: int) -> list[int] | None:
    """Return the order in which a group takes a stage's results one by one, if any."""
    if group.is_sum:
        return None
    found = None
    for column in zip(*group.operands, strict=True):
        homes = [home[x] for x in column if x in home and home[x][0] == stage]
        if not homes:
            continue
        at = [i for _, _, i in homes]
        of_one = len({number for _, number, _ in homes}) == 1
        if not of_one or found not in (None, at) or sorted(at) != [*range(len(column))]:
            return None
        found = at
    return found and sorted(range(len(found)), key=found.__getitem__)
