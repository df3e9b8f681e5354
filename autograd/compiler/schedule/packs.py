"""packs: which instructions of one block are alike and become one vector operation.

What loops are to code that repeats in time, packs are to what stands side by side in
one iteration: instructions of one primitive none of which needs another. The results of
a group are lined up, and cut into vectors of as many numbers as the machine computes
at once. A group takes its operands as they come: where they are lined up in the same
order, or lie side by side in memory, they cost nothing; else they have to be collected,
as results have to be taken out for whoever wants them alone.

First all that is alike is packed. Then groups are given up that cost more than their
instructions one by one, until none does: what a group costs depends on its neighbours,
so that a chain of operations pays although its first and last would not alone.

The results of a group are a line (`autograd.compiler.schedule.lines`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from functools import cache
from itertools import count

from autograd.compiler.program import Instruction
from autograd.compiler.schedule.groups import Group
from autograd.compiler.schedule.lines import MOVE, Lines, Weigh, is_run
from autograd.primitives import Primitive

Steps = Sequence[tuple[int, Instruction]]

PAYS = 0.75  # of what instructions cost one by one


class Packing:
    """Packs the instructions of a block.

    Args:
        lines: where its inputs are; packed results are entered.
        width: how many doubles the machine computes at once.
        weigh: what a primitive costs.
        alone: places that are wanted as single numbers.

    """

    def __init__(
        self, lines: Lines, width: int, weigh: Weigh, alone: Collection[int] = ()
    ) -> None:
        self.lines = lines
        self.width = width
        self.weigh = cache(weigh)
        self.alone = alone
        self.names = count()

    def packed(self, steps: Steps) -> list[Group]:
        """Return instructions in an order that can be run, alike ones as vectors.

        Those of a group follow one another along a line, as many in each as fit.
        """
        groups = self._grouped(steps, set())
        alone = self._alone(steps, groups)
        many = sum(len(group.places) for group in groups if len(group.places) > 1)
        if len(steps) - many < len(alone) < len(steps):
            for group in groups:
                for place in group.places:
                    self.lines.homes.pop(place, None)
            groups = self._grouped(steps, alone)  # what is left lines up anew
            alone |= self._alone(steps, groups)
        if len(alone) == len(steps):
            return [Group(s.primitive, [place], [s.operands]) for place, s in steps]
        return [part for group in groups for part in self._parts(group, alone)]

    def _parts(self, group: Group, alone: set[int]) -> Iterator[Group]:
        """Yield the vectors of a group, or its instructions one by one."""
        n = len(group.places)
        step = 1 if group.places[0] in alone else self.width
        for i in range(0, n, step):
            yield _part(group, range(i, min(i + step, n)))

    # What is alike.

    def _grouped(self, steps: Steps, alone: set[int]) -> list[Group]:
        """Return groups as if all of them paid, but for what is to be alone."""
        found: list[Group] = []
        for alike in self._rounds(steps):
            members = range(len(alike.places))
            apart = [i for i in members if alike.places[i] in alone]
            if len(members) == 1 or self.weigh(alike.primitive) is None:
                apart = [*members]
            found += [_part(alike, [i]) for i in apart]
            if len(apart) == len(members):
                continue
            for group in self._alike(_part(alike, set(members).difference(apart))):
                if len(group.places) == 1:
                    found.append(group)
                    continue
                found.append(_part(group, self._order(group)))
                line = "group", next(self.names)
                homes = {x: (line, i) for i, x in enumerate(found[-1].places)}
                self.lines.homes.update(homes)
        return found

    def _rounds(self, steps: Steps) -> Iterator[Group]:
        """Yield groups of one primitive: operations when they can be run, calls late.

        As long as there is anything else to do, more calls may turn up.
        """
        missing: dict[int, int] = {}
        readers: dict[int, list[int]] = defaultdict(list)
        code = dict(steps)
        for place, step in steps:
            needed = {x for x in step.operands if x in code}
            missing[place] = len(needed)
            for x in needed:
                readers[x].append(place)
        ready = [place for place, n in missing.items() if not n]
        calls: dict[tuple[Primitive, int], list[int]] = defaultdict(list)
        while ready or calls:
            alike: dict[tuple[Primitive, int], list[int]] = defaultdict(list)
            for place in sorted(ready):
                step = code[place]
                cost = self.weigh(step.primitive)
                kind = step.primitive, len(step.operands)
                (calls if cost and cost.is_call else alike)[kind].append(place)
            if not alike:
                most = max(calls, key=lambda kind: len(calls[kind]))
                alike[most] = sorted(calls.pop(most))
            ready = []
            for (primitive, _), places in alike.items():
                yield Group(primitive, places, [code[x].operands for x in places])
                for place in places:
                    for x in readers[place]:
                        missing[x] -= 1
                        if not missing[x]:
                            ready.append(x)

    def _alike(self, group: Group) -> Iterator[Group]:
        """Yield the parts of a group whose operands come from the same lines."""
        cost = self.weigh(group.primitive)
        if len(group.places) == 1 or cost is None or cost.is_call:
            yield group
            return
        kinds: dict[Hashable, list[int]] = defaultdict(list)
        for i, operands in enumerate(group.operands):
            kinds[tuple(map(self._kind, operands))].append(i)
        rest: list[int] = []
        for members in kinds.values():
            if len(members) > 2:
                yield _part(group, members)
            else:
                rest += members
        if rest:
            yield _part(group, sorted(rest))

    def _kind(self, place: int) -> Hashable:
        known = self.lines
        if place in known.fixed or place in known.carried:
            return place in known.fixed
        home = known.home(place)
        return home and home[0]

    def _order(self, group: Group) -> list[int]:
        """Return the order of what a group reads: of groups, rather than of memory."""
        members = range(len(group.places))
        found: list[int] = [*members]
        for column in zip(*group.operands, strict=True):
            homes = [home for x in column if (home := self.lines.home(x))]
            if len(homes) < len(column) or len(set(homes)) < len(homes):
                continue
            names = [(str(line), at) for line, at in homes]
            order = sorted(members, key=names.__getitem__)
            if any(line not in self.lines.memory for line, _ in homes):
                return order
            if found == [*members]:
                found = order
        return found

    # What does not pay.

    def _alone(self, steps: Steps, groups: Sequence[Group]) -> set[int]:
        """Return the instructions that are cheaper alone than in their groups."""
        together = {
            x for group in groups if len(group.places) > 1 for x in group.places
        }
        alone = {place for place, _ in steps if place not in together}
        near = _neighbours(groups)
        changed = {*near}
        while changed:
            inside: set[int] = set()  # what vectors are made of
            outside = {*self.alone}  # what is wanted as a single number
            for place, step in steps:
                (inside if place in together else outside).update(step.operands)
            dropped = {
                i
                for i in changed
                if self._costs_more(groups[i], together, inside, outside)
            }
            changed = set()
            for i in dropped:
                alone.update(groups[i].places)
                together.difference_update(groups[i].places)
                changed |= near.pop(i)
                for place in groups[i].places:
                    self.lines.homes.pop(place, None)
            changed &= near.keys()
        return alone

    def _costs_more(
        self, group: Group, together: set[int], inside: set[int], outside: set[int]
    ) -> bool:
        """Return whether a group costs more than its instructions one by one."""
        cost, n, width = self.weigh(group.primitive), len(group.places), self.width
        if cost is None:
            return True
        many = MOVE * len(outside.intersection(group.places))
        many += cost.many * -(-n // width)
        for column in zip(*group.operands, strict=True):
            for i in range(0, n, width):
                many += self._moves(column[i : i + width])
        one = cost.one * n + MOVE * len(inside.intersection(group.places))
        read = together.intersection([x for xs in group.operands for x in xs])
        one += MOVE * len(read - outside)
        return many > PAYS * one

    def _moves(self, column: Sequence[int]) -> int:
        """Return what it costs to collect some operands in a vector."""
        lines = self.lines
        if len(column) == 1 or all(x in lines.fixed for x in column):
            return 0
        if len(set(column)) == 1:
            return MOVE // 2
        homes = [
            home
            for x in column
            if (home := lines.home(lines.carried.get(x, x))) is not None
        ]
        sources = {(line, at // self.width) for line, at in homes}
        if len(homes) == len(column) and is_run(homes):
            line, start = homes[0]
            if line in lines.memory or start % self.width == 0:
                return 0
        return MOVE * (len(column) - len(homes) + len(sources))


def _neighbours(groups: Sequence[Group]) -> dict[int, set[int]]:
    """Return for each group of many which others read it, and which it reads."""
    group_of = {x: i for i, group in enumerate(groups) for x in group.places}
    near: dict[int, set[int]] = {
        i: set() for i, group in enumerate(groups) if len(group.places) > 1
    }
    for i, some in near.items():
        read = {group_of.get(x, i) for xs in groups[i].operands for x in xs}
        for j in read & near.keys():
            some.add(j)
            near[j].add(i)
    return near


def _part(group: Group, members: Iterable[int]) -> Group:
    chosen = [*members]
    return Group(
        group.primitive,
        [group.places[i] for i in chosen],
        [group.operands[i] for i in chosen],
    )
