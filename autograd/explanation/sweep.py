"""Apply the chain rule to a graph as `backward()` does, and keep what it came by.

The same additions in the same order, so that every adjoint is `backward()`'s to the
last bit; but on lists beside the graph. No node is written on.

A node is called by its place, its number in the topological order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograd.primitives.row import zeros
from autograd.value import CONSTANT, Value
from autograd.walk import topological_order

MANY = 10**12  # paths beyond are not counted, since there may be 2**100_000


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one use of a node adds to its adjoint.

    Attributes:
        position: which operand of the operation it is.
        to: the place of that operand.
        partial: the local derivative.
        amount: the partial times the adjoint of the operation.

    """

    position: int
    to: int
    partial: float
    amount: float


class Sweep:
    """The derivatives of a root by all its nodes, or by those that lead to one node.

    Args:
        root: what is differentiated.
        wrt: the node that matters, or None for all.

    Attributes:
        order: the nodes, parents before children.
        place: the place of each node, by its id.
        matters: whether a node depends on ``wrt``, a byte for each node.
        adjoints: the derivative by each node that matters, 0.0 for the others.
        uses: how many times a node is used.
        scopes: where a node belongs; a leaf used in one scope only belongs there.

    """

    def __init__(self, root: Value, wrt: Value | None = None) -> None:
        self.order: list[Value] = topological_order(root)
        self.place = {id(node): i for i, node in enumerate(self.order)}
        n = len(self.order)
        self.matters = bytearray(n if wrt is not None else b"\1" * n)
        self.uses = [0] * n
        self._look(wrt)
        self.scopes = self._scopes()
        self.adjoints = [0.0] * n
        self.adjoints[-1] = 1.0
        for i in range(n - 1, -1, -1):
            for c in self.contributions(i):
                self.adjoints[c.to] += c.amount

    def _look(self, wrt: Value | None) -> None:
        for i, node in enumerate(self.order):
            if node is wrt:
                self.matters[i] = 1
            elif node.primitive is CONSTANT:
                self.matters[i] = 0
            for p in self.parents(i):
                self.uses[p] += 1
                if self.matters[p]:
                    self.matters[i] = 1

    def parents(self, i: int) -> list[int]:
        """Return the places of a node's parents, in order."""
        place = self.place
        return [place[id(parent)] for parent in self.order[i].parents]

    def is_operation(self, i: int) -> bool:
        """Return whether a node was computed, and remembers from what."""
        row = self.order[i].primitive
        return row is not None and row is not CONSTANT

    def contributions(self, i: int) -> list[Contribution]:
        """Return what a node passes on; nothing at all if its adjoint is 0."""
        adjoint = self.adjoints[i]
        if adjoint == 0.0 or not self.matters[i] or not self.is_operation(i):
            return []
        node = self.order[i]
        row: Any = node.primitive
        wild = adjoint - adjoint != 0.0  # infinite or NaN
        passed = []
        partials = iter(node.partials)
        for k, operand in enumerate(node.operands):
            if type(operand) is not Value:
                continue
            partial = next(partials)
            if wild and partial == 0.0:
                # Where there is nothing to pass, not even that passes: see `walk`.
                flat = row.arity is not None and row.partials[k] is zeros
                if row.selects or flat:
                    continue
            to = self.place[id(operand)]
            if self.matters[to]:
                passed.append(Contribution(k, to, partial, adjoint * partial))
        return passed

    def paths_to(self, target: int) -> list[int]:
        """Return for each node how many paths lead from it to the target."""
        paths = [0] * len(self.order)
        paths[target] = 1
        for i in range(target + 1, len(self.order)):
            if self.matters[i]:
                paths[i] = min(MANY, sum(paths[p] for p in self.parents(i)))
        return paths

    def _scopes(self) -> list[str]:
        """Return the scope of each node.

        A weight is made outside its neuron's, and belongs to the one that uses it; what
        is used outside all scopes as well, as in a penalty, still does.
        """
        scopes = [node.scope for node in self.order]
        users: dict[int, str] = {}
        for i in range(len(self.order)):
            for p in self.parents(i):
                if scopes[p] or not scopes[i]:
                    continue
                if users.setdefault(p, scopes[i]) != scopes[i]:
                    users[p] = ""
        for p, scope in users.items():
            if self.order[p].primitive is None:
                scopes[p] = scope
        return scopes
