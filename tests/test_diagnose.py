"""diagnose: each fault is planted and found, and is not found where it is not."""

from __future__ import annotations

import math
import operator
import random
from itertools import pairwise

import pytest
from work import calls_of

from autograd import Value, debug, diagnose, no_grad, scope, topological_order
from autograd import math as am
from autograd.primitives import TABLE
from autograd.value import fields
from nn import MLP, SGD, Adam, hinge_loss, l2, mse_loss

RNG = random.Random(7)
X = [[RNG.gauss(0.0, 1.0), RNG.gauss(0.0, 1.0)] for _ in range(40)]
SIGNS = [1.0 if a * b > 0.0 else -1.0 for a, b in X]


def kinds(loss, params=None):
    return [finding.kind for finding in diagnose(loss, params)]


def message(kind, loss, params=None):
    (finding,) = [f for f in diagnose(loss, params) if f.kind == kind]
    return finding.message


def backward(loss):
    loss.backward()
    return loss


def trained(activation, steps=15, sizes=(8, 8, 1), loss=hinge_loss):
    """Return a network after some steps, and its loss after backward()."""
    model = MLP(2, list(sizes), activation=activation, seed=3)
    optimizer = Adam(model.parameters(), lr=0.02)
    for step in range(steps + 1):
        total = loss([model(x) for x in X], SIGNS) + 1e-4 * l2(model)
        optimizer.zero_grad()
        total.backward()
        if step < steps:
            optimizer.step()
    return model, total


# --- Nothing is wrong ---------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("steps", [0, 1, 15, 60])
@pytest.mark.parametrize("loss", [hinge_loss, mse_loss])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "gelu"])
def test_nothing_is_found_in_a_healthy_network(activation, loss, steps):
    model, total = trained(activation, steps, loss=loss)
    assert kinds(total, model) == kinds(total) == kinds(total, model.parameters()) == []


@pytest.mark.parametrize("seed", range(8))
def test_one_sample_is_too_little_to_call_a_neuron_dead(seed):
    model = MLP(2, [8, 8, 1], seed=seed)
    assert kinds(backward(model(X[seed])), model) == []


def test_that_nothing_was_found_is_said():
    x = Value(2.0)
    diagnosis = diagnose(backward(x * x))
    assert str(diagnosis).startswith("Nothing was found (nodes: 2, parameters: 1).")
    assert not diagnosis
    assert list(diagnosis) == []


@pytest.mark.parametrize("name", sorted(TABLE))
def test_nothing_is_found_in_any_row_of_the_table(name):
    row = TABLE[name]
    domain = row.domain * 4 if row.arity is None else row.domain
    # An order or a number of digits is one number, and is no Value.
    xs = [
        Value((low + high) / 2.0 + 0.125) if low < high else low for low, high in domain
    ]
    y = backward(row(*xs))
    assert set(kinds(y)) <= {"unreached"}  # floor and its kin


def test_no_node_is_written_on():
    model, loss = trained("tanh")
    before = [fields(node) for node in topological_order(loss)]
    str(diagnose(loss, model))
    assert [fields(node) for node in topological_order(loss)] == before


# --- Parameters that are not reached ------------------------------------------------


def test_a_parameter_that_is_not_used_is_named():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    loss = backward(w * 2.0)
    assert kinds(loss, [w, b]) == ["unreached"]
    assert "does not depend on b: it is simply not used" in str(
        message("unreached", loss, {"b": b})
    )


def test_a_detached_parameter_is_told_from_one_that_is_not_used():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    loss = backward(w * b.detach())
    assert "a constant of the same number, used in w * 3.0 = 6.0" in message(
        "unreached", loss, [w, b]
    )


def test_what_was_computed_under_no_grad_is_suspected():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    with no_grad():
        hidden = b * 5.0
    loss = backward(w * hidden)
    assert "no_grad(), the first used in w * 15.0 = 30.0" in message(
        "unreached", loss, [w, b]
    )


def test_a_copy_of_a_parameter_is_found_by_its_name():
    w = Value(2.0, name="w")
    loss = backward(w * 3.0)
    assert "another Value of the same name" in message(
        "unreached", loss, [Value(2.0, name="w")]
    )


def test_a_parameter_that_is_a_constant_is_named():
    w = Value(2.0, name="w")
    frozen = w.detach()
    text = message("unreached", backward(w * frozen), {"w": w, "frozen": frozen})
    assert "the name of frozen is a constant" in text


@pytest.mark.parametrize(
    ("rounded", "op"),
    [
        (math.floor, "floor"),
        (lambda x: x // 2.0, "//"),
        (lambda x: am.exp(am.copysign(2.0, x * 3.0)), "copysign"),
        (lambda x: am.where(x, 1.0, 2.0) * 1.0, "where"),
    ],
    ids=["floor", "//", "copysign", "where"],
)
def test_a_parameter_whose_gradient_ends_at_a_step_is_named(rounded, op):
    w, v = Value(2.5, name="w"), Value(1.0, name="v")
    loss = backward(rounded(w) * v * v)
    assert kinds(loss, [w, v]) == ["unreached"]
    assert f"depends on w through {op} alone" in message("unreached", loss, [w, v])


def test_a_parameter_with_a_way_around_the_step_is_reached():
    w = Value(2.5, name="w")
    assert kinds(backward(w - math.floor(w))) == []


def test_a_loss_that_is_a_constant_or_a_leaf_is_told():
    w = Value(2.0)
    with no_grad():
        assert "is a constant" in message("unreached", w * w, [w])
    assert "is a leaf" in message("unreached", Value(4.0), [w])
    assert kinds(backward(w), [w]) == []


# --- Gradients that are not this loss's ---------------------------------------------


def test_a_backward_that_was_not_called_is_told():
    model, _ = trained("tanh")
    loss = hinge_loss([model(x) for x in X], SIGNS)
    model.zero_grad()
    assert kinds(loss, model) == ["not called"]
    loss.backward()
    assert kinds(loss, model) == []


@pytest.mark.parametrize("times", [2, 3, 7])
def test_a_gradient_accumulated_several_times_is_counted(times):
    model, loss = trained("tanh")
    for _ in range(times - 1):
        loss.backward()
    assert kinds(loss, model) == ["accumulated"]
    assert f"is {times} times this loss's derivative" in message(
        "accumulated", loss, model
    )


def test_parameters_that_zero_grad_does_not_reach_are_told_from_the_others():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    loss = backward(backward(w * b))
    w.grad = 3.0
    assert kinds(loss, [w, b]) == ["accumulated"]
    assert "The gradient of b is 2 times" in message("accumulated", loss, [w, b])


def test_another_loss_s_gradient_is_stale():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    backward(w * b)
    loss = w * w + b * b * b
    assert kinds(loss, [w, b]) == ["stale"]
    text = message("stale", loss, [w, b])
    assert (
        "The gradient of w, b is not this loss's derivative (3.0 instead of 4.0)"
        in (text)
    )
    assert "throughout" not in text


def test_steps_without_zero_grad_are_stale():
    model = MLP(2, [4, 1], activation="tanh", seed=3)
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.step()
        loss = backward(mse_loss([model(x) for x in X], SIGNS))
    assert kinds(loss, model) == ["stale"]


def test_a_seed_shows_as_one_factor_throughout():
    w, b = Value(2.0), Value(3.0)
    loss = w * b * b
    loss.backward(seed=0.25)
    assert "0.25 times the derivative throughout" in message("stale", loss)


def test_gradients_of_parts_added_up_are_the_sum_s():
    model = MLP(2, [4, 1], activation="tanh", seed=3)
    for x in X:
        backward(model(x) ** 2)
    assert kinds(am.fsum(model(x) ** 2 for x in X), model) == []


def test_a_gradient_left_on_a_parameter_that_is_not_used_is_stale():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    backward(w * b)
    w.grad = 0.0
    assert kinds(backward(w * w), [w, b]) == ["unreached", "stale"]


# --- Numbers that were changed ------------------------------------------------------


def test_the_leaf_that_was_changed_is_named():
    w, x = Value(2.0, name="w"), Value(3.0, name="x")
    loss = backward(w * x)
    w.data = 5.0
    assert kinds(loss) == ["changed"]
    text = message("changed", loss)
    assert "The .data of w was changed" in text
    assert "Recorded is 6.0 for w * x; with the present numbers it is 15.0" in text
    w.data = 2.0
    assert kinds(loss) == []


@pytest.mark.parametrize(
    "f", [operator.add, operator.truediv, am.hypot], ids=["+", "/", "hypot"]
)
def test_where_both_may_have_changed_both_are_named(f):
    w, x = Value(2.0, name="w"), Value(3.0, name="x")
    loss = backward(f(w, x))
    x.data = 5.0
    assert "The .data of at least one of w, x, was changed" in message("changed", loss)
    loss = backward(f(w, x) * am.exp(w))
    w.grad = x.grad = 0.0
    loss.backward()
    x.data = 3.0
    assert "The .data of x was changed" in message("changed", loss)


def test_a_number_at_which_the_function_is_not_defined_has_changed():
    x = Value(2.0)
    loss = backward(am.log(x))
    x.data = -1.0
    assert "with the present numbers it is not defined" in message("changed", loss)


def test_a_constant_can_be_changed_too():
    w = Value(2.0, name="w")
    c = w.detach()
    loss = backward(w * c)
    c.data = 1.0
    (finding,) = diagnose(loss)
    assert finding.nodes == (c,)


def test_a_step_of_the_optimiser_changes_every_parameter_but_one_finding_says_so():
    model, loss = trained("tanh")
    SGD(model.parameters(), lr=0.1).step()
    (finding,) = diagnose(loss, model)
    assert finding.kind == "changed"
    assert {id(p) for p in finding.nodes} == {id(p) for p in model.parameters()}
    assert " more" in finding.message
    assert len(finding.message) < 1000


# --- NaN and infinity ---------------------------------------------------------------


def test_the_first_overflow_and_the_first_nan_are_shown_with_their_lines():
    a = Value(1e200, name="a")
    with debug(), scope("energy"):
        square = a * a
        loss = square - square
    text = message("not finite", loss)
    assert "from finite inputs: a * a = inf, where a = 1e+200 in energy (" in text
    assert f"{square.where}). The result is beyond" in text
    assert "add their logarithms" in text
    assert f"NaN in inf - inf = nan in energy ({loss.where})" in text
    assert "debug" not in text


def test_without_lines_debug_is_recommended():
    a = Value(1e200, name="a")
    assert "autograd.debug()" in message("not finite", a * a)


def test_an_overflow_of_exponentials_leads_to_logsumexp():
    weights = [am.exp(Value(x)) for x in (709.0, 709.5)]
    assert "math.logsumexp" in message("not finite", weights[0] + weights[1])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_bad_data_are_blamed_and_not_the_operation(bad):
    x, w = Value(bad, name="x"), Value(2.0, name="w")
    loss = backward(w * x + 1.0)
    text = message("not finite", loss, [w])
    assert f"from x, which is {bad} itself" in text
    assert f"is first used in w * x = {bad}" in text
    assert f"a constant operand: w * {bad}" in message("not finite", w * bad)


def test_a_nan_that_reaches_neither_loss_nor_gradient_is_no_finding():
    x = Value(2.0)
    hidden = x * math.inf - x * math.inf
    assert kinds(backward(am.where(x > 0.0, x, hidden))) == []
    masked = [x, x + -math.inf]
    x.grad = 0.0
    assert kinds(backward(am.logsumexp(masked))) == []


def test_of_many_inputs_the_largest_is_shown():
    xs = [Value(float(i)) for i in range(50)]
    weights = [1e308 if i == 40 else 1.0 for i in range(50)]
    text = message("not finite", am.sumprod(xs, weights))
    assert "The largest input is 1e+308." in text
    assert "sumprod((0.0, 1.0, 2.0, 3.0, ...), (" in text


@pytest.mark.parametrize(
    ("f", "at", "advice"),
    [
        (am.sqrt, 0.0, "math.sqrt(x + 1e-12)"),
        (am.cbrt, 0.0, "math.cbrt(x + 1e-12)"),
        (lambda x: x**0.5, 0.0, "(x + 1e-12) ** p"),
        (am.acos, 1.0, "math.atan2"),
        (am.log, 1e-310, "math.log(math.maximum(x, 1e-12))"),
        (lambda x: 1e-310 / x, 1e-310, "math.maximum(b, 1e-12)"),
    ],
    ids=["sqrt", "cbrt", "**", "acos", "log", "/"],
)
def test_an_infinite_slope_is_found_with_what_to_write_instead(f, at, advice):
    x, w = Value(at, name="x"), Value(3.0, name="w")
    loss = backward(w * f(x) + w)
    assert kinds(loss, [x, w]) == ["infinite slope"]
    text = message("infinite slope", loss, [x, w])
    assert "The derivative by x is " in text
    assert advice in text
    assert kinds(loss, [w]) == []
    x.data = 0.5
    x.grad = w.grad = 0.0
    assert kinds(backward(w * f(x) + w)) == []


def test_an_infinite_slope_that_does_not_count_is_no_finding():
    x = Value(0.0)
    assert kinds(backward(0.0 * am.sqrt(x) + x)) == []


def test_the_infinite_slope_nearest_to_the_loss_is_the_first():
    x, y = Value(0.0, name="x"), Value(1.0, name="y")
    loss = backward(am.sqrt(am.sqrt(x)) * y)
    finding = next(f for f in diagnose(loss) if f.kind == "infinite slope")
    assert finding.nodes[0] is loss.parents[0]


def test_adjoints_that_overflow_are_told_from_infinite_slopes():
    x = Value(1e-300, name="x")
    y = x * 1e200
    loss = backward(y * 1e200)
    assert kinds(loss) == ["overflow"]
    text = message("overflow", loss)
    assert "the adjoint there is 1e+200 and the partial 1e+200" in text


def test_a_sum_of_uses_that_overflows_is_told():
    x = Value(0.5, name="x")
    assert "the sum over all uses" in message(
        "overflow", backward(x * 1e308 + x * 1e308)
    )


# --- Layers -------------------------------------------------------------------------


def test_dead_neurons_are_named_with_their_layer():
    model = MLP(2, [8, 1], seed=3)
    model.layers[0].neurons[2].b.data = -100.0
    loss = backward(mse_loss([model(x) for x in X], SIGNS))
    assert kinds(loss, model) == ["dead"]
    assert "1 of 8 relu neurons in mlp/layer1 (neuron3)" in message("dead", loss, model)


def test_a_dead_layer_is_found_from_one_sample():
    model = MLP(2, [3, 3, 1], seed=3)
    for neuron in model.layers[1].neurons:
        neuron.b.data = -100.0
    loss = backward(model(X[0]))
    assert kinds(loss, model) == ["dead"]
    assert "3 of 3 relu neurons in mlp/layer2" in message("dead", loss, model)


def test_relus_outside_of_scopes_are_dead_where_no_gradient_passes():
    w = Value(-1.0)
    relus = [am.relu(w * x) for x in (1.0, 2.0)]
    assert kinds(backward(relus[0] + relus[1])) == ["dead"]
    w.grad = 0.0
    assert kinds(backward(relus[0] + relus[1] + w)) == []


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_a_saturated_layer_is_found_with_its_share(activation):
    model = MLP(2, [4, 4, 1], activation=activation, seed=3)
    assert kinds(backward(mse_loss([model(x) for x in X], SIGNS)), model) == []
    for neuron in model.layers[1].neurons[:2]:
        neuron.b.data = 40.0
    model.zero_grad()
    loss = backward(mse_loss([model(x) for x in X], SIGNS))
    text = message("saturated", loss, model)
    assert f"80 of 160 {activation} nodes (50%) in mlp/layer2 are saturated" in text
    assert "In every sample: neuron1, neuron2." in text


def test_a_vanishing_gradient_is_found_with_the_layers():
    model = MLP(2, [4] * 8 + [1], activation="sigmoid", seed=3)
    loss = backward(mse_loss([model(x) for x in X], SIGNS))
    assert kinds(loss, model) == ["vanishing"]
    text = message("vanishing", loss, model)
    assert "larger than at those of mlp/layer1 (root mean squares: mlp/layer9" in text


def test_an_exploding_gradient_is_found_with_the_layers():
    model = MLP(2, [8] * 6 + [1], activation=None, bias_init=0, seed=3)
    for layer in model.layers[1:]:
        for p in layer.parameters():
            p.data *= 8.0
    loss = backward(mse_loss([model([1e-6 * a for a in x]) for x in X], SIGNS))
    assert kinds(loss, model) == ["exploding"]
    text = message("exploding", loss, model)
    assert "larger than at those of mlp/layer" in text
    assert "Start with smaller weights" in text


def test_networks_that_do_not_feed_one_another_are_not_compared():
    x, y = Value(1e-6), Value(1.0)
    with scope("one"):
        first = x * 1e-6
    with scope("other"):
        second = y * 1e6
    assert kinds(backward(first + second)) == []


# --- What it takes and gives --------------------------------------------------------


def test_parameters_are_called_what_the_module_or_the_dict_calls_them():
    model = MLP(2, [3, 1], activation="tanh", seed=3)
    loss = backward(Value(1.0) * 2.0)
    assert "layer1/neuron1/w1, " in message("unreached", loss, model)
    assert "on slope: " in message("unreached", loss, {"slope": Value(0.5)})
    assert "on params[0]: " in message("unreached", loss, [Value(0.5)])
    assert "on params[0] (w), params[1] (w): " in message(
        "unreached", loss, [Value(0.5, name="w"), Value(0.5, name="w")]
    )
    assert "on w: " in message("unreached", loss, Value(0.5, name="w"))


@pytest.mark.parametrize("params", [[1.0], 3.0, {"w": "w"}, [None]])
def test_params_that_are_no_values_are_refused(params):
    x = Value(1.0)
    with pytest.raises(TypeError, match="params are Values"):
        diagnose(x * x, params)


def test_a_loss_that_is_no_value_is_refused():
    with pytest.raises(TypeError, match=r"not 3\.0 \(of type float"):
        diagnose(3.0)


def test_findings_are_numbered_remarks():
    w, b = Value(2.0, name="w"), Value(3.0, name="b")
    text = str(diagnose(backward(backward(w * 1.0)), [w, b]))
    assert text.startswith("1. UNREACHED. ")
    assert "\n\n2. ACCUMULATED. " in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_graph_is_diagnosed_in_time_in_proportion_to_its_nodes():
    def graph(steps):
        x = Value(0.5, name="x")
        nodes = [x]
        for i in range(steps):
            nodes.append(am.tanh(nodes[-1] * 1.5 + (x if i % 3 else 0.0)))
        return backward(am.fsum(a - b for a, b in pairwise(nodes[:200])) + nodes[-1])

    large = graph(50_000)
    assert len(topological_order(large)) > 100_000
    assert kinds(large) == []
    fewer, _ = calls_of(kinds, graph(1_000))
    more, _ = calls_of(kinds, graph(8_000))
    assert more < 8 * fewer * 1.5


# --- The table of layers ------------------------------------------------------------


def rms(numbers):
    return math.sqrt(sum(x * x for x in numbers) / len(numbers))


def test_a_table_tells_sizes_by_layer_in_the_order_of_computation():
    model, total = trained("tanh")
    told = diagnose(total, model)
    assert [row.layer for row in told.layers] == [f"mlp/layer{k}" for k in (1, 2, 3)]
    for row, layer in zip(told.layers, model.layers, strict=True):
        params = layer.parameters()
        assert len(row.params) == len(params)
        assert row.data == pytest.approx(rms([p.data for p in params]))
        assert row.gradient == pytest.approx(rms([p.grad for p in params]))
    assert [row.units for row in told.layers] == [8, 8, 0]
    assert told.layers[0].saturated is not None
    assert [row.dead for row in told.layers] == [None] * 3
    lines = str(told).splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("layer "))
    assert lines[head].split() == [
        "layer", "parameters", "data", "gradient", "units", "saturated",
    ]  # fmt: skip
    assert lines[head + 1].split()[:2] == ["mlp/layer1", "24"]
    last = told.layers[2]
    sizes = [f"{last.data:.1e}", f"{last.gradient:.1e}"]
    assert lines[head + 3].split() == ["mlp/layer3", "9", *sizes]


def test_the_table_counts_dead_units_and_flat_nodes():
    model = MLP(2, [4, 1], "relu", seed=0)
    for neuron in model.layers[0].neurons[:3]:
        neuron.b.data = -100.0
    told = diagnose(backward(mse_loss([model(x) for x in X], SIGNS)), model)
    assert (told.layers[0].units, told.layers[0].dead) == (4, 3)
    model = MLP(2, [4, 1], "sigmoid", seed=0)
    for neuron in model.layers[0].neurons[:1]:
        neuron.b.data = 100.0
    told = diagnose(backward(mse_loss([model(x) for x in X], SIGNS)), model)
    assert told.layers[0].saturated == 0.25


def test_a_table_of_many_layers_leaves_out_those_in_the_middle():
    y = Value(0.5)
    for k in range(100):
        with scope(f"step{k}"):
            y = y * Value(0.9)
    told = diagnose(backward(y))
    assert len(told.layers) == 100
    lines = str(told).splitlines()
    assert "... and 76 more" in lines
    assert [line.split()[0] for line in lines if line.startswith("step")] == [
        f"step{k}" for k in (*range(12), *range(88, 100))
    ]
    assert "dead" not in lines[-1]


def test_without_layers_there_is_no_table():
    x = Value(2.0, name="x")
    told = diagnose(backward(x * x))
    assert told.layers == ()
    assert "gradient: root" not in str(told)
