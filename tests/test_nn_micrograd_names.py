"""Code written for micrograd, after a change of imports."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from autograd import Value, draw, jit, math
from nn.micrograd import MLP, Layer, Neuron, draw_dot


class Plain:
    """micrograd's engine as far as a network needs it, to compare with."""

    def __init__(self, data, children=()):
        self.data, self.grad = data, 0.0
        self.prev, self.back = children, lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Plain) else Plain(other)
        out = Plain(self.data + other.data, (self, other))

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Plain) else Plain(other)
        out = Plain(self.data * other.data, (self, other))

        def back():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.back = back
        return out

    def relu(self):
        out = Plain(max(0.0, self.data), (self,))

        def back():
            self.grad += (out.data > 0) * out.grad

        out.back = back
        return out

    def backward(self):
        topo, seen = [], set()

        def build(v):
            if id(v) not in seen:
                seen.add(id(v))
                for child in v.prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v.back()

    __radd__, __rmul__ = __add__, __mul__


def plain_network(sizes):
    """Return micrograd's parameters after the same seed, and its forward pass."""
    layers = []
    for nin, nout in pairwise(sizes):
        neurons = [
            ([Plain(random.uniform(-1, 1)) for _ in range(nin)], Plain(0.0))
            for _ in range(nout)
        ]
        layers.append(neurons)

    def forward(x):
        for k, neurons in enumerate(layers):
            sums = [
                sum((w * xi for w, xi in zip(ws, x, strict=True)), b)
                for ws, b in neurons
            ]
            x = sums if k == len(layers) - 1 else [s.relu() for s in sums]
        return x

    return [p for n in layers for ws, b in n for p in [*ws, b]], forward


def test_the_same_seed_gives_micrograds_numbers_and_gradients():
    random.seed(1337)
    model = MLP(3, [4, 4, 1])
    random.seed(1337)
    parameters, forward = plain_network([3, 4, 4, 1])
    assert [p.data for p in model.parameters()] == [p.data for p in parameters]
    rows = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0]]
    for row in rows:
        ours, (theirs,) = model(row), forward(row)
        assert ours.data == pytest.approx(theirs.data, rel=1e-14)
        ours.backward()
        theirs.backward()
    assert [p.grad for p in model.parameters()] == pytest.approx(
        [p.grad for p in parameters], rel=1e-13, abs=1e-15
    )


def test_training_as_in_the_lecture_reaches_a_small_loss():
    random.seed(1)
    n = MLP(3, [4, 4, 1])
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    ys = [1.0, -1.0, -1.0, 1.0]
    for _ in range(60):
        ypred = [n(x) for x in xs]
        loss = sum((yout - ygt) ** 2 for ygt, yout in zip(ys, ypred, strict=True))
        for p in n.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.parameters():
            p.data += -0.02 * p.grad
    assert loss.data < 0.5


def test_weights_neurons_and_layers_are_lists_that_can_be_changed():
    layer = Layer(2, 3)
    assert isinstance(layer.neurons, list)
    neuron = layer.neurons[0]
    assert [*neuron.w, neuron.b] == neuron.parameters()
    neuron.w[0] = Value(5.0)
    assert layer.parameters()[0].data == 5.0
    assert repr(Neuron(2, nonlin=False)) == "LinearNeuron(2)"
    assert repr(layer) == "Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)]"


def test_label_is_another_word_for_name():
    a = Value(2.0, label="a")
    assert (a.label, a.name) == ("a", "a")
    a.label = "b"
    assert a.name == "b"
    with pytest.raises(TypeError, match="a name is a string"):
        Value(1.0, label=3)


def test_children_operation_and_the_step_backward_are_there():
    a, b = Value(2.0), Value(-3.0)
    out = a * b + a
    assert out._prev == {*out.parents}
    assert (out._op, a._op, a._prev) == ("+", "", set())
    out.grad = 1.0
    for node in (out, *out.parents):
        node._backward()
    assert (a.grad, b.grad) == (1.0 - 3.0, 2.0)


def test_an_attribute_of_ones_own_is_refused_with_what_to_write():
    a = Value(1.0)
    with pytest.raises(AttributeError, match="keep such data in a dict"):
        _ = a.momentum
    with pytest.raises(AttributeError):
        a.momentum = 0.0
    assert not hasattr(a, "momentum")


def test_a_node_can_be_made_from_its_parents_and_local_derivatives():
    x, w = Value(2.0, name="x"), Value(3.0, name="w")
    node = Value.from_partials(12.0, [x, w, x], [1.0, 4.0, 0.5], op="mine")
    assert (node.data, node.parents, node.partials, node.op) == (
        12.0, (x, w, x), (1.0, 4.0, 0.5), "mine",
    )  # fmt: skip
    (node * 2.0).backward()
    assert (x.grad, w.grad) == (3.0, 8.0)
    assert "mine" in draw(node).source


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((1.0, [], []), TypeError),
        ((1.0, [2.0], [1.0]), TypeError),
        ((1.0, [Value(1.0)], [1.0, 2.0]), ValueError),
        ((1.0, [Value(1.0)], ["a"]), TypeError),
        (("a", [Value(1.0)], [1.0]), TypeError),
        ((1.0, [Value(1.0)], [1.0], ""), TypeError),
    ],
)
def test_a_node_of_anything_else_is_refused(arguments, error):
    with pytest.raises(error, match=r"Value.from_partials\(8.0, \[x\]"):
        Value.from_partials(*arguments)


def test_such_a_node_is_not_differentiated_twice_nor_compiled():
    from autograd import grad

    def f(x):
        return Value.from_partials(x.data**3, [x], [3.0 * x.data**2])

    assert grad(f)(2.0) == 12.0
    with pytest.raises(TypeError, match=r"differentiated twice.*autograd.primitive"):
        grad(grad(f))(2.0)
    with pytest.raises(RuntimeError, match="being compiled"):
        jit(f)(2.0)


def test_clip_and_ln_are_methods():
    x = Value(2.5, name="x")
    assert (x.clip(0.0, 1.0).data, x.clip(0.0, 3.0).partials) == (1.0, (1.0,))
    assert x.ln().data == math.log(2.5)


def test_draw_dot_draws():
    picture = draw_dot(Value(1.0, label="a") * 2.0, rankdir="TB")
    assert "rankdir=TB" in picture.source
    assert picture.format == "svg"
    assert draw_dot(Value(1.0) * 2.0, "png").format == "png"


def test_a_network_of_micrograds_is_drawn_as_a_network():
    assert repr(draw(MLP(2, [3, 1]), [1.0, 2.0])) == "<network network: 2-3-1>"
