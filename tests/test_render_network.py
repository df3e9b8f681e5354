"""Pictures of networks: layers in columns, neurons as circles, weights as lines."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest

from autograd import Value, draw
from nn import MLP, Layer, Module, Neuron

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = ((0.5, -1.0, 0.25), (2.0, 0.0, -0.5))


def small() -> MLP:
    model = MLP(2, [2, 1], "tanh", seed=0)
    hidden, output = model.layers
    for neuron, row in zip(hidden.neurons, NUMBERS, strict=True):
        neuron.w[0].data, neuron.w[1].data, neuron.b.data = row
    out = output.neurons[0]
    out.w[0].data, out.w[1].data, out.b.data = 1.5, -0.75, 0.125
    return model


def elements(picture, tag):
    return list(ET.fromstring(picture.pipe("svg")).iter(SVG + tag))


def titles(picture):
    return [element.text for element in elements(picture, "title")]


def test_each_weight_is_a_line_and_each_neuron_a_circle():
    picture = draw(small())
    assert len(elements(picture, "polyline")) == 2 * 2 + 2 * 1
    assert len(elements(picture, "path")) == 2 + 2 + 1
    assert "x2 to neuron1: -1" in titles(picture)
    assert "neuron2 to neuron1: -0.75" in titles(picture)


def test_a_wider_line_is_a_larger_weight_and_a_dashed_one_is_negative():
    lines = elements(draw(small()), "polyline")
    weights = [0.5, -1.0, 2.0, 0.0, 1.5, -0.75]
    widths = [float(line.get("stroke-width")) for line in lines]
    order = sorted(range(6), key=lambda i: abs(weights[i]))
    assert order == sorted(range(6), key=widths.__getitem__)
    assert [line.get("stroke-dasharray") is not None for line in lines] == [
        w < 0.0 for w in weights
    ]


def test_a_row_shows_what_each_neuron_makes_of_it():
    picture = draw(small(), [1.0, 2.0])
    first, second = math.tanh(0.5 - 2.0 + 0.25), math.tanh(2.0 - 0.5)
    output = 1.5 * first - 0.75 * second + 0.125
    (hidden, last) = picture.shown.layers
    assert [n.output for n in hidden.neurons] == pytest.approx([first, second])
    assert [n.output for n in last.neurons] == pytest.approx([output])
    words = [text.text for text in elements(picture, "text")]
    assert {"1.00", "2.00", f"{first:.2f}", f"{output:.2f}"} <= set(words)


def test_drawing_at_a_row_leaves_gradients_alone_and_shows_those_that_are_there():
    model = small()
    loss = (model([1.0, 2.0]) - 1.0) ** 2
    loss.backward()
    before = [p.grad for p in model.parameters()]
    shown = draw(model, [1.0, 2.0]).shown
    assert [p.grad for p in model.parameters()] == before
    assert shown.layers[1].neurons[0].slope == model.layers[1].neurons[0].b.grad != 0.0


def test_large_layers_are_shortened_with_a_count():
    picture = draw(MLP(64, [32, 10], seed=0))
    words = [text.text for text in elements(picture, "text")]
    assert {"64 inputs", "56 more", "24 more", "32 relu neurons", "2 more"} <= set(
        words
    )
    assert len(elements(picture, "path")) == 3 * 8
    numbers = [
        title for title in titles(picture) if title.startswith("x64 to neuron32")
    ]
    assert len(numbers) == 1


def test_a_layer_and_a_neuron_are_networks_too():
    assert repr(draw(Layer(3, 2, seed=0))) == "<network layer: 3-2>"
    assert repr(draw(Neuron(3, seed=0))) == "<network neuron: 3-1>"


def test_the_picture_says_in_words_what_it_shows():
    text = draw(small(), [1.0, 2.0]).pipe("svg").decode()
    label = re.search('aria-label="([^"]*)"', text)[1]
    assert label.startswith("network mlp: 2-2-1. layer1: 2 tanh neurons, outputs -0.84")


def test_the_picture_turns_dark_where_readers_prefer_that():
    text = draw(small(), [1.0, 2.0]).pipe("svg").decode()
    for colour in set(re.findall('(?:fill|stroke)="(#[0-9a-f]+)"', text)):
        assert f'"{colour}"]{{' in text


def test_a_picture_of_a_network_is_saved_and_shown_like_any_other(tmp_path):
    picture = draw(small(), [1.0, 2.0], to=tmp_path / "net.svg")
    assert tmp_path.joinpath("net.svg").read_bytes() == picture.pipe("svg")
    bundle = picture._repr_mimebundle_()
    assert bundle["text/plain"] == "<network mlp: 2-2-1>"
    assert bundle["text/html"].startswith('<img alt="network mlp: 2-2-1.')
    pytest.importorskip("matplotlib")
    draw(small(), tmp_path / "net.png")
    assert tmp_path.joinpath("net.png").read_bytes().startswith(b"\x89PNG")
    assert picture.pipe("pdf").startswith(b"%PDF")


class Odd(Module):
    def __call__(self, x):
        return x


def test_what_cannot_be_drawn_is_refused_with_a_word_on_what_to_write(tmp_path):
    model = small()
    with pytest.raises(
        ValueError, match=r"one row of 2 numbers.*draw\(model, X\[0\]\)"
    ):
        draw(model, [1.0])
    with pytest.raises(TypeError, match="one row of 2 numbers"):
        draw(model, [[1.0, 2.0]])
    with pytest.raises(TypeError, match=r"a row goes with a network"):
        draw(Value(1.0), [1.0])
    with pytest.raises(ValueError, match=r"svg, png or pdf"):
        draw(model, to=tmp_path / "net.mermaid")
    model.layers = (*model.layers, Odd())
    with pytest.raises(TypeError, match=r"draw\(model\(row\)\)"):
        draw(model)
