"""Other processes: the same bits whatever the hash seed, and training goes on there."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest
from programs import by_operator, output, random_program

from autograd import Value, grad, no_grad, scope, topological_order
from autograd import math as am
from nn import MLP, SGD, Adam, cosine_decay, hinge_loss, mse_loss

SEEDS = range(60)
ROWS = [[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [0.0, 1.0]]
LABELS = [1, -1, -1, 1]


def bits_of_programs():
    """Return value and gradient of random programs, twice differentiated, as text."""
    lines = []
    for seed in SEEDS:
        program = random_program(seed)
        leaves = [Value(x) for x in program.inputs]
        y = program.run(leaves, by_operator)[-1]
        y.backward()
        bits = [y.data.hex(), *[leaf.grad.hex() for leaf in leaves]]
        second = grad(lambda x: am.fsum(grad(output(program))(x)))  # noqa: B023
        bits += [x.hex() for x in second(list(program.inputs))]
        lines.append(" ".join(bits))
    return lines


def bits_of_training():
    """Return the parameters after some steps, as text."""
    model = MLP(2, [4, 3, 1], "tanh", seed=3)
    optimizer = Adam(model.parameters(), lr=cosine_decay(0.1, 0.01, 10))
    steps(model, optimizer, 10)
    return {name: x.hex() for name, x in model.state_dict().items()}


def steps(model, optimizer, count):
    """Take some steps; return the losses."""
    losses = []
    for _ in range(count):
        loss = hinge_loss([model(row) for row in ROWS], LABELS)
        loss += 0.1 * mse_loss([model(row) for row in ROWS], [float(t) for t in LABELS])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data.hex())
    return losses


def continued(model, optimizer):
    """In another process: train on, and send everything back."""
    losses = steps(model, optimizer, 5)
    return os.getpid(), losses, model, optimizer


def through_backward(graph):
    """In another process: differentiate what came, and send it back."""
    root, leaves = graph
    root.backward()
    return os.getpid(), root, leaves, [leaf.grad.hex() for leaf in leaves]


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_other_hash_seeds_give_the_same_bits(hash_seed, tmp_path):
    here = os.path.dirname(__file__)  # noqa: PTH120 - a string for a script
    script = (
        f"import sys, json; sys.path.append({here!r});"
        "import test_processes as t;"
        "print(json.dumps([hash('a'), t.bits_of_programs(), t.bits_of_training()]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    hashed, programs, training = json.loads(done.stdout)
    assert hashed != hash("a")
    assert programs == bits_of_programs()
    assert training == bits_of_training()


@pytest.fixture(scope="module")
def pool():
    """Return one spawned process, which imports everything anew."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - a string for sys.path
    with ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=sys.path.append,
        initargs=(here,),
    ) as executor:
        yield executor


def function(name):
    """Return a function of this file as another process can import it."""
    return getattr(__import__("test_processes"), name)


@pytest.mark.parametrize(
    "make",
    [
        lambda ps: Adam(ps, lr=cosine_decay(0.1, 0.01, 8)),
        lambda ps: SGD(ps, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
        lambda ps: SGD(ps, lr=0.05),
    ],
    ids=["Adam", "Nesterov", "SGD"],
)
def test_training_goes_on_in_another_process_and_back_again_bit_for_bit(pool, make):
    model = MLP(2, [4, 3, 1], "tanh", seed=3)
    optimizer = make(model.parameters())
    steps(model, optimizer, 3)
    there = pool.submit(function("continued"), model, optimizer)
    process, losses, model_back, optimizer_back = there.result()
    assert process != os.getpid()
    assert losses == steps(model, optimizer, 5)
    # What came back is a pair still: the optimiser trains that model.
    pairs = zip(model_back.parameters(), optimizer_back.params, strict=True)
    assert all(p is q for p, q in pairs)
    assert steps(model_back, optimizer_back, 5) == steps(model, optimizer, 5)
    assert model_back.state_dict() == model.state_dict()


def test_graphs_go_to_another_process_and_come_back_with_their_gradients(pool):
    for seed in range(20):
        program = random_program(seed)
        leaves = [Value(x, name=f"x{i}") for i, x in enumerate(program.inputs)]
        with scope("program"):
            root = program.run(leaves, by_operator)[-1]
        with no_grad():
            assert root.op
        there = pool.submit(function("through_backward"), (root, leaves))
        process, root_back, leaves_back, gradients = there.result()
        assert process != os.getpid()
        assert [leaf.grad for leaf in leaves] == [0.0] * len(leaves)
        root.backward()
        assert gradients == [leaf.grad.hex() for leaf in leaves]
        assert [leaf.name for leaf in leaves_back] == [leaf.name for leaf in leaves]
        pairs = zip(topological_order(root_back), topological_order(root), strict=True)
        for back, node in pairs:
            assert (back.op, back.scope) == (node.op, node.scope)
            assert back.data.hex() == node.data.hex()
            assert back.grad.hex() == node.grad.hex()
        # The leaves are those of the graph, there as here.
        root_back.backward()
        expected = [2.0 * float.fromhex(g) for g in gradients]
        assert [leaf.grad for leaf in leaves_back] == expected
