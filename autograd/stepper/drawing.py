"""The drawing of a stepper: each step is one node of it, or one box.

`draw` folds a large graph so that it fits on a screen, `explain` so that it can be
told; here what is drawn is what is told, so that a step has one place to light up.
The nodes bear the names that the formulas use.

The script finds a node by its ``id``, which is its key in the view (``n4``), and the
edges between two nodes by their classes (``from-n1 to-n4``). Graphviz writes both where
the graph asks for it, so they are put into its source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from autograd.explanation.notation import Notation
from autograd.explanation.steps import Part, Step
from autograd.explanation.story import Story
from autograd.render.dot import dot_lines
from autograd.render.picture import Picture
from autograd.render.view import FORMULA, Box, Edge, Node, View
from autograd.value import CONSTANT, Value

LEAVES = 40  # more of them are one box
INPUTS = "inputs"
ONE_STEP = "A box stands for many nodes, and is gone through in one step."
NODE = re.compile(r"^\t(n\d+|box\d+) \[")
EDGE = re.compile(r"^\t(\w+) -> (\w+)( \[(?!style=invis))?")


class ToldView(View):
    """A view of which no higher limit would show more, and whose gradients come later.

    So its colours say what a node is, not how large its gradient is in the end.
    """

    gradients = (0.0, 0)

    @property
    def folded(self) -> tuple[str, ...]:
        """A line that says what the boxes are."""
        return (ONE_STEP,) if self.boxes else ()


class Drawing:
    """The graph of a story.

    Args:
        story: what is told.

    Attributes:
        keys: by which node or box of the drawing each node is shown, by place.

    """

    def __init__(self, story: Story) -> None:
        self._story = story
        self.keys = _keys(story)
        self._view = _view(story, self.keys)

    def picture(self, grads: Mapping[int, float]) -> Picture:
        """Return the picture with these numbers as the nodes' gradients, by place."""
        numbers = {f"n{place}": grad for place, grad in grads.items()}
        nodes = [
            replace(node, grad=numbers.get(node.key, 0.0)) for node in self._view.nodes
        ]
        view = replace(self._view, nodes=tuple(nodes))
        lines = dot_lines(view, partials=not view.boxes, direction=None)
        body = [_findable(line) for line in lines]
        return Picture(name="autograd", format="svg", body=body, shown=view)


def _keys(story: Story) -> list[str]:
    """Return the key of each node; a leaf that one box alone uses is in that box."""
    sweep = story.sweep
    keys = [""] * len(sweep.order)
    for number, step in enumerate(story.steps):
        for place in step.places if isinstance(step, Part) else ():
            keys[place] = f"box{number}"
        if isinstance(step, Step):
            keys[step.place] = f"n{step.place}"
    users: dict[int, set[str]] = {i: set() for i, key in enumerate(keys) if not key}
    for i in range(len(keys)):
        for p in users.keys() & set(sweep.parents(i)):
            users[p].add(keys[i])
    boxed = {
        i: "".join(used_by)
        for i, used_by in users.items()
        if len(used_by) == 1 and "".join(used_by).startswith("box")
    }
    few = len(users) - len(boxed) <= LEAVES
    for i in users:
        alone = f"n{i}" if few else f"box{len(story.steps)}"
        keys[i] = boxed.get(i, alone)
    return keys


def _view(story: Story, keys: list[str]) -> View:
    order = story.sweep.order
    inside: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        inside.setdefault(key, []).append(i)
    titles = [step.title if isinstance(step, Part) else "" for step in story.steps]
    titles.append(INPUTS)
    formulas = {
        step.place: Notation().application(step.row, step.operands)
        for step in story.steps
        if isinstance(step, Step)
    }
    boxes, nodes = [], []
    for key, places in inside.items():
        if key.startswith("box"):
            ops = Counter(_op(order[i]) for i in places)
            title = titles[int(key[3:])]
            boxes.append(Box(key, title, "", len(places), tuple(ops.most_common())))
        else:
            nodes.append(_node(story, places[0], formulas.get(places[0], "")))
    return ToldView(
        nodes=tuple(nodes),
        boxes=tuple(boxes),
        edges=_edges(story, keys),
        total=len(order),
        limit=len(inside),
    )


def _node(story: Story, place: int, formula: str) -> Node:
    value = story.sweep.order[place]
    kind = "inner"
    if place == len(story.sweep.order) - 1:
        kind = "output"
    elif not story.sweep.is_operation(place):
        kind = "constant" if value.primitive is CONSTANT else "leaf"
    return Node(
        key=f"n{place}",
        name=story.names[place],
        formula=formula if len(formula) <= FORMULA else value.op,
        op=value.op,
        data=value.data,
        grad=0.0,
        scope="" if story.folded else story.sweep.scopes[place],
        kind=kind,
    )


def _op(value: Value) -> str:
    return "" if value.primitive is None else value.op


def _edges(story: Story, keys: list[str]) -> tuple[Edge, ...]:
    """Return an edge for each use, one for all where a box takes part."""
    sweep = story.sweep
    alone: list[Edge] = []
    joint: Counter[tuple[str, str]] = Counter()
    for i, value in enumerate(sweep.order):
        for p, partial in zip(sweep.parents(i), value.partials, strict=True):
            ends = keys[p], keys[i]
            if all(key.startswith("n") for key in ends):
                alone.append(Edge(*ends, partial))
            elif ends[0] != ends[1]:
                joint[ends] += 1
    return (*alone, *(Edge(*ends, None, times) for ends, times in joint.items()))


def _findable(line: str) -> str:
    r"""Return a line of a graph with an id for its node, a class for its edge.

    >>> _findable('\tn0 -> n1\n'), _findable('\tn4 [label="x"]\n')
    ('\tn0 -> n1 [class="from-n0 to-n1"]\n', '\tn4 [id="n4" label="x"]\n')
    >>> _findable('\tn0 -> n1 [label="2"]\n')
    '\tn0 -> n1 [class="from-n0 to-n1" label="2"]\n'

    """
    if node := NODE.match(line):
        return f'{node[0]}id="{node[1]}" {line[node.end() :]}'
    if edge := EDGE.match(line):
        ends = edge[0].removesuffix(" [")
        rest = f" {line[edge.end() :]}" if edge[3] else f"]{line[edge.end() :]}"
        return f'{ends} [class="from-{edge[1]} to-{edge[2]}"{rest}'
    return line
