"""What a stepper shows, frame by frame, as plain data: forward first, then backward.

A `Frame` is one position of the slider: the places of the nodes it is about, the words
beside the drawing, and the numbers that become known by it. Frames hold changes, not
states: the state at frame k is all changes up to k, so that stepping back is replaying.

The steps, their order and their formulas are those of `autograd.explain`; the forward
pass goes through them from the last to the first.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass, field

from autograd.explanation import words
from autograd.explanation.markup import (
    html_gradients,
    html_partials,
    html_steps,
    sentence,
)
from autograd.explanation.steps import Part, Step
from autograd.explanation.story import Story
from autograd.explanation.styles import Html

BEGIN = (
    "Nothing is computed yet: only the inputs have numbers. Forward, each step "
    "computes a node from nodes that are known already, and keeps its local "
    "derivatives."
)
FOLDED = (
    "{operations:,} operations are too many to step over one by one, so {steps} steps "
    "go over scopes. To see inside, step through a part of it alone: the output of one "
    "neuron, or the loss of one sample."
)
SEED = (
    "All numbers are known. Backward, the same nodes are gone through in the opposite "
    "order. The adjoint of a node, x_bar, is the derivative of {y} by x. It begins at "
    "0, each use adds to it, and it is complete when the node's turn comes. The "
    "derivative of {y} by itself is 1."
)
KEPT = "Kept for the way back:"
COMPUTED = "Every adjoint is complete."


@dataclass(frozen=True, slots=True)
class Frame:
    """One position of a stepper.

    Attributes:
        title: where one is, in words: ``"Forward, step 2 of 5"``.
        head: the equation of the step, or a short title, as HTML.
        body: what is said of it, as HTML.
        places: the nodes it is about.
        data: the numbers of the nodes that are computed here.
        grad: the adjoints that are changed here, with what they now are.
        passed: what is passed on: from which node, to which, and how much.

    """

    title: str
    head: str
    body: str
    places: tuple[int, ...] = ()
    data: dict[int, float] = field(default_factory=dict)
    grad: dict[int, float] = field(default_factory=dict)
    passed: tuple[tuple[int, int, float], ...] = ()


def frames_of(story: Story) -> tuple[Frame, ...]:
    """Return the frames of a story: a beginning, forward, a seed, backward, an end."""
    steps = list(zip(story.steps, html_steps(story), strict=True))
    return (
        _begin(story),
        *(
            _forward(story, step, head, f"Forward, step {i} of {len(steps)}")
            for i, (step, (head, _)) in enumerate(reversed(steps), start=1)
        ),
        *_backward(story, steps),
        Frame(
            "The end",
            COMPUTED,
            "\n".join(html_gradients(story)),
            tuple(story.leaves),
        ),
    )


def _begin(story: Story) -> Frame:
    order, sweep = story.sweep.order, story.sweep
    paragraphs = [*words.changed(story), BEGIN]
    if story.folded:
        paragraphs.append(
            FOLDED.format(operations=story.operations, steps=len(story.steps))
        )
    known = [i for i in range(len(order)) if not sweep.is_operation(i)]
    return Frame(
        "The beginning",
        f"{Html().name(story.names[-1])}, step by step",
        _paragraphs(paragraphs),
        tuple(story.leaves),
        {i: order[i].data for i in known},
    )


def _forward(story: Story, step: Step | Part, head: str, title: str) -> Frame:
    places = _places(step)
    body = ""
    if isinstance(step, Part):
        body = f"<p>{html.escape(step.lines[0])}</p>"
    else:
        kept = html_partials(story, step)
        if kept:
            items = "".join(f"<li>{equation}</li>" for equation in kept)
            body = f"<p>{KEPT}</p><ul>{items}</ul>"
    data = {i: story.sweep.order[i].data for i in places}
    return Frame(title, head, body, places, data)


def _backward(
    story: Story, steps: list[tuple[Step | Part, tuple[str, list[str]]]]
) -> Iterator[Frame]:
    sweep = story.sweep
    root = len(sweep.order) - 1
    adjoints = [0.0] * len(sweep.order)
    adjoints[root] = 1.0
    y = story.names[-1]
    style = Html()
    yield Frame(
        "Backward begins",
        f"{style.bar(y)} = {style.number(1.0)}",
        f"<p>{sentence(SEED.format(y=y), style)}</p>",
        (root,),
        grad=dict(enumerate(adjoints)),
    )
    for i, (step, (head, body)) in enumerate(steps, start=1):
        places = _places(step)
        changed: dict[int, float] = {}
        passed = []
        for place in places:
            for c in sweep.contributions(place):
                adjoints[c.to] += c.amount
                changed[c.to] = adjoints[c.to]
                passed.append((place, c.to, c.amount))
        notes = [words.BRACKET] if words.has_brackets(step) else []
        yield Frame(
            f"Backward, step {i} of {len(steps)}",
            head,
            "\n".join([*body, _paragraphs(notes)]).rstrip(),
            places,
            grad=changed,
            passed=tuple(passed),
        )


def _places(step: Step | Part) -> tuple[int, ...]:
    return step.places if isinstance(step, Part) else (step.place,)


def _paragraphs(texts: list[str]) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts)
