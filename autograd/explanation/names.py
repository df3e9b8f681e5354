"""Call every node of a graph by a name of its own, and the same one in every run.

Names come from the user (``Value(2.0, name="w")``), else from the variables of the
caller that hold a node, else they are v1, v2, ... from the inputs to the result. Names
that several nodes have, as the weights of neurons do, are told apart by scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.explanation.sweep import Sweep
from autograd.value import CONSTANT, Value

LONGEST = 28


def variables(*spaces: Mapping[str, Any]) -> dict[int, str]:
    """Return the names of variables that hold Values, by the ids of the Values."""
    found: dict[int, str] = {}
    for space in spaces:
        for name, thing in list(space.items()):
            if type(thing) is Value and not name.startswith("_"):
                found.setdefault(id(thing), name)
    return found


def names(sweep: Sweep, known: Mapping[int, str]) -> list[str]:
    """Return what each node is called, "" for a constant that has no name.

    Args:
        sweep: the nodes.
        known: names for nodes that have none, by their ids.

    """
    own = [
        legible(node.name or known.get(id(node), ""), LONGEST) for node in sweep.order
    ]
    users: dict[str, list[int]] = {}
    for i, name in enumerate(own):
        if name:
            users.setdefault(name, []).append(i)
    taken = set(users)
    for name, places in list(users.items()):
        if len(places) > 1:
            for i, other in zip(places, _apart(name, places, sweep), strict=True):
                own[i] = other
                while own[i] in taken:
                    own[i] += "'"
                taken.add(own[i])
    number = 0
    for i, node in enumerate(sweep.order):
        if own[i] or node.primitive is CONSTANT:
            continue
        number += 1
        while f"v{number}" in taken:
            number += 1
        own[i] = f"v{number}"
    return own


def _apart(name: str, places: list[int], sweep: Sweep) -> list[str]:
    """Tell nodes of one name apart, by as little of their scopes as does it."""
    scopes = [legible(sweep.scopes[i]).split("/") for i in places]
    longer: list[str] = []
    for depth in range(1, max(map(len, scopes)) + 1):
        longer = ["/".join([*scope[-depth:], name]).lstrip("/") for scope in scopes]
        if len(set(longer)) == len(places):
            return longer
    seen: dict[str, int] = {}
    for k, other in enumerate(longer):
        seen[other] = seen.get(other, 0) + 1
        longer[k] = f"{other}#{seen[other]}"
    return longer


def legible(text: str, length: int = 200) -> str:
    """Return a text on one line, without control characters, not too long."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= length else text[: length - 1] + "…"
