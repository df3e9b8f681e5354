"""step: go through one's own graph node by node, forward and then backward.

In Jupyter a slider, buttons and the arrow keys move through the steps of a `Stepper`:
the node of the step is lit up in the drawing, the chain rule stands beside it, values
appear going forward and adjoints add up going backward. Where a notebook is not
trusted, and scripts do not run, the drawing is there and all steps to be unfolded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from autograd import naming
from autograd.context import recording
from autograd.explanation.story import Story, tell
from autograd.explanation.sweep import Sweep
from autograd.render.view import number
from autograd.stepper.drawing import Drawing
from autograd.stepper.frames import Frame, frames_of
from autograd.stepper.slides import write_slides
from autograd.stepper.widget import html_of, widget_of
from autograd.value import CONSTANT, Value

__all__ = ["Frame", "Stepper", "step"]

MSG_NOT_A_VALUE = (
    "step() goes through how a Value was computed, and {0!r} remembers nothing of "
    "that. Compute with Values, x = Value(2.0), and step through the result: "
    "step(x * x)"
)
MSG_CONSTANT = (
    "step() through a constant: this Value was detached or made under no_grad(), so it "
    "does not remember what it depends on. Compute it outside no_grad(), without detach"
)
MSG_NO_WIDGET = (
    "the widget of a stepper is made by anywidget, which is not installed: pip install "
    'anywidget, or "scalar-autograd[notebook]". Shown by itself, as the last line of a '
    "cell, a stepper does not need it"
)
HINT = "Where the notebook is trusted, the arrow keys step through it."


class Stepper:
    """What `step` returns; Jupyter shows it.

    Attributes:
        frames: what is shown at each position of the slider.

    """

    def __init__(self, story: Story) -> None:
        self._story = story
        self._drawing = Drawing(story)
        self.frames = frames_of(story)

    def __repr__(self) -> str:
        story = self._story
        return (
            f"<stepper of {story.names[-1]}: {story.operations:,} operations, "
            f"forward and backward in {len(self.frames)} steps>"
        )

    @cached_property
    def svg(self) -> str:
        """The drawing, with room for the longest of the numbers that come."""
        longest: dict[int, float] = {}
        for frame in self.frames:
            for place, grad in frame.grad.items():
                if len(number(grad)) > len(number(longest.get(place, 0.0))):
                    longest[place] = grad
        svg: str = self._drawing.picture(longest).pipe("svg", encoding="utf-8")
        return svg

    @cached_property
    def widget(self) -> Any:
        """The same as a widget, whose ``step`` can be read and set from Python.

        It needs anywidget, and lives as long as the kernel does.
        """
        widget = widget_of(self.svg, self.plain_frames())
        if widget is None:
            raise ModuleNotFoundError(MSG_NO_WIDGET)
        # Threads that ask at once must have the same: its step is read and set.
        return vars(self).setdefault("widget", widget)

    def to_html(self, *, scripts: bool = True) -> str:
        """Return the stepper as HTML.

        Args:
            scripts: whether it can be stepped through; if not, or where they do not
                run, it is the drawing and all steps to be unfolded.

        """
        adjoints = dict(enumerate(self._story.sweep.adjoints))
        image = self._drawing.picture(adjoints).image()
        lines = [image, f"<p>{self.frames[0].head}: forward, then backward. {HINT}</p>"]
        lines += [
            f"<details><summary>{frame.title}: {frame.head}</summary>{frame.body}"
            "</details>"
            for frame in self.frames
        ]
        fallback = "\n".join(lines)
        if not scripts:
            return f"<div>\n{fallback}\n</div>"
        return html_of(self.svg, self.plain_frames(), fallback)

    def write(self, to: os.PathLike[str] | str, format: str = "svg") -> list[Path]:  # noqa: A002 - graphviz's name
        """Write each step as a picture into a folder; return their paths in order.

        Args:
            to: the folder; it is made if it is not there.
            format: ``"svg"`` or ``"png"``.

        """
        return write_slides(self.svg, self.plain_frames(), to, format)

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self.to_html()}

    def plain_frames(self) -> list[dict[str, Any]]:
        """Return the frames as the script takes them: by the keys of the drawing."""
        keys = self._drawing.keys
        return [
            {
                "title": frame.title,
                "html": f"<p><b>{frame.head}</b></p>\n{frame.body}",
                "now": list(dict.fromkeys(keys[place] for place in frame.places)),
                "data": self._texts(frame.data),
                "grad": self._texts(frame.grad),
                "passed": [
                    [keys[place], keys[to], number(amount)]
                    for place, to, amount in frame.passed
                    if keys[place] != keys[to]
                ],
            }
            for frame in self.frames
        ]

    def _texts(self, numbers: Mapping[int, float]) -> dict[str, str]:
        """Return numbers as they stand in the drawing: a box has none."""
        keys = ((self._drawing.keys[place], x) for place, x in numbers.items())
        return {key: number(x) for key, x in keys if key.startswith("n")}


def step(
    y: Value,
    to: os.PathLike[str] | str | None = None,
    *,
    format: str = "svg",  # noqa: A002 - graphviz's name
) -> Stepper:
    """Go forward and backward through a Value's graph, one node at a time.

    In Jupyter it is moved by a slider, buttons and the keys left, right, Home and End.
    Nodes are called by their names, else by the variables of the caller
    that hold them, else v1, v2, .... A graph of more than 40 operations is gone through
    by scopes.

    Args:
        y: the result. No node is changed: ``.grad`` stays what it is.
        to: a folder to write each step to as well, as a numbered picture for slides.
        format: that of these pictures, ``"svg"`` or ``"png"``.

    Raises:
        TypeError: if ``y`` is not a Value.
        ValueError: if ``y`` is a constant, or the format another.
        ModuleNotFoundError: if the drawing can be laid out by nothing that is
            installed; when it is shown.

    >>> x = Value(3.0, name="x")
    >>> y = x * x + 1.0
    >>> step(y)
    <stepper of y: 2 operations, forward and backward in 7 steps>
    >>> [frame.title for frame in step(y).frames][2:5]
    ['Forward, step 2 of 2', 'Backward begins', 'Backward, step 1 of 2']

    """
    if type(y) is not Value:
        raise TypeError(MSG_NOT_A_VALUE.format(y))
    if y.primitive is CONSTANT:
        raise ValueError(MSG_CONSTANT)
    frame = sys._getframe(1)  # noqa: SLF001
    known = naming.variables(frame.f_locals, frame.f_globals)
    del frame
    stepper: Stepper = _stepper(y, known)
    if to is not None:
        stepper.write(to, format)
    return stepper


@recording
def _stepper(y: Value, known: Mapping[int, str]) -> Stepper:
    sweep = Sweep(y)
    return Stepper(
        tell(sweep, naming.names(sweep.order, sweep.scopes, known), None, None)
    )
