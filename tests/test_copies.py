"""Copies and pickles of Values: all fields, shared parts shared, and no recursion."""

from __future__ import annotations

import contextlib
import copy
import copyreg
import hashlib
import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograd import Value, debug, no_grad, scope, topological_order
from autograd import math as am
from autograd.primitives import Primitive
from autograd.value import fields, fused, restore


def by_pickle(protocol):
    return lambda thing: pickle.loads(pickle.dumps(thing, protocol))  # noqa: S301


WAYS = {f"pickle{n}": by_pickle(n) for n in range(pickle.HIGHEST_PROTOCOL + 1)}
WAYS["deepcopy"] = copy.deepcopy
every_way = pytest.mark.parametrize("duplicate", WAYS.values(), ids=WAYS)


def a_graph():
    """Return a graph with every kind of node, and its leaves."""
    x, w = Value(0.5, name="x"), Value(-1.5)
    x.grad = 3.0
    with scope("net"), scope("neuron"):
        h = am.sumprod((x, w, 1.0), (w, 2.0, 0.25))
        h.name = "h"
        t = (2.0 * h).tanh() + h**2 / x
    with no_grad():
        c = x * 4.0
    y = am.where(x > 0, t, 5.0) + am.fsum([t, x, 1.0, c]) - am.clip(w, -1.0, t)
    return y, x, w


def shape(root):
    """Return all that a graph is, with places in the order for its nodes."""
    order = topological_order(root)
    places = {id(node): i for i, node in enumerate(order)}
    return [
        (
            node.data, node.grad, node.name, node.scope, node.op, node.primitive,
            node.partials,
            [places.get(id(operand), operand) for operand in node.operands],
        )
        for node in order
    ]  # fmt: skip


@every_way
def test_a_copy_is_the_same_graph_of_other_nodes(duplicate):
    y, *_ = a_graph()
    y.backward()
    other = duplicate(y)
    assert shape(other) == shape(y)
    originals = {id(node) for node in topological_order(y)}
    assert not originals & {id(node) for node in topological_order(other)}


@every_way
def test_backward_on_a_copy_gives_the_same_gradients_and_leaves_the_original(duplicate):
    y, x, w = a_graph()
    other = duplicate(y)
    other.backward()
    assert (x.grad, w.grad, y.grad) == (3.0, 0.0, 0.0)
    y.backward()
    assert shape(other) == shape(y)


@every_way
def test_a_leaf_and_a_constant_keep_all_they_have(duplicate):
    leaf = Value(2.5, name="w")
    leaf.grad = -1.0
    other = duplicate(leaf)
    assert (other.data, other.grad, other.name, other.op) == (2.5, -1.0, "w", "")
    constant = duplicate((leaf * 2).detach())
    assert (constant.data, constant.op) == (5.0, "const")
    with pytest.raises(ValueError, match="constant"):
        constant.backward()


@every_way
def test_things_that_share_leaves_still_share_them(duplicate):
    x = Value(2.0)
    thing = duplicate({"parameters": [x, x], "losses": (x * x, 3.0 * x)})
    p, q = thing["parameters"]
    assert p is q
    for loss in thing["losses"]:
        loss.backward()
    assert (p.grad, x.grad) == (4.0 + 3.0, 0.0)


@every_way
def test_two_roots_in_one_copy_still_share_their_inner_nodes(duplicate):
    h = Value(2.0) * 3.0
    inner, root = duplicate((h, h + 1.0))
    assert root.parents[0] is inner
    root, inner = duplicate((h + 1.0, h))
    assert root.parents[0] is inner
    things = duplicate({"loss": h * 2.0, "layers": [[h], h]})
    assert things["loss"].parents[0] is things["layers"][0][0] is things["layers"][1]


@every_way
def test_many_roots_in_one_copy_are_one_graph_as_they_were(duplicate):
    y, x, _ = a_graph()
    roots = [y, *reversed(topological_order(y)), y * x, x]
    assert together(duplicate(roots)) == together(roots)


def together(roots):
    """Return all that the roots' common graph is, and where in it the roots are."""
    seen: dict[int, object] = {}
    for root in roots:
        seen |= {id(node): node for node in topological_order(root)}
    places = {key: i for i, key in enumerate(seen)}
    nodes = [
        (node.data, node.grad, node.name, node.scope, node.where, node.primitive,
         node.partials, [places.get(id(x), x) for x in node.operands])
        for node in seen.values()
    ]  # fmt: skip
    return nodes, [places[id(root)] for root in roots]


@every_way
def test_a_module_its_loss_and_what_hangs_on_both_are_copied_as_one(duplicate):
    from nn import MLP

    model = MLP(2, [3, 1], seed=1)
    with debug():
        hidden = model([0.5, -1.0])
    loss = (hidden - 1.0) ** 2
    loss.backward()
    before = [p.grad for p in model.parameters()]
    other, other_loss, other_hidden = duplicate((model, loss, hidden))
    other_loss.backward()
    assert other_loss.parents[0].parents[0] is other_hidden
    assert (other_hidden.scope, other_hidden.where) == (hidden.scope, hidden.where)
    assert hidden.scope
    assert hidden.where
    doubled = [2.0 * grad for grad in before]
    assert any(doubled)
    assert [p.grad for p in other.parameters()] == doubled
    assert [p.grad for p in model.parameters()] == before


@every_way
def test_constants_stay_constants_and_one_constant_stays_one(duplicate):
    x = Value(3.0, name="x")
    with no_grad():
        c = x * 2.0
    c.name = "c"
    d = (x * 5.0).detach()
    one, two, c_copy = duplicate((x * c + d, c - d, c))
    assert one.parents[0].parents[1] is two.parents[0] is c_copy
    assert one.parents[1] is two.parents[1]
    assert (c_copy.op, c_copy.name, c_copy.data) == ("const", "c", 6.0)
    one.backward()
    assert (one.parents[0].parents[0].grad, c_copy.grad, x.grad) == (6.0, 0.0, 0.0)


def test_an_object_array_is_copied_as_one_graph():
    import numpy as np

    x = Value(2.0)
    array = np.array([x, x * 3.0, None], dtype=object)
    array[2] = array[1] + 1.0
    other = copy.deepcopy(array)
    assert other[1].parents[0] is other[0] is not x
    assert other[2].parents[0] is other[1]


def test_copying_inside_a_scope_or_under_no_grad_changes_no_copy():
    y, *_ = a_graph()
    with scope("elsewhere"), no_grad():
        copies = copy.deepcopy(y), copy.copy(y), pickle.loads(pickle.dumps(y))  # noqa: S301
    assert [shape(other) == shape(y) for other in copies] == [True] * 3


def test_a_deepcopy_s_memo_is_respected_and_filled():
    x = Value(2.0)
    h = x * 3.0
    memo = {id(h): (kept := Value(6.0))}
    root = copy.deepcopy(h + x, memo)
    assert root.parents[0] is kept
    assert root.parents[1] is memo[id(x)] is not x


def test_neurons_of_one_tuple_of_inputs_share_it_in_the_copy():
    xs = (Value(1.0), Value(2.0))
    neurons = [am.sumprod((Value(0.5), 1.0), xs) for _ in range(2)]
    one, two = copy.deepcopy(neurons)
    assert one.parents[1:] == two.parents[1:]
    assert one.parents[1] is two.parents[1] is not xs[0]
    assert one.parents[0] is not two.parents[0]


def test_a_shallow_copy_is_another_root_over_the_same_leaves():
    x = Value(3.0)
    y = x * x
    other = copy.copy(y)
    assert other is not y
    other.backward()
    assert (x.grad, y.grad) == (6.0, 0.0)
    leaf = copy.copy(x)
    leaf.data = 5.0
    assert x.data == 3.0


@pytest.mark.parametrize("way", ["deepcopy", f"pickle{pickle.HIGHEST_PROTOCOL}"])
def test_graphs_of_100_000_nodes_go_through_without_recursion(way):
    y, inner, x = a_long_chain()
    other, other_inner = WAYS[way]((y, inner))
    order = topological_order(other)
    assert len(order) == 100_001
    assert any(node is other_inner for node in order)
    other.backward()
    y.backward()
    assert order[0].grad == x.grad != 0.0


def test_a_shallow_copy_of_100_000_nodes_has_the_same_leaf_and_no_recursion():
    y, _, x = a_long_chain()
    other = copy.copy(y)
    y.backward()
    derivative = x.grad
    other.backward()
    assert x.grad == 2.0 * derivative
    order = topological_order(other)
    assert order[0] is x
    assert not {id(node) for node in order[1:]} & set(map(id, topological_order(y)))


def a_long_chain():
    """Return a root of 100,001 nodes, one half way, and the leaf."""
    x = Value(1.0)
    y = half = x
    for i in range(50_000):
        y = y * 0.99999 + x
        half = y if i == 25_000 else half
    return y, half, x


def test_the_pickler_in_python_which_others_build_on_needs_no_recursion_either():
    x = Value(1.0)
    y = x
    for _ in range(5_000):
        y = y * 0.99999 + x
    file = io.BytesIO()
    pickle._Pickler(file).dump((y, y.parents[0]))
    root, inner = pickle.loads(file.getvalue())  # noqa: S301
    assert root.parents[0] is inner
    assert len(topological_order(root)) == 10_001


def test_each_node_of_a_chain_as_a_root_costs_a_deepcopy_one_node():
    x = Value(1.0)
    chain = [x]
    for _ in range(100_000):
        chain.append(chain[-1] + 1.0)
    for roots in (chain, chain[::-1]):
        copies = copy.deepcopy(roots)
        assert len(copies) == 100_001
        low, high = sorted(copies[:2], key=lambda node: node.data)
        assert high.parents[0] is low


def test_threads_that_pickle_one_graph_at_once_get_whole_pickles():
    y, *_ = a_graph()
    for _ in range(300):
        y = y * 0.5 + y
    h = y.parents[0]
    expected = pickle.dumps((h, y))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: pickle.dumps((h, y)), range(40)))
    assert found == {expected}


def test_nothing_is_kept_when_a_pickle_is_done_or_has_failed():
    from autograd import copies

    y, *_ = a_graph()
    pickle.dumps(y)
    with pytest.raises((TypeError, pickle.PicklingError, AttributeError)):
        pickle.dumps((y, lambda: None))
    assert not copies._stand_ins


def test_a_graph_pickles_to_the_same_bytes_every_time():
    digests = {
        hashlib.sha256(pickle.dumps(a_graph()[0])).hexdigest() for _ in range(20)
    }
    assert len(digests) == 1


def test_a_pickle_is_read_by_another_process(tmp_path, run_python):
    y, x, _ = a_graph()
    path = tmp_path / "graph.pickle"
    path.write_bytes(pickle.dumps((y, x)))
    script = (
        "import pickle, sys; y, x = pickle.load(open(sys.argv[1], 'rb'));"
        "y.backward(); print(y.data.hex(), x.grad.hex())"
    )
    result = run_python("-c", script, path)
    assert result.stderr == ""
    y.backward()
    assert result.stdout.split() == [y.data.hex(), x.grad.hex()]


def nodes_of_all_shapes():
    x, y = Value(2.0), Value(3.0)
    nodes = (x * y, am.exp(x), am.hypot(x, y, x * y), am.sumprod([x, y], [y, x]))
    return (*nodes, am.clip(x, y, 9.0))


@pytest.mark.parametrize("node", nodes_of_all_shapes(), ids=lambda node: node.op)
@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (0, "tanh"), (4, "x"), (4, None), (4, (1.0,)), (5, 3), (5, (1.0,)),
        (8, [1.0]), (8, [1.0] * 50), (8, None), (8, ["x"] * 3),
    ],
)  # fmt: skip
def test_a_state_that_is_no_nodes_is_refused_or_harmless(node, field, wrong):
    state = list(fields(node))
    state[field] = wrong
    restored = Value(0.0)
    with contextlib.suppress(ValueError, TypeError):
        restore(restored, *state)
    restored.backward()  # as many partials as operands, so nothing else is read
    assert len(restored.parents) == len(restored.partials)


def test_a_pickle_with_too_few_partials_is_refused():
    x = Value(2.0)
    node = am.hypot(x, 1.5, 2.5, 3.5)
    function, (nodes,) = copyreg.dispatch_table[Value](node)
    build, state = nodes[-1].__reduce__()
    assert function(tuple(nodes)) is nodes[-1]
    with pytest.raises(ValueError, match="it has 4 operands and 1 partials"):
        build(*state[:-1], [0.5])


def test_a_primitive_with_too_few_partials_is_refused():
    short = Primitive("short", lambda *xs: sum(xs), lambda _y, *_xs: [1.0])
    with pytest.raises(ValueError, match="short has 3 operands"):
        short(Value(1.0), 2.0, 3.0)
    with pytest.raises(ValueError, match="short has 2 operands"):
        fused(short, 1.0, (Value(1.0), 2.0), [1.0])
