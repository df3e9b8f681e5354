"""The sentences of an explanation, which are the same in every notation."""

from __future__ import annotations

from autograd.explanation.steps import Part, Step
from autograd.explanation.story import Story
from autograd.outdated import outdated
from autograd.value import Value
from autograd.walk import topological_order

FEW = 4
CONDITIONS = {"equal", "greater", "step"}

INTRODUCTION = (
    "x_bar, the adjoint of x, is the derivative of {y} by x; it starts from {y}_bar = "
    "1. At each step a node's adjoint, times the local derivative by an operand, is "
    "what this use contributes to the adjoint of the operand. This order is valid: "
    "each node comes after all nodes that use it (reverse topological order), so when "
    "its turn comes its adjoint is complete."
)
WHY_ADD = (
    "{x} is used {n} times, so a change of {x} reaches {y} in {n} ways at once. To "
    "first order such changes add up: its adjoint is the sum of the contributions."
)
BRACKET = "A bracket such as [x > 0] is 1 where it holds and 0 where it does not."
FOLDED = "{operations:,} operations are told in {steps} steps"
OPEN = "; explain(..., scope={scope!r}) opens one."
NO_STEPS = "{y} is itself what is asked about, so nothing is to be done."
ONLY = "Only what leads to {x} is told: {n}."
PATHS = (
    "The derivative is a sum over all paths from {y} to {x}, of the product of the "
    "local derivatives along each."
)
CHANGED = (
    "Attention: the .data of a leaf was changed after {names} computed from it. "
    "Results, local derivatives and adjoints below are those that were recorded, but "
    "the leaf is told with the number that it has now, so the arithmetic does not add "
    "up. Compute {y} again, and explain that."
)
GRADIENTS = "The derivatives of {y}:"
MORE = "and {n:,} more"


def ways(n: int) -> str:
    """Return how many paths there are, in words."""
    if n >= 10**12:
        return "more than 10^12 paths"
    return "one path" if n == 1 else f"{n:,} paths"


def introduction(story: Story) -> list[str]:
    """Return the paragraphs that come before the steps."""
    y = story.names[-1]
    paragraphs = [INTRODUCTION.format(y=y)]
    if story.target is not None:
        x = story.names[story.target]
        paragraphs.append(ONLY.format(x=x, n=ways(story.ways)))
    paragraphs = changed(story) + paragraphs
    if not story.steps:
        paragraphs = [NO_STEPS.format(y=y)]
    if story.folded:
        text = FOLDED.format(operations=story.operations, steps=len(story.steps))
        known = set(story.sweep.scopes)
        known |= {s.rpartition("/")[0] for s in known}
        titles = [s.title for s in story.steps if isinstance(s, Part)]
        scopes = [t for t in (t.rpartition(" (")[0] or t for t in titles) if t in known]
        paragraphs.append(text + (OPEN.format(scope=scopes[0]) if scopes else "."))
    if any(map(has_brackets, story.steps)):
        paragraphs.append(BRACKET)
    return paragraphs


def changed(story: Story) -> list[str]:
    """Return a paragraph if a leaf was changed since the nodes were computed."""
    order = story.sweep.order
    moved = outdated(order)
    if not moved:
        return []
    found = [story.names[i] for i, node in enumerate(order) if id(node) in moved]
    names = ", ".join(found[:FEW]) + ", ..." * (len(found) > FEW)
    names += " was" if len(found) == 1 else " were"
    return [CHANGED.format(names=names, y=story.names[-1])]


def has_brackets(step: Step | Part) -> bool:
    """Return whether there are brackets in the formulas of a step."""
    return isinstance(step, Step) and any(
        node.primitive is not None and node.primitive.name in CONDITIONS
        for use in step.uses
        if type(use.formula) is Value
        for node in topological_order(use.formula)
    )


def why_add(story: Story, place: int, n: int) -> str:
    """Return why the contributions to a node are added."""
    return WHY_ADD.format(x=story.names[place], y=story.names[-1], n=n)


def products(story: Story) -> list[tuple[str, list[float], float]]:
    """Return each path in words, the local derivatives along it, and their product."""
    told = []
    for path in story.paths:
        words = " <- ".join(story.names[p] for p, _ in path)
        partials = [d for _, d in path[1:]]
        product = 1.0
        for d in partials:
            product = product * d if product else 0.0  # the strong zero
        told.append((words, partials, product))
    return told
