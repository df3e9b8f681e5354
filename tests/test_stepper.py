"""The stepper's frames against the engine, and what it looks like without a browser."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from autograd import Value, no_grad, step
from autograd import math as am
from autograd.render.view import number
from autograd.stepper import Stepper
from nn import MLP, hinge_loss

HOSTILE = "x</i></script><script>alert(1)</script><b onclick='y'>"
SVG = "{http://www.w3.org/2000/svg}"
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)


class Strict(HTMLParser):
    """Fails on tags that are not closed in order, and on those that viewers strip."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        assert tag not in {"script", "style", "svg", "iframe", "object", "input"}
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag == "img":
            assert dict(attrs)["src"].startswith("data:image/svg+xml;base64,")
            assert dict(attrs)["alt"]
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def small():
    w, x, b = Value(0.5, name="w"), Value(2.0, name="x"), Value(0.1, name="b")
    y = am.tanh(w * x + b)
    return (y - 1.0) ** 2 + 0.1 * w * w


def network():
    return (MLP(2, [3, 1], "tanh", seed=0)([0.5, -0.2]) - 1.0) ** 2


def large():
    model = MLP(2, [8, 8, 1], seed=0)
    predictions = [model([0.1 * i, 0.2]) for i in range(30)]
    return hinge_loss(predictions, [1, -1] * 15)


GRAPHS = [small, network, large]


def nodes_of(stepper):
    """Return the lines of each node of the drawing by its id, and all classes."""
    root = ET.fromstring(stepper.svg)
    nodes, classes = {}, []
    for group in root.iter(f"{SVG}g"):
        kind, *to = group.get("class", "").split()
        if kind == "node":
            nodes[group.get("id")] = [text.text for text in group.iter(f"{SVG}text")]
        if kind == "edge":
            classes.append(to)
    return nodes, classes


@pytest.mark.parametrize("graph", GRAPHS)
def test_forward_gives_each_node_its_number_after_those_it_is_computed_from(graph):
    root = graph()
    order = step(root)._story.sweep.order
    known = {}
    for frame in step(root).frames:
        for place in frame.data:
            assert place not in known
            known[place] = frame.data[place]
        if len(frame.data) == 1:
            ((place, _),) = frame.data.items()
            parents = {id(parent) for parent in order[place].parents}
            assert parents <= {id(order[i]) for i in known}
    assert known == {i: node.data for i, node in enumerate(order)}


@pytest.mark.parametrize("graph", GRAPHS)
def test_backward_ends_at_what_backward_computes(graph):
    root = graph()
    stepper = step(root)
    order = stepper._story.sweep.order
    assert all(node.grad == 0.0 for node in order)
    grads = {}
    for frame in stepper.frames:
        grads |= frame.grad
    root.backward()
    for i, node in enumerate(order):
        assert grads[i] == pytest.approx(node.grad, rel=1e-12, abs=1e-15)


def test_backward_every_node_is_complete_when_its_turn_comes():
    stepper = step(small())
    final = dict(enumerate(stepper._story.sweep.adjoints))
    grads, told = {}, []
    for frame in stepper.frames:
        if frame.title.startswith("Backward, step"):
            (place,) = frame.places
            assert grads[place] == final[place]
            told.append(place)
        grads |= frame.grad
    assert told == sorted(told, reverse=True)
    assert len(told) == 8


def test_a_value_used_several_times_gets_its_adjoint_piece_by_piece():
    x = Value(3.0, name="x")
    y = x * x + 2 * x
    stepper = step(y)
    assert [frame.grad[0] for frame in stepper.frames if 0 in frame.grad] == [0, 2, 8]


@pytest.mark.parametrize("graph", GRAPHS)
def test_what_a_frame_is_about_is_in_the_drawing(graph):
    stepper = step(graph())
    nodes, edges = nodes_of(stepper)
    plain = stepper.plain_frames()
    assert len(plain) == len(stepper.frames)
    for frame in plain:
        assert frame["now"]
        assert {*frame["now"], *frame["data"], *frame["grad"]} <= nodes.keys()
    assert edges
    for start, end in edges:
        assert start.removeprefix("from-") in nodes
        assert end.removeprefix("to-") in nodes
    lit = {key for frame in plain for key in frame["now"]}
    assert lit == nodes.keys()


@pytest.mark.parametrize("graph", GRAPHS)
def test_each_node_of_the_drawing_has_a_line_for_its_number_and_one_for_its_adjoint(
    graph,
):
    stepper = step(graph())
    nodes, _ = nodes_of(stepper)
    longest = {}
    for frame in stepper.frames:
        for place, grad in frame.grad.items():
            longest[f"n{place}"] = max(
                longest.get(f"n{place}", 0), len(f"grad {number(grad)}")
            )
    for key, lines in nodes.items():
        if key.startswith("n"):
            place = int(key[1:])
            data = number(stepper._story.sweep.order[place].data)
            assert lines.count(f"data {data}") == 1
            # The node is wide enough for every adjoint on the way.
            assert (
                max(len(line) for line in lines if line.startswith("grad "))
                == (longest[key])
            )


def test_of_a_batch_one_sample_is_stepped_through_and_the_others_at_once():
    stepper = step(large())
    assert stepper._story.operations > 1_000
    assert len(stepper.frames) < 85
    nodes, _ = nodes_of(stepper)
    assert len(nodes) < 85
    assert "too many to step over one by one" in stepper.frames[0].body
    assert any(frame.head.startswith("and 29 like it") for frame in stepper.frames)
    assert "draw(v, limit=" not in stepper.svg


def test_a_large_graph_is_stepped_through_by_scopes_in_few_steps():
    stepper = step(MLP(2, [16, 16, 1], seed=0)([0.5, 0.2]))
    assert len(stepper.frames) < 20
    assert any(frame.head.startswith("mlp/layer1") for frame in stepper.frames)


def test_a_leaf_can_be_stepped_through_too():
    frames = step(Value(2.0, name="x")).frames
    assert [frame.title for frame in frames] == [
        "The beginning", "Backward begins", "The end",
    ]  # fmt: skip
    assert frames[1].grad == {0: 1.0}


def test_many_inputs_are_one_box():
    leaves = [Value(float(i)) for i in range(200)]
    nodes, _ = nodes_of(step(am.fsum(leaves)))
    assert len(nodes) == 2
    assert any("inputs" in line for lines in nodes.values() for line in lines)


def test_variables_of_the_caller_name_the_nodes():
    price = Value(2.0)
    cost = price * price
    assert repr(step(cost)) == (
        "<stepper of cost: 1 operations, forward and backward in 5 steps>"
    )
    assert "price" in step(cost).svg


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_fallback_has_the_drawing_and_all_steps_and_nothing_that_is_stripped(graph):
    stepper = step(graph())
    html = stepper.to_html(scripts=False)
    parser = Strict()
    parser.feed(html)
    assert not parser.open
    assert html.count("<img") == 1
    assert html.count("<details>") == len(stepper.frames)


def test_without_its_script_the_html_is_the_fallback():
    stepper = step(small())
    html = stepper._repr_mimebundle_()["text/html"]
    left = SCRIPT.sub("", html)
    parser = Strict()
    parser.feed(left)
    assert not parser.open
    assert left.count("<details>") == len(stepper.frames)


def test_a_name_cannot_break_out_of_the_html_nor_of_the_script():
    x = Value(0.25, name=HOSTILE)
    html = step(am.relu(x) * x).to_html()
    assert html.count("</script>") == 1
    assert html.endswith("</script>")
    parser = Strict()
    parser.feed(SCRIPT.sub("", html))
    assert not parser.open


def test_what_is_stored_needs_no_network_and_is_the_same_in_every_run():
    loss = small()
    html = step(loss).to_html()
    loss = small()
    again = step(loss).to_html()
    assert html == again
    addresses = set(re.findall(r"https?://[^\s\"'\\<]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"^\s*import\b|\bimport\(", html, re.MULTILINE)
    assert " at 0x" not in html


def test_stepping_writes_on_no_node():
    y = small()
    y.backward()
    before = [node.grad for node in step(y)._story.sweep.order]
    step(y).to_html()
    assert [node.grad for node in step(y)._story.sweep.order] == before
    with no_grad():
        assert step(y).frames[0].data


def test_the_widget_has_the_same_drawing_and_frames():
    pytest.importorskip("anywidget")
    stepper = step(small())
    widget = stepper.widget
    assert widget.svg == stepper.svg
    assert widget.frames == stepper.plain_frames()
    assert widget.step == 0
    assert "export default { render };" in widget._esm
    assert ".sa-stepper" in widget._css
    assert stepper.widget is widget


def test_without_anywidget_there_is_everything_but_the_widget(monkeypatch):
    from autograd.stepper import widget

    monkeypatch.setitem(sys.modules, "anywidget", None)
    widget._kind.cache_clear()
    stepper = step(small())
    assert "<script>" in stepper._repr_mimebundle_()["text/html"]
    with pytest.raises(ModuleNotFoundError, match="pip install anywidget"):
        _ = stepper.widget
    widget._kind.cache_clear()


@pytest.mark.parametrize("wrong", [2.0, [Value(1.0)], None])
def test_what_is_no_value_is_refused_with_what_to_write(wrong):
    with pytest.raises(TypeError, match=r"step\(x \* x\)"):
        step(wrong)


def test_a_constant_is_refused():
    with pytest.raises(ValueError, match="detached or made under no_grad"):
        step(Value(1.0).detach())


def test_a_node_that_passes_nothing_on_is_still_told():
    x = Value(-1.0, name="x")
    frames = step(am.relu(x) * 0.0).frames
    assert isinstance(step(x), Stepper)
    assert "nothing is passed on" in frames[-2].body or "= 0" in frames[-2].body


def test_each_step_is_written_as_a_numbered_picture(tmp_path):
    w, x = Value(0.5, name="w"), Value(2.0, name="x")
    y = (w * x).tanh()
    stepper = step(y, to=tmp_path / "frames")
    paths = sorted(tmp_path.joinpath("frames").iterdir())
    assert [p.name for p in paths] == [
        f"step-{k}.svg" for k in range(1, len(stepper.frames) + 1)
    ]
    texts = [p.read_text(encoding="utf-8") for p in paths]
    assert "data 0.7616" not in texts[1]
    assert "data 0.7616" in texts[2]  # tanh(1), once it is computed
    assert "The beginning" in texts[0]
    passing = texts[-3]  # backward, step 1: y passes 1 - tanh(1)**2 on
    assert passing.count(">0.42<") == 1
    assert "v1_bar = 1 &#183; 0.419974" in passing


def test_the_pictures_of_steps_may_be_bitmaps(tmp_path):
    pytest.importorskip("matplotlib")
    y = Value(0.5, name="w") * Value(2.0, name="x")
    paths = step(y).write(tmp_path / "frames", "png")
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in paths)
    with pytest.raises(ValueError, match="svg or png"):
        step(y, to=tmp_path, format="gif")


def test_frames_say_what_is_passed_on_and_to_whom():
    w, x = Value(0.5, name="w"), Value(2.0, name="x")
    frames = step(w * x + w).plain_frames()
    assert [frame["passed"] for frame in frames if frame["passed"]] == [
        [["n3", "n2", "1"], ["n3", "n0", "1"]],
        [["n2", "n0", "2"], ["n2", "n1", "0.5"]],
    ]


def changed_since():
    """Return a leaf, and what was computed from it before it was changed."""
    x = Value(2.0, name="x")
    y = x * 3.0
    z = y * x
    y.name, z.name = "y", "z"
    z.backward()
    x.data = 5.0
    return x, z


def test_a_leaf_that_was_changed_since_is_told_at_the_beginning():
    x, z = changed_since()
    first, *_, last = step(z).frames
    assert "was changed after y, z were computed from it" in first.body
    assert "12" in last.body  # as recorded
    x.data = 2.0
    assert "changed" not in step(z).frames[0].body
