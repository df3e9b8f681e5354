from __future__ import annotations

import copy
import json
import math
import pickle
from collections import OrderedDict
from typing import Any

import pytest

from autograd import Value, topological_order
from nn import MLP, Dropout, Layer, LayerNorm, Linear, Module, Neuron, Sequential


class Everything(Module):
    def __init__(self) -> None:
        self.alone = Value(1.0)
        self.listed = [Value(2.0), (Value(3.0),)]
        self.by_name = OrderedDict(first=Value(4.0), second={"deep": Value(5.0)})
        self.layer = Neuron(1, seed=0)
        self.number = 7.0
        self.text = "not a parameter"


class Micrograds(Module):
    def __init__(self) -> None:
        self.hidden = {"in a set": 1}
        self.a, self.b = Value(1.0), Value(2.0)

    def parameters(self) -> list[Value]:
        return [self.b]


def names(module: Module) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def test_parameters_are_found_in_attributes_lists_tuples_dicts_and_modules() -> None:
    module: Any = Everything()
    assert names(module) == [
        "alone",
        "listed/0",
        "listed/1/0",
        "by_name/first",
        "by_name/second/deep",
        "layer/w1",
        "layer/b",
    ]
    assert [p for _, p in module.named_parameters()] == module.parameters()
    assert [p.data for p in module.parameters()][:5] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_parameters_are_found_at_once_when_assigned() -> None:
    module: Any = Everything()
    module.late = Value(9.0)
    module.listed.append(Value(8.0))
    assert {"late", "listed/2"} <= set(names(module))


def test_a_network_names_its_parameters_as_drawings_do() -> None:
    model = MLP(2, [3, 1], seed=0)
    drawn = [
        f"{layer}/{neuron}/{p.name}"
        for layer, _, neurons in model.__network__()
        for neuron, weights, bias, _ in neurons
        for p in (*weights, bias)
    ]
    assert names(model) == drawn
    scopes = {node.scope for node in topological_order(model([1.0, 2.0]))} - {""}
    found = {f"mlp/{name.rpartition('/')[0]}" for name in names(model)}
    assert found == {scope for scope in scopes if "neuron" in scope}


def test_members_that_bear_the_same_name_or_none_go_by_their_places() -> None:
    alike = Sequential(Layer(2, 1, seed=0), Layer(1, 1, seed=1))
    assert names(alike)[0] == "layers/0/neuron1/w1"
    assert names(alike)[-1] == "layers/1/neuron1/b"
    told = Sequential(Layer(2, 2, seed=0), LayerNorm(2), Linear(2, 1, seed=1))
    assert [name for name in names(told) if "neuron" not in name] == [
        f"layers/1/{part}{i}" for part in ("scale", "shift") for i in (1, 2)
    ]
    assert names(told)[-1] == "linear/neuron1/b"
    neuron = Neuron(2, seed=0)
    neuron.w = (Value(1.0, name="b"), Value(2.0, name="c"))
    assert names(neuron) == ["w/0", "w/1", "b"]


def test_a_shared_parameter_is_there_once() -> None:
    one, two = Neuron(2, seed=0), Neuron(2, seed=1)
    two.w = one.w
    layer = Layer(2, 2, seed=0)
    layer.neurons = (one, two)
    assert len(layer.parameters()) == 4
    assert len(layer.named_parameters()) == 4


def test_a_value_computed_from_others_is_no_parameter() -> None:
    module: Any = Everything()
    module.last = module.alone * 2.0
    assert "last" not in names(module)


def test_modules_that_hold_each_other_are_walked_once() -> None:
    one: Any = Everything()
    two: Any = Everything()
    one.other, two.other = two, one
    assert len(one.parameters()) == 14


def test_a_deep_nesting_of_modules_needs_no_recursion() -> None:
    top: Any = Everything()
    module = top
    for _ in range(3000):
        module.inner = Everything()
        module = module.inner
    assert len(top.parameters()) == 3001 * 7


def test_parameters_of_a_subclass_that_defines_them_are_what_counts() -> None:
    module = Micrograds()
    outer: Any = Everything()
    outer.inner = module
    assert module.parameters() == [module.b]
    assert module.named_parameters() == [("0", module.b)]
    assert "inner/0" in names(outer)
    assert not any(p is module.a for p in outer.parameters())


def test_a_subclass_may_add_to_what_its_parent_finds() -> None:
    extra = Value(1.0)

    class Extended(Everything):
        def parameters(self) -> list[Value]:
            return [*super().parameters(), extra]

    assert len(Extended().parameters()) == 8
    assert len(Extended().named_parameters()) == 8


def test_a_subclass_of_mlp_has_its_own_parameters_too() -> None:
    class Scaled(MLP):
        def __init__(self) -> None:
            super().__init__(2, [3, 1], seed=0)
            self.scale = Value(2.0)

    model: Any = Scaled()
    assert names(model)[-1] == "scale"
    assert len(model.parameters()) == 14
    model.shift = Value(0.0)
    assert len(model.parameters()) == 15


def test_a_set_of_parameters_is_refused() -> None:
    module: Any = Everything()
    module.bag = {Value(1.0)}
    with pytest.raises(TypeError, match=r"bag is a set .* list or a dict"):
        module.parameters()
    module.bag = {1.0, 2.0}
    assert len(module.parameters()) == 7


def test_two_parameters_of_one_name_are_refused() -> None:
    module: Any = Everything()
    module.by_key = {1: Value(1.0), "1": Value(2.0)}
    with pytest.raises(ValueError, match=r"both called 'by_key/1'"):
        module.state_dict()


def test_an_array_of_values_holds_parameters() -> None:
    numpy = pytest.importorskip("numpy")
    module: Any = Everything()
    module.matrix = numpy.array([[Value(1.0), Value(2.0)]], dtype=object)
    module.constants = numpy.ones(3)
    assert {"matrix/0/0", "matrix/0/1"} <= set(names(module))
    assert len(module.parameters()) == 9


def test_zero_grad_zeroes_every_gradient() -> None:
    model = MLP(2, [3, 1], seed=0)
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 13


def test_a_state_survives_json_to_the_last_bit() -> None:
    model, other = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=1)
    before = model([0.3, 0.7]).data
    assert other([0.3, 0.7]).data != before
    other.load_state_dict(json.loads(json.dumps(model.state_dict())))
    assert other([0.3, 0.7]).data == before


def test_a_state_by_the_paths_that_names_once_were_is_loaded_as_well() -> None:
    model, other = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=1)
    paths = [
        f"layers.{k}.neurons.{i}.{part}"
        for k, (nin, nout) in enumerate([(2, 3), (3, 1)])
        for i in range(nout)
        for part in [*[f"w.{j}" for j in range(nin)], "b"]
    ]
    numbers = [p.data for p in model.parameters()]
    state = dict(zip(paths, numbers, strict=True))
    other.load_state_dict(state)
    assert [p.data for p in other.parameters()] == numbers
    module: Any = Everything()
    named = [name.replace("/", ".") for name in names(module)]
    named[named.index("layer.w1")] = "layer.w.0"
    module.load_state_dict(dict.fromkeys(named, 0.5))
    assert {p.data for p in module.parameters()} == {0.5}
    del state[paths[0]]
    with pytest.raises(ValueError, match="Missing: layer1/neuron1/w1"):
        other.load_state_dict(state)


LAST = "layer2/neuron1/b"
BAD_STATES: dict[str, Any] = {
    "a name missing": (lambda s: s.pop(LAST), ValueError, r"Missing: layer2/.*/b"),
    "a name too many": (lambda s: s.update(x=1.0), ValueError, "Unexpected: x"),
    "nothing": (lambda s: s.clear(), ValueError, "and 8 more"),
    "a string": (lambda s: s.update({LAST: "1"}), TypeError, "real number"),
    "None": (lambda s: s.update({LAST: None}), TypeError, "real number"),
    "a NaN": (lambda s: s.update({LAST: math.nan}), ValueError, "nan for"),
    "an infinity": (lambda s: s.update({LAST: math.inf}), ValueError, "inf for"),
}


@pytest.mark.parametrize("case", BAD_STATES)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(case: Any) -> None:
    change, error, message = BAD_STATES[case]
    model = MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    state = dict.fromkeys(before, 0.25)
    change(state)
    with pytest.raises(error, match=message):
        model.load_state_dict(state)
    assert model.state_dict() == before


def through_pickle(thing: object) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("twin", [copy.deepcopy, through_pickle])
@pytest.mark.parametrize(
    "model",
    [
        Neuron(3, "tanh", seed=0, name="n"),
        Layer(3, 4, "silu", seed=0),
        MLP(3, [4, 2, 1], "tanh", seed=0),
        MLP(3, [4], math.tau.__mul__, seed=0),
    ],
    ids=str,
)
def test_a_model_survives_pickle_and_deepcopy(model: Any, twin: Any) -> None:
    other = twin(model)
    x = [0.1, 0.2, 0.3]
    assert repr(other) == repr(model)
    assert other.state_dict() == model.state_dict()
    assert str(other(x)) == str(model(x))
    other.parameters()[0].data += 1.0
    assert other.state_dict() != model.state_dict()
    first = other(x)
    first = first if isinstance(first, Value) else first[0]
    first.backward()
    assert any(p.grad for p in other.parameters())
    assert not any(p.grad for p in model.parameters())


class Custom(MLP):
    scale: Value


def test_a_subclass_survives_pickle_with_what_it_has_besides() -> None:
    model: Any = Custom(2, [3, 1], seed=0, name="custom")
    model.scale = Value(3.0)
    other: Any = through_pickle(model)
    assert type(other) is Custom
    assert other.scale.data == 3.0
    assert other.name == "custom"
    assert other([1.0, 2.0]).scope == "custom/layer2/neuron1"


def test_sharing_survives_pickle() -> None:
    layer = Layer(2, 2, seed=0)
    layer.neurons[1].w = layer.neurons[0].w
    other = through_pickle(layer)
    assert len(other.parameters()) == 4


def test_the_modules_of_a_network_are_those_that_are_found_by_looking() -> None:
    shared = Neuron(2)
    twice = Layer(2, 2)
    twice.neurons = [shared, shared]
    for inner in (MLP(2, [2, 2]), Dropout()):
        model = Sequential(Layer(2, 2), inner, twice)
        assert model.modules() == Module.modules(model)
        assert model.modules().count(shared) == 1
        model.eval()
        assert not any(module.training for module in model.modules())
