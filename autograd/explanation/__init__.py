"""explain: the chain rule on the user's own expression, told step by step.

`Value.backward` says what the derivatives are; an `Explanation` says why: each step
with its formula, the same with the numbers put in, the local derivative, the adjoint
that arrives and what each operand gets of it. The formulas are the table's (a row's
partials are called with Values that bear the nodes' names, and what they build is
written down), or a textbook's where the table's are made for accuracy.

The package is not called like its function, so that `autograd` can import it late.

Letters: ``x_bar`` is the adjoint of x, the derivative of the result by x. Griewank and
Walther: Evaluating Derivatives (2nd edition, 2008).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import get_close_matches

from autograd import naming
from autograd.context import recording
from autograd.explanation.markup import as_html, as_latex
from autograd.explanation.story import Story, tell
from autograd.explanation.sweep import Sweep
from autograd.explanation.text import as_text
from autograd.value import CONSTANT, Value

__all__ = ["Explanation", "explain"]

MSG_NOT_A_VALUE = (
    "explain() tells how a Value was computed, and {0} {1} remembers nothing of that. "
    "Compute with Values, x = Value(2.0), and explain the result: explain(x * x){2}"
)
MSG_SEVERAL = "; of several results explain one at a time: explain(values[0])"
MSG_CONSTANT = (
    "explain() of a constant: this Value was detached or made under no_grad(), so it "
    "does not remember what it depends on. Compute it outside no_grad(), without detach"
)
MSG_WRT = (
    "wrt is the one Value whose derivative is asked for, not {0}. Without wrt all are "
    "told{1}"
)
MSG_WRT_SEVERAL = "; for some of them call explain(y, wrt=x) for each"
MSG_NOT_IN_GRAPH = (
    "{0} is not in the graph of {1}, which was computed without it: the derivative is "
    "0. Is it another Value of the same number, or was it detached on the way?"
)
MSG_WRT_CONSTANT = (
    "wrt is a constant: detach() or no_grad() cut it off from what it was made of, and "
    "no derivative is taken by it. Ask for the Value it was made from, or a new leaf"
)
MSG_SCOPE = "there is no scope {0!r} in this graph{1}"
MSG_SCOPE_TYPE = "scope is the path of a scope, as 'mlp/layer1', not {0!r}"


class Explanation:
    """What `explain` returns; printed it is text, and Jupyter shows it as HTML.

    Attributes:
        adjoints: the derivative of the result by each node that was told of, as
            ``backward()`` computes it, by the names that the explanation uses.

    """

    def __init__(self, story: Story) -> None:
        self._story = story
        sweep = story.sweep
        told = {s.place for s in story.steps if hasattr(s, "place")} | {*story.leaves}
        self.adjoints = {story.names[i]: sweep.adjoints[i] for i in sorted(told)}

    def __str__(self) -> str:
        return as_text(self._story)

    __repr__ = __str__

    def to_latex(self, *, document: bool = False) -> str:
        """Return the explanation in LaTeX, which needs the package amsmath.

        Args:
            document: whether to return a whole document, not just what is in it.

        """
        return as_latex(self._story, document=document)

    def to_html(self) -> str:
        """Return the explanation in HTML without scripts, styles and pictures."""
        return as_html(self._story)

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.to_html()}


def explain(
    y: Value, wrt: Value | None = None, *, scope: str | None = None
) -> Explanation:
    """Tell the chain rule on a Value's own expression, step by step.

    Nodes are called by their names, else by the variables of the caller that hold them,
    else v1, v2, .... A graph of more than 40 operations is told by scopes, a loop by
    its last and its first iteration; and of terms that are alike, as a loss has one
    for each sample, one is told.

    Args:
        y: the result.
        wrt: the one node whose derivative is asked for: only the paths to it are told.
        scope: the path of the one scope to tell, as ``"mlp/layer1"``.

    Returns:
        An `Explanation`: print it, let Jupyter show it, or call ``to_latex()``. No
        node is changed.

    Raises:
        TypeError: if ``y`` or ``wrt`` is not a Value, or ``scope`` no string.
        ValueError: if ``y`` or ``wrt`` is a constant, ``wrt`` is not in the graph of
            ``y``, or the scope does not occur in it.

    >>> x = Value(3.0, name="x")
    >>> y = x * x + 2 * x
    >>> print(explain(y))
    y = 15, by the chain rule
    ...
    1. y = v1 + v2 = 9 + 6 = 15
       y_bar = 1
         d y/d v1 = 1   v1_bar = 1 * 1 = 1
         d y/d v2 = 1   v2_bar = 1 * 1 = 1
    2. v2 = 2*x = 2*3 = 6
       v2_bar = 1
         d v2/d x = 2   x_bar = 1 * 2 = 2
    3. v1 = x*x = 3*3 = 9
       v1_bar = 1
         d v1/d x = x = 3   x_bar += 1 * 3 = 3
         d v1/d x = x = 3   x_bar += 1 * 3 = 3
       x_bar = 2 + 3 + 3 = 8
         (x is used 3 times, so a change of x reaches y in 3 ways at once. To first
          order such changes add up: its adjoint is the sum of the contributions.)
    <BLANKLINE>
    The derivatives of y:
        d y/d x = 8            at x = 3, used 3 times

    """
    _check(y, wrt, scope)
    frame = sys._getframe(1)  # noqa: SLF001
    known = naming.variables(frame.f_locals, frame.f_globals)
    del frame
    explanation: Explanation = _explained(y, wrt, scope, known)
    return explanation


@recording
def _explained(
    y: Value, wrt: Value | None, scope: str | None, known: Mapping[int, str]
) -> Explanation:
    sweep = Sweep(y, wrt)
    called = naming.names(sweep.order, sweep.scopes, known)
    target = None if wrt is None else sweep.place.get(id(wrt))
    if wrt is not None and target is None:
        what = wrt.name or known.get(id(wrt)) or "wrt"
        raise ValueError(MSG_NOT_IN_GRAPH.format(what, called[-1]))
    if scope is not None:
        _check_scope(scope, sweep)
    return Explanation(tell(sweep, called, target, scope))


def _check(y: object, wrt: object, scope: object) -> None:
    if type(y) is not Value:
        several = MSG_SEVERAL if isinstance(y, (list, tuple)) else ""
        raise TypeError(MSG_NOT_A_VALUE.format(*_kind(y), several))
    if y.primitive is CONSTANT:
        raise ValueError(MSG_CONSTANT)
    if wrt is not None:
        if type(wrt) is not Value:
            several = MSG_WRT_SEVERAL if isinstance(wrt, (list, tuple, dict)) else ""
            raise TypeError(MSG_WRT.format(" ".join(_kind(wrt)), several))
        if wrt.primitive is CONSTANT:
            raise ValueError(MSG_WRT_CONSTANT)
    if scope is not None and not isinstance(scope, str):
        raise TypeError(MSG_SCOPE_TYPE.format(scope))


def _kind(thing: object) -> tuple[str, str]:
    kind = type(thing).__name__
    return "an" if kind[:1] in "aeiouAEIOU" else "a", kind


def _check_scope(scope: str, sweep: Sweep) -> None:
    known: dict[str, None] = {}
    for path in dict.fromkeys(sweep.scopes):
        parts = path.split("/") if path else []
        for depth in range(1, len(parts) + 1):
            known["/".join(parts[:depth])] = None
    if scope in known:
        return
    near = get_close_matches(scope, list(known), n=3, cutoff=0.4) or list(known)[:3]
    hint = f": did you mean {' or '.join(map(repr, near))}?" if near else ", nor any"
    raise ValueError(MSG_SCOPE.format(scope, hint))
