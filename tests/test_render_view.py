"""What a picture shows: which nodes, which edges, and what is folded into boxes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import calls_of

from autograd import Value, no_grad, scope
from autograd.math import fsum, maximum, sumprod
from autograd.render import View, view_of
from autograd.render.fold import EARLIER, OTHERS, Skeleton, fold
from autograd.render.formula import formula
from autograd.render.view import number


def network(samples=1, layers=(4, 4, 1)):
    """Return a loss made as an MLP makes it: weights outside, work inside scopes."""
    weights = {}
    terms = []
    for _ in range(samples):
        xs = [1.0, 2.0]
        for i, size in enumerate(layers):
            outputs = []
            for j in range(size):
                with scope("mlp"), scope(f"layer{i}"), scope(f"neuron{j}"):
                    ws = weights.setdefault((i, j), [Value(0.1) for _ in xs])
                    outputs.append(sumprod(tuple(ws), tuple(xs)).tanh())
            xs = outputs
        with scope("loss"):
            terms.append((xs[0] - 1.0) ** 2)
    with scope("loss"):
        return fsum(terms)


def shown(view: View):
    return len(view.nodes) + len(view.boxes)


def counted(view: View):
    return len(view.nodes) + sum(box.count for box in view.boxes)


def test_a_shared_node_is_there_once_and_each_of_its_uses_is_an_edge():
    x = Value(3.0, name="x")
    view = view_of(x * x)
    assert [node.name for node in view.nodes] == ["x", "v1"]
    assert [(e.source, e.target) for e in view.edges] == [("n0", "n1")] * 2


def test_edges_bear_the_partials_of_their_own_operand():
    a, b = Value(6.0), Value(2.0)
    view = view_of(a / b)
    assert [edge.partial for edge in view.edges] == [0.5, -1.5]


def test_a_node_tells_its_name_operation_number_and_gradient():
    x = Value(0.5, name="x")
    y = x.tanh()
    y.name = "y"
    y.backward(2.0)
    leaf, output = view_of(y).nodes
    assert (leaf.name, leaf.op, leaf.data, leaf.kind) == ("x", "", 0.5, "leaf")
    assert leaf.grad == x.grad
    assert (output.name, output.op, output.kind) == ("y", "tanh", "output")
    assert (output.data, output.grad) == (math.tanh(0.5), 2.0)


def test_a_detached_value_is_shown_as_a_constant():
    x = Value(2.0)
    with no_grad():
        c = x * 3.0
    kinds = [node.kind for node in view_of(x * c + x.detach()).nodes]
    assert kinds.count("constant") == 2


def test_formulas_show_names_and_constants_where_they_stand():
    x, y = Value(2.0, name="x"), Value(3.0, name="y")
    anonymous = Value(1.0)
    assert formula(x - 2.0) == "x - 2"
    assert formula(2.0 / x) == "2 / x"
    assert formula(x**y) == "x ** y"
    assert formula(anonymous * 0.125) == "_ * 0.125"
    assert formula(-x) == "-x"
    assert formula(x.exp()) == "exp(x)"
    assert formula(maximum(x, 0.0)) == "maximum(x, 0)"
    assert formula(sumprod((x, y), (2.0, 1.0))) == "x * 2 + y"
    assert formula(anonymous + anonymous) == "_ + _"
    assert formula(x) == ""


def test_a_formula_of_very_many_operands_stays_short():
    xs = [Value(1.0, name="a rather long name") for _ in range(1000)]
    text = formula(fsum([*xs, 2.0, 3.0]))
    assert text == "fsum of 1,002: a rather long name, a rather long name, …"


def test_numbers_have_four_significant_digits_and_zero_has_no_sign():
    assert [number(x) for x in (1 / 3, 123456.0, -0.0, math.inf)] == [
        "0.3333",
        "1.235e+05",
        "0",
        "inf",
    ]


def test_several_values_are_drawn_together_and_each_is_an_output():
    x = Value(2.0)
    a, b = x + 1.0, x * 2.0
    view = view_of((a, b, x))
    assert view.total == 3
    assert all(node.is_output for node in view.nodes)


def test_a_weight_used_in_one_scope_only_belongs_there_and_an_input_does_not():
    x, w, v = Value(1.0, name="x"), Value(2.0, name="w"), Value(3.0, name="v")
    with scope("first"):
        a = w * x
    with scope("second"):
        b = v * x
    places = {node.name: node.scope for node in view_of(a + b).nodes}
    assert (places["x"], places["w"], places["v"]) == ("", "first", "second")


def test_three_hundred_nodes_are_shown_and_one_more_is_not():
    y = Value(1.0)
    for _ in range(299):
        y = y + 1.0
    assert not view_of(y).boxes
    assert view_of(y + 1.0).boxes


def test_the_deepest_scopes_fold_first_and_the_others_stay_open():
    view = view_of(network(samples=1, layers=(16, 16, 1)), limit=100)
    assert {box.scope for box in view.boxes} == {f"mlp/layer{i}" for i in range(3)}
    assert len(view.boxes) == 33
    assert [node.scope for node in view.nodes] == ["loss"] * 3


def test_more_scopes_fold_where_that_is_not_enough():
    view = view_of(network(layers=(16, 16, 1)), limit=30)
    assert {(box.scope, box.name) for box in view.boxes} == {
        ("mlp", "layer0"),
        ("mlp", "layer1"),
        ("mlp", "layer2"),
    }


def test_a_crowd_of_nodes_beside_scopes_folds_so_that_the_scopes_stay_open():
    view = view_of(network(samples=200, layers=(8, 8, 1)))
    names = [box.name for box in view.boxes]
    assert names.count("loss") == 1
    assert sum(name.startswith("neuron") for name in names) == 17


def test_a_scope_with_a_crowd_and_scopes_of_its_own_shows_both():
    with scope("all"):
        y = network(samples=200, layers=(8, 8, 1))
        for _ in range(50):
            y = y * 1.5
    view = view_of(y)
    crowds = [(box.scope, box.name) for box in view.boxes if box.name == OTHERS]
    assert crowds == [("all", OTHERS)]
    assert any(box.scope == "all/mlp/layer0" for box in view.boxes)


def test_a_long_chain_keeps_its_end_and_its_named_inputs():
    y = Value(1.0, name="x")
    for _ in range(5000):
        y = y + 1.0
    y.name = "end"
    view = view_of(y)
    assert [box.name for box in view.boxes] == [EARLIER]
    assert {"x", "end"} <= {node.name for node in view.nodes}
    assert shown(view) <= 40


def test_a_wide_sum_is_folded_to_a_few_of_its_terms():
    view = view_of(fsum([Value(1.0) * 2.0 for _ in range(5000)]))
    assert shown(view) <= 40
    assert counted(view) == view.total == 10_001


def test_edges_too_many_to_read_fold_too():
    layer = [Value(float(i)) for i in range(60)]
    for depth in range(3):
        made = []
        for i in range(60):
            with scope(f"layer{depth}"), scope(f"cell{i}"):
                made.append(sumprod(tuple(layer), (0.1,) * 60))
        layer = made
    view = view_of(fsum(layer))
    assert view.total <= view.limit
    assert len(view.edges) <= 4 * view.limit
    assert "too many edges" in view.folded[0]


def test_very_many_uses_of_one_node_by_another_are_one_edge_with_a_count():
    x = Value(1.0)
    (edge,) = view_of(fsum([x] * 10_000)).edges
    assert (edge.count, edge.partial) == (10_000, None)


def test_what_was_folded_is_said_in_words():
    view = view_of(network(layers=(16, 16, 1)), limit=100)
    said = " ".join(view.folded)
    assert f"{view.total} nodes" in said
    assert "33 boxes" in said
    assert "mlp/layer0/neuron0" in said
    assert "limit=200" in said
    assert view_of(Value(1.0)).folded == ()


def test_a_box_counts_its_operations_the_most_frequent_first():
    view = view_of(network(samples=50, layers=(2, 1)), limit=20)
    box = next(box for box in view.boxes if box.name == "neuron0")
    assert box.ops == (("sumprod", 50), ("tanh", 50), ("", 2))
    assert box.count == 102


def test_a_deep_graph_is_viewed_without_recursion():
    y = Value(1.0)
    for _ in range(100_000):
        y = y + 1.0
    assert view_of(y).total == 100_001


def test_viewing_takes_time_in_proportion_to_the_nodes():
    small, _ = calls_of(view_of, network(100))
    large, _ = calls_of(view_of, network(800))
    assert large < 8 * small * 1.5


def test_a_thousand_scopes_within_one_another_do_no_harm():
    scopes = ["/".join("s" * depth) for depth in range(1000)]
    folding = fold(Skeleton(scopes, list(range(999)), list(range(1, 1000))), 300)
    assert len(folding) <= 300


@st.composite
def skeletons(draw):
    count = draw(st.integers(1, 60))
    path = st.lists(st.sampled_from("abc"), max_size=4).map("/".join)
    edges = []
    for target in range(1, count):
        sources = draw(st.lists(st.integers(0, target - 1), max_size=4))
        edges += [(source, target) for source in sources]
    return Skeleton(
        scopes=[draw(path) for _ in range(count)],
        sources=[source for source, _ in edges],
        targets=[target for _, target in edges],
        pinned=frozenset({count - 1}),
    )


@given(skeletons(), st.integers(3, 70))
def test_folding_fits_and_loses_no_node(skeleton, limit):
    count = len(skeleton.scopes)
    folding = fold(skeleton, limit)
    assert len(folding.units) == count
    assert len(folding) <= limit
    for i, unit in enumerate(folding.units):
        assert unit == i or count <= unit < count + len(folding.boxes)
    for box in range(len(folding.boxes)):
        assert folding.units.count(count + box) > 1
    assert folding.units[-1] == count - 1


@pytest.mark.parametrize("wrong", [3.0, "x", None, {"x": 1}, [1.0], (None,)])
def test_drawing_something_that_is_not_a_value_says_what_to_draw(wrong):
    with pytest.raises(TypeError, match="Compute with Values"):
        view_of(wrong)


def test_drawing_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        view_of([])


@pytest.mark.parametrize("limit", [0, -1, 2.5, "300"])
def test_a_limit_that_is_no_number_of_nodes_is_refused(limit):
    with pytest.raises(ValueError, match="number of nodes"):
        view_of(Value(1.0), limit=limit)
