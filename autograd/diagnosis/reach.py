"""Parameters that get no gradient, since the loss does not depend on them."""

from __future__ import annotations

from collections.abc import Iterator

from autograd.diagnosis.graph import Finding, Graph, formula, site, some
from autograd.primitives.row import zeros
from autograd.value import CONSTANT, Value

CONSTANT_LOSS = (
    "The loss is a constant: it was detached, or computed under no_grad(), so it does "
    "not remember what it depends on, and every derivative of it is 0. Compute it "
    "outside of no_grad(), without detach()."
)
LEAF_LOSS = (
    "The loss was not computed from anything: it is a leaf. If it was made by "
    "Value(result.data) or Value(number), take the result itself: a number does not "
    "remember how it was made."
)
CONSTANT_PARAMETER = (
    "What goes by the name of {names} is a constant, made by detach() or under "
    "no_grad(). backward() passes it by, so its .grad stays what it is. Make a leaf of "
    "it: Value(p.data)."
)
ONLY_FLAT = (
    "The loss depends on {names} through {ops} alone, whose derivative is 0 "
    "everywhere, so no gradient comes back. Leave the rounding or the comparison out "
    "of what is trained, or put something smooth in its place, as math.sigmoid(k * x) "
    "for x > 0."
)
DETACHED = (
    "The loss does not depend on {names}: what is in the graph is a constant of the "
    "same number, {where}, so it was detached on the way (detach(), or no_grad()). Use "
    "the parameter itself."
)
PERHAPS_DETACHED = (
    "The loss does not depend on {names}. In the graph there are constants ({count}) "
    "made by detach() or under no_grad(), the first {where}: if what was computed from "
    "the parameters went in there, compute that outside of no_grad(), without detach()."
)
OTHER_OF_THAT_NAME = (
    "The loss does not depend on {names}, but on another Value of the same name. The "
    "parameters that you passed are copies, or were replaced or made anew. Pass those "
    "that the loss is computed from."
)
UNUSED = (
    "The loss does not depend on {names}: it is simply not used, or only as a number "
    "(p.data, Value(p.data)), which does not remember where it came from. Use the "
    "parameter itself, or leave it out of params."
)


def unreached(graph: Graph) -> Iterator[Finding]:
    """Find the parameters that the loss does not depend on, and say why."""
    loss = graph.loss
    if not loss.operands and not any(p is loss for p in graph.given):
        text = CONSTANT_LOSS if loss.primitive is CONSTANT else LEAF_LOSS
        yield Finding("unreached", text, tuple(graph.params))
        return
    constants = [node for node in graph.order if node.primitive is CONSTANT]
    numbers = {node.data: node for node in reversed(constants)}
    strangers = {x.name for x in graph.leaves if id(x) not in graph.names} - {None}
    idle = any(not graph.derivative(p) for p in graph.params)
    flowing = _flowing(graph) if idle else set(graph.place)
    sorts: dict[str, list[Value]] = {}
    for p in graph.params:
        if p.primitive is CONSTANT:
            sort = CONSTANT_PARAMETER
        elif id(p) in flowing:
            continue
        elif id(p) in graph.place:
            sort = ONLY_FLAT
        elif p.data in numbers:
            sort = DETACHED
        elif p.name in strangers:
            sort = OTHER_OF_THAT_NAME
        else:
            sort = PERHAPS_DETACHED if constants else UNUSED
        sorts.setdefault(sort, []).append(p)
    for sort, params in sorts.items():
        seen = numbers[params[0].data] if sort is DETACHED else (*constants, None)[0]
        user = graph.users.get(id(seen))
        text = sort.format(
            names=graph.name_all(params),
            where=f"used in {formula(user)}{site(user)}" if user else "",
            count=len(constants),
            ops=some(_ends(graph, flowing, params)) if sort is ONLY_FLAT else "",
        )
        yield Finding("unreached", text, tuple(params))


def _flowing(graph: Graph) -> set[int]:
    """Return the ids of the nodes to which a gradient could come from the loss.

    That is about formulas and not numbers: floor has the derivative 0 everywhere.
    """
    flowing = {id(graph.loss)}
    for node, parents in zip(graph.order[::-1], graph.parents[::-1], strict=True):
        if id(node) in flowing and node.primitive is not None:
            formulas = node.primitive.partials
            if zeros not in formulas:
                flowing.update(map(id, parents))
                continue
            for x, partial in zip(node.operands, formulas, strict=True):
                if partial is not zeros:
                    flowing.add(id(x))
    return flowing


def _ends(graph: Graph, flowing: set[int], params: list[Value]) -> list[str]:
    """Return the operations at which the gradients on the way to params end."""
    cut_off = {id(p) for p in params}
    ops: dict[str, None] = {}
    for node, parents in zip(graph.order, graph.parents, strict=True):
        if not cut_off.isdisjoint(map(id, parents)):
            if id(node) in flowing:
                ops[node.op] = None
            else:
                cut_off.add(id(node))
    return list(ops)
