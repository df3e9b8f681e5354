"""Terms of a sum that were computed alike, as a loss has one for each sample.

The operations below a sum fall into parts that do not touch: what one sample was made
of reads nothing of what another was made of, only the same leaves, and nothing but the
sum reads it. Parts that apply the same functions in the same order to operands at the
same places are alike, whatever the numbers. So one of them is told, and how many others
there are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from autograd.explanation.sweep import Sweep
from autograd.value import Value

FEW = 3  # terms that are not yet many
TRIES = 8  # sums looked at, from the result on

Part = list[int]  # places, users before what they use
Form = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """A sum, one of its terms, and those that are like it.

    Attributes:
        sums: the places of the additions.
        one: the places of the term that is told.
        others: the places of all that are like it.
        n: how many these are.

    """

    sums: Part
    one: Part
    others: Part
    n: int


def batches(sweep: Sweep, places: Part) -> list[Batch]:
    """Return the sums of like terms among some operations, the first to be told first.

    Args:
        sweep: the numbers.
        places: of the operations, users before what they use.

    """
    left = dict.fromkeys(places)
    found: list[Batch] = []
    tries = 0
    for i in places:
        if i not in left or tries == TRIES:
            continue
        sums, terms = _terms(sweep, i, left)
        if len(terms) < FEW:
            continue
        tries += 1
        parts = _parts(sweep, terms, left)
        alike: dict[Form, list[Part]] = {}
        inside = [i for part in parts for i in part]
        used = Counter(p for i in (*inside, *sums) for p in sweep.parents(i))
        for part in parts:
            if all(used[i] == sweep.uses[i] for i in part):
                alike.setdefault(_form(sweep, part), []).append(part)
        many = [same for same in alike.values() if len(same) >= FEW]
        if 2 * sum(len(x) * len(x[0]) for x in many) <= len(inside):
            continue
        for same in many:
            one = next((x for x in same if _counts(sweep, x)), same[0])
            others = [i for part in same if part is not one for i in part]
            others.sort(reverse=True)
            found.append(Batch(sums, one, others, len(same) - 1))
            for place in (*sums, *one, *others):
                left.pop(place, None)
            sums = []
    return found


def _terms(sweep: Sweep, top: int, left: dict[int, None]) -> tuple[Part, Part]:
    """Return the additions that make one sum with the topmost, and what they add."""
    sums, terms, waiting = [top], dict[int, None](), [top]
    while waiting:
        i = waiting.pop()
        for p in sweep.parents(i):
            if p not in left:
                continue
            if sweep.order[i].op == sweep.order[p].op == "+" and sweep.uses[p] == 1:
                sums.append(p)
                waiting.append(p)
            else:
                terms[p] = None
    return sums, list(terms)


def _parts(sweep: Sweep, terms: Part, left: dict[int, None]) -> list[Part]:
    """Return the operations below some terms, in parts that do not touch."""
    part_of: dict[int, int] = {}
    joined = list(range(len(terms)))

    def root(k: int) -> int:
        while joined[k] != k:
            joined[k] = joined[joined[k]]
            k = joined[k]
        return k

    for k, term in enumerate(terms):
        waiting = [term]
        while waiting:
            i = waiting.pop()
            if i in part_of:
                joined[root(part_of[i])] = root(k)
                continue
            part_of[i] = k
            waiting += [p for p in sweep.parents(i) if p in left]
    found: dict[int, Part] = {}
    for i in sorted(part_of, reverse=True):
        found.setdefault(root(part_of[i]), []).append(i)
    # As they were computed.
    return sorted(found.values(), key=lambda part: part[0])


def _form(sweep: Sweep, part: Part) -> Form:
    """Return what two parts have in common that are alike."""
    position = {place: k for k, place in enumerate(part)}
    form = []
    for i in part:
        node = sweep.order[i]
        operands = tuple(
            position.get(sweep.place[id(x)], -1) if type(x) is Value else -2
            for x in node.operands
        )
        form.append((node.op, operands))
    return tuple(form)


def _counts(sweep: Sweep, part: Part) -> bool:
    """Return whether something is passed on all the way through a part."""
    return all(sweep.adjoints[i] != 0.0 for i in part)
