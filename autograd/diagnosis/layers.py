"""Layers that learn badly: dead, saturated, or with gradients out of proportion.

A *unit* is the scope in which a node was made, and a *layer* is that scope without a
last part like ``neuron3``, which is how the neurons of a network call themselves. A
parameter, which was made outside, belongs to the layer that first uses it.

An alarm that is often false is soon ignored. To be off is a relu's work, and to be flat
a tanh's; so what is named are units that are so in many samples, and whole layers. And
layers are compared only where one feeds the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from autograd.diagnosis.graph import Finding, Graph, own_op, some
from autograd.primitives.activations import relu
from autograd.value import Value

FLAT = 1e-4  # of the steepest slope: less is saturated
SATURATED_SHARE = 0.25
MANY_SAMPLES = 8
FAR_APART = 1e3

# The rows that saturate on both sides, and their steepest slopes.
SATURATING = {"sigmoid": 0.25, "tanh": 1.0, "erf": 2.0 / math.sqrt(math.pi)}
UNIT = re.compile(r"/neuron\d*$")

DEAD_UNITS = (
    "{off} of {total} relu neurons in {layer} ({names}): the input of the relu is 0 or "
    "less in every sample of this loss, so no gradient passes, and their weights learn "
    "nothing from it. A few such neurons are usual and do little harm; if there are "
    "many: "
)
DEAD_SCOPE = (
    "Every relu in {layer} is off (nodes: {nodes}): the input is 0 or less, so no "
    "gradient passes. To revive them, "
)
DEAD_OUTSIDE = (
    "Every relu outside of any scope is off (nodes: {nodes}): the input is 0 or less, "
    "so no gradient passes. In a hinge loss that means that nothing is left to learn. "
    "In a network, "
)
REVIVE = (
    "lower the learning rate, start with he_uniform weights and biases of 0, scale the "
    "inputs to about 1, or take leaky_relu, elu or gelu."
)
SATURATED = (
    "{off} of {total} {op} nodes ({share:.0%}) in {layer} are saturated: the slope is "
    "below 1/10,000 of the steepest, so nearly no gradient passes.{stuck} Scale the "
    "inputs to about 1 and start with smaller weights (glorot_uniform); in hidden "
    "layers take relu or gelu; if it is an output, give the raw score to a loss that "
    "takes logits."
)
UNEVEN = (
    "On its way back the gradient {verb}: at the parameters of {high} it is {times} "
    "larger than at those of {low} (root mean squares: {table}). "
)
VANISHING = (
    "Each layer multiplies it by its weights and by the slope of its activation, which "
    "for a sigmoid is 1/4 at most. In hidden layers take relu or tanh instead of "
    "sigmoid, start with he_uniform or glorot_uniform weights, use fewer layers, or "
    "add a layer's input to its output."
)
EXPLODING = (
    "Each layer multiplies it by its weights. Start with smaller weights (he_uniform, "
    "glorot_uniform), scale the inputs to about 1, or use fewer layers; clip gradients "
    "where nothing else helps."
)


@dataclass
class _Unit:
    """How many nodes of a kind a scope has, and those that pass (nearly) nothing on."""

    total: int = 0
    off: list[Value] = field(default_factory=list)

    @property
    def is_off(self) -> bool:
        return len(self.off) == self.total


Units = dict[str, _Unit]


def layer_of(scope: str) -> str:
    """Return the layer to which a scope belongs.

    >>> layer_of("mlp/layer1/neuron3"), layer_of("encoder")
    ('mlp/layer1', 'encoder')

    """
    return UNIT.sub("", scope)


def _count(layers: dict[str, Units], node: Value, *, is_off: bool) -> None:
    scope = node.scope
    unit = layers.setdefault(layer_of(scope), {}).setdefault(scope, _Unit())
    unit.total += 1
    if is_off:
        unit.off.append(node)


def _short(scopes: Iterable[str]) -> str:
    return some([scope.rpartition("/")[2] for scope in scopes])


def dead(graph: Graph) -> Iterator[Finding]:
    """Find units whose relus are off in all of their nodes."""
    layers: dict[str, Units] = {}
    for node, parents in zip(graph.order, graph.parents, strict=True):
        if node.primitive is relu:
            _count(layers, node, is_off=parents[0].data <= 0.0)
    for layer, units in layers.items():
        off = {scope: unit for scope, unit in units.items() if unit.is_off}
        if len(off) < len(units):
            off = {s: unit for s, unit in off.items() if unit.total >= MANY_SAMPLES}
        # The relus of a hinge loss are off where there is nothing left to learn.
        if not off or (not layer and all(map(graph.derivative, graph.params))):
            continue
        nodes = tuple(node for unit in off.values() for node in unit.off)
        text = DEAD_UNITS if off.keys() != {layer} else DEAD_SCOPE
        text = (text if layer else DEAD_OUTSIDE).format(
            off=len(off),
            total=len(units),
            layer=layer,
            names=_short(off),
            nodes=len(nodes),
        )
        yield Finding("dead", text + REVIVE, nodes)


def saturated(graph: Graph) -> Iterator[Finding]:
    """Find layers and units whose sigmoids and tanhs are flat where they are."""
    kinds: dict[str, dict[str, Units]] = {op: {} for op in SATURATING}
    for node, partials in zip(graph.order, graph.partials, strict=True):
        op = own_op(node)
        steepest = SATURATING.get(op)
        if steepest is not None:
            _count(kinds[op], node, is_off=partials[0] < FLAT * steepest)
    for op, layers in kinds.items():
        for layer, units in layers.items():
            nodes = tuple(node for unit in units.values() for node in unit.off)
            total = sum(unit.total for unit in units.values())
            stuck = [
                scope
                for scope, unit in units.items()
                if scope != layer and unit.is_off and unit.total >= MANY_SAMPLES
            ]
            if len(nodes) < SATURATED_SHARE * total and not stuck:
                continue
            text = SATURATED.format(
                off=len(nodes),
                total=total,
                op=op,
                share=len(nodes) / total,
                layer=layer or "no scope",
                stuck=f" In every sample: {_short(stuck)}." if stuck else "",
            )
            yield Finding("saturated", text, nodes)


def uneven(graph: Graph, *, explained: bool) -> Iterator[Finding]:
    """Find layers whose gradients are many orders of magnitude apart.

    Args:
        graph: the graph.
        explained: whether it is already known why gradients are exactly 0.

    """
    layers: dict[str, list[Value]] = {}
    for p in sorted(graph.params, key=lambda p: graph.place.get(id(p), -1)):
        user = graph.users.get(id(p))
        if user is not None and user.scope and p.primitive is None:
            layers.setdefault(layer_of(user.scope), []).append(p)
    sizes = {}
    for layer, params in layers.items():
        # hypot neither overflows nor underflows, as a sum of squares would.
        size = math.hypot(*map(graph.derivative, params)) / math.sqrt(len(params))
        if math.isfinite(size) and (size or not explained):
            sizes[layer] = size
    if not sizes:
        return
    low, high = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    if sizes[high] < FAR_APART * sizes[low] or not sizes[high]:
        return
    if _feeds(graph, layers[low], high):
        kind, verb, advice = "vanishing", "vanishes", VANISHING
    elif _feeds(graph, layers[high], low):
        kind, verb, advice = "exploding", "explodes", EXPLODING
    else:
        return
    text = UNEVEN.format(
        verb=verb,
        high=high,
        low=low,
        times=f"{sizes[high] / sizes[low]:.0e} times" if sizes[low] else "infinitely",
        table=some([f"{layer} {size:.1e}" for layer, size in sizes.items()], few=12),
    )
    yield Finding(kind, text + advice, tuple(layers[low] + layers[high]))


def _feeds(graph: Graph, params: list[Value], layer: str) -> bool:
    """Return whether a layer computes with what depends on these parameters."""
    fed = {id(p) for p in params}
    for node, parents in zip(graph.order, graph.parents, strict=True):
        if not fed.isdisjoint(map(id, parents)):
            fed.add(id(node))
            if layer_of(node.scope) == layer:
                return True
    return False
