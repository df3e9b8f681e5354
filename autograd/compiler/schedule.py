"""schedule: which instructions of a program repeat, and where every number is.

Instructions of one row and one depth, none of which needs another, are a group: their
results are side by side in memory, and LLVM gets a loop. See `autograd.compiler.lower`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from autograd.compiler.calls import BatchCall, Element
from autograd.compiler.llvm import Module, lanes
from autograd.compiler.passes import SUMPROD
from autograd.compiler.program import Program
from autograd.primitives import Primitive

SMALL = 300  # instructions that are written out without looking for loops
FEW = 4  # like instructions that are not worth a loop


@dataclass
class Group:
    """Like instructions, none of which needs another; alone, or in a loop."""

    row: Primitive
    places: list[int]
    operands: list[tuple[int, ...]]

    @property
    def is_loop(self) -> bool:
        """Whether it is written as a loop."""
        return len(self.places) > 1 or self.is_sum or self.is_call

    @property
    def is_call(self) -> bool:
        """Whether it is the call of a batch."""
        return isinstance(self.row.value, Element)

    @property
    def is_sum(self) -> bool:
        """Whether it is long sums of products."""
        many = 8 if len(self.places) > 1 else 32
        return self.row is SUMPROD and len(self.operands[0]) >= many


@dataclass
class Layout:
    """Where everything is.

    Attributes:
        uniform: the numbers of ``u``, inputs first.
        varying: the places of ``v``, each as many numbers as a block has rows.
        block: the rows of a block.
        sums: the numbers that are summed over rows; their lanes follow in ``v``.
        lanes: how many numbers are computed at once.

    """

    uniform: int = 0
    varying: int = 0
    block: int = 0
    sums: int = 0
    lanes: int = 1


@dataclass
class Region:
    """The memory of a call: where in ``u`` its status, results and inputs begin."""

    start: int
    out: int = 0
    u: int = 0
    columns: int = 0
    strides: int = 0
    flags: int = 0
    v: int = 0


@dataclass
class Schedule:
    """A program's instructions in groups, and the memory that they work on."""

    program: Program
    rows: tuple[int, ...]  # which of the inputs are different for each row
    reduce: bool
    module: Module
    name: str = "run"
    layout: Layout = field(default_factory=Layout)
    calls: dict[BatchCall, Region] = field(default_factory=dict)

    def __post_init__(self) -> None:
        p = self.program
        self.first = first = p.first_result
        self.shared = len(p.inputs) - len(self.rows)
        self.is_uniform = [
            *[i not in self.rows for i in range(len(p.inputs))],
            *[True] * len(p.constants),
        ]
        for step in p.code:
            self.is_uniform.append(all(self.is_uniform[x] for x in step.operands))
        uniform = [i for i in range(first) if self.is_uniform[i]]
        self.slots = {place: slot for slot, place in enumerate(uniform)}
        self.slots |= {place: slot for slot, place in enumerate(self.rows)}
        self.layout.uniform = len(uniform)
        self.layout.varying = len(self.rows)
        self.lanes = self.layout.lanes = lanes() if self.rows else 1
        self.summed: dict[int, Group] = {}

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
        for group in groups:
            for place in group.places:
                if group.is_call:
                    continue
                kind = "uniform" if uniform else "varying"
                slot = getattr(self.layout, kind)
                self.slots[place] = slot
                setattr(self.layout, kind, slot + 1)
        return groups

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
            words = runner.layout.varying * runner.layout.block
            words += runner.layout.sums * runner.layout.lanes + 8
            columns = sum(call.widths)
            region = Region(layout.uniform)
            region.out = region.start + 1
            region.u = region.out + len(runner.program.outputs)
            region.columns = region.u + max(1, runner.layout.uniform)
            region.strides = region.columns + columns
            region.flags = region.strides + columns
            region.v = region.flags + call.height // 8 + 16
            layout.uniform = region.v + words
            if call.guards is not None:
                more = call.guards.layout
                layout.uniform += max(0, more.varying * more.block + 8 - words)
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
