"""Models in files: every bit comes back, and what is damaged changes nothing."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from autograd import Value
from nn import (
    MLP,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Linear,
    Module,
    Sequential,
    load,
    save,
)


class Own(Module):
    def __init__(self, n: int = 2) -> None:
        self.ws = [Value(k / 3.0) for k in range(n)]
        self.inner = MLP(2, [2, 1], seed=n)


MODELS: dict[str, Any] = {
    "a network": lambda: MLP(2, [3, 2, 1], "tanh", "sigmoid", seed=1, name="mine"),
    "a layer": lambda: Layer(2, 2, "gelu", bias=False, seed=1),
    "a chain": lambda: Sequential(
        Linear(2, 3, seed=1), LayerNorm(3), Dropout(0.25), Layer(3, 1, None, seed=2)
    ),
    "an embedding": lambda: Sequential(Embedding(4, 3, seed=1), Linear(3, 2, seed=1)),
}
FORMS = [".json", ".safetensors"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", MODELS)
def test_a_model_of_nns_own_layers_is_made_anew(
    case: str, form: str, tmp_path: Any
) -> None:
    if form == ".safetensors":
        pytest.importorskip("safetensors")
    model = MODELS[case]()
    path = tmp_path / f"model{form}"
    save(model, path)
    other = load(path)
    assert repr(other) == repr(model) or case in {"a chain", "an embedding"}
    assert type(other) is type(model)
    assert other.state_dict() == model.state_dict()
    assert [f.name for f in tmp_path.iterdir()] == [path.name]
    row = 2 if case == "an embedding" else [0.1, 0.2]
    assert str(other.eval()(row)) == str(model.eval()(row))


@pytest.mark.parametrize("form", FORMS)
def test_a_model_of_ones_own_is_filled(form: str, tmp_path: Any) -> None:
    if form == ".safetensors":
        pytest.importorskip("safetensors")
    path = str(tmp_path / f"own{form}")
    model, other = Own(), Own()
    for k, p in enumerate(model.parameters()):
        p.data = (-1.0) ** k * math.pi * 10.0 ** (30 * k - 150)
    model.ws[0].data = 5e-324
    save(model, path)
    assert load(path, other) is other
    assert other.state_dict() == model.state_dict()
    with pytest.raises(ValueError, match=r"nn\.load\(.*, model\)"):
        load(path)
    before = Own(3).state_dict()
    larger = Own(3)
    with pytest.raises(ValueError, match=r"Missing: ws/2"):
        load(path, larger)
    assert larger.state_dict() == before


def test_shared_weights_are_no_layer_to_be_made_anew(tmp_path: Any) -> None:
    model = MLP(2, [2, 1], seed=0)
    model.layers[0].neurons[1].w = model.layers[0].neurons[0].w
    save(model, tmp_path / "shared.json")
    with pytest.raises(ValueError, match="cannot be made anew"):
        load(tmp_path / "shared.json")
    save(MLP(2, [2, 1], math.tau.__mul__), tmp_path / "own.json")
    with pytest.raises(ValueError, match="cannot be made anew"):
        load(tmp_path / "own.json")


def test_what_cannot_be_saved_leaves_the_file_that_was_there(tmp_path: Any) -> None:
    path = tmp_path / "model.json"
    model = MLP(2, [1], seed=0)
    save(model, path)
    before = path.read_bytes()
    model.parameters()[0].data = math.nan
    with pytest.raises(ValueError, match="nothing was written"):
        save(model, path)
    with pytest.raises(TypeError, match="takes a Module"):
        save([1.0], path)
    assert path.read_bytes() == before
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


def damaged(data: bytes, k: int) -> bytes:
    """Return a file with a part cut off, left out, doubled or replaced."""
    rng = random.Random(k)
    i, j = sorted(rng.sample(range(len(data)), 2))
    ways = [
        data[:i], data[i:], data[:i] + data[j:], data[:j] + data[i:],
        data[:i] + bytes(rng.randrange(256) for _ in range(j - i)) + data[j:],
    ]  # fmt: skip
    return ways[k % len(ways)]


def edited(content: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**content, **changes}).encode()


@pytest.mark.parametrize("form", FORMS)
def test_damaged_files_are_refused_and_the_model_is_as_it_was(
    form: str, tmp_path: Any
) -> None:
    if form == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"model{form}"
    model = MLP(2, [2, 1], seed=0)
    save(model, path)
    data = path.read_bytes()
    files = [damaged(data, k) for k in range(60)]
    if form == ".json":
        good = json.loads(data)
        state = good["parameters"]
        name = next(iter(state))
        files += [
            b"", b"null", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"format": 3}',
            edited(good, version=3), edited(good, version="1"), edited(good, version=0),
            edited(good, parameters=None), edited(good, parameters=[1.0]),
            edited(good, parameters={**state, name: "1"}),
            edited(good, parameters={**state, name: None}),
            edited(good, parameters={**state, name: True}),
            edited(good, parameters={**state, name: 1e999}),
            edited(good, parameters={**state, name: 10**400}),
            edited(good, parameters={**state, "more": 1.0}),
            edited(good, parameters={}), edited(good, format="another"),
        ]  # fmt: skip
    before, refused = model.state_dict(), 0
    for content in files:
        path.write_bytes(content)
        try:
            load(path, model)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - some that are doubled are whole
            refused += 1
        else:
            assert content.startswith(data[:20])
        assert model.state_dict() == before or content.startswith(data[:20])
    assert refused >= 50


def test_a_file_of_the_first_version_is_read_with_the_names_of_its_time(
    tmp_path: Any,
) -> None:
    path = tmp_path / "model.json"
    model = MLP(1, [1], seed=0)
    save(model, path)
    good = json.loads(path.read_bytes())
    assert (good["version"], sorted(good["parameters"])) == (
        2, ["layer1/neuron1/b", "layer1/neuron1/w1"],
    )  # fmt: skip
    old = {"layers.0.neurons.0.w.0": 0.25, "layers.0.neurons.0.b": -1.5}
    path.write_bytes(edited(good, version=1, parameters=old))
    assert [p.data for p in load(path).parameters()] == [0.25, -1.5]
    load(path, model)
    assert [p.data for p in model.parameters()] == [0.25, -1.5]


def test_a_later_version_and_a_model_of_nonsense_are_told_apart(tmp_path: Any) -> None:
    path = tmp_path / "model.json"
    save(MLP(2, [1], seed=0), path)
    good = json.loads(path.read_bytes())
    path.write_bytes(edited(good, version=7))
    with pytest.raises(ValueError, match=r"later version of scalar-autograd .format 7"):
        load(path)
    for spec in ({}, {"kind": "os"}, {"kind": "MLP", "layers": 3}, 5):
        path.write_bytes(edited(good, model=spec))
        with pytest.raises(ValueError, match="does not say what the model is"):
            load(path)
