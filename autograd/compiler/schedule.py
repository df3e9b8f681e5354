"""schedule: which instructions of a program repeat, and where every number is.

Instructions of one row and one depth, none of which needs another, are a group: their
results are side by side in memory, and LLVM gets a loop. A group that takes another's
results one by one is computed in the same loop, as its tail, and what only the tail
needs never gets to memory. See `autograd.compiler.lower`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, count

from autograd.compiler import llvm
from autograd.compiler.calls import BatchCall, Element
from autograd.compiler.groups import Group, Layout, Region
from autograd.compiler.llvm import Module
from autograd.compiler.program import Program

SMALL = 300  # instructions that are written out without looking for loops
FEW = 4  # like instructions that are not worth a loop

Home = tuple[int, int, int]  # of a place: its stage, its group, and where in the group


@dataclass
class Schedule:
    """A program's instructions in groups, and the memory that they work on."""

    program: Program
    rows: tuple[int, ...] | None  # the inputs that are of rows; None: there are none
    reduce: bool
    module: Module
    name: str = "run"
    layout: Layout = field(default_factory=Layout)
    calls: dict[BatchCall, Region] = field(default_factory=dict)

    def __post_init__(self) -> None:
        p = self.program
        self.first = first = p.first_result
        of_rows = self.rows or ()
        self.shared = len(p.inputs) - len(of_rows)
        self.is_uniform = [
            *[i not in of_rows for i in range(len(p.inputs))],
            *[True] * len(p.constants),
        ]
        for step in p.code:
            self.is_uniform.append(all(self.is_uniform[x] for x in step.operands))
        uniform = [i for i in range(first) if self.is_uniform[i]]
        self.slots = {place: slot for slot, place in enumerate(uniform)}
        self.slots |= {place: slot for slot, place in enumerate(of_rows)}
        self.layout.uniform = len(uniform)
        self.layout.varying = len(of_rows)
        self.lanes = self.layout.lanes = 1 if self.rows is None else llvm.lanes()
        self.summed: dict[int, Group] = {}
        self.used: set[int] = set()
        self.sum_at: dict[int, int] = {}  # where among the sums over rows a place's is

    def schedule(self, *, uniform: bool) -> list[Group]:
        """Return the instructions of one kind in an order that can be run, grouped."""
        code, first = self.program.code, self.first
        own = [i for i in range(len(code)) if self.is_uniform[first + i] == uniform]
        own = [i for i in own if not self._is_result(i)]
        weight = sum(len(code[i].operands) for i in own)
        if weight <= SMALL:
            groups = [self._group([i]) for i in own]
        else:
            groups = self._levels(own)
        if self.reduce and not uniform:
            self.summed = self._summed_products(groups)
            groups = [g for g in groups if g.places[0] not in self.summed]
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

    def _written_by(self, group: Group) -> Iterable[int]:
        """Return the places whose numbers are there after a group."""
        if not group.is_call:
            return group.places
        call = group.row.value.call  # type: ignore[attr-defined]
        return [
            place
            for place, step in enumerate(self.program.code, self.first)
            if isinstance(step.row.value, Element) and step.row.value.call is call
        ]

    def _find_used(self, functions: Iterable[list[Group]]) -> None:
        """Find the places that are read by other code than computes them."""
        p = self.program
        self.used = {*p.outputs, *[x for g in p.guards for x in (g.a, g.b)]}
        for group in self._all_summed():
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

    def _assign(self, functions: Iterable[list[Group]], *, uniform: bool) -> None:
        """Give each place that is used its memory; groups stay in one piece."""
        kind = "uniform" if uniform else "varying"
        for group in chain(*[stage.stage for stage in chain(*functions)]):
            if group.is_call or self.used.isdisjoint(group.places):
                continue
            self.used.update(group.places)
            slot = getattr(self.layout, kind)
            self.slots.update(zip(group.places, count(slot)))
            setattr(self.layout, kind, slot + len(group.places))

    def _is_result(self, i: int) -> bool:
        """Return whether an instruction is a result of a call that is written before.

        The first that is met of a call's results is where the call is written.
        """
        element = self.program.code[i].row.value
        if not isinstance(element, Element):
            return False
        call = element.call
        known = call in self.calls
        if not known:
            runner, layout = call.runner, self.layout
            inner = [batch.layout for batch in call.batches]
            room = max(x.room for x in inner)
            columns = sum(call.widths)
            region = Region(layout.uniform)
            region.out = region.start + 1
            region.u = region.out + len(runner.program.outputs)
            region.columns = region.u + max(1, *[x.uniform for x in inner])
            region.strides = region.columns + columns
            region.flags = region.strides + columns
            region.v = region.flags + call.height // 8 + 16
            layout.uniform = region.v + room
            self.calls[call] = region
        start = self.calls[call].start
        self.slots[self.first + i] = start + 1 + element.k
        return known

    def _levels(self, own: list[int]) -> list[Group]:
        code, first = self.program.code, self.first
        depth = [0] * self.program.size
        deepest_call: dict[BatchCall, int] = {}
        alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for i in own:
            step = code[i]
            deepest = 1 + max(
                (
                    deepest_call[element.call]
                    if isinstance(element := self._value_of(x), Element)
                    else depth[x]
                    for x in step.operands
                ),
                default=0,
            )
            depth[first + i] = deepest
            if isinstance(step.row.value, Element):
                deepest_call[step.row.value.call] = deepest
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

    def _value_of(self, place: int) -> object:
        """Return what computes a place: a function of floats, or a call's element."""
        i = place - self.first
        return self.program.code[i].row.value if i >= 0 else None

    def _group(self, members: list[int]) -> Group:
        code = self.program.code
        return Group(
            code[members[0]].row,
            [self.first + i for i in members],
            [code[i].operands for i in members],
        )

    def _all_summed(self) -> list[Group]:
        return list({id(g): g for g in self.summed.values()}.values())

    def _summed_products(self, groups: list[Group]) -> dict[int, Group]:
        """Return the groups whose results are but added up over the rows."""
        p = self.program
        outputs = set(p.outputs)
        read = {x for step in p.code for x in step.operands}
        read |= {x for g in p.guards for x in (g.a, g.b)}
        found = {}
        for group in groups:
            if group.row.name == "mul" and all(
                x in outputs and x not in read for x in group.places
            ):
                found.update(dict.fromkeys(group.places, group))
        return found


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
