"""explain tells backward()'s numbers, each with its reason, whatever the graph."""
# ruff: noqa: ARG005 - a partial gets all arguments, and an error comes before them

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import oracle
import pytest
from test_worked_example import RIGHT, START, flat

import autograd
from autograd import Value, explain, jit, no_grad, primitive, scope, topological_order
from autograd import math as am
from autograd.explanation import Explanation, textbook
from autograd.explanation.notation import Notation
from autograd.explanation.steps import Part, Step
from autograd.explanation.sweep import Sweep
from autograd.primitives import TABLE
from nn import MLP, cross_entropy, mse_loss


def worked_example():
    w = {
        name: Value(float(text), name)
        for name, text in zip(
            ["W1_11", "W1_12", "W1_21", "W1_22", "b1_1", "b1_2", "W2_1", "W2_2", "b2"],
            flat(START),
            strict=True,
        )
    }
    z1 = 0.5 * w["W1_11"] + 0.3 * w["W1_21"] + w["b1_1"]
    z2 = 0.5 * w["W1_12"] + 0.3 * w["W1_22"] + w["b1_2"]
    h1, h2 = am.sigmoid(z1), am.sigmoid(z2)
    z = h1 * w["W2_1"] + h2 * w["W2_2"] + w["b2"]
    return w, (0.8 - am.sigmoid(z)) ** 2


def micrograd_like():
    x = [Value(0.3), Value(-0.7)]
    w = [Value(0.5), Value(1.5)]
    total = sum((a * b for a, b in zip(w, x, strict=True)), Value(0.1))
    return (total.tanh() * total + x[0] ** 2).relu() / w[1]


def fused_neurons():
    m = MLP(2, [3, 1], seed=4)
    return (m([0.5, -0.25]) - 1.0) ** 2


def random_graph():
    rng = random.Random(5)
    nodes = [Value(rng.uniform(0.5, 1.5)) for _ in range(4)]
    for _ in range(9):
        a, b = rng.choices(nodes[-6:], k=2)
        f = rng.choice([lambda a, b: a * b, am.hypot, am.maximum, am.atan2])
        nodes.append(am.tanh(f(a, b) - a))
    return sum(nodes[-3:])


GRAPHS = [micrograd_like, fused_neurons, random_graph, lambda: worked_example()[1]]


@pytest.mark.parametrize("make", GRAPHS)
def test_adjoints_and_contributions_are_those_of_backward_to_the_last_bit(make):
    y = make()
    sweep = Sweep(y)
    y.backward()
    assert sweep.adjoints == [node.grad for node in sweep.order]
    for i, node in enumerate(sweep.order):
        found = sweep.contributions(i)
        if node.grad:
            assert [c.partial for c in found] == list(node.partials)
            assert [c.amount for c in found] == [node.grad * d for d in node.partials]
            assert [sweep.order[c.to] for c in found] == list(node.parents)


@pytest.mark.parametrize("make", GRAPHS)
def test_every_number_that_is_told_is_backwards(make):
    y = make()
    told = explain(y)
    y.backward()
    text = str(told)
    nodes = topological_order(y)
    for node, name in zip(nodes, told._story.names, strict=True):
        if node.op and node.grad and len(told._story.steps) == told._story.operations:
            line = re.search(
                rf"^ {{3,4}}{re.escape(name)}_bar = .*$", text, re.MULTILINE
            )
            assert line
            assert line[0].endswith(f"= {node.grad + 0.0:.6g}")
    for node in nodes:
        assert node.op or node.grad in told.adjoints.values()


def test_a_step_comes_after_the_steps_of_all_that_use_it():
    y = random_graph()
    places = [s.place for s in explain(y)._story.steps if isinstance(s, Step)]
    sweep = Sweep(y)
    seen = {places[0]}
    for i in places:
        assert i in seen
        seen |= set(sweep.parents(i))
    assert places == sorted(places, reverse=True)


def test_the_worked_example_is_told_on_two_pages_with_all_nine_gradients():
    w, loss = worked_example()
    text = str(explain(loss))
    right = flat({name: RIGHT[name] for name in START})
    for name, gradient in zip(w, right, strict=True):
        assert re.search(rf"d loss/d {name} += {gradient:.6g} ", text)
    for number in [*RIGHT["z"], *RIGHT["h"], RIGHT["y"], RIGHT["delta2"]]:
        assert f"= {number:.6g}" in text
    assert len(text.splitlines()) <= 120
    assert max(map(len, text.splitlines())) <= 88


@pytest.mark.parametrize("name", TABLE)
def test_every_row_is_told_in_all_notations(name):
    row = TABLE[name]
    for args in oracle.points(row, 2):
        y = row(*oracle.as_values(row, args))
        if type(y) is not Value:
            continue
        told = explain(y)
        (step,) = told._story.steps
        assert [u.passed.partial for u in step.uses] == list(y.partials)
        assert row.symbol in str(told) or name in {
            "fma", "over_square", "one_minus_square", "reciprocal", "square", "fsum",
            "power", "power_slope", "quotient", "log_or_nan", "exp_of_difference",
            "exp_minus_square", "strong_mul", "sumprod", "prod", "product", "greater",
            "equal", "step",
        }  # fmt: skip
        assert told.to_html().startswith("<div>")
        latex = told.to_latex()
        assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(
            r"\}"
        )


@pytest.mark.parametrize("name", TABLE)
def test_the_formula_that_is_told_has_the_value_of_the_partial(name):
    row = TABLE[name]
    form = textbook.TEXTBOOK.get(name) or textbook.TEXTBOOK_OF_MANY.get(name)
    for args in oracle.points(row, 20):
        y = row(*oracle.as_values(row, args))
        if form is None or type(y) is not Value:
            continue
        leaves = [Value(x) for x in args]
        out = Value(y.data)
        partials = row.partials_at(y.data, args)
        for i in oracle.varying(row):
            told = form(out, i, *leaves) if callable(form) else form[i](out, *leaves)
            number = told.data if type(told) is Value else told
            assert number == pytest.approx(partials[i], rel=1e-9, abs=1e-12)


def test_a_wrong_textbook_formula_is_never_told(monkeypatch):
    monkeypatch.setitem(textbook.TEXTBOOK, "tanh", (lambda y, x: 1.001 - y**2,))
    x = Value(0.5, name="x")
    text = str(explain(am.tanh(x)))
    assert "1.001" not in text
    assert "sech_squared(x) = sech_squared(0.5)" in text


def test_tanh_is_told_as_in_a_textbook_unless_that_loses_its_digits():
    x = Value(0.5, name="x")
    y = am.tanh(x)
    assert "1 - tanh(x)**2 = 1 - 0.462117**2 = 0.786448" in str(explain(y))
    y.name = "y"
    assert "1 - y**2 = 1 - 0.462117**2 = 0.786448" in str(explain(y))
    far = str(explain(am.tanh(20.0 * x * 2.0)))
    assert "would lose its digits" in far
    assert f"= {4 * math.exp(-40):.6g}" in far


@pytest.mark.parametrize("name", [n for n, row in TABLE.items() if row.kinks])
def test_a_kink_is_told_with_its_published_partials(name):
    row = TABLE[name]
    point, published = next(iter(row.kinks.items()))
    y = row(*map(Value, point))
    taken = ", ".join(f"{d:.6g}" for d in published)
    text = " ".join(str(explain(y)).split())
    assert (
        f"kink or border of {name}, where the derivative is a matter of policy" in text
    )
    assert f"policy: {taken}." in text
    elsewhere = row(*oracle.as_values(row, next(iter(oracle.points(row, 1)))))
    assert "kink" not in (str(explain(elsewhere)) if type(elsewhere) is Value else "")


def test_a_node_used_twice_is_where_adding_is_explained_and_only_the_first():
    x = Value(3.0, name="x")
    u = x * x
    y = u + am.sin(u)
    text = str(explain(y))
    assert text.count("such changes add up") == 1
    assert "(u is used 2 times, so a change of u reaches y in 2 ways" in text
    assert f"u_bar = 1 + ({math.cos(9):.6g}) = {1 + math.cos(9):.6g}" in text
    assert "x_bar += " in text


def test_an_adjoint_of_zero_is_strong_even_against_an_infinite_partial():
    x = Value(0.0, name="x")
    told = explain(am.sqrt(x) * 0.0 + x)
    assert "not even to a local derivative that is not finite" in " ".join(
        str(told).split()
    )
    assert told.adjoints["x"] == 1.0


def test_names_are_the_users_then_the_callers_then_numbers():
    a = Value(2.0, name="alpha")
    local = Value(3.0)
    y = a * local + 1.0
    text = str(explain(y))
    assert "v1 = alpha*local = 2*3 = 6" in text
    assert "y = v1 + 1 = 6 + 1 = 7" in text
    assert (a.name, local.name, y.name) == ("alpha", None, None)


def test_nodes_of_one_name_are_told_apart_by_scope_or_number():
    twins = [Value(1.0, name="w"), Value(2.0, name="w")]
    with scope("left"):
        left = twins[0] * 3.0
    with scope("right"):
        right = twins[1] * 4.0
    assert {"left/w", "right/w"} <= explain(left + right).adjoints.keys()
    assert {"w#1", "w#2"} <= explain(twins[0] + twins[1]).adjoints.keys()


def test_wrt_tells_only_the_paths_to_that_node_and_their_sum():
    a, b = Value(2.0, name="a"), Value(-1.5, name="b")
    y = am.tanh(a * b + a) * am.exp(a) + b**2
    told = explain(y, wrt=a)
    y.backward()
    assert told.adjoints["a"] == a.grad
    assert "d y/d b" not in str(told)
    products = re.findall(r"<- a: .* = (\S+)$", str(told), re.MULTILINE)
    assert len(products) == 3
    assert sum(map(float, products)) == pytest.approx(a.grad, rel=1e-5)


def test_wrt_may_be_an_inner_node_or_the_result_itself():
    x = Value(2.0, name="x")
    u = x * x
    y = u * u
    assert explain(y, wrt=u).adjoints["u"] == 8.0
    assert "d u/d x" not in str(explain(y, wrt=u))
    assert "nothing is to be done" in str(explain(y, wrt=y))
    assert "nothing is to be done" in str(explain(x))


def test_explaining_writes_on_no_node():
    y = fused_neurons()
    y.backward()
    before = [(n.data, n.grad, n.name, n.partials) for n in topological_order(y)]
    told = explain(y)
    _ = str(told), told.to_html(), told.to_latex()
    assert before == [
        (n.data, n.grad, n.name, n.partials) for n in topological_order(y)
    ]


def test_explaining_under_no_grad_tells_the_same():
    y = micrograd_like()
    with no_grad():
        inside = str(explain(y))
    assert inside == str(explain(y))


def test_a_users_primitive_is_told_with_its_own_formula_or_its_number():
    own = primitive(lambda x: x**3, lambda y, x: 3.0 * x**2, name="cube")
    blind = primitive(lambda x: x**3, lambda y, x: 3.0 * math.pow(x, 2), name="cube")
    x = Value(2.0, name="x")
    y = own(x)
    assert "d y/d x = 3*x**2 = 3*2**2 = 12" in str(explain(y))
    y = blind(x)
    assert "d y/d x = 12 " in str(explain(y))


def test_a_graph_of_layers_is_told_by_scopes_which_can_be_opened():
    m = MLP(2, [16, 16, 1], seed=1)
    loss = (1.0 - m([0.5, -0.3])) ** 2
    told = explain(loss)
    loss.backward()
    text = str(told)
    assert "mlp/layer1 (16 neurons)" in text
    assert "scope='mlp/layer2'" in text
    assert len(text.splitlines()) < 120
    part = next(s for s in told._story.steps if isinstance(s, Part))
    assert part.lines[0] == "32 operations: 16 relu, 16 sumprod"
    layer = m.layers[1]
    total = math.fsum(p.grad for n in layer.neurons for p in (*n.w, n.b))
    found = re.search(
        r"gradient of (\d+) nodes: .* in all (\S+)", "\n".join(part.lines)
    )
    assert found
    assert float(found[2]) == pytest.approx(total, rel=1e-5)
    inside = explain(loss, scope="mlp/layer2/neuron3")
    assert inside._story.operations == 2
    neuron = layer.neurons[2]
    assert inside.adjoints["layer2/neuron3/b"] == neuron.b.grad


def loss_of_samples(n):
    m = MLP(2, [2, 1], "tanh", seed=0)
    scores = [m([0.1 * k, 1.0 - 0.2 * k]) for k in range(n)]
    return m, mse_loss(scores, [float(k % 2) for k in range(n)])


def test_of_a_batch_one_sample_is_told_in_full_and_how_many_are_like_it():
    m, loss = loss_of_samples(100)
    told = explain(loss)
    loss.backward()
    steps = told._story.steps
    *alone, last = steps
    assert all(isinstance(step, Step) for step in alone)
    # The division, the sum, and of the sample: 3 sums, 2 tanh, 1 difference.
    assert len(alone) == 2 + 6
    assert isinstance(last, Part)
    assert last.title.startswith("and 99 like it (v")
    assert last.lines[0] == "594 operations: 297 sumprod, 198 tanh, 99 -"
    assert "602 operations are told in 9 steps" in str(told)
    assert "and 99 like it" in told.to_html()
    # The sample that is told and the others make the whole gradient.
    sweep = told._story.sweep
    for p in m.parameters():
        place = sweep.place[id(p)]
        amounts = {True: 0.0, False: 0.0}
        for i in range(len(sweep.order)):
            for c in sweep.contributions(i):
                if c.to == place:
                    amounts[i in last.places] += c.amount
        assert amounts[True] != 0.0
        assert math.fsum(amounts.values()) == pytest.approx(p.grad, rel=1e-12)


def test_a_sum_written_with_plus_and_a_penalty_are_two_batches():
    m = MLP(2, [2, 1], "relu", seed=0)
    terms = [(m([0.1 * k, 0.5]) * (-1) ** k + 1.0).relu() for k in range(20)]
    loss = sum(terms) / 20 + 0.01 * sum(p * p for p in m.parameters())
    titles = [s.title for s in explain(loss)._story.steps if isinstance(s, Part)]
    likes = [title.partition(" (")[0] for title in titles]
    assert sorted(likes) == [
        "and 19 like it", "and 8 like it", "the sum of 20 terms", "the sum of 9 terms",
    ]  # fmt: skip
    assert "layer1/neuron2/w1" in explain(loss).adjoints  # as without the penalty


def test_samples_of_several_classes_and_of_two_forms_are_told_apart():
    m = MLP(2, [3], seed=0)
    rows = [m([0.1 * k, 0.5]) for k in range(20)]
    parts = [
        s
        for s in explain(cross_entropy(rows, [k % 3 for k in range(20)]))._story.steps
        if isinstance(s, Part)
    ]
    assert [p.title.partition(" (")[0] for p in parts] == ["and 19 like it"]
    x = Value(0.5, name="x")
    two = [am.exp(x * k) if k % 2 else am.sin(am.cos(x * k)) for k in range(30)]
    titles = [
        s.title for s in explain(am.fsum(two))._story.steps if isinstance(s, Part)
    ]
    assert [title.partition(" (")[0] for title in titles] == ["and 14 like it"] * 2


def test_the_sample_that_is_told_is_one_that_passes_something_on():
    x = Value(1.0, name="x")
    loss = sum(am.relu(x * k - 25.0) ** 2 for k in range(30))
    steps = explain(loss)._story.steps
    told = [s for s in steps if isinstance(s, Step) and s.row.name == "relu"]
    assert [step.uses[0].passed.partial for step in told] == [1.0]


def test_what_one_sample_reads_of_another_is_not_told_as_a_batch():
    x = Value(0.5, name="x")
    state, terms = x, []
    for _ in range(30):
        state = am.tanh(state * 0.9 + x)
        terms.append(state * state)
    text = str(explain(am.fsum(terms)))
    assert "like it" not in text


@pytest.mark.parametrize("n", [20_000])
def test_a_long_chain_is_told_briefly_and_without_recursion(n):
    x = Value(0.5, name="x")
    y = x
    for _ in range(n):
        y = y * 0.99999 + x
    told = explain(y)
    y.backward()
    assert told.adjoints["x"] == x.grad
    assert len(str(told).splitlines()) < 200
    assert len(told.to_html()) + len(told.to_latex()) < 100_000
    assert "20,001 paths" in str(explain(y, wrt=x))


def test_paths_beyond_counting_and_sums_of_many_terms_are_bounded():
    y = x = Value(1.0, name="x")
    for _ in range(3000):
        y = y + y
        y = y * 0.5
    assert "more than 10^12 paths" in str(explain(y, wrt=x))
    wide = am.fsum([Value(1.0) for _ in range(10_000)])
    assert "and 9,992 more" in str(explain(wide))
    product = am.prod([Value(1.001) for _ in range(2000)])
    assert len(str(explain(product))) < 10_000


def test_two_explanations_of_one_expression_are_equal_and_hold_no_address():
    first, second = (explain(fused_neurons()) for _ in range(2))
    assert str(first) == str(second)
    assert first.to_html() == second.to_html()
    assert not re.search(r"0x[0-9a-f]{6}", str(first) + first.to_latex())


def test_explain_is_public_and_gives_an_explanation():
    assert "explain" in autograd.__all__
    assert type(explain(Value(1.0) * 2.0)) is Explanation


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda x: explain(3.0), TypeError, "a float remembers nothing"),
        (lambda x: explain([x]), TypeError, "one at a time"),
        (lambda x: explain(x.detach()), ValueError, "detached or made under no_grad"),
        (lambda x: explain(x * x, wrt=2.0), TypeError, "not a float"),
        (lambda x: explain(x * x, wrt=[x]), TypeError, "for each"),
        (lambda x: explain(x * x, wrt=Value(1.0, "q")), ValueError, "q is not in the"),
        (lambda x: explain(x * x, wrt=x.detach()), ValueError, "wrt is a constant"),
        (lambda x: explain(x * x, scope=1), TypeError, "the path of a scope"),
        (lambda x: explain(x * x, scope="a"), ValueError, "there is no scope 'a'"),
        (
            lambda x: explain(MLP(1, [2], seed=1)([x])[0], scope="mlp/layer9"),
            ValueError,
            "did you mean 'mlp/layer1'",
        ),
    ],
)
def test_a_bad_argument_is_a_lesson(make, error, words):
    with pytest.raises(error, match=re.escape(words)):
        make(Value(2.0, name="x"))


def test_negative_numbers_and_sums_keep_their_parentheses():
    a, b = Value(-2.0, name="a"), Value(-3.0, name="b")
    write, put = Notation().formula, Notation(numeric=True).formula
    assert put(a * b) == "-2*(-3)"
    assert write((a + b) * b - (a - b)) == "(a + b)*b - (a - b)"
    assert put(a - b) == "-2 - (-3)"
    assert put(a**2) == "(-2)**2"
    assert write(-(a // b)) == "-(a // b)"
    assert write(a / (b * a)) == "a/(b*a)"
    assert put(-a) == "-(-2)"


def test_the_readme_shows_what_is_told():
    readme = Path(__file__).parent.parent.joinpath("README.md")
    shown = (
        readme.read_text(encoding="utf-8").split("```text\n1. y = ")[1].split("```")[0]
    )
    w, x, b = Value(0.5, name="w"), Value(2.0, name="x"), Value(0.1, name="b")
    y = am.tanh(w * x + b)
    assert f"1. y = {shown}" in str(explain(y))


def test_an_explanation_says_that_a_leaf_was_changed_after_the_result_was_computed():
    x = Value(3.0, name="x")
    y = x * x + 2.0 * x
    assert "Attention" not in str(explain(y))
    x.data = 10.0
    told = explain(y)
    for text in (str(told), told.to_html(), told.to_latex()):
        assert "Attention: the .data of a leaf was changed" in text
    assert "v1, v2 were" in str(told).replace("\n", " ")
    assert told.adjoints["x"] == 8.0
    x.data = 3.0
    assert "Attention" not in str(explain(y))


def test_last_digits_of_machine_code_are_no_change_of_a_leaf():
    @jit
    def settled(x, y):
        for _ in range(60):
            y = 0.9 * am.sin(y) + 0.1 * x
        return y

    for k in range(40):
        x = Value(1.0 + 0.1 * k, name="x")
        y = settled(x, Value(2.0, name="y"))
        assert "Attention" not in str(explain(y))
    x.data += 1e-6
    assert "Attention" in str(explain(y))
