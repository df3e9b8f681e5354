"""Call every node of a graph by a name of its own, and the same one in every run.

Names come from the user (``Value(2.0, name="w")``), else from the variables of the
caller that hold a node, else they are v1, v2, ... from the inputs to the result. Names
that several nodes have, as the weights of neurons do, are told apart by scope.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from autograd.value import CONSTANT, Value

LONGEST = 28
SCOPE = 200


def variables(*spaces: Mapping[str, Any]) -> dict[int, str]:
    """Return the names of variables that hold Values, by the ids of the Values."""
    found: dict[int, str] = {}
    for space in spaces:
        for name, thing in list(space.items()):
            if type(thing) is Value and not name.startswith("_"):
                found.setdefault(id(thing), name)
    return found


def names(
    order: Sequence[Value],
    scopes: Sequence[str],
    known: Mapping[int, str],
    reserved: Collection[str] = (),
) -> list[str]:
    """Return what each node is called, "" for a constant that has no name.

    Args:
        order: the nodes, in topological order.
        scopes: the scope that each belongs to.
        known: names for nodes that have none, by their ids.
        reserved: names that are not to be given to a node without one.

    """
    own = [node.name or known.get(id(node), "") for node in order]
    own = [name and legible(name, LONGEST) for name in own]
    users: dict[str, list[int]] = {}
    for i, name in enumerate(own):
        if name:
            users.setdefault(name, []).append(i)
    taken = {*users, *reserved}
    for name, places in list(users.items()):
        if len(places) > 1:
            taken.discard(name)
            apart = _apart(name, [scopes[i] for i in places])
            for i, other in zip(places, apart, strict=True):
                own[i] = other
                while own[i] in taken:
                    own[i] += "'"
                taken.add(own[i])
    number = 0
    for i, node in enumerate(order):
        if own[i] or node.primitive is CONSTANT:
            continue
        number += 1
        while f"v{number}" in taken:
            number += 1
        own[i] = f"v{number}"
    return own


def within(name: str, scope: str) -> str:
    """Return a node's name as it is written inside a scope, which need not be said.

    >>> within("layer1/neuron2/w1", "mlp/layer1/neuron2"), within("w1", "mlp")
    ('w1', 'w1')
    >>> within("layer1/neuron2/w1", "mlp/layer2/neuron2")
    'layer1/neuron2/w1'

    """
    outer, slash, own = name.rpartition("/")
    return own if slash and f"/{scope}".endswith(f"/{outer}") else name


def _apart(name: str, scopes: list[str]) -> list[str]:
    """Tell nodes of one name apart, by as little of their scopes as does it."""
    paths = [legible(scope, SCOPE).split("/") for scope in scopes]
    longer: list[str] = []
    for depth in range(1, max(map(len, paths)) + 1):
        longer = ["/".join([*path[-depth:], name]).lstrip("/") for path in paths]
        if len(set(longer)) == len(scopes):
            return longer
    seen: dict[str, int] = {}
    for k, other in enumerate(longer):
        seen[other] = seen.get(other, 0) + 1
        longer[k] = f"{other}#{seen[other]}"
    return longer


def legible(text: str, length: int = 32) -> str:
    r"""Return text on one line, without characters that XML or UTF-8 cannot hold.

    >>> legible("two\nlines"), legible("a" * 99, 5)
    ('two\\nlines', 'aaaa…')

    """
    if len(text) > length:
        text = text[: length - 1] + "…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )
