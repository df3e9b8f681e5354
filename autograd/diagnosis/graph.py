"""The graph that `autograd.diagnose` examines, its findings, and the words for nodes.

A `Graph` is walked once and then read by all checks; none of them writes on a node.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from autograd.display import line
from autograd.primitives.elementary import dist, sumprod
from autograd.value import Value
from autograd.walk import gradient, topological_order


@dataclass(frozen=True, eq=False)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: what it is, in a word or two: "unreached", "not called", "accumulated",
            "stale", "changed", "not finite", "infinite slope", "overflow", "dead",
            "saturated", "vanishing" or "exploding".
        message: what was seen, what that means, and what to write instead.
        nodes: the Values that it is about.

    """

    kind: str
    message: str
    nodes: tuple[Value, ...] = field(default=(), repr=False)


class Graph:
    """The graph of a loss, walked once.

    Attributes:
        order: all nodes, parents before children, the loss last.
        place: the place of each node in the order, by its id.
        parents, partials: of each node in the order.
        adjoints: the derivative of the loss by each node in the order.
        users: the first node that uses a node, by the id of the node used.
        leaves: those of the nodes that were given.
        params: the parameters, by default the leaves.
        given: the parameters if they were given.
        names: what the parameters are called where they were given, by their ids.

    """

    def __init__(self, loss: Value, params: Iterable[tuple[str, Value]] | None) -> None:
        self.loss = loss
        self.order: list[Value] = topological_order(loss)
        self.place = {id(node): i for i, node in enumerate(self.order)}
        self.parents: list[tuple[Value, ...]] = [n.parents for n in self.order]
        self.partials: list[tuple[float, ...]] = [n.partials for n in self.order]
        self.adjoints: list[float] = gradient(loss, self.order) or []
        self.users: dict[int, Value] = {}
        for node, parents in zip(self.order[::-1], self.parents[::-1], strict=True):
            self.users.update(dict.fromkeys(map(id, parents), node))
        self.leaves = [node for node in self.order if node.primitive is None]
        named: dict[int, tuple[str, Value]] = {}
        for name, p in params or ():
            named.setdefault(id(p), (name, p))
        self.given = [p for _, p in named.values()]
        self.params = self.leaves if params is None else self.given
        self.names = {key: name for key, (name, _) in named.items()}

    def derivative(self, node: Value) -> float:
        """Return the derivative of the loss by a node, 0.0 outside of the graph."""
        i = self.place.get(id(node))
        return 0.0 if i is None else self.adjoints[i]

    def name(self, node: Value) -> str:
        """Return what to call a leaf: its name, or its number, and who uses it."""
        name = self.names.get(id(node))
        if name:
            return name
        name = node.name or f"a {'constant' if node.op else 'leaf'} of {node.data!r}"
        user = self.users.get(id(node))
        return f"{name} of {user.scope}" if user is not None and user.scope else name

    def name_all(self, nodes: Iterable[Value]) -> str:
        """Return the names of some leaves, shortened where they are many."""
        nodes = list(nodes)
        return some([self.name(node) for node in nodes[:8]], len(nodes))


def some(words: list[str], n: int | None = None, few: int = 4) -> str:
    """Return the first words and how many are left out.

    >>> some(["a", "b", "c"]), some([f"w{i}" for i in range(47)], few=3)
    ('a, b, c', 'w0, w1, w2 ... and 44 more')

    """
    n = len(words) if n is None else n
    if n <= few:
        return ", ".join(words)
    return f"{', '.join(words[:few])} ... and {n - few} more"


def own_op(node: Value) -> str:
    """Return the operation if it is one of the table, "" for a leaf or a user's own."""
    row = node.primitive
    return row.symbol if row is not None and row.in_table else ""


def formula(node: Value) -> str:
    """Return what a node computed, and its named inputs.

    >>> w = Value(1e300, name="w")
    >>> formula(w * 1e300)
    'w * 1e+300 = inf, where w = 1e+300'

    """
    text = f"{expression(node)} = {node.data!r}"
    known = [x for x in node.operands[:4] if isinstance(x, Value) and x.name]
    where = ", ".join(dict.fromkeys(f"{x.name} = {x.data!r}" for x in known))
    return f"{text}, where {where}" if where else text


def expression(node: Value) -> str:
    """Return how a node was computed, from the names or numbers of its operands."""
    operands = node.operands
    if node.primitive is None or not operands:
        return repr(node.data)
    half = len(operands) // 2
    if node.primitive.precedence and len(operands) == 2:
        return f"{_word(operands[0])} {node.op} {_word(operands[1])}"
    if node.primitive in (sumprod, dist):
        return f"{node.op}(({_words(operands[:half])}), ({_words(operands[half:])}))"
    return f"{node.primitive.name}({_words(operands)})"


def _words(operands: tuple[Any, ...], few: int = 4) -> str:
    rest = ", ..." if len(operands) > few else ""
    return ", ".join(map(_word, operands[:few])) + rest


def _word(x: Any) -> str:
    return (x.name or repr(x.data)) if isinstance(x, Value) else repr(x)


def site(node: Value) -> str:
    """Return where a node was made, as far as it remembers."""
    scope = f" in {node.scope}" if node.scope else ""
    return scope + (f" ({line(node.where)})" if node.where else "")
