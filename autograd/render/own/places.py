"""Give each node a rank along the edges, and a place across them.

The method is Sugiyama's, in its simplest form: a node's rank is the length of the
longest way to it; an edge over several ranks has a bend in each; the nodes of a rank
are sorted by the mean place of their neighbours, a few times; then each moves towards
that mean as far as those beside it let it. There is no search for fewer crossings.

Sugiyama, Tagawa, Toda: Methods for Visual Understanding of Hierarchical System
Structures, IEEE Trans. Syst. Man Cybern. 11 (1981).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain, pairwise

from autograd.render.own.reading import Box, Edge, width_of

SWEEPS = 8
ALONG, ACROSS = 34.0, 14.0  # points between ranks, and between neighbours


def arrange(boxes: dict[str, Box], edges: list[Edge], direction: str) -> None:
    """Give each box its point, and each edge the boxes that it goes through.

    Args:
        boxes: the nodes by their names.
        edges: between them.
        direction: ``"LR"``, ``"TB"``, ``"RL"`` or ``"BT"``.

    """
    sideways = direction in {"LR", "RL"}
    _rank(boxes, edges)
    ranks = _ranks(boxes, edges)
    _sort(ranks, edges)
    _spread(ranks, edges, sideways=sideways)
    labels = [width_of(edge.look.get("label", ""), 10.0) for edge in edges]
    gap = max([ALONG, *[width + 14.0 for width in labels if sideways]])
    _place(ranks, gap, sideways=sideways, backward=direction in {"RL", "BT"})


def _rank(boxes: dict[str, Box], edges: list[Edge]) -> None:
    """Give each box the length of the longest way to it; a leaf stands by its user."""
    users = defaultdict(list)
    waiting = dict.fromkeys(boxes, 0)
    for edge in edges:
        users[edge.source].append(edge.target)
        waiting[edge.target] += 1
    made = {name for name, count in waiting.items() if count}
    todo = [name for name in boxes if name not in made]
    for name in todo:
        for user in users[name]:
            boxes[user].rank = max(boxes[user].rank, boxes[name].rank + 1)
            waiting[user] -= 1
            if not waiting[user]:
                todo.append(user)
    for name, box in boxes.items():
        if name not in made and users[name]:
            box.rank = min(boxes[user].rank for user in users[name]) - 1


def _ranks(boxes: dict[str, Box], edges: list[Edge]) -> list[list[Box]]:
    """Return the boxes by rank, with a bend in each rank that an edge passes."""
    ranks: list[list[Box]] = [
        [] for _ in range(1 + max((box.rank for box in boxes.values()), default=0))
    ]
    for box in boxes.values():
        ranks[box.rank].append(box)
    for edge in edges:
        first, last = boxes[edge.source], boxes[edge.target]
        bends = []
        for rank in range(first.rank + 1, last.rank):
            bends.append(Box("", {}, rank=rank))
            ranks[rank].append(bends[-1])
        edge.way = [first, *bends, last]
    for row in ranks:
        for place, box in enumerate(row):
            box.place = float(place)
    return ranks


def _neighbours(edges: list[Edge]) -> dict[int, tuple[list[Box], list[Box]]]:
    """Return for each box those before it and those after it, by its id."""
    found: dict[int, tuple[list[Box], list[Box]]] = defaultdict(lambda: ([], []))
    for edge in edges:
        for a, b in pairwise(edge.way):
            found[id(b)][0].append(a)
            found[id(a)][1].append(b)
    return found


def _mean(boxes: Iterable[Box], default: float) -> float:
    places = [box.place for box in boxes]
    return sum(places) / len(places) if places else default


def _sort(ranks: list[list[Box]], edges: list[Edge]) -> None:
    near = _neighbours(edges)
    for sweep in range(SWEEPS):
        side = sweep % 2
        for rank in ranks[:: -1 if side else 1]:
            wanted = {id(box): _mean(near[id(box)][side], box.place) for box in rank}
            rank.sort(key=lambda box: wanted[id(box)])
            for place, box in enumerate(rank):
                box.place = float(place)


def _spread(ranks: list[list[Box]], edges: list[Edge], *, sideways: bool) -> None:
    """Move each box across towards its neighbours, without touching those beside it."""
    near = _neighbours(edges)

    def room(a: Box, b: Box) -> float:
        return ACROSS + (a.size[sideways] + b.size[sideways]) / 2

    for rank in ranks:
        _packed(rank, [0.0] * len(rank), room)
    for sweep in range(2 * SWEEPS):
        for rank in ranks[:: -1 if sweep % 2 else 1]:
            wanted = [_mean(chain(*near[id(box)]), box.place) for box in rank]
            _packed(rank, wanted, room)


def _packed(
    rank: list[Box], wanted: list[float], room: Callable[[Box, Box], float]
) -> None:
    """Place boxes in their order: the mean of packing them from either side."""
    low: list[float] = []
    for k, want in enumerate(wanted):
        least = low[-1] + room(rank[k - 1], rank[k]) if k else want
        low.append(max(want, least))
    high = list(low)
    for k in reversed(range(len(rank))):
        if k + 1 < len(rank):
            high[k] = min(wanted[k], high[k + 1] - room(rank[k], rank[k + 1]))
    for box, a, b in zip(rank, low, high, strict=True):
        box.place = (a + b) / 2


def _place(
    ranks: list[list[Box]], gap: float, *, sideways: bool, backward: bool
) -> None:
    """Turn ranks and places into points, from the top left."""
    along = 0.0
    for rank in reversed(ranks) if backward else ranks:
        deep = max((box.size[not sideways] for box in rank), default=0.0)
        for box in rank:
            middle = along + deep / 2
            box.at = (middle, box.place) if sideways else (box.place, middle)
            if not box.look:  # a bend goes straight past the boxes of its rank
                box.size = (deep, 0.0) if sideways else (0.0, deep)
        along += deep + gap
