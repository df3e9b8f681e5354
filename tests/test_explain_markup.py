"""Explanations survive a notebook that is not trusted, and LaTeX compiles."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from autograd import Value, explain
from autograd import math as am
from nn import MLP

HOSTILE = "x</i><script>alert(1)</script><b onclick='y'>"
KEPT = {
    "b", "details", "div", "i", "li", "p", "sub", "summary", "sup", "table", "td",
    "th", "tr", "ul",
}  # fmt: skip


class Strict(HTMLParser):
    """Fails on tags that are not closed in order, and on what viewers strip."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.words = []

    def handle_starttag(self, tag, attrs):
        assert tag in KEPT
        assert attrs in ([], [("open", None)])
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def explanations():
    x = Value(0.25, name=HOSTILE)
    theta = Value(3e-12, name="theta_1")
    odd = Value(2.0, name="a_b^{#%&$~\\}|é\n\x1b[0m\"'")
    y = am.relu(x) // 2 + am.tanh(odd) * theta + am.maximum(x, x) ** -1.5
    network = (1.0 - MLP(2, [16, 16, 1], seed=1)([0.5, -0.3])) ** 2
    return [
        explain(y),
        explain(y, wrt=x),
        explain(network),
        explain(network, scope="mlp/layer2"),
        explain(am.sqrt(Value(0.0)) * 0.0 + am.log(odd)),
    ]


def words_of(html):
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return "".join(parser.words)


@pytest.mark.parametrize("told", explanations())
def test_html_has_only_what_an_untrusted_notebook_keeps(told):
    text = words_of(told.to_html())
    assert "by the chain rule" in text
    assert "\x1b" not in text


def test_a_hostile_name_is_shown_and_does_nothing():
    text = words_of(explanations()[0].to_html())
    assert "<script>" in text


def test_the_bundle_of_a_notebook_is_text_and_html():
    told = explain(Value(2.0, name="x") ** 2)
    bundle = told._repr_mimebundle_(include=None, exclude=None)
    assert bundle == {"text/plain": str(told), "text/html": told.to_html()}
    assert repr(told) == str(told)


def test_html_has_indices_and_powers():
    x1 = Value(2.0, name="x1")
    html = explain(x1**3 * 1e-9).to_html()
    assert "3·<i>x</i><sub>1</sub><sup>2</sup>" in html
    assert "10<sup>−9</sup>" in html  # noqa: RUF001 - a minus


def test_latex_is_what_mathematicians_write():
    x1, w = Value(2.0, name="x1"), Value(0.5, name="omega")
    latex = explain(am.tanh(x1 / w)).to_latex()
    assert r"\frac{x_{1}}{\omega}" in latex
    assert r"\overline{x}_{1}" in latex
    assert r"1 - {\operatorname{tanh}\left(v_{1}\right)}^{2} = 1 - " in latex
    assert latex.count(r"\begin{aligned}") == latex.count(r"\end{aligned}") == 3


def test_escapes_and_lines_stay_within_88_columns():
    for told in explanations():
        lines = str(told).splitlines()
        assert max(map(len, lines)) <= 88
        assert not any("\x1b" in line for line in lines)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(tmp_path):
    documents = [told.to_latex() for told in explanations()]
    whole = explanations()[0].to_latex(document=True)
    head, tail = whole.split(documents[0])
    text = head + "\n\\newpage\n".join(documents) + tail
    tmp_path.joinpath("a.tex").write_text(text, encoding="ascii")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex"]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert tmp_path.joinpath("a.pdf").stat().st_size > 10_000
