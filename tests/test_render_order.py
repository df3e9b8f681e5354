"""In which order a picture's units stand, as Graphviz lays them out."""

from __future__ import annotations

import re

import pytest

from autograd import Value, draw, explain, scope
from autograd.render.layout import lay_out
from nn import MLP


def positions(picture):
    """Return where each unit of a picture is, from the left and from the bottom."""
    plain = lay_out(picture.source, "plain", engine="dot", time_limit=20.0).decode()
    found = re.findall(r"^node (\w+) (\S+) (\S+)", plain, re.MULTILINE)
    return {key: (float(x), float(y)) for key, x, y in found}


def network(sizes, row):
    y = MLP(len(row), sizes, "tanh", seed=1)(row)
    loss = sum((out - 0.1) ** 2 for out in y) if isinstance(y, list) else y * y
    loss.backward()
    return loss


@pytest.mark.parametrize("limit", [300, 12])
def test_layers_stand_in_the_order_of_computation(limit):
    picture = draw(network([3, 2, 1], [1.0, -0.5]), limit=limit)
    at = positions(picture)
    rank = {}
    for unit in (*picture.shown.nodes, *picture.shown.boxes):
        layer = re.search("layer[0-9]", f"{unit.scope}/{unit.name}")
        if layer:
            rank.setdefault(layer[0], []).append(at[unit.key][0])
    assert max(rank["layer1"]) < min(rank["layer2"])
    assert max(rank["layer2"]) < min(rank["layer3"])


def test_neurons_stand_from_the_first_down_to_the_last():
    picture = draw(network([3, 1], [1.0, -0.5]))
    at = positions(picture)
    tops = {}
    for node in picture.shown.nodes:
        if "layer1" in node.scope:
            tops.setdefault(node.scope, []).append(at[node.key][1])
    first, second, third = (tops[f"mlp/layer1/neuron{i}"] for i in (1, 2, 3))
    assert min(first) > max(second)
    assert min(second) > max(third)


def test_folded_neurons_stand_in_order_too_however_many():
    picture = draw(network([12, 12, 3], [0.1 * i for i in range(8)]), limit=60)
    at = positions(picture)
    for layer in ("mlp/layer1", "mlp/layer2", "mlp/layer3"):
        boxes = [box for box in picture.shown.boxes if box.scope == layer]
        boxes.sort(key=lambda box: -at[box.key][1])
        assert [box.name for box in boxes] == [
            f"neuron{i}" for i in range(1, len(boxes) + 1)
        ]


def test_a_weight_stands_beside_the_operation_that_reads_it():
    picture = draw(network([2, 1], [1.0, -0.5]))
    at = positions(picture)
    xs = sorted({round(x, 1) for x, _ in at.values()})
    column = {key: xs.index(round(x, 1)) for key, (x, _) in at.items()}
    scopes = {node.key: node.scope for node in picture.shown.nodes}
    made = {edge.target for edge in picture.shown.edges}
    for edge in picture.shown.edges:
        if edge.source not in made:
            assert column[edge.target] == column[edge.source] + 1, scopes[edge.source]


def test_operands_stand_in_their_order_where_there_are_no_frames():
    w, x, b = (Value(1.0, name=name) for name in "wxb")
    picture = draw((w * x + b).tanh())
    at = positions(picture)
    height = {node.name: at[node.key][1] for node in picture.shown.nodes}
    assert height["w"] > height["x"]
    assert height["v1"] > height["b"]


def test_nodes_are_called_as_explain_calls_them():
    w, x = Value(0.5, name="w"), Value(2.0)
    with scope("inner"):
        hidden = (w * x).tanh()
    y = hidden * hidden - w
    names = {node.name for node in draw(y).shown.nodes}
    assert names == set(explain(y).adjoints) == {"w", "x", "v1", "hidden", "v2", "y"}


def test_a_node_is_called_in_short_within_its_frame_and_in_full_elsewhere():
    model = MLP(1, [1, 1], None, seed=0)
    y = model(2.0) * model.layers[1].neurons[0].b
    formulas = {node.name: node.formula for node in draw(y).shown.nodes}
    assert formulas["v1"] == "w1 * 2 + b"
    assert formulas["y"] == "v2 * layer2/neuron1/b"


def test_two_boxes_of_one_frame_never_bear_the_same_name():
    picture = draw(network([12, 12, 3], [0.1 * i for i in range(8)]), limit=20)
    places = [(box.scope, box.name) for box in picture.shown.boxes]
    assert len(set(places)) == len(places)


def test_the_sign_of_a_gradient_can_be_seen_and_the_legend_says_how():
    x, y = Value(1.0, name="x"), Value(1.0, name="y")
    z = x - y
    z.backward()
    picture = draw(z)
    fills = dict(re.findall(r'(n\d) \[fillcolor="(#\w+)"', picture.source))
    assert fills["n0"] == fills["n2"] != fills["n1"]
    assert "Orange: positive; violet: negative." in picture.shown.legend[0]
