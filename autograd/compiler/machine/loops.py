"""loops: a group of like instructions as a loop, or written out where it is alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext

from autograd.compiler.machine.memory import Writer
from autograd.compiler.machine.spellings import spell
from autograd.compiler.schedule.groups import Group
from autograd.compiler.schedule.layout import are_in_line, common_width, lines_of
from autograd.compiler.schedule.plan import Plan

Known = dict[int, str]  # results by place


def write_run(t: Writer, run: Iterable[Group], r: str) -> None:
    """Write single instructions out, one after the other, for the rows from r on."""
    known: Known = {}
    for group in run:
        place = group.places[0]
        operands = []
        for x in group.operands[0]:
            if x not in known:
                known[x] = t.value(x, r)
            operands.append(known[x])
        y = known[place] = spell(t, group.primitive, operands)
        if place in t.plan.used:
            slot, uniform = str(t.plan.slots[place]), t.plan.is_uniform[place]
            t.put(y, slot, r, uniform=uniform)


def write_loop(t: Writer, stage: Group) -> None:
    """Write a stage as a loop over its groups' results, by lines where that helps.

    Of uniform results whose operands are neighbours, as many are computed at once as
    the machine has lanes.
    """
    plan = t.plan
    columns = columns_of(plan, stage)
    n = len(stage.places)
    width = common_width(columns, n)
    uniform = plan.is_uniform[stage.places[0]]
    wide = plan.width if uniform and are_in_line(columns, width) else width + 1
    whole = width // wide * wide
    with t.loop("0", str(n // width)) if width < n else nullcontext("0") as i:
        if whole:
            with t.in_lanes(wide), t.loop("0", str(whole), wide) as j:
                elements(t, stage, (i, j, width))("0", {})
        if whole < width:
            with t.loop(str(whole), str(width)) as j:
                write = elements(t, stage, (i, j, width))
                t.over_rows(lambda r: write(r, {}))


def columns_of(plan: Plan, stage: Group) -> list[list[int]]:
    """Return the slots of what a stage's groups read, element by element."""
    own = {group.places[0] for group in stage.stage}
    return [
        [plan.slots[x] for x in column]
        for group in stage.stage
        if not group.is_sum
        for column in zip(*group.operands, strict=True)
        if column[0] not in own
    ]


def elements(
    t: Writer, stage: Group, at: tuple[str, str, int]
) -> Callable[[str, Known], None]:
    """Return what writes one result of each of a stage's groups, each from the others.

    It takes the first of the rows, and what is known: by a group's first place, its
    result. Uniform code writes as many results at once as there are lanes.

    Args:
        t: what is written into.
        stage: the groups.
        at: which of each group's results: line, column, and how long a line is.

    """
    line, j, width = at
    slots, is_uniform = t.plan.slots, t.plan.is_uniform
    uniform = is_uniform[stage.places[0]]
    own = {group.places[0] for group in stage.stage}

    def reader(column: tuple[int, ...]) -> Callable[[str, Known], str]:
        place = column[0]
        if place in own:
            return lambda _, known: known[place]
        ats = [slots[x] for x in column]
        slot = t.slot_in(lines_of(ats, width), line, j)
        if not is_uniform[place]:
            return lambda r, _: t.at(slot, r, uniform=False)
        x = t.strided("%u", slot, ats[1] - ats[0] if uniform and width > 1 else 0)
        return lambda _r, _known: x

    steps = []
    for group in stage.stage:
        place = group.places[0]
        columns = [] if group.is_sum else list(zip(*group.operands, strict=True))
        readers = [reader(column) for column in columns]
        out = ""
        if place in t.plan.used:
            out = t.total((line, width), (j, 1), (str(slots[place]), 1))
        steps.append((group.primitive, place, readers, out))

    def write(r: str, known: Known) -> None:
        for primitive, place, readers, out in steps:
            if place not in known:
                operands = [read(r, known) for read in readers]
                known[place] = spell(t, primitive, operands)
            if out:
                t.put(known[place], out, r, uniform=is_uniform[place])

    return write
