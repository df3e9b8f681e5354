"""groups: which instructions of a program are alike and can be computed in one loop.

Instructions of one primitive and one depth, none of which needs another, are a group:
their results lie side by side in memory, and the machine gets a loop. A group that
takes another's results one by one is computed in the same loop, as its tail; what only
the tail needs never gets to memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from autograd.compiler.element import Element, NestedBatch
from autograd.compiler.program import Program
from autograd.primitives import Primitive
from autograd.primitives.elementary import sumprod

# Operands of instructions that are written out without looking for loops: of code that
# runs once, and of what is in vectors of rows already, where a loop only costs memory
# (but for long sums, which rows share).
SMALL, SMALL_OF_ROWS = 300, 1000
LONG = 8  # operands of a sum
FEW = 4  # instructions that are not worth a loop
FUNCTION = 800  # instructions of one function

Home = tuple[int, int, int]  # of a place: its stage, its group, and where in the group


@dataclass(eq=False)
class Group:
    """Like instructions, none of which needs another; alone, or in a loop."""

    primitive: Primitive
    places: list[int]
    operands: list[tuple[int, ...]]
    tail: list[Group] = field(default_factory=list)

    @property
    def stage(self) -> list[Group]:
        """All groups of one loop."""
        return [self, *self.tail]

    @property
    def is_loop(self) -> bool:
        """Whether it is written as a loop."""
        return len(self.places) > 1 or self.is_sum or self.is_call

    @property
    def is_call(self) -> bool:
        """Whether it is the call of a batch."""
        return isinstance(self.primitive.value, Element)

    @property
    def is_sum(self) -> bool:
        """Whether it is long sums of products."""
        many = LONG if len(self.places) > 1 else 32
        return self.primitive is sumprod and len(self.operands[0]) >= many


class Grouping:
    """Finds the groups of a program.

    Args:
        program: the program.
        is_uniform: for each place, whether it is the same for all rows.

    Attributes:
        results: for each call, which of its results each place is.

    """

    def __init__(self, program: Program, is_uniform: Sequence[bool]) -> None:
        self.program = program
        self.is_uniform = is_uniform
        self.results: dict[NestedBatch, dict[int, int]] = defaultdict(dict)
        for place, step in enumerate(program.straight, program.first_result):
            if isinstance(element := step.primitive.value, Element):
                self.results[element.call][place] = element.k

    def groups(self, *, uniform: bool) -> list[Group]:
        """Return the instructions of one kind in an order that can be run, grouped."""
        code, first = self.program.straight, self.program.first_result
        # A call is written where the first of its results is.
        further = {x for places in self.results.values() for x in [*places][1:]}
        own = [
            i
            for i in range(len(code))
            if self.is_uniform[first + i] == uniform and first + i not in further
        ]
        lengths = [len(code[i].operands) for i in own]
        sums = sum(n for n in lengths if n >= LONG)
        small = SMALL if uniform or 2 * sums > sum(lengths) else SMALL_OF_ROWS
        if sum(lengths) <= small:
            return [self._group([i]) for i in own]
        return self._by_depth(own)

    def _group(self, members: list[int]) -> Group:
        code, first = self.program.straight, self.program.first_result
        return Group(
            code[members[0]].primitive,
            [first + i for i in members],
            [code[i].operands for i in members],
        )

    def _by_depth(self, own: list[int]) -> list[Group]:
        code, first = self.program.straight, self.program.first_result
        depth = [0] * self.program.size
        alike: dict[int, dict[tuple[object, ...], list[int]]]
        alike = defaultdict(lambda: defaultdict(list))
        for i in own:
            step = code[i]
            deepest = 1 + max((depth[x] for x in step.operands), default=0)
            depth[first + i] = deepest
            if isinstance(element := step.primitive.value, Element):
                for place in self.results[element.call]:
                    depth[place] = deepest
            kinds = tuple([self.is_uniform[x] for x in step.operands])
            alike[deepest][step.primitive, kinds].append(i)
        return [
            self._group(some)
            for _, of_depth in sorted(alike.items())
            for members in of_depth.values()
            for some in ([members] if len(members) >= FEW else [[i] for i in members])
        ]

    def fused(self, groups: Iterable[Group]) -> list[Group]:
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
        if isinstance(element := group.primitive.value, Element):
            return self.results[element.call]
        return group.places


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


def in_functions(stages: Iterable[Group]) -> list[list[Group]]:
    """Cut stages into functions of limited length."""
    parts: list[list[Group]] = []
    length = FUNCTION
    for stage in stages:
        cost = 20 if stage.is_loop else 1 + len(stage.operands[0]) // 2
        if length + cost > FUNCTION:
            parts.append([])
            length = 0
        parts[-1].append(stage)
        length += cost
    return parts
