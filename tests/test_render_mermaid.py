"""Mermaid flowcharts: what they say, and that any name can stand in them."""

from __future__ import annotations

import random
import re

import pytest
from test_render import example

from autograd import Value, draw, scope
from autograd.math import fsum
from autograd.naming import legible
from autograd.render import view_of
from autograd.render.mermaid import mermaid

WORDS = r'"[\w ._,…<>#;]*"'
NUMBER = r"(?:[A-Z]{2}|n\d+|box\d+|frame\d+|notes)"
LINE = re.compile(
    rf"""flowchart\ (LR|TB|RL|BT)
    | acc(Title|Descr):\ [^\n"<>(){{}}\[\]|`\\:]*
    | {NUMBER}(\[{WORDS}\]|\[\[{WORDS}\]\])
    | subgraph\ frame\d+\[{WORDS}\]
    | end
    | {NUMBER}\ -->(\|{WORDS}\|)?\ {NUMBER}
    | style\ {NUMBER}\ [\w:#,.\-\ ]+""",
    re.VERBOSE,
)


def decoded(text):
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


def test_a_flowchart_has_every_node_edge_and_frame():
    text = mermaid(view_of(example()), partials=True)
    assert text.startswith("flowchart LR\naccTitle: graph of y#58; 5 nodes\n")
    said = decoded(text)
    for part in (
        '"v1 = w * x<br>data 1<br>grad 0.3592"',
        '["neuron"]',
        'n0 -->|"2"| n2',
    ):
        assert part in said
    assert text.count("subgraph") == text.count("\nend\n") == 1
    assert text.count("-->") == 4
    assert "Darker" in text


def test_every_line_is_of_the_grammar_whatever_the_names():
    chance = random.Random(0)
    pieces = [*"ab<>|{}[]()\\&;:#\"'`\n\t%é漢$*_-=", "end", "-->", "%%", "<br>", "#35;"]
    for _ in range(60):
        names = ["".join(chance.choices(pieces, k=8)) for _ in range(3)]
        a, b = Value(1.0, name=names[0]), Value(2.0, name=names[1])
        with scope(names[2] or "s"):
            y = a * b * a
        y.backward()
        text = mermaid(view_of(y), partials=True)
        wrong = [s for s in text.splitlines() if not LINE.fullmatch(s)]
        assert not wrong
        for name in names[:2]:
            assert legible(name, 28) in decoded(text)


def test_boxes_and_compiled_functions_have_a_double_border():
    y = Value(1.0)
    for _ in range(500):
        y = y + 1.0
    text = mermaid(view_of(y, limit=20))
    assert re.search(r'box0\[\["earlier nodes#58; \d+ nodes<br>', text)


@pytest.mark.parametrize("suffix", ["mermaid", "mmd"])
def test_draw_saves_a_flowchart(suffix, tmp_path):
    path = tmp_path / f"graph.{suffix}"
    picture = draw(example(), to=path, direction="TB")
    assert path.read_text(encoding="utf-8").startswith("flowchart TB\n")
    assert picture.pipe("mermaid") == path.read_bytes()
    assert picture.copy().pipe("mermaid") == path.read_bytes()


def test_a_saved_flowchart_is_folded_to_what_mermaid_draws(tmp_path):
    y = fsum([Value(float(i)) * 2.0 for i in range(120)])
    draw(y, to=tmp_path / "graph.mmd")
    text = tmp_path.joinpath("graph.mmd").read_text(encoding="utf-8")
    assert text.count("-->") < 200
    assert "are folded into" in text
    assert draw(y).shown.total == 241
    assert not draw(y).shown.boxes


def test_a_flowchart_needs_no_layout(monkeypatch, tmp_path):
    monkeypatch.setattr("autograd.render.picture.lay_out", None)
    draw(example(), to=tmp_path / "graph.mmd")
    assert tmp_path.joinpath("graph.mmd").exists()
