"""What is not this loss's any more: a gradient, or a number it was computed from."""

from __future__ import annotations

import math
from collections.abc import Iterator

from autograd.diagnosis.graph import Finding, Graph, expression, site
from autograd.outdated import outdated
from autograd.primitives.arithmetic import mul
from autograd.primitives.elementary import sumprod
from autograd.value import Value

NOT_CALLED = (
    "All gradients are 0, but the derivatives of this loss are not (by {names}: "
    "{derivative!r}). backward() has not been called yet on this loss, or zero_grad() "
    "was called after it. Write loss.backward(), and then read .grad."
)
ACCUMULATED = (
    "The gradient of {names} is {k} times this loss's derivative ({grad!r} instead of "
    "{derivative!r}): backward() adds to what is there, and was called {k} times (or "
    "once with seed={k}). Call zero_grad(), or set p.grad = 0, before each "
    "loss.backward()."
)
STALE = (
    "The gradient of {names} is not this loss's derivative ({grad!r} instead of "
    "{derivative!r}). It is another loss's, or that of an earlier step, or several "
    "added up. Call zero_grad(), or set p.grad = 0, then write loss.backward(), and "
    "look again. (If you add up the gradients of several losses on purpose, all is "
    "well.)"
)
SCALED = (
    " It is {ratio:.6g} times the derivative throughout: was it backward(seed="
    "{ratio:.6g}), or a multiple of this loss?"
)
CHANGED = (
    "The .data of {names} was changed after this loss was computed, so the loss and "
    "its gradient are those of the old numbers. Recorded is {was} for "
    "{expression}{site}; with the present numbers it is {now}. After each change "
    "compute the loss again; in training the order is: forward, zero_grad, backward, "
    "step."
)


def gradients(graph: Graph) -> Iterator[Finding]:
    """Compare each parameter's gradient with the derivative of this loss."""
    leaves = [p for p in graph.params if p.primitive is None]
    sizes = [abs(graph.derivative(p)) for p in leaves]
    # Added up in another order, a gradient differs by rounding.
    rounding = 1e-12 * max((s for s in sizes if math.isfinite(s)), default=0.0)
    right, empty, stale = [], [], []
    times: dict[int, list[Value]] = {}
    for p in leaves:
        derivative = graph.derivative(p)
        ratio = p.grad / derivative if derivative else 0.0
        if _close(p.grad, derivative, rounding):
            right.append(p)
        elif p.grad == 0.0:
            empty.append(p)
        elif ratio > 1.5 and math.isclose(ratio, round(ratio), rel_tol=1e-9):
            times.setdefault(round(ratio), []).append(p)
        else:
            stale.append(p)
    if empty and not (times or stale or any(p.grad for p in right)):
        p = max(empty, key=lambda p: abs(graph.derivative(p)))
        text = NOT_CALLED.format(names=graph.name(p), derivative=graph.derivative(p))
        yield Finding("not called", text, tuple(empty))
        return
    for k, params in times.items():
        yield _finding("accumulated", ACCUMULATED, graph, params, k=k)
    stale += empty
    if stale:
        yield _finding("stale", STALE + _scaled(graph, stale), graph, stale)


def _finding(
    kind: str, text: str, graph: Graph, params: list[Value], **words: object
) -> Finding:
    """Return the finding about some parameters, with the numbers of the first."""
    text = text.format(
        names=graph.name_all(params),
        grad=params[0].grad,
        derivative=graph.derivative(params[0]),
        **words,
    )
    return Finding(kind, text, tuple(params))


def _scaled(graph: Graph, params: list[Value]) -> str:
    """Return a remark if all gradients are the same multiple of the derivative."""
    ratios = [p.grad / (graph.derivative(p) or math.nan) for p in params]
    same = all(ratio and math.isclose(ratio, ratios[0]) for ratio in ratios)
    return SCALED.format(ratio=ratios[0]) if same and len(params) > 1 else ""


def _close(a: float, b: float, rounding: float) -> bool:
    both_nan = math.isnan(a) and math.isnan(b)
    return both_nan or math.isclose(a, b, rel_tol=1e-9, abs_tol=rounding)


def changed(graph: Graph) -> Iterator[Finding]:
    """Find the leaves that are not what the nodes that use them were computed from."""
    leaves = {id(node) for node in graph.order if not node.operands}
    moved = outdated(graph.order)
    if not moved:
        return
    certain: dict[int, Value] = {}
    doubtful: list[dict[int, Value]] = []
    unmoved: set[int] = set()
    for node, parents in zip(graph.order, graph.parents, strict=True):
        given = {id(x): x for x in parents if id(x) in leaves}
        if id(node) not in moved:
            unmoved.update(given)
            continue
        sure = given if len(given) == 1 else _moved_factors(node, leaves)
        certain.update(sure)
        if not sure:
            doubtful.append(given)
    # Where a node has several leaves, those that others agree with have not moved.
    perhaps: dict[int, Value] = {}
    for given in doubtful:
        if certain.keys().isdisjoint(given):
            left = {key: x for key, x in given.items() if key not in unmoved}
            perhaps |= left or given
    if len(perhaps) == 1:
        certain, perhaps = certain | perhaps, {}
    names = graph.name_all(certain.values())
    if perhaps:
        names += ", and that of " * bool(certain)
        names += f"at least one of {graph.name_all(perhaps.values())},"
    node = next(node for node in graph.order if id(node) in moved)
    now = moved[id(node)]
    text = CHANGED.format(
        names=names,
        was=node.data,
        expression=expression(node),
        site=site(node),
        now="not defined" if now is None else repr(now),
    )
    yield Finding("changed", text, tuple((certain | perhaps).values()))


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _moved_factors(node: Value, leaves: set[int]) -> dict[int, Value]:
    """Return the leaves of a product that are not what they were, as it recorded.

    The partial for each factor is the other factor.
    """
    if node.primitive not in (mul, sumprod):
        return {}
    operands = node.operands
    recorded = iter(node.partials)
    partials = [next(recorded) if type(x) is Value else None for x in operands]
    half = len(operands) // 2
    others = partials[half:] + partials[:half]
    return {
        id(x): x
        for x, was in zip(operands, others, strict=True)
        if isinstance(x, Value)
        and id(x) in leaves
        and was is not None
        and not _same(was, x.data)
    }
