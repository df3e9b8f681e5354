"""What there is to tell of a derivative: steps, parts that are folded, gradients.

A `Story` is what an explanation says, in no notation yet. Every operation is one step,
each after all that use it; where there are more than `LIMIT`, those of a scope make one
step together. Of a loop without scopes (`autograd.explanation.loops`) the last and the
first iteration are told, and of what else is without, the middle is left out. Of terms
that are alike (`autograd.explanation.batch`) one is told, and how many are like it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from autograd.explanation.batch import batches
from autograd.explanation.loops import turns
from autograd.explanation.steps import Part, Step, Teller
from autograd.explanation.sweep import Sweep

LIMIT = 40  # steps in a story
GROUPS = 24  # steps, where some are scopes
EDGE = 12  # steps kept before and after what is left out
FEW = 3  # additions that are told one by one
LEAVES = 40
PATHS = 6
LONGEST = 8  # operations on a path

SUM = "the sum of {0:,} terms"
LIKE = "and {0:,} like it ({1})"
TURNS = "{0:,} iterations of a loop, in the same {1} steps as those above and below"
TURNS_OF_ONE = "{0:,} iterations of a loop, in the same step as those above and below"


# From the root to a node: each place with the local derivative that led there.
Path = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """All that is told.

    Attributes:
        sweep: the numbers.
        names: what the nodes are called.
        steps: in an order in which the chain rule can be applied.
        leaves: the places of what the derivatives are wanted by.
        more: how many leaves are left out.
        folded: whether there are more operations than steps.
        operations: how many there are.
        target: the place of the one node that is asked about, or None.
        paths: the ways to it, if they are few and short; ``ways`` is their number.

    """

    sweep: Sweep
    names: list[str]
    steps: tuple[Step | Part, ...]
    leaves: tuple[int, ...]
    more: int
    folded: bool
    operations: int
    target: int | None
    paths: tuple[Path, ...]
    ways: int


def tell(
    sweep: Sweep, names: list[str], target: int | None, scope: str | None
) -> Story:
    """Return what there is to tell of a sweep.

    Args:
        sweep: the numbers.
        names: what the nodes are called.
        target: the place of the node that is asked about, None for all.
        scope: the one scope that is told, None for all.

    """
    inside = [
        scope is None or s == scope or s.startswith(f"{scope}/") for s in sweep.scopes
    ]
    places = [
        i
        for i in range(len(sweep.order) - 1, -1, -1)
        if sweep.matters[i] and inside[i] and sweep.is_operation(i) and i != target
    ]
    units = _units(sweep, names, places, scope)
    arrived = _arrived(sweep, {unit[0] for _, unit in units if len(unit) == 1})
    teller = Teller(sweep, names, arrived, target)
    steps: list[Step | Part] = []
    for title, unit in units:
        alone = len(unit) == 1
        steps.append(teller.step(unit[0]) if alone else teller.part(title, unit))
    if target is not None:
        leaves = [target]
    else:
        leaves = [
            i
            for i, node in enumerate(sweep.order)
            if node.primitive is None and inside[i]
        ]
    paths, ways = _paths(sweep, target)
    return Story(
        sweep=sweep,
        names=names,
        steps=tuple(steps),
        leaves=tuple(leaves[:LEAVES]),
        more=max(0, len(leaves) - LEAVES),
        folded=len(places) > len(steps),
        operations=len(places),
        target=target,
        paths=paths,
        ways=ways,
    )


# --- Which operations make a step ---------------------------------------------------

Unit = tuple[str, list[int]]


def _units(
    sweep: Sweep, names: list[str], places: list[int], scope: str | None
) -> list[Unit]:
    """Return the operations of each step, the first to be told first."""
    if len(places) <= LIMIT:
        return [("", [i]) for i in places]
    alike: list[Unit] = []
    rest = dict.fromkeys(places)
    for batch in batches(sweep, places) if scope is None else ():
        for i in (*batch.sums, *batch.one, *batch.others):
            rest.pop(i, None)
        if len(batch.sums) > FEW:
            alike.append((SUM.format(len(batch.sums) + 1), batch.sums))
        else:
            alike += [("", [i]) for i in batch.sums]
        alike += _folded(sweep, batch.one, scope)
        alike.append((LIKE.format(batch.n, names[batch.one[0]]), batch.others))
    return _users_first(sweep, [*_folded(sweep, list(rest), scope), *alike])


def _folded(sweep: Sweep, places: list[int], scope: str | None) -> list[Unit]:
    """Return the operations of each step, by scopes where there are too many."""
    if len(places) <= LIMIT:
        return [("", [i]) for i in places]
    skip = 0 if scope is None else scope.count("/") + 1
    paths = {s: s.split("/")[skip:] if s else [] for s in set(sweep.scopes)}
    deepest = max(len(paths[sweep.scopes[i]]) for i in places)
    best = _grouped(sweep, places, paths, 1)
    for depth in range(2, deepest + 1):
        finer = _grouped(sweep, places, paths, depth)
        if len(finer) > GROUPS:
            break
        best = finer
    if len(best) > LIMIT:
        loop = turns(sweep, places)
        if loop is not None:
            words = TURNS if len(loop.last) > 1 else TURNS_OF_ONE
            return [
                *_folded(sweep, loop.before, scope),
                *[("", [i]) for i in loop.last],
                (words.format(loop.n, len(loop.last)), loop.between),
                *[("", [i]) for i in loop.first],
                *_folded(sweep, loop.after, scope),
            ]
        middle = [i for _, unit in best[EDGE:-EDGE] for i in unit]
        best = [*best[:EDGE], ("in between", middle), *best[-EDGE:]]
    return best


def _users_first(sweep: Sweep, units: list[Unit]) -> list[Unit]:
    """Return the units, each after all that use it, and else as they were.

    One scope may be left and entered again, as a model's is for every sample, so it
    comes after the losses of all of them. Where units use one another in a circle, the
    first of them comes first.
    """
    unit_of = {i: k for k, (_, unit) in enumerate(units) for i in unit}
    uses = {
        (k, unit_of[p])
        for i, k in unit_of.items()
        for p in sweep.parents(i)
        if unit_of.get(p, k) != k
    }
    used_by = Counter(used for _, used in uses)
    used: dict[int, list[int]] = {}
    for user, other in uses:
        used.setdefault(user, []).append(other)
    waiting = dict.fromkeys(range(len(units)))
    ordered = []
    while waiting:
        k = next((k for k in waiting if not used_by[k]), next(iter(waiting)))
        del waiting[k]
        ordered.append(units[k])
        used_by.subtract(used.get(k, ()))
    return ordered


def _grouped(
    sweep: Sweep, places: list[int], paths: dict[str, list[str]], depth: int
) -> list[Unit]:
    units: dict[str, Unit] = {}
    for i in places:
        scope = sweep.scopes[i]
        path = paths[scope]
        if path:
            outer = scope.count("/") + 1 - len(path)
            title = "/".join(scope.split("/")[: outer + depth])
            units.setdefault(title, (title, []))[1].append(i)
        else:
            units[f"\0{i}"] = ("", [i])
    return list(units.values())


def _arrived(sweep: Sweep, alone: set[int]) -> dict[int, list[float]]:
    """Return the contributions to every node that gets all from steps told alone."""
    arrived: dict[int, list[float]] = {}
    others: set[int] = set()
    for i in range(len(sweep.order) - 1, -1, -1):
        for c in sweep.contributions(i):
            if i in alone:
                arrived.setdefault(c.to, []).append(c.amount)
            else:
                others.add(c.to)
    return {p: amounts for p, amounts in arrived.items() if p not in others}


def _paths(sweep: Sweep, target: int | None) -> tuple[tuple[Path, ...], int]:
    """Return some paths from the root to the target, and the number of all."""
    root = len(sweep.order) - 1
    if target is None or not sweep.matters[root]:
        return (), 0
    ways = sweep.paths_to(target)[root]
    if ways > PATHS:
        return (), ways
    found: list[Path] = []
    waiting: list[Path] = [((root, 1.0),)]
    while waiting:
        path = waiting.pop()
        here = path[-1][0]
        if here == target:
            found.append(path)
        elif len(path) > LONGEST:
            return (), ways
        else:
            edges = zip(sweep.parents(here), sweep.order[here].partials, strict=True)
            forks = [(p, d) for p, d in edges if sweep.matters[p]]
            waiting.extend((*path, fork) for fork in reversed(forks))
    return tuple(found), ways
