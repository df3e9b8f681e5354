"""Where NaN and infinity arose: in the numbers going up, in the adjoints coming down.

Only what gets through counts: a NaN that reaches neither the loss nor a parameter (it
was not chosen by a `where`, or its adjoint is 0) does no harm and is not reported.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from autograd.diagnosis.graph import Finding, Graph, formula, own_op, site
from autograd.value import Value

USE_DEBUG = (
    "To see the line that made it, compute the loss under `with autograd.debug():`."
)
TOO_LARGE = "The result is beyond 1.8e308. "
VALUE_ADVICE = {
    "*": TOO_LARGE
    + "Instead of multiplying large numbers add their logarithms, and stay with the "
    "logarithm: math.log(a) + math.log(b).",
    "prod": TOO_LARGE + "Instead of a product take the sum of the logarithms: "
    "math.fsum(math.log(x) for x in xs).",
    "/": TOO_LARGE
    + "Keep the denominator away from 0: a / math.maximum(b, 1e-12); or subtract "
    "logarithms.",
    "sumprod": TOO_LARGE
    + "Scale the inputs to about 1 and start with small weights; if training led "
    "here, take a smaller learning rate.",
    "": TOO_LARGE
    + "Work with logarithms: math.logsumexp, math.log_softmax, math.softplus; or scale "
    "the inputs to about 1.",
}
EXP_ADVICE = (
    TOO_LARGE
    + "It was computed from exponentials, which overflow early: use math.logsumexp "
    "instead of log(sum of exp), math.log_softmax instead of log(exp / sum), "
    "math.softplus instead of log(1 + exp), math.expm1 instead of exp(x) - 1."
)
PARTIAL_ADVICE = {
    "sqrt": "The slope of sqrt is infinite at 0. Write math.sqrt(x + 1e-12); for the "
    "length of a vector math.hypot, whose derivative at 0 is 0.",
    "cbrt": "The slope of cbrt is infinite at 0. Keep its argument away from 0, as in "
    "math.cbrt(x + 1e-12).",
    "**": "The slope of x ** p with p below 1 is infinite at 0. Write "
    "(x + 1e-12) ** p, or (x * x + 1e-12) ** (p / 2).",
    "asin": "The slope is infinite at -1 and 1. Write "
    "math.asin(math.clip(x, -1 + 1e-12, 1 - 1e-12)); for an angle use math.atan2.",
    "acos": "The slope is infinite at -1 and 1. Write "
    "math.acos(math.clip(x, -1 + 1e-12, 1 - 1e-12)); for an angle use math.atan2.",
    "acosh": "The slope is infinite at 1. Write "
    "math.acosh(math.maximum(x, 1 + 1e-12)).",
    "atan2": "The origin has no angle. Keep one coordinate away from 0.",
    "/": "The denominator is so small that its inverse overflows. Write "
    "a / math.maximum(b, 1e-12).",
    "log": "The argument is so small that its inverse overflows. Write "
    "math.log(math.maximum(x, 1e-12)), or compute the logarithm directly: "
    "math.log_softmax, math.logsumexp.",
    "": "Keep the argument away from this point, with math.clip or math.maximum.",
}


def not_finite(graph: Graph) -> Iterator[Finding]:
    """Find the first node whose NaN or infinity came through to the loss."""
    if math.isfinite(graph.loss.data):
        return
    guilty = {id(graph.loss)}
    for node, parents in zip(graph.order[::-1], graph.parents[::-1], strict=True):
        if id(node) in guilty:
            guilty.update(id(x) for x in parents if not math.isfinite(x.data))
    chain = [node for node in graph.order if id(node) in guilty]
    first = chain[0]
    text = f"The loss is {graph.loss.data!r}. "
    if not first.operands:
        text += f"It comes from {graph.name(first)}, which is {first.data!r} itself"
        user = graph.users.get(id(first))
        text += f" and is first used in {formula(user)}{site(user)}. " if user else ". "
        text += "Look at where that number is read or computed."
    elif any(not isinstance(x, Value) and not math.isfinite(x) for x in first.operands):
        text += f"It comes from a constant operand: {formula(first)}{site(first)}. "
        text += "Look at the data that go in."
    else:
        text += f"It arose here, from finite inputs: {formula(first)}{site(first)}. "
        if len(first.operands) > 4:
            largest = max((_number(x) for x in first.operands), key=abs)
            text += f"The largest input is {largest!r}. "
        text += _advice(first)
    nan = next((node for node in chain if math.isnan(node.data)), first)
    if nan is not first:
        text += f" It became NaN in {formula(nan)}{site(nan)}."
    if first.operands and not first.where:
        text += f" {USE_DEBUG}"
    yield Finding("not finite", text, (first,) if nan is first else (first, nan))


def _number(x: Any) -> float:
    number: float = x.data if isinstance(x, Value) else x
    return number


def _advice(node: Value) -> str:
    if any(own_op(x) in {"exp", "exp2", "expm1"} for x in node.parents):
        return EXP_ADVICE
    return VALUE_ADVICE.get(own_op(node), VALUE_ADVICE[""])


def gradient_not_finite(graph: Graph) -> Iterator[Finding]:
    """Find where, going backward, the first derivative became NaN or infinite."""
    hit = [p for p in graph.params if not math.isfinite(graph.derivative(p))]
    if not hit or not math.isfinite(graph.loss.data):
        return
    guilty = {id(p) for p in hit}
    origin: tuple[Value, Value, float] | None = None
    rows = zip(graph.order, graph.parents, graph.partials, graph.adjoints, strict=True)
    for node, parents, partials, adjoint in rows:
        if adjoint == 0.0:  # the strong zero: it passes nothing on
            continue
        for x, partial in zip(parents, partials, strict=True):
            if id(x) in guilty and not math.isfinite(adjoint * partial):
                guilty.add(id(node))
                if math.isfinite(adjoint):
                    origin = node, x, partial
    names = graph.name_all(hit)
    if origin is None:
        text = f"The derivative by {names} is not finite, since the sum over all uses "
        text += "is beyond 1.8e308. Scale the loss, or the inputs, to about 1."
        yield Finding("overflow", text, tuple(hit))
        return
    node, x, partial = origin
    adjoint = graph.derivative(node)
    text = f"The derivative by {names} is {graph.derivative(hit[0])!r}. "
    if math.isfinite(partial):
        kind = "overflow"
        text += f"The backward pass overflows at {formula(node)}{site(node)}: the "
        text += f"adjoint there is {adjoint!r} and the partial {partial!r}, and their "
        text += "product is beyond 1.8e308. Scale the inputs to about 1, start with "
        text += "smaller weights, or use fewer steps or layers."
    else:
        kind = "infinite slope"
        text += f"The first to blame is {formula(node)}{site(node)}: its partial there "
        advice = PARTIAL_ADVICE.get(own_op(node), PARTIAL_ADVICE[""])
        text += f"is {partial!r}. {advice}"
    if not node.where:
        text += f" {USE_DEBUG}"
    yield Finding(kind, text, (node, x))
