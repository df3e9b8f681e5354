"""Compiled functions, programs and gradients as graphs of their own."""

from __future__ import annotations

import pytest
from outcomes import without_source

from autograd import Value, draw, grad, jit, math, scope, trace, vmap
from autograd.render import view_of
from autograd.render.derivative import derivatives

np = pytest.importorskip("numpy", reason="vmap needs NumPy")


@without_source
def wave(x, k):
    y = math.sin(k * x)
    return y * math.exp(-x) if x > 0 else y


def compiled():
    x, k = Value(0.5, name="x"), Value(3.0, name="k")
    y = jit(wave)(x, k) ** 2
    y.name = "y"
    y.backward()
    return x, k, y


def eager():
    x, k = Value(0.5, name="x"), Value(3.0, name="k")
    y = wave(x, k) ** 2
    y.name = "y"
    y.backward()
    return y


def edges_in_words(view):
    names = {n.key: (n.op, n.name, n.kind) for n in view.nodes}
    return sorted((names[e.source], names[e.target]) for e in view.edges)


def test_a_compiled_function_is_one_box_named_after_it():
    view = view_of(compiled()[2])
    (box,) = (node for node in view.nodes if node.inside)
    assert view.total == 4
    assert (box.op, box.formula, box.inside) == ("wave", "wave(x, k)", 5)
    source = draw(compiled()[2]).source
    assert "compiled, 5 operations" in source
    assert source.count("peripheries=2") == 1


def test_an_opened_box_shows_what_the_eager_function_would_show():
    opened = view_of(compiled()[2], opened="wave")
    plain = view_of(eager())
    assert sorted(n.op for n in opened.nodes) == sorted(n.op for n in plain.nodes)
    for kind in ("data", "grad"):
        numbers = sorted(getattr(n, kind) for n in opened.nodes)
        assert numbers == pytest.approx(sorted(getattr(n, kind) for n in plain.nodes))
    assert len(opened.edges) == len(plain.edges)
    assert not any(n.inside for n in opened.nodes)


def test_opening_changes_no_node_of_the_user():
    x, k, y = compiled()
    before = [(v.data, v.grad, v.scope, v.name) for v in (x, k, y, *y.parents)]
    draw(y, open="wave").pipe("dot")
    assert [(v.data, v.grad, v.scope, v.name) for v in (x, k, y, *y.parents)] == before


def test_what_is_inside_stands_in_a_frame_and_the_inputs_outside():
    with scope("model"):
        _, _, y = compiled()
    frames = {node.op: node.scope for node in view_of(y, opened="wave").nodes}
    assert frames["sin"] == frames["exp"] == "model/wave"
    assert "wave" not in frames[""]


def test_an_opened_result_keeps_its_name_and_its_kind():
    x = Value(2.0, name="x")
    y = jit(lambda x: x * x + 1.0)(x)
    y.name = "y"
    name = y.op
    (output,) = (n for n in view_of(y, opened=name).nodes if n.is_output)
    assert (output.name, output.op) == ("y", "+")


def test_every_use_of_a_compiled_function_is_opened():
    f = jit(wave)
    x = Value(0.3, name="x")
    view = view_of(f(f(x, 2.0), 2.0), opened=("wave",))
    assert [n.op for n in view.nodes].count("sin") == 2
    assert not any(n.inside for n in view.nodes)


def rows_loss(w, x, t):
    return (w[0] + w[1] * x[0] - t) ** 2


def batch():
    w = [Value(1.0, name="a"), Value(2.0, name="b")]
    f = vmap(rows_loss, (None, 0, 0), reduce="sum")
    return w, f(w, np.array([[1.0], [2.0], [3.0]]), np.zeros(3))


def test_a_function_of_rows_opens_to_the_program_for_one_row():
    _, y = batch()
    view = view_of(y, opened="rows_loss")
    assert {n.scope for n in view.nodes if n.op and n.data is None} == {
        "rows_loss, for one row"
    }
    formulas = {n.formula for n in view.nodes}
    assert any("b * v" in text for text in formulas)
    assert {n.name for n in view.nodes if n.kind == "leaf" and n.data is not None} == {
        "a",
        "b",
    }


def test_opening_what_is_not_there_lists_what_is():
    with pytest.raises(ValueError, match="there is 'wave'"):
        draw(compiled()[2], open="waves")
    with pytest.raises(ValueError, match="there is none at all"):
        draw(Value(1.0), open="f")
    with pytest.raises(TypeError, match="name of a compiled function"):
        draw(Value(1.0), open=[3])


def test_a_program_shows_inputs_instructions_outputs_and_guards():
    program = trace(wave, 0.5, 3.0)
    view = view_of(program)
    kinds = [node.kind for node in view.nodes]
    assert kinds.count("leaf") == 2
    assert kinds.count("guard") == len(program.guards) == 1
    assert kinds.count("output") == 1
    assert view.total == 2 + len(program.code) + 1
    words = [
        f"{n.name} = {n.formula}" for n in view.nodes if n.op and n.name != "guard"
    ]
    listing = str(program)
    assert all(word in listing for word in words)
    guard = next(n for n in view.nodes if n.kind == "guard")
    assert guard.formula == "v0 > 0"


def test_edges_of_a_program_are_its_operands():
    program = trace(lambda x, y: x * y - x, 2.0, 3.0)
    pairs = [(e.source, e.target) for e in view_of(program).edges]
    assert pairs == [("n0", "n2"), ("n1", "n2"), ("n2", "n3"), ("n0", "n3")]


def test_a_program_that_returns_inputs_and_constants_shows_them_as_outputs():
    program = trace(lambda x: (x, 2.0, x * 3.0), 1.0)
    outputs = [n for n in view_of(program).nodes if n.is_output]
    last = f"v{program.first_result}"
    assert [(n.name, n.data) for n in outputs] == [
        ("v0", None),
        ("", 2.0),
        (last, None),
    ]


def test_the_named_inputs_of_a_program_bear_their_names():
    program = trace(lambda x: x * 2.0, 1.0).replace(inputs=("speed",))
    assert view_of(program).nodes[0].formula == "speed"


def test_a_picture_of_a_program_is_named_after_it():
    picture = draw(trace(wave, 0.5, 3.0))
    assert repr(picture) == "<program wave: 8 nodes>"
    assert r"\lgrad" not in picture.source
    assert "v0 &gt; 0" in picture.pipe("svg", encoding="utf-8")


def test_a_long_program_folds():
    def long(x):
        for _ in range(2000):
            x = x * 1.5 + 1.0
        return x

    view = view_of(trace(long, 1.0))
    assert [box.name for box in view.boxes] == ["earlier nodes"]
    assert len(view.nodes) < 40


def test_the_derivative_has_a_graph_of_its_own():
    x, w = Value(0.7, name="x"), Value(2.0, name="w")
    y = math.tanh(w * x)
    y.name = "y"
    (slope,), names = derivatives(y, x)
    assert names == {id(slope): "d y/d x"}
    assert slope.data == pytest.approx(grad(lambda x: math.tanh(2 * x))(0.7))
    picture = draw(y, gradient_of=(x, w))
    outputs = {n.name: n.data for n in picture.shown.nodes if n.is_output}
    slope = 1 - math.tanh(1.4) ** 2
    assert outputs == pytest.approx({"d y/d x": 2 * slope, "d y/d w": 0.7 * slope})
    assert {n.scope for n in picture.shown.nodes if n.is_output} == {"gradient"}
    assert all(n.grad is None for n in picture.shown.nodes)
    assert (x.grad, w.grad, y.name) == (0.0, 0.0, "y")


def test_a_derivative_that_is_a_leaf_or_a_number_is_drawn_as_that():
    x, w = Value(3.0, name="x"), Value(2.0, name="w")
    assert draw(x, gradient_of=x).shown.nodes[-1].data == 1.0
    shown = draw(w * x, gradient_of=x).shown
    assert shown.nodes[-1].data == 2.0
    assert w.name == "w"


def test_a_derivative_through_a_compiled_function_is_drawn():
    x, _, y = compiled()
    (shown,) = (n for n in draw(y, gradient_of=x).shown.nodes if n.is_output)
    assert shown.data == pytest.approx(x.grad)


def test_derivatives_that_do_not_exist_say_why():
    x, z = Value(3.0, name="x"), Value(1.0, name="z")
    with pytest.raises(ValueError, match="names z"):
        draw(x * x, gradient_of=z)
    with pytest.raises(ValueError, match="2 were given"):
        draw((x, z), gradient_of=x)
    with pytest.raises(TypeError, match="Compute with Values"):
        draw(x, gradient_of=3.0)
