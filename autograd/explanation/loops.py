"""A loop in what was computed: the same steps again and again, on other numbers.

Each iteration applies the same functions in the same order, and finds its operands in
itself or at the same distance in the iterations before. So the last iteration is told
and the first, and how many are in between.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from autograd.explanation.sweep import Sweep
from autograd.value import Value

FEWEST = 4  # iterations
LONGEST = 16  # operations in an iteration that is told
TRIES = 4  # lengths that are looked at
WIDE = 4 * LONGEST  # operations back that an operand is found as a part of the loop

LEAF, NUMBER, FAR = 0, -1, -2  # operands that are not at a distance

Form = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Turns:
    """A loop among operations, users before what they use.

    Attributes:
        before: the places of what was computed after it, and is told before it.
        last: those of its last iteration.
        between: those of all but the last and the first.
        first: those of its first iteration.
        after: those of what was computed before it.
        n: how many iterations are in between.

    """

    before: list[int]
    last: list[int]
    between: list[int]
    first: list[int]
    after: list[int]
    n: int


def turns(sweep: Sweep, places: list[int]) -> Turns | None:
    """Return the loop that most of some operations make, None if there is none.

    Args:
        sweep: the numbers.
        places: of the operations, users before what they use.

    """
    forms = _forms(sweep, places)
    runs = [(*_run(forms, length), length) for length in _lengths(forms)]
    size, start, length = max(runs, default=(0, 0, 1))
    count = size // length
    if count < FEWEST or 2 * count * length <= len(places):
        return None
    end = start + count * length
    return Turns(
        places[:start],
        places[start : start + length],
        places[start + length : end - length],
        places[end - length : end],
        places[end:],
        count - 2,
    )


def _forms(sweep: Sweep, places: list[int]) -> list[Form]:
    """Return what each operation does, and how far its operands are."""
    rank = {place: k for k, place in enumerate(places)}

    def distance(k: int, x: object) -> int:
        if type(x) is not Value:
            return NUMBER
        found = rank.get(sweep.place[id(x)])
        if found is None:
            return LEAF
        return found - k if found - k <= WIDE else FAR

    nodes = [sweep.order[i] for i in places]
    return [
        (node.op, tuple([distance(k, x) for x in node.operands]))
        for k, node in enumerate(nodes)
    ]


def _lengths(forms: list[Form]) -> list[int]:
    """Return how many operations an iteration may have, by how often forms return."""
    last: dict[Form, int] = {}
    gaps: Counter[int] = Counter()
    for k, form in enumerate(forms):
        if form in last:
            gaps[k - last[form]] += 1
        last[form] = k
    return [gap for gap, _ in gaps.most_common(TRIES) if gap <= LONGEST]


def _run(forms: list[Form], length: int) -> tuple[int, int]:
    """Return how many operations repeat one after the other, and from which one on."""
    best, start, begin = 0, 0, 0
    for k in range(length, len(forms) + 1):
        if k == len(forms) or forms[k] != forms[k - length]:
            if k - begin > best:
                best, start = k - begin, begin
            begin = k - length + 1
    return best, start
