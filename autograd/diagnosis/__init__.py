"""diagnose: why is my gradient wrong, or useless? Remarks like a good teacher's.

A gradient is *wrong* when ``.grad`` is not the derivative of the loss that was meant:
`backward` was forgotten or called twice, a parameter was cut off on the way, a number
was changed between the forward pass and the look at the result. All of that shows in
the recorded graph, and is found here by computing what should be there a second time.
It is *useless* when it is right but NaN, 0 or out of proportion: see
`autograd.diagnosis.finite` and `autograd.diagnosis.layers`.

No node is written on, neither its ``.grad`` nor anything else.

The package is not called like its function, so that `autograd` can import it late.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autograd.diagnosis.finite import gradient_not_finite, not_finite
from autograd.diagnosis.graph import Finding, Graph
from autograd.diagnosis.layers import dead, saturated, uneven
from autograd.diagnosis.reach import unreached
from autograd.diagnosis.stale import changed, gradients
from autograd.diagnosis.table import LayerRow, as_text, by_layer
from autograd.value import Value

__all__ = ["Diagnosis", "Finding", "LayerRow", "diagnose"]

MSG_LOSS = (
    "diagnose takes the loss itself, a Value, not {0!r} (of type {1}): anything else "
    "does not remember how it was made"
)
MSG_PARAMS = (
    "params are Values: a list or a dict of them, or a module with named_parameters(); "
    "{0} is {1!r} (of type {2})"
)
MSG_NOTHING = (
    "Nothing was found (nodes: {nodes:,}, parameters: {params:,}). The loss depends on "
    "every parameter, their gradients are this loss's, all numbers are finite and up "
    "to date, and no layer is dead, saturated, vanishing or exploding."
)


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """What `diagnose` found; its text reads like a teacher's remarks.

    A table of the layers follows them, where there are two or more.

    Attributes:
        findings: what is wrong, in the order in which to look at it.
        nodes: how many nodes the loss's graph has.
        params: how many parameters were looked at.
        layers: what is known of each layer, in the order of computation.

    """

    findings: tuple[Finding, ...]
    nodes: int
    params: int
    layers: tuple[LayerRow, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        """Return how many findings there are: a sound graph's diagnosis is falsy."""
        return len(self.findings)

    def __str__(self) -> str:
        if len(self.layers) < 2:
            return self._remarks()
        return "\n".join([self._remarks(), "", *as_text(self.layers)])

    def _remarks(self) -> str:
        if not self.findings:
            text = MSG_NOTHING.format(nodes=self.nodes, params=self.params)
            return textwrap.fill(text, 80)
        return "\n\n".join(
            textwrap.fill(
                f"{i}. {finding.kind.upper()}. {finding.message}",
                80,
                subsequent_indent="   ",
                break_long_words=False,
                break_on_hyphens=False,
            )
            for i, finding in enumerate(self.findings, start=1)
        )

    __repr__ = __str__


def diagnose(loss: Value, params: Any = None) -> Diagnosis:
    """Say why the gradient of a loss is wrong or useless, and what to write instead.

    Args:
        loss: the result on which ``backward()`` was called, or will be.
        params: what is trained: Values, a dict of names and Values, or a module with
            ``named_parameters()``; None for all leaves of the loss.

    Returns:
        A `Diagnosis`: print it, or go through its findings, which have a ``kind``, a
        ``message`` and ``nodes``. No node is changed.

    Raises:
        TypeError: if ``loss``, or something in ``params``, is not a Value.

    >>> w, b = Value(3.0, name="w"), Value(1.0, name="b")
    >>> loss = (w * 2.0 + b.detach()) ** 2
    >>> loss.backward()
    >>> loss.backward()
    >>> print(diagnose(loss, [w, b]))
    1. UNREACHED. The loss does not depend on b: what is in the graph is a constant
       of the same number, used in 6.0 + 1.0 = 7.0, so it was detached on the way
       (detach(), or no_grad()). Use the parameter itself.
    <BLANKLINE>
    2. ACCUMULATED. The gradient of w is 2 times this loss's derivative (56.0
       instead of 28.0): backward() adds to what is there, and was called 2 times
       (or once with seed=2). Call zero_grad(), or set p.grad = 0, before each
       loss.backward().
    >>> w.grad = 28.0
    >>> [finding.kind for finding in diagnose(loss, [w])]
    []

    """
    if not isinstance(loss, Value):
        raise TypeError(MSG_LOSS.format(loss, type(loss).__name__))
    graph = Graph(loss, None if params is None else _named(params))
    findings: list[Finding] = []
    findings += changed(graph)
    findings += not_finite(graph)
    findings += gradient_not_finite(graph)
    findings += unreached(graph)
    findings += gradients(graph)
    findings += dead(graph)
    findings += saturated(graph)
    findings += uneven(graph, explained=bool(findings))
    layers = tuple(by_layer(graph))
    return Diagnosis(tuple(findings), len(graph.order), len(graph.params), layers)


def _named(params: Any) -> list[tuple[str, Value]]:
    """Return parameters with their names, of whatever kind the collection is."""
    if isinstance(params, Value):
        params = [params]
    if hasattr(params, "named_parameters"):
        named = list(params.named_parameters())
    elif isinstance(params, Mapping):
        named = [(str(name), p) for name, p in params.items()]
    elif isinstance(params, Iterable):
        named = _numbered(list(params))
    else:
        raise TypeError(MSG_PARAMS.format("this", params, type(params).__name__))
    for name, p in named:
        if not isinstance(p, Value):
            raise TypeError(MSG_PARAMS.format(name, p, type(p).__name__))
    return named


def _numbered(params: list[Any]) -> list[tuple[str, Any]]:
    """Name the parameters of a list by their own names, or else by their numbers."""
    own = [getattr(p, "name", None) for p in params]
    uses: dict[Any, int] = {}
    for name in own:
        uses[name] = uses.get(name, 0) + 1
    named = []
    for i, (name, p) in enumerate(zip(own, params, strict=True)):
        if name and uses[name] == 1:
            named.append((name, p))
        else:
            named.append((f"params[{i}]" + (f" ({name})" if name else ""), p))
    return named
